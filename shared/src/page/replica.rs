//! This page's replica of the content document: the one truth that the views show. Every change of
//! it, whoever made it, comes out as a list of [`Change`]s; every change that was made here comes out as
//! an update for the server. It knows no view, no socket and no clock but the one it is given.

mod signature;
mod title;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::Value;
use yrs::branch::{Branch, BranchPtr};
use yrs::sync::Clock;
use yrs::undo::{Options, UndoManager};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    Assoc, Doc, IndexedSequence, Observable, Origin, ReadTxn, StateVector, StickyIndex, Text, TextRef,
    Transact, Update, WriteTxn,
};

use crate::document::authorship;
use crate::document::fingerprint::Fingerprint;
use crate::document::read_model::ReadModel;
use crate::document::{self, Busy};
use crate::domain::schema;
use crate::sync::device_log::StoredRecords;
use crate::text::delta::{Op, utf16_len};
use crate::{SectionKey, Template};

use signature::Signature;
pub use title::TITLE;
use title::one_line;

/// What changed in one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The text's key.
    pub key: SectionKey,
    /// How.
    pub delta: Vec<Op>,
    /// Whether the view that the change came from shows it already.
    pub shown: bool,
}

/// What the document reported and nobody has asked for yet, oldest first. `Clone`: it is one and the same.
struct Reports<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Reports<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Reports<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Reports<T> {
    fn add(&self, report: T) {
        self.0.lock().expect("no holder of this lock can panic").push(report);
    }

    fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().expect("no holder of this lock can panic"))
    }
}

/// What was applied of an update.
#[derive(Debug, Default)]
pub struct Part {
    /// What it changed.
    pub changes: Vec<Change>,
    /// What was new, if anything was.
    pub update: Option<Bytes>,
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// How an edit was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The person changed the view, and the model follows.
    View,
    /// A command changes the model, and the view follows.
    Command,
}

/// Why an update of others was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntegrateError {
    /// The document is in use: a broken invariant.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The bytes are no update, or one that does not apply.
    #[error("the update does not apply")]
    Invalid,
}

/// The origins of transactions; undo takes back the first two.
const VIEW: &str = "view";
const COMMAND: &str = "command";
const REMOTE: &str = "remote";

/// Edits that are closer than this are undone together, in milliseconds.
const CAPTURE_MILLIS: u64 = 500;

/// The document on this page.
pub struct Replica {
    template: &'static Template,
    client: u64,
    /// By their keys: the title, and the sections in their order.
    texts: Vec<(SectionKey, TextRef)>,
    undo: UndoManager<()>,
    signature: Signature,
    changes: Reports<Change>,
    updates: Reports<Bytes>,
    // The last field, so that it outlives what points into it.
    doc: Doc,
}

impl Replica {
    /// An empty replica, to be filled by [`Self::integrate`]. `client` is fresh for each page load.
    #[must_use]
    pub fn new(template: &'static Template, client: u64, clock: Arc<dyn Clock>) -> Self {
        let doc = document::replica(client);
        let (changes, updates) = (Reports::default(), Reports::default());
        let texts = {
            let mut txn = doc.try_transact_mut().expect("a replica that was made here has no other user");
            let title = (TITLE, txn.get_or_insert_text(schema::TITLE));
            let sections = template.sections.iter().map(|section| {
                let text = txn.get_or_insert_text(section.key.root());
                (section.key, text)
            });
            std::iter::once(title).chain(sections).collect::<Vec<_>>()
        };
        for (key, text) in &texts {
            report_changes(*key, text, changes.clone());
        }
        let reports = updates.clone();
        doc.observe_transaction_cleanup("updates", move |txn, _| {
            // What others wrote is not encoded: a long history takes its time.
            let is_own = txn.origin() != Some(&Origin::from(REMOTE));
            if let Some(update) = is_own.then(|| document::update_of(txn)).flatten() {
                reports.add(update.into());
            }
        })
        .expect("a replica that was made here has no other user");
        let mut undo = UndoManager::with_options(Options {
            capture_timeout_millis: CAPTURE_MILLIS,
            tracked_origins: [VIEW, COMMAND].map(Origin::from).into(),
            capture_transaction: None,
            timestamp: clock,
            init_undo_stack: Vec::new(),
            init_redo_stack: Vec::new(),
        });
        for (_, text) in &texts {
            undo.expand_scope(&doc, text);
        }
        let signature = Signature::default();
        Self { template, client, texts, undo, signature, changes, updates, doc }
    }

    /// What the målbild was made from.
    #[must_use]
    pub const fn template(&self) -> &'static Template {
        self.template
    }

    /// This page load's client id.
    #[must_use]
    pub const fn client(&self) -> u64 {
        self.client
    }

    /// Changes a text. What a title cannot be is left out of its change.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn edit(&mut self, mut edits: Vec<(SectionKey, Vec<Op>)>, by: By) -> Result<Vec<Change>, Busy> {
        for (key, delta) in &mut edits {
            if *key == TITLE {
                *delta = one_line(std::mem::take(delta), self.len(*key)?);
            }
        }
        // A command is undone by itself, not with the words before it or after it.
        if by == By::Command {
            self.undo.reset();
        }
        let origin = if by == By::View { VIEW } else { COMMAND };
        let signature = edits.iter().find_map(|(_, delta)| self.signature.take_for(delta));
        {
            let mut txn = self.doc.try_transact_mut_with(origin)?;
            if let Some(author) = signature {
                authorship::sign(&mut txn, self.client, &author);
            }
            for (key, delta) in &edits {
                document::change(self.text(*key), &mut txn, 0, delta);
            }
        }
        if by == By::Command {
            self.undo.reset();
        }
        let shown = by == By::View;
        Ok(edits.into_iter().map(|(key, delta)| Change { key, delta, shown }).collect())
    }

    /// Applies as much of an update as stands on what is here, and forgets the rest.
    ///
    /// # Errors
    /// [`IntegrateError`]; nothing was applied then.
    pub fn integrate_part(&mut self, update: &[u8]) -> Result<Part, IntegrateError> {
        let update = Update::decode_v1(update).map_err(|_| IntegrateError::Invalid)?;
        let (update, is_whole) = {
            let mut txn = self.doc.try_transact_mut_with(REMOTE).map_err(Busy::from)?;
            if leaves_hole(&txn, &update) {
                return Ok(Part::default());
            }
            txn.apply_update(update).map_err(|_| IntegrateError::Invalid)?;
            let is_whole = !txn.has_missing_updates();
            if !is_whole {
                txn.prune_pending();
            }
            (document::update_of(&txn).map(Bytes::from), is_whole)
        };
        Ok(Part { changes: self.changes.take(), update, is_whole })
    }

    /// Applies an update of others.
    ///
    /// # Errors
    /// [`IntegrateError`]; nothing was applied then.
    pub fn integrate(&mut self, update: &[u8]) -> Result<Vec<Change>, IntegrateError> {
        self.apply(Update::decode_v1(update).map_err(|_| IntegrateError::Invalid)?)?;
        Ok(self.changes.take())
    }

    fn apply(&mut self, update: Update) -> Result<(), IntegrateError> {
        let mut txn = self.doc.try_transact_mut_with(REMOTE).map_err(Busy::from)?;
        txn.apply_update(update).map_err(|_| IntegrateError::Invalid)
    }

    /// Brings in what was found on this device. False if some of it is damaged, or stands on what is not there: then the
    /// replica is of no use.
    #[must_use]
    pub fn recall(&mut self, found: &StoredRecords) -> bool {
        let records = found.log.iter().chain(&found.edits);
        let mut left: Vec<&Bytes> = records.flat_map(|(_, _, record)| &record.updates).collect();
        // What was written here goes into the log once it is saved, and so after what others built on it.
        loop {
            let mut later = Vec::new();
            for update in &left {
                match self.recall_update(update) {
                    Ok(true) => {}
                    Ok(false) => later.push(*update),
                    Err(_) => return false,
                }
            }
            if later.is_empty() || later.len() == left.len() {
                return later.is_empty() && !self.is_waiting();
            }
            left = later;
        }
    }

    /// False if it would leave a hole.
    fn recall_update(&mut self, update: &[u8]) -> Result<bool, IntegrateError> {
        let decoded = Update::decode_v1(update).map_err(|_| IntegrateError::Invalid)?;
        let txn = self.doc.try_transact().map_err(Busy::from)?;
        if leaves_hole(&txn, &decoded) {
            return Ok(false);
        }
        drop(txn);
        self.apply(decoded)?;
        // Whoever shows the replica begins with all of it.
        drop(self.changes.take());
        Ok(true)
    }

    /// Takes back this person's last edit.
    pub fn undo(&mut self) -> Vec<Change> {
        self.undo.undo_blocking();
        self.changes.take()
    }

    /// Brings back what was undone last.
    pub fn redo(&mut self) -> Vec<Change> {
        self.undo.redo_blocking();
        self.changes.take()
    }

    /// Whether there is something to undo, and to redo.
    #[must_use]
    pub fn history(&self) -> (bool, bool) {
        (self.undo.can_undo(), self.undo.can_redo())
    }

    /// The updates that were made here since the last call, oldest first.
    pub fn take_updates(&mut self) -> Vec<Bytes> {
        self.updates.take()
    }

    /// What the document has, for a connection that is being opened.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn vector(&self) -> Result<Bytes, Busy> {
        Ok(self.doc.try_transact()?.state_vector().encode_v1().into())
    }

    /// What the document holds, in short.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn fingerprint(&self) -> Result<Fingerprint, Busy> {
        Ok(Fingerprint::of(&self.doc.try_transact()?))
    }

    /// Whether something waits for what did not come.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.doc.try_transact().is_ok_and(|txn| txn.has_missing_updates())
    }

    /// All that the document has as one update; none while something waits for what did not come.
    #[must_use]
    pub fn whole(&self) -> Option<Bytes> {
        let txn = self.doc.try_transact().ok().filter(|txn| !txn.has_missing_updates())?;
        Some(txn.encode_diff_v1(&StateVector::default()).into())
    }

    /// All that the document has beyond a state vector.
    ///
    /// # Errors
    /// [`IntegrateError`]: in use, or no state vector.
    pub fn difference(&self, vector: &[u8]) -> Result<Bytes, IntegrateError> {
        let vector = StateVector::decode_v1(vector).map_err(|_| IntegrateError::Invalid)?;
        let txn = self.doc.try_transact().map_err(Busy::from)?;
        Ok(txn.encode_diff_v1(&vector).into())
    }

    /// A text as inserts.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn read(&self, key: SectionKey) -> Result<Vec<Op>, Busy> {
        let txn = self.doc.try_transact()?;
        let text = document::read(self.text(key), &txn);
        Ok(if key == TITLE {
            one_line(text, u32::MAX).into_iter().chain([Op::insert("\n")]).collect()
        } else {
            text
        })
    }

    /// A text's length in UTF-16 code units.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn len(&self, key: SectionKey) -> Result<u32, Busy> {
        let txn = self.doc.try_transact()?;
        Ok(self.text(key).len(&txn) + u32::from(key == TITLE))
    }

    /// What the målbild says.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn read_model(&self) -> Result<ReadModel, Busy> {
        ReadModel::of(&self.doc, self.template)
    }

    /// A place in a text that stays with its surroundings, as Yjs' relative position in JSON.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn anchor(&self, key: SectionKey, index: u32) -> Result<Value, Busy> {
        let txn = self.doc.try_transact()?;
        let text = self.text(key);
        let position = text
            .sticky_index(&txn, index, Assoc::After)
            .unwrap_or_else(|| StickyIndex::from_type(&txn, text, Assoc::After));
        Ok(serde_json::to_value(position).expect("a relative position is plain JSON"))
    }

    /// Where such a place is now; none when it is in none of the texts, or was never known.
    #[must_use]
    pub fn resolve(&self, anchor: &Value) -> Option<(SectionKey, u32)> {
        let position: StickyIndex = serde_json::from_value(anchor.clone()).ok()?;
        let txn = self.doc.try_transact().ok()?;
        let offset = position.get_offset(&txn)?;
        let (key, _) = self
            .texts
            .iter()
            .find(|(_, text)| BranchPtr::from(AsRef::<Branch>::as_ref(text)) == offset.branch)?;
        Some((*key, offset.index))
    }

    fn text(&self, key: SectionKey) -> &TextRef {
        let (_, text) = self
            .texts
            .iter()
            .find(|(known, _)| *known == key)
            .expect("a key is the title's or one of this template's sections'");
        text
    }
}

/// Whether something would come after blocks of its client that are not here. yrs takes what comes after such a hole, and can
/// never give it back.
fn leaves_hole(txn: &impl ReadTxn, update: &Update) -> bool {
    let here = txn.state_vector();
    update.state_vector_lower().iter().any(|(client, clock)| *clock > here.get(client))
}

fn report_changes(key: SectionKey, text: &TextRef, reports: Reports<Change>) {
    text.observe("changes", move |txn, event| {
        // What was edited here is known, and to work it out again takes as long as the text.
        if [VIEW, COMMAND]
            .map(|origin| Some(Origin::from(origin)))
            .iter()
            .any(|own| txn.origin() == own.as_ref())
        {
            return;
        }
        let delta = document::delta_of(event.delta(txn));
        let delta = if key == TITLE { one_line(delta, u32::MAX) } else { delta };
        reports.add(Change { key, delta, shown: false });
    });
}

/// Where a change leaves the caret: behind the last thing it inserted, or where it last deleted.
#[must_use]
pub fn caret_after(delta: &[Op]) -> u32 {
    let mut index = 0;
    let mut caret = 0;
    for op in delta {
        match op {
            Op::Insert { insert, .. } => {
                index += utf16_len(insert);
                caret = index;
            }
            Op::Retain { retain, attributes } => {
                index += retain;
                if !attributes.is_empty() {
                    caret = index;
                }
            }
            Op::Delete { .. } => caret = index,
        }
    }
    caret
}

#[cfg(test)]
mod tests;
