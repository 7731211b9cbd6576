//! What is done to a server: the table of all scenarios.

use serde::Serialize;
use std::time::Duration;

/// One scenario.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What happens in it.
    pub shape: Shape,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Shape {
    /// People sit in rooms, and some of them write all the time.
    Rooms {
        /// How many rooms there are.
        rooms: usize,
        /// People in each.
        people: usize,
        /// How many of them write.
        writers: usize,
        /// Updates a second of each of them.
        rate: u16,
    },
    /// All come into one room at once, in which there is a document.
    Join {
        /// How many come.
        people: usize,
        /// Bytes of text in the document.
        bytes: usize,
    },
    /// All come back into one room at once, each with what they wrote offline.
    Reconnect {
        /// How many come.
        people: usize,
        /// Updates that each brings, merged into one.
        edits: u16,
        /// Bytes of text in the document, which all of them have.
        bytes: usize,
    },
    /// Connections in one room, over which nothing goes.
    Idle {
        /// How many.
        people: usize,
    },
    /// Rooms with one connection and a document each.
    Documents {
        /// How many.
        rooms: usize,
        /// Bytes of text in each document.
        bytes: usize,
    },
}

/// All scenarios, in the order in which they are run and told of.
pub const ALL: &[Scenario] = &[
    room("room-37", "37 people, all write, 5 updates/s each", 1, 37, 37, 5),
    room("room-100", "100 people, all write, 5 updates/s each", 1, 100, 100, 5),
    room("room-300", "300 people, 60 write, 5 updates/s each", 1, 300, 60, 5),
    room("room-1000", "1000 people, 50 write, 5 updates/s each", 1, 1000, 50, 5),
    room("rooms-200", "200 rooms of 5, all write, 1 update/s each", 200, 5, 5, 1),
    Scenario {
        name: "join-1000",
        title: "1000 join at once, the document has 100 kB of text",
        shape: Shape::Join { people: 1000, bytes: 100_000 },
    },
    Scenario {
        name: "reconnect-500",
        title: "500 come back at once, each with 10 offline updates, the document has 100 kB of text",
        shape: Shape::Reconnect { people: 500, edits: 10, bytes: 100_000 },
    },
    Scenario {
        name: "idle-1000",
        title: "1000 idle connections in one room",
        shape: Shape::Idle { people: 1000 },
    },
    Scenario {
        name: "documents-200",
        title: "200 open rooms with one idle connection and 10 kB of text each",
        shape: Shape::Documents { rooms: 200, bytes: 10_000 },
    },
];

const fn room(
    name: &'static str,
    title: &'static str,
    rooms: usize,
    people: usize,
    writers: usize,
    rate: u16,
) -> Scenario {
    Scenario { name, title, shape: Shape::Rooms { rooms, people, writers, rate } }
}

impl Scenario {
    /// The scenario of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Scenario> {
        ALL.iter().find(|scenario| scenario.name == name).copied()
    }

    /// The same with a quarter of the people where they only come and sit, to see that all works.
    #[must_use]
    pub fn quick(self) -> Scenario {
        let shape = match self.shape {
            Shape::Join { people, bytes } => Shape::Join { people: people / 4, bytes },
            Shape::Reconnect { people, edits, bytes } => {
                Shape::Reconnect { people: people / 4, edits, bytes }
            }
            Shape::Idle { people } => Shape::Idle { people: people / 4 },
            Shape::Documents { rooms, bytes } => Shape::Documents { rooms: rooms / 4, bytes },
            rooms @ Shape::Rooms { .. } => rooms,
        };
        Scenario { shape, ..self }
    }

    /// How many connections it has.
    #[must_use]
    pub fn people(&self) -> usize {
        match self.shape {
            Shape::Rooms { rooms, people, .. } => rooms * people,
            Shape::Join { people, .. } | Shape::Reconnect { people, .. } | Shape::Idle { people } => people,
            Shape::Documents { rooms, .. } => rooms,
        }
    }

    /// Whether people write in it all the time.
    #[must_use]
    pub fn is_written(&self) -> bool {
        matches!(self.shape, Shape::Rooms { .. })
    }

    /// Whether it is in a run that is only to see that all works.
    #[must_use]
    pub fn is_in_quick_run(&self) -> bool {
        !["room-300", "room-1000", "documents-200"].contains(&self.name)
    }

    /// Whether it needs a server that keeps a document.
    #[must_use]
    pub fn needs_document(&self) -> bool {
        matches!(self.shape, Shape::Join { .. } | Shape::Reconnect { .. } | Shape::Documents { .. })
    }
}

/// How long things are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Seconds before the measured window.
    pub warm: u16,
    /// Seconds of the window.
    pub window: u16,
    /// How long memory is left to come to rest before it is read.
    pub rest: Duration,
}

impl Times {
    /// For figures that are to be believed.
    pub const FULL: Times = Times { warm: 4, window: 12, rest: Duration::from_secs(4) };
    /// To see that all works.
    pub const QUICK: Times = Times { warm: 1, window: 3, rest: Duration::from_secs(1) };
}
