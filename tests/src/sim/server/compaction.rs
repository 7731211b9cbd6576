//! Snapshots of the simulated server: made, proven, stored, each a while after the other.

use anyhow::{Context as _, Result};
use samsyn_server::room::Proven;
use samsyn_server::room::state::Event;

use super::super::nature::{Happening, Nature};
use super::{Compaction, Server, fate};

impl Server {
    pub(super) fn compact(&mut self, nature: &mut Nature) -> Result<()> {
        let Some(room) = &mut self.room else { return Ok(()) };
        room.since_snapshot = 0;
        let unproven = Some(room.state.snapshot().context("no snapshot is made")?);
        let id = self.next_compaction;
        self.next_compaction += 1;
        room.compacting = Some(id);
        self.compactions.insert(id, Compaction { up_to: room.last, unproven, job: None });
        let proving = nature.while_up_to(nature.plan.commit);
        nature.after(proving, Happening::Proves(id));
        Ok(())
    }

    pub(in crate::sim) fn prove(&mut self, nature: &mut Nature, id: u64) -> Result<()> {
        let Some(compaction) = self.compactions.get_mut(&id) else { return Ok(()) };
        let Some(unproven) = compaction.unproven.take() else { return Ok(()) };
        match unproven.prove().context("a snapshot is not proven")? {
            Proven::Same(snapshot) => {
                let fate = fate(nature);
                let job = nature.disk.compact(snapshot, compaction.up_to, fate);
                compaction.job = Some(job);
                nature.commits(job);
                Ok(())
            }
            Proven::DeletesMore(update) => {
                nature.tally.healed += 1;
                if self.compacted(id) { self.event(nature, Event::Healed { update }) } else { Ok(()) }
            }
        }
    }

    /// A compaction has ended. Says whether its room is still there.
    pub(super) fn compacted(&mut self, id: u64) -> bool {
        self.compactions.remove(&id);
        self.room.as_mut().is_some_and(|room| room.compacting.take_if(|of| *of == id).is_some())
    }
}
