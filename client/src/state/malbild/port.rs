//! What sync is told and what it tells: the målbild as it looks from the network.

use bytes::Bytes;
use leptos::prelude::*;
use samsyn_shared::client_session::Stopped;
use samsyn_shared::protocol::PresenceEntry;
use samsyn_shared::{Role, SyncStatus};

use super::{Malbild, Phase, set_changed};
use crate::state::replica::IntegrateError;

/// The way out of the state: what sync is told.
pub struct Port {
    /// This page changed the document.
    pub edited: Box<dyn Fn(Bytes)>,
    /// This page's presence changed.
    pub presence: Box<dyn Fn(PresenceEntry)>,
    /// The person asks to try again.
    pub retry: Box<dyn Fn()>,
}

impl Malbild {
    /// Lets sync hear of what happens here.
    pub fn plug(&self, port: Port) {
        *self.core().port.borrow_mut() = Some(port);
    }

    /// The document's state vector.
    #[must_use]
    pub fn vector(&self) -> Bytes {
        self.with_replica(|replica| replica.vector().expect("no transaction outlives a function of Replica"))
            .unwrap_or_default()
    }

    /// All that the document has beyond a state vector.
    ///
    /// # Errors
    /// [`IntegrateError::Invalid`] when it is no state vector.
    pub fn difference(&self, vector: &[u8]) -> Result<Bytes, IntegrateError> {
        self.with_replica(|replica| replica.difference(vector)).unwrap_or(Err(IntegrateError::Invalid))
    }

    /// Takes an update of others.
    ///
    /// # Errors
    /// [`IntegrateError`] when it does not apply.
    pub fn integrate(&self, update: &[u8]) -> Result<(), IntegrateError> {
        let changes =
            self.with_replica(|replica| replica.integrate(update)).unwrap_or(Err(IntegrateError::Invalid))?;
        self.show(&changes);
        Ok(())
    }

    /// All that the server had is here: the page may be shown.
    pub fn in_step(&self) {
        if self.phase.get_untracked() != Phase::Open {
            self.refresh_title();
            self.refresh_filled();
            self.phase.set(Phase::Open);
        }
    }

    /// What the status line may claim.
    pub fn report(&self, status: SyncStatus, pending: usize, role: Option<Role>) {
        if status == SyncStatus::Saved && self.status.get_untracked() != status {
            self.saved_at.set(Some(js_sys::Date::now()));
        }
        set_changed(self.status, status);
        set_changed(self.pending, pending);
        if let Some(role) = role.filter(|role| *role != self.role.get_untracked()) {
            self.role.set(role);
            for section in self.sections() {
                section.surface.set_editable(role.may_write_content());
            }
        }
    }

    /// Syncing ended for good; the text stays as it is.
    pub fn stop(&self, why: Stopped) {
        self.stopped.set(Some(why));
        set_changed(self.status, SyncStatus::Error);
        for section in self.sections() {
            section.surface.set_editable(false);
        }
    }
}
