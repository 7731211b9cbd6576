//! The other tabs of this browser that have the same målbild open: whoever kept something says so, and the others
//! read it from the device. Where there is no such channel they learn it from the server.

use samsyn_shared::MalbildId;
use wasm_bindgen::prelude::*;
use web_sys::BroadcastChannel;

/// The way to them.
pub struct Tabs {
    channel: Option<BroadcastChannel>,
    _heard: Closure<dyn Fn()>,
}

impl Tabs {
    /// `heard` is called when another tab has kept something.
    pub fn of(id: MalbildId, heard: impl Fn() + 'static) -> Self {
        let channel = BroadcastChannel::new(&super::name(id)).ok();
        let heard = Closure::new(heard);
        if let Some(channel) = &channel {
            channel.set_onmessage(Some(AsRef::<JsValue>::as_ref(&heard).unchecked_ref()));
        }
        Self { channel, _heard: heard }
    }

    /// Tells them that something was kept.
    pub fn tell(&self) {
        let told = self.channel.as_ref().map(|channel| channel.post_message(&JsValue::TRUE));
        if told.is_some_and(|told| told.is_err()) {
            leptos::logging::warn!("the other tabs were not told");
        }
    }
}
