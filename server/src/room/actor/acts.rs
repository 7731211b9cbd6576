//! What the actor does about acts: who asked is kept until the room has an answer, and entries become durable together with
//! what belongs to them.
//!
//! It doesn't know what an act means.

use std::collections::HashMap;

use bytes::Bytes;
use samsyn_shared::journal::{Asked, Salt, Stamp};
use samsyn_shared::room::{ActTaken, Event, NotTaken, Ticket};
use samsyn_shared::{EntryNumber, Timestamp};
use tokio::sync::{oneshot, watch};

use super::Actor;
use super::beside::UnderWay;
use crate::store::{DocumentId, StoreError, Time, Write};

/// Acts that somebody waits for.
pub(super) struct Acts {
    next: u64,
    waiting: HashMap<Ticket, Waiting>,
    /// Entries that are becoming durable.
    pub(super) entering: UnderWay<Result<(), StoreError>>,
    head: watch::Sender<EntryNumber>,
}

/// Somebody who asked for an act.
struct Waiting {
    /// What becomes durable together with its entry.
    beside: Vec<Write>,
    reply: oneshot::Sender<Result<ActTaken, NotTaken>>,
}

impl Acts {
    /// Nobody asks yet; whoever listens hears of every entry.
    pub(super) fn new(head: watch::Sender<EntryNumber>) -> Self {
        Self { next: 1, waiting: HashMap::new(), entering: None, head }
    }

    fn wait(&mut self, beside: Vec<Write>, reply: oneshot::Sender<Result<ActTaken, NotTaken>>) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiting.insert(ticket, Waiting { beside, reply });
        ticket
    }
}

impl Actor {
    pub(super) async fn ask(
        &mut self,
        asked: Box<Asked>,
        beside: Vec<Write>,
        reply: oneshot::Sender<Result<ActTaken, NotTaken>>,
    ) {
        let ticket = self.acts.wait(beside, reply);
        let stamp =
            Stamp { at: Timestamp::from_millis(Time::now().0), salt: Salt::generate(&mut rand::rng()) };
        self.event(Event::ActAsked { ticket, asked, stamp }).await;
    }

    /// Has entries become durable, or all of them anew, with what their tickets bring.
    pub(super) fn enter(&mut self, tickets: &[Ticket], entries: Bytes, is_whole: bool) {
        let document = DocumentId::journal(self.id.malbild);
        let mut writes = vec![if is_whole {
            Write::Replace { document, snapshot: entries }
        } else {
            Write::Append { document, update: entries }
        }];
        for ticket in tickets {
            let waiting = self.acts.waiting.get_mut(ticket);
            writes.extend(waiting.map(|waiting| std::mem::take(&mut waiting.beside)).unwrap_or_default());
        }
        let storage = self.storage.clone();
        self.acts.entering = Some(Box::pin(async move { storage.enter(writes).await }));
    }

    pub(super) async fn entered(&mut self, outcome: Result<(), StoreError>) {
        self.acts.entering = None;
        match outcome {
            Ok(()) => {
                self.event(Event::Entered).await;
                self.acts.head.send_replace(self.state.journal().stored());
            }
            Err(error) => {
                tracing::error!(%error, "an entry was not stored");
                self.event(Event::AppendFailed).await;
            }
        }
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: Result<ActTaken, NotTaken>) {
        let Some(waiting) = self.acts.waiting.remove(&ticket) else { return };
        if waiting.reply.send(answer).is_err() {
            tracing::debug!("nobody waited for what came of an act");
        }
    }
}
