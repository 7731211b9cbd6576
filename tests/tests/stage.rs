//! What most tests begin with: a server, a målbild in it, people in the målbild.

use anyhow::{Result, ensure};
use samsyn_shared::{Role, WriteNumber};
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::proxy::Proxy;
use samsyn_tests::server::Server;
use samsyn_tests::shown;
use samsyn_tests::until::Look;
use serde_json::Value;

/// One test in each kind of browser, or in those that are named: `name::in_chromium` and so on.
///
/// In Chromium alone is what needs DevTools: compositions, editing commands without a key, words that are dragged, the
/// accessibility tree, a script before a page's own, thousands of keys. WebDriver has none of these for the others, and
/// the sight of a page on a phone, where the pointer is a finger, is Chromium's, too. In Chromium and WebKit is the rest
/// of what hangs on the engine; Firefox has each scenario, since what it does otherwise is in them. What is of the server
/// or the network alone is tried in one browser.
macro_rules! in_browsers {
    ($name:ident, $test:ident) => {
        in_browsers!($name, $test, Chromium Firefox WebKit);
    };
    ($name:ident, $test:ident, $($kind:ident)+) => {
        mod $name {
            $(crate::stage::in_browsers!(@ $kind $test);)+
        }
    };
    (@ Chromium $test:ident) => {
        #[tokio::test]
        async fn in_chromium() -> anyhow::Result<()> {
            super::$test(samsyn_tests::browser::Kind::Chromium).await
        }
    };
    (@ Firefox $test:ident) => {
        #[tokio::test]
        async fn in_firefox() -> anyhow::Result<()> {
            super::$test(samsyn_tests::browser::Kind::Firefox).await
        }
    };
    (@ WebKit $test:ident) => {
        #[tokio::test]
        async fn in_webkit() -> anyhow::Result<()> {
            super::$test(samsyn_tests::browser::Kind::WebKit).await
        }
    };
}
pub(crate) use in_browsers;

/// A server with one målbild.
pub(crate) struct Stage {
    pub(crate) api: Api,
    pub(crate) malbild: Malbild,
    pub(crate) server: Server,
}

impl Stage {
    /// With a blank målbild of six sections.
    pub(crate) async fn set() -> Result<Self> {
        Self::with("aktorsgemensam").await
    }

    /// With a målbild made from this template.
    pub(crate) async fn with(template: &str) -> Result<Self> {
        let server = Server::start().await?;
        let api = Api::of(&server)?;
        let malbild = api.create(template, "Storm över länet").await?;
        Ok(Self { api, malbild, server })
    }

    /// Somebody in the målbild, in step with the server.
    pub(crate) async fn peer(&self, role: Role, dialect: Dialect) -> Result<Peer> {
        Peer::join(&self.server, &self.malbild, self.malbild.token(role), dialect).await
    }

    /// An editor with our own client, whose writes are numbered from here on.
    pub(crate) async fn peer_numbering_after(&self, last: u64) -> Result<Peer> {
        let token = self.malbild.token(Role::Editor);
        let mut peer = Peer::connect(&self.server, &self.malbild, token, Dialect::Samsyn).await?;
        peer.number_after(WriteNumber(last));
        peer.shake_hands().await?;
        Ok(peer)
    }

    /// A section's delta, as the server holds it.
    pub(crate) async fn delta(&self, section: &str) -> Result<Value> {
        self.api.delta(&self.malbild, section).await
    }
}

/// Two people with a browser each, both in one målbild, each over a wire of their own.
pub(crate) struct Pair {
    pub(crate) a: Page,
    pub(crate) b: Page,
    pub(crate) wires: [Proxy; 2],
    // Held, not read: dropped after the pages.
    _browsers: Browsers,
    pub(crate) stage: Stage,
}

impl Pair {
    /// Both in a blank målbild of six sections, both saved, each counting the other.
    pub(crate) async fn meet() -> Result<Self> {
        Self::meet_in(Kind::Chromium).await
    }

    /// Both in this kind of browser.
    pub(crate) async fn meet_in(kind: Kind) -> Result<Self> {
        let browsers = Browsers::of(kind).await?;
        let stage = Stage::set().await?;
        let (a, b) = tokio::try_join!(
            browsers.participant("Anna Ask", "Region Väst"),
            browsers.participant("Bo Björk", "Länsstyrelsen"),
        )?;
        let server = stage.server.address();
        let wires = [Proxy::before(server).await?, Proxy::before(server).await?];
        let link = stage.malbild.link(Role::Editor);
        let links = [wires[0].through(link), wires[1].through(link)];
        tokio::try_join!(a.enter(&links[0]), b.enter(&links[1]))?;
        tokio::try_join!(a.wait_for_people(1), b.wait_for_people(1))?;
        Ok(Self { a, b, wires, _browsers: browsers, stage })
    }

    /// Cuts both off, and waits until both know.
    pub(crate) async fn part(&self) -> Result<()> {
        self.wires.iter().for_each(Proxy::cut);
        tokio::try_join!(self.a.wait_for_status("offline"), self.b.wait_for_status("offline"))?;
        Ok(())
    }

    /// Connects both again, and tells them as a system does.
    pub(crate) async fn reunite(&self) -> Result<()> {
        self.wires.iter().for_each(Proxy::heal);
        for page in [&self.a, &self.b] {
            page.script("dispatchEvent(new Event('online'))", vec![]).await?;
        }
        Ok(())
    }

    /// Waits until both pages have saved all, show the same in a section, text and formats, and it is
    /// what the document of each says and what the server holds. Answers with the text.
    pub(crate) async fn agree_on(&self, section: &str) -> Result<String> {
        agree_on(&self.a, &self.b, &self.stage.api, &self.stage.malbild, section).await
    }

    /// Waits until the server holds this in a section, and both agree on it.
    pub(crate) async fn agree_that(&self, section: &str, delta: Value) -> Result<()> {
        self.a
            .until(&format!("{delta}"), async || {
                let held = self.stage.delta(section).await?;
                Ok(Look::at(held == delta, || held.to_string()))
            })
            .await?;
        self.agree_on(section).await.map(drop)
    }

    /// Checks that no script of either page had an error.
    pub(crate) async fn expect_quiet_consoles(&self) -> Result<()> {
        tokio::try_join!(self.a.expect_quiet_console(), self.b.expect_quiet_console())?;
        Ok(())
    }

    /// What every scenario ends with: see [`Pair::agree_on`]; the text is so, and nothing went wrong.
    pub(crate) async fn end_with(&self, section: &str, text: &str) -> Result<()> {
        let agreed = self.agree_on(section).await?;
        ensure!(agreed == text, "they agree on {agreed:?}, not on {text:?}");
        self.expect_quiet_consoles().await
    }
}

/// See [`Pair::agree_on`].
pub(crate) async fn agree_on(
    a: &Page,
    b: &Page,
    api: &Api,
    malbild: &Malbild,
    section: &str,
) -> Result<String> {
    let text = a
        .until("both pages, their documents and the server to agree", async || {
            let held = match api.delta(malbild, section).await {
                Ok(held) => held,
                // It may be on its way back.
                Err(error) => return Ok(Look::NotYet(error.to_string())),
            };
            let wanted = shown::lines(&held)?;
            let mut apart = Vec::new();
            for page in [a, b] {
                let (status, shown, document) =
                    tokio::try_join!(page.status(), page.shown(section), page.held(section))?;
                if status.as_deref() != Some("saved") {
                    apart.push(format!("{} is {status:?}", page.name()));
                }
                if shown.is_null() || shown::lines(&shown)? != wanted {
                    apart.push(format!("{}'s page shows {shown}", page.name()));
                }
                // A browser without a witness.
                if !document.is_null() && shown::lines(&document)? != wanted {
                    apart.push(format!("{}'s document says {document}", page.name()));
                }
            }
            Ok(match apart.is_empty() {
                true => Look::Yes(shown::plain(&held)),
                false => Look::NotYet(format!("{}, and the server holds {held}", apart.join(", "))),
            })
        })
        .await?;
    // A page may read what its browser wrote a moment later than it is told of.
    a.until("two pages with the same text to have one structure", async || {
        let (one, other) = tokio::try_join!(a.structure(section), b.structure(section))?;
        Ok(Look::at(one == other, || format!("{one} and {other}")))
    })
    .await?;
    Ok(text)
}
