//! Snapshots of the simulated server: made, proven, stored, each a while after the other.

use anyhow::{Context as _, Result};
use samsyn_server::room::Proven;
use samsyn_server::room::state::Event;
use samsyn_shared::limits;

use super::super::environment::{Environment, Scheduled};
use super::{Compaction, Server, fate};

impl Server {
    pub(super) fn compact(&mut self, environment: &mut Environment) -> Result<()> {
        let Some(room) = &mut self.room else { return Ok(()) };
        room.since_snapshot = 0;
        let unproven = Some(room.state.snapshot().context("no snapshot is made")?);
        let id = self.next_compaction;
        self.next_compaction += 1;
        room.compacting = Some(id);
        self.compactions.insert(id, Compaction { up_to: room.last, unproven, job: None });
        let proving = environment.while_up_to(environment.plan.commit);
        environment.after(proving, Scheduled::Proves(id));
        Ok(())
    }

    pub(in crate::sim) fn prove(&mut self, environment: &mut Environment, id: u64) -> Result<()> {
        let Some(compaction) = self.compactions.get_mut(&id) else { return Ok(()) };
        let Some(unproven) = compaction.unproven.take() else { return Ok(()) };
        match unproven.prove().context("a snapshot is not proven")? {
            Proven::Same(snapshot) => {
                let fate = fate(environment);
                let job = environment.disk.compact(snapshot, compaction.up_to, fate);
                compaction.job = Some(job);
                environment.commits(job);
                Ok(())
            }
            Proven::DeletesMore(update) => {
                environment.tally.healed += 1;
                if self.room.as_ref().is_some_and(|room| room.compacting == Some(id)) {
                    self.event(environment, Event::Healed { update })?;
                }
                self.compacted(environment, id)
            }
        }
    }

    /// A compaction has ended.
    pub(super) fn compacted(&mut self, environment: &mut Environment, id: u64) -> Result<()> {
        self.compactions.remove(&id);
        if self.room.as_mut().is_none_or(|room| room.compacting.take_if(|of| *of == id).is_none()) {
            return Ok(());
        }
        let opening = environment.while_up_to(limits::DOCUMENT_OPENING);
        self.event(environment, Event::Weighed { opening: Some(opening) })
    }
}
