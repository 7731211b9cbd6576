//! Snapshots: made of the room's state, proven to load to the same on a thread of their own, and stored in place of
//! the log. How long loading takes is measured with each.
//!
//! It doesn't know what is in a document.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Actor, Event, Proven, cpu};
use crate::store::Write;

/// How a compaction ended.
pub(super) struct Compaction {
    /// CPU time that loading the snapshot took, if it was loaded.
    opening: Option<Duration>,
    outcome: Outcome,
}

enum Outcome {
    Stored {
        bytes: u64,
    },
    /// The snapshot deletes more than the live document; this update makes that follow.
    DeletesMore(Bytes),
    /// No snapshot was made; the log stays.
    Not,
}

impl Actor {
    /// Begins to replace the log by a snapshot, unless one is being made. It holds all that is in the log by
    /// now, and perhaps more: what comes twice changes nothing.
    pub(super) fn compact(&mut self) {
        if self.compaction.is_some() {
            return;
        }
        (self.reading.log_updates, self.reading.log_bytes) = (0, 0);
        self.snapshot_at = Instant::now();
        let unproven = match self.state.snapshot() {
            Ok(unproven) => unproven,
            Err(broken) => return tracing::error!(%broken, "no snapshot was made; the log stays"),
        };
        let (document, up_to, storage) = (self.id, self.last, self.storage.clone());
        let workshop = self.workshop.clone();
        self.compaction = Some(Box::pin(async move {
            // Proving it takes as long as opening the room; the room goes on meanwhile.
            let proven = workshop.beside(move || {
                let began = cpu();
                let proven = unproven.prove();
                (proven, cpu().saturating_sub(began))
            });
            let (proven, opening) = match proven.await {
                Ok((proven, opening)) => (proven, Some(opening)),
                Err(error) => {
                    tracing::error!(%error, "a snapshot was cut off; the log stays");
                    return Compaction { opening: None, outcome: Outcome::Not };
                }
            };
            let outcome = match proven {
                Ok(Proven::Same(snapshot)) => {
                    let bytes = snapshot.len() as u64;
                    match storage.commit(vec![Write::Compact { document, snapshot, up_to }]).await {
                        Ok(_) => Outcome::Stored { bytes },
                        Err(error) => {
                            tracing::error!(%error, "the log was not compacted");
                            Outcome::Not
                        }
                    }
                }
                Ok(Proven::DeletesMore(update)) => Outcome::DeletesMore(update),
                Err(broken) => {
                    tracing::error!(%broken, "no snapshot was made; the log stays");
                    Outcome::Not
                }
            };
            Compaction { opening, outcome }
        }));
    }

    pub(super) async fn compacted(&mut self, compaction: Compaction) {
        self.compaction = None;
        match compaction.outcome {
            Outcome::Stored { bytes } => {
                self.reading.snapshot_bytes = bytes;
                metrics::counter!("samsyn_snapshots_total").increment(1);
            }
            Outcome::DeletesMore(update) => self.event(Event::Healed { update }).await,
            Outcome::Not => {}
        }
        self.event(Event::Weighed { opening: compaction.opening }).await;
    }
}
