//! Which restore points are kept as they age. Pure: times in, times out.

use super::Time;

const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Up to which age (ms) one point is kept for each step (ms). What is older than all of them is kept in
/// the last step.
const STEPS: [(u64, u64); 4] = [(HOUR, 10 * MINUTE), (2 * DAY, HOUR), (60 * DAY, DAY), (u64::MAX, 30 * DAY)];

/// Says for each of `points`, oldest first, whether it is kept: the last in each step, and always the
/// newest. Steps lie still in time, so thinning often keeps the same as thinning once.
#[must_use]
pub(super) fn kept(points: &[Time], now: Time) -> Vec<bool> {
    let step_of = |point: &Time| {
        let step =
            STEPS.iter().find(|(age, _)| now.since(*point) <= *age).map_or(30 * DAY, |(_, step)| *step);
        (step, point.0 / step)
    };
    let last_of_its_step = |(index, point): (usize, &Time)| {
        points.get(index + 1).is_none_or(|next| step_of(next) != step_of(point))
    };
    points.iter().enumerate().map(last_of_its_step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thin(points: &[Time], now: Time) -> Vec<Time> {
        let keep = kept(points, now);
        points.iter().zip(keep).filter_map(|(point, keep)| keep.then_some(*point)).collect()
    }

    #[test]
    fn the_newest_is_always_kept() {
        assert_eq!(kept(&[], Time(5)), [] as [bool; 0]);
        assert_eq!(kept(&[Time(5)], Time(400 * DAY)), [true]);
        // Also when the clock was set back.
        assert_eq!(kept(&[Time(7 * HOUR), Time(7 * HOUR + 1)], Time(HOUR)), [false, true]);
    }

    #[test]
    fn what_ages_grows_sparser() {
        let now = Time(1000 * DAY);
        let every = |step: u64, from: u64, to: u64| -> Vec<Time> {
            (from / step..to / step).rev().map(|n| Time(now.0 - n * step)).collect()
        };
        let kept_of = |points: &[Time]| thin(points, now).len();
        assert!((6..=8).contains(&kept_of(&every(MINUTE, 0, HOUR))));
        assert!((46..=49).contains(&kept_of(&every(MINUTE, HOUR, 2 * DAY))));
        assert!((58..=61).contains(&kept_of(&every(HOUR, 2 * DAY, 60 * DAY))));
        assert!((10..=12).contains(&kept_of(&every(DAY, 60 * DAY, 365 * DAY))));
    }

    /// As it is in service: a point every few minutes for a year, thinned each time.
    #[test]
    fn thinning_again_and_again_leaves_points_of_every_age() {
        let mut points: Vec<Time> = Vec::new();
        let year = 365 * DAY;
        for n in 0..year / (7 * MINUTE) {
            let now = Time(n * 7 * MINUTE);
            points.push(now);
            points = thin(&points, now);
        }
        let now = *points.last().unwrap();
        assert!((115..=140).contains(&points.len()), "{}", points.len());
        for (age, gap) in
            [(30 * MINUTE, 20 * MINUTE), (DAY, 2 * HOUR), (30 * DAY, 2 * DAY), (300 * DAY, 60 * DAY)]
        {
            let nearest = points.iter().map(|point| now.since(*point).abs_diff(age)).min();
            assert!(nearest.is_some_and(|nearest| nearest <= gap), "{age}: {nearest:?}");
        }
    }
}
