//! How a room is doing, as its people may know it. What is shown of it is the page's to decide.

/// The health of a room at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoomHealth {
    /// How many connections there are.
    pub connected: u64,
    /// How many of them have all that the room holds, as far as the server knows.
    pub in_step: u64,
    /// When all that the room had accepted was last known to be on disk, in milliseconds since 1970.
    pub on_disk_at: u64,
    /// Whether the server can save.
    pub disk: DiskHealth,
}

/// Whether a server can save, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiskHealth {
    /// It can.
    #[default]
    Healthy,
    /// The disk is full. The server goes on when there is space.
    DiskFull,
    /// The server cannot save until it is started anew.
    CannotSave,
}

impl DiskHealth {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Healthy => 0,
            Self::DiskFull => 1,
            Self::CannotSave => 2,
        }
    }

    /// What a number on the wire stands for; none for one that stands for nothing.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Healthy),
            1 => Some(Self::DiskFull),
            2 => Some(Self::CannotSave),
            _ => None,
        }
    }
}
