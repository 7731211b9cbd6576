//! Every attack by hand against the real server, over a real socket, with decent people in the same room: the
//! one who sends it is told no or closed, and nobody else notices.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use samsyn_shared::sync::protocol::{CloseCode, Message, refusal};
use samsyn_shared::text::delta::{Op, visible_lines};
use samsyn_shared::{Role, WriteNumber};
use samsyn_tests::attack::{Attack, SentAs, Verdict, attacks};
use samsyn_tests::browser::Browsers;
use samsyn_tests::peer::{Dialect, Heard, Peer};
use samsyn_tests::shown;

use crate::stage::Stage;
use crate::wire::Witnesses;

/// What the process may take on top of what it had, in bytes: a few messages of the largest attacks.
const GROWTH: u64 = 64 << 20;

/// The number that each attack is sent with, by a connection that sends nothing else.
const NUMBER: WriteNumber = WriteNumber(1);

fn message(attack: &Attack, dialect: Dialect) -> Message {
    let bytes = Bytes::from(attack.bytes.clone());
    match (attack.sent_as, dialect) {
        (SentAs::Update, Dialect::Stock) => Message::Update(bytes),
        (SentAs::Update, Dialect::Samsyn) => Message::Write(NUMBER, bytes),
        (SentAs::Vector, _) => Message::Step1(bytes),
        (SentAs::Presence, _) => Message::Presence(bytes),
    }
}

/// Sends an attack, and waits for the answer that it deserves.
async fn attack(hostile: &mut Peer, attack: &Attack, dialect: Dialect) -> Result<()> {
    hostile.send(&message(attack, dialect)).await?;
    // Whoever stays is answered.
    hostile.send(&Message::QueryPresence).await.ok();
    let mut refused = false;
    loop {
        match hostile.hear().await? {
            Heard::Closed(code) => {
                ensure!(attack.verdict == Verdict::Malformed, "closed with {code:?}");
                ensure!(code == Some(CloseCode::Undecodable.number()), "closed with {code:?}");
                return Ok(());
            }
            Heard::Message(Message::Refused(NUMBER, code)) => {
                ensure!(code == refusal::INVALID && dialect == Dialect::Samsyn, "refused with {code}");
                refused = true;
            }
            Heard::Message(Message::Denied(code)) => {
                ensure!(code == refusal::INVALID && dialect == Dialect::Stock, "denied with {code}");
                refused = true;
            }
            Heard::Message(Message::Presence(_)) => {
                ensure!(attack.verdict != Verdict::Malformed, "it was taken for something");
                ensure!(refused == (attack.verdict == Verdict::Forbidden), "refused: {refused}");
                return Ok(());
            }
            Heard::Message(Message::Update(update)) => bail!("{update:?} came of it"),
            Heard::Message(_) => {}
        }
    }
}

#[tokio::test]
async fn every_attack_is_answered_and_only_the_attacker_notices() -> Result<()> {
    let mut stage = Stage::set().await?;
    let before = stage.api.export(&stage.malbild, "json").await?;
    let calm = stage.server.peak_memory()?;
    for dialect in [Dialect::Stock, Dialect::Samsyn] {
        for each in attacks() {
            // Before the handshake of the library is over, so that what is heard comes of the attack alone.
            let token = stage.malbild.token(Role::Editor);
            let mut hostile = Peer::join(&stage.server, &stage.malbild, token, dialect).await?;
            attack(&mut hostile, &each, dialect)
                .await
                .with_context(|| format!("{dialect:?}: {}", each.name))?;
        }
    }
    let grown = stage.server.peak_memory()?.saturating_sub(calm);
    ensure!(grown < GROWTH, "the server took {grown} bytes more");
    assert_eq!(stage.api.export(&stage.malbild, "json").await?, before);
    Witnesses::of(&stage).await?.still_work().await?;
    // What is on disk after it loads, and is the same.
    let after = stage.api.export(&stage.malbild, "json").await?;
    stage.server.kill9().await?;
    stage.server.restart().await?;
    assert_eq!(stage.api.export(&stage.malbild, "json").await?, after);
    Ok(())
}

#[tokio::test]
async fn people_in_the_room_write_on_while_it_is_attacked() -> Result<()> {
    let stage = Stage::set().await?;
    let mut witnesses = Witnesses::of(&stage).await?;
    for each in attacks().iter().filter(|attack| attack.bytes.len() < 100_000).step_by(7) {
        let mut hostile = stage.peer(Role::Editor, Dialect::Stock).await?;
        hostile.send(&message(each, Dialect::Stock)).await?;
        witnesses.still_work().await.with_context(|| each.name.clone())?;
    }
    Ok(())
}

/// A foreign editor may take half of a character for one. Every replica then has two replacement characters,
/// of which no event tells.
#[tokio::test]
async fn a_character_that_was_cut_in_half_is_shown_as_what_became_of_it() -> Result<()> {
    const SECTION: &str = "text";
    let browsers = Browsers::start().await?;
    let stage = Stage::with("tom").await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.go_to(SECTION).await?;
    page.keys("a😀😀b😀c😀").await?;
    page.wait_for_status("saved").await?;
    let mut hostile = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let bold = Op::Retain { retain: 10, attributes: [("bold".to_owned(), true.into())].into() };
    for (at, op) in [(2, Op::insert("x")), (5, Op::insert("\n")), (9, Op::delete(2)), (0, bold)] {
        hostile.change(SECTION, at, std::slice::from_ref(&op)).await?;
        let wanted = visible_lines(&hostile.inserts(SECTION)?);
        page.wait_for_held(SECTION, |held| shown::lines(held).is_ok_and(|lines| lines == wanted)).await?;
        ensure!(page.script("return samsynSurface.verify()", vec![]).await? == true, "{at} {op:?}");
    }
    page.keys("!").await?;
    page.wait_for_status("saved").await?;
    page.expect_quiet_console().await
}
