//! What comes before sled opens its files: they are read and judged, and left as they are unless everything that was
//! acked is there. Then the torn end of the log is closed, and sled is given its table of pages, so that it neither
//! reads its log nor decides about it.
//!
//! It doesn't know commits, nor what else is done with the store.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samsyn_shared::Seq;

use super::super::{DocumentId, LogDamage, StoreError, Time};
use super::chunk::Head;
use super::commits::{Counted, Last};
use super::key::{self, DocumentKey, Kind};
use super::log::message::{SEGMENT_BYTES, cap};
use super::log::salvage::gather;
use super::log::tree::{Records, Standing, standing};
use super::log::walk::{Tail, Walked, walk};

/// What sled writes into its settings, with a checksum behind it. It does not open without them, and never syncs
/// them.
const SETTINGS: &str = "segment_size: 524288\nuse_compression: false\nversion: 0.34\n";

/// A store that sled may open.
pub(super) struct Prepared {
    pub(super) standing: Standing,
    pub(super) counted: Counted,
    /// What is known of each Document.
    pub(super) last: BTreeMap<DocumentId, Last>,
}

/// Reads and judges the store of a data directory, and prepares it for sled.
///
/// # Errors
/// [`StoreError::Unread`], [`StoreError::Damaged`], [`StoreError::Shortened`]: nothing was touched.
pub(super) fn prepare(dir: &Path) -> Result<Prepared, StoreError> {
    let sled = dir.join("sled");
    let judged = judge(dir, true)?;
    let Some((walked, records, standing)) = judged.whole else {
        if sled.join("db").exists() {
            // A first start that was cut off. Nothing was acked, and all the same nothing is removed.
            fs::rename(&sled, rescue(dir, "sled", Time::now())?)?;
        }
        check_settings(dir)?;
        let (standing, last) = (Standing::default(), BTreeMap::new());
        return Ok(Prepared { standing, counted: judged.counted, last });
    };
    check_settings(dir)?;
    settle(&sled, &walked)?;
    put_snapshot(dir, &walked)?;
    Ok(Prepared {
        standing,
        last: last_of(records.iter().map(|(key, place)| (&key[..], place.head))),
        counted: judged.counted,
    })
}

/// What a store is found to be.
pub(super) struct Judged {
    pub(super) counted: Counted,
    /// `None`: there is nothing in it yet.
    pub(super) whole: Option<(Walked, Records, Standing)>,
}

/// Reads a store and changes nothing, except that a damaged one may be copied into `rescue`.
pub(super) fn judge(dir: &Path, copies: bool) -> Result<Judged, StoreError> {
    let unread = |path: PathBuf| move |error: io::Error| StoreError::Unread { path, error: Arc::new(error) };
    let counted = Counted::read(dir).map_err(unread(dir.join("commits")))?;
    let acked = counted.acked.unwrap_or(0);
    let path = dir.join("sled/db");
    let (walked, found, length) = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            (Walked::default(), holds(&Walked::default()), 0)
        }
        opened => {
            let file = opened.map_err(unread(path.clone()))?;
            let length = file.metadata().map_err(unread(path.clone()))?.len();
            let (walked, found) = read(&file, acked).map_err(unread(path.clone()))?;
            (walked, found, length)
        }
    };
    // Not even a first start's.
    if acked == 0 && length <= 2 * SEGMENT_BYTES && walked.is_bare() && found.is_err() {
        return Ok(Judged { counted, whole: None });
    }
    let damaged = |what: LogDamage| {
        let aside = copies.then(|| set_aside(dir, &walked)).flatten();
        StoreError::Damaged { dir: dir.to_owned(), what, aside }
    };
    let (records, found) = found.map_err(|what| damaged(LogDamage::Unsound(what)))?;
    // What is not known to be acked, or is not there: does something that verifies stand behind the end?
    if found.commit < acked || counted.acked.is_none() {
        let unread = |error: io::Error| StoreError::Unread { path: path.clone(), error: Arc::new(error) };
        let file = File::open(&path).map_err(unread)?;
        let last = gather(&file, acked).map_err(unread)?.commit;
        if last > found.commit + u64::from(acked == 0) {
            return Err(damaged(LogDamage::Behind { last, read: found.commit }));
        }
    }
    if found.commit < acked {
        let aside = copies.then(|| set_aside(dir, &walked)).flatten();
        return Err(StoreError::Shortened { dir: dir.to_owned(), acked, found: found.commit, aside });
    }
    Ok(Judged { counted, whole: Some((walked, records, found)) })
}

/// The records of a log and how they stand, or what is wrong with them.
type Found = Result<(Records, Standing), &'static str>;

/// Reads a log to the end that is taken for its own: the early one, unless only the late one has all that was acked.
fn read(file: &File, acked: u64) -> io::Result<(Walked, Found)> {
    let is_whole = |found: &Found| found.as_ref().is_ok_and(|(_, found)| found.commit >= acked);
    let early = walk(file, acked, Tail::Early)?;
    let found = holds(&early);
    if acked > 0 && !is_whole(&found) {
        let late = walk(file, acked, Tail::Late)?;
        let found_late = holds(&late);
        if is_whole(&found_late) {
            return Ok((late, found_late));
        }
    }
    Ok((early, found))
}

/// What a log holds, if that is whole: each commit leaves the sum of all records.
fn holds(walked: &Walked) -> Found {
    walked.snapshot()?;
    let records = walked.records()?;
    let standing = standing(&records)?;
    Ok((records, standing))
}

/// How far records bring each Document.
pub(super) fn last_of<'a>(
    records: impl Iterator<Item = (&'a [u8], Option<Head>)>,
) -> BTreeMap<DocumentId, Last> {
    let mut all: BTreeMap<DocumentId, Last> = BTreeMap::new();
    for (key, head) in records.filter(|(key, _)| key::counts(key)) {
        let (Some((document, _)), Ok(parsed)) = (key::owner(key), DocumentKey::parse(key)) else { continue };
        let known = all.entry(document).or_default();
        known.is_based |= matches!(parsed.kind, Kind::Snapshot | Kind::Point);
        known.seq = known.seq.max(head.map_or(parsed.number, |head| Seq(head.seq)));
    }
    all
}

/// Closes the log where it ends: what may be torn behind it must never be taken for a part of it.
fn settle(sled: &Path, walked: &Walked) -> Result<(), StoreError> {
    let file = OpenOptions::new().read(true).write(true).open(sled.join("db"))?;
    if let Some(end) = walked.end.filter(|end| !end.is_closed) {
        file.write_all_at(&cap(end.lsn, end.at), end.offset + end.at as u64)?;
    }
    let length = file.metadata()?.len();
    for offset in &walked.beyond {
        let bytes = usize::try_from(length.saturating_sub(*offset).min(SEGMENT_BYTES)).unwrap_or(0);
        file.write_all_at(&vec![0; bytes], *offset)?;
    }
    // What a killed process wrote is perhaps not on the disk yet, and from now on counts as if it were.
    Ok(file.sync_all()?)
}

/// Gives sled its table of pages, in the place of those that it made.
fn put_snapshot(dir: &Path, walked: &Walked) -> Result<(), StoreError> {
    let sled = dir.join("sled");
    let (next, bytes) = walked.snapshot().map_err(|what| io::Error::other(what.to_owned()))?;
    let name = format!("snap.{next:016X}");
    put(&sled.join(&name), &bytes)?;
    for entry in fs::read_dir(&sled)? {
        let entry = entry?;
        let other = entry.file_name().to_string_lossy().into_owned();
        if !other.starts_with("snap.") || other == name {
            continue;
        }
        if is_sound_snapshot(&fs::read(entry.path()).unwrap_or_default()) {
            fs::remove_file(entry.path())?;
        } else {
            fs::rename(entry.path(), rescue(dir, &other, Time::now())?)?;
        }
    }
    Ok(File::open(&sled)?.sync_all()?)
}

fn is_sound_snapshot(bytes: &[u8]) -> bool {
    let Some((rest, sum)) = bytes.split_last_chunk::<4>() else { return false };
    let Some((content, _)) = rest.split_last_chunk::<8>() else { return false };
    !content.is_empty() && crc32fast::hash(content) == u32::from_le_bytes(*sum)
}

/// Makes sled's settings anew if they don't verify.
fn check_settings(dir: &Path) -> Result<(), StoreError> {
    let sled = dir.join("sled");
    let path = sled.join("conf");
    let expected = [SETTINGS.as_bytes(), &crc32fast::hash(SETTINGS.as_bytes()).to_le_bytes()].concat();
    let found = match fs::read(&path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(StoreError::Unread { path, error: Arc::new(error) }),
    };
    if found.as_deref() == Some(&expected) {
        return Ok(());
    }
    if let Some(found) = found {
        let verifies = found.split_last_chunk::<4>().is_some_and(|(content, sum)| {
            content.len() > 4 && crc32fast::hash(content) == u32::from_le_bytes(*sum)
        });
        if verifies {
            // Of another version, which sled will say.
            return Ok(());
        }
        fs::rename(&path, rescue(dir, "conf", Time::now())?)?;
        tracing::warn!("sled/conf was damaged; it is set aside and made again");
    }
    fs::DirBuilder::new().recursive(true).create(&sled)?;
    put(&path, &expected)
}

/// Writes a file whole, under another name until it is on disk.
fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let unfinished = path.with_extension("generating");
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(fs::rename(&unfinished, path)?)
}

/// A path that is free, for something that is set aside.
pub(super) fn rescue(dir: &Path, what: &str, now: Time) -> io::Result<PathBuf> {
    let rescue = dir.join("rescue");
    fs::create_dir_all(&rescue)?;
    let name = format!("{what}-{}", now.to_string().replace(':', ""));
    let free = (0..).map(|n| if n == 0 { rescue.join(&name) } else { rescue.join(format!("{name}-{n}")) });
    free.into_iter().find(|path| !path.exists()).ok_or_else(|| io::ErrorKind::AlreadyExists.into())
}

/// Copies the damaged store, once for each state of it. Where that can't be done, the store itself is still there.
fn set_aside(dir: &Path, walked: &Walked) -> Option<PathBuf> {
    let folder = dir.join("rescue").join(format!("store-{:08x}", walked.sum));
    if folder.exists() {
        return Some(folder);
    }
    let unfinished = dir.join("rescue").join(format!(".unfinished-store-{:08x}", walked.sum));
    let copying = || -> io::Result<()> {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(unfinished.join("sled"))?;
        for name in ["sled/db", "sled/conf", "commits"] {
            let from = dir.join(name);
            if from.exists() {
                fs::copy(&from, unfinished.join(name))?;
                File::open(unfinished.join(name))?.sync_all()?;
            }
        }
        fs::rename(&unfinished, &folder)?;
        File::open(dir.join("rescue"))?.sync_all()
    };
    match copying() {
        Ok(()) => Some(folder),
        Err(error) => {
            tracing::error!(%error, "the damaged store could not be copied");
            None
        }
    }
}
