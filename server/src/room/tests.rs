//! The actor, over the memory store, with the clock under the tests' hand.

use std::io::Cursor;

use samsyn_shared::sync::protocol::{CloseCode, Message};
use samsyn_shared::{MalbildId, Seq, WriteNumber};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use yrs::{Text as _, Transact as _, WriteTxn as _};

use super::*;
use crate::store::memory::MemoryStore;
use crate::store::{ReadStore as _, Store, Table, Write};

struct World {
    engine: Arc<MemoryStore>,
    storage: Storage,
    id: DocumentId,
    doc: yrs::Doc,
}

/// Nothing is entered yet.
fn no_journal() -> Loaded {
    Loaded { snapshot: None, updates: Vec::new(), last: Seq(0) }
}

impl World {
    async fn new() -> Self {
        let engine = Arc::new(MemoryStore::default());
        let storage = Storage::start(Arc::clone(&engine) as Arc<dyn Store>);
        let id = DocumentId::content(MalbildId::from_bytes([1; 12]));
        let doc = samsyn_shared::document::seed(Template::find("tom").unwrap(), "T", 7);
        let snapshot = {
            let txn = doc.try_transact().unwrap();
            yrs::ReadTxn::encode_diff_v1(&txn, &yrs::StateVector::default())
        };
        let seed = Write::Compact { document: id, snapshot: snapshot.into(), up_to: Seq(0) };
        storage.commit(vec![seed]).await.unwrap();
        Self { engine, storage, id, doc }
    }

    fn open(&self) -> RoomHandle {
        self.open_in(&Workshop::here())
    }

    fn open_in(&self, workshop: &Workshop) -> RoomHandle {
        let template = Template::find("tom").unwrap();
        let loaded = self.engine.load(self.id).unwrap().unwrap();
        let opening = Opening {
            id: self.id,
            epoch: Epoch(7),
            past_epochs: Vec::new(),
            template,
            loaded,
            journal: no_journal(),
        };
        RoomHandle::start(opening, self.storage.clone(), workshop).unwrap()
    }

    fn write(&self, n: u64) -> Bytes {
        self.write_text(n, "x")
    }

    fn write_text(&self, n: u64, what: &str) -> Bytes {
        let mut txn = self.doc.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:text");
        text.insert(&mut txn, 0, what);
        Message::Write(WriteNumber(n), txn.encode_update_v1().into()).encode()
    }
}

/// A socket that takes everything; the frames come out as the messages that they hold, and by whom they were written.
struct Ear(mpsc::UnboundedSender<(Bytes, String)>);

impl Pipe for Ear {
    fn try_write(&self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut rest = Cursor::new(bytes);
        while let Some((_, length)) = FrameHeader::parse(&mut rest).unwrap() {
            let start = usize::try_from(rest.position()).unwrap();
            let end = start + usize::try_from(length).unwrap();
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            self.0.send((Bytes::copy_from_slice(&bytes[start..end]), thread)).unwrap();
            rest.set_position(end as u64);
        }
        Ok(bytes.len())
    }
}

/// A connection that hears everything at once.
struct Listener {
    id: ConnectionId,
    outlet: Outlet,
    messages: mpsc::UnboundedReceiver<(Bytes, String)>,
}

impl Listener {
    async fn join(room: &RoomHandle) -> Self {
        Self::join_as(Role::Editor, room).await
    }

    async fn join_as(role: Role, room: &RoomHandle) -> Self {
        let Joined { id, outlet } = room.join(crate::room::seated(role), Dialect::Own).await.unwrap();
        let (ear, messages) = mpsc::unbounded_channel();
        outlet.attach(Arc::new(Ear(ear)));
        outlet.flush().unwrap();
        Self { id, outlet, messages }
    }

    async fn until(&mut self, wanted: impl Fn(&Message) -> bool) -> Message {
        self.until_with_thread(wanted).await.0
    }

    /// With the name of the thread on which it was written.
    async fn until_with_thread(&mut self, wanted: impl Fn(&Message) -> bool) -> (Message, String) {
        loop {
            let (bytes, thread) = self.messages.recv().await.unwrap();
            let message = Message::decode(bytes).unwrap();
            if wanted(&message) {
                return (message, thread);
            }
        }
    }
}

async fn closing(outlet: &Outlet) -> CloseCode {
    loop {
        if let Some(code) = outlet.closing() {
            return code;
        }
        outlet.woken().await;
    }
}

#[tokio::test]
async fn a_room_goes_into_the_workshop_for_what_is_large_and_comes_back() {
    let world = World::new().await;
    let room = world.open_in(&Workshop::start().unwrap());
    // What a reader writes is refused where it is heard.
    let mut joined = Listener::join_as(Role::Reader, &room).await;
    let forbidden = |n, bytes| world.write_text(n, &"x".repeat(bytes));
    for (n, (bytes, in_workshop)) in (1..).zip([(10, false), (limits::LIGHT_FRAME, true), (10, false)]) {
        room.frame(joined.id, forbidden(n, bytes)).await.unwrap();
        let refused = |message: &Message| matches!(message, Message::Refused(WriteNumber(m), _) if *m == n);
        let (_, thread) = joined.until_with_thread(refused).await;
        assert_eq!(thread == "samsyn-room", in_workshop, "{n}: {thread}");
    }
}

#[tokio::test]
async fn saved_is_said_after_the_store_said_so() {
    let world = World::new().await;
    let room = world.open();
    let mut joined = Listener::join(&room).await;
    room.frame(joined.id, world.write(1)).await.unwrap();
    joined.until(|m| *m == Message::Saved(WriteNumber(1))).await;
    assert_eq!(world.engine.load(world.id).unwrap().unwrap().updates.len(), 1);
}

#[tokio::test]
async fn a_store_that_fails_ends_the_room_and_nobody_is_told_saved() {
    let world = World::new().await;
    let room = world.open();
    let mut joined = Listener::join(&room).await;
    world.engine.fail_commits(true);
    room.frame(joined.id, world.write(1)).await.unwrap();
    assert_eq!(closing(&joined.outlet).await, CloseCode::RoomFailed);
    while let Ok((frame, _)) = joined.messages.try_recv() {
        assert!(!matches!(Message::decode(frame).unwrap(), Message::Saved(_)));
    }
    room.commands.closed().await;
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_the_others_hear_everything() {
    let world = World::new().await;
    let room = world.open();
    let mut writer = Listener::join(&room).await;
    let slow = room.join(crate::room::seated(Role::Reader), Dialect::Own).await.unwrap();
    room.frame(writer.id, world.write_text(1, &"x".repeat(limits::DOCUMENT_BYTES / 4))).await.unwrap();
    writer.until(|m| *m == Message::Saved(WriteNumber(1))).await;
    // Once as much as may wait, and what is on its way.
    let whole = Message::Step1(Bytes::from_static(&[0])).encode();
    for n in 2..=7 {
        room.frame(slow.id, whole.clone()).await.unwrap();
        room.frame(writer.id, world.write(n)).await.unwrap();
        writer.until(|m| *m == Message::Saved(WriteNumber(n))).await;
    }
    assert_eq!(closing(&slow.outlet).await, CloseCode::Slow);
    assert_eq!(writer.outlet.closing(), None);
}

#[tokio::test]
async fn frames_that_wait_for_the_room_are_bounded_in_bytes() {
    use futures_util::FutureExt as _;
    let world = World::new().await;
    let room = world.open();
    let joined = Listener::join(&room).await;
    let half = Bytes::from(vec![0xFF; limits::LANE_BYTES / 2 - 1024]);
    // One thread runs the room and this: until something is awaited, the room takes nothing.
    assert!(room.frame(joined.id, half.clone()).now_or_never().is_some());
    assert!(room.frame(joined.id, half.clone()).now_or_never().is_some());
    let mut third = Box::pin(room.frame(joined.id, half));
    assert!((&mut third).now_or_never().is_none());
    assert_eq!(third.await, Ok(()), "the room has made space");
}

#[tokio::test]
async fn an_idle_room_leaves_a_snapshot_and_ends() {
    let world = World::new().await;
    let room = world.open();
    let mut joined = Listener::join(&room).await;
    for n in 1..=limits::LOG_SHORT {
        room.frame(joined.id, world.write(n)).await.unwrap();
        joined.until(|m| *m == Message::Saved(WriteNumber(n))).await;
    }
    // From here on a minute is over at once.
    tokio::time::pause();
    drop(joined);
    room.commands.closed().await;
    // The snapshot is written after the inbox closed; a write behind it in the queue waits for it.
    let behind = Write::Put { table: Table::Token, key: "k".into(), value: Bytes::new() };
    while world.engine.load(world.id).unwrap().unwrap().updates.len() > 1 {
        world.storage.commit(vec![behind.clone()]).await.unwrap();
    }
    let loaded = world.engine.load(world.id).unwrap().unwrap();
    assert_eq!((loaded.updates.len(), loaded.last), (0, Seq(limits::LOG_SHORT)));
    let expected = format!("{}\n", "x".repeat(usize::try_from(limits::LOG_SHORT).unwrap()));
    let model = world.open().read().await.unwrap();
    assert_eq!(serde_json::to_value(&model.sections[0].delta).unwrap()[0]["insert"], expected);
}

#[tokio::test]
async fn draining_stores_what_was_accepted_before_it_says_goodbye() {
    let world = World::new().await;
    let room = world.open();
    let mut joined = Listener::join(&room).await;
    for n in 1..=5 {
        room.frame(joined.id, world.write(n)).await.unwrap();
    }
    room.drain().await;
    assert_eq!(closing(&joined.outlet).await, CloseCode::GoingAway);
    joined.until(|m| *m == Message::Saved(WriteNumber(5))).await;
    let model = world.open().read().await.unwrap();
    assert_eq!(serde_json::to_value(&model.sections[0].delta).unwrap()[0]["insert"], "xxxxx\n");
    assert_eq!(room.join(crate::room::seated(Role::Editor), Dialect::Own).await.unwrap_err(), Ended);
}

/// As when a request is cut off: the answer was on its way, and nobody was left to take it.
#[tokio::test]
async fn who_goes_before_anybody_serves_the_connection_leaves_the_room() {
    let world = World::new().await;
    let room = world.open();
    for polls in 0..20 {
        let mut joining = Box::pin(room.join(crate::room::seated(Role::Reader), Dialect::Own));
        for _ in 0..polls % 4 {
            if futures_util::poll!(&mut joining).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    drop(room.join(crate::room::seated(Role::Reader), Dialect::Own).await.unwrap());
    let joined = Listener::join(&room).await;
    while room.reading().connections != 1 {
        tokio::task::yield_now().await;
    }
    drop(joined);
    while room.reading().connections != 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_damaged_log_makes_no_room() {
    let world = World::new().await;
    let loaded = Loaded { snapshot: None, updates: vec![Bytes::from_static(&[9, 9, 9])], last: Seq(1) };
    let template = Template::find("tom").unwrap();
    let opening = Opening {
        id: world.id,
        epoch: Epoch(7),
        past_epochs: Vec::new(),
        template,
        loaded,
        journal: no_journal(),
    };
    let refused = RoomHandle::start(opening, world.storage.clone(), &Workshop::here());
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })));
}
