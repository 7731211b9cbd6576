//! Whoever was away comes back: many at once with much, over a server that dies again and again, after a day, and to a
//! server that has less than they have. All are equal again, and nothing is lost or doubled.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::operator::samsyn;
use samsyn_tests::participant::Participant;
use samsyn_tests::server::Server;
use samsyn_tests::until::Look;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::stage::{Pair, Stage};

const SECTION: &str = "overgripande-beskrivning";
const TEMPLATE: &str = "aktorsgemensam";

/// The value below which so many per cent of these lie, in milliseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0
}

/// What one of the crowd wrote, as words that nobody else writes.
fn words(name: usize, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |word| format!("<{name}.{word}>"))
}

const CROWD: usize = 18;
const EDITS: usize = 2000;

/// Two of the twenty are browsers, whose keys are real. All of them come back in one moment.
#[tokio::test]
async fn twenty_with_two_thousand_edits_each_come_back_at_once_and_are_equal() -> Result<()> {
    // A page's replica stays on one thread.
    LocalSet::new().run_until(come_back_at_once()).await
}

async fn come_back_at_once() -> Result<()> {
    let pair = Pair::meet().await?;
    let token = pair.stage.malbild.token(Role::Editor);
    let mut crowd = Vec::new();
    for name in 0..CROWD {
        let mut one = Participant::of(&pair.stage.server, &pair.stage.malbild, TEMPLATE, token)?;
        one.until(Participant::is_saved).await?;
        one.leave().await?;
        for word in words(name, EDITS) {
            let end = one.len(SECTION)?.saturating_sub(1);
            one.write(SECTION, end, &word).await?;
        }
        crowd.push(one);
    }
    pair.part().await?;
    for (page, letter) in [(&pair.a, "a"), (&pair.b, "b")] {
        page.go_to(SECTION).await?;
        page.keys(&letter.repeat(EDITS)).await?;
    }
    let pending = (pair.a.pending().await?, pair.b.pending().await?);
    println!("the pages hold {pending:?} updates that wait");
    ensure!(pending.0.min(pending.1) >= EDITS as u64, "each key is an update: {pending:?}");
    let all = CROWD * EDITS;
    let began = Instant::now();
    pair.reunite().await?;
    let mut returning = JoinSet::new();
    for mut one in crowd {
        returning.spawn_local(async move {
            let has_all = |one: &Participant| {
                one.is_saved()
                    && one.text(SECTION).is_ok_and(|text| {
                        let keys = |letter| text.matches(letter).count();
                        keys('<') == all && keys('a') == EDITS && keys('b') == EDITS
                    })
            };
            one.until(has_all).await?;
            anyhow::Ok((one.text(SECTION)?, began.elapsed()))
        });
    }
    let mut texts = Vec::new();
    let mut times = Vec::new();
    while let Some(returned) = returning.join_next().await {
        let (text, time) = returned??;
        texts.push(text);
        times.push(time);
    }
    let agreed = pair.agree_on(SECTION).await?;
    let whole = began.elapsed();
    println!(
        "{} came back with {EDITS} edits each: in step after {:.0} ms (p50), {:.0} ms (p95), all equal after {:.1} s",
        CROWD + 2,
        percentile(&mut times, 50),
        percentile(&mut times, 95),
        whole.as_secs_f64()
    );
    ensure!(texts.iter().all(|text| text.trim_end() == agreed.trim_end()), "they differ");
    for name in 0..CROWD {
        ensure!(
            words(name, EDITS).all(|word| agreed.matches(&word).count() == 1),
            "something of {name} is lost"
        );
    }
    pair.expect_quiet_consoles().await
}

const MANY: usize = 50;
const RESTARTS: usize = 100;

/// Somebody who writes a word whenever a round begins, and tells when they are in step in it.
async fn write_in_each_round(
    mut one: Participant,
    name: usize,
    mut rounds: watch::Receiver<usize>,
    back: mpsc::Sender<(usize, Instant)>,
) -> Result<Participant> {
    loop {
        let round = *rounds.borrow_and_update();
        if round > RESTARTS {
            one.until(Participant::is_saved).await?;
            return Ok(one);
        }
        one.write(SECTION, 0, &format!("<{name}.{round}>")).await?;
        let before = one.in_step();
        tokio::select! {
            lived = one.until(|one| one.in_step() != before || (round == 0 && one.is_saved())) => lived?,
            changed = rounds.changed() => { changed?; continue; }
        }
        back.send((round, one.in_step().unwrap_or_else(Instant::now))).await?;
        tokio::select! {
            lived = one.until(|_| false) => lived?,
            changed = rounds.changed() => changed?,
        }
    }
}

#[tokio::test]
async fn a_server_that_restarts_a_hundred_times_under_fifty_people_loses_and_doubles_nothing() -> Result<()> {
    LocalSet::new().run_until(restart_a_hundred_times()).await
}

async fn restart_a_hundred_times() -> Result<()> {
    let mut stage = Stage::set().await?;
    let token = stage.malbild.token(Role::Editor).to_owned();
    let (begin, rounds) = watch::channel(0);
    let (back, mut returned) = mpsc::channel(2 * MANY);
    let mut people = JoinSet::new();
    for name in 0..MANY {
        let one = Participant::of(&stage.server, &stage.malbild, TEMPLATE, &token)?;
        people.spawn_local(write_in_each_round(one, name, rounds.clone(), back.clone()));
    }
    let mut times = Vec::new();
    for round in 0..=RESTARTS {
        if round > 0 {
            begin.send(round)?;
            // Every other time it has no time to say goodbye.
            if round % 2 == 0 {
                stage.server.kill9().await?;
            } else {
                let status = stage.server.terminate().await?;
                ensure!(status.success(), "{status}");
            }
            stage.server.restart().await?;
        }
        let up = Instant::now();
        let mut missing = MANY;
        while missing > 0 {
            let (of, at) = tokio::select! {
                one = returned.recv() => one.context("all have ended")?,
                Some(ended) = people.join_next() => { ended??; anyhow::bail!("somebody ended early") }
            };
            if of == round {
                missing -= 1;
                if round > 0 {
                    times.push(at.saturating_duration_since(up));
                }
            }
        }
    }
    begin.send(RESTARTS + 1)?;
    let mut texts = Vec::new();
    while let Some(one) = people.join_next().await {
        texts.push(one??);
    }
    println!(
        "{MANY} people and {RESTARTS} restarts: in step again {:.0} ms (p50), {:.0} ms (p95) after the server",
        percentile(&mut times, 50),
        percentile(&mut times, 95)
    );
    let held = stage.api.text(&stage.malbild, SECTION).await?;
    for name in 0..MANY {
        for round in 0..=RESTARTS {
            let count = held.matches(&format!("<{name}.{round}>")).count();
            ensure!(count == 1, "the word {round} of {name} is there {count} times");
        }
    }
    ensure!(held.matches('<').count() == MANY * (RESTARTS + 1), "there is more than was written");
    let mut last = texts.pop().context("fifty")?;
    last.leave().await?;
    last.take_carried();
    last.until(|one| one.in_step().is_some() && one.is_saved()).await?;
    let (sent, received) = last.take_carried();
    let whole = last.whole()?.len();
    println!(
        "coming back with nothing new to a document of {whole} bytes: {sent} bytes sent, {received} received"
    );
    Ok(())
}

#[tokio::test]
async fn a_laptop_that_was_closed_for_a_day_comes_back_with_its_words() -> Result<()> {
    let mut pair = Pair::meet().await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Igår. ").await?;
    pair.agree_on(SECTION).await?;
    // The lid closes: nothing passes any more, no side is told, and the last words were just written.
    pair.wires[0].mute();
    pair.a.keys("Osänt. ").await?;
    pair.b.go_to(SECTION).await?;
    pair.b.keys("Bo. ").await?;
    pair.b.wait_for_status("saved").await?;
    pair.stage.server.terminate().await?;
    pair.stage.server.restart().await?;
    pair.b.wait_for_status("saved").await?;
    // It opens a day later: the clock has jumped, and the old connection leads nowhere.
    let jump = "const real = Date.now; Date.now = () => real() + 86400000;";
    pair.a.script(jump, vec![]).await?;
    pair.wires[0].cut();
    pair.wires[0].heal();
    let opened = Instant::now();
    let text = pair.agree_on(SECTION).await?;
    println!("a day later, in step again after {:.1} s", opened.elapsed().as_secs_f64());
    let is_whole = ["Igår. ", "Osänt. ", "Bo. "].iter().all(|words| text.matches(words).count() == 1);
    ensure!(is_whole, "{text:?}");
    pair.expect_quiet_consoles().await
}

/// Puts a server that is stopped back to a backup.
async fn put_back(server: &Server, backup: &str) -> Result<()> {
    std::fs::remove_dir_all(server.data())?;
    std::fs::create_dir(server.data())?;
    let said = samsyn("restore", server.data(), &["--from", backup]).await?;
    ensure!(said.status == 0, "{said:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_put_back_to_yesterdays_backup_heals_from_its_clients() -> Result<()> {
    let mut pair = Pair::meet().await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Igår. ").await?;
    pair.agree_on(SECTION).await?;
    let folder = TempDir::new()?;
    let backup = folder.path().join("backup");
    let backup = backup.to_str().context("no text")?;
    let said = samsyn("backup", pair.stage.server.data(), &["--to", backup]).await?;
    ensure!(said.status == 0, "{said:?}");
    pair.a.keys("Idag. ").await?;
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[thirtyfour::Key::Control], thirtyfour::Key::End).await?;
    pair.b.keys("Bo. ").await?;
    let before = pair.agree_on(SECTION).await?;
    // Anna's page is closed: what she has is only on her device, and Bo's page is open.
    let address = pair.a.address().await?;
    pair.a.driver().goto("about:blank").await?;
    pair.stage.server.kill9().await?;
    put_back(&pair.stage.server, backup).await?;
    pair.stage.server.restart().await?;
    pair.b.wait_for_status("saved").await?;
    pair.b
        .until("the server to have what its clients have", async || {
            let held = pair.stage.api.text(&pair.stage.malbild, SECTION).await.unwrap_or_default();
            Ok(Look::at(held.trim_end() == before.trim_end(), || held))
        })
        .await?;
    // Once more, and now nobody's page is open: a device alone gives it back.
    pair.b.driver().goto("about:blank").await?;
    pair.stage.server.kill9().await?;
    put_back(&pair.stage.server, backup).await?;
    pair.stage.server.restart().await?;
    ensure!(
        pair.stage.api.text(&pair.stage.malbild, SECTION).await?.trim_end() == "Igår.",
        "the backup is older"
    );
    pair.a.driver().goto(address.as_str()).await?;
    pair.a.wait_for_status("saved").await?;
    let held = pair.stage.api.text(&pair.stage.malbild, SECTION).await?;
    ensure!(held.trim_end() == before.trim_end(), "{held:?} and not {before:?}");
    ensure!(pair.a.script("return document.querySelectorAll('.banner').length", vec![]).await? == json!(0));
    pair.expect_quiet_consoles().await
}
