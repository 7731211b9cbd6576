//! IndexedDB as promises: a database of plain lists with keys that count upward, and transactions whose requests
//! are all made at once. It doesn't know what is in a list.

use std::cell::Cell;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use leptos::prelude::{set_timeout, window};
use samsyn_shared::domain::limits;
use samsyn_shared::sync::device_log::Key;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction};

/// Why this device does not keep what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The browser has no database, or does not let the page use it.
    #[error("this browser keeps nothing")]
    Missing,
    /// There is no space left for it.
    #[error("this device is full")]
    Full,
    /// It failed, or does not answer.
    #[error("this device's storage fails")]
    Failing,
}

impl From<JsValue> for DeviceError {
    fn from(error: JsValue) -> Self {
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        match name.as_deref() {
            Some("QuotaExceededError") => Self::Full,
            Some("SecurityError") => Self::Missing,
            _ => Self::Failing,
        }
    }
}

/// An open database.
#[derive(Debug, Clone)]
pub(super) struct Database(IdbDatabase);

impl Database {
    /// Opens a database with these lists; the first time it makes them.
    pub(super) async fn open(name: &str, lists: &'static [&'static str]) -> Result<Self, DeviceError> {
        let factory = window().indexed_db().ok().flatten().ok_or(DeviceError::Missing)?;
        let request: IdbOpenDbRequest = factory.open_with_u32(name, 1)?;
        let opening = request.clone();
        let make = Closure::once_into_js(move || {
            let counts = Object::new();
            let made = opening.result().and_then(|database| {
                let database: IdbDatabase = database.unchecked_into();
                Reflect::set(&counts, &"autoIncrement".into(), &true.into())?;
                lists.iter().try_for_each(|list| {
                    let parameters = counts.unchecked_ref();
                    database.create_object_store_with_optional_parameters(list, parameters).map(drop)
                })
            });
            if made.is_err() {
                leptos::logging::warn!("this browser did not make the lists");
            }
        });
        request.set_onupgradeneeded(Some(make.unchecked_ref()));
        // A browser may also never answer.
        let given_up = Promise::new(&mut |_, reject| {
            set_timeout(move || drop(reject.call1(&JsValue::NULL, &JsValue::NULL)), limits::DEVICE_PATIENCE);
        });
        let opened = Promise::new(&mut |resolve, reject| {
            request.set_onsuccess(Some(&resolve));
            request.set_onerror(Some(&reject));
        });
        let first = Promise::race(&Array::of2(&opened, &given_up));
        JsFuture::from(first).await.map_err(|_| DeviceError::Missing)?;
        let database: IdbDatabase = request.result()?.unchecked_into();
        // Another tab wants to remove it: that must not wait for this one.
        let closing = database.clone();
        let close = Closure::<dyn Fn()>::new(move || closing.close()).into_js_value();
        database.set_onversionchange(Some(close.unchecked_ref()));
        Ok(Self(database))
    }

    /// Removes a database, once nobody has it open.
    pub(super) async fn remove(name: &str) -> Result<(), DeviceError> {
        let factory = window().indexed_db().ok().flatten().ok_or(DeviceError::Missing)?;
        let request = factory.delete_database(name)?;
        let removed = Promise::new(&mut |resolve, reject| {
            request.set_onsuccess(Some(&resolve));
            request.set_onerror(Some(&reject));
        });
        JsFuture::from(removed).await?;
        Ok(())
    }

    /// Begins to read.
    pub(super) fn read(&self, lists: &[&str]) -> Result<Transaction, DeviceError> {
        self.begin(lists, "readonly", false)
    }

    /// Begins to write: all of it, or nothing. What is written `strictly` survives the loss of power.
    pub(super) fn write(&self, lists: &[&str], strictly: bool) -> Result<Transaction, DeviceError> {
        self.begin(lists, "readwrite", strictly)
    }

    fn begin(&self, lists: &[&str], mode: &str, strictly: bool) -> Result<Transaction, DeviceError> {
        let lists: Array = lists.iter().map(|list| JsValue::from_str(list)).collect();
        let options = Object::new();
        let durability = if strictly { "strict" } else { "relaxed" };
        Reflect::set(&options, &"durability".into(), &durability.into())?;
        // The binding has no options yet.
        let begin: Function = Reflect::get(&self.0, &"transaction".into())?.unchecked_into();
        let raw: IdbTransaction = begin.call3(&self.0, &lists, &mode.into(), &options)?.unchecked_into();
        Ok(Transaction { raw, is_over: Cell::new(false) })
    }
}

/// Requests that take place together. Dropped before it is finished, none of them takes place.
pub(super) struct Transaction {
    raw: IdbTransaction,
    is_over: Cell<bool>,
}

/// What a request will have brought once its transaction is done.
pub(super) struct Answer(IdbRequest);

impl Transaction {
    /// Puts bytes at the end of a list.
    pub(super) fn push(&self, list: &str, bytes: &[u8]) -> Result<Answer, DeviceError> {
        Ok(Answer(self.list(list)?.add(&Uint8Array::from(bytes))?))
    }

    /// Puts a text under a key of its own.
    pub(super) fn put(&self, list: &str, key: &str, text: &str) -> Result<(), DeviceError> {
        self.list(list)?.put_with_key(&text.into(), &key.into())?;
        Ok(())
    }

    /// What stands under such a key.
    pub(super) fn get(&self, list: &str, key: &str) -> Result<Answer, DeviceError> {
        Ok(Answer(self.list(list)?.get(&key.into())?))
    }

    /// Puts a text at the end of a list.
    pub(super) fn push_text(&self, list: &str, text: &str) -> Result<Answer, DeviceError> {
        Ok(Answer(self.list(list)?.add(&text.into())?))
    }

    /// The keys after this one, and what stands under them.
    pub(super) fn all_after(&self, list: &str, key: Key) -> Result<(Answer, Answer), DeviceError> {
        let list = self.list(list)?;
        let range = IdbKeyRange::lower_bound_with_open(&(key.0 as f64).into(), true)?;
        Ok((Answer(list.get_all_keys_with_key(&range)?), Answer(list.get_all_with_key(&range)?)))
    }

    /// Takes one out of a list, if it is there.
    pub(super) fn remove(&self, list: &str, key: Key) -> Result<(), DeviceError> {
        self.list(list)?.delete(&(key.0 as f64).into())?;
        Ok(())
    }

    /// Empties a list.
    pub(super) fn clear(&self, list: &str) -> Result<(), DeviceError> {
        self.list(list)?.clear()?;
        Ok(())
    }

    /// Ends it, and waits until it is done. It is asked to end at once: a page that leaves gets no later turn.
    pub(super) async fn finish(self) -> Result<(), DeviceError> {
        let done = Promise::new(&mut |resolve, reject| {
            self.raw.set_oncomplete(Some(&resolve));
            self.raw.set_onabort(Some(&reject));
        });
        // The binding calls it deprecated, for a draft of long ago.
        if let Ok(commit) = Reflect::get(&self.raw, &"commit".into())?.dyn_into::<Function>() {
            commit.call0(&self.raw)?;
        }
        self.is_over.set(true);
        match JsFuture::from(done).await {
            Ok(_) => Ok(()),
            Err(_) => Err(self.raw.error().map_or(DeviceError::Failing, |error| JsValue::from(error).into())),
        }
    }

    fn list(&self, name: &str) -> Result<IdbObjectStore, DeviceError> {
        Ok(self.raw.object_store(name)?)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.is_over.get() && self.raw.abort().is_err() {
            leptos::logging::warn!("what was begun on this device had ended already");
        }
    }
}

impl Answer {
    /// What came.
    pub(super) fn value(&self) -> Result<JsValue, DeviceError> {
        Ok(self.0.result()?)
    }

    /// The key that was given.
    pub(super) fn key(&self) -> Result<Key, DeviceError> {
        key(&self.value()?)
    }
}

/// A key as a number.
pub(super) fn key(value: &JsValue) -> Result<Key, DeviceError> {
    value.as_f64().map(|number| Key(number as u64)).ok_or(DeviceError::Failing)
}
