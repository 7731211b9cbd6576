//! Scenario 15: what a person sees as one character is never split, whatever it is made of.

use anyhow::Result;
use samsyn_shared::Role;
use samsyn_tests::browser::Kind;
use samsyn_tests::peer::Dialect;
use samsyn_tests::shown::Selected;
use thirtyfour::Key;

use super::{SECTION, put_caret};
use crate::stage::{Pair, in_browsers};

const FAMILY: &str = "👨‍👩‍👧‍👦";
/// `å` as an `a` and a ring.
const RING: &str = "a\u{30a}";

/// Somebody else writes this, which no key gives.
async fn written(pair: &Pair, text: &str) -> Result<()> {
    let mut peer = pair.stage.peer(Role::Editor, Dialect::Samsyn).await?;
    peer.insert(SECTION, 0, text).await?;
    peer.leave_once_saved().await?;
    assert_eq!(pair.agree_on(SECTION).await?, text);
    Ok(())
}

fn units(text: &str) -> u64 {
    text.encode_utf16().count() as u64
}

in_browsers!(scenario_15_arrows_step_over_whole_graphemes, step_over);
async fn step_over(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let parts = ["x", "😀", FAMILY, RING, "y"];
    written(&pair, &parts.concat()).await?;
    put_caret(&pair.a, 0).await?;
    let mut at = 0;
    for part in parts {
        pair.a.press(&[], Key::Right).await?;
        at += units(part);
        pair.a.wait_for_selected(SECTION, Selected::caret(at)).await?;
    }
    for part in parts.iter().rev() {
        pair.a.press(&[], Key::Left).await?;
        at -= units(part);
        pair.a.wait_for_selected(SECTION, Selected::caret(at)).await?;
    }
    pair.end_with(SECTION, &parts.concat()).await
}

in_browsers!(scenario_15_backspace_and_delete_take_whole_graphemes, take_whole);
async fn take_whole(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let parts = ["x", RING, "😀", FAMILY, "y", FAMILY, RING, "z"];
    written(&pair, &parts.concat()).await?;
    put_caret(&pair.a, 4).await?;
    for left in [3, 2, 1] {
        pair.a.press(&[], Key::Backspace).await?;
        assert_eq!(pair.agree_on(SECTION).await?, [&parts[..left], &parts[4..]].concat().concat());
    }
    pair.a.press(&[], Key::Right).await?;
    for right in [6, 7] {
        pair.a.press(&[], Key::Delete).await?;
        let left = [&["x", "y"], &parts[right..]].concat().concat();
        assert_eq!(pair.agree_on(SECTION).await?, left);
    }
    pair.end_with(SECTION, "xyz").await
}

in_browsers!(scenario_15_what_comes_beside_a_grapheme_leaves_it_whole, write_beside);
async fn write_beside(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    written(&pair, &format!("{FAMILY}{RING}")).await?;
    put_caret(&pair.a, 1).await?;
    let between = Selected::caret(units(FAMILY));
    pair.a.wait_for_selected(SECTION, between).await?;
    put_caret(&pair.b, 0).await?;
    pair.b.keys("före ").await?;
    let moved = Selected::caret(between.head + 5);
    pair.a.wait_for_selected(SECTION, moved).await?;
    pair.b.press(&[], Key::End).await?;
    pair.b.keys(" efter").await?;
    pair.a.wait_for_text(SECTION, |text| text.ends_with("efter")).await?;
    assert_eq!(pair.a.selected(SECTION).await?, Some(moved));
    tokio::try_join!(pair.a.keys("AAA"), pair.b.keys("!"))?;
    pair.end_with(SECTION, &format!("före {FAMILY}AAA{RING} efter!")).await
}

#[tokio::test]
async fn scenario_15_one_emoji_in_the_place_of_another_of_the_same_half_is_whole() -> Result<()> {
    let pair = Pair::meet().await?;
    written(&pair, "a😀b").await?;
    put_caret(&pair.a, 1).await?;
    pair.a.press(&[Key::Shift], Key::Right).await?;
    pair.a.wait_for_selected(SECTION, Selected { anchor: 1, head: 3 }).await?;
    // The two share their first surrogate.
    pair.a.compose_end("😁").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "a😁b");
    pair.a.compose(&["😂"], "😂").await?;
    pair.end_with(SECTION, "a😁😂b").await
}
