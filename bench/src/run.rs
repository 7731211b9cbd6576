//! One scenario with one server that already runs: who comes, what is waited for, what is read when.

use crate::connection::Participant;
use crate::crowd::Crowds;
use crate::disk;
use crate::marker::Marker;
use crate::measurement::Measurement;
use crate::place::{self, Kind, Place};
use crate::scenario::{Scenario, Shape, Times};
use crate::spread::Spread;
use crate::stage::{Plan, Stage};
use crate::tally::Tally;
use crate::update::{Author, Seed};
use crate::usage::Process;
use anyhow::{Result, bail};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Handshakes at a time when people only have to get in, and when they storm.
const OPENING: usize = 32;
const STORM: usize = 256;

/// How long one waits for people to get in, for stragglers, and for a storm to be over.
const JOIN_LIMIT: Duration = Duration::from_secs(45);
const STRAGGLERS: Duration = Duration::from_secs(8);
const STORM_LIMIT: Duration = Duration::from_secs(60);
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// Over how long a server has to be at rest to have settled.
const GLANCE: Duration = Duration::from_millis(500);

/// A server and what is to be done to it.
pub struct Run {
    /// What kind of server it is.
    pub kind: Kind,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub process: Process,
    /// Where its data is, if it keeps any.
    pub data: Option<PathBuf>,
    /// What is done.
    pub scenario: Scenario,
    /// How long writers write.
    pub times: Times,
}

impl Run {
    /// Does it, and says what it showed.
    ///
    /// # Errors
    /// When the server cannot be talked to at all; what it does badly is part of the result.
    pub fn perform(&self) -> Result<Measurement> {
        let mut result = match self.scenario.shape {
            Shape::Rooms { rooms, people, writers, rate } => self.rooms(rooms, people, writers, rate),
            Shape::Join { people, bytes } => self.storm(people, 0, bytes),
            Shape::Reconnect { people, edits, bytes } => self.storm(people, edits, bytes),
            Shape::Idle { people } => self.sit(1, people, None),
            Shape::Documents { rooms, bytes } => self.sit(rooms, 1, Some(Seed::new(bytes))),
        }?;
        result.scenario = self.scenario.name.to_string();
        result.people = self.scenario.people();
        if let Some(data) = &self.data {
            result.fsync = Some(disk::measure(data)?);
        }
        Ok(result)
    }

    fn rooms(&self, rooms: usize, people: usize, writers: usize, rate: u16) -> Result<Measurement> {
        let period = 1_000_000_000 / u64::from(rate);
        let (first, end) = (self.times.warm * rate, (self.times.warm + self.times.window) * rate);
        let all = rooms * writers;
        let stage = Arc::new(Stage::new(Plan { writers: u16::try_from(all)?, period, first, end }));
        let places = place::make(self.kind, self.address, rooms)?;
        let mut participants = Vec::new();
        for (room, place) in places.into_iter().enumerate() {
            let place = Arc::new(place);
            let range = (room * writers) as u16..((room + 1) * writers) as u16;
            for seat in 0..people {
                let writer = (seat < writers).then(|| range.start + seat as u16);
                participants.push(Participant {
                    writers: range.clone(),
                    writer,
                    // Writers of one room are spread over a period, and so are the rooms.
                    phase: writer.map(|_| {
                        let turn = (seat * rooms + room) as u64;
                        period * turn / all as u64
                    }),
                    ..self.participant(participants.len(), &place)
                });
            }
        }
        let expected = (all * usize::from(end - first) * (people - 1)) as u64;
        let receivers = participants.len();
        let resident_before = self.process.resident()?;
        let crowds = Crowds::start(self.address, participants, &stage, OPENING);
        wait(JOIN_LIMIT, || stage.all_joined(receivers));
        self.settle()?;
        stage.start();
        stage.sleep_until(first);
        let before = self.clocks()?;
        stage.sleep_until(end);
        let clocks = self.clocks()?.since(&before);
        let resident = self.process.resident()?;
        wait(STRAGGLERS, || stage.all_whole(receivers) && stage.all_saved());
        let tally = crowds.stop(&stage)?;
        let per_receiver = |count: u64| count as f64 / receivers as f64 / f64::from(self.times.window);
        Ok(Measurement {
            expected,
            frames_per_receiver: per_receiver(tally.frames),
            bytes_per_receiver: per_receiver(tally.bytes),
            resident_before,
            resident,
            ..measurement(&stage, &tally, &clocks)
        })
    }

    /// All come at once. With `edits`, they have the document and bring what they wrote offline.
    fn storm(&self, people: usize, edits: u16, bytes: usize) -> Result<Measurement> {
        let place = Arc::new(place::make(self.kind, self.address, 1)?.remove(0));
        let seed = Seed::new(bytes);
        let (keeper_stage, keeper) = self.seed(&place, &seed)?;
        let writers = if edits > 0 { u16::try_from(people)? } else { 0 };
        let stage = Arc::new(Stage::new(Plan { writers, period: 0, first: 0, end: edits }));
        let participants = (0..people).map(|number| {
            let participant = self.participant(number + 1, &place);
            if edits == 0 {
                return Participant { seed_marks: seed.marks, ..participant };
            }
            let writer = number as u16;
            let mut author = Author::new(OFFLINE_CLIENT + number as u64);
            let text: String = (0..edits).map(|counter| Marker { writer, counter }.text()).collect();
            Participant {
                writers: 0..writers,
                writer: Some(writer),
                vector: seed.vector.clone(),
                offline: Some((author.write(&text).into(), edits)),
                ..participant
            }
        });
        let participants = participants.collect();
        let resident_before = self.process.resident()?;
        let before = self.clocks()?;
        let crowds = Crowds::start(self.address, participants, &stage, STORM);
        let took = wait(STORM_LIMIT, || stage.all_whole(people));
        let clocks = self.clocks()?.since(&before);
        let resident = self.process.resident()?;
        wait(STRAGGLERS, || stage.all_saved());
        let tally = crowds.stop(&stage)?;
        keeper.stop(&keeper_stage)?;
        Ok(Measurement {
            expected: (people * people.saturating_sub(1) * usize::from(edits)) as u64,
            whole_s: took.as_secs_f64(),
            resident_before,
            resident,
            ..measurement(&stage, &tally, &clocks)
        })
    }

    /// Puts a document into a room, and waits until another gets all of it. Whoever put it there
    /// stays, because some servers forget a document with its last reader.
    fn seed(&self, place: &Arc<Place>, seed: &Seed) -> Result<(Arc<Stage>, Crowds)> {
        let stage = Arc::new(Stage::new(Plan::default()));
        let writer = Participant {
            offline: Some((seed.update.as_slice().into(), 0)),
            ..self.participant(SEED_NUMBER, place)
        };
        let keeper = Crowds::start(self.address, vec![writer], &stage, 1);
        wait(JOIN_LIMIT, || stage.all_joined(1));
        let probe_stage = Arc::new(Stage::new(Plan::default()));
        let probe = Participant { seed_marks: seed.marks, ..self.participant(SEED_NUMBER + 1, place) };
        let probes = Crowds::start(self.address, vec![probe], &probe_stage, 1);
        wait(JOIN_LIMIT, || probe_stage.all_whole(1));
        if probe_stage.whole.load(Ordering::Relaxed) == 0 {
            bail!("the document that was put into the room did not reach another");
        }
        probes.stop(&probe_stage)?;
        Ok((stage, keeper))
    }

    /// Connections that do nothing, in rooms that are empty or hold a document each.
    fn sit(&self, rooms: usize, people: usize, seed: Option<Seed>) -> Result<Measurement> {
        let mut places = place::make(self.kind, self.address, rooms + 1)?;
        // What a server sets up with its very first connection is not the connection's.
        let stage = Arc::new(Stage::new(Plan::default()));
        let first = Arc::new(places.remove(rooms));
        let crowds = Crowds::start(self.address, vec![self.participant(SEED_NUMBER, &first)], &stage, 1);
        wait(JOIN_LIMIT, || stage.all_joined(1));
        crowds.stop(&stage)?;
        sleep(Duration::from_secs(1));

        let offline = seed.map(|seed| (Arc::<[u8]>::from(seed.update), 0));
        let stage = Arc::new(Stage::new(Plan::default()));
        let mut participants = Vec::new();
        for place in places {
            let place = Arc::new(place);
            for _ in 0..people {
                let participant = self.participant(participants.len(), &place);
                participants.push(Participant { offline: offline.clone(), ..participant });
            }
        }
        let all = participants.len();
        let resident_before = self.process.resident()?;
        let crowds = Crowds::start(self.address, participants, &stage, OPENING);
        wait(JOIN_LIMIT, || stage.all_joined(all));
        sleep(self.times.rest);
        let before = self.clocks()?;
        sleep(self.times.rest);
        let clocks = self.clocks()?.since(&before);
        let resident = self.process.resident()?;
        let tally = crowds.stop(&stage)?;
        Ok(Measurement { resident_before, resident, ..measurement(&stage, &tally, &clocks) })
    }

    /// Waits until the server has told everyone of everyone who came: with a thousand people that is
    /// a million presences, which are not what the writers are to wait behind.
    fn settle(&self) -> Result<()> {
        let started = Instant::now();
        let mut before = self.process.cpu()?;
        loop {
            sleep(GLANCE);
            let now = self.process.cpu()?;
            if now.saturating_sub(before) < GLANCE / 10 || started.elapsed() > SETTLE_LIMIT {
                return Ok(());
            }
            before = now;
        }
    }

    fn participant(&self, number: usize, place: &Arc<Place>) -> Participant {
        Participant {
            number,
            place: place.clone(),
            dialect: self.kind.dialect(),
            writers: 0..0,
            writer: None,
            phase: None,
            vector: vec![0],
            seed_marks: 0,
            offline: None,
        }
    }

    fn clocks(&self) -> Result<Clocks> {
        Ok(Clocks { at: Instant::now(), server: self.process.cpu()?, generator: Process::own().cpu()? })
    }
}

/// Client ids of those who wrote offline, and numbers of those who only prepare a room.
const OFFLINE_CLIENT: u64 = 0x6000_0000;
const SEED_NUMBER: usize = 100_000;

/// What the clocks of both sides say.
struct Clocks {
    at: Instant,
    server: Duration,
    generator: Duration,
}

/// What went by on them.
struct Passed {
    seconds: f64,
    server: f64,
    generator: f64,
}

impl Clocks {
    fn since(&self, before: &Clocks) -> Passed {
        Passed {
            seconds: self.at.duration_since(before.at).as_secs_f64(),
            server: self.server.saturating_sub(before.server).as_secs_f64(),
            generator: self.generator.saturating_sub(before.generator).as_secs_f64(),
        }
    }
}

fn measurement(stage: &Stage, tally: &Tally, passed: &Passed) -> Measurement {
    Measurement {
        joined: stage.joined.load(Ordering::Relaxed),
        unsaved: stage.unsaved.load(Ordering::Relaxed),
        whole_count: stage.whole.load(Ordering::Relaxed),
        delivered: tally.delivered,
        in_window: tally.in_window,
        duplicates: tally.duplicates,
        strays: tally.strays,
        refused: tally.refused,
        asked_again: tally.asked_again,
        ended: tally.ended.clone(),
        latency: Spread::of(&tally.latency),
        saved: Spread::of(&tally.saved),
        whole: Spread::of(&tally.whole),
        late: Spread::of(&tally.late),
        seconds: passed.seconds,
        cpu_s: passed.server,
        generator_cpu_s: passed.generator,
        ..Measurement::default()
    }
}

/// Waits until something is so or the limit is over, and says how long that took.
fn wait(limit: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so() && started.elapsed() < limit {
        sleep(Duration::from_millis(5));
    }
    started.elapsed()
}
