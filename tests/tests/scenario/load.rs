//! Scenario 18: a long section, a room full of writers, and one who is cut off in the middle of it.

use std::time::Duration;

use anyhow::{Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::Kind;
use samsyn_tests::peer::Dialect;
use samsyn_tests::writer::{Writer, words_in};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout_at};

use super::SECTION;
use crate::stage::{Pair, in_browsers};

const WRITERS: usize = 50;
/// How much stands in the section before.
const LONG: usize = 100_000;
/// How long they write, unless `SAMSYN_LOAD_SECONDS` says otherwise. A is cut off for a third of it.
const SECONDS: u64 = 15;
/// How often a writer writes a word: as often as a person.
const PACE: Duration = Duration::from_secs(1);

fn seconds() -> Result<u64> {
    Ok(std::env::var("SAMSYN_LOAD_SECONDS").ok().map(|said| said.parse()).transpose()?.unwrap_or(SECONDS))
}

/// Writes until the end, then waits until all is saved.
async fn write_until(mut writer: Writer, end: Instant) -> Result<Writer> {
    let mut pace = interval(PACE);
    loop {
        tokio::select! {
            _ = timeout_at(end, std::future::pending::<()>()) => break,
            _ = pace.tick() => drop(writer.type_word().await?),
            heard = writer.hear() => ensure!(heard?.is_some(), "a writer was cut off"),
        }
    }
    writer.wait_until_saved().await?;
    Ok(writer)
}

in_browsers!(scenario_18_nothing_is_lost_among_fifty_writers_in_a_long_section, write_among_fifty, Chromium WebKit);
async fn write_among_fifty(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let server = &pair.stage.server;
    let token = pair.stage.malbild.token(Role::Editor);
    let mut peer = pair.stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let line = format!("{}\n", "lägesbild ".repeat(10));
    let long = line.repeat(LONG / line.chars().count());
    peer.insert(SECTION, 0, &long).await?;
    peer.leave_once_saved().await?;
    let agreed = pair.agree_on(SECTION).await?;
    ensure!(agreed == long, "the section holds {} characters before they write", agreed.chars().count());

    let mut joined = Vec::new();
    for number in 0..WRITERS {
        let name = format!("w{number}");
        joined.push(Writer::join(server, &pair.stage.malbild, token, &name, SECTION).await?);
    }
    pair.a.go_to(SECTION).await?;
    let (third, started) = (Duration::from_secs(seconds()?) / 3, Instant::now());
    let mut writers: JoinSet<_> =
        joined.into_iter().map(|writer| write_until(writer, started + third * 3)).collect();
    let mut typed = Vec::new();
    for part in 1..=3 {
        match part {
            2 => pair.wires[0].cut(),
            3 => pair.wires[0].heal(),
            _ => {}
        }
        while Instant::now() < started + third * part {
            let word = format!("[{}]", typed.len());
            pair.a.keys(&format!("{word} ")).await?;
            typed.push(word);
        }
    }
    let mut words = Vec::new();
    while let Some(writer) = writers.join_next().await {
        words.extend(writer??.all());
    }
    let text = pair.agree_on(SECTION).await?;
    let own: String = typed.iter().map(|word| format!("{word} ")).collect();
    ensure!(text.contains(&own), "not all that A typed is there, in one piece");
    let found = words_in(&text);
    ensure!(words.len() >= WRITERS, "only {} words were written", words.len());
    for word in &words {
        ensure!(found.get(word.as_str()) == Some(&1), "{word} is there {:?} times", found.get(word.as_str()));
    }
    // The characters of all together: nothing else came in, nothing went.
    let theirs: usize = words.iter().map(|word| word.chars().count()).sum();
    assert_eq!(text.chars().count(), long.chars().count() + own.chars().count() + theirs);
    pair.expect_quiet_consoles().await
}
