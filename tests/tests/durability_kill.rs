//! Eight people type, the server is killed thirty times, and nobody loses a word.

use std::cell::Cell;
use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use samsyn_shared::Role;
use samsyn_shared::text::delta::{Op, plain};
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::server::Server;
use samsyn_tests::writer::{Writer, words_in};

const SECTIONS: [&str; 3] = ["mal-for-hanteringen", "kommunikationsmal", "prioriteringar"];
const ROUNDS: u32 = 30;
const WRITERS: usize = 8;
/// Words that a writer has on their way at once, at most.
const WINDOW: usize = 12;
/// Bytes of what a round's latecomer brings, and of what everyone is given who joins.
const MUCH: usize = 100_000;

/// When the server of a round is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// While it reads what it had.
    Opening,
    /// When it has said that it listens, while the writers come back.
    Listening,
    /// When so many words were sent.
    Sent(u32),
    /// When so many words were heard to be saved.
    Saved(u32),
    /// When 100 kB of a writer are on their way to it, and the 100 kB of the målbild on theirs.
    Joining,
}

impl Moment {
    fn of(round: u32, rng: &mut SmallRng) -> Self {
        match round % 10 {
            3 => Self::Opening,
            6 => Self::Listening,
            9 => Self::Joining,
            even if even % 2 == 0 => Self::Sent(rng.random_range(1..=200)),
            _ => Self::Saved(rng.random_range(1..=200)),
        }
    }
}

/// Kills the server at the round's moment, from within whatever made the moment come: the others are in
/// the middle of theirs.
struct Fuse<'a> {
    server: &'a Server,
    moment: Moment,
    sent: Cell<u32>,
    saved: Cell<u32>,
    burnt: Cell<bool>,
}

impl<'a> Fuse<'a> {
    fn new(server: &'a Server, moment: Moment) -> Self {
        Self { server, moment, sent: Cell::new(0), saved: Cell::new(0), burnt: Cell::new(false) }
    }

    fn count_sent(&self) -> Result<()> {
        self.sent.set(self.sent.get() + 1);
        self.burn_if(matches!(self.moment, Moment::Sent(n) if self.sent.get() >= n))
    }

    fn count_saved(&self, words: usize) -> Result<()> {
        self.saved.set(self.saved.get() + u32::try_from(words)?);
        self.burn_if(matches!(self.moment, Moment::Saved(n) if self.saved.get() >= n))
    }

    fn burn_if(&self, now: bool) -> Result<()> {
        if now && !self.burnt.replace(true) {
            self.server.signal_kill()?;
        }
        Ok(())
    }

    /// An error is how a cut is felt, but only once there was one.
    fn felt<T>(&self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(_) if self.burnt.get() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Comes back and types until the server is dead. What it had said before is listened to, to the end.
async fn type_until_cut(writer: &mut Writer, seed: u64, fuse: &Fuse<'_>) -> Result<()> {
    let mut rng = SmallRng::seed_from_u64(seed);
    if fuse.felt(writer.come_back(fuse.server).await)?.is_none() {
        return Ok(());
    }
    let mut writing = true;
    loop {
        while writing && writer.unsaved() < rng.random_range(1..=WINDOW) {
            writing = fuse.felt(writer.type_word().await)?.is_some();
            fuse.count_sent()?;
        }
        match fuse.felt(writer.hear().await)?.flatten() {
            Some(words) => fuse.count_saved(words)?,
            None => {
                ensure!(fuse.burnt.get(), "the server hung up and was not killed");
                return Ok(());
            }
        }
    }
}

/// The målbilder and who types into them.
struct Workshop {
    api: Api,
    server: Server,
    malbilder: Vec<Malbild>,
    writers: Vec<Writer>,
}

impl Workshop {
    async fn open() -> Result<Self> {
        let server = Server::start().await?;
        let api = Api::of(&server)?;
        let mut malbilder = Vec::new();
        for title in ["Storm", "Översvämning"] {
            malbilder.push(api.create("aktorsgemensam", title).await?);
        }
        let mut writers = Vec::new();
        for index in 0..WRITERS {
            // Most in one room, and some in another: both share the disk's commits.
            let malbild = &malbilder[usize::from(index % 4 == 3)];
            let token = malbild.token(Role::Editor);
            let section = SECTIONS[index % SECTIONS.len()];
            writers.push(Writer::join(&server, malbild, token, &format!("s{index}"), section).await?);
        }
        // What everyone is given who joins.
        writers[0].type_much(MUCH).await?;
        writers[0].wait_until_saved().await?;
        Ok(Self { api, server, malbilder, writers })
    }

    /// Everyone types, until the server is killed.
    async fn round(&mut self, moment: Moment, rng: &mut SmallRng) -> Result<()> {
        let fuse = Fuse::new(&self.server, moment);
        fuse.burn_if(matches!(moment, Moment::Listening))?;
        if matches!(moment, Moment::Joining) {
            let writer = &mut self.writers[usize::try_from(rng.random_range(0..3u32))?];
            writer.type_much_unsent(MUCH)?;
            let bringing = writer.come_back(&self.server);
            // Of its way there and back, this many wakings are gone through.
            let steps = rng.random_range(1..=40u32);
            cut_off(bringing, steps).await;
            fuse.burn_if(true)?;
        }
        let typing = self.writers.iter_mut().map(|writer| type_until_cut(writer, rng.random(), &fuse));
        try_join_all(typing).await?;
        self.server.stopped().await?;
        Ok(())
    }

    /// What the server has of a målbild: one who joins anew and the export are told the same.
    async fn held(&self, malbild: &Malbild) -> Result<Vec<String>> {
        let fresh = Peer::join(&self.server, malbild, malbild.token(Role::Reader), Dialect::Stock).await?;
        let export: serde_json::Value = serde_json::from_str(&self.api.export(malbild, "json").await?)?;
        let mut held = Vec::new();
        for section in SECTIONS {
            let text = fresh.text(section)?;
            let sections = export["sections"].as_array().context("no sections")?;
            let found = sections.iter().find(|found| found["key"] == section).context("no such section")?;
            let ops: Vec<Op> = serde_json::from_value(found["delta"].clone())?;
            ensure!(text == plain(&ops), "a joiner and the export differ in {section}");
            held.push(text);
        }
        fresh.leave().await?;
        Ok(held)
    }

    /// Checks that the server has, once each, at least the words that `wanted` says of each writer.
    async fn expect(&self, what: &str, wanted: impl Fn(&Writer) -> BTreeSet<String>) -> Result<usize> {
        let mut count = 0;
        for malbild in &self.malbilder {
            let held = self.held(malbild).await?.concat();
            let words = words_in(&held);
            let twice: Vec<_> = words.iter().filter(|(_, times)| **times > 1).collect();
            ensure!(twice.is_empty(), "{what}: more than once: {twice:?}");
            let here = self.writers.iter().filter(|writer| writer.malbild().id == malbild.id);
            let lost: Vec<_> =
                here.flat_map(&wanted).filter(|word| !words.contains_key(word.as_str())).collect();
            ensure!(lost.is_empty(), "{what}: {} lost: {lost:?}", lost.len());
            count += words.len();
        }
        Ok(count)
    }
}

/// Drops a future in the middle, after it was woken so often; where it stands then is where it is cut.
async fn cut_off<T>(future: impl Future<Output = T>, steps: u32) {
    let mut future = std::pin::pin!(future);
    let mut left = steps;
    std::future::poll_fn(|context| {
        left = left.saturating_sub(1);
        match future.as_mut().poll(context) {
            std::task::Poll::Pending if left > 0 => std::task::Poll::Pending,
            _ => std::task::Poll::Ready(()),
        }
    })
    .await;
}

/// `SAMSYN_SEED` chooses the moments; they are as random as the machine all the same.
fn seed() -> Result<u64> {
    match std::env::var("SAMSYN_SEED") {
        Ok(seed) => seed.parse().context("SAMSYN_SEED is no number"),
        Err(_) => Ok(rand::random()),
    }
}

#[tokio::test]
async fn no_word_is_lost_in_thirty_rounds_of_kill_9_and_none_comes_twice() -> Result<()> {
    let seed = seed()?;
    eprintln!("SAMSYN_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut workshop = Workshop::open().await?;
    workshop.server.kill9().await?;
    for round in 0..ROUNDS {
        let moment = Moment::of(round, &mut rng);
        let what = format!("round {round}, {moment:?}, SAMSYN_SEED={seed}");
        if matches!(moment, Moment::Opening) {
            workshop.server.restart_and_kill_at_opening("sled/db").await.context(what.clone())?;
        } else {
            workshop.server.restart().await.context(what.clone())?;
            workshop.round(moment, &mut rng).await.context(what.clone())?;
        }
        // Before anyone comes back: they would bring what the server lost.
        workshop.server.restart().await.context(what.clone())?;
        let count = workshop.expect(&what, |writer| writer.saved().clone()).await?;
        eprintln!("{what}: {count} words are there");
        workshop.server.kill9().await?;
    }
    workshop.server.restart().await?;
    workshop.expect("at the end", |writer| writer.saved().clone()).await?;
    for writer in &mut workshop.writers {
        writer.come_back(&workshop.server).await?;
        writer.wait_until_saved().await?;
    }
    let count = workshop.expect("when all are back", Writer::all).await?;
    let typed: usize = workshop.writers.iter().map(|writer| writer.all().len()).sum();
    ensure!(count == typed, "{count} words are there, and {typed} were typed");
    eprintln!("{count} words, all there once");
    Ok(())
}
