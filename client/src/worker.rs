//! The service worker, as the page knows it: a file that the browser is asked to run. What it keeps and when it
//! answers in the server's place is in `client/worker/worker.ts`.
//!
//! The service worker keeps the page and its files, by their version. A file's name holds a hash of its content, fonts and
//! icon too, so any version's copy of a name is the right one, and nothing can be mixed; only `/` says which version runs. It is
//! asked of the server first, for at most 2 s, and else shown as it was kept last, also by a worker that still waits: a page never
//! goes back to an older version than the one that wrote this browser's storage. Cache first would have been faster by one
//! request, and everybody one release behind. A new worker takes over when no page of the old one is open, as browsers
//! have it by themselves, and only then removes what the old one kept: no list of who needs what, no `skipWaiting`.
//!
//! The build puts one line before the worker's bundle, the version and the list of files; the server knows nothing of it but
//! the policy that lets it fetch.
//!
//! Invariant: The page opens without a network, and whoever reaches the server runs the server's release, never one
//! mixed of two (`the_page_opens_three_times_without_a_server`,
//! `whoever_reaches_the_server_runs_its_release_and_without_it_the_last_that_was_kept`,
//! `a_worker_that_is_gone_from_the_server_traps_nobody`); of the API nothing is kept
//! (`all_of_the_page_is_kept_and_nothing_of_the_api`).

use std::cell::RefCell;
use std::time::Duration;

use js_sys::Promise;
use leptos::prelude::*;
use leptos::task::spawn_local;
use rand::Rng as _;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::state::{REACHED, random};

/// Until then the page is in use, and nothing that the worker fetches is in its way.
const SETTLES: Duration = Duration::from_secs(2);

/// Pages that reach a server again ask it within so long, not all at once.
const SPREAD: Duration = Duration::from_secs(8);

thread_local! {
    /// What the browser answered, once it has the worker.
    static REGISTRATION: RefCell<Option<Registration>> = const { RefCell::new(None) };
}

/// Has the browser keep the page's files, so that it opens without a network, too. A browser that does not is
/// served by the network alone.
pub fn install() {
    look_after(SETTLES);
    window_event_listener_untyped(REACHED, move |_| {
        look_after(SETTLES + SPREAD.mul_f64(random().random()));
    });
}

/// Asks the server which worker it has, and so which release. A browser asks by itself only when the page is opened:
/// where that failed, as on a network that had just come back, the older release would stay.
fn look_after(rest: Duration) {
    // Over plain HTTP, as on many a local network, there are no workers.
    if window().is_secure_context() {
        set_timeout(|| spawn_local(look()), rest);
    }
}

async fn look() {
    let looked = match REGISTRATION.with_borrow(Clone::clone) {
        Some(registration) => settled(registration.update()).await,
        None => settled(register("/worker.js")).await.map(|registration| {
            REGISTRATION.set(Some(registration.unchecked_into()));
            JsValue::UNDEFINED
        }),
    };
    if let Err(why) = looked {
        leptos::logging::warn!("this browser does not keep the page for when there is no network: {why:?}");
    }
}

async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

#[wasm_bindgen]
extern "C" {
    /// A `ServiceWorkerRegistration`.
    #[derive(Clone)]
    type Registration;

    /// Caught, since in a private window of some browsers there is no `serviceWorker`.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "serviceWorker"])]
    fn register(path: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn update(this: &Registration) -> Result<Promise, JsValue>;
}
