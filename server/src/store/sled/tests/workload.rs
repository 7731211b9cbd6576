//! A store that is written to at random, beside a model of what it should hold; and copies of its files as a killed
//! process leaves them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use tempfile::TempDir;

use super::super::super::memory::MemoryStore;
use super::super::super::{Loaded, RestorePoint};
use super::*;

/// Documents in it.
pub(super) const DOCUMENTS: u64 = 6;

/// All that a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) documents: BTreeMap<DocumentId, (Loaded, Vec<RestorePoint>)>,
    pub(super) records: BTreeMap<(Table, String), Bytes>,
}

impl Held {
    pub(super) fn of(store: &impl ReadStore) -> Self {
        let of = |id| (id, (store.load(id).unwrap().unwrap(), store.restore_points(id).unwrap()));
        let documents = store.documents().unwrap().into_iter().map(of).collect();
        let record = |table: Table, key: String| {
            let value = store.get(table, &key).unwrap().unwrap();
            ((table, key), value)
        };
        let keys = |table: Table| store.keys(table, "").unwrap().into_iter().map(move |key| (table, key));
        let records = Table::ALL.into_iter().flat_map(keys).map(|(table, key)| record(table, key)).collect();
        Self { documents, records }
    }
}

/// A store, its model, and what is written next.
pub(super) struct Workload {
    pub(super) dir: TempDir,
    pub(super) store: SledStore,
    pub(super) model: MemoryStore,
    rng: SmallRng,
    now: u64,
    last: BTreeMap<u64, u64>,
    /// Every update that was ever appended, and every snapshot.
    pub(super) updates: BTreeMap<(DocumentId, u64), Bytes>,
    pub(super) snapshots: BTreeMap<(DocumentId, u64), Bytes>,
}

impl Workload {
    pub(super) fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path()).unwrap();
        let rng = SmallRng::seed_from_u64(seed);
        let mut new = Self {
            dir,
            store,
            model: MemoryStore::default(),
            rng,
            now: 1_000_000,
            last: BTreeMap::new(),
            updates: BTreeMap::new(),
            snapshots: BTreeMap::new(),
        };
        // Each Document has a first state, and its målbild a record.
        for document in (0..DOCUMENTS).map(contract::document) {
            let (snapshot, up_to) = (Bytes::from_static(b"the first state"), Seq(0));
            new.snapshots.insert((document, 0), snapshot.clone());
            let (table, key) = (Table::Malbild, document.malbild.to_string());
            let record = Write::Put { table, key, value: Bytes::from_static(b"its record") };
            new.commit(&[Write::Compact { document, snapshot, up_to }, record]);
        }
        new
    }

    /// Commits so often, each time something else.
    pub(super) fn write(&mut self, commits: usize) {
        for _ in 0..commits {
            let count = [1, 1, 1, 1, 2, 5][self.rng.random_range(0..6)];
            let writes: Vec<_> = (0..count).map(|_| self.one()).collect();
            // A compaction may thin what an hour ago was kept.
            self.now += if self.rng.random_bool(0.1) { 3_000_000 } else { 40 };
            self.commit(&writes);
        }
    }

    pub(super) fn commit(&mut self, writes: &[Write]) {
        let given = self.store.commit(writes, Time(self.now)).unwrap();
        assert_eq!(given, self.model.commit(writes, Time(self.now)).unwrap());
    }

    fn bytes(&mut self) -> Bytes {
        let most = [60, 60, 60, 400, 400, 3_000, 20_000][self.rng.random_range(0..7)];
        let mut bytes = vec![0; self.rng.random_range(1..most)];
        self.rng.fill_bytes(&mut bytes);
        bytes.into()
    }

    fn one(&mut self) -> Write {
        let number = self.rng.random_range(0..DOCUMENTS);
        let document = contract::document(number);
        let key = format!("key {}", self.rng.random_range(0..40));
        let table = Table::ALL[self.rng.random_range(0..3)];
        match self.rng.random_range(0..40) {
            0 => {
                let snapshot: Bytes = self.bytes().repeat(3).into();
                let up_to = Seq(self.last.get(&number).copied().unwrap_or_default());
                self.snapshots.entry((document, up_to.0)).or_insert_with(|| snapshot.clone());
                Write::Compact { document, snapshot, up_to }
            }
            1..4 => Write::Put { table, key, value: self.bytes() },
            4 => Write::Delete { table, key },
            _ => {
                let seq = *self.last.entry(number).and_modify(|last| *last += 1).or_insert(1);
                let update = self.bytes();
                self.updates.insert((document, seq), update.clone());
                Write::Append { document, update }
            }
        }
    }

    /// The files as they are now, as if the process were killed.
    pub(super) fn killed(&self) -> TempDir {
        copy(self.dir.path())
    }

    /// Goes on with another process's store in the place of this one's.
    pub(super) fn go_on_in(&mut self, dir: TempDir) {
        self.store = SledStore::open(dir.path()).unwrap();
        self.dir = dir;
    }

    pub(super) fn random(&mut self, below: usize) -> usize {
        self.rng.random_range(0..below)
    }
}

/// A copy of a data directory.
pub(super) fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    fs::create_dir_all(to.path().join("sled")).unwrap();
    for (name, bytes) in files(from).into_iter().filter(|(name, _)| !name.starts_with("rescue")) {
        fs::write(to.path().join(name), bytes).unwrap();
    }
    to
}

/// Every file in a data directory.
pub(super) fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir.join(below)).unwrap() {
            let entry = entry.unwrap();
            let name = Path::new(below).join(entry.file_name()).to_str().unwrap().to_owned();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => walk(dir, &name, files),
                kind if kind.is_file() => drop(files.insert(name, fs::read(entry.path()).unwrap())),
                _ => {}
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(dir, "", &mut all);
    all
}

/// How often a test does something: a few times, and as often as `SAMSYN_DAMAGE` says in a long run.
pub(super) fn rounds(few: usize) -> usize {
    std::env::var("SAMSYN_DAMAGE").map_or(few, |said| said.parse().unwrap())
}
