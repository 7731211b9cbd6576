//! What a file names: types that only some may name, and files and tests that must exist.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenTree};

use super::token::{each, paths, product_tokens, tokens};
use super::{Finding, Source};

/// The endings of names that are files of the repository.
const ENDINGS: [&str; 8] = [".rs", ".ts", ".mjs", ".md", ".toml", ".js", ".css", ".txt"];

/// Finds where a file names a type or a module, by whatever path.
#[must_use]
pub fn named_in(source: &Source, name: &str) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let named = paths(source, &tokens(source)).into_iter();
    let is_named = |segments: &[String]| segments.iter().any(|segment| segment == name);
    named
        .filter(|path| is_named(&path.segments))
        .map(|path| source.finding(path.line, format!("{name} is named where only others may")))
        .collect()
}

/// What is there before those who will use it: marks on words, on which synpunkter will stand.
const BEFORE_ITS_TIME: &[&str] = &["shared/src/document/anchor.rs"];

/// Finds what a crate offers and nobody takes: functions and constants that are `pub` in a file below `folder`, whose names
/// stand in no other file. (A type may be used without its name.)
#[must_use]
pub fn unnamed(all: &[Source], folder: &str) -> Vec<Finding> {
    let idents = |source: &Source| {
        let mut found = BTreeSet::new();
        each(&tokens(source), &mut |trees| {
            if let [TokenTree::Ident(ident), ..] = trees {
                found.insert(ident.to_string());
            }
        });
        found
    };
    let rust: Vec<_> = all.iter().filter(|source| source.is_rust()).collect();
    let mut files_of: BTreeMap<String, usize> = BTreeMap::new();
    for ident in rust.iter().flat_map(|source| idents(source)) {
        *files_of.entry(ident).or_default() += 1;
    }
    let mut findings = Vec::new();
    let judged = |source: &&&Source| {
        source.path.starts_with(folder) && !BEFORE_ITS_TIME.contains(&source.path.as_str())
    };
    for source in rust.iter().filter(judged) {
        each(&product_tokens(source), &mut |trees| {
            if let [TokenTree::Ident(public), rest @ ..] = trees
                && public == "pub"
                && let Some(name) = offered(rest)
                && files_of.get(&name.to_string()) == Some(&1)
            {
                let what = format!("{name} is pub, and no other file names it");
                findings.push(source.finding(name.span().start().line, what));
            }
        });
    }
    findings
}

/// The name of a public item, by what stands after `pub`.
fn offered(mut trees: &[TokenTree]) -> Option<&Ident> {
    while let [TokenTree::Ident(word), rest @ ..] = trees {
        match (word.to_string().as_str(), rest) {
            ("const" | "async" | "unsafe", [TokenTree::Ident(next), ..]) if next == "fn" => trees = rest,
            ("fn" | "const" | "static", [TokenTree::Ident(name), ..]) => {
                return Some(name);
            }
            _ => return None,
        }
    }
    None
}

/// Finds files that a document or a comment names in backticks, and documents that a comment names without, and that are
/// not there. A name may leave out the folders that its reader knows.
#[must_use]
pub fn missing_files(source: &Source, all: &[Source]) -> Vec<Finding> {
    let is_there = |name: &str| {
        all.iter().any(|known| {
            known.path == name || known.path.strip_suffix(name).is_some_and(|folder| folder.ends_with('/'))
        })
    };
    let is_file = |word: &str| {
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        // What a program makes is not there before it has run.
        is_plain
            && !word.starts_with("target/")
            && ENDINGS.iter().any(|ending| word.strip_suffix(ending).is_some_and(|stem| !stem.is_empty()))
    };
    quoted(source)
        .chain(documents(source))
        .filter(|(_, word)| {
            is_file(word) && !is_there(word.trim_start_matches("./").trim_start_matches("../"))
        })
        .map(|(line, word)| source.finding(line, format!("there is no file {word}")))
        .collect()
}

/// Finds tests that a document names in backticks and that are not there. What ends with `…` is the beginning of one.
#[must_use]
pub fn missing_tests(source: &Source, all: &[Source]) -> Vec<Finding> {
    let is_test = |word: &str| {
        word.matches('_').count() >= 4
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let is_there = |name: &str| {
        let forms =
            [format!("fn {name}"), format!("in_browsers!({name}"), format!("in_browsers!(\n    {name}")];
        all.iter().any(|known| forms.iter().any(|form| known.text.contains(form)))
    };
    quoted(source)
        .map(|(line, word)| (line, word.trim_end_matches('…')))
        .filter(|(_, word)| is_test(word) && !is_there(word))
        .map(|(line, word)| source.finding(line, format!("there is no test {word}")))
        .collect()
}

/// The words in backticks of a Markdown file, or of a source's comments, with their lines.
fn quoted(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let is_markdown = source.path.ends_with(".md");
    source.text.lines().enumerate().flat_map(move |(index, line)| {
        let comment = if is_markdown { Some(line) } else { line.trim_start().strip_prefix("//") };
        let words = comment.unwrap_or_default().split('`').skip(1).step_by(2);
        words.map(move |word| (index + 1, word))
    })
}

/// The documents that a comment names without backticks.
fn documents(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let is_markdown = source.path.ends_with(".md");
    source.text.lines().enumerate().filter(move |_| !is_markdown).flat_map(|(index, line)| {
        let comment = line.trim_start().strip_prefix("//").unwrap_or_default();
        let between = comment.split('`').step_by(2);
        let words =
            between.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && !"._-/".contains(c)));
        words.filter(|word| word.ends_with(".md")).map(move |word| (index + 1, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_by_whatever_path_it_is_named() {
        let lines = |text: &str| named_in(&Source::of("a/src/b.rs", text), "Session").len();
        assert_eq!(lines("use x::{y, Session};"), 1);
        assert_eq!(lines("fn f() { y::Session::new() }"), 1);
        assert_eq!(lines("// Session\nfn f(session: Sessions) {}"), 0);
    }

    #[test]
    fn what_is_offered_and_taken_by_no_other_file_is_found() {
        let offers =
            "pub fn taken() {} pub const fn left() { left() } pub const LEFT: u8 = 1; pub(crate) fn own() {}";
        let all = [Source::of("a/src/b.rs", offers), Source::of("c/src/d.rs", "fn f() { a::b::taken() }")];
        let found: Vec<_> = unnamed(&all, "a/src/").into_iter().map(|finding| finding.what).collect();
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn files_and_tests_that_are_named_must_be_there() {
        let all = [
            Source::of("a/src/b.rs", "fn what_is_said_is_so() {}"),
            Source::of("a/src/c.rs", "in_browsers!(one_two_three_four_five, f);"),
        ];
        let files = |text: &str| missing_files(&Source::of("X.md", text), &all).len();
        assert_eq!(files("`a/src/b.rs`, `src/c.rs`, `c.rs`, `.rs` and `x y.rs`"), 0);
        assert_eq!(files("`d.rs` and `rc/b.rs`"), 2);
        let tests = |text: &str| missing_tests(&Source::of("X.md", text), &all).len();
        assert_eq!(tests("`what_is_said_is_so`, `one_two_three_four_…` and `a_name`"), 0);
        assert_eq!(tests("`what_is_said_is_not_so`"), 1);
        let comments = |text: &str| missing_files(&Source::of("a/src/e.rs", text), &all).len();
        assert_eq!((comments("//! In `d.rs`."), comments("let s = \"`d.rs`\";")), (1, 0));
        assert_eq!(
            (comments("/// As NOWHERE.md, says it."), comments("/// As `q` `f(\"x.md\")` has it.")),
            (1, 0)
        );
    }
}
