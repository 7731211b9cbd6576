//! Who was here and was lost: people whose connection ended without a farewell, as this page saw it. What they wrote
//! since is on their own device, and nobody else can know of it.
//!
//! Invariant: Who was lost is told from who left, also when they had just moved
//! (`who_is_lost_is_told_from_who_says_farewell`,
//! `others_tell_who_was_lost_from_who_left_also_when_it_had_just_moved`,
//! `who_leads_sees_who_was_lost_while_writing_and_that_they_are_back`).

use crate::sync::presence::{Presence, Presences};

use super::people::{COLOURS, Person};

/// More than anybody would look for; the oldest leave.
const KEPT: usize = 100;

/// Takes those who were lost just now, the latest first, and lets go of those who are here again: in the same page,
/// or under the same name in another one.
pub(super) fn note_lost(absentees: &mut Vec<Person>, now: f64, lost: Vec<(u64, Presence)>, here: &Presences) {
    for (client, presence) in lost {
        let colour = usize::try_from(client % COLOURS as u64).expect("below the number of colours");
        absentees.insert(0, Person { lost: Some(now), ..Person::of(client, &presence, colour) });
    }
    absentees.retain(|absentee| {
        !here.readable().any(|(client, presence)| {
            let (name, organisation) = (&presence.user.name, &presence.user.organisation);
            let is_same = *name == absentee.name && *organisation == absentee.organisation;
            client == absentee.client || (is_same && !name.is_empty())
        })
    });
    absentees.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::protocol::PresenceEntry;

    struct Room {
        presences: Presences,
        absentees: Vec<Person>,
    }

    impl Room {
        fn hears(&mut self, now: f64, client: u64, clock: u64, name: Option<&str>) {
            let state = name.map_or("null".to_owned(), |name| {
                format!("{{\"user\":{{\"name\":\"{name}\"}},\"samsyn.unsaved\":3}}")
            });
            let lost = self.presences.apply(vec![PresenceEntry { client, clock, state }]);
            note_lost(&mut self.absentees, now, lost, &self.presences);
        }

        fn told(&self) -> Vec<(&str, Option<f64>, u32)> {
            self.absentees.iter().map(|a| (a.name.as_str(), a.lost, a.unsaved)).collect()
        }
    }

    fn room() -> Room {
        let mut room = Room { presences: Presences::default(), absentees: Vec::new() };
        for (client, name) in [(1, "Anna"), (2, "Bo"), (3, "")] {
            room.hears(0.0, client, 1, Some(name));
        }
        room
    }

    #[test]
    fn who_is_lost_is_absent_since_then_and_who_leaves_is_not() {
        let mut room = room();
        room.hears(5.0, 1, 1, None);
        room.hears(6.0, 2, 2, None);
        room.hears(7.0, 3, 1, None);
        assert_eq!(room.told(), [("", Some(7.0), 3), ("Anna", Some(5.0), 3)]);
    }

    #[test]
    fn who_comes_back_is_no_longer_absent_in_another_page_too() {
        let mut room = room();
        room.hears(5.0, 1, 1, None);
        room.hears(5.0, 2, 1, None);
        room.hears(6.0, 1, 2, Some("Anna"));
        assert_eq!(room.told(), [("Bo", Some(5.0), 3)]);
        room.hears(7.0, 9, 1, Some("Bo"));
        assert_eq!(room.told(), []);
    }

    #[test]
    fn nobody_without_a_name_stands_for_another() {
        let mut room = room();
        room.hears(5.0, 3, 1, None);
        room.hears(6.0, 9, 1, Some(""));
        assert_eq!(room.told(), [("", Some(5.0), 3)]);
    }
}
