//! How often a room speaks: at once when it is quiet, in fewer and fuller frames the more it has to tell
//! to the more people. Pure; it doesn't know what is told.
//!
//! A frame costs its receiver's connection about the same whatever is in it, so a room that sends what came
//! during 33 ms as one frame is several times cheaper than one that sends each change, and nobody sees
//! 33 ms.

use std::time::Duration;

use crate::domain::limits;

/// When something of one kind may be told next.
#[derive(Debug, Default)]
pub(super) struct Pace {
    told: Option<Duration>,
    due: Option<Duration>,
}

impl Pace {
    /// There is something to tell, `every` so often at most: at once if the last time is that long ago.
    pub(super) fn wanted(&mut self, now: Duration, every: Duration) {
        let earliest = self.told.map_or(now, |told| told + every).max(now);
        self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
    }

    /// It was told.
    pub(super) fn told(&mut self, now: Duration) {
        *self = Self { told: Some(now), due: None };
    }

    /// When it is to be told, if there is something.
    pub(super) const fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Whether it is to be told now.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// The time between two frames of content to each of `receivers`.
pub(super) fn of_frames(receivers: usize) -> Duration {
    let (soon, late) = (limits::FRAMES_PER_SECOND, limits::FRAMES_PER_SECOND_MAX);
    per_second(receivers, soon).min(limits::PACE_MAX).max(per_second(receivers, late))
}

/// The time between two frames of presence to each of `receivers`.
pub(super) fn of_presence(receivers: usize) -> Duration {
    per_second(receivers, limits::PRESENCE_FRAMES_PER_SECOND).max(limits::PRESENCE_PACE_MIN)
}

fn per_second(receivers: usize, frames: u32) -> Duration {
    Duration::from_secs(1) * u32::try_from(receivers).unwrap_or(u32::MAX) / frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_room_answers_at_once_and_a_busy_one_keeps_its_pace() {
        let (mut pace, now) = (Pace::default(), Duration::from_secs(1_000));
        assert_eq!(pace.due(), None);
        let every = Duration::from_millis(16);
        pace.wanted(now, every);
        assert!(pace.is_due(now));
        pace.told(now);
        pace.wanted(now + Duration::from_millis(1), every);
        assert_eq!(pace.due(), Some(now + every));
        pace.wanted(now + Duration::from_millis(2), Duration::ZERO);
        assert_eq!(pace.due(), Some(now + Duration::from_millis(2)), "what is urgent need not wait");
    }

    #[test]
    fn frames_are_fewer_the_more_there_are_to_tell() {
        assert!(of_frames(2) < Duration::from_millis(2));
        assert_eq!(of_frames(37).as_millis(), 20);
        assert_eq!((of_frames(60), of_frames(800)), (limits::PACE_MAX, limits::PACE_MAX));
        assert_eq!(of_frames(1000).as_millis(), 40);
        assert_eq!(of_presence(10), Duration::from_millis(100));
        assert!(of_presence(1000) > Duration::from_millis(400));
    }
}
