//! What a page tells the others of its unsaved changes. While all goes well there is nothing to tell: each key is saved
//! before anybody could read of it.

/// So long something waits before the others are told, and until they are told another number, in milliseconds.
const PATIENCE: f64 = 2000.0;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Since when something waits without a break, or since what waits was told last.
    since: Option<f64>,
    told: u32,
}

impl Backlog {
    /// Takes how many changes wait now. Answers whether the others are to be told something new.
    pub(super) fn look(&mut self, now: f64, pending: usize) -> bool {
        let pending = u32::try_from(pending).unwrap_or(u32::MAX);
        if pending == 0 {
            self.since = None;
            return std::mem::take(&mut self.told) > 0;
        }
        let since = *self.since.get_or_insert(now);
        let is_news = now - since >= PATIENCE && self.told != pending;
        if is_news {
            *self = Self { since: Some(now), told: pending };
        }
        is_news
    }

    /// How many changes the others are told of.
    #[must_use]
    pub(super) const fn told(&self) -> u32 {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::Backlog;

    #[test]
    fn what_is_saved_at_once_is_never_told() {
        let mut backlog = Backlog::default();
        for key in 0..100 {
            let now = f64::from(key) * 100.0;
            assert!(!backlog.look(now, 1) && !backlog.look(now + 30.0, 0));
        }
        assert_eq!(backlog.told(), 0);
    }

    #[test]
    fn what_waits_is_told_after_a_while_and_now_and_then_and_its_end_at_once() {
        let mut backlog = Backlog::default();
        let told: Vec<_> = (0..60).filter(|i| backlog.look(f64::from(*i) * 100.0, *i as usize + 1)).collect();
        assert_eq!(told, [20, 40]);
        assert_eq!(backlog.told(), 41);
        assert!(!backlog.look(9000.0, 41), "the same number again is no news");
        assert!(backlog.look(9001.0, 0));
        assert_eq!(backlog.told(), 0);
        assert!(!backlog.look(9002.0, 1));
    }
}
