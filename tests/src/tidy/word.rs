//! Words that people read are in the catalogue, so that there can be another language.

use proc_macro2::{Delimiter, TokenTree};

use super::token::{is_punct, product_tokens};
use super::{Finding, Source};

/// Finds letters in a view that only Swedish words have. Comments and documentation may have them.
#[must_use]
pub fn words_outside_the_catalogue(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if source.path.starts_with("client/src/views") && source.is_rust() {
        look(&product_tokens(source), source, &mut findings);
    }
    findings
}

fn look(trees: &[TokenTree], source: &Source, findings: &mut Vec<Finding>) {
    for (index, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let documentation = group.delimiter() == Delimiter::Bracket
                    && index > 0
                    && trees[..index]
                        .iter()
                        .rev()
                        .find(|t| !is_punct(t, '!'))
                        .is_some_and(|t| is_punct(t, '#'))
                    && inner.first().is_some_and(|first| first.to_string() == "doc");
                if !documentation {
                    look(&inner, source, findings);
                }
            }
            TokenTree::Literal(_) | TokenTree::Ident(_) => {
                let text = tree.to_string();
                if text.contains(['å', 'ä', 'ö', 'Å', 'Ä', 'Ö']) {
                    let line = tree.span().start().line;
                    findings.push(source.finding(line, format!("{text} belongs in the catalogue")));
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        words_outside_the_catalogue(&Source::of(path, text)).len()
    }

    #[test]
    fn a_swedish_word_in_a_view_is_found_also_inside_a_macro() {
        assert_eq!(
            found("client/src/views/a.rs", "fn f() { view! { <p title=\"Målbild\">\"Läs\"</p> } }"),
            2
        );
        assert_eq!(found("client/src/views.rs", "const A: char = 'å';"), 1);
    }

    #[test]
    fn comments_tests_and_the_catalogue_are_free() {
        assert_eq!(found("client/src/views/a.rs", "//! målbild\n/// målbild\nfn f() {} // målbild"), 0);
        assert_eq!(found("client/src/views/a.rs", "#[cfg(test)] mod t { const A: &str = \"å\"; }"), 0);
        assert_eq!(found("client/src/catalogue.rs", "const A: &str = \"Målbild\";"), 0);
    }
}
