//! What can be saved of a store that is damaged: of each Document all that verifies, and what it lacks.
//!
//! It doesn't know sled's log, only records by their keys. What is whole comes out exactly as it was. Where something
//! is missing, records that were removed are taken too, if that makes the Document whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use samsyn_shared::{MalbildId, Seq};

use super::super::{DocumentId, Table, Time};
use super::chunk::{self, Head};
use super::commits::{Counted, Last};
use super::key::{self, DocumentKey, Kind};
use super::log::page::Place;
use super::log::salvage::Gathered;
use super::log::tree::{Records, Standing, standing};

/// What stands under a key: something in the damaged store's file, or bytes of our own.
#[derive(Debug, Clone)]
pub(super) enum Content {
    At(Place),
    Bytes(Vec<u8>),
}

/// All that could be saved.
#[derive(Debug, Default)]
pub(super) struct Salvaged {
    pub(super) records: BTreeMap<Vec<u8>, Content>,
    /// The last number of each Document, also of what it lacks.
    pub(super) last: BTreeMap<DocumentId, Last>,
    pub(super) report: SalvageReport,
}

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SalvageReport {
    /// Documents that are whole.
    pub whole: usize,
    /// What is missing, one line each.
    pub lacks: Vec<String>,
    /// Records that were kept.
    pub kept: usize,
    /// Whether the sum of all records says that something else is missing, which nothing names.
    pub is_in_doubt: bool,
}

impl SalvageReport {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.lacks.is_empty() && !self.is_in_doubt
    }
}

impl fmt::Display for SalvageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whole, lacks, kept, .. } = self;
        write!(
            f,
            "salvaged {whole} whole documents and {kept} records in all: {} lack something",
            lacks.len()
        )
    }
}

/// The chunks of one value, by their index.
type Chunks = BTreeMap<u32, Place>;

/// All that is known of one Document.
#[derive(Debug, Default)]
struct Pieces {
    points: BTreeMap<u64, Chunks>,
    snapshots: BTreeMap<u64, Chunks>,
    updates: BTreeMap<u64, Chunks>,
    /// It is known to have begun with a snapshot, so without one it is not whole.
    is_based: bool,
}

impl Pieces {
    fn add(&mut self, key: &DocumentKey, place: Place) {
        let kind = match key.kind {
            // What was lost before is lost still, and found to be so anew.
            Kind::Lost => return,
            Kind::Point => &mut self.points,
            Kind::Snapshot => &mut self.snapshots,
            Kind::Updates => &mut self.updates,
        };
        self.is_based |= key.kind != Kind::Updates;
        kind.entry(key.number.0).or_default().entry(key.index).or_insert(place);
    }

    /// The last number that any piece speaks of.
    fn last(&self) -> u64 {
        let updates = self.updates.values().flat_map(Chunks::values).filter_map(|place| place.head);
        let numbers = self.points.keys().chain(self.snapshots.keys()).copied();
        updates.map(|head| head.seq).chain(numbers).max().unwrap_or(0)
    }

    /// The snapshots that are whole, with their points.
    fn bases(&self) -> impl DoubleEndedIterator<Item = u64> {
        let is_whole = |number: &u64| {
            [&self.points, &self.snapshots]
                .iter()
                .all(|kind| kind.get(number).and_then(whole).is_some_and(|head| head.seq == *number))
        };
        self.snapshots.keys().copied().filter(is_whole)
    }

    /// The updates that follow a number without a gap, by the numbers of their records, and the last number.
    fn follow(&self, base: u64) -> (Vec<u64>, u64) {
        let (mut used, mut last) = (Vec::new(), base);
        for (first, chunks) in &self.updates {
            let Some(head) = whole(chunks).filter(|head| head.seq > last) else { continue };
            if *first > last + 1 {
                break;
            }
            used.push(*first);
            last = head.seq;
        }
        (used, last)
    }

    /// What is begun with, the updates that follow it, and up to where that leads.
    fn best(&self, is_based: bool) -> (Option<u64>, Vec<u64>, u64) {
        let from = |base: Option<u64>| {
            let (used, last) = self.follow(base.unwrap_or(0));
            (base, used, last)
        };
        let none = (!is_based).then_some(None);
        // Of those that lead as far, the newest.
        let all = self.bases().map(Some).chain(none).map(from);
        all.max_by_key(|(base, _, last)| (*last, *base)).unwrap_or_default()
    }

    /// The numbers from one on, up to and with another, that nothing holds.
    fn gaps(&self, from: u64, last: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut next = from;
        for (first, chunks) in &self.updates {
            let Some(head) = whole(chunks).filter(|head| head.seq >= next) else { continue };
            if *first > next {
                gaps.push((next, first - 1));
            }
            next = head.seq + 1;
        }
        if next <= last {
            gaps.push((next, last));
        }
        gaps
    }
}

/// The header of a value of which all chunks are there.
fn whole(chunks: &Chunks) -> Option<Head> {
    let first = chunks.get(&0)?.head?;
    let belongs = |(index, place): (&u32, &Place)| {
        place.head.is_some_and(|head| Head { index: *index, ..first } == head)
    };
    (chunks.len() == first.count as usize && chunks.iter().all(belongs)).then_some(first)
}

/// Makes of what was gathered what can be kept.
pub(super) fn salvage(gathered: &Gathered, counted: &Counted) -> Salvaged {
    let mut salvaged = Salvaged::default();
    let alive = pieces(&gathered.alive);
    let mut all = pieces(&gathered.gone);
    for (key, place) in &gathered.alive {
        if let (Some((document, _)), Ok(parsed)) = (key::owner(key), DocumentKey::parse(key)) {
            let pieces = all.entry(document).or_default();
            // What was there in the end comes before what was removed.
            pieces.add(&parsed, *place);
        }
    }
    let known: BTreeSet<_> = alive.keys().chain(counted.last.keys()).copied().collect();
    for document in &known {
        let none = Pieces::default();
        let counted = counted.last.get(document).copied().unwrap_or_default();
        salvaged.document(
            *document,
            alive.get(document).unwrap_or(&none),
            all.get(document).unwrap_or(&none),
            counted,
        );
    }
    let malbilder = salvaged.tables(&gathered.alive);
    for document in known.iter().filter(|document| !malbilder.contains(&document.malbild)) {
        salvaged.report.lacks.push(format!("record-missing: {document}: there is no record of its målbild"));
    }
    let contents: BTreeSet<_> = known.iter().map(|document| document.malbild).collect();
    for malbild in malbilder.difference(&contents) {
        let lacks = format!("content-missing: malbild {malbild}: its record is there and its content is not");
        salvaged.report.lacks.push(lacks);
    }
    let acked = counted.acked.unwrap_or(0);
    let is_as_it_was = matches!(standing(&gathered.alive), Ok(Standing { commit, .. }) if commit >= acked);
    salvaged.report.is_in_doubt = !is_as_it_was && salvaged.report.lacks.is_empty();
    salvaged.report.kept = salvaged.records.len();
    salvaged
}

fn pieces(records: &Records) -> BTreeMap<DocumentId, Pieces> {
    let mut documents: BTreeMap<_, Pieces> = BTreeMap::new();
    for (key, place) in records {
        if let (Some((document, _)), Ok(parsed)) = (key::owner(key), DocumentKey::parse(key)) {
            documents.entry(document).or_default().add(&parsed, *place);
        }
    }
    documents
}

impl Salvaged {
    fn document(&mut self, document: DocumentId, alive: &Pieces, all: &Pieces, counted: Last) {
        let last = alive.last().max(counted.seq.0);
        let is_based = alive.is_based || all.is_based || counted.is_based;
        self.last.insert(document, Last { seq: Seq(last), is_based });

        let newest = alive.points.keys().chain(alive.snapshots.keys()).max().copied();
        let (used, reached) = alive.follow(newest.unwrap_or(0));
        let is_whole = reached >= last
            && newest.is_none_or(|newest| alive.bases().any(|base| base == newest))
            && (newest.is_some() || (!is_based && !used.is_empty()));
        let mut lost_points = alive.points.len();
        for number in alive.bases() {
            self.keep(document, Kind::Point, number, &alive.points);
            self.keep(document, Kind::Snapshot, number, &alive.snapshots);
            lost_points -= 1;
        }
        for number in alive.updates.iter().filter(|(_, chunks)| whole(chunks).is_some()).map(|(n, _)| *n) {
            self.keep(document, Kind::Updates, number, &alive.updates);
        }
        if is_whole {
            self.report.whole += 1;
            if lost_points > 0 {
                let lacks = format!("restore-point-lost: {document}: {lost_points} of its restore points");
                self.report.lacks.push(lacks);
            }
            return;
        }
        let (base, used, reached) = all.best(is_based);
        if let Some(base) = base {
            self.keep(document, Kind::Point, base, &all.points);
            self.keep(document, Kind::Snapshot, base, &all.snapshots);
        }
        for number in used {
            self.keep(document, Kind::Updates, number, &all.updates);
        }
        let is_something = base.is_some() || (!is_based && reached > 0);
        // A newer snapshot that is not whole is gone, and with it what only it held.
        if reached >= last && is_something {
            self.report.whole += 1;
            return;
        }
        let gaps = all.gaps(reached + 1, last);
        let first = gaps.first().map_or(reached, |gap| gap.0);
        let shown: Vec<_> = gaps.iter().map(|(from, to)| format!("{from} to {to}")).collect();
        let what = match is_something {
            true => format!("the numbers {}", shown.join(", ")),
            false => format!("what it began with, and so all up to {last}"),
        };
        self.report.lacks.push(format!("document-damaged: {document}: it lacks {what}"));
        let prefix = key::numbered(document, Kind::Lost, Seq(first));
        chunk::encode(&prefix, (last, Time(0)), &last.to_be_bytes(), |key, bytes| {
            self.records.insert(key.to_vec(), Content::Bytes(bytes.to_vec()));
        });
    }

    fn keep(&mut self, document: DocumentId, kind: Kind, number: u64, from: &BTreeMap<u64, Chunks>) {
        let prefix = key::numbered(document, kind, Seq(number));
        for (index, place) in from.get(&number).into_iter().flatten() {
            let key = [&prefix[..], &index.to_be_bytes()].concat();
            self.records.insert(key, Content::At(*place));
        }
    }

    /// Keeps the records of tables that are whole; gives the målbilder that have one.
    fn tables(&mut self, alive: &Records) -> BTreeSet<MalbildId> {
        let mut malbilder = BTreeSet::new();
        for table in Table::ALL {
            let prefix = key::table(table);
            let mut values: BTreeMap<Vec<u8>, Chunks> = BTreeMap::new();
            for (key, place) in alive.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix))
            {
                let Some((value, index)) = key.split_last_chunk::<4>() else { continue };
                values.entry(value.to_vec()).or_default().insert(u32::from_be_bytes(*index), *place);
            }
            for (value, chunks) in values {
                let name = key::name(&[&value[..], &[0; 4]].concat(), prefix.len());
                if table == Table::Malbild {
                    malbilder.extend(name.parse::<MalbildId>().ok());
                }
                if whole(&chunks).is_some() {
                    for (index, place) in chunks {
                        let key = [&value[..], &index.to_be_bytes()].concat();
                        self.records.insert(key, Content::At(place));
                    }
                    continue;
                }
                let shown = if table == Table::Malbild { &name } else { name.get(..6).unwrap_or_default() };
                self.report.lacks.push(format!("record-damaged: {} {shown}", table.as_str()));
            }
        }
        malbilder
    }
}
