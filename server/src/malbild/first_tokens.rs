//! The tokens that a new målbild gets, one for each role: stored as hashes, and shown once to whoever made it.
//!
//! It doesn't know requests.

use rand::RngCore;
use samsyn_shared::api::{CreatedMalbild, PerRole};
use samsyn_shared::text::share_link::ShareLink;
use samsyn_shared::{MalbildId, Role, SeatId, Token};

use crate::access::token::{TokenRecord, seat_of};
use crate::store::Write;

/// A token for each role of a new målbild.
#[derive(Debug)]
pub struct FirstTokens {
    malbild: MalbildId,
    reader: Token,
    commenter: Token,
    editor: Token,
    owner: Token,
}

impl FirstTokens {
    /// Fresh ones.
    pub fn generate(malbild: MalbildId, rng: &mut impl RngCore) -> Self {
        let mut token = || Token::generate(rng);
        Self { malbild, reader: token(), commenter: token(), editor: token(), owner: token() }
    }

    /// The målbild that they open.
    #[must_use]
    pub fn malbild(&self) -> MalbildId {
        self.malbild
    }

    /// The writes that make them count.
    pub(super) fn writes(&self) -> impl Iterator<Item = Write> {
        let malbild = self.malbild;
        Role::ALL.into_iter().map(move |role| {
            let record = TokenRecord { malbild, role, actor: None, expires: None };
            Write::put(&self.of(role).hash(), &record)
        })
    }

    /// The seats that they give.
    pub(super) fn seats(&self) -> impl Iterator<Item = (SeatId, Role)> {
        Role::ALL.into_iter().map(|role| (seat_of(&self.of(role).hash()), role))
    }

    /// What whoever made the målbild is told: the only time that the tokens are shown. Links begin with `base`.
    #[must_use]
    pub fn reveal(&self, base: &str) -> CreatedMalbild {
        let tokens = PerRole::of(|role| self.of(role).reveal());
        let links = PerRole::of(|role| link(base, self.malbild, tokens.get(role)));
        CreatedMalbild { id: self.malbild, tokens, links }
    }

    fn of(&self, role: Role) -> &Token {
        match role {
            Role::Reader => &self.reader,
            Role::Commenter => &self.commenter,
            Role::Editor => &self.editor,
            Role::Owner => &self.owner,
        }
    }
}

/// A link to a målbild, as people pass it on: `base` is the server's address.
#[must_use]
pub fn link(base: &str, id: MalbildId, token: &str) -> String {
    format!("{base}{}", ShareLink { id, token: Some(token.to_owned()) })
}
