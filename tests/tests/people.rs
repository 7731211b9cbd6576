//! Other people in the text: what one sees of who they are and where, and that it is gone when they are.

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::screen::{LAPTOP, Light, PHONE};
use samsyn_tests::until::Look;
use serde_json::Value;

use crate::stage::{Pair, Stage, in_browsers};

const SECTION: &str = "kommunikationsmal";
const HEADING: &str = "Kommunikationsmål";
const EVA: (&str, &str) = ("Eva Jansson", "SOS Alarm");

/// What is seen of the carets of others: for each whether it is drawn, the initials and the flag as far as
/// they are visible, and how large the initials are.
const SEEN: &str = "
    return [...document.querySelectorAll('.carets .caret')].map(caret => {
        const seen = part => part.checkVisibility({ visibilityProperty: true }) ? part.textContent : '';
        const [head, flag] = [caret.querySelector('.head'), caret.querySelector('.flag')];
        const box = caret.getBoundingClientRect();
        return { drawn: box.height > 0, inView: box.top > 0 && box.bottom < innerHeight,
            initials: seen(head), size: parseFloat(getComputedStyle(head).fontSize), flag: seen(flag) };
    })";

/// How far, in pixels, the only caret is from the place before this word in the text.
const AWAY: &str = "
    const [section, word] = arguments;
    const box = document.querySelector(`[data-section=\"${section}\"] [role=textbox]`);
    const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const at = texts.currentNode.data.indexOf(word);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(texts.currentNode, at);
        range.setEnd(texts.currentNode, at + 1);
        const [letter, caret] = [range, document.querySelector('.carets .caret')].map(it => it.getBoundingClientRect());
        return Math.max(Math.abs(letter.left - caret.left - 1), Math.abs(letter.top - caret.top));
    }
    return 1e6";

/// How far an element reaches over the words of the line above the caret, and over those of its own: from the
/// line's baseline up, and from the tops of its letters down. Nothing is covered when neither is positive.
const COVERED: &str = "
    const part = document.querySelector(arguments[0]).getBoundingClientRect();
    const [above, own] = [...document.querySelectorAll(`[data-section=\"${arguments[1]}\"] .line`)].map(line => {
        const range = document.createRange();
        range.selectNodeContents(line);
        const size = parseFloat(getComputedStyle(line).fontSize);
        const { top, bottom } = range.getBoundingClientRect();
        // The measures of the text's face, in em: below the baseline, and above the tops of its letters.
        return { baseline: bottom - 0.335 * size, letters: top + (1.036 - 0.73) * size };
    });
    return [above.baseline - part.top, part.bottom - own.letters]";

/// Where the parts of a section are, and what stands beside its heading.
const BESIDE: &str = "
    const section = document.querySelector(`[data-section=\"${arguments[0]}\"]`);
    const beside = section.querySelector('.here');
    return {
        tops: ['h2', '.question', '[role=textbox]'].map(it => section.querySelector(it).getBoundingClientRect().top),
        heading: section.querySelector('h2').textContent,
        said: beside.querySelector('.unseen').textContent,
        discs: [...beside.querySelectorAll('.initials')].map(disc => disc.textContent) }";

/// One person with a browser, alone with others who have none.
struct Reader {
    page: Page,
    stage: Stage,
    _browsers: Browsers,
}

impl Reader {
    async fn sit_down(kind: Kind) -> Result<Self> {
        let browsers = Browsers::of(kind).await?;
        let stage = Stage::set().await?;
        let page = browsers.participant("Anna Ask", "Region Väst").await?;
        page.enter(stage.malbild.link(Role::Editor)).await?;
        bring_into_view(&page).await?;
        Ok(Self { page, stage, _browsers: browsers })
    }

    async fn peer(&self) -> Result<Peer> {
        self.stage.peer(Role::Editor, Dialect::Samsyn).await
    }

    /// So many people with their carets in the section, and their names.
    async fn crowd(&self, count: usize) -> Result<Vec<Peer>> {
        let mut crowd = Vec::new();
        for number in 0..count {
            let mut peer = self.peer().await?;
            let name = format!("{} Vall", char::from(b'A' + u8::try_from(number)?));
            peer.appear((&name, "Länsstyrelsen"), SECTION, 0, 0).await?;
            crowd.push(peer);
        }
        self.page.wait_for_people(count).await?;
        Ok(crowd)
    }
}

/// What is out of sight is not drawn.
async fn bring_into_view(page: &Page) -> Result<()> {
    let script = "document.querySelector(`[data-section=\"${arguments[0]}\"]`).scrollIntoView()";
    page.script(script, vec![SECTION.into()]).await.map(drop)
}

/// Waits until what is seen of the carets is so.
async fn wait_for_carets(page: &Page, what: &str, holds: impl Fn(&[Value]) -> bool) -> Result<()> {
    page.until(what, async || {
        let seen = page.script(SEEN, vec![]).await?;
        let holds = seen.as_array().is_some_and(|carets| holds(carets));
        Ok(Look::at(holds, || seen.to_string()))
    })
    .await
}

async fn wait_for_none(page: &Page) -> Result<()> {
    wait_for_carets(page, "no carets", <[Value]>::is_empty).await
}

in_browsers!(a_flag_says_who_it_is_and_the_initials_stay, show_flag, Chromium WebKit);
async fn show_flag(kind: Kind) -> Result<()> {
    let Reader { page, stage, _browsers } = Reader::sit_down(kind).await?;
    let mut eva = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    eva.insert(SECTION, 0, "Ågdrp högt upp\nÅgdrp längre ner").await?;
    page.wait_for_text(SECTION, |text| text.contains("längre ner")).await?;
    eva.appear(EVA, SECTION, 18, 18).await?;
    let named = |seen: &Value| seen["flag"] == "Eva Jansson · SOS Alarm";
    wait_for_carets(&page, "a flag", |seen| seen.len() == 1 && named(&seen[0])).await?;
    for part in [".head", ".flag"] {
        let covered: [f64; 2] =
            serde_json::from_value(page.script(COVERED, vec![part.into(), SECTION.into()]).await?)?;
        ensure!(covered.iter().all(|depth| *depth <= 0.0), "{part} covers words: {covered:?}");
    }
    wait_for_carets(&page, "the flag to leave", |seen| seen.first().is_some_and(|caret| caret["flag"] == ""))
        .await?;
    let seen = page.script(SEEN, vec![]).await?;
    ensure!(seen[0]["initials"] == "EJ" && seen[0]["size"].as_f64() >= Some(9.0), "{seen}");
    // It is seen again when she types; her caret stands where it stood, before the same letter.
    eva.insert(SECTION, 18, "nytt").await?;
    wait_for_carets(&page, "the flag again", |seen| named(&seen[0])).await?;
    page.expect_quiet_console().await
}

/// How far a flag and initials reach over any of a section's words, in pixels of their common area.
const OVER_WORDS: &str = "
    const lines = [...document.querySelectorAll(`[data-section=\"${arguments[0]}\"] .line`)].flatMap(line => {
        const range = document.createRange();
        range.selectNodeContents(line);
        return [...range.getClientRects()];
    });
    const parts = ['.head', '.flag'].map(part => document.querySelector(part).getBoundingClientRect());
    const common = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
        Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
    return Math.max(...parts.flatMap(part => lines.map(line => common(part, line))))";

in_browsers!(a_flag_behind_the_last_word_of_a_line_touches_no_line_at_all, show_flag_at_the_end, Chromium WebKit);
async fn show_flag_at_the_end(kind: Kind) -> Result<()> {
    let Reader { page, stage, _browsers } = Reader::sit_down(kind).await?;
    let mut eva = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    eva.insert(SECTION, 0, "Ågdrp högt upp, ågdrp högt upp\nÅgdrp\nÅgdrp").await?;
    page.wait_for_text(SECTION, |text| text.ends_with("Ågdrp\nÅgdrp")).await?;
    for size in [LAPTOP, PHONE] {
        page.look_on(size, Light::Bright).await?;
        bring_into_view(&page).await?;
        eva.appear(EVA, SECTION, 36, 36).await?;
        wait_for_carets(&page, "a caret", |seen| seen.len() == 1 && seen[0]["inView"] == true).await?;
        let over = page.script(OVER_WORDS, vec![SECTION.into()]).await?;
        ensure!(over.as_f64() == Some(0.0), "{over} pixels of words are covered");
    }
    page.expect_quiet_console().await
}

in_browsers!(a_caret_stays_with_its_text_whoever_writes, keep_caret, Chromium WebKit);
async fn keep_caret(kind: Kind) -> Result<()> {
    let Reader { page, stage, _browsers } = Reader::sit_down(kind).await?;
    let mut eva = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    eva.insert(SECTION, 0, "början mitten slut").await?;
    eva.appear(EVA, SECTION, 14, 14).await?;
    let at_its_word = async |what: &str| {
        page.until(&format!("the caret before its word {what}"), async || {
            let away = page.script(AWAY, vec![SECTION.into(), "slut".into()]).await?;
            Ok(Look::at(away.as_f64() < Some(1.5), || away.to_string()))
        })
        .await
    };
    page.wait_for_caret(EVA.0).await?;
    at_its_word("at first").await?;
    page.go_to(SECTION).await?;
    page.press(&[thirtyfour::Key::Control], thirtyfour::Key::Home).await?;
    page.keys("här 😀 ").await?;
    at_its_word("after words of one's own").await?;
    page.press(&[], thirtyfour::Key::Enter).await?;
    at_its_word("on the next line").await?;
    let mut bo = stage.peer(Role::Editor, Dialect::Stock).await?;
    bo.wait_for_text(SECTION, |text| text.starts_with("här 😀 \n")).await?;
    bo.change(SECTION, 0, &[samsyn_shared::text::delta::Op::delete(3)]).await?;
    bo.insert(SECTION, 7, "nya ord ").await?;
    page.wait_for_text(SECTION, |text| text.contains("nya ord")).await?;
    at_its_word("after words of others").await?;
    page.press(&[thirtyfour::Key::Control], 'z').await?;
    page.wait_for_text(SECTION, |text| !text.contains('\n')).await?;
    at_its_word("after undo").await?;
    page.expect_quiet_console().await
}

in_browsers!(who_leaves_is_gone_from_the_text, leave, Chromium WebKit);
async fn leave(kind: Kind) -> Result<()> {
    let mut pair = Pair::meet_in(kind).await?;
    let (a, b, stage) = (&pair.a, &pair.b, &pair.stage);
    b.go_to(SECTION).await?;
    b.keys("Hej").await?;
    a.wait_for_caret(b.name()).await?;
    // A tab is closed.
    b.driver().close_window().await?;
    wait_for_none(a).await?;
    // A socket is cut, without a word.
    let mut eva = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    eva.appear(EVA, SECTION, 1, 1).await?;
    a.wait_for_caret(EVA.0).await?;
    drop(eva);
    wait_for_none(a).await?;
    // One's own connection is lost: nobody knows who is there.
    let mut eva = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    eva.appear(EVA, SECTION, 1, 1).await?;
    a.wait_for_caret(EVA.0).await?;
    pair.stage.server.kill9().await?;
    wait_for_none(&pair.a).await?;
    pair.a.wait_for_people(0).await
}

in_browsers!(a_section_in_which_many_write_is_quiet, crowd_section, Chromium WebKit);
async fn crowd_section(kind: Kind) -> Result<()> {
    let reader = Reader::sit_down(kind).await?;
    let mut crowd = reader.crowd(9).await?;
    let page = &reader.page;
    let seen = |caret: &Value| caret["drawn"] == true && caret["initials"] != "";
    wait_for_carets(page, "nine lines and no names", |carets| {
        let is_bare =
            |caret: &Value| caret["drawn"] == true && caret["initials"] == "" && caret["flag"] == "";
        carets.len() == 9 && carets.iter().all(is_bare)
    })
    .await?;
    // Whom one goes to see is named nevertheless.
    page.click("[data-people]").await?;
    page.click(&format!("[title=\"Gå till C Vall i {HEADING}\"]")).await?;
    wait_for_carets(page, "one flag", |carets| {
        let flags: Vec<_> = carets.iter().filter(|caret| caret["flag"] != "").collect();
        flags.len() == 1 && flags[0]["flag"] == "C Vall · Länsstyrelsen"
    })
    .await?;
    crowd.truncate(6);
    wait_for_carets(page, "six with initials", |carets| carets.len() == 6 && carets.iter().all(seen)).await?;
    page.expect_quiet_console().await
}

in_browsers!(one_goes_to_where_somebody_is, go_to_somebody, Chromium);
async fn go_to_somebody(kind: Kind) -> Result<()> {
    let Reader { page, stage, _browsers } = Reader::sit_down(kind).await?;
    let mut eva = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    eva.insert(SECTION, 0, &"En rad till.\n".repeat(80)).await?;
    eva.appear(EVA, SECTION, 13 * 75, 13 * 75).await?;
    for (screen, stays) in [(LAPTOP, true), (PHONE, false)] {
        page.look_on(screen, Light::Bright).await?;
        page.reload().await?;
        page.wait_for_people(1).await?;
        let in_view =
            |seen: &[Value]| seen.iter().any(|caret| caret["inView"] == true && caret["drawn"] == true);
        let at_first = page.script(SEEN, vec![]).await?;
        ensure!(!in_view(at_first.as_array().context("no list")?), "the caret is out of sight at first");
        page.click("[data-people]").await?;
        page.click(&format!("[title=\"Gå till Eva Jansson i {HEADING}\"]")).await?;
        wait_for_carets(&page, "the caret in view, with its flag", |seen| {
            in_view(seen) && seen[0]["flag"] == "Eva Jansson · SOS Alarm"
        })
        .await?;
        let panels = page.script("return document.querySelectorAll('.panel').length", vec![]).await?;
        ensure!((panels == 1) == stays, "{panels} panels on the {}", screen.name);
    }
    page.expect_quiet_console().await
}

in_browsers!(who_writes_in_a_section_stands_beside_its_heading, stand_beside, Chromium WebKit);
async fn stand_beside(kind: Kind) -> Result<()> {
    let reader = Reader::sit_down(kind).await?;
    let page = &reader.page;
    let look = async || page.script(BESIDE, vec![SECTION.into()]).await;
    let alone = look().await?;
    ensure!(alone["said"] == "" && alone["discs"] == serde_json::json!([]), "{alone}");
    let crowd = reader.crowd(5).await?;
    let all = "Här skriver: A Vall, B Vall, C Vall, D Vall, E Vall";
    page.until("five beside the heading", async || {
        let beside = look().await?;
        let mut names: Vec<_> = beside["said"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("Här skriver: ")
            .split(", ")
            .collect();
        names.sort_unstable();
        let right = all.ends_with(&names.join(", ")) && beside["discs"].as_array().map(Vec::len) == Some(4);
        Ok(Look::at(right && beside["discs"][3] == "+2", || beside.to_string()))
    })
    .await?;
    let beside = look().await?;
    ensure!(beside["heading"] == HEADING, "the heading's name is its own: {beside}");
    ensure!(beside["tops"] == alone["tops"], "nothing moves for them: {alone} {beside}");
    drop(crowd);
    page.until("nobody beside the heading", async || {
        let beside = look().await?;
        Ok(Look::at(beside["said"] == "" && beside["discs"] == alone["discs"], || beside.to_string()))
    })
    .await?;
    page.expect_quiet_console().await
}

in_browsers!(two_of_one_name_are_told_apart_and_a_name_cannot_hide_or_reach_out, name_twice, Chromium WebKit);
async fn name_twice(kind: Kind) -> Result<()> {
    let Reader { page, stage, _browsers } = Reader::sit_down(kind).await?;
    let mut here = Vec::new();
    let zalgo = format!("Z{}o", "\u{489}\u{33F}".repeat(30));
    let people = [
        ("Eva Vall", "MSB"),
        ("Eva\u{200B} Vall", "SMHI"),
        ("Bo", ""),
        ("\u{202E}bo\u{3164}", ""),
        ("Anna Ask", "Region Väst"),
        (&zalgo, ""),
    ];
    for who in people {
        let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
        peer.appear(who, SECTION, 0, 0).await?;
        here.push(peer);
    }
    page.wait_for_people(here.len()).await?;
    page.click("[data-people]").await?;
    let shown = "return [...document.querySelectorAll('.people-list .person')].map(person => [
        person.querySelector('.who').textContent, person.querySelector('.initials').title])";
    page.until("everybody under a name of their own", async || {
        let told = page.script(shown, vec![]).await?;
        let mut titles: Vec<String> = serde_json::from_value::<Vec<(String, String)>>(told.clone())?
            .into_iter()
            .map(|(_, title)| title.to_lowercase())
            .collect();
        titles.sort_unstable();
        titles.dedup();
        let has = |name: &str| titles.iter().any(|title| title == name);
        let zalgo = titles.iter().any(|title| title.starts_with('z') && title.chars().count() <= 5);
        // One's own page counts among those of one name.
        let own = has("anna ask 1") || has("anna ask 2");
        let right = titles.len() == people.len()
            && ["eva vall (msb)", "eva vall (smhi)", "bo 1", "bo 2"].into_iter().all(has)
            && own
            && zalgo;
        Ok(Look::at(right, || told.to_string()))
    })
    .await?;
    // The server tells one's own role, and nobody else's.
    let own = page.script("return document.querySelector('[data-own-role]').textContent", vec![]).await?;
    ensure!(own == "Du skriver", "{own}");
    page.expect_quiet_console().await
}
