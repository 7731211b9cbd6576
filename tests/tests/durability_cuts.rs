//! The power goes a hundred times, anywhere: no commit that was acked is lost, and no store that lost none is
//! called damaged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, RngCore, SeedableRng};
use samsyn_server::store::memory::MemoryStore;
use samsyn_server::store::{DocumentId, Loaded, ReadStore, Store, StoreError, Table, Time, Write, engine};
use samsyn_shared::{MalbildId, Seq};
use samsyn_tests::power::{Cut, Disk};
use samsyn_tests::strace::{Trace, before_command_on_files, why_not};
use tempfile::TempDir;

const DIRECTORY: &str = "SAMSYN_CUTS_DIRECTORY";
const SEED: &str = "SAMSYN_CUTS_SEED";
/// Times that the store is opened, and commits each time.
const SESSIONS: usize = 4;
const COMMITS: usize = 60;

/// Commits at random, always the same for a seed.
pub(crate) struct Commits {
    rng: SmallRng,
    last: BTreeMap<u8, u64>,
    now: u64,
}

impl Commits {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: SmallRng::seed_from_u64(seed), last: BTreeMap::new(), now: 1_000_000 }
    }

    fn bytes(&mut self) -> Bytes {
        let most = [60, 400, 400, 3_000, 30_000][self.rng.random_range(0..5)];
        let mut bytes = vec![0; self.rng.random_range(1..most)];
        self.rng.fill_bytes(&mut bytes);
        bytes.into()
    }

    pub(crate) fn next(&mut self) -> (Vec<Write>, Time) {
        self.now += 3_000_000;
        let count = [1, 1, 2, 8][self.rng.random_range(0..4)];
        // Nobody compacts twice at once.
        let writes = (0..count).map(|index| self.one(index == 0)).collect();
        (writes, Time(self.now))
    }

    fn one(&mut self, may_compact: bool) -> Write {
        let number = self.rng.random_range(0..5_u8);
        let document = DocumentId::content(MalbildId::from_bytes([number; 12]));
        let (table, key) = (Table::Token, format!("key {}", self.rng.random_range(0..9)));
        match self.rng.random_range(0..12) {
            // Over a segment at times.
            0 if may_compact => {
                let snapshot = self.bytes().repeat(self.rng.random_range(1..40)).into();
                Write::Compact {
                    document,
                    snapshot,
                    up_to: Seq(self.last.get(&number).copied().unwrap_or(0)),
                }
            }
            1 => Write::Put { table, key, value: self.bytes() },
            2 => Write::Delete { table, key },
            _ => {
                *self.last.entry(number).or_default() += 1;
                Write::Append { document, update: self.bytes() }
            }
        }
    }
}

pub(crate) type Held = (Vec<(DocumentId, Option<Loaded>)>, Vec<(String, Option<Bytes>)>);

pub(crate) fn held(store: &dyn ReadStore) -> Result<Held> {
    let documents = store.documents()?.into_iter().map(|id| Ok((id, store.load(id)?)));
    let keys = store.keys(Table::Token, "")?.into_iter();
    let records = keys.map(|key| Ok((key.clone(), store.get(Table::Token, &key)?)));
    Ok((documents.collect::<Result<_>>()?, records.collect::<Result<_>>()?))
}

/// What writes while it is traced; the test below starts it in a process of its own.
#[test]
#[ignore = "it is a part of the test below"]
fn a_process_that_commits() -> Result<()> {
    let (Ok(dir), Ok(seed)) = (std::env::var(DIRECTORY), std::env::var(SEED)) else { return Ok(()) };
    let dir = Path::new(&dir);
    let mut commits = Commits::new(seed.parse()?);
    let mut acked = File::create(dir.join("acked.trace"))?;
    let model = MemoryStore::default();
    for session in 0..SESSIONS {
        let store = engine::open(&dir.join("data"))?;
        ensure!(held(&*store)? == held(&model)?, "session {session} begins with something else");
        for _ in 0..COMMITS {
            let (writes, at) = commits.next();
            store.commit(&writes, at)?;
            model.commit(&writes, at)?;
            acked.write_all(b"acked")?;
        }
    }
    Ok(())
}

/// How often the power goes, each way: a few times, and as often as `SAMSYN_CUTS` says in a long run.
fn cuts() -> Result<usize> {
    Ok(std::env::var("SAMSYN_CUTS").ok().map(|said| said.parse()).transpose()?.unwrap_or(8))
}

#[tokio::test]
async fn no_power_cut_loses_what_was_acked_or_is_taken_for_damage() -> Result<()> {
    if let Some(why) = why_not().await {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let (wanted, mut done, mut seed) = (cuts()?, 0, 0);
    while done < wanted {
        seed += 1;
        let folder = TempDir::new()?;
        let file = folder.path().join("calls.trace");
        let words = before_command_on_files(&file);
        let ran = Command::new(&words[0])
            .args(words[1..].iter().filter(|word| *word != "-D"))
            .arg(std::env::current_exe()?)
            .args(["durability_cuts::a_process_that_commits", "--exact", "--ignored"])
            .env(DIRECTORY, folder.path())
            .env(SEED, seed.to_string())
            .output()?;
        ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()));
        let trace = Trace::read(&std::fs::read_to_string(&file)?)?;
        let model = MemoryStore::default();
        let mut commits = Commits::new(seed);
        let mut states = vec![held(&model)?];
        for _ in 0..SESSIONS * COMMITS {
            let (writes, at) = commits.next();
            model.commit(&writes, at)?;
            states.push(held(&model)?);
        }
        let mut rng = SmallRng::seed_from_u64(seed);
        for _ in 0..(wanted - done).min(25) {
            done += 1;
            for cut in [Cut::Strict, Cut::Torn] {
                go_dark(folder.path(), &trace, cut, &states, &mut rng)
                    .with_context(|| format!("seed {seed}"))?;
            }
        }
    }
    eprintln!("{done} strict and {done} torn cuts: nothing lost, nothing called damaged");
    Ok(())
}

/// Opens a store that was just closed. A process that another test starts at that moment has its lock until it runs its
/// program.
pub(crate) fn open_unlocked(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    loop {
        match engine::open(path) {
            Err(error) if error.to_string().contains("could not acquire lock") => std::thread::yield_now(),
            opened => return opened,
        }
    }
}

fn go_dark(root: &Path, trace: &Trace, cut: Cut, states: &[Held], rng: &mut SmallRng) -> Result<()> {
    let data = root.join("data");
    let touches = |index: &usize| {
        let call = &trace.calls[*index];
        Path::new(&call.on).starts_with(&data)
            || call.strings.iter().any(|path| path.starts_with(data.as_os_str().as_encoded_bytes()))
    };
    let places: Vec<_> = (0..trace.calls.len()).filter(touches).collect();
    let index = places[rng.random_range(0..places.len())];
    let now = trace.calls[index].begun;
    let acks = trace.calls.iter().filter(|call| call.begun < now && call.bytes == b"acked").count();
    let what = || format!("{cut:?} at call {index}, {acks} acked");
    let left = TempDir::new()?;
    Disk::before(trace, &data, index)?.cut(cut, &data, left.path(), rng)?;
    for opening in 0..2 {
        let store = open_unlocked(left.path()).with_context(what)?;
        let found = held(&*store)?;
        let reached = states.iter().position(|state| *state == found);
        // There are commits that change nothing.
        let is_right = states.iter().skip(acks).take(2).any(|state| *state == found);
        ensure!(is_right, "{}, opening {opening}: the store holds the state after {reached:?}", what());
        // Of a first start that was cut off, what it had made is set aside.
        let healed = acks > 0 && left.path().join("rescue").exists();
        ensure!(!healed, "{}: taken for damage, and healed", what());
    }
    Ok(())
}
