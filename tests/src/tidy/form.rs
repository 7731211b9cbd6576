//! The form of files and the names of things.

use proc_macro2::TokenTree;

use super::token::{each, is_punct, product_tokens, tokens};
use super::{Finding, Source};

/// What can be read at one sitting.
const LINES: usize = 500;

/// Words that say that nobody knew what a thing is.
const EMPTY_WORDS: &[&str] = &["manager", "helper", "helpers", "util", "utils"];

/// Where the machines keep what is theirs.
const MACHINE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Finds files that are too long, that do not say what they are, or that hide behind a mod.rs.
#[must_use]
pub fn file_form(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    let counted = source.is_rust() || source.path.ends_with(".ts") || source.path.ends_with(".mjs");
    if counted && lines > LINES {
        findings.push(source.finding(0, format!("{lines} lines; {LINES} is the most")));
    }
    if source.is_rust() && !source.text.starts_with("//!") {
        findings.push(source.finding(1, "the file does not begin with //! and what it is"));
    }
    if source.path.ends_with("/mod.rs") {
        findings.push(source.finding(0, "a module is x.rs beside x/, not x/mod.rs"));
    }
    findings
}

/// Finds `unwrap` where a panic would be somebody's loss. Tests may.
#[must_use]
pub fn unwraps(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if source.is_rust() {
        each(&product_tokens(source), &mut |trees| {
            if let [dot, TokenTree::Ident(name), TokenTree::Group(_), ..] = trees
                && is_punct(dot, '.')
                && name == "unwrap"
            {
                findings.push(source.finding(name.span().start().line, "unwrap outside of tests"));
            }
        });
    }
    findings
}

/// Finds waiting for a time in the tests from outside, where one waits for what is meant to happen.
#[must_use]
pub fn sleeps(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with("tests/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if source.is_rust() {
        each(&tokens(source), &mut |trees| {
            if let [TokenTree::Ident(name), TokenTree::Group(_), ..] = trees
                && ["sleep", "sleep_until", "sleep_ms"].iter().any(|sleep| name == sleep)
            {
                findings.push(source.finding(name.span().start().line, "a test waits for a time"));
            }
        });
    } else if source.path.ends_with(".mjs") {
        let timed = source.text.lines().enumerate().filter(|(_, line)| line.contains("setTimeout("));
        findings.extend(timed.map(|(index, _)| source.finding(index + 1, "a test waits for a time")));
    }
    findings
}

/// Finds names that say nothing.
#[must_use]
pub fn bad_names(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.is_rust() {
        return findings;
    }
    if EMPTY_WORDS.contains(&source.stem()) {
        findings.push(source.finding(0, "the file's name says nothing"));
    }
    each(&tokens(source), &mut |trees| {
        if let [TokenTree::Ident(keyword), TokenTree::Ident(name), ..] = trees
            && ["struct", "enum", "trait", "type", "mod"].iter().any(|known| keyword == known)
            && EMPTY_WORDS.contains(&last_word(&name.to_string()).as_str())
        {
            findings.push(source.finding(name.span().start().line, format!("{name} says nothing")));
        }
    });
    findings
}

/// The last word of `CamelCase` or `snake_case`, in small letters.
fn last_word(name: &str) -> String {
    let start = name.rfind(|c: char| c.is_uppercase() || c == '_').unwrap_or(0);
    name[start..].trim_start_matches('_').to_lowercase()
}

/// Finds absolute paths of the machine on which something was written.
#[must_use]
pub fn machine_paths(source: &Source) -> Vec<Finding> {
    let begins_there = |line: &str| {
        MACHINE.iter().any(|path| {
            line.match_indices(path)
                .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.'))
        })
    };
    let lines = source.text.lines().enumerate().filter(|(_, line)| begins_there(line));
    lines.map(|(index, _)| source.finding(index + 1, "a path of one machine")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(text: &str) -> Source {
        Source::of("server/src/a.rs", text)
    }

    #[test]
    fn a_file_is_short_says_what_it_is_and_is_no_mod_rs() {
        assert_eq!(file_form(&rust("//! It is a.\n")), []);
        assert_eq!(file_form(&rust("use b;\n")).len(), 1);
        assert_eq!(file_form(&rust(&format!("//! It is a.\n{}", "\n".repeat(500)))).len(), 1);
        assert_eq!(file_form(&Source::of("server/src/a/mod.rs", "//! It is a.\n")).len(), 1);
        assert_eq!(file_form(&Source::of("client/a.ts", &"\n".repeat(501))).len(), 1);
        assert_eq!(file_form(&Source::of("client/a.css", &"\n".repeat(501))), []);
    }

    #[test]
    fn unwrap_is_found_outside_of_tests_alone() {
        let found =
            unwraps(&rust("fn f() {\n m!(x.unwrap()) }\n#[cfg(test)] mod tests { fn g() { y.unwrap() } }"));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
        assert_eq!(unwraps(&rust("/// x.unwrap()\nfn f() { x.unwrap_or(1); \"x.unwrap()\" }")), []);
    }

    #[test]
    fn waiting_for_a_time_is_found_in_the_tests_from_outside() {
        let text = "fn f() { tokio::time::sleep(x).await }";
        assert_eq!(sleeps(&Source::of("tests/tests/a.rs", text)).len(), 1);
        assert_eq!(sleeps(&rust(text)), []);
        assert_eq!(sleeps(&Source::of("tests/node/a.mjs", "setTimeout(f, 1)")).len(), 1);
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        assert_eq!(bad_names(&rust("struct RoomManager; mod test_utils {} enum Utility {}")).len(), 2);
        assert_eq!(bad_names(&rust("use yrs::UndoManager; struct Room;")), []);
        assert_eq!(bad_names(&Source::of("server/src/helpers.rs", "")).len(), 1);
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        let found = |text: String| machine_paths(&rust(&text)).len();
        assert_eq!(found(format!("let path = \"{}main\";", MACHINE[0])), 1);
        assert_eq!(found(format!("cd {}x", MACHINE[1])), 1);
        assert_eq!(found(format!("https://a.example{}x and ..{}y", MACHINE[0], MACHINE[0])), 0);
    }
}
