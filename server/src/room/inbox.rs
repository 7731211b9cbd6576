//! What connections have said and the room has not heard yet: a lane for each connection, served in turn by what
//! each has cost. Whoever sends much or what is costly waits, and nobody behind them does.
//!
//! It doesn't know what is in a frame, nor what it costs: the room says so. Everything that waits is bounded in
//! bytes, for each connection and for the room.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use samsyn_shared::domain::limits;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use samsyn_shared::room::ConnectionId;

/// What hearing a frame costs at least, whatever is in it.
const FRAME: Duration = Duration::from_micros(1);
/// What keeping a frame takes beside its bytes, so that many tiny ones can't outgrow the limits.
const FRAME_BYTES: usize = 256;

/// All lanes of one room.
#[derive(Debug)]
pub(super) struct Inbox {
    // A plain lock: held for an operation on maps, never across an await.
    lanes: Mutex<Lanes>,
    arrived: Notify,
    /// A permit for each byte of [`limits::ROOM_INBOX_BYTES`].
    space: Arc<Semaphore>,
}

/// Something that a connection said or did, in the order in which it did.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) from: ConnectionId,
    /// The frame; `None` if the connection has ended.
    pub(super) frame: Option<Bytes>,
    /// Given back when this is dropped.
    _space: [Option<OwnedSemaphorePermit>; 2],
}

impl Arrived {
    /// Whether reading it alone may take long.
    pub(super) fn is_large(&self) -> bool {
        self.frame.as_ref().is_some_and(|frame| frame.len() > limits::LIGHT_FRAME)
    }
}

/// The room has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended;

#[derive(Debug, Default)]
struct Lanes {
    by_connection: HashMap<ConnectionId, Lane>,
    /// Lanes in which something waits that may be heard, the one that has cost least first.
    ready: BTreeSet<(Duration, ConnectionId)>,
    /// What the lane that was served last had cost: who has been quiet is not owed anything.
    served: Duration,
    has_ended: bool,
}

#[derive(Debug)]
struct Lane {
    waiting: VecDeque<Arrived>,
    cost: Duration,
    is_held: bool,
    /// A permit for each byte of [`limits::LANE_BYTES`].
    space: Arc<Semaphore>,
}

impl Inbox {
    /// Without a lane.
    pub(super) fn new() -> Self {
        let space = Arc::new(Semaphore::new(limits::ROOM_INBOX_BYTES));
        Self { lanes: Mutex::default(), arrived: Notify::new(), space }
    }

    /// Opens a connection's lane.
    pub(super) fn open(&self, connection: ConnectionId) {
        let mut lanes = self.lanes();
        let (cost, space) = (lanes.served, Arc::new(Semaphore::new(limits::LANE_BYTES)));
        lanes
            .by_connection
            .insert(connection, Lane { waiting: VecDeque::new(), cost, is_held: false, space });
    }

    /// Hands over a frame; waits while too much of this connection's waits, or of all together. What a connection
    /// says that the room has closed is forgotten.
    ///
    /// # Errors
    /// [`Ended`].
    pub(super) async fn push(&self, from: ConnectionId, frame: Bytes) -> Result<(), Ended> {
        let lane = {
            let lanes = self.lanes();
            if lanes.has_ended {
                return Err(Ended);
            }
            let Some(lane) = lanes.by_connection.get(&from) else { return Ok(()) };
            Arc::clone(&lane.space)
        };
        let bytes = frame.len() + FRAME_BYTES;
        let Ok(own) = lane.acquire_many_owned(permits(bytes, limits::LANE_BYTES)).await else {
            return self.closed();
        };
        let shared = if bytes <= limits::SMALL_FRAME {
            None
        } else {
            let permits = permits(bytes, limits::ROOM_INBOX_BYTES);
            let Ok(shared) = Arc::clone(&self.space).acquire_many_owned(permits).await else {
                return Err(Ended);
            };
            Some(shared)
        };
        self.arrive(Arrived { from, frame: Some(frame), _space: [Some(own), shared] })
    }

    /// Says that a connection has ended, after all that it said.
    ///
    /// # Errors
    /// [`Ended`].
    pub(super) fn leave(&self, from: ConnectionId) -> Result<(), Ended> {
        self.arrive(Arrived { from, frame: None, _space: [None, None] })
    }

    /// What is to be heard next; waits until there is something.
    pub(super) async fn next(&self) -> Arrived {
        loop {
            let arrived = self.arrived.notified();
            if let Some(next) = self.lanes().take() {
                return next;
            }
            arrived.await;
        }
    }

    /// Whether nothing waits that may be heard.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes().ready.is_empty()
    }

    /// A connection has cost so much.
    pub(super) fn charge(&self, connection: ConnectionId, cost: Duration) {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.by_connection.get_mut(&connection) else { return };
        let (before, is_ready) = (lane.cost, lane.is_ready());
        lane.cost += cost;
        let after = lane.cost;
        if is_ready {
            lanes.ready.remove(&(before, connection));
            lanes.ready.insert((after, connection));
        }
    }

    /// What waits in a lane waits on, or does no longer.
    pub(super) fn hold(&self, connection: ConnectionId, is_held: bool) {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.by_connection.get_mut(&connection) else { return };
        lane.is_held = is_held;
        let (cost, is_ready) = (lane.cost, lane.is_ready());
        if is_ready {
            lanes.ready.insert((cost, connection));
            drop(lanes);
            self.arrived.notify_one();
        } else {
            lanes.ready.remove(&(cost, connection));
        }
    }

    /// Forgets a connection and what waits in its lane.
    pub(super) fn close(&self, connection: ConnectionId) {
        let mut lanes = self.lanes();
        if let Some(lane) = lanes.by_connection.remove(&connection) {
            lane.space.close();
            lanes.ready.remove(&(lane.cost, connection));
        }
    }

    /// Takes nothing more; what waits may still be heard.
    pub(super) fn stop(&self) {
        self.lanes().has_ended = true;
    }

    /// Takes nothing more, and forgets what waits.
    pub(super) fn end(&self) {
        let mut lanes = self.lanes();
        lanes.has_ended = true;
        lanes.ready.clear();
        for (_, lane) in lanes.by_connection.drain() {
            lane.space.close();
        }
        self.space.close();
    }

    fn arrive(&self, arrived: Arrived) -> Result<(), Ended> {
        let mut lanes = self.lanes();
        if lanes.has_ended {
            return Err(Ended);
        }
        let served = lanes.served;
        let connection = arrived.from;
        let Some(lane) = lanes.by_connection.get_mut(&connection) else { return Ok(()) };
        if lane.waiting.is_empty() {
            lane.cost = lane.cost.max(served);
        }
        lane.waiting.push_back(arrived);
        let (cost, is_ready) = (lane.cost, lane.is_ready());
        if is_ready && lanes.ready.insert((cost, connection)) {
            drop(lanes);
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Why a lane takes nothing: its connection is closed, or the room has ended.
    fn closed(&self) -> Result<(), Ended> {
        if self.lanes().has_ended { Err(Ended) } else { Ok(()) }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().expect("nobody panics while holding it")
    }
}

impl Lanes {
    fn take(&mut self) -> Option<Arrived> {
        let (cost, connection) = self.ready.pop_first()?;
        let lane = self.by_connection.get_mut(&connection).expect("what is ready has a lane");
        let arrived = lane.waiting.pop_front().expect("in what is ready something waits");
        let bytes = arrived.frame.as_ref().map_or(0, Bytes::len);
        lane.cost = cost + FRAME + Duration::from_nanos(bytes as u64 / 8);
        self.served = cost;
        if lane.waiting.is_empty() {
            // An idle connection keeps no queue.
            lane.waiting = VecDeque::new();
        } else {
            self.ready.insert((lane.cost, connection));
        }
        Some(arrived)
    }
}

impl Lane {
    fn is_ready(&self) -> bool {
        !self.is_held && !self.waiting.is_empty()
    }
}

fn permits(bytes: usize, all: usize) -> u32 {
    u32::try_from(bytes.min(all)).expect("the limits are far below 4 GiB")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const A: ConnectionId = ConnectionId(1);
    const B: ConnectionId = ConnectionId(2);

    fn inbox() -> Inbox {
        let inbox = Inbox::new();
        inbox.open(A);
        inbox.open(B);
        inbox
    }

    fn push(inbox: &Inbox, from: ConnectionId, bytes: usize) -> bool {
        inbox.push(from, Bytes::from(vec![0; bytes])).now_or_never().is_some()
    }

    fn next(inbox: &Inbox) -> Option<ConnectionId> {
        inbox.next().now_or_never().map(|arrived| arrived.from)
    }

    #[test]
    fn who_has_cost_more_waits_until_the_others_have_had_as_much() {
        let inbox = inbox();
        (0..3).for_each(|_| assert!(push(&inbox, A, 1) && push(&inbox, B, 1)));
        assert_eq!(next(&inbox), Some(A));
        inbox.charge(A, Duration::from_millis(5));
        assert_eq!([next(&inbox), next(&inbox), next(&inbox)], [Some(B); 3]);
        assert_eq!([next(&inbox), next(&inbox), next(&inbox)], [Some(A), Some(A), None]);
    }

    #[test]
    fn who_was_quiet_is_not_owed_anything() {
        let inbox = inbox();
        for _ in 0..3 {
            assert!(push(&inbox, A, 1));
            next(&inbox);
            inbox.charge(A, Duration::from_secs(1));
        }
        assert!(push(&inbox, A, 1) && push(&inbox, B, 1) && push(&inbox, B, 1));
        assert_eq!(next(&inbox), Some(B));
        inbox.charge(B, Duration::from_millis(1500));
        assert_eq!([next(&inbox), next(&inbox)], [Some(A), Some(B)]);
    }

    #[test]
    fn what_waits_is_bounded_for_each_and_small_frames_pass_by_the_large() {
        let inbox = inbox();
        assert!(push(&inbox, A, limits::LANE_BYTES));
        assert!(!push(&inbox, A, 1), "its lane is full");
        let others = 3..3 + limits::ROOM_INBOX_BYTES as u64 / limits::LANE_BYTES as u64;
        for other in others.map(ConnectionId) {
            inbox.open(other);
            push(&inbox, other, limits::LANE_BYTES - 1024);
        }
        assert!(!push(&inbox, B, limits::LANE_BYTES / 2), "the room is full");
        assert!(push(&inbox, B, 100), "what somebody types is no share of that");
        next(&inbox);
        assert!(push(&inbox, A, 1));
    }

    #[test]
    fn a_lane_that_is_held_keeps_its_order_and_its_end() {
        let inbox = inbox();
        assert!(push(&inbox, A, 1));
        inbox.hold(A, true);
        inbox.leave(A).unwrap();
        assert_eq!(next(&inbox), None);
        inbox.hold(A, false);
        assert!(inbox.next().now_or_never().unwrap().frame.is_some());
        assert!(inbox.next().now_or_never().unwrap().frame.is_none());
    }

    #[test]
    fn whoever_waits_is_told_of_the_end_and_a_closed_lane_takes_what_comes_and_forgets_it() {
        let inbox = inbox();
        assert!(push(&inbox, A, limits::LANE_BYTES) && push(&inbox, B, limits::LANE_BYTES));
        let mut waits = Box::pin(inbox.push(A, Bytes::from_static(b"x")));
        assert!((&mut waits).now_or_never().is_none());
        inbox.close(A);
        assert_eq!(waits.now_or_never(), Some(Ok(())));
        let mut waits = Box::pin(inbox.push(B, Bytes::from_static(b"x")));
        assert!((&mut waits).now_or_never().is_none());
        inbox.end();
        assert_eq!(waits.now_or_never(), Some(Err(Ended)));
        assert_eq!(inbox.leave(B), Err(Ended));
    }
}
