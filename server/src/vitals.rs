//! How the server is doing: readings of all rooms for `/metrics`, and a line a minute for whoever watches a
//! terminal. It shows no content and no names.

use std::time::Duration;

use metrics::Unit;

use crate::room::RoomReading;
use crate::rooms::Rooms;
use crate::store::Time;

/// How often a line is printed to a terminal.
pub const LINE_EVERY: Duration = Duration::from_secs(60);

/// The bounds of all histograms' buckets, in seconds: from a fast disk's fsync to a person's patience.
pub const SECONDS: [f64; 13] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// Says what each metric is, once.
pub fn describe() {
    use metrics::{describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};

    gauge!("samsyn_rooms_open", "Rooms in memory");
    gauge!("samsyn_connections_open", "Connections, by what carries them");
    gauge!("samsyn_outbox_bytes", Unit::Bytes, "Bytes that wait for connections that read slowly");
    gauge!("samsyn_unsaved_updates", "Updates that rooms have taken and that are not on disk");
    gauge!(
        "samsyn_unsaved_age_seconds",
        Unit::Seconds,
        "Since when the room that waits longest has had such"
    );
    gauge!("samsyn_log_updates", "Updates in the logs of open rooms since their snapshots");
    gauge!("samsyn_log_bytes", Unit::Bytes, "Bytes of these");
    gauge!("samsyn_snapshot_bytes", Unit::Bytes, "Bytes of the snapshots of open rooms");
    gauge!(
        "samsyn_commit_under_way_seconds",
        Unit::Seconds,
        "For how long the disk has been at work on one commit; 0 while it is not"
    );
    counter!("samsyn_updates_received_total", "Updates that clients sent");
    counter!("samsyn_updates_refused_total", "Updates that were refused, by code");
    counter!("samsyn_updates_sent_total", "Updates that were sent, counted at each receiver");
    counter!("samsyn_updates_stored_total", "Updates that rooms have stored, after merging");
    counter!("samsyn_frames_sent_total", "Frames that were sent, counted at each receiver");
    counter!("samsyn_frames_rejected_total", "Frames that closed their connection, by reason");
    counter!(
        "samsyn_connections_closed_total",
        "Connections that the server closed for being slow or silent"
    );
    counter!(
        "samsyn_strangers_sent_away_total",
        "Connections that had shown no link, and were cut because there were too many of them"
    );
    counter!(
        "samsyn_unfinished_dropped_total",
        "Unfinished messages and bodies that were dropped because there was too much of them"
    );
    counter!("samsyn_snapshots_total", "Snapshots that were stored");
    histogram!("samsyn_append_seconds", Unit::Seconds, "From a room's append to its being on disk");
    histogram!("samsyn_commit_seconds", Unit::Seconds, "One commit of the store, its fsync included");
    histogram!("samsyn_flush_seconds", Unit::Seconds, "The flush and fsync of one commit");
}

/// Brings the gauges up to date.
pub fn gauge(rooms: &Rooms) {
    let (open, reading) = rooms.reading();
    let exact = |count: u64| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    metrics::gauge!("samsyn_rooms_open").set(exact(open as u64));
    metrics::gauge!("samsyn_outbox_bytes").set(exact(reading.outbox_bytes));
    metrics::gauge!("samsyn_unsaved_updates").set(exact(reading.unsaved));
    metrics::gauge!("samsyn_unsaved_age_seconds").set(age(&reading).as_secs_f64());
    metrics::gauge!("samsyn_log_updates").set(exact(reading.log_updates));
    metrics::gauge!("samsyn_log_bytes").set(exact(reading.log_bytes));
    metrics::gauge!("samsyn_snapshot_bytes").set(exact(reading.snapshot_bytes));
}

/// What a person at the terminal is told.
#[must_use]
pub fn line(rooms: &Rooms) -> String {
    let (open, reading) = rooms.reading();
    told(open, &reading, age(&reading))
}

fn told(rooms: usize, reading: &RoomReading, age: Duration) -> String {
    let disk = match reading.unsaved {
        0 => "everything is on disk".to_owned(),
        1 => format!("1 change is not on disk, for {:.1} s", age.as_secs_f64()),
        unsaved => format!("{unsaved} changes are not on disk, the oldest for {:.1} s", age.as_secs_f64()),
    };
    let plural =
        |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    format!("{}, {}; {disk}", plural(rooms as u64, "room"), plural(reading.connections, "connection"))
}

fn age(reading: &RoomReading) -> Duration {
    match reading.unsaved_since {
        0 => Duration::ZERO,
        since => Duration::from_millis(Time::now().since(Time(since))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_is_not_on_disk_and_for_how_long() {
        let reading = RoomReading { connections: 1, ..RoomReading::default() };
        assert_eq!(told(2, &reading, Duration::ZERO), "2 rooms, 1 connection; everything is on disk");
        let reading = RoomReading { connections: 37, unsaved: 3, ..RoomReading::default() };
        let expected = "1 room, 37 connections; 3 changes are not on disk, the oldest for 1.5 s";
        assert_eq!(told(1, &reading, Duration::from_millis(1500)), expected);
    }
}
