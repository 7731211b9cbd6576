//! What the server makes of frames, decent and hostile. Whoever sends the hostile ones is the only one
//! who notices.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use samsyn_shared::Role;
use samsyn_shared::sync::protocol::{CloseCode, Message};
use samsyn_shared::text::delta::Op;
use samsyn_tests::peer::{Dialect, Heard, Peer};

use crate::stage::Stage;

const SECTION: &str = "kommunikationsmal";

/// Two who write to each other through the room, to see that it works.
pub(crate) struct Witnesses {
    one: Peer,
    two: Peer,
    said: String,
}

impl Witnesses {
    pub(crate) async fn of(stage: &Stage) -> Result<Self> {
        let one = stage.peer(Role::Editor, Dialect::Samsyn).await?;
        let two = stage.peer(Role::Editor, Dialect::Stock).await?;
        Ok(Self { one, two, said: String::new() })
    }

    /// Each says something, and the other hears it. All of it is on disk then: that is what the stock client's
    /// echo says.
    pub(crate) async fn still_work(&mut self) -> Result<()> {
        self.said.insert(0, 'x');
        self.one.insert(SECTION, 0, "x").await?;
        let now = format!("{}\n", self.said);
        self.two.wait_for_text(SECTION, |text| text == now).await?;
        self.said.insert(0, 'y');
        self.two.insert(SECTION, 0, "y").await?;
        let now = format!("{}\n", self.said);
        self.one.wait_for_text(SECTION, |text| text == now).await?;
        self.two.wait_for("its echo", |message| matches!(message, Message::Update(_)).then_some(())).await
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_close_that_connection_and_no_other() -> Result<()> {
    let stage = Stage::set().await?;
    let mut witnesses = Witnesses::of(&stage).await?;
    let huge_length: &[u8] = &[0, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1];
    let hello: &[u8] = &[100, 1, 1, 1, 1, 1];
    for dialect in [Dialect::Stock, Dialect::Samsyn] {
        for bytes in
            [&[][..], &[9], &[0], &[0, 9, 0], &[0, 2, 5, 1], &[1, 3, 1], &[0xFF; 16], huge_length, hello]
        {
            let mut hostile = stage.peer(Role::Editor, dialect).await?;
            hostile.send_bytes(Bytes::copy_from_slice(bytes)).await?;
            let code = hostile.wait_for_close().await?;
            assert_eq!(code, Some(CloseCode::Undecodable.number()), "{dialect:?} sent {bytes:?}");
        }
    }
    witnesses.still_work().await
}

#[tokio::test]
async fn a_text_frame_closes_that_connection_and_no_other() -> Result<()> {
    let stage = Stage::set().await?;
    let mut witnesses = Witnesses::of(&stage).await?;
    let mut hostile = stage.peer(Role::Editor, Dialect::Stock).await?;
    hostile.send_text("hej").await?;
    assert_eq!(hostile.wait_for_close().await?, Some(CloseCode::Undecodable.number()));
    witnesses.still_work().await
}

/// Waits until a connection was told no: by auth (2), by a refusal, or by a close code.
async fn told_no(peer: &mut Peer) -> Result<()> {
    loop {
        match peer.hear().await? {
            Heard::Message(Message::Denied(_) | Message::Refused(_, _)) => return Ok(()),
            Heard::Message(_) => {}
            Heard::Closed(Some(code)) if code >= 4000 => return Ok(()),
            Heard::Closed(code) => bail!("closed with {code:?}"),
        }
    }
}

#[tokio::test]
async fn an_update_that_is_cut_short_is_answered_and_changes_nothing() -> Result<()> {
    let stage = Stage::set().await?;
    let mut witnesses = Witnesses::of(&stage).await?;
    for end in [1, 2, 5, 9] {
        let mut hostile = stage.peer(Role::Editor, Dialect::Stock).await?;
        let update = hostile.change_unsent(SECTION, 0, &[Op::insert("avhugget")])?;
        hostile.send(&Message::Update(Bytes::copy_from_slice(&update[..end]))).await?;
        told_no(&mut hostile).await.with_context(|| format!("cut at {end}"))?;
    }
    witnesses.still_work().await
}

#[tokio::test]
async fn updates_that_once_broke_yrs_are_answered_and_break_nothing() -> Result<()> {
    let stage = Stage::set().await?;
    let before = stage.api.export(&stage.malbild, "json").await?;
    let known = include_str!("../../shared/src/room/hostile_updates.txt");
    for line in known.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let bytes = hex(line).with_context(|| format!("no hex: {line}"))?;
        for dialect in [Dialect::Stock, Dialect::Samsyn] {
            let mut hostile = stage.peer(Role::Editor, dialect).await?;
            hostile.send(&Message::Update(bytes.clone())).await?;
            // Answered in whatever way, or it brought nothing: what follows is answered all the same.
            hostile.send(&Message::QueryPresence).await?;
        }
    }
    assert_eq!(stage.api.export(&stage.malbild, "json").await?, before);
    Witnesses::of(&stage).await?.still_work().await
}

fn hex(text: &str) -> Option<Bytes> {
    let digits: Vec<u8> =
        text.trim().chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + digit)).collect())
}

#[tokio::test]
async fn a_gap_is_answered_with_step_1_and_healed_by_the_answer() -> Result<()> {
    let stage = Stage::set().await?;
    let mut early = stage.peer(Role::Editor, Dialect::Stock).await?;
    let mut other = stage.peer(Role::Editor, Dialect::Stock).await?;
    // The first update is never sent; the second one needs it.
    early.change_unsent(SECTION, 0, &[Op::insert("först")])?;
    early.insert(SECTION, 5, " sedan").await?;
    early.wait_for("step 1", |message| matches!(message, Message::Step1(_)).then_some(())).await?;
    other.wait_for_text(SECTION, |text| text == "först sedan\n").await?;
    Ok(())
}

#[tokio::test]
async fn an_update_before_any_handshake_is_taken() -> Result<()> {
    let stage = Stage::set().await?;
    let mut reader = stage.peer(Role::Reader, Dialect::Stock).await?;
    let token = stage.malbild.token(Role::Editor);
    let mut hasty = Peer::connect(&stage.server, &stage.malbild, token, Dialect::Stock).await?;
    hasty.insert("overgripande-beskrivning", 0, "bråttom").await?;
    reader.wait_for_text("overgripande-beskrivning", |text| text.contains("bråttom")).await?;
    Ok(())
}

#[tokio::test]
async fn a_stock_client_hears_its_own_update_once_it_is_on_disk_and_none_of_our_messages() -> Result<()> {
    let stage = Stage::set().await?;
    let mut stock = stage.peer(Role::Editor, Dialect::Stock).await?;
    let update = stock.change_unsent(SECTION, 0, &[Op::insert("kvitto")])?;
    stock.send(&Message::Update(update.into())).await?;
    loop {
        match stock.hear().await? {
            Heard::Message(Message::Update(_)) => break,
            Heard::Message(Message::Step1(_) | Message::Step2(_) | Message::Presence(_)) => {}
            other => bail!("a stock client was sent {other:?}"),
        }
    }
    assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, "kvitto\n");
    Ok(())
}

#[tokio::test]
async fn presence_reaches_the_others_and_goes_with_its_connection() -> Result<()> {
    let stage = Stage::set().await?;
    let mut one = stage.peer(Role::Reader, Dialect::Stock).await?;
    let mut two = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let state = r##"{"user":{"name":"Åsa","color":"#123456","organisation":"SOS"},"cursor":null}"##;
    one.announce(state).await?;
    let client = one.client();
    let seen = two.wait_for_presence(|entry| entry.client == client).await?;
    assert_eq!(seen.state, state);
    // Whoever comes later is told too.
    let token = stage.malbild.token(Role::Reader);
    let mut late = Peer::connect(&stage.server, &stage.malbild, token, Dialect::Stock).await?;
    assert_eq!(late.wait_for_presence(|entry| entry.client == client).await?.state, state);
    one.leave().await?;
    two.wait_for_presence(|entry| entry.client == client && entry.state == "null").await?;
    Ok(())
}
