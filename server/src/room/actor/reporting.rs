//! What a room noticed, as metrics and log lines. No content and no names are in it.

use samsyn_shared::room::{Counters, Notice};

/// Counts.
pub(super) fn count(counters: Counters) {
    let Counters { received, sent, stored, snapshots } = counters;
    for (name, count) in [
        ("samsyn_updates_received_total", received),
        ("samsyn_updates_sent_total", sent),
        ("samsyn_updates_stored_total", stored),
        ("samsyn_snapshots_total", snapshots),
    ] {
        if count > 0 {
            metrics::counter!(name).increment(count);
        }
    }
}

/// Counts and logs what is not as usual.
pub(super) fn report(notice: Notice) {
    let rejected =
        |reason| metrics::counter!("samsyn_frames_rejected_total", "reason" => reason).increment(1);
    match notice {
        Notice::FrameRejected { connection, code, why } => {
            tracing::info!(connection = connection.0, why, "a connection is closed over a frame");
            rejected(code.reason());
        }
        Notice::Refused { connection, code, why } => {
            if let Some(what) = why {
                tracing::info!(connection = connection.0, what, "an update was refused");
            }
            metrics::counter!("samsyn_updates_refused_total", "reason" => code).increment(1);
        }
        Notice::Broke { over, broken } => {
            tracing::error!(connection = over.map(|over| over.0), %broken, "the room's document is loaded anew");
            rejected("broken");
        }
        Notice::DoesNotLoad(broken) => {
            tracing::error!(%broken, "the room's document does not load again");
        }
        Notice::TooCostly { connection, took } => {
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(connection = connection.0, ms, "an update took too long to apply");
            metrics::counter!("samsyn_connections_closed_total", "reason" => "costly").increment(1);
        }
        Notice::NotFilled { connection, error } => {
            tracing::info!(connection = connection.0, %error, "what had a gap can't be applied");
        }
        Notice::NoSnapshot(broken) => {
            tracing::error!(%broken, "no snapshot was made; the log stays");
        }
        Notice::NotHealed(error) => {
            tracing::error!(%error, "the room's own correction can't be applied");
        }
    }
}
