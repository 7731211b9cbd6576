//! What an operator is answered while no server runs, and that it leaves the data as it is.

use std::collections::BTreeMap;
use std::fs;

use bytes::Bytes;
use samsyn_shared::MalbildId;
use tempfile::TempDir;

use super::*;
use crate::store::{DocumentId, Table, Write};

/// The files of a data directory, and what they hold.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(self::files(&entry.path())),
            _ => drop(files.insert(entry.path(), fs::read(entry.path()).unwrap())),
        }
    }
    files
}

/// A data directory as a killed server leaves it, with some målbilder.
fn killed() -> TempDir {
    let (living, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = engine::open(living.path()).unwrap();
    for n in 0..5_u8 {
        let document = DocumentId::content(MalbildId::from_bytes([n; 12]));
        let (table, key, value) = (Table::Malbild, document.malbild.to_string(), Bytes::from_static(b"{}"));
        // An update of Yjs without anything in it.
        let update = Bytes::from_static(&[0, 0]);
        let append = Write::Append { document, update };
        for _ in 0..40 {
            store.commit(&[append.clone(), append.clone()], Time::now()).unwrap();
        }
        store.commit(&[Write::Put { table, key, value }], Time::now()).unwrap();
    }
    fs::create_dir(left.path().join("sled")).unwrap();
    for name in ["lock", "commits", "sled/db", "sled/conf"] {
        fs::copy(living.path().join(name), left.path().join(name)).unwrap();
    }
    left
}

#[tokio::test]
async fn checking_and_backing_up_a_stopped_store_change_nothing() {
    let data = killed();
    let before = files(data.path());
    let out = tempfile::tempdir().unwrap();
    let answer = run(data.path(), Request::Check).await;
    assert!(answer.lines.last().unwrap().starts_with("checked 5 documents"), "{answer:?}");
    assert_eq!(files(data.path()), before);
    let answer = run(data.path(), Request::Backup { to: out.path().join("backup") }).await;
    assert!(answer.lines.last().unwrap().starts_with("backed up 5 documents"), "{answer:?}");
    assert_eq!(files(data.path()), before);
    run(data.path(), Request::Points { malbild: MalbildId::from_bytes([1; 12]) }).await;
    assert_eq!(files(data.path()), before);
}

#[tokio::test]
async fn a_wrong_byte_is_told_by_check_and_what_is_salvaged_is_told_too() {
    let data = killed();
    let db = data.path().join("sled/db");
    let mut bytes = fs::read(&db).unwrap();
    // In the middle of what was written.
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[written / 2] ^= 1;
    fs::write(&db, bytes).unwrap();
    let before = files(data.path());
    let checked = run(data.path(), Request::Check).await;
    assert_eq!(checked.status, 1);
    assert!(checked.lines[0].starts_with("store-damaged: "), "{checked:?}");
    assert_eq!(files(data.path()), before);
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("salvaged");
    let salvaged = salvage(data.path(), &to).await;
    assert_eq!(files(data.path()), before);
    let damaged = salvaged.lines.iter().filter(|line| line.starts_with("document-damaged: ")).count();
    assert_eq!((salvaged.status, damaged), (u8::from(damaged > 0), damaged), "{salvaged:?}");
    assert!(damaged <= 1, "{salvaged:?}");
    let again = salvage(data.path(), &to).await;
    assert_eq!(again.status, 2, "a directory with something in it is not written to: {again:?}");
}

#[tokio::test]
async fn a_data_directory_that_is_a_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    fs::write(&file, b"").unwrap();
    let error = engine::open(&file).map(drop).unwrap_err().to_string();
    assert!(error.starts_with("data-directory: ") && error.contains(file.to_str().unwrap()), "{error}");
}
