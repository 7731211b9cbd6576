//! The device half of a peer: which batches to write to this browser's database, and the records of other tabs that it
//! reads there.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::{Effect, Next, Peer};
use crate::WriteNumber;
use crate::sync::client_session::Event;
use crate::sync::device_log::{About, DeviceLog, Due, Key, Record, StoredRecords, Written};

/// The log that this page writes to the device, and its read positions there.
#[derive(Debug)]
pub(super) struct PeerDevice {
    is_there: bool,
    pub(super) log: DeviceLog,
    /// For each batch under way, oldest first: whether it holds edits.
    writing: VecDeque<bool>,
    read: (Key, Key),
    is_reading: bool,
    /// Whether another tab has written since the reading under way began.
    is_behind: bool,
    noted: Option<About>,
    has_asked_to_persist: bool,
    /// Whether the page's text has been set aside: then nothing more of it is logged.
    is_aside: bool,
}

/// The outcome of integrating a record.
struct Integrated {
    /// What was new.
    parts: Vec<Bytes>,
    /// Whether that is all of it.
    is_whole: bool,
}

impl PeerDevice {
    pub(super) const fn of(tab: u64, is_there: bool) -> Self {
        Self {
            is_there,
            log: DeviceLog::of(tab),
            writing: VecDeque::new(),
            read: (Key(0), Key(0)),
            is_reading: false,
            is_behind: false,
            noted: None,
            has_asked_to_persist: false,
            is_aside: false,
        }
    }

    pub(super) const fn is_there(&self) -> bool {
        self.is_there
    }

    /// Logs an update that came from the server.
    pub(super) fn integrated(&mut self, update: Bytes) {
        if self.is_there {
            self.log.integrated(update);
        }
    }

    pub(super) fn set_aside(&mut self, effects: &mut Vec<Effect>) {
        if self.is_there {
            self.is_aside = true;
            effects.push(Effect::SetAside);
        }
    }

    pub(super) fn not_noted(&mut self) {
        self.noted = None;
    }
}

impl Peer {
    /// Logs an edit of this page. The session may send it once it is on the device, or if the device can't keep it.
    pub(super) fn keep_edit(
        &mut self,
        number: WriteNumber,
        update: Bytes,
        effects: &mut Vec<Effect>,
    ) -> Next {
        if !self.device.is_there {
            return Next::Event(Event::Kept(number));
        }
        self.device.log.edited(number, update);
        self.keep(Due::Edits, effects);
        if self.device.log.is_failing() { Next::Event(Event::Kept(number)) } else { Next::Nothing }
    }

    /// Asks for the next batch to be written, if one is due.
    pub(super) fn keep(&mut self, due: Due, effects: &mut Vec<Effect>) {
        if !self.device.is_there || self.device.is_aside {
            return;
        }
        let Self { device, replica, .. } = self;
        let Some(batch) = device.log.next(due, || replica.whole()) else { return };
        let has_edits = batch.edits.is_some();
        device.writing.push_back(has_edits);
        // Until the server answers, this device is the only one that has them: they must survive a loss of power.
        let is_strict = has_edits && !self.is_heard;
        effects.push(Effect::Write { batch, is_strict });
    }

    /// Handles the outcome of the oldest batch under way; `None` if it could not be written.
    pub(super) fn wrote(&mut self, time: Duration, outcome: Option<Written>, effects: &mut Vec<Effect>) {
        let Some(has_edits) = self.device.writing.pop_front() else { return };
        let log = &mut self.device.log;
        let kept = match outcome {
            Some(written) => log.written(written),
            None => log.failed(),
        };
        if has_edits {
            effects.extend(outcome.map(|_| Effect::TellTabs));
            self.session(time, Event::Kept(kept), effects);
        }
        if outcome.is_some() {
            // Somebody who writes here wants it to stay.
            if !std::mem::replace(&mut self.device.has_asked_to_persist, true) {
                effects.push(Effect::AskToPersist);
            }
            self.keep(Due::Edits, effects);
        }
    }

    /// Asks for the records that other tabs have written since the last reading.
    pub(super) fn read_new_records(&mut self, effects: &mut Vec<Effect>) {
        if std::mem::replace(&mut self.device.is_reading, true) {
            self.device.is_behind = true;
            return;
        }
        let (log, edits) = self.device.read;
        effects.push(Effect::Read { log, edits });
    }

    /// Handles the records that were read; `None` if they could not be.
    pub(super) fn has_read(
        &mut self,
        time: Duration,
        found: Option<StoredRecords>,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(found) = found {
            self.import(time, found, true, effects);
        }
        self.device.is_reading = false;
        if std::mem::take(&mut self.device.is_behind) {
            self.read_new_records(effects);
        }
    }

    /// Imports records from the device; into the replica too, if they are `is_new` there. Skips this page's own. A record
    /// with a gap (a block that it builds on is missing) is left for the next reading, with all after it: another tab
    /// has not written that block yet, or has set it aside.
    pub(super) fn import(
        &mut self,
        time: Duration,
        found: StoredRecords,
        is_new: bool,
        effects: &mut Vec<Effect>,
    ) {
        let (mut log, mut edits) = self.device.read;
        for (key, weight, record) in found.log {
            if !self.device.log.is_own(&record) {
                if is_new && !self.integrate_record(&record, effects).is_whole {
                    break;
                }
                self.device.log.read(key, weight);
            }
            log = log.max(key);
        }
        for (key, _, record) in found.edits {
            if !self.device.log.is_own(&record) {
                let Integrated { parts, is_whole } = match is_new {
                    true => self.integrate_record(&record, effects),
                    false => Integrated { parts: Vec::new(), is_whole: true },
                };
                // The parts that the replica already had may not be on the server's disk: all is sent.
                let updates = if is_whole { record.updates.clone() } else { parts };
                for update in updates {
                    self.session(time, Event::Found(update), effects);
                }
                if !is_whole {
                    break;
                }
                self.device.log.found(key, self.session.last(), record);
            }
            edits = edits.max(key);
        }
        self.device.read = (log, edits);
    }

    fn integrate_record(&mut self, record: &Record, effects: &mut Vec<Effect>) -> Integrated {
        let mut integrated = Integrated { parts: Vec::new(), is_whole: true };
        for update in &record.updates {
            let Ok(part) = self.replica.integrate_part(update) else {
                integrated.is_whole = false;
                break;
            };
            effects.push(Effect::Show(part.changes));
            integrated.parts.extend(part.update);
            integrated.is_whole &= part.is_whole;
        }
        integrated
    }

    /// Asks for the målbild's template, role and epoch to be noted on the device, when they become known or change.
    pub(super) fn note(&mut self, effects: &mut Vec<Effect>) {
        if !self.device.is_there || self.is_done {
            return;
        }
        let (Some(epoch), Some(role)) = (self.session.epoch(), self.session.role()) else { return };
        if self.device.noted.as_ref().is_some_and(|noted| (noted.epoch, noted.role) == (epoch, role)) {
            return;
        }
        let about = About { template: self.replica.template().identifier(), role, epoch };
        self.device.noted = Some(about.clone());
        effects.push(Effect::Note(about));
    }
}
