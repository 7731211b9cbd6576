//! A room's yrs document, and every call into yrs: each under `catch_unwind`, each update scanned first.
//!
//! It doesn't know connections, roles or the store. After [`Broken`] nothing of the document may be
//! used: the room loads it anew.
//!
//! Invariant: A document gets no root that its template does not have
//! (`a_root_that_no_template_knows_is_refused_and_the_connection_stays`,
//! `a_root_that_a_stored_document_holds_is_read_and_flows_back`).

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, ID, IdSet, ReadTxn, Snapshot, StateVector, Transact, Update, WriteTxn};

use super::size::Size;
use crate::document::fingerprint::Fingerprint;
use crate::document::read_model::ReadModel;
use crate::document::scan::{self, ScanError, UpdateScan};
use crate::domain::limits;
use crate::text::delta;
use crate::{SectionKey, Template, document};

/// yrs panicked or stopped half-way: the document in memory can't be trusted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document broke: {0}")]
pub struct Broken(
    /// What broke.
    pub &'static str,
);

/// Why something was not done, or that the document broke over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The bytes may not reach yrs.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// See [`Broken`].
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// The document of one room load.
#[derive(Debug)]
pub struct RoomDocument {
    doc: Doc,
    /// Up to which clock each client's blocks are here or expected ([`Self::expect`]). A vector of our own,
    /// since asking yrs for one costs a copy of it.
    clocks: HashMap<u64, u32>,
    /// The roots that hold something, or held it once.
    roots: HashSet<String>,
    /// What it held when it was measured, and never less than what it holds now.
    measured: Size,
    size: Size,
    answers: Answers,
}

/// What many ask for between two changes; made once for all of them.
#[derive(Debug, Default)]
struct Answers {
    vector: OnceCell<Bytes>,
    whole: OnceCell<Bytes>,
    deleted: OnceCell<IdSet>,
    fingerprint: OnceCell<Fingerprint>,
}

/// A whole state, and what a replica that loads it must have to be the same.
#[derive(Debug, PartialEq)]
pub struct Unproven {
    whole: Bytes,
    snapshot: Snapshot,
}

/// A whole state that was loaded again.
#[derive(Debug)]
pub enum Proven {
    /// It gives the same document.
    Same(Bytes),
    /// It gives one in which more is deleted: this update makes the live document the same.
    DeletesMore(Bytes),
}

impl RoomDocument {
    /// Builds it from what was stored (and accepted since), oldest first. `client_id` is fresh.
    ///
    /// # Errors
    /// [`Broken`] if any of it doesn't decode or apply, or depends on something that isn't there.
    pub fn build<'a>(parts: impl Iterator<Item = &'a Bytes>, client_id: u64) -> Result<Self, Broken> {
        let mut built = Self::load(parts, client_id)?;
        // The sums say several times as much, and a room holds against this what comes later.
        let whole = built.whole()?;
        if let Ok(scan) = scan::update(&whole) {
            built.holds(&scan, whole.len());
        }
        Ok(built)
    }

    fn load<'a>(parts: impl Iterator<Item = &'a Bytes>, client_id: u64) -> Result<Self, Broken> {
        let doc = document::replica(client_id);
        let (mut size, mut roots) = (Size::default(), HashSet::new());
        // One transaction for all: garbage collection and squashing run once.
        in_transaction(&doc, |txn| {
            for part in parts {
                // What was stored under an earlier gate loads under any later one, unless decoding it ends the process.
                let scan = match scan::update(part) {
                    Err(ScanError::TooDeep) => return Err(Broken("a stored value is nested too deep")),
                    scan => scan.unwrap_or_default(),
                };
                size += Size::brought_by(&scan, part.len());
                roots.extend(scan.roots.into_keys());
                let update =
                    Update::decode_v1(part).map_err(|_| Broken("a stored update does not decode"))?;
                txn.apply_update(update).map_err(|_| Broken("a stored update does not apply"))?;
            }
            if txn.has_missing_updates() { Err(Broken("a stored update lacks another")) } else { Ok(()) }
        })?;
        let measured = Size::default();
        let mut built =
            Self { doc, clocks: HashMap::new(), roots, measured, size, answers: Answers::default() };
        built.expect_only(&[])?;
        built.size.clients = built.clocks.len();
        Ok(built)
    }

    /// The state vector, encoded.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn vector(&self) -> Result<Bytes, Broken> {
        made_once(&self.answers.vector, || guarded(|| Ok(self.read()?.state_vector().encode_v1().into())))
    }

    /// What it holds, in short.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn fingerprint(&self) -> Result<Fingerprint, Broken> {
        made_once(&self.answers.fingerprint, || guarded(|| Ok(Fingerprint::of(&self.read()?))))
    }

    /// The update with all that a replica with this state vector lacks.
    ///
    /// # Errors
    /// [`DocumentError`]: no state vector, or the document broke.
    pub fn diff(&self, vector: &[u8]) -> Result<Bytes, DocumentError> {
        if scan::vector(vector)?.is_empty() {
            return Ok(self.whole()?);
        }
        let vector = guarded(|| Ok(StateVector::decode_v1(vector)))?
            .map_err(|_| ScanError::Malformed("yrs does not read this vector"))?;
        let diff = guarded(|| Ok(Bytes::from(self.read()?.encode_diff_v1(&vector))))?;
        // Most of a large document is all of it: that is one for all who ask.
        if diff.len() > limits::LONG_ANSWER {
            let whole = self.whole()?;
            if diff.len() * 2 > whole.len() {
                return Ok(whole);
            }
        }
        Ok(diff)
    }

    /// Whether an update brings blocks that are neither here nor expected.
    pub(crate) fn has_new_blocks(&self, scan: &UpdateScan) -> bool {
        scan.has_new_blocks(|client| self.end_of(client))
    }

    /// A root in which an update puts something, although neither this document nor its template has it.
    pub(crate) fn foreign_root<'a>(&self, scan: &'a UpdateScan, template: &Template) -> Option<&'a str> {
        let mut written = scan.written_roots(|client| self.end_of(client));
        written.find(|root| !template.has_root(root) && !self.roots.contains(*root))
    }

    /// What an update points at that is neither here, nor expected, nor in the update itself.
    pub(crate) fn gap_of(&self, scan: &UpdateScan) -> Option<(u64, u32)> {
        scan.gap(|client| self.end_of(client))
    }

    /// How many ranges an update deletes that are here and not deleted yet.
    pub(crate) fn has_new_deletions(&self, scan: &UpdateScan) -> Result<usize, Broken> {
        if self.answers.deleted.get().is_none() {
            let deleted = guarded(|| Ok(self.read()?.snapshot().delete_set))?;
            // Nobody else fills it: this value is not shared between threads.
            self.answers.deleted.get_or_init(|| deleted);
        }
        let deleted = self.answers.deleted.get().expect("it was filled above");
        let mut ranges = scan.deletes.clone();
        // A set is filled in no time in its order, and in the square of it from the end.
        ranges.sort_unstable_by_key(|(client, clocks)| (*client, clocks.start));
        guarded(|| {
            let mut lost = IdSet::new();
            for (client, clocks) in &ranges {
                lost.insert(ID::new(ClientID::new(*client), clocks.start), clocks.end - clocks.start);
            }
            Ok(lost.diff(deleted).iter().map(|(_, ranges)| ranges.len()).sum())
        })
    }

    /// An update with this scan will be applied soon: what builds on it has no gap.
    pub(crate) fn expect(&mut self, scan: &UpdateScan) {
        for (client, clocks) in &scan.blocks {
            let end = self.clocks.entry(*client).or_default();
            *end = clocks.end.max(*end);
        }
    }

    /// Expects these updates and nothing else.
    pub(crate) fn expect_only(&mut self, updates: &[Bytes]) -> Result<(), Broken> {
        self.clocks = guarded(|| Ok(clocks(&self.read()?.state_vector())))?;
        for update in updates {
            self.expect(&scan::update(update).map_err(|_| Broken("what was scanned once is not again"))?);
        }
        Ok(())
    }

    /// Applies what `next` gives, in one transaction, until it gives nothing, and gives the transaction's own update:
    /// exactly what was new in all of them. `None` if that was nothing. The updates lack nothing. `committed` is called
    /// when yrs has done its work.
    pub(crate) fn apply(
        &mut self,
        mut next: impl FnMut() -> Option<Update>,
        committed: impl FnOnce(),
    ) -> Result<Option<Bytes>, Broken> {
        let own = in_transaction(&self.doc, |txn| {
            while let Some(update) = next() {
                txn.apply_update(update).map_err(|_| Broken("an update stopped half-way"))?;
            }
            if txn.has_missing_updates() {
                // `gap_of` rules this out; if it was wrong, pending parts must still not stay.
                txn.prune_pending();
                return Err(Broken("an update was left pending"));
            }
            Ok(document::update_of(txn).map(Bytes::from))
        })?;
        committed();
        if let Some(own) = &own {
            // What is stored and passed on has itself passed the gate.
            let scan = scan::update(own).map_err(|_| Broken("yrs made an update that the gate refuses"))?;
            self.expect(&scan);
            self.size += Size::brought_by(&scan, own.len());
            self.roots.extend(scan.roots.into_keys());
            self.size.clients = self.clocks.len();
            self.answers = Answers::default();
            self.measure_if_grown()?;
        }
        Ok(own)
    }

    /// What it holds at most.
    pub(crate) const fn size(&self) -> Size {
        self.size
    }

    /// Measures what it holds, where the sums say more than twice what they said when it was measured last: so it
    /// costs about as much as the changes did.
    fn measure_if_grown(&mut self) -> Result<(), Broken> {
        if self.size.has_outgrown(&self.measured) { self.measure() } else { Ok(()) }
    }

    /// Measures what it holds, unless nothing has changed since.
    pub(crate) fn measure(&mut self) -> Result<(), Broken> {
        if self.size == self.measured {
            return Ok(());
        }
        let whole = self.whole()?;
        let scan = scan::update(&whole).map_err(|_| Broken("yrs made an update that the gate refuses"))?;
        self.holds(&scan, whole.len());
        Ok(())
    }

    /// It holds what this scan of the whole of it says.
    fn holds(&mut self, scan: &UpdateScan, bytes: usize) {
        self.size = Size { clients: self.clocks.len(), ..Size::of(scan, bytes) };
        self.measured = self.size;
    }

    /// The whole state, to be proven by [`Unproven::prove`] where that may take its time.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn whole_to_prove(&self) -> Result<Unproven, Broken> {
        Ok(Unproven { whole: self.whole()?, snapshot: guarded(|| Ok(self.read()?.snapshot()))? })
    }

    /// What the målbild says now.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn read_model(&self, template: &Template) -> Result<ReadModel, Broken> {
        guarded(|| ReadModel::with_rows(&self.doc, template).map_err(|_| Broken("a transaction is open")))
    }

    /// The text of a section, its lines with their ends.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn plain(&self, section: SectionKey) -> Result<String, Broken> {
        guarded(|| {
            let txn = self.read()?;
            let text = txn.get_text(section.root().as_str());
            Ok(text.map(|text| delta::plain(&document::read(&text, &txn))).unwrap_or_default())
        })
    }

    /// Up to which clock a client's blocks are here or expected.
    pub(crate) fn end_of(&self, client: u64) -> u32 {
        self.clocks.get(&client).copied().unwrap_or(0)
    }

    fn whole(&self) -> Result<Bytes, Broken> {
        made_once(&self.answers.whole, || {
            guarded(|| Ok(self.read()?.encode_diff_v1(&StateVector::default()).into()))
        })
    }

    fn read(&self) -> Result<yrs::Transaction<'_>, Broken> {
        self.doc.try_transact().map_err(|_| Broken("a transaction is open"))
    }
}

impl Unproven {
    /// Loads it as a room would. Takes as long as that does, so not on a room's own task.
    ///
    /// # Errors
    /// [`Broken`] when it doesn't load, or gives another document: then it must not replace a log.
    pub fn prove(self) -> Result<Proven, Broken> {
        let Self { whole, snapshot } = self;
        let again = RoomDocument::load(std::iter::once(&whole), 0)?;
        let loaded = guarded(|| Ok(again.read()?.snapshot()))?;
        if loaded == snapshot {
            return Ok(Proven::Same(whole));
        }
        if loaded.state_map != snapshot.state_map || loaded.delete_set == snapshot.delete_set {
            return Err(Broken("a snapshot differs from its document"));
        }
        // A forged origin can make a loaded replica delete what the live one only hides. Every client that
        // loads it would, too, so the live one follows.
        let healing = guarded(|| Ok(again.read()?.encode_diff_v1(&snapshot.state_map)))?;
        Ok(Proven::DeletesMore(healing.into()))
    }
}

fn clocks(vector: &StateVector) -> HashMap<u64, u32> {
    vector.iter().map(|(client, clock)| (client.get(), *clock)).collect()
}

/// Fills a cell with what `make` gives, unless it is filled.
fn made_once<T: Clone>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    match cell.get() {
        Some(made) => Ok(made.clone()),
        None => make().map(|made| cell.get_or_init(|| made).clone()),
    }
}

/// An update that was scanned, decoded.
pub(crate) fn decode(update: &[u8]) -> Result<Update, DocumentError> {
    let decoded = guarded(|| Ok(Update::decode_v1(update)))?;
    Ok(decoded.map_err(|_| ScanError::Malformed("yrs does not read this update"))?)
}

/// Works in a transaction of its own and commits it. After a panic the transaction is leaked, and the
/// document with it: dropping it would commit, and a second panic in there would end the process.
fn in_transaction<T>(
    doc: &Doc,
    work: impl FnOnce(&mut yrs::TransactionMut<'_>) -> Result<T, Broken>,
) -> Result<T, Broken> {
    let txn = doc.try_transact_mut().map_err(|_| Broken("a transaction is open"))?;
    let mut txn = ManuallyDrop::new(txn);
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut txn))).map_err(|_| Broken("yrs panicked"))?;
    guarded(|| {
        drop(ManuallyDrop::into_inner(txn));
        Ok(())
    })?;
    outcome
}

fn guarded<T>(work: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    // Unwind safety: whoever gets `Broken` throws the document away.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Broken("yrs panicked")))
}

#[cfg(test)]
mod tests;
