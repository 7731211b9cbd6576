//! One open målbild: what the views see of it, and what a person does to it. What that means is decided by the shared
//! [`Page`]; `driver` performs what it asks for, on the surfaces of the texts, over a connection, on the device.

mod connection;
mod device;
mod driver;
mod opening;
mod signals;
mod surfaces;

use std::rc::Rc;

use leptos::prelude::*;
use samsyn_shared::page::command::Command;
use samsyn_shared::page::people::Person;
pub use samsyn_shared::page::replica::TITLE;
use samsyn_shared::page::{
    AuthorshipView, CaretView, ConnectionView, FindView, Hit, Identity, Page, PeopleView, RoomView, SyncView,
    TextView, WriterView, peer,
};
use samsyn_shared::text::hyperlink::LinkError;
use samsyn_shared::text::share_link::ShareLink;
use samsyn_shared::{MalbildId, SectionKey};

use self::driver::Driver;
pub use self::signals::Phase;
use self::signals::{DeviceSignals, OpeningSignals};
pub use self::surfaces::LinkBox;
use crate::state::identity;

/// One open målbild as the views see it. `Copy`: all of it stands in the arena.
#[derive(Clone, Copy)]
pub struct Malbild {
    /// Its identifier.
    pub id: MalbildId,
    /// How far opening has come.
    pub opening: OpeningSignals,
    /// What this browser keeps of it.
    pub device: DeviceSignals,
    /// How the page is in step with the server.
    pub sync: RwSignal<SyncView>,
    /// How the server is reached, and what is said of all that.
    pub connection: RwSignal<ConnectionView>,
    /// How the room is doing.
    pub room: RwSignal<RoomView>,
    /// The others.
    pub people: RwSignal<PeopleView>,
    /// What there is of text.
    pub text: RwSignal<TextView>,
    /// Who writes here.
    pub writer: RwSignal<WriterView>,
    /// What holds where they write.
    pub caret: RwSignal<CaretView>,
    /// The link at the caret or the one that is being written, with its place.
    pub link: RwSignal<Option<LinkBox>>,
    /// Who wrote which words.
    pub authorship: RwSignal<AuthorshipView>,
    /// What somebody looks for.
    pub find: RwSignal<FindView>,
    driver: StoredValue<Rc<Driver>, LocalStorage>,
}

impl Malbild {
    /// Opens a målbild: trades a token from a link for a session, asks what it is, and keeps in step with it as long as the
    /// page lives.
    pub fn open(ShareLink { id, token }: ShareLink) -> Self {
        let malbild = Self {
            id,
            opening: OpeningSignals::default(),
            device: DeviceSignals::default(),
            sync: RwSignal::default(),
            connection: RwSignal::default(),
            room: RwSignal::default(),
            people: RwSignal::default(),
            text: RwSignal::default(),
            writer: RwSignal::default(),
            caret: RwSignal::default(),
            link: RwSignal::default(),
            authorship: RwSignal::default(),
            find: RwSignal::default(),
            driver: StoredValue::new_local(Rc::default()),
        };
        malbild.begin(token);
        malbild.guard_leaving();
        malbild
    }

    /// Leaving the page asks back only when something would be lost.
    fn guard_leaving(self) {
        let guard = window_event_listener(leptos::ev::beforeunload, move |event| {
            if self.device.trouble.get_untracked().is_some() && self.sync.read_untracked().pending > 0 {
                event.prevent_default();
            }
        });
        on_cleanup(move || guard.remove());
    }

    /// Takes the token of a pasted link and opens with it; false when it is no link to this målbild.
    #[must_use]
    pub fn use_link(&self, link: &str) -> bool {
        let token = ShareLink::find_to(link, self.id).and_then(|link| link.token);
        let ours = token.is_some();
        if ours {
            self.begin(token);
        }
        ours
    }

    /// Performs a command in the text that has the caret.
    pub fn command(&self, command: Command) {
        if let Some(key) = self.active() {
            self.perform_in(key, command);
        }
    }

    /// The text that has the caret, or had it last. Nothing of the signal is borrowed any more when it is known.
    #[must_use]
    pub fn active(&self) -> Option<SectionKey> {
        self.caret.with_untracked(|caret| caret.active)
    }

    /// Sets and remembers who is writing here.
    pub fn introduce(&self, me: Identity) {
        identity::save(&me);
        self.act(|page| page.introduce(me));
    }

    /// The text as Markdown, from what this browser holds.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.ask(|page| page.markdown()).unwrap_or_default()
    }

    /// The others who have their caret in a section.
    #[must_use]
    pub fn people_in(&self, key: SectionKey) -> Vec<Person> {
        let people = self.people.read();
        people.here.iter().filter(|person| person.section == Some(key)).cloned().collect()
    }

    /// Scrolls to where another person's caret is, and shows who it is.
    pub fn seek(&self, client: u64) {
        self.act(|page| page.seek(client));
    }

    /// Shows who wrote which words, or no longer.
    pub fn show_authors(&self, shown: bool) {
        self.act(|page| page.show_authors(shown));
    }

    /// Begins to look for something: what is selected, else what was looked for last.
    pub fn open_find(&self) {
        self.act(Page::open_find);
    }

    /// Looks for these words, from the caret on.
    pub fn look_for(&self, words: String) {
        self.act(|page| page.look_for(words));
    }

    /// Goes on to the next place, or back to the one before; round at both ends.
    pub fn find_next(&self, forward: bool) {
        self.act(|page| page.find_next(forward));
    }

    /// Ends it. Who writes goes on writing at the place that was found last.
    pub fn close_find(&self) {
        if let Some(hit) = self.found_now() {
            self.finish(hit.section);
        }
        self.act(Page::close_find);
    }

    /// The place that is looked at.
    #[must_use]
    pub fn found_now(&self) -> Option<Hit> {
        self.ask(|page| page.found_now())?
    }

    /// Opens the form for the link that is shown.
    pub fn edit_link(&self) {
        self.act(Page::edit_link);
    }

    /// Sets the link to what was written, with these words where nothing was selected.
    ///
    /// # Errors
    /// [`LinkError`] when it is no address that may be followed; the form stays.
    pub fn set_link(&self, address: &str, words: &str) -> Result<(), LinkError> {
        self.finish_linked();
        self.act(|page| page.set_link(address, words)).unwrap_or(Ok(()))
    }

    /// Makes the link plain words.
    pub fn remove_link(&self) {
        self.finish_linked();
        self.act(Page::remove_link);
    }

    /// Closes what is open without a change; the caret is in the text again.
    pub fn close_link(&self) {
        self.act(Page::close_link);
    }

    fn finish_linked(&self) {
        if let Some(key) = self.ask(|page| page.linked_section()).flatten() {
            self.finish(key);
        }
    }

    /// Closes what says why the last paste put nothing in.
    pub fn forget_paste(&self) {
        self.act(Page::forget_paste);
    }

    fn hurry(&self) {
        self.act(|page| page.tell_peer(peer::Event::RetryAsked));
    }
}
