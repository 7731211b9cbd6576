//! Attacks made by hand against the scan: what must be refused is, at once and without a trace.

#[expect(unreachable_pub, reason = "it is a module of the crate of tests")]
#[path = "../../tests/src/attack.rs"]
mod attack;
#[expect(unreachable_pub, reason = "likewise")]
#[path = "../../tests/src/lib0.rs"]
mod lib0;

use attack::{SentAs, Verdict, attacks};
use samsyn_shared::document::scan::{self, ScanError};

#[test]
fn each_attack_gets_its_verdict() {
    for attack in attacks() {
        let error = match attack.sent_as {
            SentAs::Update => scan::update(&attack.bytes).err(),
            SentAs::Vector => scan::vector(&attack.bytes).err(),
            SentAs::Presence => match samsyn_shared::sync::protocol::scan_presence(&attack.bytes) {
                Ok(entries) => {
                    assert!(entries.is_empty(), "{} would be shown to others", attack.name);
                    None
                }
                Err(error) => Some(error),
            },
        };
        let verdict = match error {
            None => Verdict::Harmless,
            Some(ScanError::Malformed(_)) => Verdict::Malformed,
            Some(ScanError::Forbidden(_) | ScanError::TooDeep) => Verdict::Forbidden,
        };
        assert_eq!(verdict, attack.verdict, "{}: {error:?}", attack.name);
    }
}
