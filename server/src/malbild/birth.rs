//! How a målbild is made: what is decided of it, and that its record, its seeded document and its tokens become durable
//! together.
//!
//! It reads no clock and draws no randomness: both are arguments. It doesn't know requests.
//!
//! No client seeds a document: the server does, once, here, from the template.

use rand::RngCore;
use samsyn_shared::api::CreateMalbild;
use samsyn_shared::document::read_model::one_line;
use samsyn_shared::domain::{ids, limits};
use samsyn_shared::{Epoch, MalbildId, Seq, Template, document};
use yrs::{ReadTxn as _, StateVector, Transact as _};

use super::{Beginning, FirstTokens, MalbildRecord};
use crate::store::{DocumentId, Storage, StoreError, Time, Write};

/// A målbild that is to be made: all of it is decided, and nothing is stored.
#[derive(Debug)]
pub struct Birth {
    record: MalbildRecord,
    title: String,
    tokens: FirstTokens,
    /// The journal's first entry.
    beginning: Write,
}

/// Why a målbild can't be made as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BirthError {
    /// No template has that name.
    #[error("unknown template")]
    UnknownTemplate,
    /// See [`limits::TITLE_UNITS`].
    #[error("the title is too long")]
    TitleTooLong,
}

impl Birth {
    /// Decides what is made of a request.
    ///
    /// # Errors
    /// [`BirthError`].
    pub fn of(asked: &CreateMalbild, now: Time, rng: &mut impl RngCore) -> Result<Self, BirthError> {
        let template = Template::find(&asked.template).ok_or(BirthError::UnknownTemplate)?;
        let title = title(&asked.title, template)?;
        let id = MalbildId::generate(rng);
        let tokens = FirstTokens::generate(id, rng);
        let record = MalbildRecord::new(id, template, Epoch(ids::client_id(rng)), now);
        let beginning = Beginning::of(&record, tokens.seats()).with_kind(asked.kind).write(now, rng);
        Ok(Self { record, title, tokens, beginning })
    }

    /// Makes it durable, all of it or nothing, and gives the tokens, which nobody can read back.
    ///
    /// # Errors
    /// If the store can't be written.
    pub async fn store(self, storage: &Storage) -> Result<FirstTokens, StoreError> {
        let Self { record, title, tokens, beginning } = self;
        make(storage, &record, &title, tokens.writes().chain([beginning]).collect()).await?;
        Ok(tokens)
    }
}

/// Makes the målbild of a record, with a content that is seeded from its template by the client that is its epoch. The
/// record, the content and whatever `beside` holds become durable together, or none of it does.
///
/// # Errors
/// If the store can't be written.
pub async fn make(
    storage: &Storage,
    record: &MalbildRecord,
    title: &str,
    beside: Vec<Write>,
) -> Result<(), StoreError> {
    let seeded = document::seed(record.template, title, record.epoch.0);
    let snapshot = {
        let txn = seeded.try_transact().expect("a document that was made here has no other user");
        txn.encode_diff_v1(&StateVector::default())
    };
    let document = DocumentId::content(record.id);
    let mut writes = vec![
        Write::put(&record.id, record),
        Write::Compact { document, snapshot: snapshot.into(), up_to: Seq(0) },
    ];
    writes.extend(beside);
    storage.commit(writes).await?;
    Ok(())
}

/// The title as it's seeded: one line, the template's own if there is none.
fn title(asked: &str, template: &Template) -> Result<String, BirthError> {
    let title = one_line(asked);
    if title.encode_utf16().count() > limits::TITLE_UNITS {
        return Err(BirthError::TitleTooLong);
    }
    Ok(if title.is_empty() { template.title.to_owned() } else { title })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng;
    use rand::rngs::SmallRng;
    use samsyn_shared::Role;
    use samsyn_shared::domain::malbild_kind::MalbildKind;

    use super::*;
    use crate::access::{Access, Credential};
    use crate::store::memory::MemoryStore;

    fn asked(title: &str, template: &str) -> CreateMalbild {
        CreateMalbild { title: title.to_owned(), template: template.to_owned(), kind: MalbildKind::Skarpt }
    }

    fn birth(title: &str, template: &str) -> Result<Birth, BirthError> {
        Birth::of(&asked(title, template), Time(5_000), &mut SmallRng::seed_from_u64(1))
    }

    #[test]
    fn a_title_is_one_line_and_a_missing_one_is_the_templates() {
        let title = |asked| birth(asked, "tom").unwrap().title;
        assert_eq!(title("  Storm\n över  Skåne "), "Storm över Skåne");
        assert_eq!(title(" \n"), Template::find("tom").unwrap().title);
        assert_eq!(title(&"å".repeat(limits::TITLE_UNITS)).chars().count(), limits::TITLE_UNITS);
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        assert_eq!(birth("Storm", "okänd").unwrap_err(), BirthError::UnknownTemplate);
        let long = "😀".repeat(limits::TITLE_UNITS / 2 + 1);
        assert_eq!(birth(&long, "tom").unwrap_err(), BirthError::TitleTooLong);
    }

    #[tokio::test]
    async fn its_record_its_content_and_its_tokens_are_stored_together_or_not_at_all() {
        let engine = Arc::new(MemoryStore::default());
        let storage = Storage::start(Arc::clone(&engine) as Arc<dyn crate::store::Store>);
        let tokens = birth("Storm", "tom").unwrap().store(&storage).await.unwrap();
        let record = MalbildRecord::find(&storage, tokens.malbild()).await.unwrap();
        assert_eq!((record.template.name, record.made), ("tom", 5));
        assert!(storage.load(DocumentId::content(record.id)).await.unwrap().is_some());
        assert!(storage.load(DocumentId::journal(record.id)).await.unwrap().is_some());
        let revealed = tokens.reveal("http://samsyn.example");
        for role in Role::ALL {
            let token = revealed.tokens.get(role).parse().unwrap();
            let credential = Credential { token: Some(token), session: None };
            let access = Access::new(storage.clone());
            let bearer = access.bearer_for(record.id, &credential).await.unwrap().unwrap();
            assert_eq!((bearer.role, bearer.actor), (role, None));
        }
        engine.fail_commits(true);
        let asked = asked("Storm", "tom");
        let other = Birth::of(&asked, Time(5_000), &mut SmallRng::seed_from_u64(2)).unwrap();
        let id = other.record.id;
        assert!(other.store(&storage).await.is_err());
        assert!(MalbildRecord::find(&storage, id).await.is_err());
        assert!(storage.load(DocumentId::content(id)).await.unwrap().is_none());
    }
}
