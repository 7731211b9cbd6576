//! Restoring over a store that is older than the backup, or as old, or newer.

use samsyn_shared::Epoch;
use samsyn_shared::sync::server_session::Dialect;

use super::*;
use crate::rooms::OpenError;

/// A målbild with "gemensamt" in it, and then "lost" in the backup alone and "kept" in the store alone.
async fn forked() -> (World, MalbildId) {
    let old = World::new();
    let (id, secret) = old.make().await;
    old.write(id, 11, "gemensamt ").await;
    let common = old.engine.load(DocumentId::content(id)).unwrap().unwrap();
    let record = old.engine.get(Table::Malbild, &id.to_string()).unwrap().unwrap();
    old.write(id, 12, "lost ").await;
    let world = World::new();
    write(&*old.engine, &world.backup(), Time(1)).unwrap();
    let content = DocumentId::content(id);
    let append = |update: &Bytes| Write::Append { document: content, update: update.clone() };
    let mut writes: Vec<_> = common.parts().map(append).collect();
    writes.push(Write::Put { table: Table::Malbild, key: id.to_string(), value: record });
    writes.push(Write::put(
        &secret.hash(),
        &TokenRecord { malbild: id, role: Role::Owner, actor: None, expires: None },
    ));
    world.storage.commit(writes).await.unwrap();
    world.write(id, 13, "kept ").await;
    (world, id)
}

async fn outcome(world: &World, id: MalbildId) -> Outcome {
    let done = restore(&world.storage, &world.rooms, &world.backup(), Some(id)).await;
    done.unwrap().outcomes.remove(&id).unwrap()
}

#[tokio::test]
async fn a_store_that_was_shortened_is_brought_forward_and_loses_nothing_of_its_own() {
    let (world, id) = forked().await;
    let before = world.engine.load(DocumentId::content(id)).unwrap().unwrap().last;
    assert!(matches!(outcome(&world, id).await, Outcome::Forwarded));
    let text = world.text(id).await;
    assert!(["gemensamt", "lost", "kept"].iter().all(|word| text.contains(word)), "{text}");
    let loaded = world.engine.load(DocumentId::content(id)).unwrap().unwrap();
    assert_eq!(loaded.last, before.next(), "as any other edit");
    assert!(check(&*world.engine).unwrap().problems.is_empty());
    assert!(matches!(outcome(&world, id).await, Outcome::Healthy));
    assert_eq!(world.engine.load(DocumentId::content(id)).unwrap().unwrap(), loaded);
}

#[tokio::test]
async fn a_store_that_is_newer_than_the_backup_is_left_as_it_is() {
    let world = World::new();
    let (id, _) = world.make().await;
    world.write(id, 11, "ett ").await;
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    world.write(id, 12, "två ").await;
    let before = world.engine.load(DocumentId::content(id)).unwrap();
    assert!(matches!(outcome(&world, id).await, Outcome::Healthy));
    assert_eq!(world.engine.load(DocumentId::content(id)).unwrap(), before);
}

/// A room that stayed open over it would write its own state over what came from the backup.
#[tokio::test]
async fn those_who_are_in_a_malbild_come_back_to_all_of_it() {
    let (world, id) = forked().await;
    let found = MalbildRecord::find(&world.storage, id).await.unwrap();
    let (room, _joined) =
        world.rooms.join(&found, crate::room::seated(Role::Editor), Dialect::Own).await.unwrap();
    assert!(matches!(outcome(&world, id).await, Outcome::Forwarded));
    assert!(room.is_ended(), "whoever was in it is sent away to come back");
    let (again, _joined) =
        world.rooms.join(&found, crate::room::seated(Role::Editor), Dialect::Own).await.unwrap();
    let text = world.text(id).await;
    assert!(text.contains("lost") && text.contains("kept"), "{text}");
    again.drain().await;
    // As the store has it.
    let kept = world.text(id).await;
    assert!(kept.contains("lost") && kept.contains("kept"), "{kept}");
}

#[tokio::test]
async fn no_room_opens_while_a_malbild_is_closed_for_work() {
    let world = World::new();
    let (id, _) = world.make().await;
    let found = MalbildRecord::find(&world.storage, id).await.unwrap();
    let rooms = world.rooms.clone();
    let mut reading = None;
    world
        .rooms
        .closed(id, async {
            let joining = tokio::spawn(async move { rooms.read(&found).await.map(drop) });
            // It had every chance to open.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            assert!(!joining.is_finished());
            world.write(id, 11, "meanwhile ").await;
            reading = Some(joining);
        })
        .await;
    reading.unwrap().await.unwrap().unwrap();
    assert!(world.text(id).await.contains("meanwhile"));
    assert_eq!(world.rooms.open_rooms(), 1);
    // Where nobody came, nothing is left open.
    world.rooms.closed(id, async {}).await;
    assert_eq!(world.rooms.open_rooms(), 0);
    world.rooms.drain().await;
    let found = MalbildRecord::find(&world.storage, id).await.unwrap();
    assert!(matches!(world.rooms.read(&found).await, Err(OpenError::Stopping)));
}

#[tokio::test]
async fn another_history_is_named_and_left_alone() {
    let (world, id) = forked().await;
    let record = world.engine.get(Table::Malbild, &id.to_string()).unwrap().unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let past = record["epoch"].clone();
    record["epoch"] = serde_json::to_value(Epoch(4711)).unwrap();
    let before = world.engine.load(DocumentId::content(id)).unwrap();
    for (past_epochs, expected) in [(vec![], false), (vec![past], true)] {
        record["past_epochs"] = past_epochs.into();
        let value = serde_json::to_vec(&record).unwrap().into();
        let put = Write::Put { table: Table::Malbild, key: id.to_string(), value };
        world.storage.commit(vec![put]).await.unwrap();
        let outcome = outcome(&world, id).await;
        assert_eq!(matches!(outcome, Outcome::Newer), expected, "{outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Failed(_)), !expected, "{outcome:?}");
        assert_eq!(world.engine.load(DocumentId::content(id)).unwrap(), before);
    }
}

#[tokio::test]
async fn a_lost_record_comes_back_to_a_content_that_is_there_and_to_no_other() {
    let (world, id) = forked().await;
    let delete = |key: String| Write::Delete { table: Table::Malbild, key };
    world.storage.commit(vec![delete(id.to_string())]).await.unwrap();
    assert!(matches!(outcome(&world, id).await, Outcome::Restored));
    let text = world.text(id).await;
    assert!(text.contains("lost") && text.contains("kept"), "{text}");

    let (world, id) = forked().await;
    world.storage.commit(vec![delete(id.to_string())]).await.unwrap();
    let strange: Bytes = {
        let seeded = document::seed(Template::find("tom").unwrap(), "Annan", 4711);
        let txn = seeded.try_transact().unwrap();
        yrs::ReadTxn::encode_diff_v1(&txn, &yrs::StateVector::default()).into()
    };
    let replace = Write::Replace { document: DocumentId::content(id), snapshot: strange };
    world.storage.commit(vec![replace]).await.unwrap();
    assert!(matches!(outcome(&world, id).await, Outcome::Failed(why) if why.to_string().contains("epoch")));
    assert_eq!(world.engine.get(Table::Malbild, &id.to_string()).unwrap(), None);
}

/// As after `kill -9` in the middle: what was done is whole, and the rest is done the next time.
#[tokio::test]
async fn a_restore_that_failed_in_the_middle_is_run_again() {
    let world = World::new();
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(world.make().await.0);
    }
    write(&*world.engine, &world.backup(), Time(1)).unwrap();
    let new = World::new();
    for id in &ids[..10] {
        restore(&new.storage, &new.rooms, &world.backup(), Some(*id)).await.unwrap();
    }
    new.engine.fail_after(1);
    assert!(restore(&new.storage, &new.rooms, &world.backup(), None).await.is_err());
    let engine = Arc::new(new.engine.another());
    let storage = Storage::start(Arc::clone(&engine) as Arc<dyn Store>);
    let again = World { engine, storage, ..World::new() };
    let again = World { rooms: Rooms::new(again.storage.clone()), ..again };
    let done = restore(&again.storage, &again.rooms, &world.backup(), None).await.unwrap();
    let healthy = done.outcomes.values().filter(|outcome| matches!(outcome, Outcome::Healthy)).count();
    let restored = done.outcomes.values().filter(|outcome| matches!(outcome, Outcome::Restored)).count();
    assert!(healthy >= 10 && healthy + restored == ids.len(), "{:?}", done.outcomes);
    assert!(check(&*again.engine).unwrap().problems.is_empty());
    assert_eq!(again.engine.keys(Table::Malbild, "").unwrap().len(), ids.len());
    assert!(again.storage.health().borrow().eq(&crate::store::Health::Fine));
}
