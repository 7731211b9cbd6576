//! What a wire does to what goes through it: how late each piece of bytes comes out at the other end. It doesn't
//! know sockets.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

/// How long a piece that is lost takes to come again, and all behind it: TCP sends it anew after as long as it
/// takes to be sure, 200 ms at least.
const STALL: std::ops::Range<Duration> = Duration::from_millis(200)..Duration::from_secs(1);

/// Bytes of a piece where the wire is as wide as can be.
const PIECE: usize = 16 * 1024;

/// What becomes of a request for a WebSocket. One that is open already stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebSockets {
    /// It goes through, as everything else.
    #[default]
    Pass,
    /// It is answered with this status: a proxy with rules.
    Refuse(u16),
    /// It arrives as a plain request: a proxy that knows no upgrade.
    Strip,
    /// It is answered well, and nothing ever comes through: a proxy that doesn't understand what follows.
    Swallow,
    /// It isn't answered: a firewall.
    Ignore,
}

/// What a wire is like, each way.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Weather {
    /// How long everything takes at least.
    pub delay: Duration,
    /// How much longer it may take. Nothing overtakes.
    pub jitter: Duration,
    /// The share of pieces that are lost and come again later, from 0 to 1.
    pub lost: f64,
    /// Bytes a second, if the wire is narrow.
    pub rate: Option<u32>,
    /// What becomes of WebSockets.
    pub websockets: WebSockets,
}

/// When the pieces that go one way come out.
#[derive(Debug)]
pub(super) struct Schedule {
    /// When the last piece is through the narrow part.
    through: Instant,
    /// When the last piece comes out.
    out: Instant,
}

impl Weather {
    /// Bytes of a piece: on a narrow wire no more than go through in a twentieth of a second.
    pub(super) fn piece(&self) -> usize {
        let narrow = self.rate.map_or(PIECE, |rate| rate as usize / 20);
        narrow.clamp(1, PIECE)
    }
}

impl Schedule {
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        Self { through: now, out: now }
    }

    /// When a piece of so many bytes that goes in now comes out: never before the one that went before it.
    pub(super) fn due(&mut self, bytes: usize, weather: &Weather, rng: &mut impl Rng) -> Instant {
        let takes = weather.rate.map_or(0.0, |rate| bytes as f64 / f64::from(rate));
        self.through = self.through.max(Instant::now()) + Duration::from_secs_f64(takes);
        let mut late = weather.delay + weather.jitter.mul_f64(rng.random());
        if rng.random_bool(weather.lost) {
            late += rng.random_range(STALL);
        }
        self.out = self.out.max(self.through + late);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    fn dues(weather: &Weather, pieces: usize, bytes: usize) -> (Instant, Vec<Instant>) {
        let (mut schedule, mut rng) = (Schedule::begin(), SmallRng::seed_from_u64(1));
        let began = schedule.out;
        (began, (0..pieces).map(|_| schedule.due(bytes, weather, &mut rng)).collect())
    }

    #[test]
    fn nothing_overtakes_however_the_delay_varies() {
        let ms = Duration::from_millis;
        let weather = Weather { delay: ms(50), jitter: ms(100), lost: 0.2, ..Weather::default() };
        let (began, dues) = dues(&weather, 200, 100);
        assert!(dues.is_sorted() && dues[0] >= began + ms(50));
        assert!(dues[199] < began + ms(1250), "what is lost at once comes again at once");
    }

    #[test]
    fn a_narrow_wire_takes_its_time_and_a_lost_piece_keeps_the_others_waiting() {
        let narrow = Weather { rate: Some(1000), ..Weather::default() };
        let (began, late) = dues(&narrow, 10, narrow.piece());
        assert_eq!(narrow.piece(), 50);
        assert!(late[9] >= began + Duration::from_millis(500), "500 bytes at 1000 bytes a second");
        let (began, late) = dues(&Weather { lost: 1.0, ..Weather::default() }, 1, 1);
        assert!(late[0] >= began + STALL.start);
    }
}
