//! The real subscriber, for the whole process, as loud as it may be asked to be.

use std::io;
use std::sync::Arc;

use samsyn_shared::{Epoch, MalbildId, Template};

use super::*;
use crate::malbild::MalbildRecord;
use crate::malbild::birth::make;
use crate::store::{Storage, Time, engine};

/// What was written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[tokio::test]
async fn at_the_finest_level_nothing_that_is_stored_shows() {
    let written = Written::default();
    tracing::subscriber::set_global_default(subscriber(Some("trace"), "info", written.clone(), false))
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let id = MalbildId::generate(&mut rand::rng());
    {
        let storage = Storage::start(engine::open(dir.path()).unwrap());
        let record = MalbildRecord::new(id, Template::find("tom").unwrap(), Epoch(7), Time(0));
        make(&storage, &record, "Snöoväder", Vec::new()).await.unwrap();
        storage.close().await;
    }
    drop(engine::open(dir.path()).unwrap());
    tracing::info!("ours");
    log::error!("sled says: Snöoväder");
    tracing::error!(target: "tungstenite::protocol", "a frame: Snöoväder");
    tracing::trace!(target: "hyper::proto", "a header: Snöoväder");
    tracing::error!(target: "samsyn_evil", "Snöoväder");
    tracing::warn!(target: "hyper::proto", "a warning");
    let text = written.text();
    assert!(text.contains("ours") && text.contains("a warning"), "{text}");
    let bytes = format!("{:?}", "Snöoväder".as_bytes());
    for hidden in ["Snöoväder", bytes.trim_matches(['[', ']']), "sled", "pagecache", "tungstenite"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

#[test]
fn of_each_kind_from_outside_there_is_one_line_a_second_and_it_says_how_many_are_missing() {
    let written = Written::default();
    let subscriber = subscriber(None, "info", written.clone(), false);
    let one = || tracing::info!(target: "samsyn_server::room::state", "one");
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..1000 {
            one();
            tracing::info!(target: "samsyn_server::http", "two");
        }
        for _ in 0..3 {
            tracing::info!(target: "samsyn_server::httpd", "three");
        }
        let begun = Instant::now();
        while begun.elapsed() < PACE {
            std::thread::yield_now();
        }
        one();
    });
    let text = written.text();
    let count = |word: &str| text.lines().filter(|line| line.contains(word)).count();
    assert_eq!((count("one"), count("two"), count("three")), (2, 1, 3), "{text}");
    assert!(text.lines().last().unwrap().ends_with("one left_out=999"), "{text}");
}

#[test]
fn what_is_no_filter_counts_as_none() {
    let written = Written::default();
    tracing::subscriber::with_default(
        subscriber(Some("samsyn=loudest"), "warn", written.clone(), false),
        || {
            tracing::info!("a whisper");
            tracing::warn!("a warning");
        },
    );
    assert!(written.text().contains("a warning") && !written.text().contains("a whisper"));
}
