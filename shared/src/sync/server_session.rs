//! The server's side of the protocol for one connection, pure: what it may do, what it was asked for and
//! still owes, and which of its writes may be called saved. It knows no document, no other connection,
//! no socket and no clock: `now` is how long it is since a moment that stays the same for its caller.

use std::time::Duration;

use bytes::Bytes;

use crate::domain::limits;
use crate::sync::protocol::{self, CloseCode, Hello, Message, PresenceEntry};
use crate::{Role, WriteNumber};

/// Which messages a connection understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Offers `samsyn.v1`.
    Own,
    /// Any client of y-websocket's protocol.
    Stock,
}

/// One connection's protocol state.
#[derive(Debug)]
pub struct ServerSession {
    role: Role,
    dialect: Dialect,
    last_sent: Duration,
    /// When it was last asked for what it has, and whether it must be asked again.
    asked: Option<Duration>,
    owes: bool,
    /// Whether its step 1 was answered: from then on it has what the room has.
    answered: bool,
    /// Numbered updates that had a gap. `Saved(n)` speaks for all writes up to n, so none is said until
    /// each of these is in the document; the highest number that waits for it stands beside.
    gaps: Vec<Gap>,
    withheld: Option<WriteNumber>,
}

/// An update that stands on what is not here.
#[derive(Debug)]
struct Gap {
    update: Bytes,
    /// Some of what it lacks: client and clock.
    lacks: (u64, u32),
}

/// What a connection said, as far as one frame goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It has this state vector and wants the rest.
    Asked(Bytes),
    /// It wrote something, with its number if it is one of our own.
    Wrote(Option<WriteNumber>, Bytes),
    /// It wrote more than [`limits::MESSAGE_BYTES`]. Closed upon, it would come again for ever; refused, it
    /// is set aside and shown.
    WroteTooMuch(Option<WriteNumber>),
    /// It says who is there.
    Announced(Vec<PresenceEntry>),
    /// It asks who is here.
    AskedWhoIsHere,
    /// It asks what the room holds, to compare it with what it holds itself.
    AskedWhatIsHeld,
}

/// A frame that ends its connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Offence {
    /// What to close with.
    pub code: CloseCode,
    /// Why, without any of the frame's content.
    pub why: String,
}

impl ServerSession {
    /// A connection that was just upgraded.
    #[must_use]
    pub const fn new(now: Duration, role: Role, dialect: Dialect) -> Self {
        let (asked, owes, answered) = (None, false, false);
        Self { role, dialect, last_sent: now, asked, owes, answered, gaps: Vec::new(), withheld: None }
    }

    /// What the server says first, before it asks: hello to our own clients, nothing to others.
    #[must_use]
    pub fn greeting(&self, hello: Hello) -> Option<Message> {
        (self.dialect == Dialect::Own).then_some(Message::Hello(hello))
    }

    /// What it may do.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Which messages it understands.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// It may do something else from now on; our own clients are told.
    pub fn change_role(&mut self, role: Role) -> Option<Message> {
        self.role = role;
        (self.dialect == Dialect::Own).then_some(Message::RoleChanged(role))
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// [`Offence`] when it is no message, one that only a server sends, one of our own from a client that
    /// did not offer them, or one that is too large and brings nothing to keep.
    pub fn hear(&self, frame: Bytes) -> Result<Heard, Offence> {
        let is_large = frame.len() > limits::MESSAGE_BYTES + limits::ENVELOPE_BYTES;
        let undecodable = |why: String| Offence { code: CloseCode::Undecodable, why };
        let message = Message::decode(frame).map_err(|error| undecodable(error.to_string()))?;
        match message {
            Message::Write(number, update) if self.dialect == Dialect::Own => Ok(if is_large {
                Heard::WroteTooMuch(Some(number))
            } else {
                Heard::Wrote(Some(number), update)
            }),
            Message::Step2(update) | Message::Update(update) => {
                Ok(if is_large { Heard::WroteTooMuch(None) } else { Heard::Wrote(None, update) })
            }
            _ if is_large => {
                Err(Offence { code: CloseCode::TooLarge, why: "a message over the limit".to_owned() })
            }
            Message::Step1(vector) => Ok(Heard::Asked(vector)),
            Message::Presence(body) => protocol::scan_presence(&body)
                .map(Heard::Announced)
                .map_err(|error| undecodable(error.to_string())),
            Message::QueryPresence => Ok(Heard::AskedWhoIsHere),
            Message::Compare if self.dialect == Dialect::Own => Ok(Heard::AskedWhatIsHeld),
            Message::Compare
            | Message::Held(_)
            | Message::Fragment(_)
            | Message::Denied(_)
            | Message::Hello(_)
            | Message::Write(..)
            | Message::Saved(_)
            | Message::Refused(..)
            | Message::RoleChanged(_)
            | Message::RoomHealth(_) => Err(undecodable("not for a server".to_owned())),
        }
    }

    /// Whether it is to be asked for what it has, now: at most once a second. If not, it is owed.
    pub fn ask(&mut self, now: Duration) -> bool {
        self.owes = self.asked.is_some_and(|asked| now.saturating_sub(asked) < limits::STEP1_EVERY);
        if !self.owes {
            self.asked = Some(now);
        }
        !self.owes
    }

    /// Whether it must be asked again, since an earlier question came too soon after another.
    #[must_use]
    pub const fn owes(&self) -> bool {
        self.owes
    }

    /// Its step 1 was answered.
    pub const fn answered(&mut self) {
        self.answered = true;
    }

    /// Whether, as far as the server can know, it has what the room has and nothing of its own is missing
    /// here.
    #[must_use]
    pub fn in_step(&self) -> bool {
        self.answered && !self.owes && self.gaps.is_empty()
    }

    /// Something was sent.
    pub const fn sent(&mut self, now: Duration) {
        self.last_sent = now;
    }

    /// How long nothing was sent.
    #[must_use]
    pub fn silent_for(&self, now: Duration) -> Duration {
        now.saturating_sub(self.last_sent)
    }

    /// A write depends on what is not here, `lacks` (client and clock) among it: its number, and all later ones, are
    /// withheld until it is in the document. A stock client's has no number; it is only asked for again.
    ///
    /// # Errors
    /// [`Offence`] when more than [`limits::GAP_BYTES`] would be held for it: it starts over.
    pub fn missed(
        &mut self,
        number: Option<WriteNumber>,
        update: &Bytes,
        lacks: (u64, u32),
    ) -> Result<(), Offence> {
        let Some(number) = number else { return Ok(()) };
        self.gaps.push(Gap { update: update.clone(), lacks });
        self.withhold(number);
        if self.gaps.iter().map(|gap| gap.update.len()).sum::<usize>() > limits::GAP_BYTES {
            return Err(Offence { code: CloseCode::Slow, why: "too much that has a gap".to_owned() });
        }
        Ok(())
    }

    /// Whether writes with a gap wait.
    #[must_use]
    pub const fn has_gaps(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// Takes the writes that have no gap any more. `here` says up to which clock a client's blocks are here, and
    /// `gap` what an update lacks, if anything; it is asked only when what was known to lack has come.
    pub fn filled(
        &mut self,
        here: impl Fn(u64) -> u32,
        gap: impl Fn(&Bytes) -> Option<(u64, u32)>,
    ) -> Vec<Bytes> {
        let mut filled = Vec::new();
        for mut waiting in std::mem::take(&mut self.gaps) {
            let (client, clock) = waiting.lacks;
            let lacks = if clock < here(client) { gap(&waiting.update) } else { Some(waiting.lacks) };
            match lacks {
                Some(lacks) => {
                    waiting.lacks = lacks;
                    self.gaps.push(waiting);
                }
                None => filled.push(waiting.update),
            }
        }
        filled
    }

    /// The write of this number was handled; it is not called saved yet.
    pub fn withhold(&mut self, number: WriteNumber) {
        self.withheld = self.withheld.max(Some(number));
    }

    /// The number up to which all may be called saved once what the room now holds is on disk.
    pub fn release(&mut self) -> Option<WriteNumber> {
        if self.gaps.is_empty() { self.withheld.take() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::protocol::refusal;

    fn session(dialect: Dialect) -> (ServerSession, Duration) {
        let now = Duration::from_secs(100);
        (ServerSession::new(now, Role::Editor, dialect), now)
    }

    fn update() -> Bytes {
        Bytes::from_static(b"u")
    }

    #[test]
    fn what_only_a_server_says_ends_the_connection() {
        let (own, _) = session(Dialect::Own);
        let saved = Message::Saved(WriteNumber(1));
        let refused = Message::Refused(WriteNumber(1), refusal::ROLE.into());
        for message in [saved, refused, Message::Denied("no".into()), Message::RoleChanged(Role::Owner)] {
            let offence = own.hear(message.encode()).unwrap_err();
            assert_eq!(offence.code, CloseCode::Undecodable, "{message:?}");
        }
    }

    #[test]
    fn numbers_are_for_those_who_offered_our_messages() {
        let write = Message::Write(WriteNumber(4), update()).encode();
        let (own, _) = session(Dialect::Own);
        assert_eq!(own.hear(write.clone()), Ok(Heard::Wrote(Some(WriteNumber(4)), update())));
        let (stock, _) = session(Dialect::Stock);
        assert_eq!(stock.hear(write).unwrap_err().code, CloseCode::Undecodable);
        assert_eq!(stock.hear(Message::Step2(update()).encode()), Ok(Heard::Wrote(None, update())));
    }

    #[test]
    fn too_much_is_refused_by_its_number_and_what_is_no_write_is_closed() {
        let large = Bytes::from(vec![0; limits::MESSAGE_BYTES + 100]);
        let (own, _) = session(Dialect::Own);
        let write = Message::Write(WriteNumber(4), large.clone()).encode();
        assert_eq!(own.hear(write), Ok(Heard::WroteTooMuch(Some(WriteNumber(4)))));
        assert_eq!(own.hear(Message::Update(large.clone()).encode()), Ok(Heard::WroteTooMuch(None)));
        assert_eq!(own.hear(Message::Step1(large).encode()).unwrap_err().code, CloseCode::TooLarge);
    }

    #[test]
    fn it_is_asked_at_most_once_a_second_and_the_rest_is_owed() {
        let (mut own, now) = session(Dialect::Own);
        assert!(own.ask(now));
        assert!(!own.ask(now + Duration::from_millis(999)) && own.owes());
        assert!(own.ask(now + Duration::from_secs(1)) && !own.owes());
    }

    #[test]
    fn a_gap_withholds_its_number_and_all_later_ones() {
        let (mut own, _) = session(Dialect::Own);
        own.withhold(WriteNumber(1));
        assert_eq!(own.release(), Some(WriteNumber(1)));
        own.missed(Some(WriteNumber(2)), &update(), (7, 3)).unwrap();
        own.withhold(WriteNumber(3));
        assert_eq!(own.release(), None);
        assert!(own.filled(|_| 3, |_| unreachable!("what it lacks has not come")).is_empty());
        assert!(own.filled(|_| 4, |_| Some((8, 1))).is_empty(), "it lacks something else, too");
        assert_eq!(own.filled(|_| 4, |_| None), [update()]);
        assert_eq!((own.release(), own.release()), (Some(WriteNumber(3)), None));
    }

    #[test]
    fn gaps_that_pile_up_make_it_start_over() {
        let (mut own, _) = session(Dialect::Own);
        let half = Bytes::from(vec![0; limits::GAP_BYTES / 2 + 1]);
        own.missed(Some(WriteNumber(1)), &half, (7, 3)).unwrap();
        assert_eq!(own.missed(Some(WriteNumber(2)), &half, (7, 3)).unwrap_err().code, CloseCode::Slow);
        let (mut stock, _) = session(Dialect::Stock);
        stock.missed(None, &half, (7, 3)).unwrap();
        assert!(!stock.has_gaps(), "nobody waits for a number of a stock client's");
    }
}
