//! The same section in our page and in somebody else's, npm's Quill over y-quill and y-websocket: random
//! sessions, with each of them cut off now and then, end equal in text and format.

use anyhow::{Context, Result};
use samsyn_shared::Role;
use samsyn_shared::domain::template::Template;
use samsyn_shared::text::delta::{Line, Op};
use samsyn_tests::api::Malbild;
use samsyn_tests::browser::Browsers;
use samsyn_tests::devtools::Devtools;
use samsyn_tests::monkey::{Monkey, Move};
use samsyn_tests::page::Page;
use samsyn_tests::proxy::Proxy;
use samsyn_tests::until::Look;
use samsyn_tests::{node, shown};
use serde_json::json;

use crate::stage::Stage;

/// Sessions in all, and what happens in each.
const SESSIONS: u64 = 60;
const MOVES: u64 = 40;
/// Once in so many moves a wire is cut, or healed when it was.
const CUT: u64 = 8;

#[tokio::test]
async fn sixty_random_sessions_beside_y_quill_end_equal() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let (ours, theirs) = tokio::try_join!(
        browsers.participant("Anna Ask", "Region Väst"),
        browsers.participant("Quentin Quill", "Annorstädes"),
    )?;
    let template = Template::find("aktorsgemensam").context("unknown template")?;
    let mut seeds = 0..SESSIONS;
    while !seeds.is_empty() {
        let room = Room::enter(&stage, &ours, &theirs).await?;
        for (section, seed) in template.sections.iter().zip(seeds.by_ref()) {
            room.session(section.key.as_str(), seed).await.with_context(|| format!("session {seed}"))?;
        }
    }
    Ok(())
}

/// Both in one målbild, each over a wire of their own.
struct Room<'a> {
    stage: &'a Stage,
    malbild: Malbild,
    ours: &'a Page,
    theirs: &'a Page,
    wires: [Proxy; 2],
}

impl<'a> Room<'a> {
    async fn enter(stage: &'a Stage, ours: &'a Page, theirs: &'a Page) -> Result<Self> {
        let malbild = stage.api.create("aktorsgemensam", "Storm över länet").await?;
        let server = stage.server.address();
        let wires = [Proxy::before(server).await?, Proxy::before(server).await?];
        ours.enter(&wires[0].through(malbild.link(Role::Editor))).await?;
        // A page of the server's own origin, with nothing of ours in it.
        let origin = wires[1].through("");
        theirs.driver().cdp().send_raw("Page.setBypassCSP", json!({"enabled": true})).await?;
        theirs.driver().goto(format!("{origin}healthz")).await?;
        theirs.script(&node::bundle("quill.mjs").await?, vec![]).await?;
        let server = format!("{}sync", origin.replace("http", "ws"));
        let join = format!(
            "samsynQuill.join('{server}', '{}/content', '{}')",
            malbild.id,
            malbild.token(Role::Editor)
        );
        Devtools::of(theirs).await?.evaluate(&join).await?;
        Ok(Self { stage, malbild, ours, theirs, wires })
    }

    /// Both do whatever the seed says, and are cut off now and then.
    async fn session(&self, section: &str, seed: u64) -> Result<()> {
        let mut monkey = Monkey::of(seed);
        let (mut ours, mut theirs) = (Devtools::of(self.ours).await?, Devtools::of(self.theirs).await?);
        theirs.evaluate(&format!("samsynQuill.edit('{section}')")).await?;
        self.ours.go_to(section).await?;
        let mut whole = [true; 2];
        for _ in 0..MOVES {
            for (wire, whole) in self.wires.iter().zip(&mut whole) {
                if monkey.one_in(CUT) {
                    *whole = !*whole;
                    if *whole { wire.heal() } else { wire.cut() }
                }
            }
            match monkey.next_move() {
                Move::Type(character) => ours.type_character(character).await?,
                Move::Press(stroke) => ours.press(stroke).await?,
                Move::Compose(text) => ours.compose(text).await?,
                Move::Enter(text) => ours.insert(text).await?,
                Move::Remote => {}
            }
            let seen = theirs.evaluate("samsynQuill.text()").await?;
            let (at, ops) = monkey.change(seen.as_str().context("no text")?);
            let delta: Vec<Op> = [Op::retain(at)].into_iter().filter(|_| at > 0).chain(ops).collect();
            theirs
                .evaluate(&format!("samsynQuill.change({seen}, {})", serde_json::to_string(&delta)?))
                .await?;
            // Tab may have left the text.
            ours.evaluate(&format!(
                "document.querySelector('[data-section={section}] [role=textbox]').focus()"
            ))
            .await?;
        }
        ours.insert("slut").await?;
        self.wires.iter().for_each(Proxy::heal);
        ours.evaluate("dispatchEvent(new Event('online'))").await?;
        self.agree(section, &mut theirs).await?;
        self.ours.expect_quiet_console().await
    }

    async fn agree(&self, section: &str, theirs: &mut Devtools) -> Result<()> {
        self.ours
            .until("our page, theirs and the server to agree", async || {
                let held = self.stage.api.delta(&self.malbild, section).await?;
                let wanted = shown::lines(&held)?;
                let (status, shown) = tokio::try_join!(self.ours.status(), self.ours.shown(section))?;
                let state = theirs.evaluate(&format!("samsynQuill.state('{section}')")).await?;
                let holds = status.as_deref() == Some("saved")
                    && state["connected"] == true
                    && shown::lines(&shown)? == wanted
                    && shown::lines(&state["held"])? == wanted
                    && shows_the_words(&shown::lines(&state["shown"])?, &wanted);
                Ok(Look::at(holds, || {
                    json!({"status": status, "ours": shown, "theirs": state, "server": held}).to_string()
                }))
            })
            .await
    }
}

/// Whether Quill shows a text's words and their formats. What it shows of a line's kind is its own affair: its
/// document holds the kinds that ours holds, but it loses some of them on the way to its view, where a line
/// is changed by both at once.
fn shows_the_words(quill: &[Line], held: &[Line]) -> bool {
    quill.len() == held.len() && quill.iter().zip(held).all(|(line, other)| line.runs == other.runs)
}
