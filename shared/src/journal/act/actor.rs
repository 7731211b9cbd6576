//! `actor`: adds an organisation that takes part, or changes one.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, expect_name};
use crate::domain::limits;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{Actor, State};
use crate::{ActorId, Role};

/// What is said of an actor. Level, kind and group are words of whoever adds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorFields {
    /// Which is changed; none adds one, which the act's own identifier names.
    pub actor: Option<ActorId>,
    /// What the organisation is called, as it may be shown.
    pub name: String,
    /// On which level it works, such as local or regional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// What it is, such as a municipality or a rescue service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// With whom it is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its units and functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
}

impl ActKind for ActorFields {
    const NAME: &'static str = "actor";
    const OWN: &'static [&'static str] = &["actor", "name"];

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        match &self.actor {
            Some(actor) => {
                asked.from(Role::Owner)?;
                asked.state.actor(actor).ok_or(Declined::Missing("actor"))?;
            }
            None => {
                asked.from(Role::Editor)?;
                if asked.state.actors().len() >= limits::ACTORS {
                    return Err(Declined::Full);
                }
            }
        }
        expect_name("name", &self.name)?;
        for (field, said) in [("level", &self.level), ("kind", &self.kind), ("group", &self.group)] {
            said.iter().try_for_each(|said| expect_name(field, said))?;
        }
        if self.units.len() > limits::ACTOR_UNITS {
            return Err(Declined::Invalid("units"));
        }
        self.units.iter().try_for_each(|unit| expect_name("units", unit))
    }

    fn fold(self, state: &mut State, _: &Entry, by: Signature) {
        let Self { actor, name, level, kind, group, units } = self;
        if let Some(id) = actor.or(by.id.map(ActorId)) {
            state.actors.insert(id, Actor { name, level, kind, group, units });
        }
    }
}
