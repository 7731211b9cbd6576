//! What the peer asks of this device: done over the `Device`, in order, and what came of it told.

use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::page::peer::Event;
use samsyn_shared::sync::device_log::{About, Batch, Key};

use super::Malbild;
use super::signals::set_changed;
use crate::device::{DeviceError, Tabs};

impl Malbild {
    /// Listens to other tabs, if this browser keeps anything.
    pub(super) fn listen_to_tabs(self) {
        let driver = self.driver();
        if driver.device.borrow().is_some() {
            let tabs = Tabs::of(self.id, move || self.tell_peer(Event::OthersKept));
            *driver.tabs.borrow_mut() = Some(tabs);
        }
    }

    pub(super) fn write(&self, batch: Batch, is_strict: bool) {
        let Some(device) = self.driver().device.borrow().clone() else { return };
        let malbild = *self;
        spawn_local(async move {
            let outcome = device.write(batch, is_strict).await;
            malbild.tell_trouble(outcome.as_ref().err().copied());
            malbild.tell_peer(Event::DeviceWrote(outcome.ok()));
        });
    }

    pub(super) fn read(&self, log: Key, edits: Key) {
        let Some(device) = self.driver().device.borrow().clone() else { return };
        let malbild = *self;
        spawn_local(async move {
            let found = device.find(log, edits).await;
            if let Err(error) = &found {
                malbild.tell_trouble(Some(*error));
            }
            malbild.tell_peer(Event::DeviceRead(found.ok()));
        });
    }

    pub(super) fn note(&self, about: About) {
        let Some(device) = self.driver().device.borrow().clone() else { return };
        let malbild = *self;
        spawn_local(async move {
            if let Err(error) = device.note(&about).await {
                malbild.tell_trouble(Some(error));
                malbild.tell_peer(Event::NotNoted);
            }
        });
    }

    pub(super) fn set_aside(&self) {
        let Some(device) = self.driver().device.borrow().clone() else { return };
        let (malbild, aside) = (*self, self.aside());
        spawn_local(async move {
            let outcome = device.set_aside(&aside).await;
            malbild.tell_trouble(outcome.err());
            malbild.device.asides.set(device.asides().await.unwrap_or_default());
        });
    }

    fn tell_trouble(&self, trouble: Option<DeviceError>) {
        set_changed(self.device.trouble, &trouble);
    }
}
