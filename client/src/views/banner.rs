//! What one must know before one writes on, above the sheet: that writing has ended and why, that this device keeps
//! nothing, that text was set aside.

use leptos::prelude::*;
use samsyn_shared::Permission;
use samsyn_shared::sync::client_session::Stopped;

use super::desk::{Desk, Panel};
use super::notice::reload_button;
use super::part::act;
use crate::words::words;

/// The banner, when there is something to say.
pub(super) fn banner(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let stopped = move |why: Stopped| {
        let then = match (malbild.device.trouble.get(), why) {
            (Some(_), _) => w.stopped_unkept,
            (None, Stopped::NewerServer | Stopped::NoAccess) => w.stopped_kept,
            (None, _) => w.stopped_aside,
        };
        view! {
            <div class="banner" role="alert">
                <p><strong>{(w.stopped)(why)}</strong>" "{then}</p>
                {reload_button()}
            </div>
        }
    };
    let unkept = move || {
        let trouble =
            malbild.device.trouble.get().filter(|_| malbild.writer.read().role.may(Permission::WriteContent));
        trouble.map(
            |trouble| view! { <div class="banner" role="status"><p>{(w.device)(Some(trouble))}</p></div> },
        )
    };
    let aside = move || {
        let show = move |_| desk.panel.set(Some(Panel::Aside));
        (!malbild.device.asides.get().is_empty()).then(|| {
            view! {
                <div class="banner" role="status">
                    <p>{w.aside_there}</p>
                    <div>
                        <button type="button" class="button" data-action="aside" on:click=act(show)>
                            {w.aside_show}
                        </button>
                    </div>
                </div>
            }
        })
    };
    move || match malbild.writer.read().stopped {
        Some(why) => stopped(why).into_any(),
        None => view! { {unkept()} {aside()} }.into_any(),
    }
}
