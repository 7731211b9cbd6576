//! One measured run: one editor, one scenario, a server and a browser that were just started.

use crate::editor::chromium::{Chromium, Passage, Times};
use crate::editor::outcome::Outcome;
use crate::editor::profile;
use crate::editor::scenario::{Scenario, Size};
use crate::editor::subject::{Programs, Room, Subject};
use crate::editor::writers::Writers;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
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

/// How long after the last key a page may show what was pressed and what came in while many write. One that takes
/// longer is cut off.
pub const LIMIT: Duration = Duration::from_secs(20);
/// How long a page that nobody else writes in may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is looked at beside the times, which costs time itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Nothing,
    /// Which functions run, looked at 4000 times a second.
    Samples,
    /// Which kind of work each task is.
    Tasks,
}

/// One run that is under way.
struct Sitting {
    room: Room,
    writers: Writers,
    page: Chromium,
    /// What was typed, all in one place.
    typed: String,
    /// When each key of it was pressed.
    pressed: Vec<Instant>,
    outcome: Outcome,
    middle: String,
    watch: Watch,
    /// What watching told.
    told: String,
    /// The samples, if they were taken.
    samples: Option<Value>,
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
            let mut sitting = self.run(subject, scenario, Watch::Nothing).await?;
            sitting.outcome.memory = Some(sitting.page.memory().await?);
            Ok(sitting.outcome)
        };
        let void = |error: anyhow::Error| Outcome {
            void: Some(format!("{error:#}")),
            ..Outcome::of(subject.name, scenario)
        };
        measured.await.unwrap_or_else(void)
    }

    /// What the page's main thread does in a scenario: the kinds of work between a key and its paint, or until a
    /// document is open, and the functions that take the most of it. The samples are left beside the report, for
    /// DevTools.
    ///
    /// # Errors
    /// When a run does not come to its end.
    pub async fn profile(&self, subject: &Subject, scenario: Scenario) -> Result<String> {
        let tasks = self.run(subject, scenario, Watch::Tasks).await?.told;
        let samples = self.run(subject, scenario, Watch::Samples).await?.told;
        let what = match scenario {
            Scenario::Open => "until it is open",
            Scenario::Alone | Scenario::Crowd => "from a key to its paint",
        };
        let (name, scenario) = (subject.name, scenario.name());
        Ok(format!("# {name}, {scenario}\n\n{what}: {tasks}\nfunctions, {samples}\n"))
    }

    /// The browser's name and version.
    ///
    /// # Errors
    /// When there is none.
    pub async fn browser(&self) -> Result<String> {
        Chromium::start(&self.out.join("editors")).await?.version().await
    }

    async fn run(&self, subject: &Subject, scenario: Scenario, watch: Watch) -> Result<Sitting> {
        let mut sitting = self.sit(subject, scenario, watch).await?;
        match scenario {
            Scenario::Alone => sitting.alone(self.size).await?,
            Scenario::Crowd => sitting.crowd(self.size).await?,
            Scenario::Open => sitting.try_out().await?,
        }
        if watch == Watch::Samples {
            let name = format!("editor-{}.cpuprofile", scenario.name());
            fs::write(self.out.join(name), sitting.samples.take().context("no samples")?.to_string())?;
        }
        Ok(sitting)
    }

    async fn sit(&self, subject: &Subject, scenario: Scenario, watch: Watch) -> Result<Sitting> {
        let folder = self.out.join("editors").join(subject.name);
        let room = subject.open(&self.programs, &folder, self.site)?;
        let mut writers = Writers::start(&self.programs.editors, &room.socket, subject.structure).await?;
        let edits = (scenario == Scenario::Open).then_some(self.size.edits);
        let filled = writers.fill(self.size.characters, edits).await?;
        let middle = if edits.is_some() { String::new() } else { filled.middle };
        let mut sitting = Sitting {
            page: Chromium::start(&folder).await?,
            room,
            writers,
            typed: String::new(),
            pressed: Vec::new(),
            outcome: Outcome::of(subject.name, scenario),
            middle,
            watch,
            told: String::new(),
            samples: None,
        };
        if scenario == Scenario::Open {
            sitting.begin_watch().await?;
        }
        let opened = sitting.page.open(&sitting.room.page, subject.root, filled.characters).await?;
        if scenario == Scenario::Open {
            sitting.end_watch(&[(0.0, opened)]).await?;
            sitting.outcome.opened = Some(opened);
        }
        sleep(REST).await;
        Ok(sitting)
    }
}

impl Sitting {
    async fn alone(&mut self, size: Size) -> Result<()> {
        self.page.go_to(&self.middle).await?;
        self.type_keys(size.warm).await?;
        self.begin_watch().await?;
        self.type_keys(size.keys).await?;
        let times = self.all_shown(PATIENCE).await?;
        self.take_keys(&times, size.warm);
        self.end_watch(&stretches(&times, size.warm)).await?;
        self.compare().await
    }

    async fn crowd(&mut self, size: Size) -> Result<()> {
        self.writers.join(size.writers).await?;
        self.page.go_to(&self.middle).await?;
        self.writers.write(size.rate).await?;
        sleep(WARM).await;
        self.type_keys(size.warm).await?;
        self.begin_watch().await?;
        let before = self.page.load().await?;
        self.type_keys(size.keys).await?;
        let last = Instant::now();
        let after = self.page.load().await?;
        self.outcome.edits = self.writers.stop().await?;
        let times = self.settled(LIMIT.saturating_sub(last.elapsed())).await?;
        self.outcome.behind = !self.is_shown(&times);
        self.take_keys(&times, size.warm);
        self.take_marks(&times, size.warm);
        self.end_watch(&stretches(&times, size.warm)).await?;
        let passed = after.at - before.at;
        let share = |after: f64, before: f64| (after - before) / passed;
        self.outcome.busy = Some([
            share(after.tasks, before.tasks),
            share(after.scripts, before.scripts),
            share(after.layout, before.layout),
        ]);
        // What a page shows that is still behind says nothing.
        if self.outcome.behind { Ok(()) } else { self.compare().await }
    }

    async fn begin_watch(&self) -> Result<()> {
        match self.watch {
            Watch::Nothing => Ok(()),
            Watch::Samples => self.page.start_profile().await,
            Watch::Tasks => self.page.start_trace().await,
        }
    }

    /// Ends watching, and reads what it told of these stretches of time.
    async fn end_watch(&mut self, stretches: &[(f64, f64)]) -> Result<()> {
        match self.watch {
            Watch::Nothing => {}
            Watch::Samples => {
                let samples = self.page.stop_profile().await?;
                self.told = profile::top(&samples, stretches.len())?;
                self.samples = Some(samples);
            }
            Watch::Tasks => self.told = self.page.stop_trace().await?.told(stretches, stretches.len())?,
        }
        Ok(())
    }

    /// A document that was opened must be one that can be written into.
    async fn try_out(&mut self) -> Result<()> {
        self.page.go_to(&self.middle).await?;
        self.type_keys(12).await?;
        self.all_shown(PATIENCE).await?;
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
            self.pressed.push(Instant::now());
            due += Duration::from_micros(70_000 + chance % 60_000);
            sleep_until(due).await;
        }
        Ok(())
    }

    /// Waits until all that was pressed and all that came in is painted, or this long; gives the times then.
    async fn settled(&self, limit: Duration) -> Result<Times> {
        let end = Instant::now() + limit;
        loop {
            let times = self.page.times().await?;
            if self.is_shown(&times) || Instant::now() > end {
                return Ok(times);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn is_shown(&self, times: &Times) -> bool {
        let all = times.keys.iter().chain(&times.marks);
        times.keys.len() == self.typed.len() && all.into_iter().all(|one| one.painted.is_some())
    }

    async fn all_shown(&self, limit: Duration) -> Result<Times> {
        let times = self.settled(limit).await?;
        let keys = times.keys.iter().filter(|key| key.painted.is_some()).count();
        ensure!(
            self.is_shown(&times),
            "{keys} of {} keys were shown, and of {} remote words not these: {}",
            self.typed.len(),
            times.marks.len(),
            self.page.unshown().await?.join(", ")
        );
        Ok(times)
    }

    /// What is not shown yet counts with how long it has waited.
    fn take_keys(&mut self, times: &Times, warm: usize) {
        let waited = |index: usize| match times.keys.get(index) {
            Some(key) => times.now - key.at,
            // The page has not even heard of it.
            None => self.pressed[index].elapsed().as_secs_f64() * 1000.0,
        };
        let took = (warm..self.typed.len()).map(|index| {
            let shown = times.keys.get(index).and_then(Passage::took);
            shown.unwrap_or_else(|| (waited(index), waited(index)))
        });
        (self.outcome.key, self.outcome.key_work) = took.unzip();
    }

    /// Of the remote words those count that came while the measured keys were pressed.
    fn take_marks(&mut self, times: &Times, warm: usize) {
        let at = |key: &Passage| key.at;
        let (from, to) = (times.keys.get(warm).map(at), times.keys.last().map(at));
        let (Some(from), Some(to)) = (from, to) else { return };
        let within = times.marks.iter().filter(|mark| (from..to).contains(&mark.at));
        let took = within.map(|mark| mark.took().unwrap_or((times.now - mark.at, times.now - mark.at)));
        (self.outcome.remote, self.outcome.remote_work) = took.unzip();
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

/// From each measured key's press to its paint.
fn stretches(times: &Times, warm: usize) -> Vec<(f64, f64)> {
    times.keys.iter().skip(warm).filter_map(|key| Some((key.at, key.painted?))).collect()
}

/// An editor may show the empty line after a document's last line end.
fn without_last_empty(lines: &[String]) -> &[String] {
    match lines {
        [before @ .., last] if last.is_empty() => before,
        _ => lines,
    }
}
