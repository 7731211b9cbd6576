//! What the status line may claim. When each holds is decided by the session, not here.

/// The sync status of a målbild on this device, as the page's `data-sync-status` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncStatus {
    /// All of this device's updates are on the server's disk, and the server is reached.
    Saved,
    /// The server is reached and has not yet said that all is on disk.
    Saving,
    /// The server is not reached.
    Offline,
    /// The server is reached and this role may not write.
    ReadOnly,
    /// The server is reached and cannot or will not save.
    Error,
}

impl SyncStatus {
    /// The attribute's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Saving => "saving",
            Self::Offline => "offline",
            Self::ReadOnly => "readonly",
            Self::Error => "error",
        }
    }
}
