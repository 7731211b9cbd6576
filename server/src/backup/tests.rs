//! Backups, restoring and checking over the memory store.

mod changed;
mod forward;
mod order;

use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use samsyn_shared::{Epoch, MalbildId, Role, Seq, Template, Token, TokenHash, document};
use yrs::updates::decoder::Decode as _;
use yrs::{Text as _, Transact as _, Update, WriteTxn as _};

use super::check::check;
use super::outcome::Outcome;
use super::restore::{PointError, as_new, restore};
use super::schedule::Schedule;
use super::write::write;
use super::*;
use crate::access::grant::{Grant, GrantKey, Uses};
use crate::access::session::SessionKey;
use crate::access::token::{self, TokenRecord};
use crate::access::{Access, Credential};
use crate::malbild::MalbildRecord;
use crate::malbild::birth::make;
use crate::rooms::Rooms;
use crate::store::memory::MemoryStore;
use crate::store::{DocumentId, Part, ReadStore, Storage, Store, Table, Time, Write};

/// What a token's bearer may do.
fn role_of(store: &dyn ReadStore, malbild: MalbildId, token: &TokenHash) -> Option<Role> {
    token::bearer_of(store, malbild, token).unwrap().map(|bearer| bearer.role)
}

struct World {
    engine: Arc<MemoryStore>,
    storage: Storage,
    rooms: Rooms,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let engine = Arc::new(MemoryStore::default());
        let storage = Storage::start(Arc::clone(&engine) as Arc<dyn Store>);
        let rooms = Rooms::new(storage.clone());
        Self { engine, storage, rooms, dir: tempfile::tempdir().unwrap() }
    }

    async fn make(&self) -> (MalbildId, Token) {
        let (id, secret) = (MalbildId::generate(&mut rand::rng()), Token::generate(&mut rand::rng()));
        let record = Write::put(
            &secret.hash(),
            &TokenRecord { malbild: id, role: Role::Owner, actor: None, expires: None },
        );
        let template = Template::find("tom").unwrap();
        let malbild = MalbildRecord::new(id, template, Epoch(7), Time(0));
        make(&self.storage, &malbild, "Storm", vec![record]).await.unwrap();
        (id, secret)
    }

    fn backup(&self) -> PathBuf {
        self.dir.path().join("backup")
    }

    /// What a målbild's content would be with this word more, as an update.
    fn edit(&self, id: MalbildId, client: u64, word: &str) -> Bytes {
        let replica = document::replica(client);
        let loaded = self.engine.load(DocumentId::content(id)).unwrap().unwrap();
        let mut txn = replica.try_transact_mut().unwrap();
        for part in loaded.parts() {
            txn.apply_update(Update::decode_v1(part).unwrap()).unwrap();
        }
        drop(txn);
        let mut txn = replica.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:text");
        text.insert(&mut txn, 0, word);
        txn.encode_update_v1().into()
    }

    /// Writes a word into a målbild that is open in no room.
    async fn write(&self, id: MalbildId, client: u64, word: &str) {
        let (document, update) = (DocumentId::content(id), self.edit(id, client, word));
        self.storage.commit(vec![Write::Append { document, update }]).await.unwrap();
    }

    /// All that a målbild says, as its room reads it.
    async fn text(&self, id: MalbildId) -> String {
        let found = MalbildRecord::find(&self.storage, id).await.unwrap();
        serde_json::to_string(&self.rooms.read(&found).await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn all_comes_back_in_a_new_store_tokens_sessions_and_epoch_too() {
    let world = World::new();
    let (id, secret) = world.make().await;
    let epoch = MalbildRecord::find(&world.storage, id).await.unwrap().epoch;
    let session = SessionKey::generate(&mut rand::rng());
    let granted = GrantKey { session: session.hash(), uses: Uses { malbild: id, token: secret.hash() } };
    world.storage.commit(vec![Write::put(&granted, &Grant::default())]).await.unwrap();
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let new = World::new();
    let outcomes = restore(&new.storage, &new.rooms, &world.backup(), None).await.unwrap().outcomes;
    assert!(matches!(outcomes[&id], Outcome::Restored));
    let found = MalbildRecord::find(&new.storage, id).await.unwrap();
    assert_eq!(found.epoch, epoch);
    assert_eq!(new.rooms.read(&found).await.unwrap().title, "Storm");
    assert_eq!(role_of(&*new.engine, id, &secret.hash()), Some(Role::Owner));
    let credential = Credential { token: None, session: Some(session) };
    let bearer = Access::new(new.storage.clone()).bearer_for(id, &credential).await.unwrap();
    assert_eq!(bearer.map(|bearer| bearer.role), Some(Role::Owner));
    let (other, _) = new.make().await;
    let lacks = restore(&new.storage, &new.rooms, &world.backup(), Some(other)).await;
    assert!(matches!(lacks, Err(BackupError::Lacks(lacking)) if lacking == other));
}

#[tokio::test]
async fn what_is_damaged_does_not_stop_a_backup_and_is_named() {
    let world = World::new();
    let ((bad, _), (good, _)) = (world.make().await, world.make().await);
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    world.engine.corrupt(DocumentId::content(bad));
    let partly = write(&*world.engine, &world.dir.path().join("partly"), Time(2)).unwrap();
    assert_eq!((partly.count(Part::Content), partly.damaged.len()), (1, 1));
    assert_eq!(partly.damaged[0].what, format!("{bad}/content"));
    let checked = check(&*world.engine).unwrap();
    assert_eq!(checked.problems.iter().map(|problem| problem.code).next(), Some("document-damaged"));

    let outcomes = restore(&world.storage, &world.rooms, &world.backup(), None).await.unwrap().outcomes;
    let Outcome::Repaired(what) = &outcomes[&bad] else { panic!("{outcomes:?}") };
    assert_eq!(what.iter().map(ToString::to_string).collect::<Vec<_>>(), ["its content"]);
    assert!(matches!(outcomes[&good], Outcome::Healthy));
    assert!(check(&*world.engine).unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_healthy_malbild_is_left_as_it_is_and_a_token_taken_away_stays_away() {
    let world = World::new();
    let (id, secret) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    world.storage.commit(vec![Write::delete::<TokenRecord>(&secret.hash())]).await.unwrap();
    let found = MalbildRecord::find(&world.storage, id).await.unwrap();
    world.rooms.read(&found).await.unwrap();
    let outcomes = restore(&world.storage, &world.rooms, &world.backup(), Some(id)).await.unwrap().outcomes;
    assert!(matches!(outcomes[&id], Outcome::Healthy));
    assert_eq!(world.rooms.open_rooms(), 1, "nobody in it notices");
    world.engine.corrupt(DocumentId::content(id));
    restore(&world.storage, &world.rooms, &world.backup(), Some(id)).await.unwrap();
    assert_eq!(role_of(&*world.engine, id, &secret.hash()), None);
}

#[tokio::test]
async fn a_backup_that_was_changed_brings_nothing_back() {
    let world = World::new();
    let (id, _) = world.make().await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let file = world.backup().join(format!("documents/{id}-content.yjs"));
    let mut content = fs::read(&file).unwrap();
    content[9] ^= 1;
    fs::write(&file, content).unwrap();
    let new = World::new();
    let outcomes = restore(&new.storage, &new.rooms, &world.backup(), None).await.unwrap().outcomes;
    assert!(matches!(&outcomes[&id], Outcome::Failed(why) if why.to_string().starts_with("backup-verify")));
    assert!(new.engine.keys(Table::Malbild, "").unwrap().is_empty());
    fs::write(world.backup().join("records.jsonl"), "").unwrap();
    let refused = restore(&new.storage, &new.rooms, &world.backup(), None).await;
    assert!(matches!(refused, Err(BackupError::Verify(_))));
}

#[tokio::test]
async fn a_record_without_content_and_a_log_that_makes_no_document_are_found() {
    let world = World::new();
    let (id, _) = world.make().await;
    let ghost = MalbildId::generate(&mut rand::rng());
    let record = world.engine.get(Table::Malbild, &id.to_string()).unwrap().unwrap();
    let broken = Write::Append { document: DocumentId::content(id), update: Bytes::from_static(b"?") };
    let ghosts = Write::Put { table: Table::Malbild, key: ghost.to_string(), value: record };
    let stray = MalbildId::generate(&mut rand::rng());
    let snapshot = world.engine.load(DocumentId::content(id)).unwrap().unwrap().snapshot.unwrap();
    let strays = Write::Compact { document: DocumentId::content(stray), snapshot, up_to: Seq(0) };
    world.storage.commit(vec![broken, ghosts, strays]).await.unwrap();
    let checked = check(&*world.engine).unwrap();
    let mut codes: Vec<_> = checked.problems.iter().map(|problem| problem.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["content-missing", "document-broken", "record-missing"]);
}

/// Their checksums are right: somebody else's program wrote them, or a newer one.
#[tokio::test]
async fn a_record_that_is_none_of_its_kind_is_found() {
    let world = World::new();
    let (id, secret) = world.make().await;
    let put = |table, key: String, value| Write::Put { table, key, value: Bytes::from_static(value) };
    let grant = GrantKey { session: secret.hash(), uses: Uses { malbild: id, token: secret.hash() } };
    let writes = vec![
        put(Table::Malbild, "x".to_owned(), b"{}"),
        put(Table::Token, secret.hash().to_string(), b"{}"),
        put(Table::Session, grant.to_string(), b"?"),
        put(Table::Session, format!("{grant}/x"), b""),
    ];
    world.storage.commit(writes).await.unwrap();
    let checked = check(&*world.engine).unwrap();
    let found: Vec<_> = checked.problems.iter().map(ToString::to_string).collect();
    assert_eq!(checked.problems.len(), 4, "{found:?}");
    assert!(checked.problems.iter().all(|problem| problem.code == "record-damaged"), "{found:?}");
    assert!(!found.concat().contains(&secret.hash().to_string()), "{found:?}");
}

#[tokio::test]
async fn a_restore_point_becomes_a_new_malbild_and_an_earlier_time_has_none() {
    let world = World::new();
    let (id, _) = world.make().await;
    let made = as_new(&world.storage, id, Time(u64::MAX), Time::now()).await.unwrap();
    let found = MalbildRecord::find(&world.storage, made.malbild()).await.unwrap();
    assert_eq!(found.epoch, MalbildRecord::find(&world.storage, id).await.unwrap().epoch);
    assert_eq!(world.rooms.read(&found).await.unwrap().title, "Storm");
    for role in Role::ALL {
        let secret: Token = made.reveal("").tokens.get(role).parse().unwrap();
        assert_eq!(role_of(&*world.engine, made.malbild(), &secret.hash()), Some(role));
    }
    let early = as_new(&world.storage, id, Time(5), Time::now()).await;
    assert!(matches!(early, Err(PointError::None { .. })));
}

/// Else the last good copy would go with the old ones.
#[tokio::test]
async fn no_scheduled_backup_is_removed_while_something_is_damaged() {
    let world = World::new();
    let (id, _) = world.make().await;
    let to = world.dir.path().join("many");
    let schedule = Schedule { to: to.clone(), every: std::time::Duration::from_secs(60), keep: 2 };
    let count = || fs::read_dir(&to).unwrap().count();
    let make = || {
        assert!(schedule.make(&*world.engine, Time(1 + fs::read_dir(&to).map_or(0, Iterator::count) as u64)));
    };
    (0..2).for_each(|_| make());
    world.engine.corrupt(DocumentId::content(id));
    (0..3).for_each(|_| make());
    assert_eq!(count(), 5);
}
