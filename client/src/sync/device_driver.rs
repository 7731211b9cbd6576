//! What the peer asks of this device: done over the `Device`, in order, and what came of it told.

use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::page::peer::Event;
use samsyn_shared::sync::device_log::{About, Batch, Key};

use super::Driver;
use crate::device::{DeviceError, Tabs};

impl Driver {
    /// Listens to other tabs, and to the page's end.
    pub(super) fn listen_to_device(&self) {
        if self.0.device.is_none() {
            return;
        }
        let (hearing, hiding, leaving) = (self.clone(), self.clone(), self.clone());
        let tabs = Tabs::of(self.0.malbild.id, move || hearing.handle(Event::OthersKept));
        *self.0.tabs.borrow_mut() = Some(tabs);
        window_event_listener(leptos::ev::visibilitychange, move |_| {
            if document().hidden() {
                hiding.leave();
            }
        });
        window_event_listener(leptos::ev::pagehide, move |_| leaving.leave());
    }

    fn leave(&self) {
        self.0.malbild.settle();
        self.handle(Event::Leaving);
    }

    pub(super) fn write(&self, batch: Batch, is_strict: bool) {
        let Some(device) = self.0.device.clone() else { return };
        let driver = self.clone();
        spawn_local(async move {
            let outcome = device.write(batch, is_strict).await;
            driver.tell_trouble(outcome.as_ref().err().copied());
            driver.handle(Event::DeviceWrote(outcome.ok()));
        });
    }

    pub(super) fn read(&self, log: Key, edits: Key) {
        let Some(device) = self.0.device.clone() else { return };
        let driver = self.clone();
        spawn_local(async move {
            let found = device.find(log, edits).await;
            if let Err(error) = &found {
                driver.tell_trouble(Some(*error));
            }
            driver.handle(Event::DeviceRead(found.ok()));
        });
    }

    pub(super) fn note(&self, about: About) {
        let Some(device) = self.0.device.clone() else { return };
        let driver = self.clone();
        spawn_local(async move {
            if let Err(error) = device.note(&about).await {
                driver.tell_trouble(Some(error));
                driver.handle(Event::NotNoted);
            }
        });
    }

    pub(super) fn set_aside(&self) {
        let Some(device) = self.0.device.clone() else { return };
        let (driver, aside) = (self.clone(), self.0.malbild.aside());
        spawn_local(async move {
            let outcome = device.set_aside(&aside).await;
            driver.tell_trouble(outcome.err());
            driver.0.malbild.asides.set(device.asides().await.unwrap_or_default());
        });
    }

    fn tell_trouble(&self, trouble: Option<DeviceError>) {
        let shown = self.0.malbild.device;
        if shown.get_untracked() != trouble {
            shown.set(trouble);
        }
    }
}
