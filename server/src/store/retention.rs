//! Which restore points are kept as they age. Pure: times in, in the order of making; what is kept out.
//!
//! How old a point is, is counted in newer points that are kept, not in time: a clock that is a year ahead for a
//! while would else thin all that there is. Times only say which points are near each other.

use super::Time;

const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How many are kept, and how many milliseconds apart, from the newest on. In a målbild that is written in all day
/// long: those of the last hour and more, of two days, of two months. All that are older are kept in
/// [`OLDEST`].
const STEPS: [(usize, u64); 3] = [(8, 10 * MINUTE), (48, HOUR), (60, DAY)];
const OLDEST: u64 = 30 * DAY;

/// Says for each of `points`, oldest first, whether it is kept: the last in each step, and always the
/// newest. Steps lie still in time, so thinning often keeps the same as thinning once.
#[must_use]
pub(super) fn kept(points: &[Time]) -> Vec<bool> {
    let mut keep = vec![false; points.len()];
    let (mut newer, mut count) = (None, 0);
    for (point, keep) in points.iter().zip(&mut keep).rev() {
        let step = step_behind(count);
        if newer.is_none_or(|newer: Time| newer.0 / step != point.0 / step) {
            (*keep, newer) = (true, Some(*point));
            count += 1;
        }
    }
    keep
}

/// How far apart points are that have so many newer ones.
fn step_behind(mut newer: usize) -> u64 {
    for (count, step) in STEPS {
        if newer < count {
            return step;
        }
        newer -= count;
    }
    OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thin(points: &[Time]) -> Vec<Time> {
        let keep = kept(points);
        points.iter().zip(keep).filter_map(|(point, keep)| keep.then_some(*point)).collect()
    }

    #[test]
    fn the_newest_is_always_kept() {
        assert_eq!(kept(&[]), [] as [bool; 0]);
        assert_eq!(kept(&[Time(5)]), [true]);
        assert_eq!(kept(&[Time(7 * HOUR), Time(7 * HOUR + 1)]), [false, true]);
        // Also when the clock was set back.
        assert_eq!(kept(&[Time(7 * HOUR + 1), Time(7 * HOUR)]), [false, true]);
        assert_eq!(kept(&[Time(7 * HOUR), Time(HOUR)]), [true, true]);
    }

    #[test]
    fn what_ages_grows_sparser() {
        let every = |step: u64, count: u64| -> Vec<Time> {
            (0..count).rev().map(|n| Time(1000 * DAY - n * step)).collect()
        };
        let kept_of = |points: &[Time]| thin(points).len();
        assert!((6..=8).contains(&kept_of(&every(MINUTE, 60))));
        assert!((53..=57).contains(&kept_of(&every(MINUTE, 48 * 60))));
        assert!((114..=118).contains(&kept_of(&every(HOUR, 62 * 24))));
        assert!((124..=129).contains(&kept_of(&every(DAY, 365 + 60))));
    }

    /// As it is in service: a point every few minutes for a year, thinned each time.
    #[test]
    fn thinning_again_and_again_leaves_points_of_every_age() {
        let mut points: Vec<Time> = Vec::new();
        let year = 365 * DAY;
        for n in 0..year / (7 * MINUTE) {
            points.push(Time(n * 7 * MINUTE));
            points = thin(&points);
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

    /// Points every 10 minutes for three months; meanwhile, for six hours, the clock was a year ahead.
    #[test]
    fn a_clock_that_was_a_year_ahead_removes_nothing_more_than_one_that_was_right() {
        let months = 90 * DAY / (10 * MINUTE);
        let wrong = months / 2..months / 2 + 36;
        let (mut right, mut jumped) = (Vec::new(), Vec::new());
        for n in 0..months {
            let time = Time(n * 10 * MINUTE);
            right.push(time);
            jumped.push(if wrong.contains(&n) { Time(time.0 + 365 * DAY) } else { time });
            (right, jumped) = (thin(&right), thin(&jumped));
            if n == wrong.start {
                let both = right.iter().filter(|point| jumped.contains(point)).count();
                assert!(both + 1 >= right.len(), "at once: {both} of {}", right.len());
            }
        }
        // Those from the wrong times stay too: they are steps of their own.
        assert!(jumped.len() >= right.len());
        let gone: Vec<_> = right.iter().filter(|point| !jumped.contains(point)).collect();
        assert!(gone.len() <= 2, "{gone:?}");
        assert!(jumped.contains(right.last().unwrap()));
    }

    #[test]
    fn a_clock_that_jumps_back_and_forth_keeps_what_is_newest() {
        let mut points = Vec::new();
        for n in 0..400_u64 {
            // Each a quarter of an hour after the last, by a clock that is now right, now a day or a year off.
            let off = [0, 365 * DAY, 0, DAY][(n / 10 % 4) as usize];
            points.push(Time(n * 15 * MINUTE + off));
            let made = *points.last().unwrap();
            points = thin(&points);
            assert_eq!(points.last(), Some(&made));
            assert!(points.len() as u64 >= (n + 1).min(8), "{} after {n}", points.len());
        }
        assert!(points.len() >= 56);
    }
}
