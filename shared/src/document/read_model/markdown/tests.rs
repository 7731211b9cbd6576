//! What the export writes, to the letter; what others read in it is in `tests/markdown.rs`.

use serde_json::{Value, json};

use super::*;
use crate::Template;
use crate::text::delta::{Op, visible_lines};

fn markdown(delta: Value) -> String {
    let mut out = String::new();
    write_lines(&mut out, &visible_lines(&serde_json::from_value::<Vec<Op>>(delta).expect("a delta")));
    out
}

#[test]
fn an_example_reads_as_commonmark() {
    let template = Template::find("exempel-vapnat-angrepp").expect("known");
    let doc = crate::document::seed(template, template.title, 1);
    let text = ReadModel::of(&doc, template).expect("free").to_markdown();
    assert!(text.starts_with("# Väpnat angrepp – ett exempel på aktörsgemensam målbild\n\n## Övergripande"));
    assert!(text.contains("tre områden:\n\n- fungerande akutsjukvård\n- upprätthålla"), "{text}");
}

#[test]
fn lists_nest_count_and_letter() {
    let text = markdown(json!([
        {"insert": "a"}, {"insert": "\n", "attributes": {"list": "ordered"}},
        {"insert": "b"}, {"insert": "\n", "attributes": {"list": "bullet", "indent": 1}},
        {"insert": "c"}, {"insert": "\n", "attributes": {"list": "ordered"}},
        {"insert": "d"}, {"insert": "\n", "attributes": {"list": "lettered"}},
        {"insert": "e"}, {"insert": "\n", "attributes": {"list": "lettered"}},
        {"insert": "f\n"}
    ]));
    assert_eq!(text, "\n1. a\n   - b\n2. c\n* A. d\n* B. e\n\nf\n");
    assert_eq!((letters(26).as_str(), letters(27).as_str()), ("Z", "AA"));
}

#[test]
fn marks_stand_inside_their_spaces() {
    let text = markdown(json!([{"insert": "a"}, {"insert": " b ", "attributes": {"bold": true}},
        {"insert": "c"}, {"insert": "d", "attributes": {"bold": true, "italic": true}},
        {"insert": "(e)", "attributes": {"bold": true}}, {"insert": "f\n"}]));
    assert_eq!(text, "\na **b** &#99;**_d_(e)**&#102;\n");
}

#[test]
fn text_that_looks_like_markdown_stays_text() {
    assert_eq!(
        markdown(json!([{"insert": "# a\n1. b\n- c\n*d* <b>\n"}])),
        "\n\\# a\n\n1\\. b\n\n\\- c\n\n\\*d\\* \\<b\\>\n"
    );
}

#[test]
fn a_link_cannot_leave_its_brackets_and_an_unsafe_one_is_its_words() {
    let linked = |to: &str| markdown(json!([{"insert": "x]", "attributes": {"link": to}}, {"insert": "\n"}]));
    assert_eq!(linked("http://a/)](&lt;&b=1"), "\n[x\\]](<http://a/)](&amp;lt;&b=1>)\n");
    for unsafe_one in ["javascript:alert(1)", "http://a/>) <script>", "https://a@evil.example/", "//x.se"] {
        assert_eq!(linked(unsafe_one), "\nx\\]\n");
    }
}
