//! What a room tells at its own pace: frames of content, who is here, its health; and what keeps a quiet
//! connection from being taken for dead.

use std::time::Duration;

use crate::domain::limits;
use crate::sync::protocol::{DiskHealth, Message, PresenceEntry, RoomHealth, encode_presence};
use crate::sync::server_session::Dialect;

use super::{ConnectionId, Reaction, RoomState, pace};
use crate::room::presence::News;

impl RoomState {
    /// Something about who is here is to be told: those who left at the pace of frames, the rest slower.
    pub(super) fn presence_wanted(&mut self, now: Duration) {
        let receivers = self.sessions.len();
        if self.presence.has_parting() || self.presence.has_newcomers() {
            self.presence_pace.wanted(now, pace::of_frames(receivers));
        } else if self.presence.has_news() {
            self.presence_pace.wanted(now, pace::of_presence(receivers));
        }
    }

    /// The health has changed, or somebody has not heard it.
    pub(super) fn health_wanted(&mut self, now: Duration) {
        self.told = None;
        self.health_pace.wanted(now, limits::HEALTH_EVERY);
    }

    /// Tells what is due.
    pub(super) fn woke(&mut self, reaction: &mut Reaction) {
        if self.frames.is_due(reaction.now) {
            self.flush(reaction);
        }
        if self.presence_pace.is_due(reaction.now) {
            self.tell_presence(reaction);
        }
        if self.health_pace.is_due(reaction.now) {
            self.tell_figures(reaction);
        }
    }

    pub(super) fn ticked(&mut self, reaction: &mut Reaction) {
        self.answer = None;
        self.presence.expire(reaction.now);
        self.presence_wanted(reaction.now);
        let owed = self.sessions.iter().filter(|(_, session)| session.owes()).map(|(id, _)| *id);
        for id in owed.collect::<Vec<_>>() {
            self.ask(id, reaction);
        }
        if self.told.is_some_and(|told| told.on_disk_at + limits::ON_DISK_EVERY_MS <= self.on_disk_at) {
            self.health_wanted(reaction.now);
        }
        let since = reaction.now;
        if self.sessions.values().any(|session| session.silent_for(since) >= limits::SILENCE) {
            let nothing = presence_message(&[]);
            self.broadcast(&nothing, reaction, |_, s| s.silent_for(since) >= limits::SILENCE);
        }
    }

    pub(super) fn disk_changed(&mut self, disk: DiskHealth, reaction: &mut Reaction) {
        if self.disk != disk {
            self.disk = disk;
            self.tell_figures(reaction);
        }
    }

    fn tell_presence(&mut self, reaction: &mut Reaction) {
        self.presence_pace.told(reaction.now);
        let News { entries: news, newcomers, named } = self.presence.take_news();
        let all = if newcomers.is_empty() && named.is_empty() { Vec::new() } else { self.presence.all() };
        let unnamed = self.presence.unnamed().clone();
        let hears_all = |id| newcomers.contains(&id) || named.contains(&id);
        let hears_news = |id| !newcomers.contains(&id);
        let tellings: [(_, &dyn Fn(ConnectionId) -> bool); 2] = [(all, &hears_all), (news, &hears_news)];
        for (entries, hears) in tellings {
            let for_unnamed =
                if unnamed.is_empty() { Vec::new() } else { self.presence.for_unnamed(&entries) };
            for (entries, to_unnamed) in [(entries, false), (for_unnamed, true)] {
                if !entries.is_empty() {
                    let told = presence_message(&entries);
                    self.broadcast(&told, reaction, |id, _| hears(id) && unnamed.contains(&id) == to_unnamed);
                }
            }
        }
        self.presence_wanted(reaction.now);
    }

    fn tell_figures(&mut self, reaction: &mut Reaction) {
        self.health_pace.told(reaction.now);
        let health = RoomHealth {
            connected: self.sessions.len() as u64,
            in_step: self.sessions.values().filter(|session| session.in_step()).count() as u64,
            on_disk_at: self.on_disk_at,
            disk: self.disk,
        };
        if self.told.replace(health) != Some(health) {
            let message = Message::RoomHealth(health);
            self.broadcast(&message, reaction, |_, s| s.dialect() == Dialect::Own);
        }
    }
}

pub(super) fn presence_message(entries: &[PresenceEntry]) -> Message {
    Message::Presence(encode_presence(entries))
}
