//! The power fails: what was written and never synced is gone, and no word with it that was called saved.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use anyhow::{Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::api::Api;
use samsyn_tests::server::Server;
use samsyn_tests::strace::{Trace, before_command, why_not};
use samsyn_tests::until::{Look, until};
use samsyn_tests::writer::{Writer, words_in};
use tempfile::TempDir;

const SECTION: &str = "mal-for-hanteringen";
/// sled writes a leaf anew as one piece when it was changed some ten times, with all that is in it: up to
/// sixteen values. Over an eighth of a megabyte, that piece goes to a file of its own, which is not synced.
const MUCH: usize = 60 * 1024;
const WORDS: usize = 60;

/// Empties every file in a directory that was written to and never synced; answers with which.
fn lose_what_was_never_synced(data: &Path, trace: &Trace) -> Result<BTreeSet<String>> {
    let mut lost = BTreeSet::new();
    for call in trace.calls.iter().filter(|call| call.name.contains("write")) {
        let path = Path::new(&call.on);
        if path.starts_with(data) && path.exists() && !trace.is_ever_synced(&call.on) {
            File::options().write(true).open(path)?.set_len(0)?;
            lost.insert(path.strip_prefix(data)?.display().to_string());
        }
    }
    Ok(lost)
}

#[tokio::test]
async fn no_saved_word_lies_in_a_file_that_was_never_synced() -> Result<()> {
    if let Some(why) = why_not().await {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let folder = TempDir::new()?;
    let file = folder.path().join("trace");
    let mut server = Server::start_under(&before_command(&file)).await?;
    let api = Api::of(&server)?;
    let malbild = api.create("aktorsgemensam", "Storm över länet").await?;
    let mut writer = Writer::join(&server, &malbild, malbild.token(Role::Editor), "a", SECTION).await?;
    for _ in 0..WORDS {
        writer.type_much(MUCH).await?;
        writer.wait_until_saved().await?;
    }
    let process = server.process()?;
    server.kill9().await?;
    let text = until("the end of the trace", async || {
        let text = std::fs::read_to_string(&file)?;
        Ok(if Trace::is_whole(&text, process) { Look::Yes(text) } else { Look::NotYet("no end".into()) })
    })
    .await?;
    let gone = lose_what_was_never_synced(server.data(), &Trace::read(&text)?)?;
    eprintln!("without {gone:?}");
    server.restart().await?;
    let text = api.text(&malbild, SECTION).await?;
    let held = words_in(&text);
    let lost: Vec<_> = writer.saved().iter().filter(|word| !held.contains_key(word.as_str())).collect();
    ensure!(lost.is_empty(), "{} of {WORDS} saved words are lost", lost.len());
    Ok(())
}
