//! What is logged, and where to. Whatever is asked for, only what the targets named here say is written: a library's
//! finest lines would show frames, headers and stored bytes, and so texts and tokens. What somebody outside can cause again
//! and again is written once a second.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Registry, filter};

/// Our own crates: at any level.
const OURS: [&str; 3] = ["samsyn", "samsyn_server", "samsyn_shared"];
/// Libraries that are trusted to warn without saying what they were given.
const TRUSTED: [&str; 8] =
    ["axum", "axum_core", "hyper", "hyper_util", "tokio", "tokio_util", "tower", "tower_http"];
/// What connections cause.
const FROM_OUTSIDE: [&str; 2] = ["samsyn_server::http", "samsyn_server::room"];
/// The shortest time between two lines of one kind from there.
const PACE: Duration = Duration::from_secs(1);

/// A subscriber that writes lines. `asked` is a filter as in `SAMSYN_LOG`, and `default` what counts if that is none.
///
/// Records of the `log` crate, which sled writes, are not taken in at all.
pub fn subscriber<W>(
    asked: Option<&str>,
    default: &str,
    writer: W,
    ansi: bool,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let asked = asked.and_then(|asked| EnvFilter::try_new(asked).ok());
    let asked = asked.unwrap_or_else(|| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(ansi)
        .event_format(Sparing { inner: Format::default().with_ansi(ansi), last: Mutex::default() })
        .with_writer(writer)
        .with_filter(asked)
        .with_filter(filter::filter_fn(may_be_logged));
    Registry::default().with(lines)
}

fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let is_of = |crates: &[&str]| {
        let name = metadata.target().split("::").next().unwrap_or_default();
        crates.contains(&name)
    };
    is_of(&OURS) || (*metadata.level() <= Level::WARN && is_of(&TRUSTED))
}

/// Writes of each kind of line that comes from outside one a second, and with the next one how many it left out. A kind is a
/// place in the code.
struct Sparing<F> {
    inner: F,
    last: Mutex<HashMap<Identifier, Last>>,
}

/// The last line of a kind.
struct Last {
    at: Instant,
    left_out: u64,
}

impl<F> Sparing<F> {
    /// How many lines were left out before this one; `None` if it is left out itself.
    fn turn(&self, metadata: &Metadata<'_>, now: Instant) -> Option<u64> {
        let is_within = |module: &&str| {
            metadata
                .target()
                .strip_prefix(*module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        if !FROM_OUTSIDE.iter().any(is_within) {
            return Some(0);
        }
        let mut all = self.last.lock().expect("no code panics while it holds this lock");
        match all.get_mut(&metadata.callsite()) {
            Some(last) if now.duration_since(last.at) < PACE => {
                last.left_out += 1;
                None
            }
            Some(last) => Some(std::mem::replace(last, Last { at: now, left_out: 0 }).left_out),
            None => {
                all.insert(metadata.callsite(), Last { at: now, left_out: 0 });
                Some(0)
            }
        }
    }
}

impl<S, N, F> FormatEvent<S, N> for Sparing<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(left_out) = self.turn(event.metadata(), Instant::now()) else { return Ok(()) };
        if left_out == 0 {
            return self.inner.format_event(context, writer, event);
        }
        let mut line = String::new();
        let inside = Writer::new(&mut line);
        self.inner.format_event(context, inside, event)?;
        writeln!(writer, "{} left_out={left_out}", line.trim_end_matches('\n'))
    }
}

#[cfg(test)]
mod tests;
