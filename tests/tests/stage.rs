//! What most tests begin with: a server, a målbild in it, people in the målbild.

use anyhow::Result;
use samsyn_shared::{Role, WriteNumber};
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::browser::Browsers;
use samsyn_tests::page::Page;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::server::Server;
use samsyn_tests::until::Look;

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
    pub(crate) async fn delta(&self, section: &str) -> Result<serde_json::Value> {
        self.api.delta(&self.malbild, section).await
    }
}

/// Two people with a browser each, both in one målbild.
pub(crate) struct Pair {
    pub(crate) a: Page,
    pub(crate) b: Page,
    // Held, not read: dropped after the pages.
    pub(crate) _browsers: Browsers,
    pub(crate) stage: Stage,
}

impl Pair {
    /// Both in a blank målbild of six sections, both saved, each counting the other.
    pub(crate) async fn meet() -> Result<Self> {
        let browsers = Browsers::start().await?;
        let stage = Stage::set().await?;
        let (a, b) = tokio::try_join!(
            browsers.participant("Anna Ask", "Region Väst"),
            browsers.participant("Bo Björk", "Länsstyrelsen"),
        )?;
        let link = stage.malbild.link(Role::Editor);
        tokio::try_join!(a.enter(link), b.enter(link))?;
        tokio::try_join!(a.wait_for_people(1), b.wait_for_people(1))?;
        Ok(Self { a, b, _browsers: browsers, stage })
    }

    /// Waits until both pages have saved all, and checks that both show the same in a section, and that
    /// it is what the server holds. Answers with the text.
    pub(crate) async fn agree_on(&self, section: &str) -> Result<String> {
        agree_on(&self.a, &self.b, &self.stage.api, &self.stage.malbild, section).await
    }

    /// Checks that no script of either page had an error.
    pub(crate) async fn expect_quiet_consoles(&self) -> Result<()> {
        tokio::try_join!(self.a.expect_quiet_console(), self.b.expect_quiet_console())?;
        Ok(())
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
        .until("both pages and the server to agree", async || {
            let (status_a, status_b) = tokio::try_join!(a.status(), b.status())?;
            let held = match api.text(malbild, section).await {
                Ok(held) => held,
                // It may be on its way back.
                Err(error) => return Ok(Look::NotYet(error.to_string())),
            };
            let held = held.strip_suffix('\n').unwrap_or(&held).to_owned();
            let (text_a, text_b) = tokio::try_join!(a.text(section), b.text(section))?;
            let saved = [status_a.as_deref(), status_b.as_deref()] == [Some("saved"); 2];
            let same = [text_a.as_deref(), text_b.as_deref()] == [Some(held.as_str()); 2];
            Ok(if saved && same {
                Look::Yes(held)
            } else {
                Look::NotYet(format!("{text_a:?} {status_a:?}, {text_b:?} {status_b:?}, and {held:?}"))
            })
        })
        .await?;
    anyhow::ensure!(
        a.structure(section).await? == b.structure(section).await?,
        "two pages with the same text differ in structure"
    );
    Ok(text)
}
