//! How a server ends whose disk does not answer, over the memory store.

use std::sync::Arc;

use samsyn_shared::sync::protocol::Message;
use samsyn_shared::{Epoch, MalbildId, Role, Template, WriteNumber, document};
use yrs::updates::decoder::Decode as _;
use yrs::{Text as _, Transact as _, Update, WriteTxn as _};

use samsyn_shared::room::Dialect;

use super::*;
use crate::malbild::MalbildRecord;
use crate::malbild::birth::make;
use crate::room::{Joined, RoomHandle};
use crate::store::memory::MemoryStore;
use crate::store::{DocumentId, Store, Time};

async fn server(engine: &Arc<MemoryStore>) -> Server {
    let storage = Storage::start(Arc::clone(engine) as Arc<dyn Store>);
    let visitors = Visitors::new(Bounds::of(20_000), Unfinished::new(limits::UNFINISHED_BYTES));
    let app = App::new(storage.clone(), Rooms::new(storage), visitors);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Server { listener, app, metrics: None, control: None, backup: None }
}

/// Somebody writes a word into a new målbild while the disk hangs; gives what keeps them in it.
async fn write_while_it_hangs(app: &App, engine: &Arc<MemoryStore>) -> (RoomHandle, Joined) {
    let id = MalbildId::generate(&mut rand::rng());
    let template = Template::find("tom").unwrap();
    let malbild = MalbildRecord::new(id, template, Epoch(7), Time(0));
    make(&app.storage, &malbild, "Storm", Vec::new()).await.unwrap();
    let (room, joined) =
        app.rooms.join(&malbild, crate::room::seated(Role::Editor), Dialect::Own).await.unwrap();
    engine.hang(true);
    let replica = document::replica(8);
    let loaded = app.storage.load(DocumentId::content(id)).await.unwrap().unwrap();
    for part in loaded.parts() {
        let mut txn = replica.try_transact_mut().unwrap();
        txn.apply_update(Update::decode_v1(part).unwrap()).unwrap();
    }
    let update = {
        let mut txn = replica.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:text");
        text.insert(&mut txn, 0, "ord");
        txn.encode_update_v1().into()
    };
    room.frame(joined.id, Message::Write(WriteNumber(1), update).encode()).await.unwrap();
    let engine = Arc::clone(engine);
    tokio::task::spawn_blocking(move || engine.wait_until_one_hangs()).await.unwrap();
    (room, joined)
}

#[tokio::test]
async fn a_server_whose_disk_hangs_ends_all_the_same_and_says_how_much_was_not_stored() {
    let engine = Arc::new(MemoryStore::default());
    let server = server(&engine).await;
    let _here = write_while_it_hangs(&server.app, &engine).await;
    let storage = server.app.storage.clone();
    let waiting = tokio::spawn(async move { storage.commit(Vec::new()).await });
    tokio::task::yield_now().await;
    let stop = CancellationToken::new();
    stop.cancel();
    // From here on the clock goes as fast as nothing else has to be done.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let ended = server.run(stop).await;
    assert!(matches!(ended, Err(ServerError::Unstored { changes: 1, requests: 1 })), "{ended:?}");
    assert!(begun.elapsed() < limits::STOP + Duration::from_secs(1));
    engine.hang(false);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_whose_disk_answers_again_stores_everything_and_ends_in_order() {
    let engine = Arc::new(MemoryStore::default());
    let server = server(&engine).await;
    let _here = write_while_it_hangs(&server.app, &engine).await;
    let stop = CancellationToken::new();
    stop.cancel();
    let ending = tokio::spawn(server.run(stop));
    tokio::task::yield_now().await;
    assert!(!ending.is_finished());
    engine.hang(false);
    ending.await.unwrap().unwrap();
}
