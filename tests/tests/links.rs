//! Links by keyboard and by pointer: added, led elsewhere, opened, removed, undone; and addresses that a page
//! must not follow.

use anyhow::Result;
use samsyn_shared::Role;
use samsyn_tests::browser::Kind;
use samsyn_tests::page::Page;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::stage::{Pair, in_browsers};

const SECTION: &str = "overgripande-beskrivning";
const ADDRESS: &str = "[data-field=link-address]";

fn linked(text: &str, to: &str) -> Value {
    json!({"insert": text, "attributes": {"link": to}})
}

/// Waits until the keyboard is in the element that this finds.
async fn wait_for_focus(page: &Page, selector: &str) -> Result<()> {
    page.until(&format!("the focus in {selector}"), async || {
        let script =
            "return [document.activeElement.matches(arguments[0]), document.activeElement.outerHTML]";
        let focus = page.script(script, vec![selector.into()]).await?;
        Ok(Look::at(focus[0] == true, || focus[1].to_string()))
    })
    .await
}

/// Opens the form with its key.
async fn ask(page: &Page) -> Result<()> {
    page.press(&[Key::Control], 'k').await?;
    wait_for_focus(page, ADDRESS).await
}

async fn wait_for_no(page: &Page, selector: &str) -> Result<()> {
    page.until(&format!("no {selector}"), async || {
        let shown = page.script(
            "return !!document.querySelector(arguments[0])?.checkVisibility()",
            vec![selector.into()],
        );
        Ok(Look::at(shown.await? == false, || "one".to_owned()))
    })
    .await
}

/// Types a line in A's page, and selects its last characters.
async fn selected(kind: Kind, text: &str, last: usize) -> Result<Pair> {
    let pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys(text).await?;
    pair.a.press_times(&[Key::Shift], Key::Left, last).await?;
    Ok(pair)
}

in_browsers!(a_link_is_added_changed_removed_and_undone_by_keyboard_alone, link_by_keyboard, Chromium WebKit);
async fn link_by_keyboard(kind: Kind) -> Result<()> {
    let pair = selected(kind, "läs mer här", 3).await?;
    ask(&pair.a).await?;
    assert!(pair.a.words(".link-what").await?.contains("”här”"));
    // Escape leaves the text as it is, and the keyboard is in it again.
    pair.a.press(&[], Key::Escape).await?;
    wait_for_focus(&pair.a, "[role=textbox]").await?;
    pair.agree_that(SECTION, json!([{"insert": "läs mer här\n"}])).await?;
    ask(&pair.a).await?;
    pair.a.keys("www.smhi.se").await?;
    pair.a.press(&[], Key::Enter).await?;
    wait_for_focus(&pair.a, "[role=textbox]").await?;
    let first = json!([{"insert": "läs mer "}, linked("här", "https://www.smhi.se"), {"insert": "\n"}]);
    pair.agree_that(SECTION, first.clone()).await?;
    assert_eq!(pair.b.count_in(SECTION, "a[href='https://www.smhi.se']").await?, 1);
    // What is typed at its end is no link.
    pair.a.press(&[], Key::End).await?;
    pair.a.keys("!").await?;
    pair.agree_that(
        SECTION,
        json!([{"insert": "läs mer "}, linked("här", "https://www.smhi.se"), {"insert": "!\n"}]),
    )
    .await?;
    pair.a.press(&[], Key::Backspace).await?;
    // The caret in the link: its address beside it, and the form holds it.
    pair.a.press(&[], Key::Left).await?;
    assert_eq!(pair.a.words(".link-what").await?, "https://www.smhi.se");
    ask(&pair.a).await?;
    pair.a.press(&[Key::Control], 'a').await?;
    pair.a.keys("tib@lansstyrelsen.se").await?;
    pair.a.press(&[], Key::Enter).await?;
    let mail =
        json!([{"insert": "läs mer "}, linked("här", "mailto:tib@lansstyrelsen.se"), {"insert": "\n"}]);
    pair.agree_that(SECTION, mail).await?;
    pair.a.press(&[Key::Control], 'z').await?;
    pair.agree_that(SECTION, first).await?;
    ask(&pair.a).await?;
    // Tab leads from the address to what removes the link.
    pair.a.press_times(&[], Key::Tab, 3).await?;
    wait_for_focus(&pair.a, "[data-action=link-remove]").await?;
    pair.a.press(&[], Key::Enter).await?;
    wait_for_focus(&pair.a, "[role=textbox]").await?;
    pair.agree_that(SECTION, json!([{"insert": "läs mer här\n"}])).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(without_a_selection_the_form_asks_for_the_words_and_refuses_what_is_no_address, link_without_a_selection, Chromium WebKit);
async fn link_without_a_selection(kind: Kind) -> Result<()> {
    let pair = selected(kind, "se ", 0).await?;
    pair.a.act("link").await?;
    wait_for_focus(&pair.a, ADDRESS).await?;
    for (address, words) in
        [("javascript:alert(1)", "webbsida eller en e-postadress"), ("två ord", "ingen adress")]
    {
        pair.a.press(&[Key::Control], 'a').await?;
        pair.a.keys(address).await?;
        pair.a.press(&[], Key::Enter).await?;
        let problem = pair.a.visible("#link-problem").await?.text().await?;
        assert!(problem.contains(words), "{address}: {problem}");
        wait_for_focus(&pair.a, ADDRESS).await?;
    }
    pair.a.press(&[Key::Control], 'a').await?;
    pair.a.keys("krisinformation.se").await?;
    pair.a.press(&[], Key::Tab).await?;
    wait_for_focus(&pair.a, "[data-field=link-text]").await?;
    pair.a.keys("Krisinformation").await?;
    pair.a.press(&[], Key::Enter).await?;
    let link = linked("Krisinformation", "https://krisinformation.se");
    pair.agree_that(SECTION, json!([{"insert": "se "}, link, {"insert": "\n"}])).await?;
    // The caret is behind it, and what is typed there is text.
    pair.a.keys(" nu").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "se Krisinformation nu");
    pair.expect_quiet_consoles().await
}

in_browsers!(an_address_that_is_pasted_leads_where_it_says_and_onto_words_it_leads_them, paste_an_address, Chromium WebKit);
async fn paste_an_address(kind: Kind) -> Result<()> {
    let pair = selected(kind, "https://www.msb.se/", 19).await?;
    pair.a.press(&[Key::Control], 'x').await?;
    pair.a.keys("här ").await?;
    pair.a.press(&[Key::Control], 'v').await?;
    let msb = "https://www.msb.se/";
    pair.agree_that(SECTION, json!([{"insert": "här "}, linked(msb, msb), {"insert": "\n"}])).await?;
    pair.a.press(&[], Key::Home).await?;
    pair.a.press_times(&[Key::Shift], Key::Right, 3).await?;
    pair.a.press(&[Key::Control], 'v').await?;
    pair.agree_that(
        SECTION,
        json!([linked("här", msb), {"insert": " "}, linked(msb, msb), {"insert": "\n"}]),
    )
    .await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(a_click_in_a_link_places_the_caret_and_with_ctrl_it_opens_it, click_in_a_link, Chromium WebKit);
async fn click_in_a_link(kind: Kind) -> Result<()> {
    let pair = selected(kind, "här", 3).await?;
    ask(&pair.a).await?;
    pair.a.keys(&format!("{}/health", pair.stage.server.url().trim_end_matches('/'))).await?;
    pair.a.press(&[], Key::Enter).await?;
    let link = "[role=textbox] a[href]";
    pair.a.visible(link).await?;
    let windows = async || anyhow::Ok(pair.a.driver().windows().await?.len());
    let before = windows().await?;
    pair.a.click(link).await?;
    pair.a.visible("[data-action=link-open]").await?;
    assert_eq!(windows().await?, before);
    let element = pair.a.visible(link).await?;
    pair.a
        .driver()
        .action_chain()
        .key_down(Key::Control)
        .click_element(&element)
        .key_up(Key::Control)
        .perform()
        .await?;
    pair.a
        .until("another window", async || {
            let now = windows().await?;
            Ok(Look::at(now == before + 1, || now.to_string()))
        })
        .await?;
    Ok(())
}

in_browsers!(a_readers_link_opens_and_cannot_be_changed, read_a_link, Chromium WebKit);
async fn read_a_link(kind: Kind) -> Result<()> {
    let pair = selected(kind, "här", 3).await?;
    ask(&pair.a).await?;
    pair.a.keys("smhi.se").await?;
    pair.a.press(&[], Key::Enter).await?;
    pair.agree_on(SECTION).await?;
    pair.b.driver().delete_all_cookies().await?;
    pair.b.open(pair.stage.malbild.link(Role::Reader)).await?;
    pair.b.wait_for_status("readonly").await?;
    assert_eq!(pair.b.attribute("[role=textbox] a", "target").await?.as_deref(), Some("_blank"));
    wait_for_no(&pair.b, "[data-action=link-edit]").await?;
    pair.b.press(&[Key::Control], 'k').await?;
    wait_for_no(&pair.b, ".link-box").await
}

in_browsers!(scenario_13_an_address_that_another_client_wrote_is_text_when_a_browser_would_run_it, keep_out_what_runs, Chromium WebKit);
async fn keep_out_what_runs(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let mut peer = pair.stage.peer(Role::Editor, samsyn_tests::peer::Dialect::Stock).await?;
    let link = linked("farlig", "javascript:window.ran=1");
    peer.change(SECTION, 0, &serde_json::from_value::<Vec<_>>(json!([link, {"insert": " rad"}]))?).await?;
    for page in [&pair.a, &pair.b] {
        page.wait_for_text(SECTION, |text| text.contains("farlig rad")).await?;
        assert_eq!(page.count_in(SECTION, ":is(a, [href])").await?, 0);
    }
    pair.a.go_to(SECTION).await?;
    pair.a.press(&[Key::Control], Key::Home).await?;
    pair.a.press(&[], Key::Right).await?;
    pair.a.painted().await?;
    wait_for_no(&pair.a, "[data-action=link-open]").await?;
    pair.expect_quiet_consoles().await
}
