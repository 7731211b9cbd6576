//! What this browser keeps of a målbild, so that it opens without a network and no word is lost with the page: a
//! database of its own in IndexedDB. It doesn't know the document, nor when something is to be kept.

mod aside;
mod database;
mod tabs;

use js_sys::{Array, Uint8Array};
use samsyn_shared::MalbildId;
use samsyn_shared::sync::device_log::{About, Batch, Key, Record, StoredRecords, Written};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

pub use self::aside::{Aside, Passage};
pub use self::database::DeviceError;
use self::database::{Answer, Database};
pub use self::tabs::Tabs;

/// What the målbild is; one text.
const ABOUT: &str = "about";
/// The queue of edits that are not known to be on the server's disk.
const EDITS: &str = "edits";
/// Everything else that the document got, and now and then the whole of it.
const LOG: &str = "log";
/// Texts that were set aside.
const ASIDE: &str = "aside";

/// This browser's part of one målbild. `Clone`: it is one and the same.
#[derive(Debug, Clone)]
pub struct Device(Database);

/// The database's name, and that of the channel between tabs.
fn name(id: MalbildId) -> String {
    format!("samsyn/{id}")
}

impl Device {
    /// Opens it, empty the first time.
    ///
    /// # Errors
    /// [`DeviceError`]; then nothing is kept.
    pub async fn open(id: MalbildId) -> Result<Self, DeviceError> {
        Database::open(&name(id), &[ABOUT, EDITS, LOG, ASIDE]).await.map(Self)
    }

    /// Forgets all of a målbild.
    ///
    /// # Errors
    /// [`DeviceError`]; then it may still be there.
    pub async fn remove(id: MalbildId) -> Result<(), DeviceError> {
        Database::remove(&name(id)).await
    }

    /// What it knows of the målbild; nothing if it was never open here.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn about(&self) -> Result<Option<About>, DeviceError> {
        let transaction = self.0.read(&[ABOUT])?;
        let about = transaction.get(ABOUT, ABOUT)?;
        transaction.finish().await?;
        Ok(about.value()?.as_string().and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// Notes what the målbild is.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn note(&self, about: &About) -> Result<(), DeviceError> {
        let json = serde_json::to_string(about).expect("texts and numbers are plain JSON");
        let transaction = self.0.write(&[ABOUT], false)?;
        transaction.put(ABOUT, ABOUT, &json)?;
        transaction.finish().await
    }

    /// What stands in the two lists after these keys.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn find(&self, log: Key, edits: Key) -> Result<StoredRecords, DeviceError> {
        let transaction = self.0.read(&[EDITS, LOG])?;
        // What moves from one list to the other is in both for this transaction, or in one: in none never.
        let (log, edits) = (transaction.all_after(LOG, log)?, transaction.all_after(EDITS, edits)?);
        transaction.finish().await?;
        let mut found = StoredRecords::default();
        found.log = records(&log, &mut found.is_damaged)?;
        found.edits = records(&edits, &mut found.is_damaged)?;
        Ok(found)
    }

    /// Performs a batch, all of it or nothing. `strictly` when nobody else has what is in it.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn write(&self, batch: Batch, strictly: bool) -> Result<Written, DeviceError> {
        let transaction = self.0.write(&[EDITS, LOG], strictly)?;
        let push = |list, record: Option<&bytes::Bytes>| {
            record.map(|record| transaction.push(list, record)).transpose()
        };
        let edits = push(EDITS, batch.edits.as_ref())?;
        let log = push(LOG, batch.log.as_ref())?;
        batch.remove_edits.iter().try_for_each(|key| transaction.remove(EDITS, *key))?;
        batch.remove_log.iter().try_for_each(|key| transaction.remove(LOG, *key))?;
        transaction.finish().await?;
        let key = |answer: Option<Answer>| answer.map(|answer| answer.key()).transpose();
        Ok(Written { edits: key(edits)?, log: key(log)? })
    }
}

/// Asks the browser not to clear what is kept here when space gets short. It may refuse.
pub async fn ask_to_persist() {
    let storage = leptos::prelude::window().navigator().storage();
    if let Ok(asked) = storage.persist()
        && JsFuture::from(asked).await.is_err()
    {
        leptos::logging::warn!("this browser may clear what is kept here when space gets short");
    }
}

fn records(
    (keys, values): &(Answer, Answer),
    is_damaged: &mut bool,
) -> Result<Vec<(Key, usize, Record)>, DeviceError> {
    let (keys, values): (Array, Array) = (keys.value()?.unchecked_into(), values.value()?.unchecked_into());
    let mut records = Vec::new();
    for (number, value) in keys.iter().zip(values.iter()) {
        let bytes = Uint8Array::new(&value).to_vec();
        match Record::decode(&bytes) {
            Ok(record) => records.push((database::key(&number)?, bytes.len(), record)),
            Err(_) => *is_damaged = true,
        }
    }
    Ok(records)
}
