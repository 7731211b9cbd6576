//! The kinds of list that a text may have.

use serde::{Deserialize, Serialize};

/// The kinds of list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// A dash or a dot before each.
    Bullet,
    /// 1, 2, 3.
    Ordered,
    /// A, B, C.
    Lettered,
}

impl List {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bullet, Self::Ordered, Self::Lettered];

    /// The value of the line attribute `list`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bullet => "bullet",
            Self::Ordered => "ordered",
            Self::Lettered => "lettered",
        }
    }

    /// The list that a value of the attribute means.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == name)
    }
}
