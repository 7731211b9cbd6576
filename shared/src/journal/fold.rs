//! How an entry becomes part of the state.

use super::act::{self, Act};
use super::entry::Entry;
use super::state::{Known, State};

/// Takes one more entry in, which the chain has verified.
pub(super) fn fold(state: &mut State, entry: &Entry) {
    if let Some(act) = entry.erased_act {
        state.was_erased_before(act);
    }
    let Some(body) = &entry.body else { return };
    let by = body.signature();
    let fields = body.without_signature();
    if let Some(id) = by.id.clone() {
        let (digest, is_erasable) = (act::digest(&entry.act, &fields), Act::is_erasable(&entry.act));
        let (number, at, seat) = (entry.number, entry.at, by.seat.clone());
        state.enter(id, Known { number, at, seat, digest, is_erasable });
    }
    act::fold(state, entry, fields, by);
}
