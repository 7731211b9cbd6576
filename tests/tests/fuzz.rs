//! A real view in a real browser under anybody's hands: keys, compositions, formats, undo, and another who
//! writes in the same section, also without having heard. After each of it the page shows what its
//! document says. A seed makes all of it again: `SAMSYN_FUZZ_SEED=7 cargo test … fuzz`.

use anyhow::{Context, Result, bail, ensure};
use samsyn_shared::Role;
use samsyn_shared::domain::schema::TITLE;
use samsyn_shared::text::delta::{Op, utf16_len};
use samsyn_tests::browser::Browsers;
use samsyn_tests::devtools::{Devtools, Stroke};
use samsyn_tests::monkey::{Monkey, Move};
use samsyn_tests::page::Page;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::shown;
use serde_json::{Value, json};

use crate::stage::Stage;

const SECTION: &str = "text";

/// Every so many seeds are another's and the page's hands in the title.
const TITLED: u64 = 4;

/// Operations in all, unless `SAMSYN_FUZZ_OPERATIONS` says otherwise.
const OPERATIONS: u64 = 3_000;
/// Operations of one seed, in a målbild of its own.
const SESSION: u64 = 1_000;

/// Seeds that found something once; they run first, and alone where no more operations are asked for: what nobody has seen
/// is looked for in long runs, so that an old fault does not fall on whoever changes something else.
const FOUND: [u64; 3] = [4, 11, 3_791_774_770];
const _: () = assert!(OPERATIONS / SESSION == FOUND.len() as u64);

/// The page's randomness and its clock are the seed's, too: client ids break ties, and what is typed within
/// half a second is undone together.
const DETERMINED: &str = "
    let state = SEED;
    crypto.getRandomValues = array => {
        const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
        for (let i = 0; i < bytes.length; i++) {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            bytes[i] = state >>> 24;
        }
        return array;
    };
    window.samsynClock = 1e12;
    Date.now = () => samsynClock";

fn from_environment(name: &str) -> Result<Option<u64>> {
    Ok(std::env::var(name).ok().map(|said| said.parse()).transpose()?)
}

#[tokio::test]
async fn fuzz_a_view_shows_what_its_document_says_whatever_anybody_does() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::with("tom").await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    let operations = from_environment("SAMSYN_FUZZ_OPERATIONS")?.unwrap_or(OPERATIONS);
    let seeds = match from_environment("SAMSYN_FUZZ_SEED")? {
        Some(seed) => vec![seed],
        None => FOUND
            .into_iter()
            .chain(std::iter::repeat_with(|| rand::random::<u32>().into()))
            .take(usize::try_from(operations.div_ceil(SESSION))?)
            .collect(),
    };
    for seed in seeds {
        let session = Session::begin(&stage, &page, seed).await?;
        session.run(operations.min(SESSION)).await.with_context(|| format!("SAMSYN_FUZZ_SEED={seed}"))?;
    }
    Ok(())
}

/// What others write in a title: words without formats. (Whatever else comes is read as that.)
fn in_title(op: Op) -> Option<Op> {
    match op {
        Op::Insert { insert, .. } => Some(Op::insert(insert.replace('\n', " "))),
        Op::Retain { .. } => None,
        Op::Delete { .. } => Some(op),
    }
}

/// One seed's målbild, with the page and another in it.
struct Session<'a> {
    stage: &'a Stage,
    page: &'a Page,
    malbild: samsyn_tests::api::Malbild,
    section: &'static str,
    devtools: Devtools,
    peer: Peer,
    monkey: Monkey,
    done: Vec<String>,
}

impl<'a> Session<'a> {
    async fn begin(stage: &'a Stage, page: &'a Page, seed: u64) -> Result<Self> {
        let malbild = stage.api.create("tom", "Storm över länet").await?;
        let mut monkey = Monkey::of(seed);
        let determined = DETERMINED.replace("SEED", &(seed as u32).to_string());
        let cdp = page.driver().cdp();
        let script = json!({"source": determined});
        let added = cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", script).await?;
        page.enter(malbild.link(Role::Editor)).await?;
        cdp.send_raw("Page.removeScriptToEvaluateOnNewDocument", added).await?;
        let section = if seed % TITLED == 1 { TITLE } else { SECTION };
        page.go_to(section).await?;
        let peer =
            Peer::connect(&stage.server, &malbild, malbild.token(Role::Editor), Dialect::Samsyn).await?;
        let mut peer = peer.with_client(monkey.client());
        peer.shake_hands().await?;
        let devtools = Devtools::of(page).await?;
        Ok(Self { stage, page, malbild, section, devtools, peer, monkey, done: Vec::new() })
    }

    async fn run(mut self, operations: u64) -> Result<()> {
        for _ in 0..operations {
            let step = self.monkey.next_move();
            self.step(step).await.with_context(|| self.told())?;
        }
        // Nobody is left composing, and all that anybody has arrives.
        self.step(Move::Enter("slut")).await.with_context(|| self.told())?;
        self.page.wait_for_status("saved").await?;
        let held = if self.section == TITLE {
            // The server's own answer has it without spaces at its ends, as a name; and one who was here may have heard
            // of all that was written and not yet of what was deleted.
            let token = self.malbild.token(Role::Editor);
            let mut peer = Peer::connect(&self.stage.server, &self.malbild, token, Dialect::Samsyn).await?;
            peer.shake_hands().await?;
            json!([{"insert": peer.text(TITLE)? + "\n"}])
        } else {
            self.stage.api.delta(&self.malbild, SECTION).await?
        };
        let shown = self.page.shown(self.section).await?;
        ensure!(shown::lines(&shown)? == shown::lines(&held)?, "{held} is not shown, but {shown}");
        self.page.expect_quiet_console().await
    }

    async fn step(&mut self, step: Move) -> Result<()> {
        // These leave the title.
        if self.section == TITLE && matches!(step, Move::Press(Stroke { key: "Enter" | "Tab", .. })) {
            return Ok(());
        }
        let devtools = &mut self.devtools;
        match step {
            Move::Type(character) => devtools.type_character(character).await?,
            Move::Press(stroke) => devtools.press(stroke).await?,
            Move::Compose(text) => devtools.compose(text).await?,
            Move::Enter(text) => devtools.insert(text).await?,
            Move::Remote => self.write_remotely().await?,
        }
        if step != Move::Remote {
            self.done.push(format!("{step:?}"));
        }
        // A step takes a person a moment.
        let check = format!("samsynClock += 40, samsynWitness.check('{}')", self.section);
        let parted = self.devtools.evaluate(&check).await?;
        if !parted.is_null() {
            bail!("shown {}\nheld  {}", parted["shown"], parted["held"]);
        }
        Ok(())
    }

    /// The other changes the text, having heard of all that the page wrote or not, and the page has it.
    async fn write_remotely(&mut self) -> Result<()> {
        if self.monkey.hears() {
            let vector = self.devtools.evaluate("samsynWitness.vector()").await?;
            self.catch_up(&vector).await?;
        }
        let mut text = self.peer.text(self.section)?;
        let len = utf16_len(&text);
        if self.section == TITLE {
            // It has no line end of its own.
            text.push('\n');
        }
        let (at, mut ops) = self.monkey.change(&text);
        if self.section == TITLE {
            ops = ops.into_iter().filter_map(in_title).collect();
        }
        if ops.is_empty() || at + ops.iter().map(Op::passes).sum::<u32>() > len {
            return Ok(());
        }
        self.done.push(format!("Remote {at} {}", serde_json::to_string(&ops)?));
        self.peer.change(self.section, at, &ops).await.ok();
        let (client, clock) = (self.peer.client(), self.peer.has_of(self.peer.client())?);
        self.devtools.evaluate(&format!("samsynWitness.received({client}, {clock})")).await.map(drop)
    }

    async fn catch_up(&mut self, vector: &Value) -> Result<()> {
        for entry in vector.as_array().context("no vector")? {
            let (client, clock) = (entry[0].as_u64().context("no client")?, entry[1].as_u64());
            while u64::from(self.peer.has_of(client)?) < clock.context("no clock")? {
                self.peer.hear().await?;
            }
        }
        Ok(())
    }

    fn told(&self) -> String {
        let last = self.done.len().saturating_sub(12);
        format!("after {} operations, the last of them:\n{}", self.done.len(), self.done[last..].join("\n"))
    }
}
