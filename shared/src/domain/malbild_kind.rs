//! Whether a målbild is meant, or an exercise.

use serde::{Deserialize, Serialize};

/// An exercise's målbild, or a real one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MalbildKind {
    /// What it says is meant.
    #[default]
    Skarpt,
    /// It belongs to an exercise.
    Ovning,
}
