//! What of the actor is tested apart from the room.

use samsyn_shared::MalbildId;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan as _;

use super::*;

#[test]
fn a_room_that_goes_on_in_another_place_does_not_hold_the_span_it_left() {
    let id = DocumentId::content(MalbildId::from_bytes([1; 12]));
    tracing::subscriber::with_default(Registry::default(), || {
        let before = span(id).entered();
        let after = span(id);
        let number = after.id().expect("a registry gives numbers");
        tracing::dispatcher::get_default(|dispatch| {
            let registry = dispatch.downcast_ref::<Registry>().expect("it is the default here");
            assert!(registry.span(&number).expect("it is open").parent().is_none());
        });
        drop(before);
    });
}
