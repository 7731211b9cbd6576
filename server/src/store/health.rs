//! Whether the store takes writes: told by the committer, and asked for by everyone.

/// Whether anything can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Fine,
    /// The disk is full. It becomes [`Health::Fine`] by itself once there is room.
    Full,
    /// An I/O error stopped all writing until the process is restarted.
    Failed,
}
