//! Backups in which something was changed: never is anything called restored that is not as it was.

use std::os::unix::fs::symlink;

use samsyn_shared::domain::limits;
use serde_json::{Value, json};

use super::super::file::sha256;
use super::super::restore::Restored;
use super::*;

/// Puts another manifest into a backup, with its right checksum if it is to have one.
fn put_manifest(backup: &Path, manifest: &Value, summed: bool) {
    let bytes = serde_json::to_vec_pretty(manifest).unwrap();
    fs::write(backup.join("manifest.json"), &bytes).unwrap();
    let sum = backup.join("manifest.sha256");
    if summed {
        fs::write(sum, format!("{}  manifest.json\n", sha256(&bytes))).unwrap();
    } else if sum.exists() {
        fs::remove_file(sum).unwrap();
    }
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap()
}

/// Puts other records into a backup, with right checksums.
fn put_records(backup: &Path, records: &str) {
    let mut manifest = manifest(backup);
    manifest["records"]["bytes"] = records.len().into();
    manifest["records"]["sha256"] = sha256(records.as_bytes()).into();
    fs::write(backup.join("records.jsonl"), records).unwrap();
    put_manifest(backup, &manifest, true);
}

/// As the first version wrote it.
fn make_first_format(backup: &Path) {
    let mut manifest = manifest(backup);
    manifest["format"] = "samsyn-backup-1".into();
    manifest.as_object_mut().unwrap().remove("order");
    put_manifest(backup, &manifest, false);
}

fn files(backup: &Path) -> Vec<PathBuf> {
    let documents = fs::read_dir(backup.join("documents")).unwrap().map(|entry| entry.unwrap().path());
    let all = fs::read_dir(backup).unwrap().map(|entry| entry.unwrap().path()).chain(documents);
    all.filter(|path| path.is_file()).collect()
}

async fn restored(backup: &Path) -> (World, Result<Restored, BackupError>) {
    let new = World::new();
    let restored = restore(&new.storage, &new.rooms, backup, None).await;
    (new, restored)
}

/// What a store says of these målbilder: records and contents; `None` for one that is not there.
fn held(world: &World, ids: &[MalbildId]) -> Vec<Option<(Bytes, Bytes)>> {
    let held = ids.iter().map(|id| {
        let record = world.engine.get(Table::Malbild, &id.to_string()).unwrap();
        let content = world.engine.load(DocumentId::content(*id)).unwrap();
        assert_eq!(record.is_some(), content.is_some(), "{id} is half there");
        Some((record?, content?.snapshot?))
    });
    held.collect()
}

/// Flips bits in each byte of each file in turn. `allowed` says where a changed byte may change nothing.
async fn flip_every_byte(backup: &Path, ids: &[MalbildId], allowed: bool) {
    let (whole, _) = restored(backup).await;
    let expected = held(&whole, ids);
    assert!(expected.iter().all(Option::is_some));
    let (mut flips, mut refused, mut named, mut silent) = (0, 0, 0, 0);
    for path in files(backup) {
        let content = fs::read(&path).unwrap();
        for at in 0..content.len() {
            let mut changed = content.clone();
            // Another bit each time; every third time the one that makes another letter of a letter.
            changed[at] ^= if at % 3 == 0 { 3 } else { 1 << (at % 8) };
            fs::write(&path, &changed).unwrap();
            let (new, restored) = restored(backup).await;
            let place = || format!("byte {at} of {}", path.display());
            flips += 1;
            let Ok(Restored { outcomes, lacking, unverified }) = restored else {
                assert!(held(&new, ids).iter().all(Option::is_none), "{}: refused and written", place());
                refused += 1;
                continue;
            };
            for (id, (held, expected)) in ids.iter().zip(held(&new, ids).iter().zip(&expected)) {
                match outcomes.get(id) {
                    Some(Outcome::Restored) => assert_eq!(held, expected, "{}", place()),
                    _ => assert_eq!(*held, None, "{}", place()),
                }
            }
            let failed = outcomes.values().any(|outcome| matches!(outcome, Outcome::Failed(_)));
            if failed || !lacking.is_empty() {
                named += 1;
            } else {
                assert!(allowed && unverified, "{}: nobody was told", place());
                silent += 1;
            }
        }
        fs::write(&path, content).unwrap();
    }
    assert!(
        refused > 0 && named > 0,
        "{flips} flips: {refused} refused, {named} named, {silent} without effect"
    );
}

#[tokio::test]
async fn no_changed_byte_of_any_file_of_a_backup_is_called_restored() {
    let world = World::new();
    let ids = [world.make().await.0, world.make().await.0];
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    flip_every_byte(&world.backup(), &ids, false).await;
}

/// Its list has no checksum: a changed time there is not noticed. What is restored is as it was, still.
#[tokio::test]
async fn in_a_backup_of_the_first_format_no_changed_byte_changes_what_is_restored() {
    let world = World::new();
    let ids = [world.make().await.0, world.make().await.0];
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    make_first_format(&world.backup());
    flip_every_byte(&world.backup(), &ids, true).await;
}

#[tokio::test]
async fn a_backup_of_the_first_format_is_restored_and_said_to_be_unverified() {
    let world = World::new();
    let (id, _) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let (_, current) = restored(&world.backup()).await;
    assert!(!current.unwrap().unverified);
    // Only the checksum is gone: it is not taken for one of the first format.
    put_manifest(&world.backup(), &manifest(&world.backup()), false);
    assert!(matches!(restored(&world.backup()).await.1, Err(BackupError::Format { .. })));
    make_first_format(&world.backup());
    let first = restored(&world.backup()).await.1.unwrap();
    assert!(first.unverified && matches!(first.outcomes[&id], Outcome::Restored));
}

/// With right checksums, as somebody could write it who means harm, or another program.
#[tokio::test]
async fn a_list_that_names_what_cannot_be_in_a_backup_is_refused() {
    let world = World::new();
    let (id, _) = world.make().await;
    let (other, _) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let good = manifest(&world.backup());
    let outside = world.dir.path().join("outside.yjs");
    fs::copy(world.backup().join(format!("documents/{id}-content.yjs")), &outside).unwrap();
    let change = |pointer: &str, value: Value| {
        let mut manifest = good.clone();
        *manifest.pointer_mut(pointer).unwrap() = value;
        manifest
    };
    let mut twice = good.clone();
    let first = twice["documents"][0].clone();
    twice["documents"].as_array_mut().unwrap().push(first);
    let swapped = [id, other].map(|id| format!("documents/{id}-content.yjs"));
    let of_another = swapped.iter().find(|name| good["documents"][0]["file"] != **name).unwrap();
    let bad = [
        change("/documents/0/part", json!("konten")),
        change("/documents/0/part", json!("discussion")),
        change("/documents/0/file", json!("../outside.yjs")),
        change("/documents/0/file", json!(outside)),
        change("/documents/0/file", json!(format!("documents/./{id}-content.yjs"))),
        change("/documents/0/file", json!(of_another)),
        change("/records/file", json!("../records.jsonl")),
        change("/format", json!("samsyn-backup-3")),
        twice,
    ];
    for manifest in bad {
        put_manifest(&world.backup(), &manifest, true);
        let (new, refused) = restored(&world.backup()).await;
        assert!(matches!(refused, Err(BackupError::Format { .. })), "{refused:?} of {manifest}");
        assert!(new.engine.documents().unwrap().is_empty());
    }
    put_manifest(&world.backup(), &good, true);
    assert!(restored(&world.backup()).await.1.is_ok());
}

#[tokio::test]
async fn records_that_cannot_be_in_a_backup_are_refused() {
    let world = World::new();
    let (id, _) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let good = fs::read_to_string(world.backup().join("records.jsonl")).unwrap();
    let first = good.lines().next().unwrap();
    let token = good.lines().find(|line| line.contains("\"token\"")).unwrap();
    let bad = [
        good.replace("\"table\":\"malbild\"", "\"table\":\"malbilder\""),
        good.replace(&format!("\"key\":\"{id}\""), "\"key\":\"x\""),
        format!("{good}{first}\n"),
        format!("{good}{token}\n"),
        format!("{good}{{\"table\":\"token\"}}\n"),
        format!("{good}{}\n", token.replace("\"key\":\"", &format!("\"key\":\"{}", "k".repeat(200)))),
        good.replacen('{', "", 1),
    ];
    for records in bad {
        put_records(&world.backup(), &records);
        let (new, refused) = restored(&world.backup()).await;
        assert!(matches!(refused, Err(BackupError::Format { .. })), "{refused:?} of {records}");
        assert!(new.engine.keys(Table::Malbild, "").unwrap().is_empty());
    }
}

/// Somebody else's program may have written it, with right checksums: yrs would overflow its stack, and end the process.
#[tokio::test]
async fn a_document_that_no_client_may_send_is_not_restored_and_ends_nothing() {
    let world = World::new();
    let (id, _) = world.make().await;
    let (other, _) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let name = format!("documents/{id}-content.yjs");
    let root = b"section:text";
    for depth in [limits::VALUE_DEPTH + 1, 20_000, 1_000_000] {
        // One block of one client: a value in a text, by its root's name; and nothing deleted.
        let head = [&[1, 1, 7, 0, 8, 1, root.len() as u8][..], root, &[1]].concat();
        let deep = [&head[..], &[117, 1].repeat(depth), &[126, 0]].concat();
        let mut manifest = manifest(&world.backup());
        let documents = manifest["documents"].as_array_mut().unwrap();
        let entry = documents.iter_mut().find(|entry| entry["file"] == json!(name)).unwrap();
        (entry["bytes"], entry["sha256"]) = (deep.len().into(), sha256(&deep).into());
        fs::write(world.backup().join(&name), &deep).unwrap();
        put_manifest(&world.backup(), &manifest, true);
        let (new, done) = restored(&world.backup()).await;
        let outcomes = done.unwrap().outcomes;
        let Outcome::Failed(why) = &outcomes[&id] else { panic!("{outcomes:?}") };
        assert!(why.to_string().starts_with("backup-refused: "), "{why}");
        assert!(matches!(outcomes[&other], Outcome::Restored));
        assert_eq!(held(&new, &[id]), [None]);
        // Also where it stands in the store already, it opens no room.
        let append = Write::Append { document: DocumentId::content(id), update: deep.into() };
        new.storage.commit(vec![append]).await.unwrap();
        let codes =
            check(&*new.engine).unwrap().problems.iter().map(|problem| problem.code).collect::<Vec<_>>();
        assert!(codes.contains(&"document-broken"), "{codes:?}");
    }
}

#[tokio::test]
async fn what_the_backup_lacks_is_named_and_nothing_of_it_is_written() {
    let world = World::new();
    let (id, _) = world.make().await;
    let (other, _) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let (good, records) =
        (manifest(&world.backup()), fs::read_to_string(world.backup().join("records.jsonl")).unwrap());
    let lines = |keep: &dyn Fn(&str) -> bool| -> String {
        records.lines().filter(|line| keep(line)).map(|line| format!("{line}\n")).collect()
    };
    let is_record = |line: &str| line.contains("\"table\":\"malbild\"") && line.contains(&id.to_string());

    // A Document that no record names; the record of a målbild without one; a record that is none.
    let without_record = lines(&|line| !is_record(line));
    let no_template = lines(&|_| true).replace("\\\"template\\\":\\\"", "\\\"template\\\":\\\"x");
    for records in [without_record, no_template] {
        put_records(&world.backup(), &records);
        let (new, done) = restored(&world.backup()).await;
        assert!(matches!(done.unwrap().outcomes[&id], Outcome::Failed(_)), "{records}");
        assert_eq!(held(&new, &[id]), [None]);
    }
    put_records(&world.backup(), &records);
    let mut without_document = good.clone();
    let documents = without_document["documents"].as_array_mut().unwrap();
    documents.retain(|entry| entry["malbild"] != json!(id));
    put_manifest(&world.backup(), &without_document, true);
    let (new, done) = restored(&world.backup()).await;
    let outcomes = done.unwrap().outcomes;
    assert!(
        matches!(&outcomes[&id], Outcome::Failed(why) if why.to_string().contains("does not hold its content"))
    );
    assert!(matches!(outcomes[&other], Outcome::Restored));
    assert_eq!(held(&new, &[id]), [None]);
    assert!(new.engine.keys(Table::Token, "").unwrap().len() == 1, "no token of what is not there");
    assert!(check(&*new.engine).unwrap().problems.is_empty());
}

#[tokio::test]
async fn links_in_the_place_of_files_are_not_followed() {
    let world = World::new();
    let (id, _) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    for name in ["manifest.json", "manifest.sha256", "records.jsonl", "documents"] {
        let (path, moved) = (world.backup().join(name), world.dir.path().join("moved"));
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        let (_, refused) = restored(&world.backup()).await;
        assert!(matches!(refused, Err(BackupError::Format { .. })), "{name}: {refused:?}");
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    let path = world.backup().join(format!("documents/{id}-content.yjs"));
    let moved = world.dir.path().join("moved.yjs");
    fs::rename(&path, &moved).unwrap();
    symlink(&moved, &path).unwrap();
    let (new, done) = restored(&world.backup()).await;
    assert!(matches!(done.unwrap().outcomes[&id], Outcome::Failed(_)));
    assert_eq!(held(&new, &[id]), [None]);
}

/// What was damaged when the backup was made is not in it, and is said when it is used.
#[tokio::test]
async fn what_a_backup_says_that_it_lacks_is_said_again_when_it_is_restored() {
    let world = World::new();
    let (id, _) = world.make().await;
    let (good, _) = world.make().await;
    world.engine.corrupt(DocumentId::content(id));
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let (_, done) = restored(&world.backup()).await;
    let outcomes = done.unwrap().outcomes;
    assert!(
        matches!(&outcomes[&id], Outcome::Failed(why) if why.to_string().contains("damaged")),
        "{outcomes:?}"
    );
    assert!(matches!(outcomes[&good], Outcome::Restored));
    let mut lacking = manifest(&world.backup());
    lacking["damaged"] = json!([{ "what": "token record abcdefghij", "problem": "damaged" }]);
    put_manifest(&world.backup(), &lacking, true);
    let (_, done) = restored(&world.backup()).await;
    let expected = Damage { what: "token record abcdef…".to_owned(), problem: "damaged".to_owned() };
    assert_eq!(done.unwrap().lacking, [expected]);
}

/// Whose key or value is none of its kind: it would be a record that nothing can use.
#[tokio::test]
async fn records_that_are_none_of_their_kind_are_named_and_not_written() {
    let world = World::new();
    let (id, secret) = world.make().await;
    let uses = Uses { malbild: id, token: secret.hash() };
    let grant = GrantKey { session: secret.hash(), uses };
    world.storage.commit(vec![Write::put(&grant, &Grant::default())]).await.unwrap();
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let records = fs::read_to_string(world.backup().join("records.jsonl")).unwrap();
    let token = secret.hash().to_string();
    let odd = records
        .replace(&format!("\"key\":\"{token}\""), "\"key\":\"a/\\u202e\\n\"")
        .replace("\"value\":\"\"", "\"value\":\"?\"");
    put_records(&world.backup(), &odd);
    let (new, done) = restored(&world.backup()).await;
    let Restored { outcomes, lacking, .. } = done.unwrap();
    assert!(matches!(outcomes[&id], Outcome::Restored));
    assert_eq!(lacking.len(), 2, "{lacking:?}");
    assert!(lacking.iter().all(|damage| !damage.what.contains(['\u{202e}', '\n'])), "{lacking:?}");
    for table in [Table::Token, Table::Session] {
        assert!(new.engine.keys(table, "").unwrap().is_empty());
    }
    assert!(check(&*new.engine).unwrap().problems.is_empty());
}
