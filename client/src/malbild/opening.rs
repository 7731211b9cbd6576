//! How a målbild opens: from what this device keeps of it, at once and without a network; else from the server. And
//! what was set aside here before.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::api::MalbildInfo;
use samsyn_shared::domain::ids;
use samsyn_shared::page::Page;
use samsyn_shared::page::peer::{Beginning, Peer};
use samsyn_shared::page::replica::Replica;
use samsyn_shared::sync::client_session::Stopped;
use samsyn_shared::sync::device_log::{Key, StoredRecords};
use samsyn_shared::text::delta::plain;
use samsyn_shared::{Epoch, MalbildId, Role, SyncStatus, Template};
use wasm_bindgen::JsValue;

use super::{Malbild, Phase};
use crate::api::{self, ApiError};
use crate::device::{Aside, Device, Passage};
use crate::editor::surface;
use crate::state::{identity, left, recent};

/// How long a page that could not open waits before it tries again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Malbild {
    pub(super) fn begin(self, token: Option<String>) {
        let attempts = &self.driver().attempts;
        attempts.set(attempts.get() + 1);
        if token.is_some() {
            left::cancel(self.id);
        }
        spawn_local(async move {
            if self.driver().page.borrow().is_some() {
                // Syncing began already; it was the way to the server that failed.
                if let Some(token) = token
                    && api::trade_token(self.id, &token).await.is_ok()
                {
                    forget_fragment(self.id);
                }
                return self.hurry();
            }
            // The server is asked meanwhile: the first time, its answer is what is waited for.
            let (asking, answer) = ask_server(self.id, token.clone()).remote_handle();
            spawn_local(asking);
            let device = self.open_device().await;
            if let Some(device) = device.clone()
                && let Some((template, role, epoch, found)) = recall(&device).await
            {
                answer.forget();
                return self.start(template, role, (Some(device), Some(epoch), found), token).await;
            }
            self.answered(answer.await, device, token).await;
        });
    }

    async fn open_device(self) -> Option<Device> {
        match Device::open(self.id).await {
            Ok(device) => {
                self.device.asides.set(device.asides().await.unwrap_or_default());
                Some(device)
            }
            Err(error) => {
                self.device.trouble.set(Some(error));
                None
            }
        }
    }

    async fn answered(
        self,
        answer: Result<MalbildInfo, ApiError>,
        device: Option<Device>,
        token: Option<String>,
    ) {
        match answer {
            Ok(info) => match Template::find(&info.template) {
                Some(template) => {
                    self.text.update(|text| text.title = info.title);
                    self.start(template, info.role, (device, None, StoredRecords::default()), None).await;
                }
                // A later server knows templates that this page does not.
                None => {
                    self.writer.update(|writer| writer.stopped = Some(Stopped::NewerServer));
                    self.sync.update(|sync| sync.status = SyncStatus::Error);
                    self.connection.update(|connection| connection.said = (SyncStatus::Error, 0));
                }
            },
            Err(error) if error.is_network() => {
                self.opening.phase.set(Phase::Unreachable);
                let attempt = self.driver().attempts.get();
                let again = move || {
                    let is_last = self.driver().attempts.get() == attempt;
                    if is_last && self.opening.phase.get_untracked() == Phase::Unreachable {
                        // A trade whose answer was lost is made again.
                        self.begin(token.clone());
                    }
                };
                set_timeout(again, RETRY_AFTER);
            }
            Err(_) => self.opening.phase.set(Phase::NoAccess),
        }
    }

    async fn start(
        self,
        template: &'static Template,
        role: Role,
        (device, epoch, found): (Option<Device>, Option<Epoch>, StoredRecords),
        token: Option<String>,
    ) {
        let driver = self.driver();
        if driver.page.borrow().is_some() {
            // Somebody was impatient, and another attempt was faster.
            return self.hurry();
        }
        self.opening.template.set(Some(template));
        let mut beginning =
            Beginning { has_device: device.is_some(), epoch, found, has_token: token.is_some() };
        let mut replica = fresh(template);
        if !replica.recall(&beginning.found) {
            // Damaged: what can be read of it is set aside, and the server's text is what counts.
            let aside = aside_of(&replica);
            replica = fresh(template);
            if let Some(device) = &device {
                match device.set_aside(&aside).await {
                    Ok(()) => self.device.asides.set(device.asides().await.unwrap_or_default()),
                    Err(error) => self.device.trouble.set(Some(error)),
                }
            }
            beginning.found = StoredRecords::default();
        }
        if driver.page.borrow().is_some() {
            return self.hurry();
        }
        let is_there = !beginning.found.log.is_empty();
        let peer = Peer::new(replica, beginning, crate::state::random());
        let page = Page::new(peer, role, identity::load(), identity::browser(self.id));
        *driver.page.borrow_mut() = Some(page);
        *driver.device.borrow_mut() = device;
        *driver.token.borrow_mut() = token;
        self.listen();
        self.act(Page::start);
        if is_there {
            self.ready();
        }
    }

    /// Tries again to reach the server; all of the page comes anew if a part of it never came.
    pub fn retry(&self) {
        match self.opening.phase.get_untracked() {
            Phase::Unreachable if !surface::is_loaded() => {
                window().location().reload().expect("a page may always load itself anew");
            }
            Phase::Open => self.hurry(),
            _ => self.begin(None),
        }
    }

    /// All that the server had is here, or all that this device had: the page may be shown, once it can show a text.
    pub(super) fn ready(&self) {
        if self.opening.phase.get_untracked() == Phase::Open {
            return;
        }
        if !surface::is_loaded() {
            return self.wait_for_surface();
        }
        self.act(Page::refresh_text);
        self.opening.phase.set(Phase::Open);
    }

    /// Goes on once the surface's script has come, or has failed to.
    fn wait_for_surface(&self) {
        let malbild = *self;
        let look = move || {
            if surface::is_loaded() { malbild.ready() } else { malbild.opening.phase.set(Phase::Unreachable) }
        };
        if document().ready_state() == "complete" {
            return look();
        }
        for event in ["DOMContentLoaded", "load"] {
            window_event_listener_untyped(event, move |_| look());
        }
    }

    /// What stands on this page, to be set aside.
    #[must_use]
    pub fn aside(&self) -> Aside {
        self.ask(|page| aside_of(page.held()))
            .unwrap_or_else(|| Aside { at: js_sys::Date::now(), parts: Vec::new() })
    }

    /// Forgets what was set aside.
    pub fn drop_aside(&self, key: Key) {
        let malbild = *self;
        malbild.device.asides.update(|asides| asides.retain(|(other, _)| *other != key));
        spawn_local(async move {
            let dropped = async { Device::open(malbild.id).await?.drop_aside(key).await };
            if let Err(error) = dropped.await {
                malbild.device.trouble.set(Some(error));
            }
        });
    }

    /// Removes all of this målbild from this device, and leaves the page.
    pub fn remove_from_device(&self) {
        let malbild = *self;
        recent::forget(malbild.id);
        // The start page tells the server, and goes on trying.
        left::note(malbild.id);
        spawn_local(async move {
            match Device::remove(malbild.id).await {
                Ok(()) => window().location().assign("/").expect("the start page is ours"),
                Err(error) => {
                    left::cancel(malbild.id);
                    malbild.device.trouble.set(Some(error));
                }
            }
        });
    }
}

/// Trades a link's token for a session, and asks what the målbild is.
async fn ask_server(id: MalbildId, token: Option<String>) -> Result<MalbildInfo, ApiError> {
    let info = api::enter(id, token.as_deref()).await?;
    if token.is_some() {
        forget_fragment(id);
    }
    Ok(info)
}

/// What the device has of a målbild, if that is enough to show it.
async fn recall(device: &Device) -> Option<(&'static Template, Role, Epoch, StoredRecords)> {
    let about = device.about().await.ok().flatten()?;
    let template = Template::find(&about.template)?;
    let found = device.find(Key(0), Key(0)).await.ok()?;
    if found.is_damaged {
        leptos::logging::warn!("some of what this device kept is damaged");
    }
    (!found.log.is_empty()).then_some((template, about.role, about.epoch, found))
}

/// What stands in a replica, to be set aside.
fn aside_of(replica: &Replica) -> Aside {
    let model = replica.read_model().ok();
    let title = model.as_ref().map(|model| (String::new(), model.title.clone()));
    let sections = model.iter().flat_map(|model| &model.sections);
    let texts = sections.map(|section| (section.heading.clone(), plain(&section.delta)));
    let parts = title.into_iter().chain(texts).filter(|(_, text)| !text.trim().is_empty());
    Aside {
        at: js_sys::Date::now(),
        parts: parts.map(|(heading, text)| Passage { heading, text: text.trim_end().to_owned() }).collect(),
    }
}

/// An empty replica under a new client id.
fn fresh(template: &'static Template) -> Replica {
    let client = ids::client_id(&mut crate::state::random());
    Replica::new(template, client, Arc::new(|| js_sys::Date::now() as u64))
}

/// The token leaves the address bar once it is traded; the rest of the address stays.
pub(super) fn forget_fragment(id: MalbildId) {
    let location = window().location();
    if let (Ok(search), Ok(history)) = (location.search(), window().history()) {
        let address = format!("/m/{id}{search}");
        let replaced = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
        replaced.expect("an address of the page's own origin is allowed");
    }
}
