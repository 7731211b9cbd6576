//! What is pasted, with the clipboard's real HTML and real keys: what real programs put there, what a
//! hostile page might, and what was copied here.

mod meaning;

use anyhow::Result;
use samsyn_shared::domain::limits;
use samsyn_tests::browser::Kind;
use samsyn_tests::page::Page;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::stage::{Pair, in_browsers};

const SECTION: &str = "overgripande-beskrivning";
const OTHER: &str = "kommunikationsmal";

/// Has another program's HTML and plain text on the clipboard, by a key as everybody.
async fn copy_elsewhere(page: &Page, html: &str, plain: &str) -> Result<()> {
    let script = "
        const [html, plain] = arguments;
        addEventListener('beforecopy', event => event.preventDefault(), { once: true });
        addEventListener('copy', event => {
            event.stopImmediatePropagation();
            event.preventDefault();
            event.clipboardData.setData('text/plain', plain);
            if (html) event.clipboardData.setData('text/html', html);
            window.copied = true;
        }, { capture: true, once: true });
        window.copied = false";
    page.script(script, vec![html.into(), plain.into()]).await?;
    page.press(&[Key::Control], 'c').await?;
    page.until("the copy", async || {
        let copied = page.script("return window.copied", vec![]).await?;
        Ok(Look::at(copied == true, || "none".to_owned()))
    })
    .await
}

async fn paste(page: &Page) -> Result<()> {
    page.press(&[Key::Control], 'v').await
}

/// A pair, and what another program copied pasted into an empty section of A's page.
async fn pasted(kind: Kind, html: &str, plain: &str) -> Result<Pair> {
    let pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    copy_elsewhere(&pair.a, html, plain).await?;
    paste(&pair.a).await?;
    Ok(pair)
}

fn text(text: &str) -> Value {
    json!({ "insert": text })
}

fn with(text: &str, attributes: &Value) -> Value {
    json!({"insert": text, "attributes": attributes})
}

fn item(list: &str, indent: u8) -> Value {
    if indent == 0 {
        with("\n", &json!({"list": list}))
    } else {
        with("\n", &json!({"list": list, "indent": indent}))
    }
}

in_browsers!(scenario_12_a_paste_from_desktop_word_becomes_real_lists_and_one_undo_removes_it, paste_from_word, Chromium WebKit);
async fn paste_from_word(kind: Kind) -> Result<()> {
    let pair = pasted(kind, include_str!("../fixtures/paste/word.html"), "Lägesbild\r\n").await?;
    let expected = json!([
        text("Lägesbild"),
        with("\n", &json!({"header": 1})),
        text("Det "),
        with("snöar", &json!({"bold": true})),
        text(" i hela länet, se "),
        with("SMHI:s varningar", &json!({"link": "https://www.smhi.se/varningar"})),
        text(". Räkna med 10\u{A0}000 hushåll utan el.\n\nElförsörjning"),
        item("bullet", 0),
        text("Reservkraft på sjukhusen"),
        item("bullet", 1),
        with("Dricksvatten", &json!({"italic": true})),
        item("bullet", 0),
        text("Varna allmänheten"),
        item("ordered", 0),
        with("Även", &json!({"underline": true})),
        text(" på lätt svenska"),
        item("lettered", 1),
    ]);
    pair.agree_that(SECTION, expected.clone()).await?;
    for page in [&pair.a, &pair.b] {
        assert_eq!(page.count_in(SECTION, ":is([style], script, style)").await?, 0);
        assert_eq!(page.script("return window.ran ?? null", vec![]).await?, Value::Null);
    }
    pair.a.press(&[Key::Control], 'z').await?;
    pair.agree_that(SECTION, json!([text("\n")])).await?;
    pair.a.press(&[Key::Control], 'y').await?;
    pair.agree_that(SECTION, expected).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(scenario_13_nothing_of_a_hostile_paste_runs_and_nobody_receives_it, paste_from_an_enemy, Chromium WebKit);
async fn paste_from_an_enemy(kind: Kind) -> Result<()> {
    let pair = pasted(kind, include_str!("../fixtures/paste/hostile.html"), "").await?;
    let agreed = pair.a.wait_for_text(SECTION, |text| text.contains("säker")).await?;
    assert_eq!(pair.agree_on(SECTION).await?, agreed);
    let delta = pair.stage.delta(SECTION).await?;
    assert_eq!(delta[0], text("Läs det här och det och mer\nVikt\n"), "{delta}");
    let links: Vec<_> =
        delta.as_array().into_iter().flatten().filter_map(|op| op["attributes"].as_object()).collect();
    assert_eq!(links.len(), 1, "{delta}");
    assert_eq!(links[0].get("link"), Some(&json!("https://ok.example/")));
    for page in [&pair.a, &pair.b] {
        assert_eq!(page.count_in(SECTION, "a[href]").await?, 1);
        assert_eq!(
            page.count_in(SECTION, ":is(img, svg, script, style, iframe, [onclick], [onerror])").await?,
            0
        );
        page.painted().await?;
        assert_eq!(page.script("return window.ran ?? null", vec![]).await?, Value::Null);
    }
    pair.expect_quiet_consoles().await
}

in_browsers!(other_programs_lists_headings_and_tables_become_ours, paste_from_others, Chromium WebKit);
async fn paste_from_others(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let bold = json!({"bold": true});
    let cases = [
        (
            include_str!("../fixtures/paste/google-docs.html"),
            json!([
                text("Åtgärder"),
                with("\n", &json!({"header": 2})),
                text("En "),
                with("fet", &bold),
                text(" text och en "),
                with("länk", &json!({"link": "https://www.msb.se/"})),
                text("\n\nEtt"),
                item("bullet", 0),
                with("Under", &json!({"italic": true})),
                item("bullet", 1),
                text("Först"),
                item("ordered", 0),
                with("Sedan", &json!({"underline": true})),
                item("lettered", 1),
            ]),
        ),
        (
            include_str!("../fixtures/paste/outlook.html"),
            json!([
                text("Hej!\nMöte kl. 10"),
                item("bullet", 0),
                with("Teams", &bold),
                item("bullet", 1),
                text("Skriv till "),
                with("tib@lansstyrelsen.se", &json!({"link": "mailto:tib@lansstyrelsen.se"})),
                item("lettered", 0),
            ]),
        ),
        (
            include_str!("../fixtures/paste/libreoffice.html"),
            json!([
                text("Rubrik"),
                with("\n", &json!({"header": 2})),
                text("Ett"),
                item("ordered", 0),
                text("Under ett"),
                item("lettered", 1),
                with("Två", &bold),
                item("ordered", 0),
                text("\nrad  1\nrad 2\n"),
            ]),
        ),
        (
            include_str!("../fixtures/paste/excel.html"),
            json!([text("Kommun\tHushåll\tNot\nGävle\t1\u{A0}200\tEl åter kl. 14\nOvanåker\t\tokänt\n")]),
        ),
    ];
    pair.a.go_to(SECTION).await?;
    for (html, expected) in cases {
        copy_elsewhere(&pair.a, html, "").await?;
        paste(&pair.a).await?;
        pair.agree_that(SECTION, expected).await?;
        pair.a.press(&[Key::Control], 'z').await?;
        pair.agree_that(SECTION, json!([text("\n")])).await?;
    }
    pair.expect_quiet_consoles().await
}

in_browsers!(plain_text_is_pasted_as_it_is_and_html_too_with_shift, paste_plain_text, Chromium WebKit);
async fn paste_plain_text(kind: Kind) -> Result<()> {
    let pair = pasted(kind, "", "- ett\r\n- två\r\n").await?;
    pair.agree_that(SECTION, json!([text("- ett\n- två\n")])).await?;
    pair.a.press(&[Key::Control], 'z').await?;
    copy_elsewhere(&pair.a, "<h1>ett</h1><ul><li>två</ul>", "ett\ntvå").await?;
    pair.a.press(&[Key::Control, Key::Shift], 'v').await?;
    pair.agree_that(SECTION, json!([text("ett\ntvå\n")])).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(a_paste_in_a_line_joins_what_stands_around_it_and_takes_the_place_of_what_is_selected, paste_in_a_line, Chromium WebKit);
async fn paste_in_a_line(kind: Kind) -> Result<()> {
    let pair = pasted(kind, "<p>början och slutet</p>", "").await?;
    pair.a.press(&[Key::Control], Key::Home).await?;
    pair.a.press_times(&[], Key::Right, 7).await?;
    pair.a.press_times(&[Key::Shift], Key::Right, 3).await?;
    copy_elsewhere(&pair.a, "<p>, </p><ul><li>mitten</li></ul><p>före </p>", "").await?;
    paste(&pair.a).await?;
    let expected = json!([text("början ,\nmitten"), item("bullet", 0), text("före slutet\n")]);
    pair.agree_that(SECTION, expected).await?;
    // What is typed goes on where the pasted text ends.
    pair.a.keys("x").await?;
    assert!(pair.agree_on(SECTION).await?.ends_with("\nförex slutet"));
    pair.expect_quiet_consoles().await
}

in_browsers!(a_list_that_is_cut_and_pasted_is_the_same_list, cut_and_paste, Chromium WebKit);
async fn cut_and_paste(kind: Kind) -> Result<()> {
    let pair = pasted(kind,
        "<h2>Mål</h2><ol type=A><li>ett<ul><li>under <b>ett</b></li></ul></li><li>två  &nbsp;</li></ol><p>slut</p>",
        "",
    )
    .await?;
    let lines = [
        text("Mål"),
        with("\n", &json!({"header": 2})),
        text("ett"),
        item("lettered", 0),
        text("under "),
        with("ett", &json!({"bold": true})),
        item("bullet", 1),
        text("två"),
        item("lettered", 0),
    ];
    let whole = Value::from_iter(lines.iter().cloned().chain([text("slut\n")]));
    pair.agree_that(SECTION, whole.clone()).await?;
    pair.a.press(&[Key::Control], 'a').await?;
    pair.a.press(&[Key::Control], 'x').await?;
    pair.agree_that(SECTION, json!([text("\n")])).await?;
    // Into another section, and back by undo where it was.
    pair.a.go_to(OTHER).await?;
    paste(&pair.a).await?;
    pair.agree_that(OTHER, whole.clone()).await?;
    pair.a.press_times(&[Key::Control], 'z', 2).await?;
    pair.agree_that(OTHER, json!([text("\n")])).await?;
    pair.agree_that(SECTION, whole).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(what_is_copied_is_html_with_real_lists_and_plain_text_with_marks, copy, Chromium WebKit);
async fn copy(kind: Kind) -> Result<()> {
    let html = "<h1>Mål</h1><ol type=A><li>ett<ol><li>a <a href=https://x.se/>b</a></li></ol></li><li>två</li></ol>\
                <ul><li><b>tre</b></li></ul><p></p><p>slut</p>";
    let pair = pasted(kind, html, "").await?;
    pair.agree_on(SECTION).await?;
    pair.a.press(&[Key::Control], 'a').await?;
    let watch = "addEventListener('copy', event => {
        window.copied = ['text/html', 'text/plain'].map(type => event.clipboardData.getData(type)) }, { once: true })";
    pair.a.script(watch, vec![]).await?;
    pair.a.press(&[Key::Control], 'c').await?;
    let copied = pair
        .a
        .until("the copy", async || {
            let copied = pair.a.script("return window.copied ?? null", vec![]).await?;
            Ok(if copied.is_null() { Look::NotYet("none".to_owned()) } else { Look::Yes(copied) })
        })
        .await?;
    assert_eq!(copied[1], "Mål\nA. ett\n  1. a b\nB. två\n• tre\nslut");
    let copied = copied[0].as_str().unwrap_or_default().replace(" data-samsyn=\"\"", "");
    let expected = "<ol type=\"A\"><li>ett<ol><li>a <a href=\"https://x.se/\">b</a></li></ol></li><li>två</li></ol>\
                    <ul><li><strong>tre</strong></li></ul><p>slut</p>";
    assert!(copied.starts_with("<h3 ") && copied.ends_with(expected), "{copied}");
    pair.expect_quiet_consoles().await
}

in_browsers!(too_much_is_refused_aloud_and_nothing_of_it_is_pasted, paste_too_much, Chromium WebKit);
async fn paste_too_much(kind: Kind) -> Result<()> {
    let length = usize::try_from(limits::PASTE_UNITS)?;
    let pair = pasted(kind, "", &"å".repeat(length)).await?;
    let note = pair.a.visible(".note").await?;
    assert!(note.text().await?.contains("för lång"), "{}", note.text().await?);
    assert_eq!(pair.agree_on(SECTION).await?, "");
    copy_elsewhere(&pair.a, "<img src=x>", "").await?;
    paste(&pair.a).await?;
    pair.a
        .until("another note", async || {
            let words = note.text().await?;
            Ok(Look::at(words.contains("bara klistra in text"), || words))
        })
        .await?;
    copy_elsewhere(&pair.a, "", "lagom").await?;
    paste(&pair.a).await?;
    assert_eq!(pair.a.wait_for_text(SECTION, |text| !text.is_empty()).await?, "lagom");
    assert!(pair.a.seen(".note").await?.is_none());
    pair.expect_quiet_consoles().await
}

in_browsers!(html_that_is_nested_without_end_is_pasted_as_plain_text, paste_what_is_nested, Chromium WebKit);
async fn paste_what_is_nested(kind: Kind) -> Result<()> {
    let nested = |times: usize| format!("{}djupt{}", "<div><b>".repeat(times), "</b></div>".repeat(times));
    // WebKit reads what a page puts on its clipboard, and takes two minutes for so much.
    let without_end = if kind == Kind::WebKit { 2_000 } else { 20_000 };
    let pair = pasted(kind, &nested(without_end), "slätt").await?;
    let plain = pair.a.wait_for_text(SECTION, |text| !text.is_empty()).await?;
    assert_eq!(plain, "slätt");
    copy_elsewhere(&pair.a, &nested(300), "slätt").await?;
    paste(&pair.a).await?;
    let deep = json!([text("slätt"), with("djupt", &json!({"bold": true})), text("\n")]);
    pair.agree_that(SECTION, deep).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(the_whole_text_is_copied_with_its_headings_and_lists, copy_the_whole, Chromium WebKit);
async fn copy_the_whole(kind: Kind) -> Result<()> {
    let pair = pasted(kind, "<ol type=A><li>ett<li>två</ol><p><b>tre</b></p>", "").await?;
    pair.agree_on(SECTION).await?;
    pair.a.choose("copy").await?;
    pair.a.go_to(OTHER).await?;
    paste(&pair.a).await?;
    let text = pair.a.wait_for_text(OTHER, |text| text.contains("två")).await?;
    assert!(text.starts_with("Storm över länet\nÖvergripande beskrivning\nett\ntvå\ntre\n"), "{text}");
    pair.agree_on(OTHER).await?;
    let delta = pair.stage.delta(OTHER).await?.to_string();
    for format in [r#""header":1"#, r#""header":2"#, r#""list":"lettered""#, r#""bold":true"#] {
        assert!(delta.contains(format), "{format} is missing in {delta}");
    }
    pair.a.press(&[Key::Control], 'z').await?;
    pair.a.go_to(OTHER).await?;
    pair.a.press(&[Key::Control, Key::Shift], 'v').await?;
    let plain = pair.a.wait_for_text(OTHER, |text| text.contains("två")).await?;
    assert!(
        plain.starts_with("Storm över länet\n\nÖvergripande beskrivning\nA. ett\nB. två\ntre\n\n"),
        "{plain}"
    );
    pair.expect_quiet_consoles().await
}
