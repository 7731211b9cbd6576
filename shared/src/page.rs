//! A page of an open målbild, without a browser: everything that it decides. [`Page`] hears what happens (keys, what
//! the network brings, the time) and says what is to be done and what is to be seen.
//!
//! It doesn't know sockets, timers, databases, elements or words: whoever holds it performs its effects, in order.

mod authorship;
mod backlog;
pub mod binding;
mod clock;
pub mod command;
mod editing;
mod effect;
mod find;
mod finding;
mod links;
mod lost_people;
mod marks;
pub mod parties;
mod pasting;
pub mod peer;
pub mod people;
mod presence;
mod remote_carets;
pub mod replica;
mod reporting;
mod showing;
mod shown_text;
#[cfg(test)]
mod tests;
mod title;
mod view;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::backlog::Backlog;
use self::clock::Clock;
pub use self::editing::SurfaceEdit;
pub use self::effect::{Effect, Layer, SurfaceEffect};
pub use self::finding::Hit;
use self::finding::Places;
pub use self::links::LinkAtCaret;
use self::marks::Marks;
use self::pasting::Dragging;
use self::peer::Peer;
pub use self::presence::Caret;
use self::remote_carets::RemoteCarets;
use self::replica::{Change, Replica};
use self::shown_text::ShownText;
pub use self::view::{
    AuthorshipView, CaretView, ConnectionView, FindView, Format, PageView, PeopleView, RoomView, SyncView,
    TextView, Told, Versioned, WriterView,
};
use crate::sync::presence::Presences;
use crate::text::delta::Op;
use crate::{Permission, Role, SectionKey};

/// Who is writing on this page, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Name.
    pub name: String,
    /// Organisation; may be empty.
    pub organisation: String,
}

/// One open målbild on one page.
///
/// Each function that changes something is called behind [`Page::at`], which tells the time; what is to be done about it
/// is then taken with [`Page::take_effects`], and what is to be seen stands in [`Page::view`].
pub struct Page {
    peer: Peer,
    /// Tells the tabs of one browser from others, when it is not empty.
    browser: String,
    view: PageView,
    effects: Vec<Effect>,
    /// The time, by the clock that may be set, and by the page's own.
    now: Duration,
    time: Duration,
    clock: Clock,
    due: Dues,
    texts: Vec<ShownText>,
    presences: Presences,
    remote_carets: RemoteCarets,
    /// The number and the words of what was announced last.
    announced: Option<(u64, String)>,
    backlog: Backlog,
    /// A list that was typed just now: its text, where its item begins, and the mark that made it.
    typed: Option<(SectionKey, u32, String)>,
    dragging: Dragging,
    marks: Marks,
    places: Places,
}

/// What is to be done later: with the next frame, or at a time of the page's own clock.
#[derive(Debug, Default)]
struct Dues {
    /// A frame was asked for.
    frame: bool,
    /// With it: what waits is shown, the people are looked at anew, their carets are drawn.
    showing: bool,
    people: bool,
    carets: bool,
    /// What waits for a composition to rest is shown.
    rested: Option<Duration>,
    announce: Option<Duration>,
    /// What is shown is compared with the document: when, and at the latest.
    verify: Option<(Duration, Duration)>,
    /// The status line says that all is saved, unless something was saved since this moment.
    say_saved: Option<(Duration, Option<f64>)>,
    /// Long texts are marked anew.
    mark: Option<Duration>,
}

impl Page {
    /// A page that has not begun to sync. `browser` is the same in all tabs of one browser.
    #[must_use]
    pub fn new(peer: Peer, role: Role, me: Option<Identity>, browser: String) -> Self {
        let mut view = PageView::default();
        view.writer.update(|writer| (writer.role, writer.me) = (role, me));
        Self {
            peer,
            browser,
            view,
            effects: Vec::new(),
            now: Duration::ZERO,
            time: Duration::ZERO,
            clock: Clock::default(),
            due: Dues::default(),
            texts: Vec::new(),
            presences: Presences::default(),
            remote_carets: RemoteCarets::default(),
            announced: None,
            backlog: Backlog::default(),
            typed: None,
            dragging: Dragging::default(),
            marks: Marks::default(),
            places: Places::default(),
        }
    }

    /// Tells the time: since 1970, by a clock that may be set.
    pub fn at(&mut self, now: Duration) -> &mut Self {
        self.now = now;
        self.time = self.clock.at(now);
        self
    }

    /// What is to be done, in order.
    #[must_use]
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What is to be seen.
    #[must_use]
    pub const fn view(&self) -> &PageView {
        &self.view
    }

    /// The replica, to be read.
    #[must_use]
    pub const fn held(&self) -> &Replica {
        self.peer.held()
    }

    /// Begins to sync.
    pub fn start(&mut self) {
        self.sign();
        self.tell_peer(peer::Event::Started);
    }

    /// Something that is the peer's to hear.
    pub fn tell_peer(&mut self, event: peer::Event) {
        let mut effects = Vec::new();
        self.peer.handle(self.now, event, &mut effects);
        for effect in effects {
            self.perform(effect);
        }
        self.report();
    }

    fn perform(&mut self, effect: peer::Effect) {
        match effect {
            peer::Effect::Show(changes) => self.show(&changes),
            peer::Effect::ShowPresence(entries) => self.show_presence(entries),
            peer::Effect::ShowTransport(transport) => {
                self.view.connection.update(|connection| connection.transport = transport);
            }
            peer::Effect::ShowStopped(why) => self.stop(why),
            peer::Effect::AnnouncePresence => self.announce(),
            asked => self.effects.push(Effect::Peer(asked)),
        }
    }

    /// How long until [`Page::wake`] is due.
    #[must_use]
    pub fn wake_in(&self, now: Duration) -> Option<Duration> {
        let Dues { rested, announce, verify, say_saved, mark, .. } = &self.due;
        let (verify, say_saved) = (verify.map(|(due, _)| due), say_saved.map(|(due, _)| due));
        let own = [*rested, *announce, verify, say_saved, *mark].into_iter().flatten().min();
        let own = own.map(|due| self.clock.until(due, now));
        own.into_iter().chain(self.peer.wake_in(now)).min()
    }

    /// The time that [`Page::wake_in`] said has come.
    pub fn wake(&mut self) {
        let time = self.time;
        let is_due = |due: &mut Option<Duration>| due.take_if(|due| *due <= time).is_some();
        if is_due(&mut self.due.rested) {
            self.show_soon();
        }
        if is_due(&mut self.due.announce) {
            self.caret_moved();
            self.announce_news();
        }
        if is_due(&mut self.due.mark) {
            self.mark_after_pause();
        }
        if self.due.verify.take_if(|(due, _)| *due <= time).is_some() {
            self.effects.push(Effect::VerifyWhenIdle);
        }
        if let Some((_, armed_at)) = self.due.say_saved.take_if(|(due, _)| *due <= time) {
            self.say_saved(armed_at);
        }
        self.tell_peer(peer::Event::Woke);
    }

    /// The frame that [`Effect::AwaitFrame`] asked for is about to be drawn. What a surface has not reported is to be
    /// reported first.
    pub fn frame(&mut self) {
        self.due.frame = false;
        if std::mem::take(&mut self.due.showing) {
            for key in self.texts.iter().map(|text| text.key).collect::<Vec<_>>() {
                self.show_when_due(key);
            }
        }
        if std::mem::take(&mut self.due.people) {
            self.refresh_people();
        }
        if std::mem::take(&mut self.due.carets) {
            self.effects.push(Effect::DrawCarets);
        }
        if self.marks.is_due_with_frame() {
            self.effects.push(Effect::Mark);
        }
    }

    fn await_frame(&mut self) {
        if !std::mem::replace(&mut self.due.frame, true) {
            self.effects.push(Effect::AwaitFrame);
        }
    }

    /// The text of the title or of a section gets a surface. Gives what that shows first.
    pub fn attach(&mut self, key: SectionKey) -> Vec<Op> {
        let text = self.read(key);
        self.texts.push(ShownText::of(key, &text));
        self.draw_carets_soon();
        text
    }

    /// Sets who is writing here.
    pub fn introduce(&mut self, me: Identity) {
        self.view.writer.update(|writer| writer.me = Some(me));
        self.sign();
        self.announce_soon();
    }

    /// The text as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.held().read_model().map(|model| model.to_markdown()).unwrap_or_default()
    }

    /// Whether the person may write here, as far as is known.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.view.writer.role.may(Permission::WriteContent) && self.view.writer.stopped.is_none()
    }

    fn replica(&mut self) -> &mut Replica {
        self.peer.replica()
    }

    fn text(&self, key: SectionKey) -> Option<&ShownText> {
        self.texts.iter().find(|text| text.key == key)
    }

    fn text_mut(&mut self, key: SectionKey) -> Option<&mut ShownText> {
        self.texts.iter_mut().find(|text| text.key == key)
    }

    /// The text that has the caret, or had it last.
    fn active_text(&self) -> Option<&ShownText> {
        self.text(self.view.caret.active?)
    }

    fn read(&self, key: SectionKey) -> Vec<Op> {
        self.held().read(key).expect("no transaction outlives a function of Replica")
    }

    fn ask_surface(&mut self, key: SectionKey, effect: SurfaceEffect) {
        self.effects.push(Effect::Surface(key, effect));
    }
}
