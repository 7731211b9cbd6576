//! What goes wrong has a type, so that whoever meets it can tell one from another.

use proc_macro2::TokenTree;

use super::token::{each, is_punct, product_tokens};
use super::{Finding, Source};

/// Finds `Result<…, String>` in the product. Tests may.
#[must_use]
pub fn errors_in_words(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_product =
        ["server/src/", "client/src/", "shared/src/"].iter().any(|src| source.path.starts_with(src));
    if is_product && source.is_rust() {
        each(&product_tokens(source), &mut |trees| {
            if let [TokenTree::Ident(name), open, rest @ ..] = trees
                && name == "Result"
                && is_punct(open, '<')
                && ends_with_string(rest)
            {
                findings.push(source.finding(name.span().start().line, "an error that is words and no type"));
            }
        });
    }
    findings
}

/// Whether the last of these arguments is `String`; they end with the `>` that has no `<`.
fn ends_with_string(trees: &[TokenTree]) -> bool {
    let (mut depth, mut last) = (0, 0);
    for (index, tree) in trees.iter().enumerate() {
        // The `>` of an arrow closes nothing.
        let is_arrow = index > 0 && is_punct(&trees[index - 1], '-');
        if is_punct(tree, '<') {
            depth += 1;
        } else if is_punct(tree, '>') && !is_arrow {
            if depth == 0 {
                let error = trees[last..index].iter().map(ToString::to_string).collect::<String>();
                return last > 0 && ["String", "std::string::String"].contains(&error.trim_end_matches(','));
            }
            depth -= 1;
        } else if is_punct(tree, ',')
            && depth == 0
            && index + 1 < trees.len()
            && !is_punct(&trees[index + 1], '>')
        {
            last = index + 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> usize {
        errors_in_words(&Source::of(path, text)).len()
    }

    #[test]
    fn an_error_in_words_is_found_however_deep_it_is() {
        for text in [
            "fn f() -> Result<(), String> {}",
            "fn f() -> Result<Result<(u64, Bytes), String>, StoreError> {}",
            "fn f() { let g = |x| -> std::result::Result<Vec<(u8, u8)>, String> { x }; }",
            "type A = Option<Result<fn(u8) -> u8, String,>>;",
        ] {
            assert_eq!(lines("server/src/a.rs", text), 1, "{text}");
        }
    }

    #[test]
    fn a_typed_error_a_text_that_went_well_and_tests_are_free() {
        for text in [
            "fn f() -> Result<String, StoreError> {}",
            "fn f() -> Result<String> {}",
            "fn f() -> Result<HashMap<u8, String>, Error> {}",
            "fn f() -> (Result<u8, Error>, String) {}",
            "#[cfg(test)] mod tests { fn f() -> Result<(), String> {} }",
        ] {
            assert_eq!(lines("server/src/a.rs", text), 0, "{text}");
        }
        assert_eq!(lines("tests/src/a.rs", "fn f() -> Result<(), String> {}"), 0);
    }
}
