//! Photographs of the page, to be looked at by people: each scene on each screen, light and dark. Run
//! by `cargo xtask screenshots`; words after it choose the photographs whose names have one of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use samsyn_shared::Role;
use samsyn_shared::sync::protocol::Message;
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::browser::Browsers;
use samsyn_tests::page::Page;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::proxy::Proxy;
use samsyn_tests::screen::{LAPTOP, Light, PHONE, PROJECTOR, Screen, TABLET};
use samsyn_tests::server::Server;
use samsyn_tests::until::Look;
use thirtyfour::Key;

/// Where the other one's caret is.
const SECTION: &str = "overgripande-beskrivning";

/// What people of other organisations wrote there.
const WRITTEN: [(&str, &str); 4] = [
    ("Räddningstjänsten", "Räddningstjänsten har tio fordon ute och når alla vägar inom en timme.\n"),
    ("Polisen", "Polisen dirigerar trafiken vid E20. "),
    ("Region Västmanland", "Akuten tar emot som vanligt, men planerade besök ställs in. "),
    ("Försvarsmakten", "Två bandvagnar finns att låna. "),
];

/// How many carets of others are shown.
const CARETS: &str = "return document.querySelectorAll('.carets .caret').length";

/// Others who are in the same section, and what they have selected there.
const FOUR: [((&str, &str), u32, u32); 4] = [
    (("Cecilia Dahl", "Kommunen"), 31, 31),
    (("Erik Falk", "Polisen"), 90, 152),
    (("Gun Holm", "Trafikverket"), 207, 207),
    (("Ivar Jonsson Kvist", "Räddningstjänsten"), 240, 233),
];

/// What is photographed.
#[derive(Debug, Clone, Copy)]
enum Scene {
    Start,
    Blank,
    Filled,
    Share,
    People,
    Authors,
    Find,
    Five,
    Keys,
    NoAccess,
    Cut,
    Aside,
    Wall,
    AuthorsOnWall,
}

impl Scene {
    const ON_A_DESK: [Self; 12] = [
        Self::Start,
        Self::Blank,
        Self::Filled,
        Self::Five,
        Self::Share,
        Self::People,
        Self::Authors,
        Self::Find,
        Self::Keys,
        Self::Cut,
        Self::Aside,
        Self::NoAccess,
    ];
    const ON_THE_WALL: [Self; 3] = [Self::Wall, Self::AuthorsOnWall, Self::Start];

    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Blank => "malbild-tom",
            Self::Filled => "malbild-tva-skriver",
            Self::Share => "dela",
            Self::People => "personer",
            Self::Authors => "vem-skrev",
            Self::Find => "sok",
            Self::Five => "fem-skriver",
            Self::Keys => "kortkommandon",
            Self::Cut => "frankopplad",
            Self::Aside => "undanlagd",
            Self::NoAccess => "ingen-atkomst",
            Self::Wall => "malbild-vagg",
            Self::AuthorsOnWall => "vem-skrev-vagg",
        }
    }
}

/// The server, what is in it, and who looks at it.
struct Studio {
    photographer: Page,
    writer: Page,
    _browsers: Browsers,
    blank: Malbild,
    filled: Malbild,
    /// One that nobody has opened.
    foreign: Malbild,
    /// A way to the server that can be cut.
    wire: Proxy,
    server: Server,
    album: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let studio = Studio::open().await?;
    let mut taken = 0;
    for screen in [LAPTOP, TABLET, PHONE, PROJECTOR] {
        let on_the_wall = screen.name == PROJECTOR.name;
        let scenes = if on_the_wall { &Scene::ON_THE_WALL[..] } else { &Scene::ON_A_DESK[..] };
        for scene in scenes {
            for light in Light::ALL {
                let name = format!("{}-{}-{}.png", scene.name(), screen.name, light.name());
                if chosen.is_empty() || chosen.iter().any(|word| name.contains(word.as_str())) {
                    studio.take(*scene, screen, light, &name).await.with_context(|| name.clone())?;
                    taken += 1;
                }
            }
        }
    }
    if taken == 0 {
        bail!("no photograph has such a name");
    }
    println!("{taken} photographs in {}", studio.album.display());
    Ok(())
}

impl Studio {
    async fn open() -> Result<Self> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../screenshots");
        let album = std::env::var_os("SAMSYN_SCREENSHOTS").map_or(beside, PathBuf::from);
        fs::create_dir_all(&album)?;
        let server = Server::start().await?;
        let api = Api::of(&server)?;
        let blank = api.create("aktorsgemensam", "Störning i elförsörjningen").await?;
        let filled = api.create("exempel-snoovader", "Snöoväder i kommunen").await?;
        let foreign = api.create("aktorsgemensam", "").await?;
        let wire = Proxy::before(server.address()).await?;
        let browsers = Browsers::start().await?;
        let photographer = browsers.participant("Anna Ask", "Region Väst").await?;
        let writer = browsers.participant("Bo Björk", "Länsstyrelsen").await?;
        writer.enter(filled.link(Role::Editor)).await?;
        writer.go_to(SECTION).await?;
        writer.press(&[], Key::Enter).await?;
        writer.keys("Läget ska följas upp varje dag, första gången ").await?;
        writer.wait_for_status("saved").await?;
        for (organisation, words) in WRITTEN {
            let token = filled.token(Role::Editor);
            let mut peer = Peer::join(&server, &filled, token, Dialect::Samsyn).await?;
            peer.sign("Kim Kvist", organisation).await?;
            peer.insert(SECTION, 0, words).await?;
            // The next one comes when this is stored.
            let number = peer.last_number();
            peer.wait_for("saved", |heard| matches!(heard, Message::Saved(n) if *n == number).then_some(()))
                .await?;
        }
        Ok(Self { photographer, writer, _browsers: browsers, blank, filled, foreign, wire, server, album })
    }

    async fn take(&self, scene: Scene, screen: Screen, light: Light, name: &str) -> Result<()> {
        let page = &self.photographer;
        page.look_on(screen, light).await?;
        match scene {
            Scene::Start => {
                page.open(&self.server.url()).await?;
                page.visible("[data-action=\"new\"]").await?;
            }
            Scene::Blank => page.enter(self.blank.link(Role::Owner)).await?,
            Scene::Filled => self.show_filled("").await?,
            Scene::Wall => self.show_filled("?vy=vagg").await?,
            Scene::Share => {
                self.show_filled("").await?;
                page.act("share").await?;
            }
            Scene::People => {
                self.show_filled("").await?;
                page.click("[data-people]").await?;
            }
            Scene::Authors => {
                self.show_filled("").await?;
                page.choose("authors").await?;
                page.visible(".authors").await?;
            }
            Scene::AuthorsOnWall => {
                self.show_filled("").await?;
                page.choose("authors").await?;
                page.choose("wall").await?;
                page.visible(".wall .authors").await?;
            }
            Scene::Find => {
                self.show_filled("").await?;
                page.choose("find").await?;
                page.visible("[role=search] input").await?;
                page.keys("snö").await?;
                page.visible(".find-count").await?;
            }
            Scene::Five => {
                self.show_filled("").await?;
                let _four = self.four_more().await?;
                let scroll = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
                page.script(scroll, vec![format!("[data-section={SECTION}]").into()]).await?;
                page.until("the carets of five", async || {
                    let count = page.script(CARETS, vec![]).await?;
                    Ok(Look::at(count == 5, || count.to_string()))
                })
                .await?;
                return page.photograph(&self.album.join(name)).await;
            }
            Scene::Keys => {
                self.show_filled("").await?;
                page.press(&[], Key::F1).await?;
            }
            Scene::Cut => {
                page.enter(&self.wire.through(self.blank.link(Role::Editor))).await?;
                page.go_to(SECTION).await?;
                page.keys("Läget är oklart. ").await?;
                self.wire.cut();
                page.wait_for_status("offline").await?;
                page.keys("Ström saknas i norra länsdelen.").await?;
                page.click("[data-sync-status]").await?;
                page.photograph(&self.album.join(name)).await?;
                self.wire.heal();
                return Ok(());
            }
            Scene::Aside => {
                page.enter(self.blank.link(Role::Owner)).await?;
                let parts = "[{ heading: 'Mål för hanteringen', text: 'Alla ska veta vad som gäller.' }]";
                page.set_aside(&self.blank.id, parts).await?;
                page.reload().await?;
                page.act("aside").await?;
                page.visible(".aside").await?;
            }
            Scene::NoAccess => {
                page.open(&format!("{}/m/{}", self.server.url(), self.foreign.id)).await?;
                page.visible("input, textarea").await?;
            }
        }
        page.photograph(&self.album.join(name)).await
    }

    /// Four more in the section of the other one.
    async fn four_more(&self) -> Result<Vec<Peer>> {
        let mut four = Vec::new();
        for (who, anchor, head) in FOUR {
            let token = self.filled.token(Role::Editor);
            let mut peer = Peer::join(&self.server, &self.filled, token, Dialect::Samsyn).await?;
            peer.appear(who, SECTION, anchor, head).await?;
            four.push(peer);
        }
        Ok(four)
    }

    /// The målbild in which both are, with the other's caret in it.
    async fn show_filled(&self, query: &str) -> Result<()> {
        // The same address with another fragment would not load the page anew.
        self.photographer.driver().goto("about:blank").await?;
        let link = self.filled.link(Role::Owner).replace('#', &format!("{query}#"));
        self.photographer.enter(&link).await?;
        self.photographer.wait_for_people(1).await?;
        // A key of the other's, so that the flag at the caret is fresh.
        self.writer.press(&[], Key::End).await?;
        self.photographer
            .until("the other's caret", async || {
                let count = self.photographer.script(CARETS, vec![]).await?;
                Ok(Look::at(count.as_u64() > Some(0), || count.to_string()))
            })
            .await
    }
}
