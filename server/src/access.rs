//! Who may do what: which role a credential has in a målbild, and whether a request may use it.
//!
//! It doesn't know routes, rooms or documents. Roles are found by what is stored, each time: a token
//! that was taken away stops counting everywhere at once, in sessions too.

pub mod origin;
pub mod session;
pub mod token;

use std::sync::Arc;

use samsyn_shared::{MalbildId, Role, Token};
use tokio::sync::{Mutex, RwLock};

use self::session::{SessionKey, Stored};
use crate::store::{Storage, StoreError, Time};

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
    turns: Arc<Turns>,
}

/// Who may change a session's key: one at a time for each key, and one alone where several keys share.
struct Turns {
    all: RwLock<()>,
    by_key: [Mutex<()>; 64],
}

impl Turns {
    fn of(&self, hash: &str) -> &Mutex<()> {
        let sum = hash.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        &self.by_key[sum % self.by_key.len()]
    }
}

impl Access {
    /// Over this store.
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        let turns = Turns { all: RwLock::default(), by_key: std::array::from_fn(|_| Mutex::default()) };
        Self { storage, turns: Arc::new(turns) }
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
            Some(key) => {
                let (role, after) = session::seen(&self.storage, malbild, key)?;
                if let Some(before) = after.filter(|_| role.is_some()) {
                    self.note_seen(&before)?;
                }
                role
            }
            None => None,
        };
        Ok(by_token.max(by_session))
    }

    /// Adds the token's role to a new session, which gets all that the old one had, durably. The old one opens
    /// nothing any more. `None` if the token opens nothing here.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub async fn trade(
        &self,
        malbild: MalbildId,
        token: &Token,
        old: Option<&SessionKey>,
    ) -> Result<Option<SessionKey>, StoreError> {
        self.trade_at(malbild, token, old, Time::now()).await
    }

    async fn trade_at(
        &self,
        malbild: MalbildId,
        token: &Token,
        old: Option<&SessionKey>,
        now: Time,
    ) -> Result<Option<SessionKey>, StoreError> {
        let hash = token.hash();
        if token::role_of(&self.storage, malbild, &hash)?.is_none() {
            return Ok(None);
        }
        let fresh = SessionKey::generate(&mut rand::rng());
        let (to, added) = (fresh.hash(), session::named(malbild, &hash));
        if let Some(old) = old.map(SessionKey::hash) {
            if self.hand_over(&old, &to, Some(&added), now).await? {
                return Ok(Some(fresh));
            }
            let _alone = self.turns.all.write().await;
            let stored = Stored::of(&self.storage, &old)?;
            if stored.is_handed_over(now) {
                let mut writes = stored.share(&self.storage, &to, &added)?;
                writes.push(session::begun(&to, &added, Some(&old)));
                self.storage.commit(writes).await?;
                return Ok(Some(fresh));
            }
        }
        // What is shown and unknown is not taken over: somebody else may have made it up.
        self.storage.commit(vec![session::begun(&to, &added, None)]).await?;
        Ok(Some(fresh))
    }

    /// A new key in the place of one that still opens something.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub async fn renew(&self, old: &SessionKey) -> Result<Option<SessionKey>, StoreError> {
        let fresh = SessionKey::generate(&mut rand::rng());
        let is_done = self.hand_over(&old.hash(), &fresh.hash(), None, Time::now()).await?;
        Ok(is_done.then_some(fresh))
    }

    /// Hands over from a key to another, if it lives.
    async fn hand_over(
        &self,
        old: &str,
        to: &str,
        added: Option<&str>,
        now: Time,
    ) -> Result<bool, StoreError> {
        let _some = self.turns.all.read().await;
        let _one = self.turns.of(old).lock().await;
        let stored = Stored::of(&self.storage, old)?;
        if !stored.lives() {
            return Ok(false);
        }
        let mut writes = stored.hand_over(&self.storage, to, now)?;
        writes.extend(added.map(|added| session::begun(to, added, Some(old))));
        self.storage.commit(writes).await?;
        Ok(true)
    }

    /// A key that came after this one was seen: the browser has it, and shows this one no more.
    fn note_seen(&self, before: &str) -> Result<(), StoreError> {
        if Stored::of(&self.storage, before)?.is_seen(Time::now()).is_empty() {
            return Ok(());
        }
        let (access, before) = (self.clone(), before.to_owned());
        tokio::spawn(async move {
            let _some = access.turns.all.read().await;
            let _one = access.turns.of(&before).lock().await;
            let writes = Stored::of(&access.storage, &before).map(|stored| stored.is_seen(Time::now()));
            let noted = match writes {
                Ok(writes) if writes.is_empty() => return,
                Ok(writes) => access.storage.commit(writes).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = noted {
                tracing::warn!(%error, "a session's old key may be traded a little longer");
            }
        });
        Ok(())
    }

    /// Takes a målbild from a session, durably.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub async fn leave(&self, malbild: MalbildId, session: &SessionKey) -> Result<(), StoreError> {
        let _alone = self.turns.all.write().await;
        let writes = session::leaving(&self.storage, malbild, session)?;
        if writes.is_empty() { Ok(()) } else { self.storage.commit(writes).await.map(drop) }
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
    use samsyn_shared::domain::limits;

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

        async fn trade(&self, malbild: MalbildId, token: &Token, old: Option<&SessionKey>) -> SessionKey {
            self.access.trade(malbild, token, old).await.unwrap().unwrap()
        }

        fn session_role(&self, malbild: MalbildId, session: &SessionKey) -> Option<Role> {
            self.role(malbild, None, Some(session))
        }

        /// Until the store knows that a new key was seen.
        async fn is_noted(&self, old: &SessionKey) {
            let ends_soon = || {
                let stored = Stored::of(&self.access.storage, &old.hash()).unwrap();
                stored.is_seen(Time::now()).is_empty()
            };
            while !ends_soon() {
                tokio::task::yield_now().await;
            }
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
        let mut session = None;
        for (malbild, token) in [(world.one, &editor), (world.one, &reader), (world.two, &owner)] {
            session = world.access.trade(malbild, token, session.as_ref()).await.unwrap();
        }
        let session = session.unwrap();
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
        let session = world.trade(world.two, &owner, None).await;
        assert!(world.access.trade(world.one, &owner, Some(&session)).await.unwrap().is_none());
        assert_eq!(world.role(world.one, None, Some(&session)), None);
        assert_eq!(world.role(world.two, None, Some(&session)), Some(Role::Owner));
    }

    #[tokio::test]
    async fn a_token_taken_away_stops_counting_in_sessions_too() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let session = world.trade(world.one, &editor, None).await;
        world.access.storage.commit(vec![token::removal(&editor.hash())]).await.unwrap();
        assert_eq!(world.role(world.one, Some(&editor), Some(&session)), None);
    }

    #[tokio::test]
    async fn nothing_stored_shows_a_secret() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let session = world.trade(world.one, &editor, None).await;
        for table in [crate::store::Table::Token, crate::store::Table::Session] {
            for key in world.access.storage.keys(table, "").unwrap() {
                assert!(!key.contains(&editor.reveal()) && !key.contains(&session.reveal()));
            }
        }
    }

    #[tokio::test]
    async fn a_key_that_was_made_up_is_not_taken_over() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let planted = SessionKey::generate(&mut world.rng);
        let session = world.trade(world.one, &editor, Some(&planted)).await;
        assert_ne!(session.reveal(), planted.reveal());
        assert_eq!(world.session_role(world.one, &planted), None);
        assert_eq!(world.session_role(world.one, &session), Some(Role::Editor));
    }

    #[tokio::test]
    async fn each_trade_makes_a_new_key_with_all_that_the_old_one_had_and_the_old_one_ends_at_once() {
        let mut world = world();
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let old = world.trade(world.one, &one, None).await;
        let new = world.trade(world.two, &two, Some(&old)).await;
        assert_eq!(world.session_role(world.one, &old), None);
        assert_eq!(world.session_role(world.one, &new), Some(Role::Editor));
        assert_eq!(world.session_role(world.two, &new), Some(Role::Reader));
        assert!(world.access.renew(&old).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn tabs_that_trade_at_once_all_open_everything_whichever_key_the_browser_keeps() {
        let mut world = world();
        let three = MalbildId::generate(&mut world.rng);
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let (third, fourth) = (world.token(three, Role::Owner).await, world.token(three, Role::Reader).await);
        let old = world.trade(world.one, &one, None).await;
        let keys = tokio::join!(
            world.trade(world.two, &two, Some(&old)),
            world.trade(three, &third, Some(&old)),
            world.trade(three, &fourth, Some(&old)),
        );
        for key in [&keys.0, &keys.1, &keys.2] {
            assert_eq!(world.session_role(world.one, key), Some(Role::Editor));
            assert_eq!(world.session_role(world.two, key), Some(Role::Reader));
            assert_eq!(world.session_role(three, key), Some(Role::Owner));
        }
        assert_eq!(world.session_role(world.one, &old), None);
    }

    #[tokio::test]
    async fn a_lost_answer_loses_no_malbild_and_a_new_key_that_was_seen_ends_the_old_one_for_good() {
        let mut world = world();
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let old = world.trade(world.one, &one, None).await;
        world.trade(world.two, &two, Some(&old)).await;
        let later = |duration: std::time::Duration| {
            Time(Time::now().0 + u64::try_from(duration.as_millis()).unwrap())
        };
        let minutes = later(limits::SESSION_HANDOVER * 60);
        let again = world.access.trade_at(world.two, &two, Some(&old), minutes).await.unwrap().unwrap();
        assert_eq!(world.session_role(world.one, &again), Some(Role::Editor));
        // The browser has shown that it has this one.
        world.is_noted(&old).await;
        let after = later(limits::SESSION_HANDOVER * 2);
        let late = world.access.trade_at(world.two, &two, Some(&old), after).await.unwrap().unwrap();
        assert_eq!(world.session_role(world.one, &late), None);
        assert_eq!(world.session_role(world.one, &again), Some(Role::Editor));
    }

    #[tokio::test]
    async fn a_session_leaves_no_more_behind_than_one_key_that_has_ended() {
        let mut world = world();
        let one = world.token(world.one, Role::Editor).await;
        let mut session = world.trade(world.one, &one, None).await;
        for _ in 0..5 {
            session = world.trade(world.one, &one, Some(&session)).await;
        }
        assert_eq!(world.access.storage.keys(crate::store::Table::Session, "").unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_malbild_that_a_browser_left_is_closed_to_it_and_the_others_are_not() {
        let mut world = world();
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let old = world.trade(world.one, &one, None).await;
        let session = world.trade(world.two, &two, Some(&old)).await;
        world.access.leave(world.one, &session).await.unwrap();
        assert_eq!(world.session_role(world.one, &session), None);
        assert_eq!(world.session_role(world.two, &session), Some(Role::Reader));
        let again = world.trade(world.two, &two, Some(&old)).await;
        assert_eq!(world.session_role(world.one, &again), None, "the key before does not bring it back");
    }
}
