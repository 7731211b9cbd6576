//! Where the others' carets are in the document: found when a person announces one, then carried along
//! with the text's changes, since to find one takes as long as the text. Pure; it knows neither the
//! document nor what is shown.

use std::mem;

use samsyn_shared::delta::{Op, moved, utf16_len};
use samsyn_shared::presence::Cursor;
use serde_json::Value;

/// Where another's selection is, in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The section.
    pub section: &'static str,
    /// Where the selection began.
    pub anchor: u32,
    /// Where the caret is.
    pub head: u32,
    /// How often they moved it or typed, so that one sees when they do.
    pub stirred: u32,
    /// Whether one went to see them.
    pub sought: bool,
}

/// The others' carets.
#[derive(Debug, Default)]
pub struct Carried {
    known: Vec<Known>,
}

#[derive(Debug, Default)]
struct Known {
    client: u64,
    cursor: Cursor,
    /// None while it is not known what the cursor means: the text that it is in may be on its way.
    spot: Option<Spot>,
}

impl Carried {
    /// Takes what those who are here announce; the others are forgotten. `resolve` is asked for the
    /// section and the index of what is new or was not found yet.
    pub fn announced<'a>(
        &mut self,
        cursors: impl Iterator<Item = (u64, &'a Cursor)>,
        resolve: impl Fn(&Value) -> Option<(&'static str, u32)>,
    ) {
        let mut before = mem::take(&mut self.known);
        for (client, cursor) in cursors {
            let known = before.iter().position(|known| known.client == client);
            let mut known = known.map_or_else(Known::default, |at| before.swap_remove(at));
            if known.spot.is_none() || known.cursor != *cursor {
                let (stirred, sought) = known.spot.map_or((0, false), |spot| (spot.stirred + 1, spot.sought));
                known.spot = resolve(&cursor.head).map(|(section, head)| {
                    let anchor = resolve(&cursor.anchor).filter(|(other, _)| *other == section);
                    Spot { section, anchor: anchor.map_or(head, |(_, index)| index), head, stirred, sought }
                });
                known.cursor = cursor.clone();
            }
            known.client = client;
            self.known.push(known);
        }
    }

    /// A section's text was changed, by another if `by_other`.
    pub fn changed(&mut self, section: &str, delta: &[Op], by_other: bool) {
        let spots = self.known.iter_mut().filter_map(|known| known.spot.as_mut());
        for spot in spots.filter(|spot| spot.section == section) {
            // An anchor holds on to what is behind it, as `Replica::anchor` makes it.
            spot.anchor = moved(delta, spot.anchor, true);
            spot.head = moved(delta, spot.head, true);
            if by_other && ends_at(delta, spot.head) {
                spot.stirred += 1;
            }
        }
    }

    /// Somebody's caret.
    #[must_use]
    pub fn spot(&self, client: u64) -> Option<Spot> {
        self.known.iter().find(|known| known.client == client)?.spot
    }

    /// Whether a caret was announced that could not be found yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.known.iter().any(|known| known.spot.is_none())
    }

    /// Goes to see somebody, and no longer whom one saw before.
    pub fn seek(&mut self, client: u64) -> Option<Spot> {
        for known in &mut self.known {
            if let Some(spot) = &mut known.spot {
                spot.sought = known.client == client;
                spot.stirred += u32::from(spot.sought);
            }
        }
        self.spot(client)
    }
}

/// Whether something that a change inserted or deleted ended at this place in the changed text: there is
/// the caret of who did it.
fn ends_at(delta: &[Op], place: u32) -> bool {
    let mut end = 0;
    delta.iter().any(|op| {
        let changes = match op {
            Op::Insert { insert, .. } => {
                end += utf16_len(insert);
                true
            }
            Op::Retain { retain, .. } => {
                end += retain;
                false
            }
            Op::Delete { .. } => true,
        };
        changes && end == place
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// An announcement that these resolve to their index in one section; a negative one is not found.
    fn cursor(anchor: i32, head: i32) -> Cursor {
        Cursor { anchor: anchor.into(), head: head.into() }
    }

    fn find(anchor: &Value) -> Option<(&'static str, u32)> {
        Some(("mal", u32::try_from(anchor.as_i64()?).ok()?))
    }

    fn at(carried: &Carried, client: u64) -> (u32, u32, u32) {
        let spot = carried.spot(client).expect("known");
        (spot.anchor, spot.head, spot.stirred)
    }

    #[test]
    fn a_caret_is_found_when_it_is_announced_and_carried_from_there() {
        let mut carried = Carried::default();
        let asked = Cell::new(0);
        let resolve = |anchor: &Value| {
            asked.set(asked.get() + 1);
            find(anchor)
        };
        let first = cursor(2, 5);
        carried.announced([(1, &first)].into_iter(), resolve);
        carried.changed("mal", &[Op::insert("å😀")], true);
        carried.changed("other", &[Op::insert("xx")], true);
        carried.announced([(1, &first)].into_iter(), resolve);
        assert_eq!((at(&carried, 1), asked.get()), ((5, 8, 0), 2), "what is not new is not asked for");
        carried.changed("mal", &[Op::retain(4), Op::delete(2)], true);
        assert_eq!(at(&carried, 1), (4, 6, 0));
        let second = cursor(1, 1);
        carried.announced([(1, &second)].into_iter(), resolve);
        assert_eq!(at(&carried, 1), (1, 1, 1));
        carried.announced([].into_iter(), resolve);
        assert_eq!(carried.spot(1), None, "who left is forgotten");
    }

    #[test]
    fn who_types_stirs_and_who_is_only_pushed_does_not() {
        let mut carried = Carried::default();
        let (writer, reader) = (cursor(3, 3), cursor(7, 7));
        carried.announced([(1, &writer), (2, &reader)].into_iter(), find);
        carried.changed("mal", &[Op::retain(3), Op::insert("ord")], true);
        assert_eq!((at(&carried, 1), at(&carried, 2)), ((6, 6, 1), (10, 10, 0)));
        carried.changed("mal", &[Op::retain(5), Op::delete(1)], true);
        assert_eq!((at(&carried, 1), at(&carried, 2)), ((5, 5, 2), (9, 9, 0)));
        carried.changed("mal", &[Op::retain(5), Op::insert("x")], false);
        assert_eq!(at(&carried, 1), (6, 6, 2), "what is typed here is not theirs");
    }

    #[test]
    fn a_caret_in_text_that_is_on_its_way_is_asked_for_again() {
        let mut carried = Carried::default();
        let early = cursor(4, 4);
        carried.announced([(1, &early)].into_iter(), |_| None);
        assert!(carried.is_waiting() && carried.spot(1).is_none());
        carried.announced([(1, &early)].into_iter(), find);
        assert!(!carried.is_waiting());
        assert_eq!(at(&carried, 1), (4, 4, 0));
    }

    #[test]
    fn a_selection_over_two_texts_is_a_caret() {
        let mut carried = Carried::default();
        carried.announced([(1, &cursor(-1, 4))].into_iter(), find);
        assert_eq!(at(&carried, 1), (4, 4, 0));
    }

    #[test]
    fn one_is_sought_at_a_time() {
        let mut carried = Carried::default();
        let here = cursor(1, 1);
        carried.announced([(1, &here), (2, &here)].into_iter(), find);
        carried.seek(1);
        let spot = carried.seek(2).expect("known");
        assert_eq!((spot.sought, spot.stirred), (true, 1));
        assert!(!carried.spot(1).expect("known").sought);
        assert_eq!(carried.seek(3), None);
    }
}
