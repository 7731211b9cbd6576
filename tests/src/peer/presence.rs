//! Who a peer says that it is, and what it hears of others.

use anyhow::{Context, Result};
use samsyn_shared::sync::presence::{Cursor, Presence, User};
use samsyn_shared::sync::protocol::{Message, PresenceEntry, decode_presence, encode_presence};
use yrs::{Assoc, IndexedSequence, ReadTxn, Transact};

use super::{Peer, root};

impl Peer {
    /// Says who this is and where the caret is, in the shape that y-quill writes.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn announce(&mut self, state: &str) -> Result<()> {
        self.presence_clock += 1;
        let entry =
            PresenceEntry { client: self.client(), clock: self.presence_clock, state: state.to_owned() };
        self.send(&Message::Presence(encode_presence(&[entry]))).await
    }

    /// Says that this is somebody of an organisation, who has selected this in a section.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn appear(&mut self, who: (&str, &str), section: &str, anchor: u32, head: u32) -> Result<()> {
        self.appear_with(0, who, section, anchor, head).await
    }

    /// Says who this is, that so many of its changes wait on its device, and from where to where its selection
    /// reaches.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn appear_with(
        &mut self,
        unsaved: u32,
        who: (&str, &str),
        section: &str,
        anchor: u32,
        head: u32,
    ) -> Result<()> {
        let user = User { name: who.0.to_owned(), organisation: who.1.to_owned(), color: String::new() };
        let cursor = Cursor { anchor: self.anchor(section, anchor)?, head: self.anchor(section, head)? };
        let presence = Presence { user, cursor: Some(cursor), unsaved, ..Presence::default() };
        self.announce(&serde_json::to_string(&presence)?).await
    }

    fn anchor(&self, section: &str, index: u32) -> Result<serde_json::Value> {
        let txn = self.doc.try_transact()?;
        let text = txn.get_text(root(section).as_str()).context("no such section")?;
        let index = text.sticky_index(&txn, index, Assoc::After).context("no such place")?;
        Ok(serde_json::to_value(index)?)
    }

    /// Listens until somebody's presence is so; answers with its state.
    ///
    /// # Errors
    /// When nobody's ever is.
    pub async fn wait_for_presence(
        &mut self,
        holds: impl Fn(&PresenceEntry) -> bool,
    ) -> Result<PresenceEntry> {
        self.wait_for("a presence", |message| match message {
            Message::Presence(bytes) => decode_presence(bytes).ok()?.into_iter().find(&holds),
            _ => None,
        })
        .await
    }
}
