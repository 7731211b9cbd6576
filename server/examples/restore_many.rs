//! How long a backup, a restore into an empty store and a restore over a healthy one take with many small
//! målbilder: `cargo run --release -p samsyn-server --example restore_many -- 5000`.

use std::time::Instant;

use anyhow::{Context as _, Result};
use samsyn_server::backup::restore::restore;
use samsyn_server::backup::write::write;
use samsyn_server::malbild::birth::Birth;
use samsyn_server::rooms::Rooms;
use samsyn_server::store::{Storage, Time, engine};
use samsyn_shared::api::CreateMalbild;
use samsyn_shared::domain::malbild_kind::MalbildKind;

const AT_ONCE: usize = 250;

#[tokio::main]
async fn main() -> Result<()> {
    let count: usize = std::env::args().nth(1).context("how many?")?.parse()?;
    let folder = tempfile::tempdir()?;
    let storage = open(&folder.path().join("one"))?;
    let asked =
        CreateMalbild { title: "Storm".to_owned(), template: "tom".to_owned(), kind: MalbildKind::default() };
    let begun = Instant::now();
    for _ in 0..count.div_ceil(AT_ONCE) {
        let birth = || Birth::of(&asked, Time::now(), &mut rand::rng());
        let births: Vec<_> = (0..AT_ONCE).map(|_| birth()).collect::<Result<_, _>>()?;
        let making = births.into_iter().map(|birth| birth.store(&storage));
        futures_util::future::try_join_all(making).await?;
    }
    println!("made {count}: {:.1?}", begun.elapsed());
    let to = folder.path().join("backup");
    let begun = Instant::now();
    let path = to.clone();
    storage.read(move |store| write(store, &path, Time::now())).await?;
    println!("backup: {:.1?}", begun.elapsed());
    let storage = open(&folder.path().join("two"))?;
    let rooms = Rooms::new(storage.clone());
    for what in ["restore into nothing", "restore over all of it"] {
        let begun = Instant::now();
        restore(&storage, &rooms, &to, None).await?;
        println!("{what}: {:.1?}", begun.elapsed());
    }
    storage.close().await;
    Ok(())
}

fn open(dir: &std::path::Path) -> Result<Storage> {
    std::fs::create_dir_all(dir)?;
    Ok(Storage::start(engine::open(dir)?))
}
