//! How the room is doing, for who leads the work: how many have everything, who was lost and since when, and on whose
//! device something waits.

use leptos::prelude::*;

use super::browser;
use super::desk::Desk;
use super::people_list::people_list;
use crate::malbild::Malbild;
use crate::words::words;

/// The room and those who were lost.
pub(super) fn health(desk: Desk) -> AnyView {
    let w = words();
    let malbild = desk.malbild;
    let lost = Memo::new(move |_| malbild.people.read().lost.clone());
    let absent = move || {
        let absentees = lost.get();
        if absentees.is_empty() {
            return ().into_any();
        }
        view! {
            <h3>{w.absent_heading}</h3>
            <div data-absent="">{people_list(desk, &absentees)}</div>
            <p class="hint">{w.absent_hint}</p>
        }
        .into_any()
    };
    view! { <p class="hint" data-room="" prop:textContent=move || room(malbild)></p>{move || absent()} }
        .into_any()
}

/// The room in one line; nothing while the server is not reached.
pub(super) fn room(malbild: Malbild) -> String {
    match malbild.room.read().on_disk_at {
        Some(at) => {
            (words().room)(malbild.room.read().in_step, malbild.room.read().connected, &browser::clock(at))
        }
        None => String::new(),
    }
}
