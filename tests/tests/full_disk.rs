//! The disk is full for a while: nothing is called saved, everyone types on and sees the others, and once
//! there is room all of it is saved, without a restart.

use anyhow::{Context, Result, bail, ensure};
use samsyn_shared::Role;
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::operator::samsyn;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::server::Server;
use samsyn_tests::tmpfs::Tmpfs;
use samsyn_tests::until::{Look, until};
use samsyn_tests::writer::{Writer, words_in};

const SECTION: &str = "mal-for-hanteringen";
/// Room for the store as it begins and a few megabytes of text, with half of it taken at first.
const DISK: u64 = 24 * 1024 * 1024;
const BALLAST: &str = "ballast";
const BALLAST_BYTES: usize = 12 * 1024 * 1024;
/// Bytes behind each word: many more than are free in a page that is on disk already.
const MUCH: usize = 64 * 1024;
/// Words that are typed while the disk is full, by each writer.
const PENDING: usize = 6;

async fn is_ready(api: &Api) -> Result<bool> {
    Ok(api.get("/readyz", None).await?.status().is_success())
}

async fn wait_until_ready(api: &Api, wanted: bool) -> Result<()> {
    until(&format!("readyz to be {wanted}"), async || {
        Ok(Look::at(is_ready(api).await? == wanted, || format!("{}", !wanted)))
    })
    .await
}

/// One types, word after word, and the others listen, until the server says that it is not ready: the last
/// word is not saved.
async fn type_until_full(
    one: &mut Writer,
    two: &mut Writer,
    stock: &mut Peer,
    disk: &Tmpfs,
    api: &Api,
) -> Result<()> {
    for _ in 0..DISK as usize / MUCH {
        let word = one.type_much(MUCH).await?;
        tokio::select! {
            saved = one.wait_until_saved() => saved?,
            full = wait_until_ready(api, false) => return full,
        }
        two.wait_for_word(SECTION, &word).await?;
        stock.wait_for_text(SECTION, |text| text.contains(&word)).await?;
        if one.saved().len() == 3 {
            // The rest would take a while. Whatever the store has set aside for itself is left to it.
            disk.fill_up("filling")?;
        }
    }
    bail!("the disk of {DISK} bytes is never full")
}

/// What a målbild says after all that was typed: each word once.
async fn expect_all(api: &Api, malbild: &Malbild, writers: &[&Writer]) -> Result<()> {
    let text = api.text(malbild, SECTION).await?;
    let held = words_in(&text);
    for word in writers.iter().flat_map(|writer| writer.all()) {
        ensure!(held.get(word.as_str()) == Some(&1), "{word} is there {:?} times", held.get(word.as_str()));
    }
    Ok(())
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_all_is_saved_once_there_is_room() -> Result<()> {
    let disk = match Tmpfs::mount(DISK)? {
        Ok(disk) => disk,
        Err(why) => {
            eprintln!("skipped: no tmpfs can be mounted here: {why}");
            return Ok(());
        }
    };
    disk.put_ballast(BALLAST, BALLAST_BYTES)?;
    let mut server = Server::start_in(&disk.path("data")).await?;
    let api = Api::of(&server)?;
    let malbild = api.create("aktorsgemensam", "Storm över länet").await?;
    let token = malbild.token(Role::Editor);
    let mut one = Writer::join(&server, &malbild, token, "a", SECTION).await?;
    let mut two = Writer::join(&server, &malbild, token, "b", SECTION).await?;
    let reader = malbild.token(Role::Reader);
    let mut stock = Peer::join(&server, &malbild, reader, Dialect::Stock).await?;

    type_until_full(&mut one, &mut two, &mut stock, &disk, &api).await.context("until the disk is full")?;
    let saved = one.saved().clone();
    ensure!(!saved.is_empty(), "nothing was saved before the disk was full");

    // Both type on, and each sees what the other types.
    for _ in 0..PENDING {
        let word = one.type_much(MUCH).await?;
        two.wait_for_word(SECTION, &word).await.context("live, with a full disk")?;
        let word = two.type_much(MUCH).await?;
        one.wait_for_word(SECTION, &word).await.context("live, with a full disk")?;
    }
    ensure!(!is_ready(&api).await?, "it calls itself ready with {} words unsaved", one.unsaved());
    ensure!(two.saved().is_empty(), "called saved on a full disk: {:?}", two.saved());
    ensure!(*one.saved() == saved, "called saved on a full disk: {:?}", one.saved().difference(&saved));
    let seen = stock.text(SECTION)?;
    let early: Vec<_> = words_in(&seen).into_keys().filter(|word| !saved.contains(*word)).collect();
    ensure!(early.is_empty(), "a stock client was sent what is not on disk: {early:?}");

    disk.remove(BALLAST)?;
    one.wait_until_saved().await.context("with room again")?;
    two.wait_until_saved().await.context("with room again")?;
    wait_until_ready(&api, true).await?;
    let all: Vec<_> = one.all().into_iter().chain(two.all()).collect();
    stock.wait_for_text(SECTION, |text| all.iter().all(|word| text.contains(word))).await?;
    expect_all(&api, &malbild, &[&one, &two]).await?;

    // What was said to be saved is, and the server goes on with it.
    server.kill9().await?;
    server.restart().await?;
    expect_all(&api, &malbild, &[&one, &two]).await.context("after kill -9")?;
    one.come_back(&server).await?;
    one.type_word().await?;
    one.wait_until_saved().await
}

#[tokio::test]
async fn a_backup_that_finds_no_room_says_so_and_leaves_nothing() -> Result<()> {
    let disk = match Tmpfs::mount(1024 * 1024)? {
        Ok(disk) => disk,
        Err(why) => {
            eprintln!("skipped: no tmpfs can be mounted here: {why}");
            return Ok(());
        }
    };
    let server = Server::start().await?;
    Api::of(&server)?.create("aktorsgemensam", "Storm över länet").await?;
    let to = disk.path("backup");
    let to = to.to_str().context("no text")?;
    disk.fill_up("filling")?;
    let said = samsyn("backup", server.data(), &["--to", to]).await?;
    ensure!(said.status == 2 && said.text.contains("backup-full"), "{said:?}");
    let left: Vec<_> = std::fs::read_dir(disk.path("."))?.collect::<Result<_, _>>()?;
    ensure!(left.len() == 1, "{left:?}");
    disk.remove("filling")?;
    let said = samsyn("backup", server.data(), &["--to", to]).await?;
    ensure!(said.status == 0, "{said:?}");
    Ok(())
}
