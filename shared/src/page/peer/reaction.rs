//! What happens to a peer, and what is to be done about it.

use bytes::Bytes;

#[cfg(doc)]
use super::Peer;
use crate::page::replica::Change;
use crate::sync::client_session::Stopped;
use crate::sync::device_log::{About, Batch, Key, StoredRecords, Written};
use crate::sync::protocol::PresenceEntry;
use crate::sync::transport::Transport;

/// Numbers an attempt to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt(pub(super) u64);

/// What the server's answer to a request said of this browser's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may open the målbild.
    Open,
    /// It may not, or there is none.
    Denied,
    /// There was no answer.
    Unknown,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The page begins to sync.
    Started,
    /// The time that [`Peer::wake_in`] said has come.
    Woke,
    /// The replica was changed here, by this update.
    Edited(Bytes),
    /// This page's presence is to be told.
    Announced(PresenceEntry),
    /// A connection is open: what is sent from now on arrives, or it is closed.
    Opened(Attempt),
    /// A message came over it.
    Received(Attempt, Bytes),
    /// It is gone, or never opened; and the code that the server closed it with, if it gave one (see
    /// [`CloseCode`](crate::sync::protocol::CloseCode)). May be said more than once.
    Closed(Attempt, Option<u16>),
    /// What [`Effect::TradeToken`] asked for was tried.
    TokenTraded {
        /// For which attempt.
        attempt: Attempt,
        /// Whether the server answered, whatever it said.
        is_reached: bool,
    },
    /// The answer to [`Effect::AskForAccess`].
    AccessAnswered(Access),
    /// The browser has another network.
    NetworkChanged,
    /// The page is looked at again.
    Shown,
    /// The person asks to try again.
    RetryAsked,
    /// The page may end now, without another word.
    Leaving,
    /// What [`Effect::Write`] asked for is written, or could not be.
    DeviceWrote(Option<Written>),
    /// What [`Effect::Read`] asked for, unless it could not be read.
    DeviceRead(Option<StoredRecords>),
    /// What [`Effect::Note`] asked for could not be done.
    NotNoted,
    /// Another tab of this browser has kept something.
    OthersKept,
}

/// What is to be done, in this order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Begin to open a connection, which says of which attempt it is.
    Connect(Attempt, Transport),
    /// Close the connection; it says nothing more.
    Disconnect,
    /// Send this message, if a connection is open.
    Transmit(Bytes),
    /// Trade the link's token for a session; then say `TokenTraded`.
    TradeToken(Attempt),
    /// The token is not needed any more.
    ForgetToken,
    /// Ask the server whether this browser may open the målbild; then say `AccessAnswered`.
    AskForAccess,
    /// Write this on the device as one transaction, behind those before it; then say `DeviceWrote`.
    Write {
        /// What.
        batch: Batch,
        /// Whether nobody else has what is in it, so that it must survive a power cut.
        is_strict: bool,
    },
    /// Read what stands on the device after these keys; then say `DeviceRead`.
    Read {
        /// Of the log.
        log: Key,
        /// Of the queue.
        edits: Key,
    },
    /// Tell the other tabs that something was kept.
    TellTabs,
    /// Note on the device what the målbild is; say `NotNoted` if that fails.
    Note(About),
    /// Set aside what stands on the page, so that the next page load begins with what the server has.
    SetAside,
    /// Ask the browser not to clear what is kept.
    AskToPersist,
    /// Say who is writing here, with `Announced`.
    AnnouncePresence,
    /// These changes of the replica are not shown yet.
    Show(Vec<Change>),
    /// This is news of who is here; `None` when the connection is gone, and with it all knowledge.
    ShowPresence(Option<Vec<PresenceEntry>>),
    /// Over what the server is reached, if it is.
    ShowTransport(Option<Transport>),
    /// All that the server had is here: the text may be shown.
    ShowReady,
    /// The server is not reached, and there is nothing to show.
    ShowUnreachable,
    /// This browser may not open the målbild, and there is nothing to show.
    ShowNoAccess,
    /// Syncing has ended for good; the text stays as it is.
    ShowStopped(Stopped),
    /// The page and the server held something else: a fault, which coming back mends.
    NoteParting,
}
