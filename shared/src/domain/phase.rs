//! How far a målbild has come, as far as it decides who may write now.

use serde::{Deserialize, Serialize};

use super::role::{Permission, Role};

/// Who may write now, together with their roles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Editors and owners write, and all but readers discuss.
    #[default]
    Skriv,
    /// The text rests: owners alone write in it, and all but readers discuss.
    Synpunkter,
    /// Locked: nobody writes and nobody discusses.
    Last,
}

impl Phase {
    /// Whether a role may write in the content now.
    #[must_use]
    pub const fn lets_write(self, role: Role) -> bool {
        role.may(Permission::WriteContent)
            && match self {
                Self::Skriv => true,
                Self::Synpunkter => matches!(role, Role::Owner),
                Self::Last => false,
            }
    }

    /// Whether whoever may discuss may do so now.
    #[must_use]
    pub const fn takes_discussion(self) -> bool {
        !matches!(self, Self::Last)
    }
}
