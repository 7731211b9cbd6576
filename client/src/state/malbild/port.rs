//! What sync is told and what it tells: the målbild as it looks from the network.

use std::time::Duration;

use bytes::Bytes;
use leptos::prelude::*;
use samsyn_shared::page::peer;
use samsyn_shared::sync::client_session::Stopped;
use samsyn_shared::sync::protocol::{DiskHealth, PresenceEntry, RoomHealth};
use samsyn_shared::{Permission, Role, SyncStatus};
use web_sys::Event;

use super::opening::forget_fragment;
use super::{Malbild, Phase, set_changed};
use crate::device::Device;
use crate::editor::surface;
use crate::state::REACHED;

/// The status line says that all is saved when it was so for this long.
const SAVED_SETTLES: Duration = Duration::from_millis(600);

/// Starts syncing a målbild.
pub type Connect = fn(Malbild, OpenedFrom);

/// What sync begins with.
#[derive(Debug)]
pub struct OpenedFrom {
    /// What this browser keeps things in, if it does.
    pub device: Option<Device>,
    /// A link's token that is still to be traded for a session.
    pub token: Option<String>,
}

/// The way out of the state: what sync is told.
pub struct Port {
    /// This page changed the document.
    pub edited: Box<dyn Fn(Bytes)>,
    /// This page's presence changed.
    pub presence: Box<dyn Fn(PresenceEntry)>,
    /// The person asks to try again.
    pub retry: Box<dyn Fn()>,
}

impl Malbild {
    /// Lets sync hear of what happens here.
    pub fn plug(&self, port: Port) {
        *self.core().port.borrow_mut() = Some(port);
    }

    /// Hands an event to this page's peer, once there is one.
    pub fn tell_peer(&self, now: Duration, event: peer::Event, effects: &mut Vec<peer::Effect>) {
        if let Some(peer) = &mut *self.core().peer.borrow_mut() {
            peer.handle(now, event, effects);
        }
    }

    /// How long until the peer wants to be woken.
    #[must_use]
    pub fn wake_in(&self, now: Duration) -> Option<Duration> {
        self.core().peer.borrow().as_ref()?.wake_in(now)
    }

    /// All that the server had is here, or all that this device had: the page may be shown, once it can show a text.
    pub fn ready(&self) {
        if self.phase.get_untracked() == Phase::Open {
            return;
        }
        if !surface::is_loaded() {
            return self.wait_for_surface();
        }
        self.refresh_title();
        self.refresh_filled();
        self.phase.set(Phase::Open);
    }

    /// Goes on once the surface's script has come, or has failed to.
    fn wait_for_surface(&self) {
        let malbild = *self;
        let look = move || {
            if surface::is_loaded() { malbild.ready() } else { malbild.phase.set(Phase::Unreachable) }
        };
        if document().ready_state() == "complete" {
            return look();
        }
        for event in ["DOMContentLoaded", "load"] {
            window_event_listener_untyped(event, move |_| look());
        }
    }

    /// The server is not reached, and there is nothing to show.
    pub fn be_unreachable(&self) {
        self.phase.set(Phase::Unreachable);
    }

    /// This browser may not open the målbild.
    pub fn be_denied(&self) {
        self.phase.set(Phase::NoAccess);
    }

    /// Shows how the peer is doing.
    pub fn report(&self) {
        let told = self
            .core()
            .peer
            .borrow()
            .as_ref()
            .map(|peer| ((peer.status(), peer.pending(), peer.role()), peer.room_health()));
        if let Some(((status, pending, role), health)) = told {
            self.report_sync(status, pending, role);
            self.report_room(health);
        }
    }

    /// What the status line may claim.
    fn report_sync(&self, status: SyncStatus, pending: usize, role: Option<Role>) {
        if status == SyncStatus::Saved && self.status.get_untracked() != status {
            self.saved_at.set(Some(js_sys::Date::now()));
        }
        if (status == SyncStatus::Offline) != self.cut_at.get_untracked().is_some() {
            self.cut_at.set((status == SyncStatus::Offline).then(js_sys::Date::now));
            if status != SyncStatus::Offline {
                let reached = Event::new(REACHED).expect("a name is all that it needs");
                window().dispatch_event(&reached).expect("an event that was made just now is told once");
            }
        }
        set_changed(self.status, status);
        set_changed(self.pending, pending);
        self.say();
        if self.core().backlog.borrow_mut().look(js_sys::Date::now(), pending) {
            self.announce_soon();
        }
        if let Some(role) = role.filter(|role| *role != self.role.get_untracked()) {
            self.role.set(role);
            for section in self.sections() {
                section.surface.set_editable(role.may(Permission::WriteContent));
            }
        }
    }

    /// How the room is doing, while the server says so.
    fn report_room(&self, health: Option<RoomHealth>) {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        set_changed(self.disk, health.map_or(DiskHealth::Healthy, |health| health.disk));
        set_changed(self.connected, health.map_or(0, |health| count(health.connected)));
        set_changed(self.in_step, health.map_or(0, |health| count(health.in_step)));
        set_changed(self.on_disk_at, health.map(|health| health.on_disk_at as f64));
    }

    /// Has the status line say what holds. That all is saved it says when it was so for a moment: whoever
    /// writes need not be told at each key, and to redraw it costs a key's time.
    fn say(&self) {
        let status = self.status.get_untracked();
        if status != SyncStatus::Saved || self.said.get_untracked().0 != SyncStatus::Saving {
            let waits = if status == SyncStatus::Offline { self.pending.get_untracked() } else { 0 };
            set_changed(self.said, (status, waits));
        } else if !self.core().saying_due.replace(true) {
            self.say_saved_after(SAVED_SETTLES);
        }
    }

    /// Says so unless another edit was saved meanwhile; then it waits for that one's moment. No clock is asked: one
    /// that is set back would keep it waiting.
    fn say_saved_after(&self, rest: Duration) {
        let malbild = *self;
        let armed_at = self.saved_at.get_untracked();
        let say = move || {
            let is_saved = malbild.status.get_untracked() == SyncStatus::Saved;
            if is_saved && malbild.saved_at.get_untracked() != armed_at {
                return malbild.say_saved_after(rest);
            }
            malbild.core().saying_due.set(false);
            if is_saved {
                set_changed(malbild.said, (SyncStatus::Saved, 0));
            }
        };
        set_timeout(say, rest);
    }

    /// Brings what is being composed or drawn in the sections into the document: the page may be about to end.
    pub fn settle(&self) {
        self.sections().iter().for_each(|section| section.surface.settle());
    }

    /// The link's token was traded.
    pub fn forget_token(&self) {
        forget_fragment(self.id);
    }

    /// Syncing ended for good; the text stays as it is.
    pub fn stop(&self, why: Stopped) {
        self.stopped.set(Some(why));
        set_changed(self.status, SyncStatus::Error);
        self.say();
        for section in self.sections() {
            section.surface.set_editable(false);
        }
    }
}
