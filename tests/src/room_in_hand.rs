//! One room in hand, with the CPU time of everything that it does: what a hostile update costs it, and how long
//! somebody else's write waits meanwhile.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use samsyn_server::room::cpu;
use samsyn_shared::domain::limits;
use samsyn_shared::room::{
    ConnectionId, Dialect, Effect, Event, LogReading, Opened, Proven, Reaction, RoomConfig, RoomDocument,
    RoomJournal, RoomState, Unproven, UpkeepLimits,
};
use samsyn_shared::sync::protocol::{CloseCode, Message};
use samsyn_shared::{Epoch, Role, Seq, Template, WriteNumber, document};
use yrs::{ReadTxn as _, StateVector, Text as _, Transact as _, WriteTxn as _};

/// Who attacks, and who writes beside it.
const ATTACKER: ConnectionId = ConnectionId(1);
const HONEST: ConnectionId = ConnectionId(2);

/// A room with two in it.
pub struct RoomInHand {
    state: RoomState,
    now: Duration,
    honest: yrs::Doc,
    numbers: [u64; 2],
    /// What was said to each.
    refused: Option<String>,
    saved: [u64; 2],
    closed: Vec<(ConnectionId, CloseCode)>,
    stored: Vec<Bytes>,
    /// The snapshot that the room wants to be measured.
    proving: Option<Unproven>,
    /// CPU time of the longest event, and of all.
    pub worst: Duration,
    /// What that event was.
    pub worst_in: &'static str,
    /// See `worst`.
    pub total: Duration,
}

/// What came of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is in the document.
    Taken,
    /// Nothing of it is, with this code.
    Refused(String),
    /// The connection was closed.
    Closed(CloseCode),
}

impl RoomInHand {
    /// Over an empty målbild, in which the attacker's first update is already.
    ///
    /// # Errors
    /// If the room doesn't open.
    pub fn over(first: &[u8]) -> Result<Self> {
        let template = Template::find("tom").context("the blank template")?;
        let seed = document::seed(template, "T", 3);
        let seed = Bytes::from(seed.try_transact()?.encode_diff_v1(&StateVector::default()));
        let stored = vec![seed, Bytes::copy_from_slice(first)];
        let document = RoomDocument::build(stored.iter(), 1)?;
        let now = Duration::ZERO;
        let config = RoomConfig {
            epoch: Epoch(3),
            past_epochs: Vec::new(),
            template,
            document_bytes: limits::DOCUMENT_BYTES,
            upkeep: UpkeepLimits::default(),
            cpu,
        };
        let (took, log, last) = (Duration::ZERO, LogReading::default(), Seq::default());
        let opened = Opened { document, took, log, last, journal: RoomJournal::default() };
        let mut room_in_hand = Self {
            state: RoomState::new(opened, config, now, 0),
            now,
            honest: document::replica(99),
            numbers: [0; 2],
            refused: None,
            saved: [0; 2],
            closed: Vec::new(),
            stored,
            proving: None,
            worst: Duration::ZERO,
            worst_in: "",
            total: Duration::ZERO,
        };
        for connection in [ATTACKER, HONEST] {
            let (role, dialect) = (Role::Editor, Dialect::Own);
            let seat = format!("seat-{:011}", connection.0).parse()?;
            room_in_hand.event(Event::Joined { connection, role, dialect, seat })?;
        }
        Ok(room_in_hand)
    }

    /// Has the attacker send an update, and the other write a character between any two events, until all is done.
    /// Says what came of it, and how many events the other waited at most.
    ///
    /// # Errors
    /// If the room stops, or the honest one is closed.
    pub fn attack(&mut self, update: &[u8]) -> Result<(Outcome, usize)> {
        self.numbers[0] += 1;
        self.refused = None;
        let write = Message::Write(WriteNumber(self.numbers[0]), Bytes::copy_from_slice(update));
        self.event(Event::FrameReceived { connection: ATTACKER, frame: write.encode() })?;
        let mut longest = 0;
        loop {
            self.write()?;
            let mut waited = 0;
            while self.saved[1] < self.numbers[1] {
                ensure!(self.step()?, "the room is quiet, and has not saved what was written");
                waited += 1;
            }
            longest = longest.max(waited);
            if !self.state.has_heavy() {
                break;
            }
            // Where the document is full, the write was refused at once, and nothing has happened yet.
            self.step()?;
        }
        // Nobody writes any more, so all that is due ends.
        while self.step()? {}
        ensure!(!self.closed.iter().any(|(who, _)| *who == HONEST), "the honest one was closed");
        let closed = self.closed.iter().find(|(who, _)| *who == ATTACKER).map(|(_, code)| *code);
        Ok(match (closed, self.refused.take()) {
            (Some(code), _) => (Outcome::Closed(code), longest),
            (None, Some(code)) => (Outcome::Refused(code), longest),
            (None, None) => {
                ensure!(self.saved[0] == self.numbers[0], "the attacker's write was not answered");
                (Outcome::Taken, longest)
            }
        })
    }

    /// CPU time that opening the document takes now.
    ///
    /// # Errors
    /// If it doesn't load.
    pub fn opening(&mut self) -> Result<Duration> {
        let began = cpu();
        let whole = self.state.whole()?;
        ensure!(matches!(whole.prove()?, Proven::Same(_)), "it is another document");
        Ok(cpu().saturating_sub(began))
    }

    /// Whether the attacker was closed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The honest one writes a character in the title.
    fn write(&mut self) -> Result<()> {
        let update = {
            let mut txn = self.honest.try_transact_mut()?;
            let text = txn.get_or_insert_text("title");
            text.insert(&mut txn, 0, "h");
            txn.encode_update_v1()
        };
        self.numbers[1] += 1;
        let write = Message::Write(WriteNumber(self.numbers[1]), update.into());
        self.event(Event::FrameReceived { connection: HONEST, frame: write.encode() })
    }

    /// What is due next happens: a frame, or a turn. False if nothing is.
    fn step(&mut self) -> Result<bool> {
        if let Some(due) = self.state.wake_at() {
            self.now = self.now.max(due);
            self.event(Event::Woke)?;
            return Ok(true);
        }
        let is_due = self.state.is_turn_due() || self.proving.is_some();
        if self.state.is_turn_due() {
            self.now += Duration::from_millis(1);
            self.event(Event::Turn)?;
        }
        self.weigh()?;
        Ok(is_due)
    }

    /// Measures how long the document takes to open, when the room wants to know.
    fn weigh(&mut self) -> Result<()> {
        if let Some(unproven) = self.proving.take() {
            let began = cpu();
            let proven = Some(unproven.prove());
            let opening = Some(cpu().saturating_sub(began));
            ensure!(matches!(proven, Some(Ok(Proven::Same(_)))), "it is another document");
            self.event(Event::Proven { proven, opening })?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<()> {
        let mut reaction = Reaction::at(self.now);
        let name = match &event {
            Event::FrameReceived { .. } => "a frame",
            Event::Woke => "what was due",
            Event::Turn => "a turn",
            _ => "something else",
        };
        let began = cpu();
        self.state.handle(event, &mut reaction);
        let took = cpu().saturating_sub(began);
        if took > self.worst {
            self.worst = took;
            self.worst_in = name;
        }
        self.total += took;
        for effect in reaction.effects {
            match effect {
                Effect::Send { to, message } => self.heard(&to, message),
                Effect::Close { connection, code } => self.closed.push((connection, code)),
                Effect::Append { updates, .. } => {
                    self.stored.extend(updates);
                    let last = Seq(self.stored.len() as u64);
                    self.event(Event::Appended { at: 0, last })?;
                }
                Effect::Reload => {
                    let stored = self.stored.clone();
                    self.event(Event::Reloaded { stored, client_id: 5 })?;
                }
                Effect::Prove(unproven) => self.proving = Some(unproven),
                Effect::Compact { .. } => self.event(Event::Compacted { is_stored: false })?,
                Effect::Enter { .. } | Effect::Rewrite { .. } | Effect::Answer { .. } => {
                    anyhow::bail!("nobody asked for an act")
                }
                Effect::End | Effect::Stop => anyhow::bail!("the room stopped"),
            }
        }
        Ok(())
    }

    fn heard(&mut self, to: &[ConnectionId], message: Bytes) {
        match Message::decode(message) {
            Ok(Message::Saved(number)) => {
                for to in to {
                    self.saved[usize::from(*to == HONEST)] = number.0;
                }
            }
            Ok(Message::Refused(_, code)) if to.contains(&ATTACKER) => self.refused = Some(code.to_string()),
            // In a document that is full; it was answered. What it writes next doesn't stand on that.
            Ok(Message::Refused(number, _)) => {
                self.saved[1] = self.saved[1].max(number.0);
                self.honest = document::replica(100 + number.0);
            }
            _ => {}
        }
    }
}
