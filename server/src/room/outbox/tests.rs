//! The outbox, over a pipe that takes as much as the test lets it. It doesn't know rooms.

use super::*;

/// A pipe with room for so many bytes.
#[derive(Default)]
struct Narrow(Mutex<(usize, Vec<u8>)>);

impl Narrow {
    fn room(&self, bytes: usize) {
        self.0.lock().unwrap().0 = bytes;
    }

    fn taken(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

impl Pipe for Narrow {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock().unwrap();
        if state.0 == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let written = state.0.min(bytes.len());
        state.0 -= written;
        state.1.extend_from_slice(&bytes[..written]);
        Ok(written)
    }
}

fn attached() -> (Outbox, Outlet, Arc<Narrow>) {
    let (outbox, outlet) = Outbox::new();
    let pipe = Arc::new(Narrow::default());
    outlet.attach(Arc::clone(&pipe) as Arc<dyn Pipe>);
    (outbox, outlet, pipe)
}

fn is_woken(outlet: &Outlet) -> bool {
    use futures_util::FutureExt as _;
    outlet.woken().now_or_never().is_some()
}

fn large(bytes: usize) -> Bytes {
    vec![b'x'; bytes].into()
}

#[test]
fn a_frame_is_written_at_once_and_nobody_is_woken() {
    let (outbox, outlet, pipe) = attached();
    pipe.room(100);
    outbox.push(&Bytes::from_static(b"one")).unwrap();
    outbox.push(&Bytes::from_static(b"two")).unwrap();
    assert_eq!(pipe.taken(), b"onetwo");
    assert_eq!(outbox.waiting(), 0);
    assert!(!is_woken(&outlet));
}

#[test]
fn a_large_frame_is_left_to_the_connection_and_keeps_its_place() {
    let (outbox, outlet, pipe) = attached();
    pipe.room(usize::MAX);
    outbox.push(&large(3 * WRITE_CHUNK + 1)).unwrap();
    outbox.push(&Bytes::from_static(b"last")).unwrap();
    assert_eq!(pipe.taken(), b"");
    assert!(is_woken(&outlet));
    assert!(!outlet.flush().unwrap());
    let taken = pipe.taken();
    assert_eq!((taken.len(), &taken[3 * WRITE_CHUNK + 1..]), (3 * WRITE_CHUNK + 5, &b"last"[..]));
    assert_eq!(outbox.waiting(), 0);
}

#[test]
fn what_is_said_before_the_socket_is_there_waits_for_it() {
    let (outbox, outlet) = Outbox::new();
    outbox.push(&Bytes::from_static(b"one")).unwrap();
    assert!(is_woken(&outlet));
    assert!(outlet.flush().unwrap(), "there is no pipe yet");
    let pipe = Arc::new(Narrow::default());
    pipe.room(100);
    outlet.attach(Arc::clone(&pipe) as Arc<dyn Pipe>);
    outbox.push(&Bytes::from_static(b"two")).unwrap();
    assert_eq!(pipe.taken(), b"", "the second must not overtake the first");
    assert!(!outlet.flush().unwrap());
    assert_eq!(pipe.taken(), b"onetwo");
}

#[test]
fn a_frame_that_is_begun_is_finished_before_anything_else() {
    let (outbox, outlet, pipe) = attached();
    for cut in 0..6 {
        pipe.room(cut);
        outbox.push(&Bytes::from_static(b"first,")).unwrap();
        assert!(is_woken(&outlet));
        outlet.push(&Bytes::from_static(b"pong,")).unwrap();
        outbox.push(&Bytes::from_static(b"last.")).unwrap();
        assert!(!is_woken(&outlet), "the task knows already");
        pipe.room(8);
        assert!(outlet.flush().unwrap());
        pipe.room(100);
        assert!(!outlet.flush().unwrap());
        assert_eq!(pipe.taken(), b"first,pong,last.", "cut at {cut}");
        assert_eq!(outbox.waiting(), 0);
    }
}

#[test]
fn more_than_may_wait_is_refused_and_tiny_frames_count_for_more_than_their_bytes() {
    let (outbox, _outlet, pipe) = attached();
    let tiny = Bytes::from_static(b"xx");
    let mut taken = 0;
    while outbox.push(&tiny).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 1 + limits::OUTBOX_BYTES / (2 + FRAME_COST));
    assert!(outbox.waiting() <= limits::OUTBOX_BYTES + 2 + FRAME_COST);
    assert_eq!(pipe.taken(), b"");
}

#[test]
fn a_whole_document_on_its_way_leaves_as_much_for_what_follows() {
    let (outbox, _outlet, _pipe) = attached();
    outbox.push(&large(4 * limits::OUTBOX_BYTES)).unwrap();
    outbox.push(&large(limits::OUTBOX_BYTES / 2)).unwrap();
    outbox.push(&large(limits::OUTBOX_BYTES / 4)).unwrap();
    assert_eq!(outbox.push(&large(limits::OUTBOX_BYTES / 4)), Err(Overfull));
}

#[test]
fn a_whole_document_is_taken_behind_a_small_frame_but_not_two() {
    let (outbox, _outlet, _pipe) = attached();
    outbox.push(&large(10)).unwrap();
    outbox.push(&large(4 * limits::OUTBOX_BYTES)).unwrap();
    assert_eq!(outbox.push(&large(4 * limits::OUTBOX_BYTES)), Err(Overfull));
}

#[test]
fn who_was_too_slow_gets_the_rest_of_one_frame_and_the_close() {
    for (cut, heard) in [(0, &b"bye"[..]), (3, b"first,bye")] {
        let (outbox, outlet, pipe) = attached();
        pipe.room(cut);
        outbox.push(&Bytes::from_static(b"first,")).unwrap();
        outbox.push(&Bytes::from_static(b"second,")).unwrap();
        outbox.close(CloseCode::Slow);
        assert_eq!(outlet.closing(), Some(CloseCode::Slow));
        outlet.finish(Bytes::from_static(b"bye"), false);
        outbox.push(&Bytes::from_static(b"too late")).unwrap();
        pipe.room(100);
        assert!(!outlet.flush().unwrap());
        assert_eq!(pipe.taken(), heard);
    }
}

#[test]
fn the_first_reason_to_close_stands_and_a_room_that_is_gone_is_one() {
    let (outbox, outlet) = Outbox::new();
    assert_eq!(outlet.closing(), None);
    drop(outbox);
    assert!(is_woken(&outlet));
    assert_eq!(outlet.closing(), Some(CloseCode::RoomFailed));
    let (outbox, outlet) = Outbox::new();
    outbox.close(CloseCode::GoingAway);
    drop(outbox);
    assert_eq!(outlet.closing(), Some(CloseCode::GoingAway));
}

#[test]
fn a_connection_that_has_ended_lets_its_socket_go_and_takes_nothing() {
    let (outbox, outlet, pipe) = attached();
    outbox.push(&large(100)).unwrap();
    drop(outlet);
    assert_eq!(Arc::strong_count(&pipe), 1);
    for _ in 0..3 {
        outbox.push(&large(limits::OUTBOX_BYTES)).unwrap();
    }
    assert_eq!(outbox.waiting(), 0);
}
