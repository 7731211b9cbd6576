//! How a journal begins: its first entry, which says of which målbild it is and who may enter it then.
//!
//! It doesn't know where the seats come from.

use bytes::Bytes;
use rand::RngCore;
use samsyn_shared::domain::malbild_kind::MalbildKind;
use samsyn_shared::journal::{Act, Journal, Opened, OpenedSeat, Origin, Salt, Stamp};
use samsyn_shared::{ActId, MalbildId, Role, SeatId, Timestamp};

use super::MalbildRecord;
use crate::store::{DocumentId, Time, Write};

/// A journal that is to begin.
#[derive(Debug)]
pub struct Beginning {
    malbild: MalbildId,
    opened: Opened,
}

impl Beginning {
    /// Of the målbild of a record, with these seats.
    #[must_use]
    pub fn of(record: &MalbildRecord, seats: impl IntoIterator<Item = (SeatId, Role)>) -> Self {
        let seats = seats.into_iter().map(|(id, role)| OpenedSeat { id, role }).collect();
        let (malbild, template) = (record.id, record.template.identifier());
        let opened = Opened { malbild, kind: MalbildKind::Skarpt, template, seats, origin: None };
        Self { malbild, opened }
    }

    /// Of a målbild of this kind.
    #[must_use]
    pub fn with_kind(mut self, kind: MalbildKind) -> Self {
        self.opened.kind = kind;
        self
    }

    /// Of a målbild that was made out of what another was.
    #[must_use]
    pub fn out_of(mut self, origin: Option<Origin>) -> Self {
        self.opened.origin = origin;
        self
    }

    /// The write of its first entry.
    #[must_use]
    pub fn write(self, now: Time, rng: &mut impl RngCore) -> Write {
        let (id, salt) = (ActId::generate(rng), Salt::generate(rng));
        let stamp = Stamp { at: Timestamp::from_millis(now.0), salt };
        let entry = Journal::default().note(&Act::Opened(self.opened), id, stamp);
        Write::Append { document: DocumentId::journal(self.malbild), update: Bytes::from(entry.encode()) }
    }
}
