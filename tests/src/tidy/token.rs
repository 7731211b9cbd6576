//! Rust as tokens: enough to see which paths a file names, also inside macros, where no parser looks.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::Source;

/// A path that a file names, and where. `crate`, `self` and `super` are resolved: a path within the
/// crate begins with `crate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// The tokens of a file; none when it is no Rust (the compiler says so better).
pub(super) fn tokens(source: &Source) -> Vec<TokenTree> {
    source.text.parse::<TokenStream>().map(|stream| stream.into_iter().collect()).unwrap_or_default()
}

/// The tokens outside of what is compiled for tests only.
pub(super) fn product_tokens(source: &Source) -> Vec<TokenTree> {
    if source.for_tests { Vec::new() } else { without_tests(tokens(source)) }
}

/// The modules that a file declares for tests only.
pub(super) fn test_modules(source: &Source) -> Vec<String> {
    let trees = tokens(source);
    let declared = |trees: &[TokenTree]| match trees {
        [TokenTree::Ident(keyword), TokenTree::Ident(name), end, ..]
            if keyword == "mod" && is_punct(end, ';') =>
        {
            Some(name.to_string())
        }
        _ => None,
    };
    let mut found = Vec::new();
    for (index, tree) in trees.iter().enumerate() {
        if !is_punct(tree, '#') || !trees.get(index + 1).is_some_and(is_for_tests) {
            continue;
        }
        // `pub(crate)` and other attributes may stand between.
        let until = trees[index..].iter().position(|tree| is_punct(tree, ';')).unwrap_or(0);
        found.extend((index..index + until).filter_map(|at| declared(&trees[at..])));
    }
    found
}

fn is_for_tests(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Group(group) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

fn without_tests(trees: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut trees = trees.into_iter().peekable();
    while let Some(tree) = trees.next() {
        if !is_punct(&tree, '#') || !trees.peek().is_some_and(is_for_tests) {
            kept.push(tree);
            continue;
        }
        // The item that it stands before ends with its braces or a semicolon.
        let ends = |tree: &TokenTree| {
            is_punct(tree, ';')
                || matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        };
        trees.by_ref().find(ends);
    }
    kept
}

/// Calls `visit` with each token and those that follow it, at every depth.
pub(super) fn each(trees: &[TokenTree], visit: &mut impl FnMut(&[TokenTree])) {
    for (index, tree) in trees.iter().enumerate() {
        visit(&trees[index..]);
        if let TokenTree::Group(group) = tree {
            each(&group.stream().into_iter().collect::<Vec<_>>(), visit);
        }
    }
}

/// All paths of two segments and more.
pub(super) fn paths(source: &Source, trees: &[TokenTree]) -> Vec<Named> {
    let mut found = Vec::new();
    walk(trees, &source.module(), &mut found);
    found
}

fn walk(trees: &[TokenTree], module: &[String], found: &mut Vec<Named>) {
    let mut rest = trees;
    while let Some((tree, after)) = rest.split_first() {
        rest = match tree {
            TokenTree::Ident(ident) => match after {
                [TokenTree::Ident(name), TokenTree::Group(body), ..] if ident == "mod" => {
                    let inner: Vec<_> = module.iter().cloned().chain([name.to_string()]).collect();
                    walk(&body.stream().into_iter().collect::<Vec<_>>(), &inner, found);
                    &after[2..]
                }
                _ => path(ident, after, &[], module, found),
            },
            TokenTree::Group(group) => {
                walk(&group.stream().into_iter().collect::<Vec<_>>(), module, found);
                after
            }
            _ => after,
        };
    }
}

/// Reads one path, or a tree of them in a `use`; gives what follows.
fn path<'a>(
    first: &Ident,
    mut rest: &'a [TokenTree],
    prefix: &[String],
    module: &[String],
    found: &mut Vec<Named>,
) -> &'a [TokenTree] {
    let mut segments: Vec<_> = prefix.iter().cloned().chain([first.to_string()]).collect();
    while let [one, two, next, ..] = rest {
        if !is_punct(one, ':') || !is_punct(two, ':') {
            break;
        }
        match next {
            TokenTree::Ident(ident) => {
                segments.push(ident.to_string());
                rest = &rest[3..];
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                for part in inner.split(|tree| is_punct(tree, ',')) {
                    if let Some((TokenTree::Ident(ident), after)) = part.split_first() {
                        path(ident, after, &segments, module, found);
                    }
                }
                return &rest[3..];
            }
            _ => break,
        }
    }
    if segments.len() > 1 {
        found.push(Named { segments: resolved(segments, module), line: first.span().start().line });
    }
    rest
}

fn resolved(segments: Vec<String>, module: &[String]) -> Vec<String> {
    let mut base = module.to_vec();
    let mut relative = false;
    let mut rest = &segments[..];
    while let [first, after @ ..] = rest {
        match first.as_str() {
            "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        relative = true;
        rest = after;
    }
    if !relative {
        return segments;
    }
    ["crate".to_owned()].into_iter().chain(base).chain(rest.iter().cloned()).collect()
}

pub(super) fn is_punct(tree: &TokenTree, wanted: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str, text: &str) -> Vec<String> {
        let source = Source::of(path, text);
        paths(&source, &tokens(&source)).into_iter().map(|named| named.segments.join("::")).collect()
    }

    #[test]
    fn paths_are_found_in_uses_in_expressions_and_in_macros() {
        assert_eq!(
            named(
                "a/src/b.rs",
                "use crate::{x::{Y, self}, z}; fn f() { m!(tokio::spawn(q::<std::fs::File>())) }"
            ),
            ["crate::x::Y", "crate::x::self", "crate::z", "tokio::spawn", "std::fs::File"]
        );
    }

    #[test]
    fn relative_paths_are_resolved() {
        assert_eq!(named("a/src/b/c.rs", "use super::d; use self::e;"), ["crate::b::d", "crate::b::c::e"]);
        assert_eq!(named("a/src/b/c.rs", "mod tests { use super::super::d; }"), ["crate::b::d"]);
    }

    #[test]
    fn what_is_for_tests_only_is_left_out() {
        let source = Source::of(
            "a/src/b.rs",
            "use x::a; #[cfg(test)] mod t { use x::b; } #[cfg(test)] use x::c; use x::d;",
        );
        let kept = paths(&source, &product_tokens(&source));
        assert_eq!(kept.iter().map(|n| n.segments.join("::")).collect::<Vec<_>>(), ["x::a", "x::d"]);
    }
}
