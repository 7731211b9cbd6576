//! What is done to each editor, and for how long.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// One person types, alone.
    Alone,
    /// One person types while many others write.
    Crowd,
    /// One person opens a document that has a long history.
    Open,
}

impl Scenario {
    /// All of them, in their order.
    pub const ALL: [Scenario; 3] = [Scenario::Alone, Scenario::Crowd, Scenario::Open];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Alone => "alone",
            Scenario::Crowd => "crowd",
            Scenario::Open => "open",
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Scenario::Alone => "one person types",
            Scenario::Crowd => "one person types while many others write",
            Scenario::Open => "one person opens a document with a long history",
        }
    }
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How often each is measured.
    pub repetitions: usize,
    /// Keys that are pressed before the measured ones.
    pub warm: usize,
    /// Keys that are measured each time.
    pub keys: usize,
    /// Characters of the document that is typed into.
    pub characters: u64,
    /// Remote writers.
    pub writers: u64,
    /// Edits a second of each writer.
    pub rate: u64,
    /// Edits in the history of the document that is opened.
    pub edits: u64,
}

impl Size {
    /// What the report is made of.
    pub const FULL: Size = Size {
        repetitions: 4,
        warm: 40,
        keys: 240,
        characters: 100_000,
        writers: 50,
        rate: 2,
        edits: 260_000,
    };
    /// To see that all works.
    pub const QUICK: Size = Size { repetitions: 1, warm: 20, keys: 60, edits: 26_000, ..Size::FULL };
}
