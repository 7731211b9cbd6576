//! How much a function asks for.

use proc_macro2::{Delimiter, TokenTree};

use super::token::{each, is_punct, product_tokens};
use super::{Finding, Source};

/// Arguments beside `self`, at most: whoever calls with more reads none of them.
const MOST: usize = 4;

/// What others build on.
const PRODUCT: &[&str] = &["shared/src/", "server/src/", "client/src/"];

/// Finds functions with too many arguments. Tests may have them, and what answers a request: there each argument is a part of
/// the request that axum hands over.
#[must_use]
pub fn long_argument_lists(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if source.is_rust() && PRODUCT.iter().any(|folder| source.path.starts_with(folder)) {
        each(&product_tokens(source), &mut |trees| {
            if let [TokenTree::Ident(keyword), TokenTree::Ident(name), rest @ ..] = trees
                && keyword == "fn"
                && let Some(count) = arguments(rest).filter(|count| *count > MOST)
            {
                let what = format!("{name} has {count} arguments; {MOST} is the most");
                findings.push(source.finding(name.span().start().line, what));
            }
        });
    }
    findings
}

/// How many arguments beside `self`, or parts of a request, stand in the first parentheses that are in no angle brackets.
fn arguments(trees: &[TokenTree]) -> Option<usize> {
    let list = outside_of_angles(trees).find_map(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    })?;
    let list: Vec<_> = list.into_iter().collect();
    let commas = outside_of_angles(&list).filter(|tree| is_punct(tree, ',')).count();
    let ends_with_comma = list.last().is_some_and(|last| is_punct(last, ','));
    let all = if list.is_empty() { 0 } else { commas + usize::from(!ends_with_comma) };
    let first = list.split(|tree| is_punct(tree, ',')).next().unwrap_or_default();
    if first.first().is_some_and(|tree| matches!(tree, TokenTree::Ident(ident) if ident == "State")) {
        return None;
    }
    let takes_self = first.iter().any(|tree| matches!(tree, TokenTree::Ident(ident) if ident == "self"));
    Some(all - usize::from(takes_self))
}

/// The trees that stand in no angle brackets. An arrow's is none.
fn outside_of_angles(trees: &[TokenTree]) -> impl Iterator<Item = &TokenTree> {
    let (mut depth, mut after_dash) = (0_usize, false);
    trees.iter().filter(move |tree| {
        let is_arrow = std::mem::replace(&mut after_dash, is_punct(tree, '-'));
        match tree {
            tree if is_punct(tree, '<') => depth += 1,
            tree if is_punct(tree, '>') && !is_arrow => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_counted_without_self_and_without_those_of_types() {
        let found = |text: &str| long_argument_lists(&Source::of("server/src/b.rs", text)).len();
        assert_eq!(found("fn f(&mut self, a: A, b: Map<B, C>, c: C, d: impl Fn(A, B) -> D,) {}"), 0);
        assert_eq!(found("fn f<F: Fn(A, B) -> C>(a: A, b: B, c: C, d: (D, E)) {}"), 0);
        assert_eq!(found("async fn f(State(a): State<A>, b: B, c: C, d: D, e: E) {}"), 0);
        assert_eq!(found("impl X { fn f(self, a: A, b: B, c: C, d: D, e: E) {} }"), 1);
        assert_eq!(found("#[cfg(test)] mod tests { fn f(a: A, b: B, c: C, d: D, e: E) {} }"), 0);
    }
}
