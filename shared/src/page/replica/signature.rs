//! Who writes in this replica, as the document is told: with the first thing that is written, in the same
//! transaction, and never by who only reads. And who wrote what stands in it.
//!
//! Invariant: Who wrote what is told by who writes, with the first word, and undone by nobody
//! (`the_first_edit_says_who_makes_it_in_the_same_update_and_reading_says_nothing`,
//! `undo_takes_the_words_and_leaves_who_wrote_and_redo_writes_them_anew`); showing it leaves the text alone
//! (`the_words_of_two_organisations_are_told_apart_and_the_text_is_left_alone`).

use yrs::Transact;

use crate::SectionKey;
use crate::document::Busy;
use crate::document::authorship::{self, Author, Run};
use crate::text::delta::Op;

use super::Replica;

/// The origin of what is said about the writer: not one that undo takes back.
const SIGNATURE: &str = "signature";

/// What the document is still to be told.
#[derive(Debug, Default)]
pub(super) struct Signature {
    due: Option<Author>,
    wrote: bool,
}

impl Signature {
    /// What an edit has to say of its writer before it.
    pub(super) fn take_for(&mut self, delta: &[Op]) -> Option<Author> {
        if delta.is_empty() {
            return None;
        }
        self.wrote = true;
        self.due.take()
    }
}

impl Replica {
    /// Says who writes here: with the next edit, or `at_once` when something was written already.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn introduce(&mut self, author: Author, at_once: bool) -> Result<(), Busy> {
        if self.signature.wrote && at_once {
            let mut txn = self.doc.try_transact_mut_with(SIGNATURE)?;
            authorship::sign(&mut txn, self.client, &author);
        } else {
            self.signature.due = Some(author);
        }
        Ok(())
    }

    /// Who wrote what of a text. Some milliseconds for a hundred pages.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn runs(&self, key: SectionKey) -> Result<Vec<Run>, Busy> {
        let mut txn = self.doc.try_transact_mut_with(SIGNATURE)?;
        Ok(authorship::runs(self.text(key), &mut txn))
    }

    /// Whose a client id is; none when nobody said.
    ///
    /// # Errors
    /// [`Busy`] when the document is in use.
    pub fn author(&self, client: u64) -> Result<Option<Author>, Busy> {
        let txn = self.doc.try_transact()?;
        Ok(authorship::author(&txn, client))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{By, Replica};
    use super::*;
    use crate::{SectionKey, Template, document};
    use std::sync::Arc;
    use yrs::updates::encoder::Encode;
    use yrs::{ReadTxn, StateVector};

    const TEXT: SectionKey = SectionKey::named("text");

    fn person(name: &str) -> Author {
        Author::Person { name: name.to_owned(), organisation: "Region Väst".to_owned() }
    }

    /// A replica of a målbild whose seed has the id 9, and what was seeded.
    fn opened(client: u64) -> Replica {
        let template = Template::find("tom").expect("known");
        let mut replica = Replica::new(template, client, Arc::new(|| 1_000_000));
        let seed = document::seed(template, "T", 9);
        let seeded = seed.try_transact().expect("free").encode_state_as_update_v1(&StateVector::default());
        replica.integrate(&seeded).expect("a seed applies");
        replica
    }

    fn exchange(one: &mut Replica, two: &mut Replica) {
        for update in one.take_updates() {
            two.integrate(&update).expect("it applies");
        }
        for update in two.take_updates() {
            one.integrate(&update).expect("it applies");
        }
    }

    fn runs(replica: &Replica) -> Vec<(u64, u32, u32)> {
        replica.runs(TEXT).expect("free").iter().map(|run| (run.client, run.from, run.to)).collect()
    }

    #[test]
    fn the_first_edit_says_who_makes_it_in_the_same_update_and_reading_says_nothing() {
        let mut page = opened(1);
        page.introduce(person("Anna"), true).expect("free");
        page.edit(vec![(TEXT, vec![])], By::View).expect("free");
        assert_eq!(runs(&page), [(9, 0, 1)]);
        assert!(page.take_updates().is_empty());
        assert_eq!(page.author(1), Ok(None));
        page.edit(vec![(TEXT, vec![Op::insert("a")])], By::View).expect("free");
        page.edit(vec![(TEXT, vec![Op::retain(1), Op::insert("b")])], By::View).expect("free");
        assert_eq!(page.take_updates().len(), 2);
        assert_eq!(page.author(1), Ok(Some(person("Anna"))));
        // Another name is said at once, and once.
        page.introduce(person("Eva"), true).expect("free");
        assert_eq!(page.take_updates().len(), 1);
        assert_eq!(page.author(1), Ok(Some(person("Eva"))));
        assert_eq!(runs(&page), [(1, 0, 2), (9, 2, 3)]);
    }

    #[test]
    fn who_introduces_themselves_after_the_first_words_is_named_too() {
        let mut page = opened(1);
        page.edit(vec![(TEXT, vec![Op::insert("a")])], By::View).expect("free");
        page.introduce(person("Anna"), true).expect("free");
        assert_eq!(page.author(1), Ok(Some(person("Anna"))));
    }

    #[test]
    fn undo_takes_the_words_and_leaves_who_wrote_and_redo_writes_them_anew() {
        let (mut a, mut b) = (opened(1), opened(2));
        a.introduce(person("Anna"), true).expect("free");
        a.edit(vec![(TEXT, vec![Op::insert("ord")])], By::View).expect("free");
        exchange(&mut a, &mut b);
        a.undo();
        assert_eq!((runs(&a), a.history()), (vec![(9, 0, 1)], (false, true)));
        assert_eq!(a.author(1), Ok(Some(person("Anna"))));
        a.redo();
        exchange(&mut a, &mut b);
        assert_eq!((runs(&a), runs(&b)), (vec![(1, 0, 3), (9, 3, 4)], vec![(1, 0, 3), (9, 3, 4)]));
        assert_eq!(b.author(1), Ok(Some(person("Anna"))));
        // What somebody takes away is kept for their undo, and counts as gone until then; what they bring
        // back is theirs.
        b.edit(vec![(TEXT, vec![Op::retain(1), Op::delete(2)])], By::View).expect("free");
        assert_eq!(runs(&b), [(1, 0, 1), (9, 1, 2)]);
        b.undo();
        exchange(&mut a, &mut b);
        assert_eq!((runs(&a), runs(&b)), (vec![(1, 0, 1), (2, 1, 3), (9, 3, 4)], runs(&a)));
    }

    #[test]
    fn a_page_that_is_loaded_anew_knows_it_from_the_bytes() {
        let mut a = opened(1);
        a.introduce(person("Anna"), true).expect("free");
        a.edit(vec![(TEXT, vec![Op::insert("ord")])], By::View).expect("free");
        let all = a.difference(&StateVector::default().encode_v1()).expect("free");
        let mut fresh = Replica::new(Template::find("tom").expect("known"), 3, Arc::new(|| 1_000_000));
        fresh.integrate(&all).expect("it applies");
        assert_eq!((runs(&fresh), fresh.author(1)), (runs(&a), Ok(Some(person("Anna")))));
        assert_eq!(fresh.author(9), Ok(Some(Author::Template("tom@1".to_owned()))));
    }
}
