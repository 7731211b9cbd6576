//! What is kept of a målbild, by its part: whether it is whole, how it becomes one file, and what one copy of it holds beyond
//! another.
//!
//! It doesn't know where the copies are.

use std::panic::catch_unwind;

use bytes::{Bytes, BytesMut};
use samsyn_shared::document::scan::{self, ScanError};
use samsyn_shared::journal::{Act, Restored, Salt, Stamp};
use samsyn_shared::room::{Broken, Proven, RoomDocument, RoomJournal, Unproven};
use samsyn_shared::{ActId, Timestamp};

use crate::store::{Loaded, Part, Time};

/// What a journal that can't be read is called.
const NO_JOURNAL: Broken = Broken("its journal is not as it was entered");

/// Whether what is stored makes what it is a part of.
pub(super) fn prove<'a>(part: Part, stored: impl Iterator<Item = &'a Bytes>) -> Result<(), Broken> {
    match part {
        Part::Content => RoomDocument::build(stored, 0).map(drop),
        Part::Journal => RoomJournal::read(stored).map(drop).map_err(|_| NO_JOURNAL),
    }
}

/// Judges what somebody else may have written, as what clients send is judged.
pub(super) fn admit(part: Part, content: &Bytes) -> Result<(), ScanError> {
    match part {
        Part::Content => scan::update(content).map(drop),
        // Each line is judged when it is read, and its work grows with its bytes.
        Part::Journal => Ok(()),
    }
}

/// All of it as one, proven.
pub(super) fn whole(part: Part, loaded: &Loaded) -> Result<Bytes, Broken> {
    match part {
        Part::Content => whole_document(loaded),
        Part::Journal => RoomJournal::read(loaded.parts()).map(|read| read.whole()).map_err(|_| NO_JOURNAL),
    }
}

/// A whole Document as one update that is proven to load.
fn whole_document(loaded: &Loaded) -> Result<Bytes, Broken> {
    let client_id = samsyn_shared::domain::ids::client_id(&mut rand::rng());
    let document = RoomDocument::build(loaded.parts(), client_id)?;
    if let Ok(Proven::Same(snapshot)) = document.whole_to_prove().and_then(Unproven::prove) {
        return Ok(snapshot);
    }
    // Where a snapshot would not be the same Document, its updates are kept as they are, one after the other.
    let merged = catch_unwind(|| yrs::merge_updates_v1(loaded.parts())).ok().and_then(Result::ok);
    let merged = Bytes::from(merged.ok_or(Broken("its updates do not merge"))?);
    RoomDocument::build(std::iter::once(&merged), client_id)?;
    Ok(merged)
}

/// What a backup holds beyond what is stored, as what is to be appended to it; none if that is nothing.
pub(super) fn beyond(part: Part, loaded: &Loaded, backup: &Bytes) -> Result<Option<Bytes>, Broken> {
    match part {
        Part::Content => beyond_document(loaded, backup),
        Part::Journal => beyond_journal(loaded, backup),
    }
}

/// An update with what a backup holds beyond a Document, `None` if that is nothing. Applied to the Document it
/// takes nothing away but what was deleted in the backup.
fn beyond_document(loaded: &Loaded, backup: &Bytes) -> Result<Option<Bytes>, Broken> {
    let own = RoomDocument::build(loaded.parts(), 0)?;
    let both = RoomDocument::build(loaded.parts().chain([backup]), 0)?;
    let merged = both.fingerprint()?;
    if own.fingerprint()?.agrees_with(&merged) {
        return Ok(None);
    }
    if let Ok(update) = both.diff(&own.vector()?)
        && let Ok(made) = RoomDocument::build(loaded.parts().chain([&update]), 0)
        && made.fingerprint()?.agrees_with(&merged)
    {
        return Ok(Some(update));
    }
    Ok(Some(backup.clone()))
}

/// The entries that follow those that are stored, where the backup's begin with them. Two chains that part are not mixed:
/// the stored one stays.
fn beyond_journal(loaded: &Loaded, backup: &Bytes) -> Result<Option<Bytes>, Broken> {
    let own = RoomJournal::read(loaded.parts()).map_err(|_| NO_JOURNAL)?;
    let theirs = RoomJournal::read(std::iter::once(backup)).map_err(|_| NO_JOURNAL)?;
    if theirs.hash_of(own.stored()) != Some(own.tip().hash()) {
        return Ok(None);
    }
    let beyond = theirs.after(own.stored());
    Ok(Some(beyond).filter(|beyond| !beyond.is_empty()))
}

/// What is put in the place of what is stored: of a journal with an entry that says so.
pub(super) fn put_back(part: Part, backup: Bytes, (made, now): (Time, Time)) -> Result<Bytes, Broken> {
    if part == Part::Content {
        return Ok(backup);
    }
    let mut rng = rand::rng();
    let at = |time: Time| Timestamp::from_millis(time.0);
    let stamp = Stamp { at: at(now), salt: Salt::generate(&mut rng) };
    let restored = Act::Restored(Restored { backup: at(made) });
    let entry = RoomJournal::read(std::iter::once(&backup)).map_err(|_| NO_JOURNAL)?.noted(
        &restored,
        ActId::generate(&mut rng),
        stamp,
    );
    let mut whole = BytesMut::from(&backup[..]);
    whole.extend_from_slice(&entry);
    Ok(whole.freeze())
}
