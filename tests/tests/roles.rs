//! What each role may do on the socket.

use anyhow::{Context, Result};
use samsyn_shared::Role;
use samsyn_shared::sync::protocol::{Message, refusal};
use samsyn_tests::peer::{Dialect, Peer};

use crate::stage::Stage;

const SECTION: &str = "kommunikationsmal";

#[tokio::test]
async fn an_editor_writes_and_everybody_reads_it() -> Result<()> {
    let stage = Stage::set().await?;
    let mut readers = Vec::new();
    for role in Role::ALL {
        for dialect in [Dialect::Stock, Dialect::Samsyn] {
            readers.push(stage.peer(role, dialect).await?);
        }
    }
    let mut editor = stage.peer(Role::Editor, Dialect::Stock).await?;
    editor.insert(SECTION, 0, "Håll er informerade").await?;
    for reader in &mut readers {
        reader.wait_for_text(SECTION, |text| text == "Håll er informerade\n").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_stock_reader_who_writes_is_denied_and_goes_on_reading() -> Result<()> {
    for role in [Role::Reader, Role::Commenter] {
        let stage = Stage::set().await?;
        let mut reader = stage.peer(role, Dialect::Stock).await?;
        let mut editor = stage.peer(Role::Editor, Dialect::Samsyn).await?;
        reader.insert(SECTION, 0, "smuggel").await?;
        reader.wait_for("auth (2)", |message| matches!(message, Message::Denied(_)).then_some(())).await?;
        let wrote = editor.insert(SECTION, 0, "äkta").await?.context("no number")?;
        editor.wait_for("saved", |message| (message == &Message::Saved(wrote)).then_some(())).await?;
        // What the reader smuggled is in its own replica; the editor's words still reach it.
        reader.wait_for_text(SECTION, |text| text.contains("äkta")).await?;
        assert_eq!(editor.text(SECTION)?, "äkta\n", "as {role}");
        assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, "äkta\n", "as {role}");
    }
    Ok(())
}

#[tokio::test]
async fn a_reader_of_ours_who_writes_is_refused_by_number() -> Result<()> {
    let stage = Stage::set().await?;
    let mut reader = stage.peer(Role::Reader, Dialect::Samsyn).await?;
    let number = reader.insert(SECTION, 0, "smuggel").await?.context("no number")?;
    let code = reader
        .wait_for("refused", |message| match message {
            Message::Refused(refused, code) if *refused == number => Some(code.clone()),
            _ => None,
        })
        .await?;
    assert_eq!(code, refusal::ROLE);
    assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, "\n");
    Ok(())
}

#[tokio::test]
async fn a_reader_who_has_nothing_new_is_not_denied_at_the_handshake() -> Result<()> {
    let stage = Stage::with("exempel-snoovader").await?;
    let mut reader = stage.peer(Role::Reader, Dialect::Stock).await?;
    // The second step 1 brings all of it once more, in a step 2 with the whole delete set.
    reader.shake_hands().await?;
    let mut editor = stage.peer(Role::Editor, Dialect::Stock).await?;
    editor.insert("samordnade-budskap", 0, "Stanna hemma").await?;
    let denied = |message: &Message| matches!(message, Message::Denied(_)).then_some("denied");
    let updated = |message: &Message| matches!(message, Message::Update(_)).then_some("updated");
    let first = reader.wait_for("an update", |message| denied(message).or(updated(message))).await?;
    assert_eq!(first, "updated");
    Ok(())
}

#[tokio::test]
async fn a_wrong_token_gets_404_instead_of_a_socket() -> Result<()> {
    let stage = Stage::set().await?;
    let other = stage.api.create("tom", "En annan").await?;
    let id = &stage.malbild.id;
    for room in [
        format!("{id}/content"),
        format!("{id}/content?token=wrong"),
        format!("{id}/content?token={}", other.token(Role::Owner)),
        format!("AAAAAAAAAAAAAAAA/content?token={}", stage.malbild.token(Role::Owner)),
    ] {
        let refused = Peer::knock(&stage.server, &room, Dialect::Stock, &[]).await?.err();
        assert_eq!(refused, Some(404), "{room}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_site_gets_no_socket() -> Result<()> {
    let stage = Stage::set().await?;
    let room = format!("{}/content?token={}", stage.malbild.id, stage.malbild.token(Role::Editor));
    let own = stage.server.url();
    for (origin, expected) in [("https://evil.example", Some(403)), (own.as_str(), None)] {
        let answer = Peer::knock(&stage.server, &room, Dialect::Stock, &[("origin", origin)]).await?;
        assert_eq!(answer.err(), expected, "{origin}");
    }
    Ok(())
}
