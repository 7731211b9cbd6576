//! Networks that let no WebSocket through, in each of the ways that there are: the page goes by HTTP, by itself and
//! after a single try, says so, and loses nothing. How long a try may take is `limits::WEBSOCKET_ANSWER`: how much longer
//! all of it takes is the machine's, and printed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::Dialect;
use samsyn_tests::proxy::{Proxy, Weather, WebSockets};
use samsyn_tests::until::Look;
use thirtyfour::Key;

use crate::stage::{Pair, Stage, in_browsers};

const SECTION: &str = "overgripande-beskrivning";
const BY_WEBSOCKET: &str = "Ansluten via WebSocket";
const BY_HTTP: &str = "Ansluten via HTTP";

const ONLINE: &str = "dispatchEvent(new Event('online'))";

const BLOCKED: [WebSockets; 5] = [
    WebSockets::Refuse(403),
    WebSockets::Refuse(400),
    WebSockets::Strip,
    WebSockets::Swallow,
    WebSockets::Ignore,
];

/// Waits until the details of the status line say by which way the server is reached.
async fn wait_for_way(page: &Page, words: &str) -> Result<()> {
    let script = "return document.querySelector('#sync-details')?.textContent";
    page.until(words, async || {
        let details = page.script(script, vec![]).await?;
        let told = details.as_str().is_some_and(|details| details.contains(words));
        Ok(Look::at(told, || details.to_string()))
    })
    .await
}

/// Waits until the page is in step by HTTP, for which it has tried a single WebSocket at most since so many were blocked:
/// none, if HTTP had its turn when the network came.
async fn wait_for_http(page: &Page, wire: &Proxy, blocked: usize) -> Result<()> {
    let began = Instant::now();
    page.wait_for_status("saved").await?;
    println!("in step after {:.1} s", began.elapsed().as_secs_f64());
    wait_for_way(page, BY_HTTP).await?;
    let tried = wire.blocked() - blocked;
    ensure!(tried <= 1, "{tried} WebSockets were tried");
    Ok(())
}

/// Opens the page anew where WebSockets are blocked in this way. Not before the old one is gone: it would come back to
/// its own connection until the new one is there, and its tries are counted too.
async fn reload(page: &Page, wire: &Proxy, how: WebSockets) -> Result<()> {
    let address = page.driver().current_url().await?;
    page.driver().goto("about:blank").await?;
    wire.websockets(how);
    let blocked = wire.blocked();
    page.driver().goto(address.as_str()).await?;
    wait_for_http(page, wire, blocked).await.with_context(|| format!("{how:?}"))
}

in_browsers!(where_websockets_are_blocked_a_page_goes_by_http_after_one_try, two_write_each_by_their_way);
async fn two_write_each_by_their_way(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let mut expected = String::new();
    for how in BLOCKED {
        reload(&pair.a, &pair.wires[0], how).await?;
        wait_for_way(&pair.b, BY_WEBSOCKET).await?;
        for (page, words) in [(&pair.a, "Anna via HTTP. "), (&pair.b, "Bo via WebSocket. ")] {
            page.go_to(SECTION).await?;
            page.keys(words).await?;
            expected.push_str(words);
            let text = pair.agree_on(SECTION).await?;
            ensure!(text == expected, "{how:?}: {text:?} is not {expected:?}");
        }
    }
    pair.a.wait_for_people(1).await?;
    pair.b.wait_for_people(1).await?;
    pair.expect_quiet_consoles().await
}

/// The page is opened over an open network, which is there from the first moment, so that HTTP has no turn.
async fn open_by_websocket(pair: &Pair) -> Result<()> {
    pair.wires[0].websockets(WebSockets::Pass);
    pair.a.reload().await?;
    wait_for_way(&pair.a, BY_WEBSOCKET).await?;
    pair.a.go_to(SECTION).await?;
    pair.a.press(&[Key::Control], Key::End).await
}

/// As when a laptop is carried from one network into another.
#[tokio::test]
async fn websockets_that_are_blocked_in_the_middle_of_writing_are_done_without() -> Result<()> {
    let pair = Pair::meet().await?;
    let mut expected = String::new();
    for how in BLOCKED {
        open_by_websocket(&pair).await?;
        pair.a.keys("Före. ").await?;
        pair.wires[0].cut();
        pair.a.wait_for_status("offline").await?;
        pair.a.keys("Under. ").await?;
        pair.wires[0].websockets(how);
        let blocked = pair.wires[0].blocked();
        pair.wires[0].heal();
        // As a system does when it has another network: nobody rests from attempts over the last one.
        pair.a.script(ONLINE, vec![]).await?;
        pair.a.keys("Efter. ").await?;
        wait_for_http(&pair.a, &pair.wires[0], blocked).await.with_context(|| format!("{how:?}"))?;
        expected.push_str("Före. Under. Efter. ");
        let text = pair.agree_on(SECTION).await?;
        ensure!(text == expected, "{how:?}: {text:?} is not {expected:?}");
    }
    pair.expect_quiet_consoles().await
}

/// Over a wire that is slow and loses some of what it carries, too.
#[tokio::test]
async fn what_two_write_while_http_is_cut_or_dead_is_merged_when_it_is_back() -> Result<()> {
    let pair = Pair::meet().await?;
    let ms = Duration::from_millis;
    pair.wires[0].weather(Weather {
        delay: ms(60),
        jitter: ms(40),
        lost: 0.01,
        rate: Some(250_000),
        websockets: WebSockets::Refuse(403),
    });
    pair.a.reload().await?;
    wait_for_way(&pair.a, BY_HTTP).await?;
    pair.a.go_to(SECTION).await?;
    pair.b.go_to(SECTION).await?;
    for round in 0..4 {
        pair.a.keys(&format!("A{round}före ")).await?;
        pair.agree_on(SECTION).await?;
        if round % 2 == 0 {
            pair.wires[0].cut()
        } else {
            pair.wires[0].mute()
        }
        let gone = Instant::now();
        pair.a.keys(&format!("A{round}under ")).await?;
        pair.b.keys(&format!("B{round}under ")).await?;
        pair.a.wait_for_status("offline").await?;
        println!("HTTP that is gone was noticed after {:.1} s", gone.elapsed().as_secs_f64());
        pair.wires[0].heal();
        let healed = Instant::now();
        let text = pair.agree_on(SECTION).await?;
        println!("in step again after {:.1} s", healed.elapsed().as_secs_f64());
        for words in [format!("A{round}före "), format!("A{round}under "), format!("B{round}under ")] {
            ensure!(text.matches(&words).count() == 1, "{words} in {text}");
        }
        wait_for_way(&pair.a, BY_HTTP).await?;
    }
    pair.expect_quiet_consoles().await
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_is_found_again_by_http() -> Result<()> {
    let mut pair = Pair::meet().await?;
    reload(&pair.a, &pair.wires[0], WebSockets::Swallow).await?;
    pair.a.go_to(SECTION).await?;
    let mut expected = String::new();
    for round in 0..3 {
        pair.a.keys(&format!("Före {round}. ")).await?;
        pair.stage.server.kill9().await?;
        pair.a.wait_for_status("offline").await?;
        pair.a.keys(&format!("Under {round}. ")).await?;
        pair.stage.server.restart().await?;
        expected.push_str(&format!("Före {round}. Under {round}. "));
        let text = pair.agree_on(SECTION).await?;
        ensure!(text == expected, "{text:?} is not {expected:?}");
        wait_for_way(&pair.a, BY_HTTP).await?;
    }
    pair.expect_quiet_consoles().await
}

#[tokio::test]
async fn a_reader_reads_by_http() -> Result<()> {
    let (browsers, stage) = (Browsers::start().await?, Stage::set().await?);
    let page = browsers.participant("Lena Läs", "Region Väst").await?;
    let wire = Proxy::before(stage.server.address()).await?;
    wire.websockets(WebSockets::Refuse(403));
    page.open(&wire.through(stage.malbild.link(Role::Reader))).await?;
    page.wait_for_status("readonly").await?;
    wait_for_way(&page, BY_HTTP).await?;
    let mut editor = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    editor.insert(SECTION, 0, "Det här läser alla.").await?;
    page.wait_for_text(SECTION, |text| text == "Det här läser alla.").await?;
    page.expect_quiet_console().await
}
