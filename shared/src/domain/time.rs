//! A moment as it is written into what is proven: milliseconds since 1970, as RFC 3339 in one form alone, so that the same
//! moment always makes the same bytes. It reads no clock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::Malformed;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The first moment that has five digits in its year.
const END: u64 = 253_402_300_800_000;

/// Milliseconds since 1970, UTC, before the year 10000. Its text is RFC 3339 with three decimals and `Z`, such as
/// `2026-11-22T14:02:11.000Z`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment so many milliseconds after 1970 began; the last that has a text if it is later.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(if milliseconds < END { milliseconds } else { END - 1 })
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0 / DAY);
        let of = |whole: u64, part: u64| self.0 % whole / part;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            of(DAY, HOUR),
            of(HOUR, MINUTE),
            of(MINUTE, SECOND),
            self.0 % SECOND
        )
    }
}

impl FromStr for Timestamp {
    type Err = Malformed;

    /// Only what `Display` writes is read.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let number = |from: usize, to: usize| -> Result<u64, Malformed> {
            let digits = text.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            digits.ok_or(Malformed)?.parse().map_err(|_| Malformed)
        };
        let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?).ok_or(Malformed)?;
        let clock = [number(11, 13)? * HOUR, number(14, 16)? * MINUTE, number(17, 19)? * SECOND];
        let moment = Self::from_millis(days * DAY + clock.iter().sum::<u64>() + number(20, 23)?);
        if moment.to_string() == text { Ok(moment) } else { Err(Malformed) }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

/// Days of the 400 years after which the calendar repeats itself.
const CYCLE: u64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01. Years that begin in March have their leap day at the end.
const EPOCH: u64 = 719_468;

/// The date so many days after 1970-01-01, by the rules of the Gregorian calendar.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + EPOCH;
    let (cycle, day) = (days / CYCLE, days % CYCLE);
    let year = (day - day / 1460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, five months in a row have 153 days.
    let march = (5 * day + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (400 * cycle + year + (month <= 2) as u64, month, day - (153 * march + 2) / 5 + 1)
}

/// The days from 1970-01-01 to a date; none if it is before, or no month or day has that number.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, march) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let (cycle, year) = (year / 400, year % 400);
    let day = 365 * year + year / 4 - year / 100 + (153 * march + 2) / 5 + day - 1;
    (cycle * CYCLE + day).checked_sub(EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_one_form_and_read_in_that_alone() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_356_131_007, "2026-11-22T14:02:11.007Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (END - 1, "9999-12-31T23:59:59.999Z"),
        ] {
            let moment = Timestamp::from_millis(milliseconds);
            assert_eq!((moment.to_string().as_str(), text.parse()), (text, Ok(moment)));
        }
        for bad in [
            "",
            "2026-11-22",
            "2026-11-22T14:02:11Z",
            "2026-11-22T14:02:11.007+00:00",
            "2026-11-22t14:02:11.007Z",
            "2026-02-30T00:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-11-22T24:00:00.000Z",
            "2026-11-22T14:60:11.007Z",
            "1969-12-31T23:59:59.999Z",
            "0000-01-01T00:00:00.000Z",
            "2026-11-22T14:02:11.007Z ",
            "+026-11-22T14:02:11.007Z",
            "2026-11-22T14:02:1å.07Z",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(Malformed), "{bad}");
        }
        assert_eq!(Timestamp::from_millis(u64::MAX), Timestamp::from_millis(END - 1));
    }

    #[test]
    fn every_day_of_four_centuries_is_read_as_it_was_written() {
        for day in 0..CYCLE {
            let moment = Timestamp::from_millis(day * DAY + 1);
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
}
