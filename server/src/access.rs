//! Who may do what: which seat a credential has in a målbild, and whether a request may use it.
//!
//! It doesn't know routes, rooms or documents. Seats are found by what is stored, each time: a token
//! that was taken away stops counting everywhere at once, in sessions too.

mod bearer;
pub mod grant;
pub mod origin;
pub mod session;
pub mod token;

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use samsyn_shared::{MalbildId, Token, TokenHash};
use tokio::sync::{Mutex, RwLock};

pub use self::bearer::Bearer;
use self::grant::Uses;
use self::session::{Session, SessionKey};
use crate::store::{ReadStore, Storage, StoreError, Time, Write};

/// What a caller showed, already read from the request.
#[derive(Debug, Clone, Default)]
pub struct Credential {
    /// From `Authorization: Bearer` or `?token=`.
    pub token: Option<Token>,
    /// From the cookie, if the request may use it (see [`origin`]).
    pub session: Option<SessionKey>,
}

/// Looks up who somebody is, and gives new sessions.
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
    fn of(&self, key: &TokenHash) -> &Mutex<()> {
        let sum = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        &self.by_key[(sum % self.by_key.len() as u64) as usize]
    }
}

impl Access {
    /// Over this store.
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        let turns = Turns { all: RwLock::default(), by_key: std::array::from_fn(|_| Mutex::default()) };
        Self { storage, turns: Arc::new(turns) }
    }

    /// Who shows the credential in this målbild, in the seat with the highest role; `None` if it opens nothing here.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn bearer_for(
        &self,
        malbild: MalbildId,
        credential: &Credential,
    ) -> Result<Option<Bearer>, StoreError> {
        let token = credential.token.as_ref().map(Token::hash);
        let session = credential.session.as_ref().map(SessionKey::hash);
        let (bearer, seen_after) = self
            .storage
            .read(move |store| {
                let by_token = token.map(|token| token::bearer_of(store, malbild, &token)).transpose()?;
                let by_session = session.map(|session| session::bearer_of(store, malbild, session));
                let (by_session, before) = by_session.transpose()?.unwrap_or_default();
                let before = before.filter(|_| by_session.is_some());
                let before = before.map(|before| Session::read(store, before)).transpose()?;
                let unnoted = before.filter(|before| !before.is_seen(Time::now()).is_empty());
                let bearer = Bearer::higher(by_token.flatten(), by_session);
                Ok::<_, StoreError>((bearer, unnoted.map(|before| before.hash())))
            })
            .await?;
        if let Some(before) = seen_after {
            self.note_seen(before);
        }
        Ok(bearer)
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
        let token = token.hash();
        let opens = self.storage.read(move |store| token::bearer_of(store, malbild, &token)).await?;
        if opens.is_none() {
            return Ok(None);
        }
        let fresh = SessionKey::generate(&mut rand::rng());
        let (to, added) = (fresh.hash(), Uses { malbild, token });
        if let Some(old) = old.map(SessionKey::hash) {
            if self.hand_over(old, to, Some(added), now).await? {
                return Ok(Some(fresh));
            }
            let _alone = self.turns.all.write().await;
            let shared = move |store: &dyn ReadStore| -> Result<_, StoreError> {
                let ended = Session::read(store, old)?;
                if !ended.is_handed_over(now) {
                    return Ok(Vec::new());
                }
                let mut writes = ended.share(store, to, added)?;
                writes.push(session::begun(to, added, Some(old)));
                Ok(writes)
            };
            if self.change(shared).await? {
                return Ok(Some(fresh));
            }
        }
        // What is shown and unknown is not taken over: somebody else may have made it up.
        self.storage.commit(vec![session::begun(to, added, None)]).await?;
        Ok(Some(fresh))
    }

    /// A new key in the place of one that still opens something.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub async fn renew(&self, old: &SessionKey) -> Result<Option<SessionKey>, StoreError> {
        let fresh = SessionKey::generate(&mut rand::rng());
        let is_done = self.hand_over(old.hash(), fresh.hash(), None, Time::now()).await?;
        Ok(is_done.then_some(fresh))
    }

    /// Hands over from a key to another, if it lives.
    async fn hand_over(
        &self,
        old: TokenHash,
        to: TokenHash,
        added: Option<Uses>,
        now: Time,
    ) -> Result<bool, StoreError> {
        let _some = self.turns.all.read().await;
        let _one = self.turns.of(&old).lock().await;
        self.change(move |store| {
            let session = Session::read(store, old)?;
            if !session.lives() {
                return Ok(Vec::new());
            }
            let mut writes = session.hand_over(store, to, now)?;
            writes.extend(added.map(|added| session::begun(to, added, Some(old))));
            Ok(writes)
        })
        .await
    }

    /// Notes that a key which came after this one was seen: the browser has it, and shows this one no more.
    fn note_seen(&self, before: TokenHash) {
        let access = self.clone();
        tokio::spawn(async move {
            let _some = access.turns.all.read().await;
            let _one = access.turns.of(&before).lock().await;
            let noted = move |store: &dyn ReadStore| Ok(Session::read(store, before)?.is_seen(Time::now()));
            if let Err(error) = access.change(noted).await {
                tracing::warn!(%error, "a session's old key may be traded a little longer");
            }
        });
    }

    /// Takes a målbild from a session, durably.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub async fn leave(&self, malbild: MalbildId, session: &SessionKey) -> Result<(), StoreError> {
        let _alone = self.turns.all.write().await;
        let session = session.hash();
        self.change(move |store| session::leaving(store, malbild, session, Time::now())).await.map(drop)
    }

    /// Commits the writes that `of` makes of what is stored; false if they are none.
    async fn change(
        &self,
        of: impl FnOnce(&dyn ReadStore) -> Result<Vec<Write>, StoreError> + Send + 'static,
    ) -> Result<bool, StoreError> {
        let writes = self.storage.read(of).await?;
        if writes.is_empty() {
            return Ok(false);
        }
        self.storage.commit(writes).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng;
    use rand::rngs::SmallRng;
    use samsyn_shared::Role;
    use samsyn_shared::domain::limits;

    use super::token::TokenRecord;
    use super::*;
    use crate::store::Table;
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
            let record = TokenRecord { malbild, role, actor: None, expires: None };
            self.access.storage.commit(vec![Write::put(&token.hash(), &record)]).await.unwrap();
            token
        }

        async fn trade(&self, malbild: MalbildId, token: &Token, old: Option<&SessionKey>) -> SessionKey {
            self.access.trade(malbild, token, old).await.unwrap().unwrap()
        }

        async fn session_role(&self, malbild: MalbildId, session: &SessionKey) -> Option<Role> {
            self.role(malbild, None, Some(session)).await
        }

        /// Until the store knows that a new key was seen.
        async fn is_noted(&self, old: &SessionKey) {
            let hash = old.hash();
            let unnoted = move |store: &dyn ReadStore| Ok(Session::read(store, hash)?.is_seen(Time::now()));
            while !self.access.storage.read::<_, StoreError>(unnoted).await.unwrap().is_empty() {}
        }

        async fn keys(&self, table: Table) -> Vec<String> {
            self.access.storage.read(move |store| store.keys(table, "")).await.unwrap()
        }

        async fn role(
            &self,
            malbild: MalbildId,
            token: Option<&Token>,
            session: Option<&SessionKey>,
        ) -> Option<Role> {
            let credential = Credential { token: token.cloned(), session: session.cloned() };
            self.access.bearer_for(malbild, &credential).await.unwrap().map(|bearer| bearer.role)
        }
    }

    #[tokio::test]
    async fn a_token_opens_its_own_malbild_alone() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let another = world.token(world.one, Role::Editor).await;
        assert_eq!(world.role(world.one, Some(&editor), None).await, Some(Role::Editor));
        assert_eq!(world.role(world.one, Some(&another), None).await, Some(Role::Editor));
        assert_eq!(world.role(world.two, Some(&editor), None).await, None);
        let unknown = Token::generate(&mut world.rng);
        assert_eq!(world.role(world.one, Some(&unknown), None).await, None);
        assert_eq!(world.role(world.one, None, None).await, None);
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
        assert_eq!(world.role(world.one, None, Some(&session)).await, Some(Role::Editor));
        assert_eq!(world.role(world.two, None, Some(&session)).await, Some(Role::Owner));
        assert_eq!(world.role(world.one, Some(&reader), Some(&session)).await, Some(Role::Editor));
        let other = SessionKey::generate(&mut world.rng);
        assert_eq!(world.role(world.one, None, Some(&other)).await, None);
    }

    #[tokio::test]
    async fn a_wrong_token_adds_nothing_to_a_session() {
        let mut world = world();
        let owner = world.token(world.two, Role::Owner).await;
        let session = world.trade(world.two, &owner, None).await;
        assert!(world.access.trade(world.one, &owner, Some(&session)).await.unwrap().is_none());
        assert_eq!(world.role(world.one, None, Some(&session)).await, None);
        assert_eq!(world.role(world.two, None, Some(&session)).await, Some(Role::Owner));
    }

    #[tokio::test]
    async fn a_token_taken_away_stops_counting_in_sessions_too() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let session = world.trade(world.one, &editor, None).await;
        world.access.storage.commit(vec![Write::delete::<TokenRecord>(&editor.hash())]).await.unwrap();
        assert_eq!(world.role(world.one, Some(&editor), Some(&session)).await, None);
    }

    #[tokio::test]
    async fn nothing_stored_shows_a_secret() {
        let mut world = world();
        let editor = world.token(world.one, Role::Editor).await;
        let session = world.trade(world.one, &editor, None).await;
        for table in [Table::Token, Table::Session] {
            for key in world.keys(table).await {
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
        assert_eq!(world.session_role(world.one, &planted).await, None);
        assert_eq!(world.session_role(world.one, &session).await, Some(Role::Editor));
    }

    #[tokio::test]
    async fn each_trade_makes_a_new_key_with_all_that_the_old_one_had_and_the_old_one_ends_at_once() {
        let mut world = world();
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let old = world.trade(world.one, &one, None).await;
        let new = world.trade(world.two, &two, Some(&old)).await;
        assert_eq!(world.session_role(world.one, &old).await, None);
        assert_eq!(world.session_role(world.one, &new).await, Some(Role::Editor));
        assert_eq!(world.session_role(world.two, &new).await, Some(Role::Reader));
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
            assert_eq!(world.session_role(world.one, key).await, Some(Role::Editor));
            assert_eq!(world.session_role(world.two, key).await, Some(Role::Reader));
            assert_eq!(world.session_role(three, key).await, Some(Role::Owner));
        }
        assert_eq!(world.session_role(world.one, &old).await, None);
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
        assert_eq!(world.session_role(world.one, &again).await, Some(Role::Editor));
        // The browser has shown that it has this one.
        world.is_noted(&old).await;
        let after = later(limits::SESSION_HANDOVER * 2);
        let late = world.access.trade_at(world.two, &two, Some(&old), after).await.unwrap().unwrap();
        assert_eq!(world.session_role(world.one, &late).await, None);
        assert_eq!(world.session_role(world.one, &again).await, Some(Role::Editor));
    }

    #[tokio::test]
    async fn a_session_leaves_no_more_behind_than_one_key_that_has_ended() {
        let mut world = world();
        let one = world.token(world.one, Role::Editor).await;
        let mut session = world.trade(world.one, &one, None).await;
        for _ in 0..5 {
            session = world.trade(world.one, &one, Some(&session)).await;
        }
        assert_eq!(world.keys(Table::Session).await.len(), 2);
    }

    #[tokio::test]
    async fn who_leaves_with_a_key_that_was_handed_over_leaves_with_all_that_came_after_it() {
        let mut world = world();
        let three = MalbildId::generate(&mut world.rng);
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let third = world.token(three, Role::Owner).await;
        let old = world.trade(world.one, &one, None).await;
        let (new, twin) =
            (world.trade(world.two, &two, Some(&old)).await, world.trade(three, &third, Some(&old)).await);
        assert_eq!(world.session_role(world.two, &twin).await, Some(Role::Reader));
        world.access.leave(world.two, &new).await.unwrap();
        assert_eq!(world.session_role(world.two, &twin).await, None, "the browser may keep either");
        world.access.leave(world.one, &old).await.unwrap();
        for key in [&old, &new, &twin] {
            assert_eq!(world.session_role(world.one, key).await, None);
        }
        assert_eq!(world.session_role(three, &new).await, Some(Role::Owner));
    }

    #[tokio::test]
    async fn a_damaged_record_of_a_session_counts_for_nothing_and_takes_nothing_else() {
        let mut world = world();
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let old = world.trade(world.one, &one, None).await;
        let session = world.trade(world.two, &two, Some(&old)).await;
        let uses = Uses { malbild: world.one, token: one.hash() };
        let key = grant::GrantKey { session: session.hash(), uses }.to_string();
        let value = bytes::Bytes::from_static(b"?");
        world.access.storage.commit(vec![Write::Put { table: Table::Session, key, value }]).await.unwrap();
        assert_eq!(world.session_role(world.one, &session).await, None);
        assert_eq!(world.session_role(world.two, &session).await, Some(Role::Reader));
        assert_eq!(world.role(world.one, Some(&one), Some(&session)).await, Some(Role::Editor));
        let again = world.trade(world.one, &one, Some(&session)).await;
        assert_eq!(world.session_role(world.one, &again).await, Some(Role::Editor));
        assert_eq!(world.session_role(world.two, &again).await, Some(Role::Reader));
        world.access.leave(world.one, &session).await.unwrap();
        assert_eq!(world.session_role(world.one, &again).await, None);
    }

    #[tokio::test]
    async fn no_more_keys_share_what_one_had_than_a_browser_has_tabs() {
        let mut world = world();
        let one = world.token(world.one, Role::Editor).await;
        let two = world.token(world.two, Role::Reader).await;
        let old = world.trade(world.one, &one, None).await;
        for _ in 0..limits::SESSION_KEYS {
            let key = world.trade(world.two, &two, Some(&old)).await;
            assert_eq!(world.session_role(world.one, &key).await, Some(Role::Editor));
        }
        let key = world.trade(world.two, &two, Some(&old)).await;
        assert_eq!(world.session_role(world.one, &key).await, None, "it is as any key that is not known");
        assert_eq!(world.session_role(world.two, &key).await, Some(Role::Reader));
    }

    #[tokio::test]
    async fn a_malbild_that_a_browser_left_is_closed_to_it_and_the_others_are_not() {
        let mut world = world();
        let (one, two) =
            (world.token(world.one, Role::Editor).await, world.token(world.two, Role::Reader).await);
        let old = world.trade(world.one, &one, None).await;
        let session = world.trade(world.two, &two, Some(&old)).await;
        world.access.leave(world.one, &session).await.unwrap();
        assert_eq!(world.session_role(world.one, &session).await, None);
        assert_eq!(world.session_role(world.two, &session).await, Some(Role::Reader));
        let again = world.trade(world.two, &two, Some(&old)).await;
        assert_eq!(
            world.session_role(world.one, &again).await,
            None,
            "the key before does not bring it back"
        );
    }
}
