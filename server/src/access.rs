//! Who may do what: which role a credential has in a målbild, and whether a request may use it.
//!
//! It doesn't know routes, rooms or documents. Roles are found by what is stored, each time: a token
//! that was taken away stops counting everywhere at once, in sessions too.

pub mod origin;
pub mod session;
pub mod token;

use samsyn_shared::{MalbildId, Role, Token};

use crate::store::{Storage, StoreError};

use self::session::SessionKey;

/// What a caller showed, already read from the request.
#[derive(Debug, Clone, Default)]
pub struct Credential {
    /// From `Authorization: Bearer` or `?token=`.
    pub token: Option<Token>,
    /// From the cookie, if the request may use it (see [`origin`]).
    pub session: Option<SessionKey>,
}

/// Looks up roles, and gives new tokens and sessions.
#[derive(Clone)]
pub struct Access {
    storage: Storage,
}

impl Access {
    /// Over this store.
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        Self { storage }
    }

    /// The highest role that the credential has in this målbild, `None` if it has none.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn role_for(&self, malbild: MalbildId, credential: &Credential) -> Result<Option<Role>, StoreError> {
        let by_token = match &credential.token {
            Some(token) => token::role_of(&self.storage, malbild, &token.hash())?,
            None => None,
        };
        let by_session = match &credential.session {
            Some(key) => session::role_of(&self.storage, malbild, key)?,
            None => None,
        };
        Ok(by_token.max(by_session))
    }

    /// Adds the token's role to a session, a fresh one if there is none, durably. `None` if the token
    /// opens nothing here.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub async fn grant(
        &self,
        malbild: MalbildId,
        token: &Token,
        session: SessionKey,
    ) -> Result<Option<Role>, StoreError> {
        let hash = token.hash();
        let Some(role) = token::role_of(&self.storage, malbild, &hash)? else { return Ok(None) };
        self.storage.commit(vec![session::grant(&session, malbild, &hash)]).await?;
        Ok(Some(role))
    }

    /// Mints one more token for a role, durably.
    ///
    /// # Errors
    /// If the store can't be written.
    pub async fn mint(&self, malbild: MalbildId, role: Role, token: &Token) -> Result<(), StoreError> {
        self.storage.commit(vec![token::record(malbild, role, &token.hash())]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;
    use crate::store::memory::MemoryStore;

    struct World {
        access: Access,
        rng: SmallRng,
        one: MalbildId,
        two: MalbildId,
    }

    fn world() -> World {
        let mut rng = SmallRng::seed_from_u64(1);
        let storage = Storage::start(Arc::new(MemoryStore::default()));
        let (one, two) = (MalbildId::generate(&mut rng), MalbildId::generate(&mut rng));
        World { access: Access::new(storage), rng, one, two }
    }

    impl World {
        async fn token(&mut self, malbild: MalbildId, role: Role) -> Token {
            let token = Token::generate(&mut self.rng);
            self.access.mint(malbild, role, &token).await.unwrap();
            token
        }

        fn role(
            &self,
            malbild: MalbildId,
            token: Option<&Token>,
            session: Option<&SessionKey>,
        ) -> Option<Role> {
            let credential = Credential { token: token.cloned(), session: session.cloned() };
            self.access.role_for(malbild, &credential).unwrap()
        }
    }

    #[tokio::test]
    async fn a_token_opens_its_own_malbild_alone() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let another = world.token(world.one, Role::Editor).await;
        assert_eq!(world.role(world.one, Some(&editor), None), Some(Role::Editor));
        assert_eq!(world.role(world.one, Some(&another), None), Some(Role::Editor));
        assert_eq!(world.role(world.two, Some(&editor), None), None);
        let unknown = Token::generate(&mut world.rng);
        assert_eq!(world.role(world.one, Some(&unknown), None), None);
        assert_eq!(world.role(world.one, None, None), None);
    }

    #[tokio::test]
    async fn one_session_holds_several_malbilder_and_the_highest_role_wins() {
        let mut world = world();
        let reader = world.token(world.one, Role::Reader).await;
        let editor = world.token(world.one, Role::Editor).await;
        let owner = world.token(world.two, Role::Owner).await;
        let session = SessionKey::generate(&mut world.rng);
        for (malbild, token) in [(world.one, &editor), (world.one, &reader), (world.two, &owner)] {
            assert!(world.access.grant(malbild, token, session.clone()).await.unwrap().is_some());
        }
        assert_eq!(world.role(world.one, None, Some(&session)), Some(Role::Editor));
        assert_eq!(world.role(world.two, None, Some(&session)), Some(Role::Owner));
        assert_eq!(world.role(world.one, Some(&reader), Some(&session)), Some(Role::Editor));
        let other = SessionKey::generate(&mut world.rng);
        assert_eq!(world.role(world.one, None, Some(&other)), None);
    }

    #[tokio::test]
    async fn a_wrong_token_adds_nothing_to_a_session() {
        let mut world = world();
        let owner = world.token(world.two, Role::Owner).await;
        let session = SessionKey::generate(&mut world.rng);
        assert_eq!(world.access.grant(world.one, &owner, session.clone()).await.unwrap(), None);
        assert_eq!(world.role(world.one, None, Some(&session)), None);
    }

    #[tokio::test]
    async fn a_token_taken_away_stops_counting_in_sessions_too() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let session = SessionKey::generate(&mut world.rng);
        world.access.grant(world.one, &editor, session.clone()).await.unwrap();
        world.access.storage.commit(vec![token::removal(&editor.hash())]).await.unwrap();
        assert_eq!(world.role(world.one, Some(&editor), Some(&session)), None);
    }

    #[tokio::test]
    async fn nothing_stored_shows_a_secret() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let session = SessionKey::generate(&mut world.rng);
        world.access.grant(world.one, &editor, session.clone()).await.unwrap();
        for table in [crate::store::Table::Token, crate::store::Table::Session] {
            for key in world.access.storage.keys(table, "").unwrap() {
                assert!(!key.contains(&editor.reveal()) && !key.contains(&session.reveal()));
            }
        }
    }
}
