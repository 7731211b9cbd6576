//! What a restore did with a målbild, and why it did nothing.
//!
//! It doesn't know how either is found out.

use std::fmt;

use samsyn_shared::room::Broken;

use super::BackupError;
use crate::malbild::MalbildError;
use crate::store::{Part, StoreError};

/// What was done with a målbild.
#[derive(Debug)]
pub enum Outcome {
    /// It was not there, and is now.
    Restored,
    /// Something of it was damaged or missing, and is as in the backup now.
    Repaired(Vec<Repair>),
    /// It was healthy, and now holds also what the backup held beyond it.
    Forwarded,
    /// It is healthy and holds all that the backup does. It was left as it is.
    Healthy,
    /// Its history was replaced after the backup was made. It was left as it is.
    Newer,
    /// It could not be brought back. Nothing of it was written.
    Failed(Hindrance),
}

/// What of a målbild was brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Its record.
    Record,
    /// One of its documents.
    Document(Part),
    /// What the backup held beyond a document that was healthy.
    Beyond,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record => f.write_str("its record"),
            Self::Document(part) => write!(f, "its {}", part.as_str()),
            Self::Beyond => f.write_str("what the backup holds beyond its content"),
        }
    }
}

/// Why a målbild could not be brought back.
#[derive(Debug, thiserror::Error)]
pub enum Hindrance {
    /// Nothing in the backup is of it.
    #[error("the backup does not name it")]
    Unnamed,
    /// Its record in the store says more than this program reads.
    #[error("it was made by a newer version of this program; it is left as it is")]
    NewerVersion,
    /// Its record in the backup can't be used.
    #[error("its record in the backup: {0}")]
    Record(MalbildError),
    /// The backup's copy is of another history.
    #[error("its history in the backup is another (another epoch); it is left as it is")]
    AnotherHistory,
    /// The backup lacks its record or a document that is needed.
    #[error("the backup does not hold its {what}{}", because(problem.as_deref()))]
    Lacks {
        /// Which.
        what: &'static str,
        /// What was wrong with it when the backup was made, if the backup says so.
        problem: Option<String>,
    },
    /// Its document and the backup's make none together.
    #[error("{}", .0.0)]
    Broken(#[from] Broken),
    /// What the store holds of it is damaged.
    #[error(transparent)]
    Damaged(StoreError),
    /// Its files in the backup can't be used.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

fn because(problem: Option<&str>) -> String {
    problem.map_or_else(String::new, |problem| format!(": {problem}"))
}
