//! A page in hand: a person who types on surfaces that show what they are told, a server that answers, and time.

mod beside;
mod editing;
mod in_step;

use std::sync::Arc;

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{Doc, ReadTxn as _, StateVector, Transact as _, Update};

use super::command::Selection;
use super::peer::{Attempt, Beginning, Event};
use super::replica::TITLE;
use super::*;
use crate::domain::schema;
use crate::sync::device_log::StoredRecords;
use crate::sync::presence::{Presence, User};
use crate::sync::protocol::{Hello, Message, PresenceEntry, VERSION, encode_presence};
use crate::text::delta::{Attributes, compose, moved, plain, utf16_len};
use crate::{Epoch, SyncStatus, Template, document};

const EPOCH: Epoch = Epoch(9);

/// The first section of the template that most målbilder are made from.
const FIRST: SectionKey = SectionKey::named("overgripande-beskrivning");

/// A page, what its surfaces show, and the server's document.
struct World {
    page: Page,
    now: Duration,
    /// What it asked for that is not the surfaces'.
    asked: Vec<Effect>,
    /// What it asked of the surfaces, beside to show something.
    acted: Vec<(SectionKey, SurfaceEffect)>,
    shown: Vec<(SectionKey, Vec<Op>)>,
    /// Where the selection is in what a surface shows.
    selection: (SectionKey, Selection),
    attempt: Option<Attempt>,
    served: Doc,
}

impl World {
    /// A page that is in step, with a surface for each text.
    fn in_step(role: Role) -> Self {
        let template = Template::find("aktorsgemensam").unwrap();
        let replica = Replica::new(template, 1, Arc::new(|| 1_000_000));
        let found = StoredRecords::default();
        let beginning = Beginning { has_device: false, epoch: None, found, has_token: false };
        let peer = Peer::new(replica, beginning, SmallRng::seed_from_u64(1));
        let me = Identity { name: "Anna".to_owned(), organisation: "Region Väst".to_owned() };
        let mut world = Self {
            page: Page::new(peer, role, Some(me), "browser".to_owned()),
            now: Duration::from_secs(1_000),
            asked: Vec::new(),
            acted: Vec::new(),
            shown: Vec::new(),
            selection: (TITLE, Selection::default()),
            attempt: None,
            served: document::seed(template, "Storm", EPOCH.0),
        };
        world.act(Page::start);
        world.connects(role);
        world.act(Page::refresh_text);
        for key in world.page.keys().collect::<Vec<_>>() {
            let text = world.act(|page| page.attach(key));
            world.shown.push((key, text));
        }
        world.passes(Duration::from_secs(2));
        world.asked.clear();
        world
    }

    fn act<T>(&mut self, deed: impl FnOnce(&mut Page) -> T) -> T {
        let answer = deed(self.page.at(self.now));
        loop {
            let effects = self.page.take_effects();
            if effects.is_empty() {
                return answer;
            }
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Surface(key, SurfaceEffect::Show { delta, length, .. }) => {
                let text = self.text_of(key);
                *text = compose(text, &delta);
                assert_eq!(utf16_len(&plain(text)), length, "what is shown is all that there is");
                let (at, Selection { anchor, head }) = self.selection;
                if at == key {
                    let [anchor, head] = [anchor, head].map(|place| moved(&delta, place, false));
                    self.reports_selection(key, Selection { anchor, head });
                }
            }
            Effect::Surface(key, SurfaceEffect::Reset(text)) => *self.text_of(key) = text,
            Effect::Surface(key, effect) => {
                if let SurfaceEffect::Select(selection) = effect {
                    self.reports_selection(key, selection);
                }
                if effect == SurfaceEffect::Focus {
                    self.page.at(self.now).focused(key);
                }
                self.acted.push((key, effect));
            }
            Effect::Mark => {
                self.page.at(self.now).mark();
                self.asked.push(Effect::Mark);
            }
            Effect::Peer(peer::Effect::Connect(attempt, _)) => self.attempt = Some(attempt),
            effect => self.asked.push(effect),
        }
    }

    fn text_of(&mut self, key: SectionKey) -> &mut Vec<Op> {
        &mut self.shown.iter_mut().find(|(known, _)| *known == key).unwrap().1
    }

    /// What a text's surface shows, without its line end.
    fn reads(&mut self, key: SectionKey) -> String {
        plain(self.text_of(key)).trim_end_matches('\n').to_owned()
    }

    fn connects(&mut self, role: Role) {
        let attempt = self.attempt.unwrap();
        self.act(|page| page.tell_peer(Event::Opened(attempt)));
        let hello = Hello {
            epoch: EPOCH,
            role,
            protocol: VERSION,
            schema: schema::VERSION,
            message_bytes: 1 << 20,
            document_bytes: 1 << 25,
        };
        let (vector, step2) = {
            let txn = self.served.try_transact().unwrap();
            (txn.state_vector().encode_v1(), txn.encode_diff_v1(&StateVector::default()))
        };
        for message in [Message::Hello(hello), Message::Step1(vector.into()), Message::Step2(step2.into())] {
            self.hears(&message);
        }
        let offered = self.sent().into_iter().filter_map(|message| match message {
            Message::Write(number, _) => Some(number),
            _ => None,
        });
        if let Some(last) = offered.last() {
            self.hears(&Message::Saved(last));
        }
    }

    fn hears(&mut self, message: &Message) {
        let (attempt, message) = (self.attempt.unwrap(), message.encode());
        self.act(|page| page.tell_peer(Event::Received(attempt, message)));
    }

    /// Somebody else changes a text.
    fn other_changes(&mut self, key: SectionKey, delta: &[Op]) {
        let other = document::replica(77);
        let all = self.page.held().whole().unwrap();
        other.try_transact_mut().unwrap().apply_update(Update::decode_v1(&all).unwrap()).unwrap();
        let update = {
            let mut txn = other.try_transact_mut().unwrap();
            let root = if key == TITLE { schema::TITLE.to_owned() } else { key.root() };
            let text = yrs::WriteTxn::get_or_insert_text(&mut txn, root);
            document::change(&text, &mut txn, 0, delta);
            Bytes::from(txn.encode_update_v1())
        };
        self.hears(&Message::Update(update));
    }

    /// Somebody else says who they are; a state of null is a farewell or a loss, as its clock says.
    fn other_is(&mut self, client: u64, clock: u64, name: Option<&str>) {
        let state = name.map_or("null".to_owned(), |name| {
            let user = User { name: name.to_owned(), color: String::new(), organisation: String::new() };
            let presence = Presence { user, cursor: None, unsaved: 0, browser: String::new() };
            serde_json::to_string(&presence).unwrap()
        });
        self.hears(&Message::Presence(encode_presence(&[PresenceEntry { client, clock, state }])));
    }

    /// The person puts the caret or a selection somewhere.
    fn selects(&mut self, key: SectionKey, anchor: u32, head: u32) {
        self.act(|page| page.focused(key));
        self.reports_selection(key, Selection { anchor, head });
        self.act(|_| ());
    }

    fn reports_selection(&mut self, key: SectionKey, selection: Selection) {
        self.selection = (key, selection);
        self.page.at(self.now).selected(key, selection, Attributes::new());
    }

    /// The person types at the caret, a letter at a time, as a surface reports it.
    fn types(&mut self, key: SectionKey, words: &str) {
        for letter in words.chars() {
            let letter = letter.to_string();
            let at = self.selection.1.head;
            let before = self.text_of(key).clone();
            let after = compose(&before, &[Op::retain(at), Op::insert(&letter)]);
            let caret = at + utf16_len(&letter);
            *self.text_of(key) = after.clone();
            let edit = SurfaceEdit { at: 0, before, after, caret: Some(caret) };
            // ProseMirror has moved the selection, and tells of it after the change.
            self.selection = (key, Selection::caret(caret));
            self.act(|page| page.edited(key, &edit));
            let selection = self.selection.1;
            self.reports_selection(key, selection);
            self.act(|_| ());
        }
    }

    fn commands(&mut self, key: SectionKey, command: command::Command) -> bool {
        self.act(|page| page.show_at_once(key));
        self.act(|page| page.command(key, command, &|place| place.min(1)))
    }

    /// The messages that were sent since this was asked last.
    fn sent(&mut self) -> Vec<Message> {
        let is_sent = |effect: &mut Effect| matches!(effect, Effect::Peer(peer::Effect::Transmit(_)));
        let messages = self.asked.extract_if(.., is_sent).filter_map(|effect| match effect {
            Effect::Peer(peer::Effect::Transmit(bytes)) => Some(Message::decode(bytes).unwrap()),
            _ => None,
        });
        messages.collect()
    }

    /// Time passes: the alarm goes off each time that it is due, and frames are drawn.
    fn passes(&mut self, time: Duration) {
        let end = self.now + time;
        self.draws();
        while let Some(rest) = self.page.wake_in(self.now).filter(|rest| self.now + *rest <= end) {
            self.now += rest;
            self.act(Page::wake);
            self.draws();
        }
        self.now = end;
    }

    /// A frame is drawn, if one was asked for.
    fn draws(&mut self) {
        while let Some(at) = self.asked.iter().position(|effect| *effect == Effect::AwaitFrame) {
            self.asked.remove(at);
            self.act(Page::frame);
        }
    }

    fn says(&self) -> (SyncStatus, usize) {
        self.page.view().connection.said
    }
}
