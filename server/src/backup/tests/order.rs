//! Which backups are kept and removed, whatever the clock says, and what they look like on disk.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::*;

const DAY: u64 = 24 * 60 * 60 * 1000;
const NOW: Time = Time(1_795_356_131_000);

fn schedule(world: &World, keep: usize) -> Schedule {
    Schedule { to: world.dir.path().join("many"), every: Duration::from_secs(60), keep }
}

fn names(schedule: &Schedule) -> Vec<String> {
    let names = fs::read_dir(&schedule.to).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_clock_that_was_a_year_ahead_removes_nothing_that_is_newer() {
    let world = World::new();
    world.make().await;
    let schedule = schedule(&world, 3);
    let make = |day: u64| {
        assert!(schedule.make(&*world.engine, Time(NOW.0 + day * DAY)));
        Time(NOW.0 + day * DAY).to_string().replace(':', "")
    };
    for day in [1, 2, 366, 367] {
        make(day);
    }
    let mut newest: Vec<_> = [3, 4, 5].map(make).into();
    newest.sort();
    assert_eq!(names(&schedule), newest);
}

#[tokio::test]
async fn a_newest_backup_from_the_future_does_not_stop_the_next() {
    let world = World::new();
    world.make().await;
    let schedule = Schedule { every: Duration::from_secs(3600), ..schedule(&world, 3) };
    assert_eq!(schedule.until_due(), Duration::ZERO);
    assert!(schedule.make(&*world.engine, Time(Time::now().0 + 365 * DAY)));
    assert_eq!(schedule.until_due(), Duration::ZERO);
    assert!(schedule.make(&*world.engine, Time::now()));
    assert!(schedule.until_due() > Duration::from_secs(3000), "{:?}", schedule.until_due());
}

#[tokio::test]
async fn backups_of_the_first_format_go_first_whatever_their_time() {
    let world = World::new();
    world.make().await;
    let schedule = schedule(&world, 2);
    fs::create_dir_all(&schedule.to).unwrap();
    assert!(schedule.make(&*world.engine, Time(NOW.0 + 400 * DAY)));
    let old = schedule.to.join(&names(&schedule)[0]);
    let manifest = fs::read_to_string(old.join("manifest.json")).unwrap();
    let manifest = manifest.replace("samsyn-backup-2", "samsyn-backup-1").replace("\"order\": 1,", "");
    fs::write(old.join("manifest.json"), manifest).unwrap();
    fs::remove_file(old.join("manifest.sha256")).unwrap();
    for day in [1, 2] {
        assert!(schedule.make(&*world.engine, Time(NOW.0 + day * DAY)));
    }
    assert!(!old.exists());
    assert_eq!(names(&schedule).len(), 2);
}

#[tokio::test]
async fn a_time_that_the_clock_gives_again_names_another_backup() {
    let world = World::new();
    world.make().await;
    let schedule = schedule(&world, 2);
    for _ in 0..3 {
        assert!(schedule.make(&*world.engine, NOW));
    }
    let time = NOW.to_string().replace(':', "");
    assert_eq!(names(&schedule), [time.clone() + "-2", time + "-3"], "the first was the oldest");
}

#[tokio::test]
async fn what_a_schedule_did_not_make_is_not_its_to_remove() {
    let world = World::new();
    world.make().await;
    let schedule = schedule(&world, 1);
    fs::create_dir_all(&schedule.to).unwrap();
    write(&*world.engine, &schedule.to.join("before-upgrade"), NOW).unwrap();
    // One that can't be read is not counted among those that are kept.
    fs::create_dir(schedule.to.join("2026-11-22T140211Z")).unwrap();
    for day in [1, 2] {
        assert!(schedule.make(&*world.engine, Time(NOW.0 + day * DAY)));
    }
    let last = Time(NOW.0 + 2 * DAY).to_string().replace(':', "");
    assert_eq!(names(&schedule), ["2026-11-22T140211Z".to_owned(), last, "before-upgrade".to_owned()]);
}

#[tokio::test]
async fn what_was_cut_off_is_removed_and_what_is_written_now_or_not_ours_stays() {
    let world = World::new();
    world.make().await;
    let dir = world.dir.path();
    let cut_off = dir.join(".unfinished-2026-11-22T140211Z");
    fs::create_dir_all(cut_off.join("documents")).unwrap();
    fs::write(cut_off.join("records.jsonl"), "").unwrap();
    let written = dir.join(".unfinished-written");
    fs::create_dir(&written).unwrap();
    let lock = File::open(&written).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let foreign = dir.join(".unfinished-symphony");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("score.txt"), "b minor").unwrap();
    let file = dir.join(".unfinished-file");
    fs::write(&file, "").unwrap();
    write(&*world.engine, &world.backup(), NOW).unwrap();
    assert!(!cut_off.exists());
    assert!(written.exists() && foreign.exists() && file.exists());
    drop(lock);
    write(&*world.engine, &dir.join("another"), NOW).unwrap();
    assert!(!written.exists() && foreign.exists());
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing() {
    let world = World::new();
    let (id, _) = world.make().await;
    let to = world.backup();
    fs::create_dir(world.dir.path().join("sub")).unwrap();
    let within = world.dir.path().join("sub/backup");
    write(&*world.engine, &within, NOW).unwrap();
    assert!(matches!(write(&*world.engine, &within, NOW), Err(BackupError::Exists(_))));
    assert!(matches!(write(&*world.engine, &to.join("missing/parent"), NOW), Err(BackupError::Io { .. })));
    assert!(within.join(format!("documents/{id}-content.yjs")).exists());
    let left = fs::read_dir(world.dir.path().join("sub")).unwrap().count();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_backup_is_its_owners_alone() {
    let world = World::new();
    let (id, _) = world.make().await;
    let schedule = schedule(&world, 1);
    assert!(schedule.make(&*world.engine, NOW));
    let backup = schedule.to.join(&names(&schedule)[0]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for directory in [&schedule.to, &backup, &backup.join("documents")] {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    let document = format!("documents/{id}-content.yjs");
    for file in ["manifest.json", "manifest.sha256", "records.jsonl", &document] {
        assert_eq!(mode(&backup.join(file)), 0o600, "{file}");
    }
}
