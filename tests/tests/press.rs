//! The real server while sixteen connections do their worst in rooms of their own and three readers press in the
//! room of somebody who writes: she, a third room, its pings and `/healthz` are answered all the while, and nobody
//! honest is closed. How soon, it prints; a run that says something takes a minute, on a quiet machine: `SAMSYN_PRESS_SECONDS=60`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use samsyn_shared::sync::protocol::Message;
use samsyn_shared::{Role, WriteNumber};
use samsyn_tests::costly::{self, KINDS, Plan};
use samsyn_tests::peer::{Dialect, Heard, Peer};

use crate::stage::Stage;

/// Characters that the attackers' random updates stand on.
const BASE: u64 = 20_000;
const ATTACKERS: u64 = 16;

/// What the attackers send, over and over in fresh målbilder.
async fn do_the_worst(
    stage: Arc<Stage>,
    seed: u64,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
) -> Result<()> {
    let mut rng = SmallRng::seed_from_u64(seed);
    while !stop.load(Ordering::Relaxed) {
        let malbild = stage.api.create("tom", "Anfall").await?;
        let token = malbild.token(Role::Editor);
        let mut hostile = Peer::join(&stage.server, &malbild, token, Dialect::Samsyn).await?;
        let kind = KINDS[rng.random_range(0..KINDS.len())];
        let mut updates = (kind.updates)(kind.size / 10);
        if rng.random_bool(0.5) {
            updates = vec![costly::base(BASE)];
            let mut plan =
                Plan { clients: 20, blocks: 100, ranges: 500, open: 4, far: 4, near: BASE, ..Plan::FIRST };
            for _ in 0..20 {
                updates.push(costly::random(&mut rng, BASE, &plan));
                plan = plan.changed(&mut rng);
            }
        }
        for (n, update) in (1..).zip(updates) {
            if hostile.send(&Message::Write(WriteNumber(n), update.into())).await.is_err() {
                break;
            }
            sent.fetch_add(1, Ordering::Relaxed);
            let answered = |message: &Message| {
                matches!(message, Message::Saved(saved) if saved.0 >= n)
                    || matches!(message, Message::Refused(..))
            };
            while !stop.load(Ordering::Relaxed) {
                match hostile.hear().await {
                    Ok(Heard::Message(message)) if answered(&message) => break,
                    Ok(Heard::Message(_)) => {}
                    Ok(Heard::Closed(_)) | Err(_) => break,
                }
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A reader who sends what is deleted, much of it, and asks for the document by made-up vectors, as fast as it can.
async fn press(mut reader: Peer, stop: Arc<AtomicBool>) -> Result<()> {
    let mut deletions = vec![0, 1, 7, 0xA0, 0x8D, 0x06];
    for n in 0..100_000_u32 {
        deletions.extend([(n & 0x7F) as u8 | 0x80, ((n >> 7) & 0x7F) as u8 | 0x80, (n >> 14) as u8, 1]);
    }
    let vector = Bytes::from([&[100][..], &(0..100).flat_map(|n| [n, 1]).collect::<Vec<u8>>()].concat());
    while !stop.load(Ordering::Relaxed) {
        if reader.send(&Message::Update(Bytes::from(deletions.clone()))).await.is_err()
            || reader.send(&Message::Step1(vector.clone())).await.is_err()
        {
            break;
        }
        if !matches!(reader.hear().await, Ok(Heard::Message(_))) {
            break;
        }
    }
    Ok(())
}

/// Writes a word, and says how long it took until it was saved.
async fn write(honest: &mut Peer) -> Result<Duration> {
    let wrote = Instant::now();
    let number = honest.insert("text", 5, "ord ").await?.context("one of ours numbers its writes")?;
    let is_saved = |message: &Message| matches!(message, Message::Saved(saved) if *saved >= number);
    honest.wait_for("saved", |message| is_saved(message).then_some(())).await?;
    Ok(wrote.elapsed())
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    println!(
        "{what}: {} times, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_sixteen_do_their_worst_and_readers_press_others_write_and_the_server_answers() -> Result<()> {
    let seconds: u64 = std::env::var("SAMSYN_PRESS_SECONDS").map_or(Ok(3), |seconds| seconds.parse())?;
    let stage = Arc::new(Stage::with("tom").await?);
    let mut honest = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    honest.insert("text", 0, &"Det här står redan. ".repeat(500)).await?;
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut hostile = Vec::new();
    for seed in 0..ATTACKERS {
        let attack = do_the_worst(Arc::clone(&stage), seed, Arc::clone(&stop), Arc::clone(&sent));
        hostile.push(tokio::spawn(attack));
    }
    for _ in 0..3 {
        let reader = stage.peer(Role::Reader, Dialect::Samsyn).await?;
        hostile.push(tokio::spawn(press(reader, Arc::clone(&stop))));
    }
    let malbild = stage.api.create("tom", "Ett tredje").await?;
    let token = malbild.token(Role::Editor);
    let mut third = Peer::join(&stage.server, &malbild, token, Dialect::Samsyn).await?;
    let (mut saved, mut elsewhere) = (Vec::new(), Vec::new());
    let (mut pings, mut health) = (Vec::new(), Vec::new());
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        saved.push(write(&mut honest).await?);
        elsewhere.push(write(&mut third).await?);
        let pinged = Instant::now();
        third.ping().await?;
        pings.push(pinged.elapsed());
        let asked = Instant::now();
        let status = stage.api.get("/healthz", None).await?.status();
        health.push(asked.elapsed());
        ensure!(status.is_success(), "/healthz was answered with {status}");
    }
    stop.store(true, Ordering::Relaxed);
    println!("{} hostile updates in {seconds} s", sent.load(Ordering::Relaxed));
    told("from a write to Saved, among three pressing readers", saved);
    told("from a write to Saved, in a third room", elsewhere);
    told("pings", pings);
    told("/healthz", health);
    println!("the server took {} MB at most", stage.server.peak_memory()? >> 20);
    hostile.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}
