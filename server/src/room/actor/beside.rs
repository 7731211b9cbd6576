//! What is done beside a room, while it goes on: a Document read again, a snapshot proven, a log replaced.
//!
//! It doesn't know the room; what comes of it is told to whoever waits.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use samsyn_shared::room::{Broken, Proven, Unproven};

use crate::room::workshop::{Workshop, cpu};
use crate::store::{DocumentId, Storage, Write};

/// What is under way beside the room, at most one of each kind.
pub(super) type UnderWay<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// What came of proving a snapshot, and the CPU time that loading it took.
pub(super) type Proof = (Option<Result<Proven, Broken>>, Option<Duration>);

/// What is under way; waits for ever while there is nothing.
pub(super) async fn under_way<T>(future: &mut UnderWay<T>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// Snapshot and updates as the store holds them, `None` if it can't be read.
pub(super) async fn load_again(storage: Storage, id: DocumentId) -> Option<Vec<Bytes>> {
    match storage.load(id).await {
        Ok(loaded) => Some(loaded?.parts().cloned().collect()),
        Err(error) => {
            tracing::error!(%error, "the document does not load again");
            None
        }
    }
}

/// Loads a snapshot as a room would, on a thread beside the rooms: that takes as long as opening one.
pub(super) fn prove(workshop: &Workshop, unproven: Unproven) -> Pin<Box<dyn Future<Output = Proof> + Send>> {
    let proof = workshop.beside(move || {
        let began = cpu();
        let proven = unproven.prove();
        (proven, cpu().saturating_sub(began))
    });
    Box::pin(async move {
        match proof.await {
            Ok((proven, took)) => (Some(proven), Some(took)),
            Err(error) => {
                tracing::error!(%error, "a snapshot was cut off; the log stays");
                (None, None)
            }
        }
    })
}

/// Puts a snapshot in place of the log; false if that can't be done.
pub(super) fn compact(storage: Storage, write: Write) -> Pin<Box<dyn Future<Output = bool> + Send>> {
    Box::pin(async move {
        let outcome = storage.commit(vec![write]).await;
        if let Err(error) = &outcome {
            tracing::error!(%error, "the log was not compacted");
        }
        outcome.is_ok()
    })
}
