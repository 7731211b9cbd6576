//! What a room shows of how it is doing, for metrics: written by its actor, read from outside at any time.
//! No content and no names.

use std::sync::atomic::{AtomicU64, Ordering};

/// One room's readings, kept up by its actor.
#[derive(Debug, Default)]
pub struct RoomGauges {
    connections: AtomicU64,
    outbox_bytes: AtomicU64,
    unsaved: AtomicU64,
    unsaved_since: AtomicU64,
    log_updates: AtomicU64,
    log_bytes: AtomicU64,
    snapshot_bytes: AtomicU64,
}

/// Readings of one room, or of several together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct RoomReading {
    /// Connections.
    pub connections: u64,
    /// Bytes that wait for connections that read slowly, as of the last second.
    pub outbox_bytes: u64,
    /// Updates that were taken and are not on disk.
    pub unsaved: u64,
    /// Since when there are such, without a break, in milliseconds since 1970; 0 if there are none. Of several
    /// rooms the earliest.
    pub unsaved_since: u64,
    /// Updates in the log since its snapshot.
    pub log_updates: u64,
    /// Their bytes.
    pub log_bytes: u64,
    /// Bytes of the snapshot.
    pub snapshot_bytes: u64,
}

impl RoomGauges {
    /// Shows these readings from now on.
    pub(crate) fn show(&self, reading: &RoomReading) {
        for (gauge, value) in [
            (&self.connections, reading.connections),
            (&self.outbox_bytes, reading.outbox_bytes),
            (&self.unsaved, reading.unsaved),
            (&self.unsaved_since, reading.unsaved_since),
            (&self.log_updates, reading.log_updates),
            (&self.log_bytes, reading.log_bytes),
            (&self.snapshot_bytes, reading.snapshot_bytes),
        ] {
            // Each stands for itself: nobody draws conclusions from two of them together.
            gauge.store(value, Ordering::Relaxed);
        }
    }

    /// What it shows.
    #[must_use]
    pub fn read(&self) -> RoomReading {
        let read = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        RoomReading {
            connections: read(&self.connections),
            outbox_bytes: read(&self.outbox_bytes),
            unsaved: read(&self.unsaved),
            unsaved_since: read(&self.unsaved_since),
            log_updates: read(&self.log_updates),
            log_bytes: read(&self.log_bytes),
            snapshot_bytes: read(&self.snapshot_bytes),
        }
    }
}

impl std::iter::Sum for RoomReading {
    fn sum<I: Iterator<Item = Self>>(readings: I) -> Self {
        readings.fold(Self::default(), |all, one| Self {
            connections: all.connections + one.connections,
            outbox_bytes: all.outbox_bytes + one.outbox_bytes,
            unsaved: all.unsaved + one.unsaved,
            unsaved_since: match (all.unsaved_since, one.unsaved_since) {
                (0, since) | (since, 0) => since,
                (a, b) => a.min(b),
            },
            log_updates: all.log_updates + one.log_updates,
            log_bytes: all.log_bytes + one.log_bytes,
            snapshot_bytes: all.snapshot_bytes + one.snapshot_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_add_up_and_the_oldest_unsaved_counts() {
        let one = RoomReading { connections: 2, unsaved: 1, unsaved_since: 50, ..RoomReading::default() };
        let two = RoomReading { connections: 3, unsaved: 4, unsaved_since: 20, ..RoomReading::default() };
        let quiet = RoomReading { connections: 1, log_bytes: 9, ..RoomReading::default() };
        let gauge = RoomGauges::default();
        gauge.show(&two);
        let all: RoomReading = [one, gauge.read(), quiet].into_iter().sum();
        let expected = RoomReading {
            connections: 6,
            unsaved: 5,
            unsaved_since: 20,
            log_bytes: 9,
            ..RoomReading::default()
        };
        assert_eq!(all, expected);
    }
}
