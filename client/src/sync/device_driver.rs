//! Keeps what the document gets on this device, and brings in what other tabs kept there: performs the batches of
//! [`samsyn_shared::device_log`] over the [`Device`]. What fails is tried again, and meanwhile the state knows that
//! words are only in memory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use rand::Rng as _;
use samsyn_shared::client_session::Event;
use samsyn_shared::device_log::{DeviceLog, Due, Key, Record};
use samsyn_shared::{WriteNumber, limits};

use super::Link;
use crate::device::{self, About, Device, DeviceError, StoredRecords, Tabs};

/// What this page keeps on the device, and how far it has read there.
pub(super) struct DeviceDriver {
    device: Option<Device>,
    log: RefCell<DeviceLog>,
    tabs: RefCell<Option<Tabs>>,
    read: Cell<(Key, Key)>,
    is_reading: Cell<bool>,
    is_behind: Cell<bool>,
    noted: RefCell<Option<About>>,
    has_asked: Cell<bool>,
    /// What stands on the page is set aside, and no longer what the device keeps.
    is_aside: Cell<bool>,
}

impl DeviceDriver {
    pub(super) fn on(device: Option<Device>) -> Self {
        let tab = crate::state::random().random_range(0..limits::NUMBER_END);
        Self {
            device,
            log: RefCell::new(DeviceLog::of(tab)),
            tabs: RefCell::default(),
            read: Cell::default(),
            is_reading: Cell::default(),
            is_behind: Cell::default(),
            noted: RefCell::default(),
            has_asked: Cell::default(),
            is_aside: Cell::default(),
        }
    }

    /// The page got this from the server.
    pub(super) fn integrated(&self, update: bytes::Bytes) {
        if self.device.is_some() {
            self.log.borrow_mut().integrated(update);
        }
    }

    /// The server has the edits up to this number on disk.
    pub(super) fn saved(&self, number: WriteNumber) {
        self.log.borrow_mut().saved(number);
    }
}

impl Link {
    /// Takes over what was found when the page opened, and listens to other tabs from now on.
    pub(super) fn adopt(self: &Rc<Self>, found: StoredRecords) {
        self.import(found, false);
        let Some(_) = &self.device.device else { return };
        let (hearing, ripening, hiding, leaving) = (self.clone(), self.clone(), self.clone(), self.clone());
        let tabs = Tabs::of(self.malbild.id, move || hearing.read_new_records());
        *self.device.tabs.borrow_mut() = Some(tabs);
        // What was kept between the reading and the listening is read now.
        self.read_new_records();
        set_interval(move || ripening.keep(Due::All), limits::DEVICE_LOG_EVERY);
        window_event_listener(leptos::ev::visibilitychange, move |_| {
            if document().hidden() {
                hiding.leave();
            }
        });
        window_event_listener(leptos::ev::pagehide, move |_| leaving.leave());
    }

    /// The page may end now, without another word.
    fn leave(self: &Rc<Self>) {
        self.malbild.settle();
        self.keep(Due::Leaving);
    }

    /// This page made an edit.
    pub(super) fn keep_edit(self: &Rc<Self>, number: WriteNumber, update: bytes::Bytes) {
        if self.device.device.is_none() {
            return self.handle(Event::Kept(number));
        }
        self.device.log.borrow_mut().edited(number, update);
        if self.device.log.borrow().is_failing() {
            self.handle(Event::Kept(number));
        }
        self.keep(Due::Edits);
    }

    /// Has the device write what is due.
    fn keep(self: &Rc<Self>, due: Due) {
        let Some(device) = self.device.device.clone().filter(|_| !self.device.is_aside.get()) else { return };
        let Some(batch) = self.device.log.borrow_mut().next(due, || self.malbild.whole()) else { return };
        let link = self.clone();
        let has_edits = batch.edits.is_some();
        // While the server is not reached, nobody else has them.
        let strictly = has_edits && self.connection.borrow().is_none();
        spawn_local(async move {
            let outcome = device.write(batch, strictly).await;
            let kept = match &outcome {
                Ok(written) => link.device.log.borrow_mut().written(*written),
                Err(_) => link.device.log.borrow_mut().failed(),
            };
            link.tell_device(outcome.as_ref().err().copied());
            if has_edits {
                if let (Ok(_), Some(tabs)) = (&outcome, &*link.device.tabs.borrow()) {
                    tabs.tell();
                }
                link.handle(Event::Kept(kept));
            }
            if outcome.is_ok() {
                link.ask_to_persist();
                link.keep(Due::Edits);
            }
        });
    }

    fn tell_device(&self, trouble: Option<DeviceError>) {
        if self.malbild.device.get_untracked() != trouble {
            self.malbild.device.set(trouble);
        }
    }

    /// Somebody who writes here wants it to stay.
    fn ask_to_persist(&self) {
        if !self.device.has_asked.replace(true) {
            spawn_local(device::ask_to_persist());
        }
    }

    /// Reads what other tabs kept since.
    fn read_new_records(self: &Rc<Self>) {
        if self.device.is_reading.replace(true) {
            return self.device.is_behind.set(true);
        }
        let Some(device) = self.device.device.clone() else { return };
        let link = self.clone();
        spawn_local(async move {
            let (log, edits) = link.device.read.get();
            match device.find(log, edits).await {
                Ok(found) => link.import(found, true),
                Err(error) => link.tell_device(Some(error)),
            }
            link.device.is_reading.set(false);
            if link.device.is_behind.replace(false) {
                link.read_new_records();
            }
        });
    }

    /// Takes what was found: into the document too, if it `is_new` there. What this page kept itself it knows.
    fn import(self: &Rc<Self>, found: StoredRecords, is_new: bool) {
        let (mut log, mut edits) = self.device.read.get();
        for (key, weight, record) in found.log {
            log = log.max(key);
            if !self.device.log.borrow().is_own(&record) && self.integrate_record(&record, is_new) {
                self.device.log.borrow_mut().read(key, weight);
            }
        }
        for (key, _, record) in found.edits {
            edits = edits.max(key);
            if !self.device.log.borrow().is_own(&record) && self.integrate_record(&record, is_new) {
                for update in &record.updates {
                    self.handle(Event::Found(update.clone()));
                }
                let number = self.session.borrow().last();
                self.device.log.borrow_mut().found(key, number, record);
            }
        }
        self.device.read.set((log, edits));
    }

    fn integrate_record(&self, record: &Record, is_new: bool) -> bool {
        !is_new || record.updates.iter().all(|update| self.malbild.integrate(update).is_ok())
    }

    /// Notes what the målbild is, once that is known and when it changes.
    pub(super) fn note(self: &Rc<Self>) {
        let (epoch, role) = {
            let session = self.session.borrow();
            (session.epoch(), session.role())
        };
        let template = self.malbild.template.get_untracked().map(samsyn_shared::Template::identifier);
        let (Some(device), Some(epoch), Some(role), Some(template)) =
            (self.device.device.clone(), epoch, role, template)
        else {
            return;
        };
        let about = About { template, role, epoch };
        if self.device.noted.borrow().as_ref() == Some(&about) || self.done.get() {
            return;
        }
        *self.device.noted.borrow_mut() = Some(about.clone());
        let link = self.clone();
        spawn_local(async move {
            if let Err(error) = device.note(&about).await {
                link.tell_device(Some(error));
                *link.device.noted.borrow_mut() = None;
            }
        });
    }

    /// Sets aside what stands on the page, so that the next page load begins with what the server has.
    pub(super) fn set_aside(self: &Rc<Self>) {
        let Some(device) = self.device.device.clone() else { return };
        self.device.is_aside.set(true);
        let (link, aside) = (self.clone(), self.malbild.aside());
        spawn_local(async move {
            let outcome = device.set_aside(&aside).await;
            link.tell_device(outcome.err());
            link.malbild.asides.set(device.asides().await.unwrap_or_default());
        });
    }
}
