//! What axe-core finds on the pages, in every state that a person brings them to, on a desk and in a
//! hand, by day and by night: nothing.

use anyhow::{Result, ensure};
use samsyn_shared::Role;
use samsyn_shared::text::delta::Op;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::Dialect;
use samsyn_tests::screen::{LAPTOP, Light, PHONE, Screen};
use serde_json::json;
use thirtyfour::Key;

use crate::stage::{Stage, in_browsers};

const SECTION: &str = "overgripande-beskrivning";

/// What opens what, and whether it is there on a phone alone.
const OPENERS: [(&str, bool); 5] = [
    ("[data-action=share]", false),
    ("[data-people]", false),
    (".more-button", false),
    ("[data-sync-status]", false),
    (".contents-button", true),
];

/// Everything that a text may hold.
fn text() -> Result<Vec<Op>> {
    let line = |attributes: serde_json::Value| json!({"insert": "\n", "attributes": attributes});
    Ok(serde_json::from_value(json!([
        {"insert": "Läget"}, line(json!({"header": 1})),
        {"insert": "Idag"}, line(json!({"header": 2})),
        {"insert": "Nu"}, line(json!({"header": 3})),
        {"insert": "fet", "attributes": {"bold": true}}, {"insert": " och "},
        {"insert": "länk", "attributes": {"link": "https://example.org/"}}, {"insert": "\n"},
        {"insert": "punkt"}, line(json!({"list": "bullet"})),
        {"insert": "punkt i punkt"}, line(json!({"list": "bullet", "indent": 1})),
        {"insert": "ett"}, line(json!({"list": "ordered"})),
        {"insert": "A"}, line(json!({"list": "lettered", "indent": 1})),
    ]))?)
}

/// What is broken so far, with where it was seen.
struct Inspector<'a> {
    page: &'a Page,
    place: String,
    broken: Vec<String>,
}

impl Inspector<'_> {
    async fn look(&mut self, state: &str) -> Result<()> {
        let found = self.page.violations().await?;
        self.broken.extend(found.into_iter().map(|rule| format!("{}, {state}: {rule}", self.place)));
        Ok(())
    }

    /// What is asked before a målbild is removed, and what was set aside.
    async fn look_at_device(&mut self, id: &str) -> Result<()> {
        self.page.choose("remove").await?;
        self.look("to remove").await?;
        self.page.press(&[], Key::Escape).await?;
        self.page.set_aside(id, "[{ heading: '', text: 'Titel' }, { heading: 'Mål', text: 'Text' }]").await?;
        self.page.reload().await?;
        self.page.act("aside").await?;
        self.page.visible(".aside").await?;
        self.look("set aside").await
    }

    /// The målbild's page with each thing open that can be.
    async fn look_at_malbild(&mut self, screen: Screen) -> Result<()> {
        self.look("the text").await?;
        for (opener, on_phones) in OPENERS {
            if on_phones && screen.name != PHONE.name {
                continue;
            }
            self.page.click(opener).await?;
            self.look(opener).await?;
            self.page.press(&[], Key::Escape).await?;
        }
        self.page.press(&[], Key::F1).await?;
        self.look("the keys").await
    }
}

in_browsers!(
    axe_finds_nothing_on_any_page_by_day_and_by_night_on_a_desk_and_in_a_hand,
    find_nothing,
    Chromium WebKit
);
async fn find_nothing(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let blank = stage.api.create("aktorsgemensam", "").await?;
    let read = stage.api.create("exempel-snoovader", "Snöoväder").await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    peer.change(SECTION, 0, &text()?).await?;
    peer.announce(&json!({"user": {"name": "Bo Björk", "color": "#7a1f5c"}}).to_string()).await?;
    let mut broken = Vec::new();
    for light in Light::ALL {
        let page = browsers.participant_in(light, "Anna Ask", "Region Väst").await?;
        let stranger = browsers.participant_in(light, "", "").await?;
        for screen in [LAPTOP, PHONE] {
            let place = format!("{} {}", screen.name, light.name());
            for page in [&page, &stranger] {
                page.look_on(screen, light).await?;
            }
            let mut unknown = Inspector { page: &stranger, place: place.clone(), broken: Vec::new() };
            stranger.driver().goto(stage.server.url()).await?;
            stranger.visible("[data-action=new]").await?;
            unknown.look("the start page").await?;
            stranger.driver().goto(format!("{}/m/{}", stage.server.url(), blank.id)).await?;
            stranger.visible("input, textarea").await?;
            unknown.look("no access").await?;
            stranger.driver().goto(stage.malbild.link(Role::Editor)).await?;
            stranger.visible("dialog input").await?;
            unknown.look("who are you").await?;
            stranger.driver().delete_all_cookies().await?;
            let mut known = Inspector { page: &page, place, broken: unknown.broken };
            page.open(read.link(Role::Reader)).await?;
            page.wait_for_status("readonly").await?;
            known.look("to read").await?;
            page.enter(blank.link(Role::Owner)).await?;
            known.look("blank").await?;
            page.enter(stage.malbild.link(Role::Owner)).await?;
            page.go_to(SECTION).await?;
            known.look_at_malbild(screen).await?;
            known.look_at_device(&stage.malbild.id).await?;
            broken.append(&mut known.broken);
        }
        page.expect_quiet_console().await?;
    }
    ensure!(broken.is_empty(), "{} violations:\n{}", broken.len(), broken.join("\n"));
    Ok(())
}
