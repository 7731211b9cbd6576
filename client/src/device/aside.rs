//! Texts that were set aside on this device: what the server did not take, or what belongs to a history that was
//! replaced. They are never merged with anything; a person reads them and copies what they want to keep.

use samsyn_shared::sync::device_log::Key;
use serde::{Deserialize, Serialize};

use js_sys::Array;
use wasm_bindgen::JsCast as _;

use super::{ABOUT, ASIDE, Device, DeviceError, EDITS, LOG};

/// A målbild's texts, as they stood on the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aside {
    /// When, in milliseconds since 1970.
    pub at: f64,
    /// Those that anything stood in.
    pub parts: Vec<Passage>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The section's heading; empty for the title.
    pub heading: String,
    /// What stood there, without its formatting.
    pub text: String,
}

impl Device {
    /// Keeps a text aside, and forgets the document that it stood in: both or nothing.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn set_aside(&self, aside: &Aside) -> Result<(), DeviceError> {
        let json = serde_json::to_string(aside).expect("texts and numbers are plain JSON");
        let transaction = self.0.write(&[ABOUT, EDITS, LOG, ASIDE], true)?;
        transaction.push_text(ASIDE, &json)?;
        [ABOUT, EDITS, LOG].iter().try_for_each(|list| transaction.clear(list))?;
        transaction.finish().await
    }

    /// What was set aside here, the oldest first.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn asides(&self) -> Result<Vec<(Key, Aside)>, DeviceError> {
        let transaction = self.0.read(&[ASIDE])?;
        let (keys, texts) = transaction.all_after(ASIDE, Key(0))?;
        transaction.finish().await?;
        let (keys, texts): (Array, Array) = (keys.value()?.unchecked_into(), texts.value()?.unchecked_into());
        let read = keys.iter().zip(texts.iter()).filter_map(|(key, text)| {
            let aside = serde_json::from_str(&text.as_string()?).ok()?;
            Some((super::database::key(&key).ok()?, aside))
        });
        Ok(read.collect())
    }

    /// Forgets one.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn drop_aside(&self, key: Key) -> Result<(), DeviceError> {
        let transaction = self.0.write(&[ASIDE], false)?;
        transaction.remove(ASIDE, key)?;
        transaction.finish().await
    }
}
