//! The service worker, as the page knows it: a file that the browser is asked to run. What it keeps and when it
//! answers in the server's place is in `client/worker/worker.ts`.

use std::time::Duration;

use js_sys::Promise;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Until then the page is in use, and nothing that the worker fetches is in its way.
const REST: Duration = Duration::from_secs(2);

/// Has the browser keep the page's files, so that it opens without a network, too. A browser that does not is
/// served by the network alone.
pub fn install() {
    // Over plain HTTP, as on many a local network, there are no workers.
    if window().is_secure_context() {
        set_timeout(|| spawn_local(register_worker()), REST);
    }
}

async fn register_worker() {
    let registered = async { JsFuture::from(register("/worker.js")?).await };
    if let Err(why) = registered.await {
        leptos::logging::warn!("this browser does not keep the page for when there is no network: {why:?}");
    }
}

#[wasm_bindgen]
extern "C" {
    /// Caught, since in a private window of some browsers there is no `serviceWorker`.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "serviceWorker"])]
    fn register(path: &str) -> Result<Promise, JsValue>;
}
