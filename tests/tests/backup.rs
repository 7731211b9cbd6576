//! Backup, restore and check, as an operator types them, with the server running and without.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use samsyn_shared::sync::protocol::Message;
use samsyn_shared::{MalbildId, Role};
use samsyn_tests::api::{Api, Malbild, error_code};
use samsyn_tests::operator::{Said, samsyn};
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::server::Server;
use samsyn_tests::until::{Look, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::Stage;

const SECTION: &str = "mal-for-hanteringen";

/// Writes words that begin with `name`, and waits until they are saved.
async fn write(peer: &mut Peer, name: &str, count: usize) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut last = None;
    for index in 0..count {
        let word = format!("<{name}.{index}>");
        last = peer.insert(SECTION, 0, &word).await?;
        words.push(word);
    }
    let last = last.context("no number")?;
    let saved =
        |message: &Message| matches!(message, Message::Saved(number) if *number >= last).then_some(());
    peer.wait_for("saved", saved).await?;
    Ok(words)
}

fn expect(said: &Said, status: i32, holds: &str) -> Result<()> {
    ensure!(said.status == status && said.text.contains(holds), "{status} and {holds:?} wanted: {said:?}");
    Ok(())
}

/// As on a new machine: nothing is left of what the server had.
fn lose_everything(data: &Path) -> Result<()> {
    fs::remove_dir_all(data)?;
    Ok(fs::create_dir(data)?)
}

#[tokio::test]
async fn a_backup_made_while_eight_write_holds_all_that_was_saved_before_it() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = stage.api.create("exempel-snoovader", "Annan").await?;
    let folder = TempDir::new()?;
    let to = folder.path().join("backup");
    let mut words = Vec::new();
    let mut writers = Vec::new();
    let stop = Arc::new(AtomicBool::new(false));
    for n in 0..8 {
        let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
        words.extend(write(&mut peer, &n.to_string(), 10).await?);
        let stop = Arc::clone(&stop);
        writers.push(tokio::spawn(async move {
            while !stop.load(Ordering::Acquire) {
                write(&mut peer, &format!("senare {n}"), 3).await?;
            }
            anyhow::Ok(())
        }));
    }
    let said = samsyn("backup", stage.server.data(), &["--to", to.to_str().context("no text")?]).await?;
    expect(&said, 0, "backed up 2 documents")?;
    let checked = samsyn("check", stage.server.data(), &[]).await?;
    expect(&checked, 0, "0 problems")?;
    stop.store(true, Ordering::Release);
    for writer in writers {
        writer.await??;
    }
    let again = samsyn("backup", stage.server.data(), &["--to", to.to_str().context("no text")?]).await?;
    expect(&again, 2, "backup-exists")?;

    stage.server.kill9().await?;
    lose_everything(stage.server.data())?;
    let from = ["--from", to.to_str().context("no text")?];
    let restored = samsyn("restore", stage.server.data(), &from).await?;
    expect(&restored, 0, &format!("{}: restored", other.id))?;
    expect(&samsyn("check", stage.server.data(), &[]).await?, 0, "0 problems")?;
    expect(&samsyn("restore", stage.server.data(), &from).await?, 0, "healthy; left as it is")?;
    stage.server.restart().await?;
    let held = stage.api.text(&stage.malbild, SECTION).await?;
    let lost: Vec<_> = words.iter().filter(|word| !held.contains(*word)).collect();
    assert!(lost.is_empty(), "lost {lost:?}");
    assert!(stage.api.export(&other, "md").await?.contains("Annan"));
    Ok(())
}

/// Flips a bit in the last record that is stored of a målbild's content.
fn damage(data: &Path, malbild: &Malbild) -> Result<()> {
    let id: MalbildId = malbild.id.parse()?;
    let db = sled::Config::new().path(data.join("sled")).flush_every_ms(None).open()?;
    let prefix = [&b"dc"[..], id.as_bytes()].concat();
    let (key, value) = db.scan_prefix(prefix).next_back().context("nothing is stored")??;
    let mut value = value.to_vec();
    *value.last_mut().context("an empty record")? ^= 1;
    db.insert(key, value)?;
    db.flush()?;
    Ok(())
}

#[tokio::test]
async fn a_damaged_malbild_is_refused_set_aside_and_brought_back_while_the_others_go_on() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = stage.api.create("tom", "Annan").await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let words = write(&mut peer, "ord", 5).await?;
    drop(peer);
    let folder = TempDir::new()?;
    let to = folder.path().join("backup");
    let path = to.to_str().context("no text")?;
    expect(&samsyn("backup", stage.server.data(), &["--to", path]).await?, 0, "2 documents")?;
    stage.server.terminate().await?;
    damage(stage.server.data(), &stage.malbild)?;
    let found = samsyn("check", stage.server.data(), &[]).await?;
    expect(&found, 1, &format!("record-damaged: {}/content", stage.malbild.id))?;

    stage.server.restart().await?;
    let path_of = |malbild: &Malbild| format!("/api/malbilder/{}/export?format=md", malbild.id);
    let refused = stage.api.get(&path_of(&stage.malbild), Some(stage.malbild.token(Role::Owner))).await?;
    assert_eq!(error_code(refused).await?, "damaged");
    assert!(stage.api.export(&other, "md").await?.contains("Annan"));
    let rescue = stage.server.data().join("rescue");
    let aside: Vec<_> = fs::read_dir(&rescue)?.collect::<Result<_, _>>()?;
    assert_eq!(aside.len(), 1);
    assert!(fs::read_to_string(aside[0].path().join("README.txt"))?.contains("checksum"));
    assert!(fs::metadata(aside[0].path().join("records.bin"))?.len() > 0);
    expect(&samsyn("check", stage.server.data(), &[]).await?, 1, "document-damaged")?;
    let later = folder.path().join("later");
    let partly = samsyn("backup", stage.server.data(), &["--to", later.to_str().context("no text")?]).await?;
    expect(&partly, 1, &format!("backup-damaged: {}/content", stage.malbild.id))?;

    let one = ["--from", path, "--malbild", &stage.malbild.id];
    let restored = samsyn("restore", stage.server.data(), &one).await?;
    expect(&restored, 0, "its content restored")?;
    let held = stage.api.text(&stage.malbild, SECTION).await?;
    assert!(words.iter().all(|word| held.contains(word)), "{held}");
    expect(&samsyn("check", stage.server.data(), &[]).await?, 0, "0 problems")?;
    Ok(())
}

#[tokio::test]
async fn a_malbild_comes_back_as_it_was_as_a_new_one() -> Result<()> {
    let mut stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let mut words = Vec::new();
    for index in 0..30 {
        // Each is on disk before the next is written, so the log grows by each of them.
        words.extend(write(&mut peer, &format!("förr{index}"), 1).await?);
    }
    // The room ends, and so makes a snapshot.
    stage.server.terminate().await?;
    stage.server.restart().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    write(&mut peer, "senare", 3).await?;

    let data = stage.server.data();
    let listed = samsyn("restore", data, &["--malbild", &stage.malbild.id, "--list"]).await?;
    expect(&listed, 0, "restore points of")?;
    let point = listed.text.lines().last().context("no restore point")?;
    let at = ["--malbild", &stage.malbild.id, "--at", point, "--as-new"];
    let made = samsyn("restore", data, &at).await?;
    expect(&made, 0, "\"tokens\"")?;
    let told: Value = serde_json::from_str(&made.text)?;
    let link = told["links"]["owner"].as_str().context("no link")?;
    assert!(link.starts_with(&stage.server.url()), "{link}");
    let new = Malbild::from_link(Role::Owner, link)?;
    assert_ne!(new.id, stage.malbild.id);
    let (then, now) = (stage.api.text(&new, SECTION).await?, stage.api.text(&stage.malbild, SECTION).await?);
    assert!(words.iter().all(|word| then.contains(word)) && !then.contains("senare"), "{then}");
    assert!(now.contains("senare"));

    let early = ["--malbild", &stage.malbild.id, "--at", "2000-01-01T00:00:00Z", "--as-new"];
    let refused = samsyn("restore", data, &early).await?;
    expect(&refused, 2, "no-restore-point")?;
    expect(&refused, 2, point)?;
    let unreadable = ["--malbild", &stage.malbild.id, "--at", "igår", "--as-new"];
    expect(&samsyn("restore", data, &unreadable).await?, 2, "not-a-time")
}

#[tokio::test]
async fn backups_are_made_by_themselves_and_only_the_newest_are_kept() -> Result<()> {
    let folder = TempDir::new()?;
    let to = folder.path().join("backups");
    let path = to.to_str().context("no text")?;
    let arguments = ["--backup-to", path, "--backup-every", "1s", "--backup-keep", "2"];
    let server = Server::start_with(&arguments).await?;
    let api = Api::of(&server)?;
    let malbild = api.create("tom", "Storm").await?;
    let made = || -> Result<Vec<_>> {
        let paths: Result<Vec<_>, _> = fs::read_dir(&to)?.map(|entry| entry.map(|e| e.path())).collect();
        // One that is being written has another name.
        let is_made =
            |path: &PathBuf| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
        Ok(paths?.into_iter().filter(is_made).collect())
    };
    let look = async || Ok(Look::at(to.exists() && !made()?.is_empty(), || "no backup".to_owned()));
    until("the first backup", look).await?;
    let first = made()?;
    let gone = async || Ok(Look::at(!first.iter().any(|path| path.exists()), || format!("{first:?}")));
    until("the first backup to be removed", gone).await?;
    assert!(made()?.len() <= 3);
    let metrics = api.get("/metrics", None).await?.text().await?;
    assert!(metrics.contains("samsyn_backup_last_success_seconds"), "{metrics}");
    let newest = made()?.into_iter().max().context("no backup")?;
    assert!(fs::read_to_string(newest.join("records.jsonl"))?.contains(&malbild.id));
    Ok(())
}

#[tokio::test]
async fn the_control_socket_is_the_owners_alone_and_goes_with_the_server() -> Result<()> {
    let mut server = Server::start().await?;
    let socket = server.data().join("control.sock");
    assert_eq!(fs::metadata(&socket)?.permissions().mode() & 0o777, 0o600);
    server.kill9().await?;
    assert!(socket.exists());
    expect(&samsyn("check", server.data(), &[]).await?, 0, "0 problems")?;
    server.restart().await?;
    expect(&samsyn("check", server.data(), &[]).await?, 0, "0 problems")?;
    server.terminate().await?;
    assert!(!socket.exists());
    let nothing = TempDir::new()?;
    expect(&samsyn("check", nothing.path(), &[]).await?, 2, "no-store")
}

/// The manifest of a backup with one letter changed, and what was there before.
fn change_a_letter(backup: &Path, of: &str, into: &str) -> Result<String> {
    let path = backup.join("manifest.json");
    let whole = fs::read_to_string(&path)?;
    ensure!(whole.contains(of), "no {of} in {whole}");
    fs::write(&path, whole.replacen(of, into, 1))?;
    Ok(whole)
}

#[tokio::test]
async fn one_changed_letter_of_a_backup_is_refused_and_nothing_is_called_restored() -> Result<()> {
    let mut stage = Stage::set().await?;
    let folder = TempDir::new()?;
    let to = folder.path().join("backup");
    let path = to.to_str().context("no text")?;
    expect(&samsyn("backup", stage.server.data(), &["--to", path]).await?, 0, "1 documents")?;
    stage.server.kill9().await?;
    let new = TempDir::new()?;
    let data = new.path().join("data");
    for (of, into) in [("\"content\"", "\"bontent\""), ("\"part\"", "\"pasta\""), ("backup-2", "backup-1")] {
        let whole = change_a_letter(&to, of, into)?;
        let refused = samsyn("restore", &data, &["--from", path]).await?;
        expect(&refused, 2, "backup-verify")?;
        ensure!(!refused.text.contains("restored"), "{refused:?}");
        fs::write(to.join("manifest.json"), whole)?;
    }
    expect(&samsyn("restore", &data, &["--from", path]).await?, 0, ": restored")?;
    expect(&samsyn("check", &data, &[]).await?, 0, "0 problems")
}

/// Copies a directory with the directories in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)?;
        } else if path.is_file() {
            fs::copy(&path, &to)?;
        }
    }
    Ok(())
}

/// Somebody put an old copy of the data directory back, and people went on in it.
#[tokio::test]
async fn a_store_that_is_older_than_the_backup_is_brought_forward_while_people_write() -> Result<()> {
    let mut stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    write(&mut peer, "gammalt", 3).await?;
    drop(peer);
    stage.server.terminate().await?;
    let folder = TempDir::new()?;
    let old = folder.path().join("old");
    copy(stage.server.data(), &old)?;

    stage.server.restart().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let lost = write(&mut peer, "saknat", 3).await?;
    let to = folder.path().join("backup");
    let path = to.to_str().context("no text")?;
    expect(&samsyn("backup", stage.server.data(), &["--to", path]).await?, 0, "1 documents")?;
    // Nobody is left who has it.
    drop(peer);
    stage.server.kill9().await?;
    fs::remove_dir_all(stage.server.data())?;
    copy(&old, stage.server.data())?;

    stage.server.restart().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let new = write(&mut peer, "nytt", 3).await?;
    let brought = samsyn("restore", stage.server.data(), &["--from", path]).await?;
    expect(&brought, 0, &format!("{}: brought forward", stage.malbild.id))?;
    let text = stage.api.text(&stage.malbild, SECTION).await?;
    ensure!(lost.iter().chain(&new).all(|word| text.contains(word)), "{text}");
    expect(&samsyn("restore", stage.server.data(), &["--from", path]).await?, 0, "healthy; left as it is")?;
    // Also once the rooms have written their snapshots.
    stage.server.terminate().await?;
    stage.server.restart().await?;
    let text = stage.api.text(&stage.malbild, SECTION).await?;
    ensure!(lost.iter().chain(&new).all(|word| text.contains(word)), "{text}");
    expect(&samsyn("check", stage.server.data(), &[]).await?, 0, "0 problems")
}
