//! How long a backup, a restore into an empty store and a restore over a healthy one take with many small
//! målbilder: `cargo run --release -p samsyn-server --example restore_many -- 5000`.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use samsyn_server::access::token;
use samsyn_server::backup::restore::restore;
use samsyn_server::backup::write::write;
use samsyn_server::registry::Registry;
use samsyn_server::store::sled::SledStore;
use samsyn_server::store::{Storage, Time};
use samsyn_shared::{MalbildId, Role, Template, Token};

const AT_ONCE: usize = 250;

#[tokio::main]
async fn main() -> Result<()> {
    let count: usize = std::env::args().nth(1).context("how many?")?.parse()?;
    let folder = tempfile::tempdir()?;
    let (storage, registry) = open(&folder.path().join("one"))?;
    let template = Template::find("tom").context("no template")?;
    let begun = Instant::now();
    for _ in 0..count.div_ceil(AT_ONCE) {
        let making = (0..AT_ONCE).map(|_| {
            let id = MalbildId::generate(&mut rand::rng());
            let record = |role| token::record(id, role, &Token::generate(&mut rand::rng()).hash());
            let beside = Role::ALL.map(record).into();
            registry.create(
                id,
                template,
                "Storm",
                samsyn_shared::domain::ids::client_id(&mut rand::rng()),
                0,
                beside,
            )
        });
        futures_util::future::try_join_all(making).await?;
    }
    println!("made {count}: {:.1?}", begun.elapsed());
    let to = folder.path().join("backup");
    let begun = Instant::now();
    write(&storage, &to, Time::now())?;
    println!("backup: {:.1?}", begun.elapsed());
    let (storage, registry) = open(&folder.path().join("two"))?;
    for what in ["restore into nothing", "restore over all of it"] {
        let begun = Instant::now();
        restore(&storage, &registry, &to, None).await?;
        println!("{what}: {:.1?}", begun.elapsed());
    }
    storage.close().await;
    Ok(())
}

fn open(dir: &std::path::Path) -> Result<(Storage, Registry)> {
    std::fs::create_dir_all(dir)?;
    let storage = Storage::start(Arc::new(SledStore::open(dir)?));
    Ok((storage.clone(), Registry::new(storage)))
}
