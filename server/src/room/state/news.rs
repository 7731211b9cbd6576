//! What a room tells at its own pace: frames of content, who is here, its figures; and what keeps a quiet
//! connection from being taken for dead.

use std::time::Instant;

use samsyn_shared::limits;
use samsyn_shared::protocol::{Figures, Message, PresenceEntry, Trouble, encode_presence};
use samsyn_shared::server_session::Dialect;

use super::{Effect, RoomState, pace};

impl RoomState {
    /// Something about who is here is to be told: those who left at the pace of frames, the rest slower.
    pub(super) fn presence_wanted(&mut self, now: Instant) {
        let receivers = self.sessions.len();
        if self.presence.has_parting() || self.presence.has_newcomers() {
            self.presence_pace.wanted(now, pace::of_frames(receivers));
        } else if self.presence.has_news() {
            self.presence_pace.wanted(now, pace::of_presence(receivers));
        }
    }

    /// The figures have changed, or somebody has not heard them.
    pub(super) fn figures_wanted(&mut self, now: Instant) {
        self.told = None;
        self.figures_pace.wanted(now, limits::FIGURES_EVERY);
    }

    /// Tells what is due.
    pub(super) fn woke(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.frames.is_due(now) {
            self.flush(now, effects);
        }
        if self.presence_pace.is_due(now) {
            self.tell_presence(now, effects);
        }
        if self.figures_pace.is_due(now) {
            self.tell_figures(now, effects);
        }
    }

    pub(super) fn ticked(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.presence.expire(now);
        self.presence_wanted(now);
        let owed = self.sessions.iter().filter(|(_, session)| session.owes()).map(|(id, _)| *id);
        for id in owed.collect::<Vec<_>>() {
            self.ask(now, id, effects);
        }
        if self.told.is_some_and(|told| told.on_disk_at + limits::ON_DISK_EVERY_MS <= self.on_disk_at) {
            self.figures_wanted(now);
        }
        let since = self.since_began(now);
        if self.sessions.values().any(|session| session.silent_for(since) >= limits::SILENCE) {
            let nothing = presence_message(&[]);
            self.broadcast(now, &nothing, effects, |_, s| s.silent_for(since) >= limits::SILENCE);
        }
    }

    pub(super) fn disk_changed(&mut self, now: Instant, trouble: Trouble, effects: &mut Vec<Effect>) {
        if self.trouble != trouble {
            self.trouble = trouble;
            self.tell_figures(now, effects);
        }
    }

    fn tell_presence(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.presence_pace.told(now);
        let (news, newcomers) = self.presence.take_news();
        let all = if newcomers.is_empty() { Vec::new() } else { self.presence.all() };
        if !all.is_empty() {
            let all = presence_message(&all);
            self.broadcast(now, &all, effects, |id, _| newcomers.contains(&id));
        }
        if !news.is_empty() {
            let news = presence_message(&news);
            self.broadcast(now, &news, effects, |id, _| !newcomers.contains(&id));
        }
        self.presence_wanted(now);
    }

    fn tell_figures(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.figures_pace.told(now);
        let figures = Figures {
            connected: self.sessions.len() as u64,
            in_step: self.sessions.values().filter(|session| session.in_step()).count() as u64,
            on_disk_at: self.on_disk_at,
            trouble: self.trouble,
        };
        if self.told.replace(figures) != Some(figures) {
            let message = Message::Figures(figures);
            self.broadcast(now, &message, effects, |_, s| s.dialect() == Dialect::Own);
        }
    }
}

pub(super) fn presence_message(entries: &[PresenceEntry]) -> Message {
    Message::Presence(encode_presence(entries))
}
