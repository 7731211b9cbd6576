//! The carets of the others, as places in the document: found when a person announces one, then kept through the
//! text's changes, since to find one takes as long as the text. Pure; it knows neither the
//! document nor what is shown.

use std::mem;

use crate::SectionKey;
use crate::sync::presence::Cursor;
use crate::text::delta::{Op, moved, utf16_len};
use serde_json::Value;

/// The place of another's selection in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CaretPlace {
    /// The section.
    pub(super) section: SectionKey,
    /// Where the selection began.
    pub(super) anchor: u32,
    /// Where the caret is.
    pub(super) head: u32,
    /// How often they moved it or typed. It grows when they do, and their flag is shown.
    pub(super) moves: u32,
    /// Whether the person here went to see them, so that their caret is highlighted.
    pub(super) is_highlighted: bool,
}

/// The others' carets.
#[derive(Debug, Default)]
pub(super) struct RemoteCarets {
    known: Vec<Known>,
}

#[derive(Debug, Default)]
struct Known {
    client: u64,
    cursor: Cursor,
    /// None while it is not known what the cursor means: the text that it is in may be on its way.
    place: Option<CaretPlace>,
}

impl RemoteCarets {
    /// Takes what those who are here announce; the others are forgotten. `resolve` is asked for the
    /// section and the index of what is new or was not found yet.
    pub(super) fn announced<'a>(
        &mut self,
        cursors: impl Iterator<Item = (u64, &'a Cursor)>,
        resolve: impl Fn(&Value) -> Option<(SectionKey, u32)>,
    ) {
        let mut before = mem::take(&mut self.known);
        for (client, cursor) in cursors {
            let known = before.iter().position(|known| known.client == client);
            let mut known = known.map_or_else(Known::default, |at| before.swap_remove(at));
            if known.place.is_none() || known.cursor != *cursor {
                let (moves, is_highlighted) =
                    known.place.map_or((0, false), |place| (place.moves + 1, place.is_highlighted));
                known.place = resolve(&cursor.head).map(|(section, head)| {
                    let anchor = resolve(&cursor.anchor).filter(|(other, _)| *other == section);
                    CaretPlace {
                        section,
                        anchor: anchor.map_or(head, |(_, index)| index),
                        head,
                        moves,
                        is_highlighted,
                    }
                });
                known.cursor = cursor.clone();
            }
            known.client = client;
            self.known.push(known);
        }
    }

    /// A section's text was changed, by another if `by_other`.
    pub(super) fn changed(&mut self, section: SectionKey, delta: &[Op], by_other: bool) {
        let places = self.known.iter_mut().filter_map(|known| known.place.as_mut());
        for place in places.filter(|place| place.section == section) {
            // An anchor holds on to what is behind it, as `Replica::anchor` makes it.
            place.anchor = moved(delta, place.anchor, true);
            place.head = moved(delta, place.head, true);
            if by_other && ends_at(delta, place.head) {
                place.moves += 1;
            }
        }
    }

    /// Somebody's caret.
    #[must_use]
    pub(super) fn place(&self, client: u64) -> Option<CaretPlace> {
        self.known.iter().find(|known| known.client == client)?.place
    }

    /// Whether a caret was announced that could not be found yet.
    #[must_use]
    pub(super) fn is_waiting(&self) -> bool {
        self.known.iter().any(|known| known.place.is_none())
    }

    /// Goes to see somebody, and no longer whom one saw before.
    pub(super) fn seek(&mut self, client: u64) -> Option<CaretPlace> {
        for known in &mut self.known {
            if let Some(place) = &mut known.place {
                place.is_highlighted = known.client == client;
                place.moves += u32::from(place.is_highlighted);
            }
        }
        self.place(client)
    }
}

/// Whether something that a change inserted or deleted ended at this place in the changed text: there is
/// the caret of who did it.
fn ends_at(delta: &[Op], index: u32) -> bool {
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
        changes && end == index
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const MAL: SectionKey = SectionKey::named("mal");

    /// An announcement that these resolve to their index in one section; a negative one is not found.
    fn cursor(anchor: i32, head: i32) -> Cursor {
        Cursor { anchor: anchor.into(), head: head.into() }
    }

    fn find(anchor: &Value) -> Option<(SectionKey, u32)> {
        Some((MAL, u32::try_from(anchor.as_i64()?).ok()?))
    }

    fn at(remote_carets: &RemoteCarets, client: u64) -> (u32, u32, u32) {
        let place = remote_carets.place(client).expect("known");
        (place.anchor, place.head, place.moves)
    }

    #[test]
    fn a_caret_is_found_when_it_is_announced_and_carried_from_there() {
        let mut remote_carets = RemoteCarets::default();
        let asked = Cell::new(0);
        let resolve = |anchor: &Value| {
            asked.set(asked.get() + 1);
            find(anchor)
        };
        let first = cursor(2, 5);
        remote_carets.announced([(1, &first)].into_iter(), resolve);
        remote_carets.changed(MAL, &[Op::insert("å😀")], true);
        remote_carets.changed(SectionKey::named("other"), &[Op::insert("xx")], true);
        remote_carets.announced([(1, &first)].into_iter(), resolve);
        assert_eq!((at(&remote_carets, 1), asked.get()), ((5, 8, 0), 2), "what is not new is not asked for");
        remote_carets.changed(MAL, &[Op::retain(4), Op::delete(2)], true);
        assert_eq!(at(&remote_carets, 1), (4, 6, 0));
        let second = cursor(1, 1);
        remote_carets.announced([(1, &second)].into_iter(), resolve);
        assert_eq!(at(&remote_carets, 1), (1, 1, 1));
        remote_carets.announced([].into_iter(), resolve);
        assert_eq!(remote_carets.place(1), None, "who left is forgotten");
    }

    #[test]
    fn who_types_stirs_and_who_is_only_pushed_does_not() {
        let mut remote_carets = RemoteCarets::default();
        let (writer, reader) = (cursor(3, 3), cursor(7, 7));
        remote_carets.announced([(1, &writer), (2, &reader)].into_iter(), find);
        remote_carets.changed(MAL, &[Op::retain(3), Op::insert("ord")], true);
        assert_eq!((at(&remote_carets, 1), at(&remote_carets, 2)), ((6, 6, 1), (10, 10, 0)));
        remote_carets.changed(MAL, &[Op::retain(5), Op::delete(1)], true);
        assert_eq!((at(&remote_carets, 1), at(&remote_carets, 2)), ((5, 5, 2), (9, 9, 0)));
        remote_carets.changed(MAL, &[Op::retain(5), Op::insert("x")], false);
        assert_eq!(at(&remote_carets, 1), (6, 6, 2), "what is typed here is not theirs");
    }

    #[test]
    fn a_caret_in_text_that_is_on_its_way_is_asked_for_again() {
        let mut remote_carets = RemoteCarets::default();
        let early = cursor(4, 4);
        remote_carets.announced([(1, &early)].into_iter(), |_| None);
        assert!(remote_carets.is_waiting() && remote_carets.place(1).is_none());
        remote_carets.announced([(1, &early)].into_iter(), find);
        assert!(!remote_carets.is_waiting());
        assert_eq!(at(&remote_carets, 1), (4, 4, 0));
    }

    #[test]
    fn a_selection_over_two_texts_is_a_caret() {
        let mut remote_carets = RemoteCarets::default();
        remote_carets.announced([(1, &cursor(-1, 4))].into_iter(), find);
        assert_eq!(at(&remote_carets, 1), (4, 4, 0));
    }

    #[test]
    fn one_is_sought_at_a_time() {
        let mut remote_carets = RemoteCarets::default();
        let here = cursor(1, 1);
        remote_carets.announced([(1, &here), (2, &here)].into_iter(), find);
        remote_carets.seek(1);
        let place = remote_carets.seek(2).expect("known");
        assert_eq!((place.is_highlighted, place.moves), (true, 1));
        assert!(!remote_carets.place(1).expect("known").is_highlighted);
        assert_eq!(remote_carets.seek(3), None);
    }
}
