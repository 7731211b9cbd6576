//! What a person may do in a målbild. Who holds which role is the server's knowledge, not this file's.

use serde::{Deserialize, Serialize};

/// Something that a person does in a målbild, or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Change the content.
    WriteContent,
    /// Make a link that gives this role to whoever has it.
    HandOut(Role),
}

/// A role, ordered: each may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees the content and who is here.
    Reader,
    /// Also writes in the discussion.
    Commenter,
    /// Also writes in the content.
    Editor,
    /// Also shares with every role; the processledare.
    Owner,
}

impl Role {
    /// All roles, the lowest first.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Commenter, Self::Editor, Self::Owner];

    /// The name used in URLs, JSON and storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Commenter => "commenter",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// Whether the role has a permission. The one table of who may do what.
    #[must_use]
    pub const fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::WriteContent => matches!(self, Self::Editor | Self::Owner),
            Permission::HandOut(role) => self as u8 >= role as u8,
        }
    }

    /// The byte that stands for the role on the wire.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self as u8
    }

    /// The role that a byte on the wire stands for.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role; known are owner, editor, commenter and reader")]
pub struct UnknownRole;

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_those_below_it_may() {
        assert!(Role::ALL.is_sorted());
        let writers: Vec<_> =
            Role::ALL.into_iter().filter(|role| role.may(Permission::WriteContent)).collect();
        assert_eq!(writers, [Role::Editor, Role::Owner]);
        for (higher, role) in Role::ALL.into_iter().zip(Role::ALL.into_iter().skip(1)).map(|(a, b)| (b, a)) {
            assert!(higher.may(Permission::HandOut(role)) && !role.may(Permission::HandOut(higher)));
        }
    }

    #[test]
    fn a_role_survives_its_name_and_its_byte() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(Role::from_byte(role.to_byte()), Some(role));
        }
        assert_eq!("Owner".parse::<Role>(), Err(UnknownRole));
        assert_eq!(Role::from_byte(4), None);
    }
}
