//! One thread of the generator with its share of the connections.
//!
//! All of them are read through one buffer, so that a thousand connections cost the generator
//! neither memory nor a task each.

use crate::connection::{Connection, Participant, Surroundings};
use crate::stage::Stage;
use crate::tally::Tally;
use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Threads that share the participants.
pub(crate) const THREADS: usize = 2;

/// Presence is renewed after 25 s: servers forget it after 30. Only long runs come so far.
const RENEWAL: u64 = 25_000_000_000;

/// How often a thread looks up when nothing happens, so that it sees the start and the end.
const GLANCE: Duration = Duration::from_millis(2);

/// The threads of one run.
pub(crate) struct Crowds(Vec<JoinHandle<Result<Tally>>>);

impl Crowds {
    /// Lets all participants connect, at most `opening` of them at a time.
    #[must_use]
    pub(crate) fn start(
        address: SocketAddr,
        all: Vec<Participant>,
        stage: &Arc<Stage>,
        opening: usize,
    ) -> Crowds {
        let mut shares: Vec<Vec<Participant>> = vec![Vec::new(); THREADS];
        for (index, participant) in all.into_iter().enumerate() {
            shares[index % THREADS].push(participant);
        }
        let threads = shares.into_iter().filter(|share| !share.is_empty()).map(|share| {
            let stage = stage.clone();
            thread::spawn(move || Crowd::new(address, &stage, share, opening.div_ceil(THREADS))?.run())
        });
        Crowds(threads.collect())
    }

    /// Ends the threads, closes their connections, and says what they have counted.
    ///
    /// # Errors
    /// When a thread could not do its work.
    pub(crate) fn stop(self, stage: &Stage) -> Result<Tally> {
        stage.stop();
        let mut all = Tally::default();
        for thread in self.0 {
            all.add(&thread.join().ok().context("a thread of the generator panicked")??);
        }
        Ok(all)
    }
}

struct Crowd<'a> {
    address: SocketAddr,
    stage: &'a Stage,
    poll: Poll,
    waiting: VecDeque<Participant>,
    opening: usize,
    connections: Vec<Connection>,
    unsettled: Vec<usize>,
    /// Who writes, as phase and place among the connections, in the order of their phases.
    writers: Vec<(u64, usize)>,
    /// Which update of which of them is next.
    next: (u16, usize),
    renewals: VecDeque<(u64, usize)>,
    buffer: Vec<u8>,
    tally: Tally,
}

impl<'a> Crowd<'a> {
    fn new(
        address: SocketAddr,
        stage: &'a Stage,
        share: Vec<Participant>,
        opening: usize,
    ) -> Result<Crowd<'a>> {
        let phases = share.iter().enumerate().filter_map(|(index, one)| Some((one.phase?, index)));
        let mut writers: Vec<_> = phases.collect();
        writers.sort_unstable();
        Ok(Crowd {
            address,
            stage,
            poll: Poll::new()?,
            waiting: share.into(),
            opening,
            connections: Vec::new(),
            unsettled: Vec::new(),
            writers,
            next: (0, 0),
            renewals: VecDeque::new(),
            buffer: vec![0; 256 * 1024],
            tally: Tally::default(),
        })
    }

    fn run(mut self) -> Result<Tally> {
        let mut events = Events::with_capacity(256);
        while !self.stage.is_stopped() {
            self.open_more()?;
            self.poll.poll(&mut events, Some(self.pause()))?;
            let mut around =
                Surroundings { stage: self.stage, tally: &mut self.tally, buffer: &mut self.buffer };
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                let readable = event.is_readable() || event.is_read_closed() || event.is_error();
                connection.ready(readable, event.is_writable(), &mut around);
            }
            self.write_due();
            self.renew();
        }
        Ok(self.tally)
    }

    fn open_more(&mut self) -> Result<()> {
        self.unsettled.retain(|&index| !self.connections[index].is_settled());
        while self.unsettled.len() < self.opening
            && let Some(participant) = self.waiting.pop_front()
        {
            let mut connection = Connection::open(self.address, participant, self.stage)?;
            let index = self.connections.len();
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut connection.stream, Token(index), interest)?;
            self.connections.push(connection);
            self.unsettled.push(index);
            self.renewals.push_back((self.stage.now() + RENEWAL, index));
        }
        Ok(())
    }

    /// When the next update is due, if the writers have begun and are not done.
    fn due(&self) -> Option<u64> {
        let start = self.stage.started()?;
        let (counter, place) = self.next;
        let (phase, _) = self.writers.get(place)?;
        (counter < self.stage.plan.end).then(|| self.stage.due(start, *phase, counter))
    }

    fn pause(&self) -> Duration {
        let until =
            self.due().map_or(GLANCE, |due| Duration::from_nanos(due.saturating_sub(self.stage.now())));
        until.min(GLANCE)
    }

    fn write_due(&mut self) {
        while let Some(due) = self.due().filter(|due| *due <= self.stage.now()) {
            let (counter, place) = self.next;
            let (_, index) = self.writers[place];
            let mut around =
                Surroundings { stage: self.stage, tally: &mut self.tally, buffer: &mut self.buffer };
            if let Some(connection) = self.connections.get_mut(index) {
                connection.write(counter, due, &mut around);
            }
            let last = place + 1 == self.writers.len();
            self.next = if last { (counter + 1, 0) } else { (counter, place + 1) };
        }
    }

    fn renew(&mut self) {
        while let Some(&(due, index)) = self.renewals.front().filter(|(due, _)| *due <= self.stage.now()) {
            self.renewals.pop_front();
            self.renewals.push_back((due + RENEWAL, index));
            self.connections[index].renew();
        }
    }
}
