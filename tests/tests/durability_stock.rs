//! npm's `y-websocket`, unchanged, over a server that is killed, and beside one of ours.

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::node::StockClient;
use samsyn_tests::peer::Dialect;
use samsyn_tests::until::{Look, until};
use samsyn_tests::writer::{Writer, words_in};
use serde_json::{Value, json};

use crate::stage::Stage;

const SECTION: &str = "kommunikationsmal";

/// The words `<name.1>` to `<name.count>`.
fn words(name: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("<{name}.{number}>")).collect()
}

/// What a delta without formats says.
fn said(delta: &Value) -> String {
    let inserts = delta.as_array().into_iter().flatten().filter_map(|op| op["insert"].as_str());
    inserts.collect()
}

/// Checks that a text holds each of the words once, and nothing else.
fn expect_each_once(text: &str, expected: &[Vec<String>]) -> Result<()> {
    let held = words_in(text);
    for word in expected.iter().flatten() {
        ensure!(held.get(word.as_str()) == Some(&1), "{word} is there {:?} times", held.get(word.as_str()));
    }
    ensure!(held.len() == expected.iter().map(Vec::len).sum::<usize>(), "more is there: {text}");
    ensure!(text.len() == held.keys().map(|word| word.len()).sum::<usize>() + 1, "torn: {text}");
    Ok(())
}

/// Types words at the beginning of the section, one change a word.
async fn type_words(client: &mut StockClient, words: &[String]) -> Result<()> {
    for word in words {
        client.change(SECTION, json!([{"insert": word}])).await?;
    }
    Ok(())
}

async fn wait_for_text(client: &mut StockClient, text: &str) -> Result<()> {
    let question = json!({"do": "delta", "section": SECTION});
    client.wait_for(question, |delta| said(delta) == text).await.map(drop)
}

#[tokio::test]
async fn a_stock_client_types_on_over_kill_9_and_all_of_it_arrives() -> Result<()> {
    let mut stage = Stage::set().await?;
    let token = stage.malbild.token(Role::Editor).to_owned();
    let (mut one, mut two) = tokio::try_join!(
        StockClient::join(&stage.server, &stage.malbild, &token),
        StockClient::join(&stage.server, &stage.malbild, &token),
    )?;
    let (of_one, of_two) = (words("a", 90), words("b", 90));
    for third in 0..3 {
        let (of_one, of_two) = (&of_one[third * 30..][..30], &of_two[third * 30..][..30]);
        tokio::try_join!(type_words(&mut one, &of_one[..20]), type_words(&mut two, &of_two[..20]))?;
        // Killed with some of it on its way, and typed on while nobody answers.
        stage.server.kill9().await?;
        tokio::try_join!(type_words(&mut one, &of_one[20..]), type_words(&mut two, &of_two[20..]))?;
        stage.server.restart().await?;
        for client in [&mut one, &mut two] {
            client.wait_for(json!({"do": "heard"}), |heard| heard["connected"] == true).await?;
        }
    }
    let expected = [of_one, of_two];
    let text = until("all words at the server", async || {
        let text = stage.api.text(&stage.malbild, SECTION).await?;
        let count = words_in(&text).len();
        Ok(if count == 180 { Look::Yes(text) } else { Look::NotYet(format!("{count} words")) })
    })
    .await?;
    expect_each_once(&text, &expected)?;
    wait_for_text(&mut one, &text).await?;
    wait_for_text(&mut two, &text).await?;
    for client in [&mut one, &mut two] {
        let heard = client.ask(json!({"do": "heard"})).await?;
        ensure!(heard["closes"].as_array().is_some_and(|closes| closes.len() >= 3), "never cut: {heard}");
        ensure!(heard["denied"] == json!([]), "{heard}");
    }
    // And it is on disk, not only in the room that they filled again.
    let question = json!({"do": "delta", "section": SECTION});
    let held = said(&one.ask(question).await?);
    let mut fresh = stage.peer(Role::Reader, Dialect::Stock).await?;
    fresh.wait_for_text(SECTION, |text| text == held).await?;
    stage.server.kill9().await?;
    drop((one, two));
    stage.server.restart().await?;
    assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, held);
    Ok(())
}

#[tokio::test]
async fn two_stock_clients_and_one_of_ours_type_at_once_and_end_equal() -> Result<()> {
    const COUNT: usize = 100;
    let stage = Stage::set().await?;
    let token = stage.malbild.token(Role::Editor);
    let (mut one, mut two, mut ours) = tokio::try_join!(
        StockClient::join(&stage.server, &stage.malbild, token),
        StockClient::join(&stage.server, &stage.malbild, token),
        Writer::join(&stage.server, &stage.malbild, token, "c", SECTION),
    )?;
    let expected = [words("a", COUNT), words("b", COUNT), words("c", COUNT)];
    let typing_ours = async {
        for _ in 0..COUNT {
            ours.type_word().await?;
            // Listens as it types, so its words and theirs are entangled.
            ours.hear().await?.context("the socket closed")?;
        }
        ours.wait_until_saved().await
    };
    tokio::try_join!(type_words(&mut one, &expected[0]), type_words(&mut two, &expected[1]), typing_ours)?;
    let all = expected.concat();
    for word in &all {
        ours.wait_for_word(SECTION, word).await?;
    }
    let text = ours.text(SECTION)?;
    expect_each_once(&text, &expected)?;
    wait_for_text(&mut one, &text).await?;
    wait_for_text(&mut two, &text).await?;
    // Each of the two sees itself only once it is on disk, so by now the server has it all.
    assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, text);
    for client in [&mut one, &mut two] {
        let heard = client.ask(json!({"do": "heard"})).await?;
        assert_eq!((&heard["closes"], &heard["denied"]), (&json!([]), &json!([])), "{heard}");
    }
    Ok(())
}
