//! A page's peer and a room, driven by hand without a network: the peer writes a word and waits until the room has it on
//! disk. `cargo run -p samsyn-shared --example peer`

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use samsyn_shared::document;
use samsyn_shared::page::peer::{self, Beginning, Peer};
use samsyn_shared::page::replica::{By, Replica};
use samsyn_shared::room::{
    self, ConnectionId, Dialect, LogReading, Opened, Reaction, RoomConfig, RoomDocument, RoomJournal,
    RoomState, UpkeepLimits,
};
use samsyn_shared::sync::device_log::StoredRecords;
use samsyn_shared::text::delta::{Op, plain};
use samsyn_shared::{Epoch, Role, SeatId, SectionKey, Seq, SyncStatus, Template};
use yrs::{ReadTxn as _, StateVector, Transact as _};

const CONNECTION: ConnectionId = ConnectionId(1);
const TEXT: SectionKey = SectionKey::named("text");

/// A room, the disk under it, and one page.
struct World {
    room: RoomState,
    disk: Vec<Bytes>,
    page: Peer,
    seat: SeatId,
    now: Duration,
    /// What is on its way.
    to_room: VecDeque<room::Event>,
    to_page: VecDeque<peer::Event>,
}

impl World {
    fn new() -> Result<Self, Box<dyn Error>> {
        let template = Template::find("tom").ok_or("the blank template")?;
        let seed = document::seed(template, "Storm", 7);
        let stored = vec![Bytes::from(seed.try_transact()?.encode_diff_v1(&StateVector::default()))];
        let document = RoomDocument::build(stored.iter(), 8)?;
        let opened = Opened {
            document,
            took: Duration::ZERO,
            log: LogReading::default(),
            last: Seq::default(),
            journal: RoomJournal::default(),
        };
        let config = RoomConfig {
            epoch: Epoch(7),
            past_epochs: Vec::new(),
            template,
            document_bytes: 1 << 20,
            upkeep: UpkeepLimits::default(),
            cpu: || Duration::ZERO,
        };
        let replica = Replica::new(template, 9, Arc::new(|| 1_000_000));
        let found = StoredRecords::default();
        let beginning = Beginning { has_device: false, epoch: None, found, has_token: false };
        Ok(Self {
            room: RoomState::new(opened, config, Duration::ZERO, 0),
            disk: stored,
            seat: "seat-of-a-writer".parse()?,
            page: Peer::new(replica, beginning, SmallRng::seed_from_u64(1)),
            now: Duration::ZERO,
            to_room: VecDeque::new(),
            to_page: VecDeque::from([peer::Event::Started]),
        })
    }

    /// Hands over what is on its way, until nothing is.
    fn settle(&mut self) {
        loop {
            if let Some(event) = self.to_page.pop_front() {
                self.tell_page(event);
            } else if let Some(event) = self.to_room.pop_front() {
                self.tell_room(event);
            } else if let Some(due) = self.room.wake_at() {
                self.now = self.now.max(due);
                self.tell_room(room::Event::Woke);
            } else {
                break;
            }
        }
    }

    fn tell_page(&mut self, event: peer::Event) {
        let mut effects = Vec::new();
        self.page.handle(self.now, event, &mut effects);
        for effect in effects {
            match effect {
                peer::Effect::Connect(attempt, _) => {
                    let (role, dialect) = (Role::Editor, Dialect::Own);
                    let (connection, seat) = (CONNECTION, self.seat.clone());
                    self.to_room.push_back(room::Event::Joined { connection, role, dialect, seat });
                    self.to_page.push_back(peer::Event::Opened(attempt));
                }
                peer::Effect::Transmit(frame) => {
                    self.to_room.push_back(room::Event::FrameReceived { connection: CONNECTION, frame });
                }
                other => println!("page: {}", name(&other)),
            }
        }
    }

    fn tell_room(&mut self, event: room::Event) {
        let mut reaction = Reaction::at(self.now);
        self.room.handle(event, &mut reaction);
        for effect in reaction.effects {
            match effect {
                room::Effect::Send { message, .. } => {
                    let attempt = self.page.attempt();
                    self.to_page.push_back(peer::Event::Received(attempt, message));
                }
                room::Effect::Append { updates, .. } => {
                    self.disk.extend(updates);
                    let last = Seq(self.disk.len() as u64);
                    self.to_room.push_back(room::Event::Appended { at: 0, last });
                }
                other => println!("room: {}", name(&other)),
            }
        }
    }
}

/// The first word of what somebody asks for.
fn name(effect: &impl std::fmt::Debug) -> String {
    let told = format!("{effect:?}");
    told.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut world = World::new()?;
    world.settle();
    assert_eq!(world.page.status(), SyncStatus::Saved);
    world.page.replica().edit(vec![(TEXT, vec![Op::insert("Vägarna plogas.")])], By::View)?;
    for update in world.page.replica().take_updates() {
        world.to_page.push_back(peer::Event::Edited(update));
    }
    if let Some(event) = world.to_page.pop_front() {
        world.tell_page(event);
    }
    println!("{:?}, {} to be saved", world.page.status(), world.page.pending());
    world.settle();
    println!("{:?}, {} to be saved", world.page.status(), world.page.pending());
    println!("the room reads {:?}", plain(&world.room.read_model()?.sections[0].delta));
    Ok(())
}
