//! Clients that nobody here wrote: npm's `yjs` and `y-websocket`, unchanged, in the same målbild.

use anyhow::Result;
use samsyn_shared::Role;
use samsyn_tests::browser::Browsers;
use samsyn_tests::node::StockClient;
use serde_json::json;
use thirtyfour::Key;

use crate::stage::Stage;

const SECTION: &str = "kommunikationsmal";

#[tokio::test]
async fn a_stock_y_websocket_client_reads_and_writes_the_same_malbild() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.go_to(SECTION).await?;
    page.keys("Skrivet i webbläsaren").await?;
    page.wait_for_status("saved").await?;

    let mut stock =
        StockClient::join(&stage.server, &stage.malbild, stage.malbild.token(Role::Editor)).await?;
    assert_eq!(stock.delta(SECTION).await?, json!([{"insert": "Skrivet i webbläsaren\n"}]));

    // It reads what is typed from now on, and the page shows what it writes.
    page.keys(" nu").await?;
    let question = json!({"do": "delta", "section": SECTION});
    stock.wait_for(question, |d| d == &json!([{"insert": "Skrivet i webbläsaren nu\n"}])).await?;
    let written =
        json!([{"retain": 24}, {"insert": " och "}, {"insert": "i Node", "attributes": {"bold": true}}]);
    stock.change(SECTION, written).await?;
    page.wait_for_text(SECTION, |text| text == "Skrivet i webbläsaren nu och i Node").await?;
    assert_eq!(page.count_in(SECTION, "strong").await?, 1);

    // Its own echo is its receipt.
    stock.wait_for(json!({"do": "heard"}), |heard| heard["echoes"] == 1).await?;
    assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, "Skrivet i webbläsaren nu och i Node\n");

    // Each sees who the other is, and where their caret is.
    stock.announce(json!({"name": "Kim Kvist", "color": "#aa2200"}), SECTION, 7).await?;
    page.wait_for_people(1).await?;
    page.wait_for_caret("Kim Kvist").await?;
    page.press(&[Key::Control], Key::Home).await?;
    let others = stock.wait_for(json!({"do": "others"}), |others| others[0]["index"]["index"] == 0).await?;
    assert_eq!(others[0]["user"]["name"], "Anna Ask", "{others}");
    assert_eq!(others[0]["user"]["organisation"], "Region Väst", "{others}");
    assert!(others[0]["user"]["color"].as_str().is_some_and(|c| c.starts_with('#')), "{others}");
    assert_eq!(others[0]["index"]["section"], format!("section:{SECTION}"), "{others}");

    let heard = stock.ask(json!({"do": "heard"})).await?;
    assert_eq!(heard["connected"], true, "{heard}");
    assert_eq!(heard["closes"], json!([]), "{heard}");
    assert_eq!(heard["denied"], json!([]), "{heard}");
    let ours = heard["types"].as_array().is_some_and(|types| types.iter().any(|t| t.as_u64() > Some(3)));
    assert!(!ours, "a stock client was sent our own messages: {heard}");
    page.expect_quiet_console().await
}

#[tokio::test]
async fn every_format_survives_between_two_stock_clients_and_the_export() -> Result<()> {
    let stage = Stage::set().await?;
    let token = stage.malbild.token(Role::Editor);
    let (mut one, mut two) = tokio::try_join!(
        StockClient::join(&stage.server, &stage.malbild, token),
        StockClient::join(&stage.server, &stage.malbild, token),
    )?;
    let line = |attributes: serde_json::Value| json!({"insert": "\n", "attributes": attributes});
    let formatted = json!([
        {"insert": "Rubrik"}, line(json!({"header": 2})),
        {"insert": "fet", "attributes": {"bold": true}}, {"insert": " "},
        {"insert": "kursiv", "attributes": {"italic": true}}, {"insert": " "},
        {"insert": "understruken", "attributes": {"underline": true}}, {"insert": " "},
        {"insert": "länk", "attributes": {"link": "https://example.org/å"}},
        {"insert": "\npunkt"}, line(json!({"list": "bullet"})),
        {"insert": "etta"}, line(json!({"list": "ordered", "indent": 1})),
        {"insert": "bokstav 👩‍👩‍👧"}, line(json!({"list": "lettered", "indent": 8})),
    ]);
    one.change(SECTION, formatted.clone()).await?;
    let mut expected = formatted.as_array().cloned().unwrap_or_default();
    // The section was seeded with a line end of its own.
    expected.push(json!({"insert": "\n"}));
    let expected = serde_json::Value::from(expected);
    two.wait_for(json!({"do": "delta", "section": SECTION}), |delta| delta == &expected).await?;
    assert_eq!(stage.delta(SECTION).await?, expected);
    let markdown = stage.api.export(&stage.malbild, "md").await?;
    assert!(markdown.contains("**fet**") && markdown.contains("https://example.org/å"), "{markdown}");
    Ok(())
}

#[tokio::test]
async fn a_stock_reader_is_told_that_it_may_not_write_and_stays() -> Result<()> {
    let stage = Stage::set().await?;
    let reader = stage.malbild.token(Role::Reader);
    let mut stock = StockClient::join(&stage.server, &stage.malbild, reader).await?;
    stock.change(SECTION, json!([{"insert": "smuggel"}])).await?;
    let heard = stock
        .wait_for(json!({"do": "heard"}), |heard| heard["denied"].as_array().is_some_and(|d| !d.is_empty()))
        .await?;
    assert_eq!(heard["connected"], true, "{heard}");
    assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, "\n");
    let mut editor = stage.peer(Role::Editor, samsyn_tests::peer::Dialect::Samsyn).await?;
    editor.insert(SECTION, 0, "äkta").await?;
    stock
        .wait_for(json!({"do": "delta", "section": SECTION}), |delta| delta.to_string().contains("äkta"))
        .await?;
    Ok(())
}
