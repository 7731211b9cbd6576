//! What connections are sent: framed once for all who are sent the same, and counted while it waits; and what becomes of
//! those who take nothing of it.
//!
//! It doesn't know what is in a message.

use bytes::Bytes;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::CloseCode;

use super::{Actor, ConnectionId, Effect, Event};
use crate::frame::framed;
use crate::room::outbox::{Unread, WRITE_CHUNK};

/// The last long answer as frames, for all who are sent the same messages.
#[derive(Debug, Default)]
pub(super) struct LastAnswer {
    messages: Vec<Bytes>,
    frames: Bytes,
}

impl LastAnswer {
    /// Messages that are sent one after the other, as they go over the wire.
    pub(super) fn framed(&mut self, messages: Vec<Bytes>, unread: &Unread) -> Bytes {
        if let [message] = &messages[..]
            && message.len() <= WRITE_CHUNK
        {
            return framed(message);
        }
        let is_same =
            |(one, other): (&Bytes, &Bytes)| (one.as_ptr(), one.len()) == (other.as_ptr(), other.len());
        if messages.len() == self.messages.len() && messages.iter().zip(&self.messages).all(is_same) {
            return self.frames.clone();
        }
        let frames = messages.iter().map(|message| framed(message)).collect::<Vec<_>>().concat();
        if frames.len() <= WRITE_CHUNK {
            return frames.into();
        }
        let frames = unread.count(frames);
        *self = Self { messages, frames: frames.clone() };
        frames
    }
}

impl Actor {
    /// Sends a message to all of these, with those that they are to be sent next: what the same receivers are told one
    /// after the other is written at once.
    pub(super) fn send_all(&mut self, to: &[ConnectionId], message: Bytes) {
        let mut messages = vec![message];
        while let Some(Effect::Send { message, .. }) =
            self.effects.pop_front_if(|next| matches!(next, Effect::Send { to: also, .. } if also == to))
        {
            messages.push(message);
        }
        let frames = self.last_answer.framed(messages, self.workshop.unread());
        self.send(to, &frames);
        if frames.len() > WRITE_CHUNK {
            self.send_away_who_is_stuck();
        }
    }

    /// Sends frames, encoded once, to all of these.
    fn send(&mut self, to: &[ConnectionId], frames: &Bytes) {
        metrics::counter!("samsyn_frames_sent_total").increment(to.len() as u64);
        for to in to {
            if self.outboxes.get(to).is_some_and(|outbox| outbox.push(frames).is_err()) {
                tracing::info!(connection = to.0, "a connection reads too slowly");
                self.too_slow(*to);
            }
        }
    }

    /// Where too much waits in this process, closes those who take nothing.
    pub(super) fn send_away_who_is_stuck(&mut self) {
        if self.workshop.unread().bytes() <= limits::UNREAD_BYTES {
            return;
        }
        let stuck = self.outboxes.iter().filter(|(_, outbox)| outbox.stuck_for() >= limits::STUCK);
        for connection in stuck.map(|(connection, _)| *connection).collect::<Vec<_>>() {
            tracing::info!(connection = connection.0, "a connection takes nothing while much waits");
            self.too_slow(connection);
        }
    }

    fn too_slow(&mut self, connection: ConnectionId) {
        metrics::counter!("samsyn_connections_closed_total", "reason" => "slow").increment(1);
        self.close(connection, CloseCode::Slow);
        self.react(Event::Left { connection });
    }

    pub(super) fn close(&mut self, connection: ConnectionId, code: CloseCode) {
        if let Some(outbox) = self.outboxes.remove(&connection) {
            outbox.close(code);
        }
        self.inputs.inbox.close(connection);
        self.held.remove(&connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_sent_the_same_long_answer_shares_its_frames_and_they_count_once_while_anybody_has_them() {
        let (mut answers, unread) = (LastAnswer::default(), Unread::default());
        let messages = vec![Bytes::from(vec![1; WRITE_CHUNK]), Bytes::from(vec![2; WRITE_CHUNK])];
        let one = answers.framed(messages.clone(), &unread);
        let other = answers.framed(messages.clone(), &unread);
        assert_eq!(one.as_ptr(), other.as_ptr());
        assert_eq!(unread.bytes(), one.len());
        let changed = answers.framed(vec![Bytes::from(vec![1; WRITE_CHUNK]), messages[1].clone()], &unread);
        assert_ne!(changed.as_ptr(), one.as_ptr());
        assert_eq!(unread.bytes(), 2 * one.len());
        drop((one, other));
        assert_eq!(unread.bytes(), changed.len());
        drop((changed, answers));
        assert_eq!(unread.bytes(), 0);
    }

    #[test]
    fn short_messages_are_framed_as_they_come() {
        let (mut answers, unread) = (LastAnswer::default(), Unread::default());
        let short = [Bytes::from_static(b"ett"), Bytes::from_static(b"tva")];
        assert_eq!(answers.framed(short.to_vec(), &unread), [framed(&short[0]), framed(&short[1])].concat());
        assert_eq!(unread.bytes(), 0);
    }
}
