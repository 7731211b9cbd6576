//! What hostile updates cost a room, in CPU time of this machine: each kind by name, beside what yrs takes for them
//! as a whole (`--whole`); or a search for the worst update that is still taken (`--search SECONDS`).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use samsyn_server::room::cpu;
use samsyn_shared::document;
use samsyn_tests::costly::{self, Costly, KINDS, Plan};
use samsyn_tests::room_in_hand::{Outcome, RoomInHand};
use yrs::updates::decoder::Decode as _;
use yrs::{Transact as _, Update};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => kinds(false),
        ["--whole"] => kinds(true),
        ["--search", seconds] => search(Duration::from_secs(seconds.parse().context("how many seconds?")?)),
        _ => bail!("usage: worst [--whole | --search SECONDS]"),
    }
}

/// A line for each kind.
fn kinds(whole: bool) -> Result<()> {
    println!(
        "| kind | bytes | as a whole | longest event | all of it | opening afterwards | what came of it |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for Costly { name, size, updates } in KINDS {
        let updates = updates(size);
        let bytes: usize = updates[1..].iter().map(Vec::len).sum();
        let alone = if whole { ms(as_a_whole(&updates)?) } else { "-".to_owned() };
        let mut room = RoomInHand::over(&updates[0])?;
        let (mut outcome, mut waited) = (Outcome::Taken, 0);
        for update in &updates[1..] {
            let (came, longest) = room.attack(update)?;
            waited = waited.max(longest);
            outcome = came;
        }
        let (worst, total) = (format!("{} in {}", ms(room.worst), room.worst_in), ms(room.total));
        let opening = ms(room.opening()?);
        println!(
            "| {name} | {bytes} | {alone} | {worst} | {total} | {opening} | {outcome:?}, others waited {waited} events |"
        );
    }
    Ok(())
}

/// What yrs takes when it is given each update as a whole.
fn as_a_whole(updates: &[Vec<u8>]) -> Result<Duration> {
    let doc = document::replica(1);
    let began = cpu();
    for update in updates {
        let mut txn = doc.try_transact_mut()?;
        txn.apply_update(Update::decode_v1(update)?)?;
    }
    Ok(cpu().saturating_sub(began))
}

/// Climbs from random updates to those whose longest event is longest, one room after the other.
fn search(time: Duration) -> Result<()> {
    const BASE: u64 = 100_000;
    let mut rng = SmallRng::seed_from_u64(10);
    let began = Instant::now();
    let text = costly::base(BASE);
    let (mut best, mut best_plan, mut tried, mut taken) = (Duration::ZERO, Plan::FIRST, 0_u64, 0_u64);
    let (mut worst_opening, mut here) = (Duration::ZERO, Duration::ZERO);
    let mut plan = Plan::FIRST;
    while began.elapsed() < time {
        let mut room = RoomInHand::over(&text)?;
        let mut candidate = if rng.random_bool(0.1) { Plan::FIRST } else { plan.changed(&mut rng) };
        // As many updates as a room takes in some seconds, each drawn from the plan or one like it.
        let sitting = Instant::now();
        let mut reached = Duration::ZERO;
        while sitting.elapsed() < Duration::from_secs(3) && began.elapsed() < time && !room.is_over() {
            let (outcome, _) = room.attack(&costly::random(&mut rng, BASE, &candidate))?;
            tried += 1;
            taken += u64::from(outcome == Outcome::Taken);
            if room.worst > reached {
                reached = room.worst;
                plan = candidate.clone();
            }
            candidate = plan.changed(&mut rng);
            if matches!(outcome, Outcome::Refused(_)) && rng.random_bool(0.05) {
                break;
            }
        }
        let opening = room.opening()?;
        if opening > worst_opening {
            worst_opening = opening;
            println!("{:>4} s: opens in {} after {candidate:?}", began.elapsed().as_secs(), ms(opening));
        }
        if reached > best {
            (best, best_plan) = (reached, plan.clone());
            println!(
                "{:>4} s: {} in {}, {} to open: {plan:?}",
                began.elapsed().as_secs(),
                ms(best),
                room.worst_in,
                ms(opening)
            );
        }
        // Where nothing gets worse, somewhere else.
        if reached < here / 2 {
            plan = Plan::FIRST;
        }
        here = reached;
    }
    println!("{tried} updates tried, {taken} taken; the longest event took {}, with {best_plan:?}", ms(best));
    println!("the longest opening of a document after a sitting took {}", ms(worst_opening));
    Ok(())
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
