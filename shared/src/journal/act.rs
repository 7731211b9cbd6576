//! The kinds of act. Each is one file beside this one: its fields, who may ask for it, what it is declined for, and what it
//! does to the state. A new kind is its file, and its line in the list here.

mod actor;
mod erase;
mod gap;
mod kind;
mod opened;
mod phase;
mod reopen;
mod reply;
mod resolve;
mod restored;
mod revoke;
mod seat;
mod thread;
mod withdraw;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use self::actor::ActorFields;
use self::erase::Erase;
use self::gap::Gap;
use self::kind::KindChange;
pub use self::opened::{Opened, OpenedSeat, Origin};
use self::phase::PhaseChange;
use self::reopen::Reopen;
use self::reply::Reply;
use self::resolve::Resolve;
pub use self::restored::Restored;
pub use self::revoke::Revoke;
pub use self::seat::SeatMade;
use self::thread::ThreadBegun;
use self::withdraw::Withdraw;
use super::canonical::canonical;
use super::entry::{Entry, Signature};
use super::hash::Hash;
use super::state::State;
use super::{Speaker, Texts};
use crate::domain::limits;
use crate::{Role, ThreadId};

/// The kind that erases.
pub(super) const ERASE: &str = Erase::NAME;

/// One kind of act.
trait ActKind: Serialize + DeserializeOwned {
    /// Its name in JSON.
    const NAME: &'static str;

    /// Who may see the bodies of its entries.
    const SIGHT: Sight = Sight::Everybody;

    /// Whether people ask for it as an act; else the server enters it for what was asked for otherwise.
    const IS_ASKED: bool = true;

    /// Fields of its own that are called as one of the speaker's.
    const OWN: &'static [&'static str] = &[];

    /// Whether its words may be erased. What others' acts stand on may not.
    const IS_ERASABLE: bool = false;

    /// Whether this may be entered now.
    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined>;

    /// What it does once it is entered.
    fn fold(self, state: &mut State, entry: &Entry, by: Signature);
}

/// An act that is asked for, and what it is judged by.
pub(super) struct Judging<'a> {
    pub(super) state: &'a State,
    pub(super) speaker: &'a Speaker,
    pub(super) texts: &'a dyn Texts,
}

/// Who may see the body of an entry, beside the seat that asked for its act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Whoever has a seat.
    Everybody,
    /// Commenters, editors and owners.
    Commenters,
    /// Owners.
    Owners,
}

/// Why an act is not entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// The seat's role, or whose it is, does not allow it.
    #[error("this seat may not do that")]
    Role,
    /// Another act has this identifier.
    #[error("another act has this id")]
    Id,
    /// A field is missing, too long, or not what it must be.
    #[error("the field `{0}` is not what it must be")]
    Invalid(&'static str),
    /// What it speaks of is not there.
    #[error("what the field `{0}` speaks of is not there")]
    Missing(&'static str),
    /// The words that it quotes don't stand there any more.
    #[error("the quoted words don't stand there")]
    Changed,
    /// The words that it quotes stand there more than once.
    #[error("the quoted words stand there more than once")]
    Ambiguous,
    /// What it speaks of has ended, or writing has.
    #[error("it is closed")]
    Closed,
    /// A målbild has at least one owner.
    #[error("a målbild needs an owner")]
    LastOwner,
    /// No more of these are taken.
    #[error("there are as many as there may be")]
    Full,
}

/// Fields that make no act of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no kind of act has these fields")]
pub struct Unreadable;

/// Declares the kinds of act.
macro_rules! acts {
    ($($(#[$doc:meta])+ $act:ident($fields:ident),)+) => {
        /// What somebody asks for beside writing text.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])+ $act($fields),)+
        }

        impl Act {
            /// The name of its kind.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$act(_) => $fields::NAME,)+
                }
            }

            /// An act as it is asked for from outside: its kind, and its fields. Every field must be one that the kind
            /// has.
            ///
            /// # Errors
            /// [`Unreadable`], also for a kind that nobody asks for.
            pub fn asked_for(kind: &str, fields: Map<String, Value>) -> Result<Self, Unreadable> {
                match kind {
                    $($fields::NAME if $fields::IS_ASKED => read_strictly(&fields).map(Self::$act),)+
                    _ => Err(Unreadable),
                }
            }

            /// Whether acts of a kind have a field of this name themselves.
            #[must_use]
            pub fn has_field(kind: &str, field: &str) -> bool {
                match kind {
                    $($fields::NAME => $fields::OWN.contains(&field),)+
                    _ => false,
                }
            }

            /// Who may see the body of an entry of this kind; of one that is not known owners alone.
            pub(super) fn sight_of(kind: &str) -> Sight {
                match kind {
                    $($fields::NAME => $fields::SIGHT,)+
                    _ => Sight::Owners,
                }
            }

            /// Whether the words of this kind may be erased.
            pub(super) fn is_erasable(kind: &str) -> bool {
                match kind {
                    $($fields::NAME => $fields::IS_ERASABLE,)+
                    _ => false,
                }
            }

            /// Its own fields.
            pub(super) fn fields(&self) -> Map<String, Value> {
                match self {
                    $(Self::$act(fields) => written(fields),)+
                }
            }

            pub(super) fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
                match self {
                    $(Self::$act(fields) => fields.judge(asked),)+
                }
            }
        }

        /// Does to the state what the act of an entry does. One of a kind that a newer server has does nothing here.
        pub(super) fn fold(state: &mut State, entry: &Entry, fields: Map<String, Value>, by: Signature) {
            match entry.act.as_str() {
                $($fields::NAME => {
                    if let Some(act) = read::<$fields>(fields) {
                        act.fold(state, entry, by);
                    }
                })+
                _ => {}
            }
        }

        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$($fields::NAME),+];
    };
}

acts! {
    /// Adds an actor, or changes one.
    Actor(ActorFields),
    /// Takes bodies out of the record.
    Erase(Erase),
    /// The server found that entries are lost.
    Gap(Gap),
    /// Makes the målbild one of an exercise, or a real one.
    Kind(KindChange),
    /// The journal begins.
    Opened(Opened),
    /// Says who may write now.
    Phase(PhaseChange),
    /// Opens a thread that was resolved.
    Reopen(Reopen),
    /// Answers in a thread.
    Reply(Reply),
    /// Calls a thread done.
    Resolve(Resolve),
    /// The server was put back to a backup.
    Restored(Restored),
    /// Takes a seat away.
    Revoke(Revoke),
    /// Makes a seat.
    Seat(SeatMade),
    /// Says something of some words, or of a section.
    Thread(ThreadBegun),
    /// Takes one's own thread back.
    Withdraw(Withdraw),
}

impl Act {
    /// What tells it from another act that is asked for under the same identifier.
    pub(super) fn digest(&self) -> u64 {
        digest(self.name(), &self.fields())
    }
}

/// See [`Act::digest`].
pub(super) fn digest(kind: &str, fields: &Map<String, Value>) -> u64 {
    Hash::of(&[kind.as_bytes(), &canonical(fields)]).short()
}

fn written(fields: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(fields) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(fields)).ok()
}

/// Reads fields, none of which may be one that is not known: who sent it means something that would be lost.
fn read_strictly<T: Serialize + DeserializeOwned>(fields: &Map<String, Value>) -> Result<T, Unreadable> {
    let act: T = read(fields.clone()).ok_or(Unreadable)?;
    let known = written(&act);
    let is_known = |(key, value): (&String, &Value)| value.is_null() || known.contains_key(key);
    if fields.iter().all(is_known) { Ok(act) } else { Err(Unreadable) }
}

impl Judging<'_> {
    /// Only this role and those above it.
    fn from(&self, role: Role) -> Result<(), Declined> {
        if self.speaker.role >= role { Ok(()) } else { Err(Declined::Role) }
    }

    /// Only who may say something now.
    fn may_discuss(&self) -> Result<(), Declined> {
        self.from(Role::Commenter)?;
        if self.state.phase().takes_discussion() { Ok(()) } else { Err(Declined::Closed) }
    }

    /// A thread that is spoken of.
    fn thread(&self, thread: &ThreadId) -> Result<&super::Thread, Declined> {
        self.state.thread(thread).ok_or(Declined::Missing("thread"))
    }
}

/// A text that somebody says: something, and not too much.
fn expect_text(field: &'static str, text: &str) -> Result<(), Declined> {
    let is_said = !text.trim().is_empty() && text.encode_utf16().count() <= limits::ACT_TEXT_UNITS;
    if is_said { Ok(()) } else { Err(Declined::Invalid(field)) }
}

/// A name of one line: as it may be shown, and nothing beyond that.
fn expect_name(field: &'static str, name: &str) -> Result<(), Declined> {
    let is_shown = !name.is_empty() && crate::text::name::displayed(name) == name;
    if is_shown { Ok(()) } else { Err(Declined::Invalid(field)) }
}
