//! The Markdown export read by a CommonMark parser that is not ours: its lines, kinds, numbers, looks and addresses
//! are those that the page shows. Random målbilder, and each failure that they found under its own name.

#[path = "markdown/page.rs"]
mod page;
#[path = "markdown/reader.rs"]
mod reader;

use page::{Kind, shown};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reader::read;
use samsyn_shared::document::read_model::{ReadModel, SectionText};
use samsyn_shared::text::delta::Op;
use serde_json::{Value, json};

/// Random målbilder in one run.
const CASES: u64 = 4000;

/// Words, spaces, and all that means something to some reader of Markdown.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "ord", "å", "Läge", "x", "1", "12", "2024", " ", " ", " ", "  ", "    ", "\t", "\u{A0}", "\u{3000}", "\u{FEFF}",
    "\r", "\u{2028}", "\u{2029}", "\u{85}", "\u{9B}", "\u{B}", "\u{C}", "\0", "\u{1}", "\u{1B}[2J", "\u{7F}", "#", "# x",
    "##", " #", "~~~", "~~x~~", "```", "`", "1.", "1. ", "1)", "12) x", "-", "- ", "- x", "+ x", "*", "* x", "**", "***",
    "* * *", "_", "__", "___", "---", "- - -", "===", "=", "[a]: b", "[a]", "[a](b)", "![a](b)", "!", "!!", "[", "]", "(",
    ")", "](", "<http://x.se>", "<a@b.se>", "<", ">", "> x", "<div>", "<!-- x", "<?x", "<script>", "</u>", "<u>", "&amp;",
    "&#35;", "&copy;", "&", ";", "|a|b|", "|-|-|", "|", "\\", "\\\\", "\\#", "a\\", ".", ",", ":", "\"", "'", "–", "«",
    "»", "”", "€", "😀", "e\u{301}", "\u{301}", "\u{200B}", "\u{200D}", "\u{AD}", "\u{202E}", "Ⓐ", "№", "\u{E000}",
    "\u{378}", "漢字", "A.", "A. x", "http://x.se", "https://a@evil.example/", "javascript:x", "snake_case", "a*b",
    "2*3*4", "$x$", "^", "{x}", "@", "%", "[ ] x", "[^1]", "Term\u{A0}:",
];

#[rustfmt::skip]
const ADDRESSES: &[&str] = &[
    "https://x.se",
    "https://x.se/a_(b)*c*",
    "http://x.se/?a=1&copy=2&amp;b&lt;c&#35;",
    "mailto:a@b.se",
    "HTTPS://x.se/[a]",
    "https://x.se/å^|{}~",
    "javascript:alert(1)",
    "https://a@evil.example/",
    "http://a\"><script>",
    "x",
    "",
];

fn looks(rng: &mut SmallRng) -> serde_json::Map<String, Value> {
    let mut looks = serde_json::Map::new();
    for name in ["bold", "italic", "underline"] {
        if rng.random_bool(0.3) {
            looks.insert(name.to_owned(), true.into());
        }
    }
    if rng.random_bool(0.2) {
        looks.insert("link".to_owned(), (*ADDRESSES.choose(rng).expect("some")).into());
    }
    looks
}

/// Text with looks that begin and end anywhere: at each piece the looks change with some chance, some of them alone.
fn text(rng: &mut SmallRng, ops: &mut Vec<Value>) {
    let mut now = serde_json::Map::new();
    for _ in 0..rng.random_range(0..9) {
        if rng.random_bool(0.6) {
            let next = looks(rng);
            for name in ["bold", "italic", "underline", "link"] {
                if rng.random_bool(0.6) {
                    now.remove(name);
                    now.extend(next.get(name).map(|value| (name.to_owned(), value.clone())));
                }
            }
        }
        ops.push(json!({"insert": PIECES.choose(rng).expect("some"), "attributes": now}));
    }
}

fn kind(rng: &mut SmallRng, last: &Value) -> Value {
    let deepest = if rng.random_bool(0.8) { 2 } else { 8 };
    let indent = rng.random_range(0..=deepest);
    match rng.random_range(0..10) {
        0 | 1 => json!({}),
        2 => json!({"header": rng.random_range(1..=3)}),
        3..=5 => last.clone(),
        _ => {
            let list = *["bullet", "ordered", "ordered", "lettered"].choose(rng).expect("some");
            json!({"list": list, "indent": indent})
        }
    }
}

fn random(seed: u64) -> Vec<Op> {
    let rng = &mut SmallRng::seed_from_u64(seed);
    let mut ops = Vec::new();
    let mut last = json!({});
    for _ in 0..rng.random_range(1..9) {
        text(rng, &mut ops);
        last = kind(rng, &last);
        ops.push(json!({"insert": "\n", "attributes": last}));
    }
    serde_json::from_value(ops.into()).expect("a delta")
}

/// The export of a målbild with this title and one section with this text.
fn export(title: &str, delta: Vec<Op>) -> String {
    let section = SectionText { key: "text".to_owned(), heading: "Rubrik".to_owned(), delta, rows: None };
    ReadModel { title: title.to_owned(), template: "tom@1".to_owned(), sections: vec![section] }.to_markdown()
}

/// What differs between what is shown and what is read.
fn difference(delta: &[Op]) -> Result<(), String> {
    let markdown = export("Titel", delta.to_vec());
    let read = read(&markdown).map_err(|problem| format!("{problem}\n{markdown:?}"))?;
    let expected = shown(delta);
    let (head, read) = read.split_at_checked(2).ok_or("the headings are missing")?;
    let is_head =
        |i: usize, level, text: &str| head[i].kind == Kind::Heading(level) && head[i].text() == text;
    if !is_head(0, 1, "Titel") || !is_head(1, 2, "Rubrik") {
        return Err(format!("the headings are gone:\n{markdown}"));
    }
    for i in 0..expected.len().max(read.len()) {
        if expected.get(i) != read.get(i) {
            let (page, reader) = (expected.get(i), read.get(i));
            return Err(format!("line {i}\n shown {page:?}\n read  {reader:?}\n{markdown}\n{markdown:?}"));
        }
    }
    Ok(())
}

/// The smallest part of a text that still fails: without single inserts, and without single looks.
fn shrunk(mut delta: Vec<Op>) -> Vec<Op> {
    loop {
        let mut candidates: Vec<Vec<Op>> = Vec::new();
        for i in 0..delta.len() {
            let mut without = delta.clone();
            without.remove(i);
            candidates.push(without);
            let Op::Insert { insert, attributes } = &delta[i] else { continue };
            for name in attributes.keys() {
                let mut fewer = attributes.clone();
                fewer.remove(name);
                let mut without = delta.clone();
                without[i] = Op::insert_with(insert.clone(), fewer);
                candidates.push(without);
            }
        }
        match candidates.into_iter().find(|candidate| difference(candidate).is_err()) {
            Some(smaller) => delta = smaller,
            None => return delta,
        }
    }
}

fn check(delta: Vec<Op>, what: &str) {
    if difference(&delta).is_err() {
        let smallest = shrunk(delta);
        let problem = difference(&smallest).expect_err("it fails");
        panic!("{what}: {problem}\n{}", serde_json::to_string(&smallest).expect("a delta is JSON"));
    }
}

fn check_json(delta: Value) {
    check(serde_json::from_value(delta).expect("a delta"), "as written");
}

fn item(text: &str, list: &str, indent: u8) -> [Value; 2] {
    [json!({"insert": text}), json!({"insert": "\n", "attributes": {"list": list, "indent": indent}})]
}

fn check_items(items: &[(&str, &str, u8)]) {
    let ops = items.iter().flat_map(|(text, list, indent)| match *list {
        "" => [json!({"insert": text}), json!({"insert": "\n"})],
        list => item(text, list, *indent),
    });
    check_json(ops.collect());
}

#[test]
fn any_text_reads_in_another_parser_as_the_page_shows_it() {
    for seed in 0..CASES {
        check(random(seed), &format!("seed {seed}"));
    }
}

#[test]
fn a_title_is_one_heading_whatever_stands_in_it() {
    for title in PIECES.iter().chain(&["# x #", "a ##", "", "x \\", "Läge 1. #"]) {
        let title = samsyn_shared::document::read_model::one_line(title);
        let lines = read(&export(&title, vec![Op::insert("\n")])).expect("it reads");
        assert_eq!((lines.len(), &lines[0].kind, lines[0].text()), (2, &Kind::Heading(1), title));
    }
}

#[test]
fn what_would_be_structure_after_any_white_space_is_text() {
    for space in [
        "", " ", "   ", "    ", "\t", "\u{A0}", "\r", "\u{B}", "\u{C}", "\u{2028}", "\u{3000}", "\u{200B}",
        "\u{FEFF}", "x\r",
    ] {
        for mark in [
            "# x",
            "###### x",
            "#",
            "~~~",
            "```",
            "1.",
            "1. x",
            "1) x",
            "999999999. x",
            "- x",
            "+ x",
            "* x",
            "-",
            "---",
            "* * *",
            "___",
            "===",
            "=",
            "> x",
            "<div>",
            "<!--",
            "<script>",
            "[a]: b",
            "|a|b|",
            "    x",
            "\tx",
        ] {
            for attributes in
                [json!({}), json!({"header": 2}), json!({"list": "ordered"}), json!({"list": "lettered"})]
            {
                check_json(
                    json!([{"insert": format!("{space}{mark}")}, {"insert": "\n", "attributes": attributes}]),
                );
                check_json(
                    json!([{"insert": "x\n"}, {"insert": format!("{space}{mark}\n")}, {"insert": "---\n"}]),
                );
            }
        }
    }
}

#[test]
fn an_exclamation_mark_before_a_link_makes_no_picture() {
    let link = json!({"link": "https://x.se", "bold": true});
    check_json(json!([{"insert": "Se upp!"}, {"insert": "här", "attributes": link}, {"insert": "!\n"}]));
}

#[test]
fn two_lists_with_a_blank_line_between_are_two_each_from_1() {
    for list in ["ordered", "bullet", "lettered"] {
        check_items(&[
            ("a", list, 0),
            ("b", list, 0),
            ("", "", 0),
            ("c", list, 0),
            ("", "", 0),
            (" ", "", 0),
            ("d", list, 0),
        ]);
        check_items(&[("a", list, 0), ("b", list, 1), ("", "", 0), ("c", list, 1), ("d", list, 0)]);
    }
}

#[test]
fn lists_of_two_kinds_side_by_side_count_each_from_1() {
    let kinds = ["ordered", "bullet", "lettered"];
    for a in kinds {
        for b in kinds {
            for indent in [0, 1, 8] {
                check_items(&[
                    ("x", "bullet", 0),
                    ("a", a, indent),
                    ("b", b, indent),
                    ("c", a, indent),
                    ("d", b, 0),
                    ("e", a, 0),
                ]);
            }
        }
    }
}

#[test]
fn items_that_skip_levels_are_as_deep_as_their_list_lets_them_be() {
    check_items(&[
        ("a", "ordered", 3),
        ("b", "ordered", 3),
        ("c", "ordered", 2),
        ("d", "ordered", 3),
        ("e", "ordered", 0),
    ]);
    check_items(&[
        ("a", "ordered", 0),
        ("b", "ordered", 8),
        ("c", "ordered", 4),
        ("d", "ordered", 4),
        ("e", "ordered", 8),
    ]);
}

#[test]
fn eleven_items_make_room_for_their_numbers() {
    let mut items = vec![("x", "ordered", 0); 11];
    items.extend([("under", "ordered", 1), ("", "bullet", 2), ("", "lettered", 3), ("x", "ordered", 0)]);
    check_items(&items);
}

#[test]
fn an_empty_item_is_no_line_under_a_heading_and_no_text_of_the_item_before() {
    for list in ["ordered", "bullet", "lettered"] {
        check_items(&[("a", "bullet", 0), ("", list, 1), ("b", list, 1), ("", list, 0)]);
        check_items(&[("", list, 0), ("", list, 1), ("", list, 2), ("a", list, 2), ("", list, 3)]);
    }
}

#[test]
fn looks_hold_beside_words_spaces_and_signs() {
    let marks = ["bold", "italic", "underline", "link"];
    for (before, text, after) in [
        ("a", "b", "c"),
        ("a", "(b)", "c"),
        ("a", " b ", "c"),
        ("(", "b", ")"),
        ("a", "\u{A0}b.", "c"),
        ("*", "*b*", "*"),
        ("_", "_", "_"),
        ("!", "!", "!"),
        ("😀", "😀", "😀"),
        ("", ":", "a"),
    ] {
        for first in marks {
            for second in marks {
                let value = |name: &str| if name == "link" { json!("https://x.se") } else { json!(true) };
                let (one, two) = (json!({first: value(first)}), json!({second: value(second)}));
                let both = json!({first: value(first), second: value(second)});
                check_json(
                    json!([{"insert": before}, {"insert": text, "attributes": one}, {"insert": text, "attributes": both},
                    {"insert": text, "attributes": two}, {"insert": after}, {"insert": text, "attributes": two}, {"insert": "\n"}]),
                );
            }
        }
    }
}

#[test]
fn bold_is_two_asterisks_everywhere() {
    let bold = |before: &str, text: &str| {
        let ops =
            json!([{"insert": before}, {"insert": text, "attributes": {"bold": true}}, {"insert": "c\n"}]);
        export("T", serde_json::from_value(ops).expect("a delta"))
    };
    assert!(bold("a ", "b").contains("a **b**c"));
    assert!(bold("a", "(b)").contains("&#97;**(b)**&#99;"));
}
