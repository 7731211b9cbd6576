//! The transport that carries the protocol, and the fallback from one to the other: a WebSocket, or HTTP where the
//! network lets no WebSocket through. It knows no connection and no clock.

use std::time::Duration;

use crate::domain::limits;

/// What carries the protocol to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// A stream of events down, and requests up.
    Http,
}

/// The choice of a transport for each connection, made by how the connections before it went. Where nothing was heard
/// over one transport, the other is tried at once. The one that worked is tried first the next time.
///
/// ```
/// use samsyn_shared::sync::transport::{Transport, TransportChoice};
/// use std::time::Duration;
///
/// let mut choice = TransportChoice::default();
/// assert_eq!(choice.begin(Duration::ZERO), Transport::WebSocket);
/// // It was refused, or nothing came over it in time.
/// assert!(choice.lost());
/// assert_eq!(choice.begin(Duration::ZERO), Transport::Http);
/// assert_eq!(choice.heard(Duration::ZERO), Some(Transport::Http));
/// // HTTP it is, for some minutes.
/// assert!(!choice.lost());
/// assert_eq!(choice.begin(Duration::from_secs(60)), Transport::Http);
/// ```
#[derive(Debug, Clone, Default)]
pub struct TransportChoice {
    /// When it was found that the network lets HTTP through and no WebSocket.
    blocked_at: Option<Duration>,
    /// The transport that is tried or in use, and whether anything was heard over it.
    current: Option<(Transport, bool)>,
    /// The other transport was tried just before, and nothing was heard.
    is_second: bool,
    /// A WebSocket was given up.
    was_late: bool,
    /// A WebSocket was given up, and HTTP didn't work either: perhaps the network is slow, and it needs more time.
    is_patient: bool,
}

impl TransportChoice {
    /// The transport for the connection that is made now. `now` is the time since any moment.
    pub fn begin(&mut self, now: Duration) -> Transport {
        let forgotten = |at: &Duration| now.saturating_sub(*at) >= limits::WEBSOCKET_AGAIN;
        if !self.is_second {
            self.blocked_at = self.blocked_at.filter(|at| !forgotten(at));
        }
        let is_http = self.blocked_at.is_some() != self.is_second;
        let transport = if is_http { Transport::Http } else { Transport::WebSocket };
        self.current = Some((transport, false));
        transport
    }

    /// Something came. Answers with the transport if this is the first thing that came over it.
    pub fn heard(&mut self, now: Duration) -> Option<Transport> {
        let (transport, had_heard) = self.current?;
        if had_heard {
            return None;
        }
        self.blocked_at = match transport {
            Transport::WebSocket => None,
            Transport::Http => self.blocked_at.or(Some(now)),
        };
        self.current = Some((transport, true));
        (self.is_second, self.was_late, self.is_patient) = (false, false, false);
        Some(transport)
    }

    /// Whether to give up what was begun [`limits::WEBSOCKET_ANSWER`] ago: a WebSocket over which nothing came.
    #[must_use]
    pub fn is_late(&mut self) -> bool {
        let is_late = self.current == Some((Transport::WebSocket, false)) && !self.is_patient;
        self.was_late |= is_late;
        is_late
    }

    /// The connection is gone. Answers whether to try the other transport at once, without a rest.
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
    fn tried(choice: &mut TransportChoice, now: Duration, passes: &[Transport]) -> Vec<Transport> {
        let mut tried = Vec::new();
        loop {
            let transport = choice.begin(now);
            tried.push(transport);
            if passes.contains(&transport) {
                assert_eq!(choice.heard(now), Some(transport));
                assert_eq!(choice.heard(now), None);
                return tried;
            }
            let at_once = choice.lost();
            assert_eq!(at_once, tried.len() % 2 == 1, "the other one at once, then a rest");
        }
    }

    #[test]
    fn a_websocket_is_taken_where_it_can_be() {
        let mut choice = TransportChoice::default();
        for now in [second(0), second(10), second(1000)] {
            assert_eq!(
                tried(&mut choice, now, &[Transport::WebSocket, Transport::Http]),
                [Transport::WebSocket]
            );
            assert!(!choice.lost());
        }
    }

    #[test]
    fn http_is_stayed_with_for_some_minutes_and_then_a_websocket_is_tried_again() {
        let mut choice = TransportChoice::default();
        assert_eq!(
            tried(&mut choice, second(0), &[Transport::Http]),
            [Transport::WebSocket, Transport::Http]
        );
        let again = limits::WEBSOCKET_AGAIN;
        for now in [second(1), again / 2, again - second(1)] {
            assert!(!choice.lost());
            assert_eq!(tried(&mut choice, now, &[Transport::Http]), [Transport::Http]);
        }
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, again, &[Transport::Http]), [Transport::WebSocket, Transport::Http]);
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, again + second(1), &[Transport::Http]), [Transport::Http]);
        assert!(!choice.lost());
        choice.network_changed();
        assert_eq!(tried(&mut choice, again + second(2), &[Transport::WebSocket]), [Transport::WebSocket]);
    }

    #[test]
    fn a_network_that_changes_its_mind_is_followed() {
        let mut choice = TransportChoice::default();
        assert_eq!(tried(&mut choice, second(0), &[Transport::WebSocket]), [Transport::WebSocket]);
        assert!(!choice.lost());
        assert_eq!(
            tried(&mut choice, second(1), &[Transport::Http]),
            [Transport::WebSocket, Transport::Http]
        );
        assert!(!choice.lost());
        assert_eq!(
            tried(&mut choice, second(2), &[Transport::WebSocket]),
            [Transport::Http, Transport::WebSocket]
        );
        assert!(!choice.lost());
        assert_eq!(tried(&mut choice, second(3), &[Transport::WebSocket]), [Transport::WebSocket]);
    }

    #[test]
    fn a_websocket_is_given_up_in_time_but_not_where_http_does_not_work_either() {
        let mut choice = TransportChoice::default();
        choice.begin(second(0));
        assert!(choice.is_late());
        assert!(choice.lost());
        choice.begin(second(3));
        assert!(!choice.is_late(), "HTTP has as long as any connection");
        assert!(!choice.lost());
        assert_eq!(choice.begin(second(12)), Transport::WebSocket);
        assert!(!choice.is_late());
        assert_eq!(choice.heard(second(16)), Some(Transport::WebSocket));
        assert!(!choice.is_late() && !choice.lost());
        choice.begin(second(17));
        assert!(choice.is_late());
    }

    #[test]
    fn what_failed_at_once_is_not_slow() {
        let mut choice = TransportChoice::default();
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
