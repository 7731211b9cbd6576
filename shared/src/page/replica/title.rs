//! What is different about the title's text: it is one line of words, whatever anybody writes into it.
//!
//! Invariant: The title is a text as any other, of one line (the tests named `scenario_19_…`): what anybody writes
//! into it is seen, and written on, as what it can be (`a_title_is_one_line_of_words_whatever_anybody_writes`).

use crate::SectionKey;
use crate::text::delta::Op;

/// The key of the title, beside those of the sections: a text like theirs of one line, without formats. In the
/// document it has no line end; here it has one, as every text.
pub const TITLE: SectionKey = SectionKey::TITLE;

/// A title's change, or its text, as what it can be: without formats, line ends as spaces, and nothing about the line end
/// that it has only here.
/// `len` is how long it is before, its line end counted.
pub(super) fn one_line(delta: Vec<Op>, len: u32) -> Vec<Op> {
    let mut left = len.saturating_sub(1);
    let ops = delta.into_iter().map(|op| match op {
        Op::Insert { insert, .. } => Op::insert(insert.replace('\n', " ")),
        Op::Retain { retain, .. } => {
            let within = retain.min(left);
            left -= within;
            Op::retain(within)
        }
        Op::Delete { delete } => {
            let within = delete.min(left);
            left -= within;
            Op::delete(within)
        }
    });
    let is_something = |op: &Op| !matches!(op, Op::Retain { retain: 0, .. } | Op::Delete { delete: 0 });
    ops.filter(is_something).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Pair;
    use super::super::{By, Replica, VIEW};
    use super::*;
    use yrs::{Text, Transact};

    #[test]
    fn a_title_is_one_line_of_words_whatever_anybody_writes() {
        let mut pair = Pair::new();
        let bold = crate::text::delta::attributes([("bold".to_owned(), true.into())]);
        let edit = vec![
            Op::retain(1),
            Op::insert_with("a\nb", bold.clone()),
            Op::Retain { retain: 9, attributes: bold },
        ];
        let change = pair.a.edit(vec![(TITLE, edit)], By::View).expect("free");
        assert_eq!(change[0].delta, [Op::retain(1), Op::insert("a b")]);
        let read = |replica: &Replica| crate::text::delta::plain(&replica.read(TITLE).expect("free"));
        assert_eq!((read(&pair.a).as_str(), pair.a.len(TITLE)), ("Ta b\n", Ok(5)));
        pair.exchange();
        assert_eq!(read(&pair.b), "Ta b\n");
        let taken =
            pair.b.edit(vec![(TITLE, vec![Op::retain(3), Op::delete(9)])], By::Command).expect("free");
        assert_eq!(taken[0].delta, [Op::retain(3), Op::delete(1)], "the line end is only here");
        // Another program's line end and format are seen as what they can be.
        let text = pair.b.text(TITLE).clone();
        {
            let mut txn = pair.b.doc.try_transact_mut_with(VIEW).expect("free");
            text.insert_with_attributes(
                &mut txn,
                0,
                "x\ny",
                yrs::types::Attrs::from([("bold".into(), true.into())]),
            );
        }
        let updates = pair.b.take_updates();
        let changes: Vec<_> =
            updates.iter().flat_map(|update| pair.a.integrate(update).expect("an update applies")).collect();
        assert_eq!(changes.last().expect("a change").delta, [Op::insert("x y")]);
        assert_eq!(read(&pair.a), "x yTa \n");
    }
}
