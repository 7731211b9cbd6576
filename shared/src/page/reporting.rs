//! How the page is in step with the server and how its room is doing, as it shows them.

use std::time::Duration;

use super::{Effect, Page};
use crate::sync::client_session::Stopped;
use crate::sync::protocol::{DiskHealth, RoomHealth};
use crate::{Permission, SyncStatus};

/// The status line says that all is saved when it was so for this long.
const SAVED_SETTLES: Duration = Duration::from_millis(600);

impl Page {
    /// Shows how the peer is doing.
    pub(super) fn report(&mut self) {
        self.report_sync();
        self.report_room(self.peer.room_health());
    }

    /// What the status line may claim.
    fn report_sync(&mut self) {
        let (status, pending, role) = (self.peer.status(), self.peer.pending(), self.peer.role());
        let now = self.milliseconds();
        // Whoever is stopped may not be told anything else any more.
        let status = if self.view.writer.stopped.is_some() { SyncStatus::Error } else { status };
        let before = (self.view.sync.status, self.view.sync.pending);
        if before != (status, pending) {
            self.view.sync.update(|sync| {
                (sync.status, sync.pending) = (status, pending);
                if status == SyncStatus::Saved && before.0 != status {
                    sync.saved_at = Some(now);
                }
            });
        }
        let is_cut = status == SyncStatus::Offline;
        if is_cut != self.view.connection.cut_at.is_some() {
            self.view.connection.update(|connection| connection.cut_at = is_cut.then_some(now));
            if !is_cut {
                self.effects.push(Effect::NoteReached);
            }
        }
        self.say();
        if self.backlog.look(now, pending) {
            self.announce_soon();
        }
        if let Some(role) = role.filter(|role| *role != self.view.writer.role) {
            self.view.writer.update(|writer| writer.role = role);
            self.effects.push(Effect::SetEditable(role.may(Permission::WriteContent)));
        }
    }

    /// How the room is doing, while the server says so.
    fn report_room(&mut self, health: Option<RoomHealth>) {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let room = super::RoomView {
            disk: health.map_or(DiskHealth::Healthy, |health| health.disk),
            connected: health.map_or(0, |health| count(health.connected)),
            in_step: health.map_or(0, |health| count(health.in_step)),
            on_disk_at: health.map(|health| health.on_disk_at as f64),
        };
        if room != *self.view.room {
            self.view.room.update(|shown| *shown = room);
        }
    }

    /// Has the status line say what holds. That all is saved it says when it was so for a moment: whoever
    /// writes need not be told at each key, and to redraw it costs a key's time.
    fn say(&mut self) {
        let sync = &self.view.sync;
        if sync.status != SyncStatus::Saved || self.view.connection.said.0 != SyncStatus::Saving {
            let waits = if sync.status == SyncStatus::Offline { sync.pending } else { 0 };
            self.set_said((sync.status, waits));
        } else if self.due.say_saved.is_none() {
            self.due.say_saved = Some((self.time + SAVED_SETTLES, sync.saved_at));
        }
    }

    /// Says so unless another edit was saved meanwhile; then it waits for that one's moment.
    pub(super) fn say_saved(&mut self, armed_at: Option<f64>) {
        let sync = &self.view.sync;
        if sync.status != SyncStatus::Saved {
            return;
        }
        if sync.saved_at == armed_at {
            self.set_said((SyncStatus::Saved, 0));
        } else {
            self.due.say_saved = Some((self.time + SAVED_SETTLES, sync.saved_at));
        }
    }

    fn set_said(&mut self, said: (SyncStatus, usize)) {
        if self.view.connection.said != said {
            self.view.connection.update(|connection| connection.said = said);
        }
    }

    /// Syncing ended for good; the text stays as it is.
    pub(super) fn stop(&mut self, why: Stopped) {
        self.view.writer.update(|writer| writer.stopped = Some(why));
        self.view.sync.update(|sync| sync.status = SyncStatus::Error);
        self.say();
        self.effects.push(Effect::SetEditable(false));
    }

    /// The time by the clock that may be set, in milliseconds since 1970.
    pub(super) const fn milliseconds(&self) -> f64 {
        self.now.as_secs_f64() * 1000.0
    }
}
