//! One open målbild: its signals for the views, its replica and its text surfaces, and what a person
//! does to them. How it opens is in `opening`, what sync sees of it in [`port`], what is shown in `showing`, who is
//! here in `presence`, what is pasted in `pasting`, links in [`linking`], what is different in the title in `title`. Everything that changes the page's truth goes through here.

mod authorship;
mod finding;
pub mod linking;
mod marks;
mod opening;
mod pasting;
pub mod port;
mod presence;
mod showing;
mod title;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use samsyn_shared::page::peer::Peer;
pub use samsyn_shared::page::replica::TITLE;
use samsyn_shared::page::replica::{By, Change, Replica, caret_after};
use samsyn_shared::sync::client_session::Stopped;
use samsyn_shared::sync::device_log::Key;
use samsyn_shared::sync::presence::Presences;
use samsyn_shared::sync::protocol::DiskHealth;
use samsyn_shared::sync::transport::Transport;
use samsyn_shared::text::delta::{LineKind, List, Op, plain};
use samsyn_shared::text::hyperlink::Hyperlink;
use samsyn_shared::text::paste::{PasteError, Transfer};
use samsyn_shared::text::share_link::ShareLink;
use samsyn_shared::{MalbildId, Permission, Role, SectionKey, SyncStatus, Template};
use web_sys::HtmlElement;

use super::backlog::Backlog;
use super::identity::{self, Identity};
use super::people::Person;
use super::remote_carets::RemoteCarets;
use super::section::{Section, watch_size};
use crate::device::{Aside, DeviceError};
use crate::editor::autoformat::{self, autoformat};
use crate::editor::command::{Command, Outcome, Selection, backspace_grapheme, perform};
use crate::editor::surface::{Options, Reports, read_delta};
pub use authorship::Authorship;
pub use finding::{Finding, Hit};
use linking::LinkBox;
use port::{Connect, Port};

/// How far opening has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// On its way.
    Opening,
    /// All that the server had is here.
    Open,
    /// The server knows no such målbild for this browser.
    NoAccess,
    /// The server was not reached.
    Unreachable,
}

/// What holds at the caret, for the toolbar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    /// All that is selected is bold.
    pub bold: bool,
    /// All that is selected is italic.
    pub italic: bool,
    /// All that is selected is underlined.
    pub underline: bool,
    /// All that is selected is a link.
    pub link: bool,
    /// The line is a heading of this level.
    pub header: Option<u8>,
    /// The line is an item of this list.
    pub list: Option<List>,
    /// The text can have none of these, as the title.
    pub unformatted: bool,
    /// There is something to undo.
    pub can_undo: bool,
    /// There is something to redo.
    pub can_redo: bool,
}

/// One open målbild as the views see it. `Copy`: all fields are arena signals.
#[derive(Clone, Copy)]
pub struct Malbild {
    /// Its identifier.
    pub id: MalbildId,
    /// How far opening has come.
    pub phase: RwSignal<Phase>,
    /// Its template, once known.
    pub template: RwSignal<Option<&'static Template>>,
    /// What this person may do.
    pub role: RwSignal<Role>,
    /// The title, one line.
    pub title: RwSignal<String>,
    /// What the status line may claim.
    pub status: RwSignal<SyncStatus>,
    /// How many of this device's updates are not known to be on the server's disk.
    pub pending: RwSignal<usize>,
    /// What the status line says, and of how many updates: what it may claim, or for a moment less.
    pub said: RwSignal<(SyncStatus, usize)>,
    /// Since when the server is not reached, in milliseconds since 1970.
    pub cut_at: RwSignal<Option<f64>>,
    /// Why this device does not keep what is written, if it doesn't.
    pub device: RwSignal<Option<DeviceError>>,
    /// What was set aside on this device.
    pub asides: RwSignal<Vec<(Key, Aside)>>,
    /// Since when all is known to be on the server's disk, in milliseconds since 1970.
    pub saved_at: RwSignal<Option<f64>>,
    /// The transport over which the server is reached, while it is.
    pub transport: RwSignal<Option<Transport>>,
    /// Why syncing ended for good, if it did.
    pub stopped: RwSignal<Option<Stopped>>,
    /// The others.
    pub people: RwSignal<Vec<Person>>,
    /// Those who were here and were lost.
    pub lost_people: RwSignal<Vec<Person>>,
    /// What keeps the server from saving, if something does.
    pub disk: RwSignal<DiskHealth>,
    /// How many are connected to the room; none while the server does not say so.
    pub connected: RwSignal<usize>,
    /// How many of them have all that it holds.
    pub in_step: RwSignal<usize>,
    /// When all that the room had accepted was last known to be on disk, in milliseconds since 1970.
    pub on_disk_at: RwSignal<Option<f64>>,
    /// Who is writing here.
    pub me: RwSignal<Option<Identity>>,
    /// The section that has the caret, or had it last.
    pub active: RwSignal<Option<SectionKey>>,
    /// What holds at the caret.
    pub format: RwSignal<Format>,
    /// The keys of the sections that have text, in the page's order.
    pub filled: RwSignal<Vec<SectionKey>>,
    /// Who wrote which words.
    pub authorship: Authorship,
    /// What somebody looks for.
    pub finding: Finding,
    /// The link at the caret, or the one that is being written.
    pub link: RwSignal<Option<LinkBox>>,
    /// Why the last paste put nothing in.
    pub not_pasted: RwSignal<Option<PasteError>>,
    core: StoredValue<Rc<Core>, LocalStorage>,
}

/// What is no signal. Each cell is borrowed only inside one function of this file, and no surface is
/// called while one is: a surface may report at once.
#[derive(Default)]
struct Core {
    peer: RefCell<Option<Peer>>,
    sections: RefCell<Vec<Rc<Section>>>,
    presences: RefCell<Presences>,
    /// The carets of the others.
    remote_carets: RefCell<RemoteCarets>,
    announced: RefCell<Option<(u64, String)>>,
    backlog: RefCell<Backlog>,
    port: RefCell<Option<Port>>,
    connect: Cell<Option<Connect>>,
    /// How often it was tried to open.
    opening: Cell<u32>,
    presence_due: Cell<bool>,
    carets_due: Cell<bool>,
    people_due: Cell<bool>,
    showing_due: Cell<bool>,
    saying_due: Cell<bool>,
    /// How far the page is from where it should have been scrolled to, in CSS pixels.
    drift: Cell<f64>,
    /// When a section changed last, and by when what is shown must be compared with the document.
    changed_at: Cell<Duration>,
    verify_by: Cell<Option<Duration>>,
    /// A list that was typed just now: its section, where its item begins, and the mark that made it.
    typed: RefCell<Option<(SectionKey, u32, String)>>,
    dragging: pasting::Dragging,
    marks: marks::Marks,
    places: finding::Places,
}

impl Malbild {
    /// Opens a målbild: trades a token from a link for a session, asks what it is, and has `connect`
    /// start syncing.
    pub fn open(ShareLink { id, token }: ShareLink, connect: Connect) -> Self {
        let core = Core::default();
        core.connect.set(Some(connect));
        let malbild = Self {
            id,
            phase: RwSignal::new(Phase::Opening),
            template: RwSignal::new(None),
            role: RwSignal::new(Role::Reader),
            title: RwSignal::new(String::new()),
            status: RwSignal::new(SyncStatus::Offline),
            pending: RwSignal::new(0),
            said: RwSignal::new((SyncStatus::Offline, 0)),
            cut_at: RwSignal::new(None),
            device: RwSignal::new(None),
            asides: RwSignal::new(Vec::new()),
            saved_at: RwSignal::new(None),
            transport: RwSignal::new(None),
            stopped: RwSignal::new(None),
            people: RwSignal::new(Vec::new()),
            lost_people: RwSignal::new(Vec::new()),
            disk: RwSignal::new(DiskHealth::Healthy),
            connected: RwSignal::new(0),
            in_step: RwSignal::new(0),
            on_disk_at: RwSignal::new(None),
            me: RwSignal::new(identity::load()),
            active: RwSignal::new(None),
            format: RwSignal::new(Format::default()),
            filled: RwSignal::new(Vec::new()),
            authorship: Authorship::new(),
            finding: Finding::new(),
            link: RwSignal::new(None),
            not_pasted: RwSignal::new(None),
            core: StoredValue::new_local(Rc::new(core)),
        };
        malbild.begin(token);
        malbild.guard_leaving();
        malbild.take_leave();
        malbild.watch_scrolling();
        malbild
    }

    /// Leaving the page asks back only when something would be lost.
    fn guard_leaving(self) {
        let guard = window_event_listener(leptos::ev::beforeunload, move |event| {
            if self.device.get_untracked().is_some() && self.pending.get_untracked() > 0 {
                event.prevent_default();
            }
        });
        on_cleanup(move || guard.remove());
    }

    /// Takes the token of a pasted link and opens with it; false when it is no link to this målbild.
    #[must_use]
    pub fn use_link(&self, link: &str) -> bool {
        let token = ShareLink::find(link).filter(|link| link.id == self.id).and_then(|link| link.token);
        let ours = token.is_some();
        if ours {
            self.begin(token);
        }
        ours
    }

    /// Makes the text surface of the title or of a section in its host.
    pub fn attach(&self, key: SectionKey, host: &HtmlElement, labelled_by: &str, described_by: &str) {
        let malbild = *self;
        let reports = Reports {
            edited: Box::new(move |at, before, after, caret| malbild.edited(key, at, &before, &after, caret)),
            selected: Box::new(move |anchor, head, inline| {
                if let Some(section) = malbild.section(key) {
                    section.select(anchor, head, &inline);
                    malbild.refresh_format();
                    malbild.announce_soon();
                }
            }),
            command: Box::new(move |name| {
                Command::from_key(&name).is_some_and(|command| malbild.perform(key, command))
            }),
            focused: Box::new(move |focused| {
                if focused {
                    malbild.active.set(Some(key));
                    malbild.leave_link();
                    malbild.refresh_format();
                    malbild.announce_soon();
                }
            }),
            pasted: Box::new(move |foreign, own, plain, files| {
                malbild.pasted(key, &Transfer { foreign: read_delta(&foreign), own, plain, files });
            }),
            dragged: Box::new(move |begins| malbild.dragged(key, begins)),
            composing: Box::new(move |from, to, is_followed| {
                malbild.composing(key, u32::try_from(from).ok().zip(u32::try_from(to).ok()), is_followed);
            }),
            follows: |address| Hyperlink::of_value(&address).is_some(),
            verify: Box::new(move || malbild.section(key).is_none_or(|section| malbild.verify(&section))),
        };
        let text = &self.read(key);
        let one_line = key == TITLE;
        let options = Options { labelled_by, described_by, one_line, editable: self.may_write(), text };
        let section = Rc::new(Section::new(key, host, &options, reports));
        self.core().sections.borrow_mut().push(section);
        watch_size(host, move || malbild.draw_carets_soon());
        self.draw_carets_soon();
    }

    /// Puts the caret into a section.
    pub fn focus(&self, key: SectionKey) {
        if let Some(section) = self.section(key) {
            section.surface.focus();
        }
    }

    /// Performs a command in the section that has the caret.
    pub fn command(&self, command: Command) {
        if let Some(key) = self.active.get_untracked() {
            self.perform(key, command);
        }
    }

    /// Sets and remembers who is writing here.
    pub fn introduce(&self, me: Identity) {
        identity::save(&me);
        self.me.set(Some(me));
        self.sign();
        self.announce_soon();
    }

    /// The text as Markdown, from what this browser holds.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.with_replica(|replica| replica.read_model().map(|model| model.to_markdown()).unwrap_or_default())
            .unwrap_or_default()
    }

    // What follows is this file's own.

    fn core(&self) -> Rc<Core> {
        self.core.get_value()
    }

    fn may_write(&self) -> bool {
        self.role.get_untracked().may(Permission::WriteContent) && self.stopped.get_untracked().is_none()
    }

    fn with_replica<T>(&self, f: impl FnOnce(&mut Replica) -> T) -> Option<T> {
        self.core().peer.borrow_mut().as_mut().map(|peer| f(peer.replica()))
    }

    fn sections(&self) -> Vec<Rc<Section>> {
        self.core().sections.borrow().clone()
    }

    fn section(&self, key: SectionKey) -> Option<Rc<Section>> {
        self.core().sections.borrow().iter().find(|section| section.key == key).cloned()
    }

    fn read(&self, key: SectionKey) -> Vec<Op> {
        self.with_replica(|replica| replica.read(key).expect("no transaction outlives a function of Replica"))
            .unwrap_or_default()
    }

    /// What the title or a section shows was changed: the document follows.
    fn edited(&self, key: SectionKey, at: u32, before: &str, after: &str, caret: i32) {
        let Some(section) = self.section(key) else { return };
        self.core().typed.take();
        let (after, caret) = (read_delta(after), u32::try_from(caret).ok());
        let delta = section.edited(at, &read_delta(before), &after, caret);
        if delta.is_empty() {
            return;
        }
        if key == TITLE {
            return self.edited_title(&section, delta);
        }
        let mark = caret.map(|caret| (section.in_document(at + caret), before_caret(&after, caret)));
        let mark = mark.filter(|(_, mark)| !section.is_composing() && autoformat::is_mark(mark));
        self.edit(key, delta.clone(), By::View);
        if let Some((caret, mark)) = mark {
            self.show_at_once(&section);
            let outcome = autoformat(&delta, &section.lines(), caret, &mark);
            if let Some(outcome) = outcome {
                let start = outcome.selection.head;
                self.carry_out(&section, outcome);
                *self.core().typed.borrow_mut() = Some((key, start, mark));
            }
        }
    }

    fn edit(&self, key: SectionKey, delta: Vec<Op>, by: By) {
        self.edit_all(vec![(key, delta)], by);
    }

    /// Changes several texts as one edit.
    fn edit_all(&self, edits: Vec<(SectionKey, Vec<Op>)>, by: By) {
        let changes = self.with_replica(|replica| {
            replica.edit(edits, by).expect("no transaction outlives a function of Replica")
        });
        self.show_own(&changes.unwrap_or_default());
    }

    /// Changes the document as a command decided, and shows it at once.
    fn carry_out(&self, section: &Section, outcome: Outcome) {
        self.carry_out_with(section, outcome, None);
    }

    /// The same, with a change elsewhere that is part of it.
    fn carry_out_with(&self, section: &Section, outcome: Outcome, elsewhere: Option<(SectionKey, Vec<Op>)>) {
        self.edit_all([(section.key, outcome.delta)].into_iter().chain(elsewhere).collect(), By::Command);
        self.show_at_once(section);
        section.surface.select(outcome.selection.anchor, outcome.selection.head);
    }

    fn perform(&self, key: SectionKey, command: Command) -> bool {
        let Some(section) = self.section(key).filter(|_| self.may_write()) else { return false };
        if let Some(meant) = (key == TITLE).then(|| self.perform_in_title(command)).flatten() {
            return meant;
        }
        // A command acts on what the person sees, and that is what the document holds from here on.
        self.show_at_once(&section);
        if matches!(command, Command::Undo | Command::Redo) {
            let undone = self
                .with_replica(|r| if command == Command::Undo { r.undo() } else { r.redo() })
                .unwrap_or_default();
            self.show_own(&undone);
            self.go_to(&undone);
            return true;
        }
        if command == Command::Link {
            self.ask_for_link(&section);
            return true;
        }
        let typed = self.core().typed.take();
        if let Some(outcome) = typed.and_then(|typed| unmeant(&section, command, &typed)) {
            self.carry_out(&section, outcome);
            return true;
        }
        let on = command.inline().is_some_and(|name| section.has_inline(name));
        let selection = section.selection();
        let outcome = perform(command, &section.lines(), selection, on);
        let outcome = outcome.or_else(|| {
            let is_caret = command == Command::Backspace && selection.anchor == selection.head;
            is_caret.then(|| {
                backspace_grapheme(selection.head, section.surface.grapheme_before(selection.head))
            })?
        });
        match outcome {
            Some(outcome) => {
                self.carry_out(&section, outcome);
                true
            }
            None => command.inline().is_some_and(|name| {
                section.surface.pen(&section.pen_with(name, !on));
                true
            }),
        }
    }

    /// Puts the caret where something was undone.
    fn go_to(&self, changes: &[Change]) {
        let Some(change) = changes.first() else { return };
        if let Some(section) = self.section(change.key) {
            let caret = caret_after(&change.delta);
            self.show_at_once(&section);
            section.surface.focus();
            section.surface.select(caret, caret);
        }
    }
}

/// What was typed, where a command takes away the list that was made of it, right after that.
fn unmeant(
    section: &Section,
    command: Command,
    (key, start, mark): &(SectionKey, u32, String),
) -> Option<Outcome> {
    let takes_away = match (command, section.line()) {
        (Command::Backspace, _) => true,
        (Command::List(list), LineKind::Item(now, _)) => list == now,
        _ => false,
    };
    let is_there = *key == section.key && section.selection() == Selection::caret(*start);
    (takes_away && is_there).then(|| autoformat::give_back(&section.lines(), *start, mark))
}

/// What stands before the caret in its line, of a text that the caret is in.
fn before_caret(text: &[Op], caret: u32) -> String {
    let units: Vec<u16> = plain(text).encode_utf16().take(caret as usize).collect();
    let line = units.rsplit(|unit| *unit == u16::from(b'\n')).next().unwrap_or_default();
    String::from_utf16_lossy(line)
}

/// Sets a signal only to something new, so that nobody is told of nothing.
fn set_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
