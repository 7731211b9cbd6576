//! The harness itself: that it notices what it is there to notice. The page is a few lines of HTML.

use anyhow::{Context, Result};
use samsyn_tests::browser::Browsers;
use thirtyfour::Key;

const PAGE: &str = "data:text/html,
    <meta charset=utf-8>
    <div data-text=x><div role=textbox contenteditable><p>a</p><p>b</p></div></div>
    <script>
        const box = document.querySelector('[role=textbox]'), events = [];
        for (const kind of ['keydown', 'compositionstart', 'compositionend'])
            box.addEventListener(kind, event => events.push(kind + (event.isTrusted ? '' : ' by script')));
    </script>";

#[tokio::test]
async fn keys_and_compositions_are_real_and_a_scripts_error_is_noticed() -> Result<()> {
    let browsers = Browsers::start().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.driver().goto(PAGE).await?;
    assert_eq!(page.text("x").await?.as_deref(), Some("a\nb"));
    assert_eq!(page.structure("x").await?, "<p>a</p><p>b</p>");
    assert_eq!(page.text("y").await?, None);

    page.go_to("x").await?;
    page.keys(" Åé 1").await?;
    page.press_times(&[Key::Shift], Key::Left, 2).await?;
    page.keys("!").await?;
    page.compose(&["´"], "é").await?;
    assert_eq!(page.text("x").await?.as_deref(), Some("a\nb Åé!é"));
    let events = page.script("return events", vec![]).await?;
    let events: Vec<_> = events.as_array().context("no list")?.iter().filter_map(|e| e.as_str()).collect();
    for kind in ["compositionstart", "compositionend"] {
        assert!(events.iter().any(|event| event.starts_with(kind)), "{events:?}");
    }
    assert!(events.contains(&"keydown") && !events.contains(&"keydown by script"), "{events:?}");

    page.expect_quiet_console().await?;
    page.script("console.error('nej')", vec![]).await?;
    let noticed = page.expect_quiet_console().await.err().context("the error was not noticed")?;
    assert!(noticed.to_string().contains("nej"), "{noticed}");
    Ok(())
}

#[tokio::test]
async fn what_two_participants_store_is_not_shared() -> Result<()> {
    let browsers = Browsers::start().await?;
    let server = samsyn_tests::server::Server::start().await?;
    let (a, b) = tokio::try_join!(browsers.participant("A", ""), browsers.participant("B", ""))?;
    for page in [&a, &b] {
        page.driver().goto(format!("{}/healthz", server.url())).await?;
    }
    a.script("localStorage.setItem('x', '1')", vec![]).await?;
    let seen = b.script("return localStorage.getItem('x')", vec![]).await?;
    assert!(seen.is_null(), "{seen}");
    Ok(())
}
