//! A bound on the bytes of messages and request bodies that have begun and not ended, over the whole process. They are
//! counted as they come, never as they are declared. Beyond the bound whoever holds most has to go: so an attacker's
//! many halves never cost somebody else a small message.
//!
//! It doesn't know sockets or requests.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// The bound, and who holds what.
#[derive(Debug, Clone)]
pub struct Unfinished(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bound: usize,
    held: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    total: usize,
    next: u64,
    by: HashMap<u64, (usize, Arc<Slot>)>,
}

/// What one connection holds of it; given back when this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    of: Unfinished,
    /// None while nothing is held: an idle connection costs nothing.
    slot: Option<Arc<Slot>>,
}

/// One holder, as others see it.
#[derive(Debug)]
struct Slot {
    number: u64,
    must_go: AtomicBool,
    waker: AtomicWaker,
}

/// It held most when there was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much is unfinished in this process, and most of it here")]
pub(super) struct Crowded;

impl Crowded {
    /// Whether an error came from this one.
    pub(super) fn caused(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| error.source()).any(|cause| cause.is::<Self>())
    }
}

impl Unfinished {
    /// With this many bytes at most.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Self(Arc::new(Shared { bound, held: Mutex::default() }))
    }

    /// Bytes that are held now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().total
    }

    /// A holder of nothing yet.
    pub(super) fn holder(&self) -> Held {
        Held { of: self.clone(), slot: None }
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.held.lock().expect("no code panics while it holds this lock")
    }
}

impl Held {
    /// Says how much is held now.
    ///
    /// # Errors
    /// [`Crowded`], now or since the last time: then nothing may be held any more.
    pub(super) fn set(&mut self, bytes: usize) -> Result<(), Crowded> {
        if bytes == 0 {
            self.release();
            return Ok(());
        }
        let mut all = self.of.lock();
        let slot = self.slot.get_or_insert_with(|| {
            all.next += 1;
            let slot = Slot { number: all.next, must_go: AtomicBool::new(false), waker: AtomicWaker::new() };
            let slot = Arc::new(slot);
            all.by.insert(slot.number, (0, Arc::clone(&slot)));
            slot
        });
        let Some((held, _)) = all.by.get_mut(&slot.number) else { return Err(Crowded) };
        let before = std::mem::replace(held, bytes);
        all.total = all.total - before + bytes;
        while all.total > self.of.0.bound {
            let Some(most) = all.by.iter().max_by_key(|(_, (bytes, _))| *bytes).map(|(number, _)| *number)
            else {
                break;
            };
            if let Some((bytes, slot)) = all.by.remove(&most) {
                all.total -= bytes;
                slot.must_go.store(true, Ordering::Release);
                slot.waker.wake();
                metrics::counter!("samsyn_unfinished_dropped_total").increment(1);
            }
        }
        if slot.must_go.load(Ordering::Acquire) { Err(Crowded) } else { Ok(()) }
    }

    /// Becomes ready once this holder has to go.
    pub(super) fn poll_crowded(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(slot) = &self.slot else { return Poll::Pending };
        slot.waker.register(cx.waker());
        if slot.must_go.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until this holder has to go.
    pub(super) async fn crowded(&self) {
        poll_fn(|cx| self.poll_crowded(cx)).await;
    }

    /// Holds nothing any more.
    pub(super) fn release(&mut self) {
        if let Some(slot) = self.slot.take() {
            let mut all = self.of.lock();
            if let Some((bytes, _)) = all.by.remove(&slot.number) {
                all.total -= bytes;
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_most_has_to_go_and_a_small_one_never_does() {
        let unfinished = Unfinished::new(1000);
        let mut large: Vec<Held> = (0..9).map(|_| unfinished.holder()).collect();
        for (n, held) in large.iter_mut().enumerate() {
            held.set(100 + n).unwrap();
        }
        let mut small = unfinished.holder();
        small.set(60).unwrap();
        small.set(99).unwrap();
        assert_eq!(large[8].set(1), Err(Crowded), "it held most, and what it holds counts no more");
        assert!(large[..8].iter_mut().all(|held| held.set(100).is_ok()));
        assert_eq!(unfinished.bytes(), 899);
        let mut greedy = unfinished.holder();
        assert_eq!(greedy.set(500), Err(Crowded), "it is itself the one");
        drop((large, small, greedy));
        assert_eq!(unfinished.bytes(), 0);
    }

    #[tokio::test]
    async fn who_waits_hears_that_it_has_to_go() {
        let unfinished = Unfinished::new(100);
        let (mut one, mut two) = (unfinished.holder(), unfinished.holder());
        one.set(80).unwrap();
        two.set(30).unwrap();
        one.crowded().await;
        assert_eq!(unfinished.bytes(), 30);
        one.set(0).unwrap();
        one.set(10).unwrap();
        assert_eq!(unfinished.bytes(), 40, "it may begin anew");
    }
}
