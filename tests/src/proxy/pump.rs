//! One way of one connection: what is read at one end is written at the other, as late as the weather has it,
//! and only while the wire is passing.

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval_at};

use super::weather::Schedule;
use super::{Condition, State};

/// Pieces that are on their way at a time.
const UNDER_WAY: usize = 64;

/// Carries bytes until they end, and the end too. What was read already goes first.
pub(super) async fn pump(
    already: Bytes,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: watch::Receiver<State>,
) -> Result<()> {
    let (enter, mut leave) = mpsc::channel::<(Instant, Bytes)>(UNDER_WAY);
    let weather = state.clone();
    let reading = async move {
        let (mut schedule, mut piece) = (Schedule::begin(), already);
        loop {
            let now = weather.borrow().weather;
            if !piece.is_empty() {
                let due = schedule.due(piece.len(), &now, &mut rand::rng());
                enter.send((due, piece)).await?;
            }
            let mut buffer = BytesMut::with_capacity(now.piece());
            // An error is an end, and is told like one: not while the wire is mute.
            if from.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return Ok(());
            }
            piece = buffer.freeze();
        }
    };
    let mut passing = state;
    let writing = async move {
        while let Some((due, piece)) = leave.recv().await {
            if due > Instant::now() {
                interval_at(due, super::FOR_EVER).tick().await;
            }
            passing.wait_for(|state| state.condition == Condition::Passing).await?;
            to.write_all(&piece).await?;
        }
        passing.wait_for(|state| state.condition == Condition::Passing).await?;
        Ok(to.shutdown().await?)
    };
    tokio::try_join!(reading, writing).map(drop)
}
