//! What is stored of a damaged Document, written beside the store as it is, so that somebody can try to
//! save it by hand. It removes nothing, and knows nothing of engines.
//!
//! `DIR/<id>-<part>-<time>/` holds a README.txt, `records.bin` (all keys and values as they are) and
//! `verified/` (those values whose records all verify).

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{DocumentId, RawRecord, Time};

const RECORDS: &str = "records.bin";

/// The directory for all that was set aside.
#[derive(Debug)]
pub(super) struct Rescue {
    dir: PathBuf,
    /// One at a time, so that two failed loads don't both write.
    turn: Mutex<()>,
}

impl Rescue {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), turn: Mutex::default() }
    }

    /// Writes what is stored of a Document, unless the same is there already. Gives the new folder.
    pub(super) fn set_aside(
        &self,
        document: DocumentId,
        what: &str,
        records: &[RawRecord],
        now: Time,
    ) -> io::Result<Option<PathBuf>> {
        let _turn = self.turn.lock().expect("no code panics while it holds this lock");
        let name = format!("{}-{}", document.malbild, document.part.as_str());
        let raw = raw(records);
        if self.holds(&name, &raw)? {
            return Ok(None);
        }
        let folder = self.dir.join(format!("{name}-{}", now.to_string().replace(':', "")));
        // Under another name until it is complete.
        let unfinished = self.dir.join(format!(".unfinished-{name}"));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(unfinished.join("verified"))?;
        write(&unfinished.join(RECORDS), &raw)?;
        let verified = verified(records);
        for ((kind, seq), bytes) in &verified {
            write(&unfinished.join("verified").join(format!("{kind}-{seq:020}.bin")), bytes)?;
        }
        let heading = format!("Document {document} could not be read at {now}: {what}.");
        let readme = readme(&heading, records, verified.len());
        write(&unfinished.join("README.txt"), readme.as_bytes())?;
        fs::rename(&unfinished, &folder)?;
        fs::File::open(&self.dir)?.sync_all()?;
        Ok(Some(folder))
    }

    fn holds(&self, name: &str, raw: &[u8]) -> io::Result<bool> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(name)
                && fs::read(entry.path().join(RECORDS)).is_ok_and(|before| before == raw)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Each record: the key's length, the value's length (4 bytes each, big-endian), the key, the value.
fn raw(records: &[RawRecord]) -> Vec<u8> {
    let mut raw = Vec::new();
    for record in records {
        for part in [&record.key, &record.bytes] {
            let length = u32::try_from(part.len()).expect("a record is far smaller than 4 GiB");
            raw.extend_from_slice(&length.to_be_bytes());
        }
        raw.extend_from_slice(&record.key);
        raw.extend_from_slice(&record.bytes);
    }
    raw
}

/// The values whose pieces follow each other from the first on, by kind and number.
fn verified(records: &[RawRecord]) -> BTreeMap<(&'static str, u64), Vec<u8>> {
    let mut values: BTreeMap<_, (u32, Vec<u8>)> = BTreeMap::new();
    for record in records.iter().filter_map(|record| record.verified.as_ref().ok()) {
        let (pieces, value) = values.entry((record.kind, record.seq.0)).or_default();
        if record.index == *pieces {
            *pieces += 1;
            value.extend_from_slice(&record.payload);
        }
    }
    values.into_iter().filter(|(_, (pieces, _))| *pieces > 0).map(|(key, (_, value))| (key, value)).collect()
}

fn readme(heading: &str, records: &[RawRecord], values: usize) -> String {
    let damaged = records.iter().filter(|record| record.verified.is_err()).count();
    format!(
        "{heading}\n\
         {} records are stored of it; {damaged} of them fail their checksum. Nothing was removed from the store.\n\
         \n\
         {RECORDS}: every record as it is: length of key, length of value (4 bytes each, big-endian), key, value.\n\
         verified/: the {values} values whose records verify. snapshot-N is a whole state up to number N, one Yjs\n\
         update (v1); updates-N are updates up to number N, each behind its length (4 bytes, big-endian); point-N\n\
         only says that there is a snapshot N. A value that was cut short by a damaged record holds what came before.\n",
        records.len()
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::contract;
    use super::super::memory::MemoryStore;
    use super::super::{ReadStore as _, Verified};
    use super::*;

    #[test]
    fn what_is_stored_is_set_aside_once_and_what_verifies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let rescue = Rescue::new(&dir.path().join("rescue"));
        let store = MemoryStore::default();
        let document = contract::document(1);
        contract::append(&store, document, &[b"a", b"b"]);
        let mut records = store.records(document).unwrap();
        records[1].verified = Err("checksum differs");
        let folder = rescue.set_aside(document, "checksum differs", &records, Time(1)).unwrap().unwrap();
        let readme = fs::read_to_string(folder.join("README.txt")).unwrap();
        assert!(readme.contains("checksum differs") && readme.contains("1 of them fail"), "{readme}");
        assert_eq!(fs::read(folder.join(RECORDS)).unwrap(), raw(&records));
        let kept: Vec<_> = fs::read_dir(folder.join("verified")).unwrap().collect();
        assert_eq!(kept.len(), 1);
        // The same again is not written again; something else is.
        assert_eq!(rescue.set_aside(document, "checksum differs", &records, Time(2)).unwrap(), None);
        records.push(RawRecord {
            key: Bytes::from_static(b"k"),
            bytes: Bytes::new(),
            verified: Ok(Verified {
                kind: "updates",
                seq: samsyn_shared::Seq(9),
                index: 0,
                payload: Bytes::new(),
            }),
        });
        assert!(rescue.set_aside(document, "checksum differs", &records, Time(2000)).unwrap().is_some());
    }
}
