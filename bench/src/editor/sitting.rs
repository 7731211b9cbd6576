//! One measured run: one editor, one scenario, a server and a browser that were just started.

use crate::editor::chromium::{Chromium, Times};
use crate::editor::outcome::Outcome;
use crate::editor::profile;
use crate::editor::scenario::{Scenario, Size};
use crate::editor::subject::{Programs, Room, Subject};
use crate::editor::writers::Writers;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// What every run works with.
#[derive(Clone, Debug)]
pub struct Bench {
    programs: Programs,
    site: SocketAddr,
    out: PathBuf,
    size: Size,
}

/// How long a page has to come to rest before anything is measured.
const REST: Duration = Duration::from_secs(1);
/// How long writers write before the measured keys begin.
const WARM: Duration = Duration::from_secs(3);

/// One run that is under way.
struct Sitting {
    room: Room,
    writers: Writers,
    page: Chromium,
    /// What was typed, all in one place.
    typed: String,
    outcome: Outcome,
    middle: String,
}

impl Bench {
    /// Serves the peers' pages, and keeps what the runs need in a folder.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn new(programs: Programs, out: PathBuf, size: Size) -> Result<Bench> {
        let site = crate::editor::site::serve(programs.editors.join("pages")).await?;
        Ok(Bench { programs, site, out, size })
    }

    /// Measures once. What goes wrong makes the result void.
    pub async fn measure(&self, subject: &Subject, scenario: Scenario) -> Outcome {
        let measured = async {
            let mut sitting = self.sit(subject, scenario).await?;
            match scenario {
                Scenario::Alone => sitting.alone(self.size).await?,
                Scenario::Crowd => sitting.crowd(self.size, None).await?,
                Scenario::Open => sitting.try_out().await?,
            }
            sitting.outcome.memory = Some(sitting.page.memory().await?);
            Ok(sitting.outcome)
        };
        let void = |error: anyhow::Error| Outcome {
            void: Some(format!("{error:#}")),
            ..Outcome::of(subject.name, scenario)
        };
        measured.await.unwrap_or_else(void)
    }

    /// What the page's main thread does while many write: the functions that take the most of it. The whole
    /// profile is left beside the report, for DevTools.
    ///
    /// # Errors
    /// When the run does not come to its end.
    pub async fn profile(&self, subject: &Subject) -> Result<String> {
        let mut sitting = self.sit(subject, Scenario::Crowd).await?;
        let mut taken = None;
        sitting.crowd(self.size, Some(&mut taken)).await?;
        let taken = taken.context("no profile was taken")?;
        fs::write(self.out.join("editor.cpuprofile"), taken.to_string())?;
        profile::top(&taken)
    }

    async fn sit(&self, subject: &Subject, scenario: Scenario) -> Result<Sitting> {
        let folder = self.out.join("editors").join(subject.name);
        let room = subject.open(&self.programs, &folder, self.site)?;
        let mut writers = Writers::start(&self.programs.editors, &room.socket, subject.structure).await?;
        let edits = (scenario == Scenario::Open).then_some(self.size.edits);
        let filled = writers.fill(self.size.characters, edits).await?;
        let page = Chromium::start(&folder).await?;
        let opened = page.open(&room.page, subject.root, filled.characters).await?;
        let mut outcome = Outcome::of(subject.name, scenario);
        outcome.opened = (scenario == Scenario::Open).then_some(opened);
        sleep(REST).await;
        let middle = if edits.is_some() { String::new() } else { filled.middle };
        Ok(Sitting { room, writers, page, typed: String::new(), outcome, middle })
    }
}

impl Sitting {
    async fn alone(&mut self, size: Size) -> Result<()> {
        self.page.go_to(&self.middle).await?;
        self.type_keys(size.warm).await?;
        self.type_keys(size.keys).await?;
        let times = self.settled().await?;
        self.take_keys(&times, size.warm);
        self.compare().await
    }

    async fn crowd(&mut self, size: Size, profile: Option<&mut Option<serde_json::Value>>) -> Result<()> {
        self.writers.join(size.writers).await?;
        self.page.go_to(&self.middle).await?;
        self.writers.write(size.rate).await?;
        sleep(WARM).await;
        self.type_keys(size.warm).await?;
        if profile.is_some() {
            self.page.start_profile().await?;
        }
        let before = self.page.load().await?;
        self.type_keys(size.keys).await?;
        let after = self.page.load().await?;
        if let Some(profile) = profile {
            *profile = Some(self.page.stop_profile().await?);
        }
        self.outcome.edits = self.writers.stop().await?;
        let times = self.settled().await?;
        self.take_keys(&times, size.warm);
        // Of the remote words those count that came while the measured keys were pressed.
        let from = times.keys.get(size.warm).context("no key was measured")?.at;
        let to = times.keys.last().context("no key was measured")?.at;
        let within = times.marks.iter().filter(|mark| (from..to).contains(&mark.arrived));
        self.outcome.remote = within.filter_map(|mark| Some(mark.painted? - mark.arrived)).collect();
        let passed = after.at - before.at;
        let share = |after: f64, before: f64| (after - before) / passed;
        self.outcome.busy = Some([
            share(after.tasks, before.tasks),
            share(after.scripts, before.scripts),
            share(after.layout, before.layout),
        ]);
        self.compare().await
    }

    /// A document that was opened must be one that can be written into.
    async fn try_out(&mut self) -> Result<()> {
        self.page.go_to(&self.middle).await?;
        self.type_keys(12).await?;
        self.settled().await?;
        self.compare().await
    }

    /// Presses so many keys, about ten a second, at times that do not keep step with the screen.
    async fn type_keys(&mut self, count: usize) -> Result<()> {
        let mut due = Instant::now();
        for _ in 0..count {
            let number = self.typed.len() as u64 + 1;
            // Any eight of them in a row are found only where they were typed.
            let chance = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % 1_000_003;
            let character = match (number % 7, chance % 26) {
                (0, _) => ' ',
                (_, letter) => char::from(b'a' + letter as u8),
            };
            self.page.press(character)?;
            self.typed.push(character);
            due += Duration::from_micros(70_000 + chance % 60_000);
            sleep_until(due).await;
        }
        Ok(())
    }

    /// Waits until all that was pressed and all that came in is painted.
    async fn settled(&self) -> Result<Times> {
        let page = &self.page;
        let wanted = self.typed.len();
        let look = async || {
            let times = page.times().await?;
            let shown = times.keys.iter().all(|key| key.painted.is_some());
            let seen = times.marks.iter().all(|mark| mark.painted.is_some());
            Ok((times.keys.len() == wanted && shown && seen).then_some(times))
        };
        let error = match page.until("all is shown", look).await {
            Ok(times) => return Ok(times),
            Err(error) => error,
        };
        let times = page.times().await?;
        let keys = times.keys.iter().filter(|key| key.painted.is_some()).count();
        bail!(
            "{error:#}: {keys} of {wanted} keys were shown, and of {} remote words not these: {}",
            times.marks.len(),
            page.unshown().await?.join(", ")
        );
    }

    fn take_keys(&mut self, times: &Times, warm: usize) {
        let measured = times.keys.iter().skip(warm);
        let pairs = measured.filter_map(|key| Some((key.painted? - key.at, key.painted? - key.begun?)));
        (self.outcome.key, self.outcome.frame) = pairs.unzip();
    }

    /// All replicas are equal, the page shows what they say, and nothing is lost.
    async fn compare(&mut self) -> Result<()> {
        let page = &self.page;
        let writers = &mut self.writers;
        let typed = self.typed.trim_end();
        let mut last = None;
        for _ in 0..40 {
            let compared = writers.compare().await?;
            ensure!(compared.closed == 0, "the server closed {} writers' connections", compared.closed);
            ensure!(compared.lost == 0, "{} of {} marked words are lost", compared.lost, compared.marks);
            let wanted = without_last_empty(&compared.lines);
            let shown = page.lines().await?;
            if without_last_empty(&shown) == wanted && wanted.iter().any(|line| line.contains(typed)) {
                return Ok(());
            }
            last = Some((shown, compared.lines));
            sleep(Duration::from_millis(250)).await;
        }
        let (shown, wanted) = last.context("nothing was compared")?;
        let differs = shown.iter().zip(&wanted).position(|(shown, wanted)| shown != wanted);
        let at = differs.unwrap_or(shown.len().min(wanted.len()));
        bail!(
            "{} shows {} lines where {} are, the first that differs is {at}: {:?} instead of {:?}; what was \
             typed is {}in the document",
            self.room.page.split('?').next().unwrap_or_default(),
            shown.len(),
            wanted.len(),
            shown.get(at),
            wanted.get(at),
            if wanted.iter().any(|line| line.contains(typed)) { "" } else { "not " },
        )
    }
}

/// An editor may show the empty line after a document's last line end.
fn without_last_empty(lines: &[String]) -> &[String] {
    match lines {
        [before @ .., last] if last.is_empty() => before,
        _ => lines,
    }
}
