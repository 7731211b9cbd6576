//! Which way to take to the server: a WebSocket, or HTTP where the network lets no WebSocket through. Pure: what
//! is open is the driver's to know, and so is the time.

use std::time::Duration;

use crate::limits;

/// A way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A WebSocket.
    WebSocket,
    /// A stream of events down, and requests up.
    Http,
}

/// Chooses a way for each connection, by how those before it went. Where nothing was heard over the one way, the
/// other is tried at once; what worked is taken first the next time.
///
/// ```
/// use samsyn_shared::way::{Choice, Way};
/// use std::time::Duration;
///
/// let mut choice = Choice::default();
/// assert_eq!(choice.begin(Duration::ZERO), Way::WebSocket);
/// // It was refused, or nothing came over it in time.
/// assert!(choice.lost());
/// assert_eq!(choice.begin(Duration::ZERO), Way::Http);
/// assert_eq!(choice.heard(Duration::ZERO), Some(Way::Http));
/// // HTTP it is, for some minutes.
/// assert!(!choice.lost());
/// assert_eq!(choice.begin(Duration::from_secs(60)), Way::Http);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// When it was found that the network lets HTTP through and no WebSocket.
    blocked_at: Option<Duration>,
    /// The way that is tried or taken, and whether anything was heard over it.
    current: Option<(Way, bool)>,
    /// The other way was tried just before, and nothing was heard.
    is_second: bool,
    /// A WebSocket was given up.
    was_late: bool,
    /// A WebSocket was given up, and HTTP didn't work either: perhaps the network is slow, and it needs more time.
    is_patient: bool,
}

impl Choice {
    /// A connection is made: by which way. `now` is time since any moment.
    pub fn begin(&mut self, now: Duration) -> Way {
        let forgotten = |at: &Duration| now.saturating_sub(*at) >= limits::WEBSOCKET_AGAIN;
        if !self.is_second {
            self.blocked_at = self.blocked_at.filter(|at| !forgotten(at));
        }
        let is_http = self.blocked_at.is_some() != self.is_second;
        let way = if is_http { Way::Http } else { Way::WebSocket };
        self.current = Some((way, false));
        way
    }

    /// Something came. Answers with the way if it is the first thing that came over it.
    pub fn heard(&mut self, now: Duration) -> Option<Way> {
        let (way, had_heard) = self.current?;
        if had_heard {
            return None;
        }
        self.blocked_at = match way {
            Way::WebSocket => None,
            Way::Http => self.blocked_at.or(Some(now)),
        };
        self.current = Some((way, true));
        (self.is_second, self.was_late, self.is_patient) = (false, false, false);
        Some(way)
    }

    /// Whether to give up what was begun [`limits::WEBSOCKET_ANSWER`] ago: a WebSocket over which nothing came.
    #[must_use]
    pub fn is_late(&mut self) -> bool {
        let is_late = self.current == Some((Way::WebSocket, false)) && !self.is_patient;
        self.was_late |= is_late;
        is_late
    }

    /// The connection is gone. Whether to try the other way at once, and not to rest before.
    #[must_use]
    pub fn lost(&mut self) -> bool {
        let was_heard = self.current.take().is_some_and(|(_, was_heard)| was_heard);
        let at_once = !was_heard && !self.is_second;
        self.is_patient = !was_heard && (self.is_patient || (self.is_second && self.was_late));
        self.is_second = at_once;
        at_once
    }

    /// The network is another now: what was found of the last one doesn't hold.
    pub fn network_changed(&mut self) {
        self.blocked_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Tries until something is heard, over what the network lets through; answers with what was tried.
    fn tried(choice: &mut Choice, now: Duration, passes: &[Way]) -> Vec<Way> {
        let mut tried = Vec::new();
        loop {
            let way = choice.begin(now);
            tried.push(way);
            if passes.contains(&way) {
                assert_eq!(choice.heard(now), Some(way));
                assert_eq!(choice.heard(now), None);
                return tried;
            }
            let at_once = choice.lost();
            assert_eq!(at_once, tried.len() % 2 == 1, "the other one at once, then a rest");
        }
    }

    #[test]
    fn a_websocket_is_taken_where_it_can_be() {
        let mut choice = Choice::default();
        for now in [second(0), second(10), second(1000)] {
            assert_eq!(tried(&mut choice, now, &[Way::WebSocket, Way::Http]), [Way::WebSocket]);
            assert!(!choice.lost());
        }
    }

    #[test]
    fn http_is_stayed_with_for_some_minutes_and_then_a_websocket_is_tried_again() {
        let mut choice = Choice::default();
        assert_eq!(tried(&mut choice, second(0), &[Way::Http]), [Way::WebSocket, Way::Http]);
        let again = limits::WEBSOCKET_AGAIN;
        for now in [second(1), again / 2, again - second(1)] {
            assert!(!choice.lost());
            assert_eq!(tried(&mut choice, now, &[Way::Http]), [Way::Http]);
        }
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, again, &[Way::Http]), [Way::WebSocket, Way::Http]);
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, again + second(1), &[Way::Http]), [Way::Http]);
        assert!(!choice.lost());
        choice.network_changed();
        assert_eq!(tried(&mut choice, again + second(2), &[Way::WebSocket]), [Way::WebSocket]);
    }

    #[test]
    fn a_network_that_changes_its_mind_is_followed() {
        let mut choice = Choice::default();
        assert_eq!(tried(&mut choice, second(0), &[Way::WebSocket]), [Way::WebSocket]);
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, second(1), &[Way::Http]), [Way::WebSocket, Way::Http]);
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, second(2), &[Way::WebSocket]), [Way::Http, Way::WebSocket]);
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, second(3), &[Way::WebSocket]), [Way::WebSocket]);
    }

    #[test]
    fn a_websocket_is_given_up_in_time_but_not_where_http_does_not_work_either() {
        let mut choice = Choice::default();
        choice.begin(second(0));
        assert!(choice.is_late());
        assert!(choice.lost());
        choice.begin(second(3));
        assert!(!choice.is_late(), "HTTP has as long as any connection");
        assert!(!choice.lost());
        assert_eq!(choice.begin(second(12)), Way::WebSocket);
        assert!(!choice.is_late());
        assert_eq!(choice.heard(second(16)), Some(Way::WebSocket));
        assert!(!choice.is_late() && !choice.lost());
        choice.begin(second(17));
        assert!(choice.is_late());
    }

    #[test]
    fn what_failed_at_once_is_not_slow() {
        let mut choice = Choice::default();
        for now in 0..3 {
            choice.begin(second(now));
            assert!(choice.lost());
            choice.begin(second(now));
            assert!(!choice.lost());
        }
        choice.begin(second(3));
        assert!(choice.is_late());
    }
}
