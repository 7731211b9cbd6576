//! How long the document takes to open: what was measured last, what came since, and when it must be measured anew
//! before more is taken. What comes in one order may cost little, and much in the order in which a whole document is
//! read: only opening it tells.
//!
//! It doesn't know how that is measured, and decides over no write.
//!
//! Invariant: A document opens: what it may hold is bounded
//! (`more_than_a_document_may_hold_is_refused_before_it_is_applied`), and one that has grown by half, or by blocks
//! that may take half a second, is opened on the side, and the time taken, before a heavy write brings more: yrs may
//! take in what comes piece by piece in no time and need seconds for the same document as a whole
//! (`the_larger_a_document_is_the_fewer_blocks_may_make_it_open_later`,
//! `what_makes_a_document_much_larger_waits_until_that_is_weighed_and_nobody_else_does`,
//! `what_is_left_of_a_write_is_refused_once_the_document_is_known_to_open_slowly`). What honest people write at the
//! most is taken, the tests named `honest_…`.

use std::time::Duration;

use crate::domain::limits;

use crate::room::size::Size;

/// What is known of a document's opening.
#[derive(Debug)]
pub(super) struct Weighing {
    /// CPU time that opening it took when it was measured last.
    opening: Duration,
    /// What it held then.
    held: Size,
    /// What it held when measuring was begun that has not ended, and what of `excess` is in that.
    under_way: Option<(Size, Duration)>,
    /// CPU time that updates took since measuring was begun last.
    spent: Duration,
    /// CPU time that heavy writes took beyond what their blocks may and that is not measured yet: opening takes so much
    /// longer, at most, if it takes what writing took.
    excess: Duration,
}

impl Weighing {
    /// Of a document that holds so much and opens in no time, until that is measured.
    pub(super) const fn new(held: Size) -> Self {
        let (opening, spent, excess) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        Self { opening, held, under_way: None, spent, excess }
    }

    /// Updates took so much CPU time.
    pub(super) fn spend(&mut self, spent: Duration) {
        self.spent += spent;
    }

    /// A heavy write took so much more than its blocks may.
    pub(super) fn exceed(&mut self, over: Duration) {
        self.excess += over;
    }

    /// Whether the document is known to open too slowly for more.
    pub(super) fn is_slow(&self) -> bool {
        self.opening > limits::DOCUMENT_OPENING
    }

    /// Whether it may be so by now.
    pub(super) fn may_be_slow(&self) -> bool {
        self.opening + self.excess > limits::DOCUMENT_OPENING
    }

    /// Whether the document, which holds so much now, is to be measured. `is_waited_for`: somebody waits for that.
    pub(super) fn is_due(&self, now: &Size, is_waited_for: bool) -> bool {
        let is_due = self.spent >= limits::SNAPSHOT_AFTER_CPU
            || now.clients >= self.held.clients + limits::SNAPSHOT_AFTER_CLIENTS
            || now.has_grown_by_half_since(&self.held)
            || (is_waited_for && self.is_owed(now));
        is_due && self.under_way.is_none()
    }

    /// Whether it must be measured before heavy writes bring more blocks.
    pub(super) fn is_owed(&self, now: &Size) -> bool {
        now.has_grown_by_half_since(&self.held) || now.opens_later_than(&self.held) > limits::UNWEIGHED
    }

    /// Whether it must be measured before any write does.
    pub(super) fn is_overdue(&self, now: &Size) -> bool {
        now.opens_later_than(&self.held) > 4 * limits::UNWEIGHED
    }

    /// Measuring is begun, of what the document holds now.
    pub(super) fn begin(&mut self, now: Size) {
        self.spent = Duration::ZERO;
        self.under_way = Some((now, self.excess));
    }

    /// Measuring has ended; without a time nothing was learned, and nobody waits for it any more.
    pub(super) fn end(&mut self, opening: Option<Duration>) {
        let under_way = self.under_way.take();
        if let Some((held, _)) = under_way {
            self.held = held;
        }
        if let Some(opening) = opening {
            self.opening = opening;
            self.excess = self.excess.saturating_sub(under_way.map_or(Duration::ZERO, |(_, excess)| excess));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(blocks: usize) -> Size {
        Size { blocks, ..Size::default() }
    }

    #[test]
    fn a_document_that_may_open_much_later_is_measured_before_more_comes_in() {
        let mut weighing = Weighing::new(blocks(10_000));
        assert!(!weighing.is_owed(&blocks(10_470)) && weighing.is_owed(&blocks(10_500)));
        assert!(
            !weighing.is_due(&blocks(10_500), false),
            "who types need not wait, and nobody else is there"
        );
        assert!(weighing.is_due(&blocks(10_500), true) && weighing.is_due(&blocks(15_001), false));
        assert!(!weighing.is_overdue(&blocks(11_600)) && weighing.is_overdue(&blocks(11_800)));
        weighing.begin(blocks(10_500));
        assert!(
            weighing.is_owed(&blocks(10_500)) && !weighing.is_due(&blocks(10_500), true),
            "it is under way"
        );
        weighing.end(Some(limits::DOCUMENT_OPENING));
        assert!(!weighing.is_owed(&blocks(10_900)) && weighing.is_owed(&blocks(11_000)));
        assert!(!weighing.is_slow());
        let small = Weighing::new(blocks(100));
        assert!(!small.is_owed(&blocks(600)) && small.is_owed(&blocks(601)));
    }

    #[test]
    fn who_could_not_measure_holds_nobody_up_and_has_learned_nothing() {
        let mut weighing = Weighing::new(blocks(0));
        weighing.begin(blocks(9_000));
        weighing.end(Some(2 * limits::DOCUMENT_OPENING));
        weighing.begin(blocks(20_000));
        weighing.end(None);
        assert!(!weighing.is_owed(&blocks(20_000)) && weighing.is_slow());
    }

    #[test]
    fn what_was_exceeded_while_it_was_measured_counts_still() {
        let mut weighing = Weighing::new(blocks(0));
        weighing.exceed(limits::DOCUMENT_OPENING);
        weighing.begin(blocks(10));
        weighing.exceed(Duration::from_millis(1));
        weighing.end(Some(limits::DOCUMENT_OPENING));
        assert!(weighing.may_be_slow() && !weighing.is_slow());
        weighing.begin(blocks(10));
        weighing.end(Some(limits::DOCUMENT_OPENING));
        assert!(!weighing.may_be_slow());
    }
}
