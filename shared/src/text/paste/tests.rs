//! What real programs put on the clipboard, as the page reports it, and what becomes of it. That the page
//! reports it so is tested in a browser, with the HTML itself.

use serde_json::{Value, json};

use super::*;
use crate::text::delta::List;

fn read(transfer: &Value) -> Result<Pasted, PasteError> {
    let mut foreign = Vec::new();
    for block in transfer["blocks"].as_array().into_iter().flatten() {
        let mut says: Attributes = serde_json::from_value(block.clone()).expect("attributes");
        let pieces = says.remove("pieces").unwrap_or_default();
        for piece in pieces.as_array().into_iter().flatten() {
            let mut looks: Attributes = serde_json::from_value(piece.clone()).expect("attributes");
            let text = looks.remove("text").unwrap_or_default();
            foreign.push(Op::insert_with(text.as_str().unwrap_or_default(), looks));
        }
        says.entry("tag".to_owned()).or_insert_with(|| "".into());
        foreign.push(Op::insert_with("\n", says));
    }
    let is = |name: &str| transfer[name] == true;
    let plain = transfer["plain"].as_str().unwrap_or_default().to_owned();
    Transfer { foreign, own: is("own"), plain, files: is("files") }.read()
}

fn blocks(blocks: &Value) -> String {
    told(&read(&json!({ "blocks": blocks })).expect("a text").lines)
}

/// Lines as people would write them down: `# ` heading, `• `, `1. ` and `A. ` items with `>` for each level,
/// `*bold*`, `/italic/`, `_underlined_`, `[words](address)`.
fn told(lines: &[Line]) -> String {
    let line = |line: &Line| {
        let mark = match line.kind {
            LineKind::Paragraph => String::new(),
            LineKind::Heading(level) => "#".repeat(level.into()) + " ",
            LineKind::Item(list, indent) => {
                let mark = match list {
                    List::Bullet => "• ",
                    List::Ordered => "1. ",
                    List::Lettered => "A. ",
                };
                ">".repeat(indent.into()) + mark
            }
        };
        let run = |run: &Run| {
            let mut text = run.text.clone();
            for (name, sign) in [(schema::BOLD, "*"), (schema::ITALIC, "/"), (schema::UNDERLINE, "_")] {
                if run.attributes.contains_key(name) {
                    text = format!("{sign}{text}{sign}");
                }
            }
            match run.attributes.get(schema::LINK).and_then(Value::as_str) {
                Some(link) => format!("[{text}]({link})"),
                None => text,
            }
        };
        mark + &line.runs.iter().map(run).collect::<String>()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn text(text: &str) -> Value {
    json!([{ "text": text }])
}

/// A paragraph of Word's that is an item.
fn word(mso: &str, marker: &str, words: &str) -> Value {
    json!({"tag": "p", "class": "MsoListParagraphCxSpMiddle", "mso": mso, "marker": marker, "pieces": text(words)})
}

fn item(list: &str, depth: u8, number: u32, words: &str) -> Value {
    json!({"tag": "li", "list": list, "depth": depth, "item": number, "pieces": text(words)})
}

#[test]
fn words_lists_become_lists_and_lose_their_marks() {
    let pasted = blocks(&json!([
        {"tag": "h1", "pieces": text("Lägesbild")},
        {"tag": "p", "class": "MsoNormal", "pieces": text("Det  snöar\r\nfortfarande.")},
        word("l1 level1 lfo1", "·", "El\n"),
        word("l1 level2 lfo1", "o", "Reservkraft"),
        word("l1 level3 lfo1", "§", "Diesel"),
        word("l1 level1 lfo1", "·", "Vatten"),
        word("l0 level1 lfo2", "1.", "Varna"),
        word("l0 level2 lfo2", "a)", "SMS"),
        word("l0 level2 lfo2", "b)", "Radio"),
        word("l2 level1 lfo3", "i.", "Romerskt"),
        word("l3 level1 lfo4", "A.", "Mål"),
        word("l4 level1 lfo5", "", "Med en bild som märke"),
    ]));
    let expected = "# Lägesbild\nDet snöar fortfarande.\n• El\n>• Reservkraft\n>>• Diesel\n• Vatten\n1. Varna\n>A. SMS\n\
                    >A. Radio\ni. Romerskt\nA. Mål\n• Med en bild som märke";
    assert_eq!(pasted, expected);
}

#[test]
fn marks_that_say_whether_something_is_so_are_kept() {
    let mut marked = item("ul", 1, 1, "Vatten");
    marked["marked"] = "\"✗  \"".into();
    let mut word_marked = word("l0 level1 lfo1", "ü", "El");
    word_marked["face"] = "wingdings".into();
    let private = word("l0 level1 lfo1", "\u{F0FC}", "Fjärrvärme");
    let arrow = word("l0 level1 lfo1", "Ø", "Väg");
    assert_eq!(
        blocks(&json!([marked, word_marked, private, arrow])),
        "• ✗ Vatten\n• ✓ El\n• ✓ Fjärrvärme\n• Väg"
    );
}

#[test]
fn what_goes_on_in_an_item_behind_a_list_in_it_has_no_second_mark() {
    let numbered = |depth, number, place: u32, words| {
        let mut item = item("ol", depth, number, words);
        item["place"] = place.into();
        item
    };
    let pasted = blocks(&json!([
        numbered(1, 1, 1, "Varna"),
        numbered(2, 2, 1, "SMS"),
        numbered(1, 1, 1, "innan det snöar."),
        numbered(1, 3, 2, "Stäng"),
    ]));
    assert_eq!(pasted, "1. Varna\n>1. SMS\ninnan det snöar.\n2. Stäng");
}

#[test]
fn words_titles_outlines_and_numbered_headings_are_headings() {
    let pasted = blocks(&json!([
        {"tag": "p", "class": "MsoTitle", "pieces": text("Titel")},
        {"tag": "p", "outline": 2, "pieces": text("Egen formatmall")},
        {"tag": "h4", "mso": "l0 level4 lfo1", "marker": "1.1.1.1", "pieces": [{"text": "Djup", "bold": true}]},
    ]));
    assert_eq!(pasted, "# Titel\n## Egen formatmall\n### 1.1.1.1 Djup");
}

#[test]
fn lists_of_the_web_keep_their_kind_and_level() {
    let mut lettered = item("ol", 2, 3, "b");
    lettered["marked"] = "lower-alpha".into();
    let mut flat = item("ul", 1, 6, "e");
    flat["level"] = 3.into();
    let mut upper = item("ol", 1, 7, "f");
    upper["marked"] = "A".into();
    let mut roman = item("ol", 1, 8, "g");
    roman["marked"] = "i".into();
    let pasted = blocks(&json!([
        item("ol", 1, 1, "a"),
        lettered,
        item("ul", 2, 4, "c"),
        item("ul", 12, 5, "d"),
        flat,
        upper,
        roman
    ]));
    assert_eq!(pasted, "1. a\n>A. b\n>• c\n>>>>>>>>• d\n>>• e\nA. f\n1. g");
}

#[test]
fn an_item_is_one_line_whatever_breaks_in_it() {
    let pasted = blocks(&json!([
        {"tag": "p", "list": "ol", "depth": 1, "item": 1, "pieces": text("Ring\u{2028}112")},
        {"tag": "p", "list": "ol", "depth": 1, "item": 1, "pieces": text("genast")},
        {"tag": "li", "list": "ol", "depth": 1, "item": 2, "pieces": text(" \n ")},
        {"tag": "li", "list": "ol", "depth": 1, "item": 3, "pieces": text("Vänta")},
    ]));
    assert_eq!(pasted, "1. Ring 112 genast\n1. Vänta");
}

#[test]
fn looks_that_we_have_stay_and_links_only_to_the_web_and_mail() {
    let pasted = blocks(&json!([{"tag": "p", "pieces": [
        {"text": "fet", "bold": true}, {"text": " "}, {"text": "kursiv", "italic": true}, {"text": " "},
        {"text": "under", "underline": true}, {"text": " "},
        {"text": "länk", "underline": true, "href": "https://x.se/a b"}, {"text": " "},
        {"text": "skript", "href": "javascript:alert(1)"}, {"text": " "},
        {"text": "data", "href": "data:text/html,x"}, {"text": " "},
        {"text": "ankare", "href": "#_Toc1"}, {"text": " "},
        {"text": "post", "href": "mailto:a@b.se"},
    ]}]));
    assert_eq!(
        pasted,
        "*fet* /kursiv/ _under_ [länk](https://x.se/a%20b) skript data ankare [post](mailto:a@b.se)"
    );
}

fn cell(table: u32, row: u32, column: u32, words: &str) -> Value {
    json!({"tag": "td", "table": table, "row": row, "column": column, "pieces": text(words)})
}

#[test]
fn each_text_of_a_table_stands_as_many_tabs_in_as_its_column() {
    assert_eq!(
        blocks(&json!([
            cell(1, 1, 1, "Ort"),
            cell(1, 1, 2, "Snö\u{2028}cm"),
            cell(1, 2, 1, "Gävle"),
            cell(1, 2, 3, "40"),
            cell(1, 3, 2, "ensam"),
        ])),
        "Ort\tSnö cm\nGävle\t\t40\n\tensam"
    );
    let several =
        json!([cell(1, 1, 1, "Mål"), cell(1, 1, 2, "Ett"), cell(1, 1, 2, "Två"), cell(1, 1, 3, "!")]);
    assert_eq!(blocks(&several), "Mål\tEtt\t!\n\tTvå");
    assert_eq!(blocks(&json!([cell(1, 1, 1, "Ett"), cell(1, 2, 1, "Två")])), "Ett\nTvå", "a single column");
    assert_eq!(blocks(&json!([cell(0, 1, 1, "Ett"), cell(0, 1, 2, "Två")])), "Ett\nTvå", "a layout");
    let mut first = item("ol", 1, 1, "a");
    first["place"] = 4.into();
    for (name, number) in [("table", 1), ("row", 1), ("column", 2)] {
        first[name] = number.into();
    }
    assert_eq!(blocks(&json!([cell(1, 1, 1, "Vem"), first])), "Vem\t4. a");
}

#[test]
fn an_empty_row_stays_in_a_table_and_between_two() {
    let rows = json!([
        cell(1, 1, 1, "a"),
        cell(1, 1, 2, "b"),
        cell(1, 4, 1, "c"),
        cell(1, 4, 2, "d"),
        cell(2, 6, 1, "e"),
        cell(2, 6, 2, "f"),
        cell(3, 7, 1, "g"),
        cell(3, 7, 2, "h"),
    ]);
    assert_eq!(blocks(&rows), "a\tb\n\nc\td\n\ne\tf\ng\th");
}

#[test]
fn blank_lines_are_one_at_most_and_none_around_the_text() {
    let p = |words: &str| json!({"tag": "p", "pieces": text(words)});
    let pasted = blocks(&json!([
        p("\u{A0}"),
        p("a"),
        p("\u{A0}"),
        p("\u{2028}"),
        p(" "),
        p("b\u{2028}"),
        p("\u{2028}\u{2028}")
    ]));
    assert_eq!(pasted, "a\n\nb");
}

#[test]
fn words_out_of_a_line_keep_the_space_that_parts_them() {
    assert_eq!(blocks(&json!([{"pieces": text(" och\n vidare ")}])), "och vidare ");
    assert_eq!(blocks(&json!([{"pieces": [{"text": " a  b ", "kept": true}]}])), " a  b ");
    assert_eq!(blocks(&json!([{"tag": "p", "pieces": text("a ")}, {"pieces": text("\n")}])), "a");
}

#[test]
fn our_own_means_exactly_what_it_says() {
    let own = |blocks: &Value| told(&read(&json!({"own": true, "blocks": blocks})).expect("a text").lines);
    assert_eq!(
        own(&json!([
            {"tag": "h4", "pieces": [{"text": "Läget", "bold": true}]},
            {"tag": "p", "pieces": text("\u{2028}")}, {"tag": "p", "pieces": text("\u{2028}")},
            {"tag": "li", "list": "ul", "depth": 3, "item": 1, "pieces": text("\u{2028}")},
            {"tag": "p", "pieces": text("\u{2028}")},
        ])),
        "## Läget\n\n\n>>• \n"
    );
}

#[test]
fn plain_text_is_what_it_is() {
    let pasted = read(&json!({"plain": "\r\n- a\r\n1. b\r\n\r\n\r\n  c\td\n\n"})).expect("a text");
    assert_eq!((told(&pasted.lines).as_str(), pasted.formatted), ("- a\n1. b\n\n\n  c\td", false));
}

#[test]
fn html_without_text_gives_way_to_the_plain_text() {
    let transfer = json!({"blocks": [{"tag": "p", "pieces": text(" ")}], "plain": "hej"});
    assert_eq!(told(&read(&transfer).expect("a text").lines), "hej");
}

#[test]
fn an_address_alone_is_a_link() {
    let pasted = read(&json!({"plain": "www.krisinformation.se\n"})).expect("a text");
    assert_eq!(told(&pasted.lines), "[www.krisinformation.se](https://www.krisinformation.se)");
    assert!(pasted.link.is_some());
    let pasted = read(&json!({"plain": "se www.krisinformation.se"})).expect("a text");
    assert_eq!((told(&pasted.lines).as_str(), pasted.link), ("se www.krisinformation.se", None));
    assert_eq!(read(&json!({"plain": "javascript:alert(1)"})).expect("a text").link, None);
}

#[test]
fn what_is_no_text_is_refused_and_so_is_what_is_too_much() {
    assert_eq!(read(&json!({})), Err(PasteError::Nothing));
    assert_eq!(read(&json!({"plain": "\n\n"})), Err(PasteError::Nothing));
    assert_eq!(read(&json!({"files": true, "blocks": []})), Err(PasteError::OnlyText));
    let units = |units: usize| read(&json!({ "plain": "å".repeat(units) })).map(drop);
    let limit = usize::try_from(limits::PASTE_UNITS).expect("it fits");
    assert_eq!((units(limit - 1), units(limit)), (Ok(()), Err(PasteError::TooLarge)));
}

#[test]
fn numbers_from_a_hostile_page_are_only_numbers() {
    let pasted = blocks(&json!([
        cell(u32::MAX, u32::MAX, u32::MAX, "a"),
        {"tag": "li", "list": "x", "depth": 255, "level": 255, "item": u32::MAX, "pieces": text("c")},
        {"tag": "h99", "outline": 255, "mso": "level999", "marker": "((", "pieces": text("d")},
    ]));
    assert_eq!(pasted, "a\n>>>>>>>>• c\n>>>>>>>>• d");
    let wide = json!({"blocks": [cell(1, u32::MAX, u32::MAX, "a"), cell(1, u32::MAX, 1, "b")]});
    assert_eq!(read(&wide), Err(PasteError::TooLarge));
    let wide: Vec<_> = (1..=40).flat_map(|row| [cell(1, row, 1, "a"), cell(1, row, 10_000, "b")]).collect();
    assert_eq!(read(&json!({ "blocks": wide })), Err(PasteError::TooLarge));
}

#[test]
fn a_look_says_what_it_says_in_words() {
    let pieces = |pieces: Value| blocks(&json!([{"tag": "p", "pieces": pieces}]));
    assert_eq!(pieces(json!([{"text": "a "}, {"text": "b", "gone": true}, {"text": " c"}])), "a c");
    assert_eq!(
        pieces(
            json!([{"text": "a"}, {"text": " b", "struck": true}, {"text": " c ", "struck": true, "bold": true}, {"text": "d"}])
        ),
        "a [struket: b* c] *d"
    );
    assert_eq!(pieces(json!([{"text": "a "}, {"text": " ", "struck": true}, {"text": "b"}])), "a b");
    let script = |text: &str, kind: &str| json!({"text": text, "script": kind});
    assert_eq!(
        pieces(json!([
            {"text": "10 m"}, script("2", "super"), {"text": ", CO"}, script("2", "sub"), {"text": ", 10"},
            script("-3", "super"), {"text": ", x"}, script("ab", "super"), {"text": ", y"}, script("a+b", "sub"),
            {"text": ", 1"}, script("st", "super"), {"text": ", ord"}, script("[1]", "super"), {"text": "™"},
        ])),
        "10 m², CO₂, 10⁻³, x^ab, y_(a+b), 1st, ord[1]™"
    );
    let thing = |name: &str, value: &str| json!({"text": "\u{FFFC}", name: value});
    assert_eq!(
        pieces(json!([
            thing("box", "on"), {"text": "klar "}, thing("box", "off"), {"text": "inte "}, thing("round", "on"),
            {"text": "ja "}, thing("round", "off"), {"text": "nej "}, thing("quote", "on"), {"text": "ord"},
            thing("quote", "off"), {"text": " 漢"}, thing("reading", "on"), {"text": "kan"}, thing("reading", "off"),
        ])),
        "☑ klar ☐ inte ◉ ja ○ nej ”ord” 漢 (kan)"
    );
    assert_eq!(
        pieces(
            json!([thing("picture", "✅"), {"text": " "}, thing("picture", ":fire:"), {"text": " "}, thing("picture", "Tumme upp")])
        ),
        "✅ :fire: [Tumme upp]"
    );
    assert_eq!(
        pieces(
            json!([{"text": "Läge à Mål \u{F0B7}"}, {"text": "à", "font": "wingdings"}, {"text": "b", "font": "symbol"}])
        ),
        "Läge à Mål •→β"
    );
    assert_eq!(pieces(json!([{"text": "obs å", "case": "uppercase"}])), "OBS Å");
}

#[test]
fn what_a_text_refers_to_keeps_its_number() {
    assert_eq!(
        blocks(&json!([
            word("l0 level1 lfo1", "1.", "ett"),
            word("l0 level1 lfo1", "2.", "två"),
            {"tag": "p", "pieces": text("Ett stycke.")},
            word("l0 level1 lfo1", "3.", "tre"),
            word("l0 level2 lfo1", "a)", "under"),
            word("l0 level1 lfo1", "4.", "fyra"),
        ])),
        "1. ett\n1. två\nEtt stycke.\n3. tre\n>A. under\n4. fyra"
    );
    assert_eq!(
        blocks(
            &json!([word("l1 level1 lfo2", "1.1", "a"), word("l1 level1 lfo2", "1.2", "b"), {"tag": "h2", "marker": "3.2", "pieces": text("Mål")}])
        ),
        "1.1 a\n1.2 b\n## 3.2 Mål"
    );
    let place = |place: i64, marked: &str, number: u32, words: &str| {
        let mut item = item("ol", 1, number, words);
        item["place"] = place.into();
        item["marked"] = marked.into();
        item
    };
    assert_eq!(blocks(&json!([place(3, "", 1, "a"), place(4, "", 2, "b")])), "3. a\n4. b");
    assert_eq!(
        blocks(&json!([place(1, "", 1, "a"), place(2, "", 2, "b"), place(7, "", 3, "c")])),
        "1. a\n1. b\n7. c"
    );
    assert_eq!(
        blocks(&json!([place(1, "upper-roman", 1, "a"), place(2, "lower-alpha", 2, "b")])),
        "I. a\nb. b"
    );
    assert_eq!(blocks(&json!([place(1, "a", 1, "a"), place(2, "a", 2, "b")])), "A. a\nA. b");
    assert_eq!(blocks(&json!([place(1, "none", 1, "§ 1 a")])), "§ 1 a");
}
