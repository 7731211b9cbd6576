//! The rules of the source, over the whole repository.

use anyhow::{Result, ensure};
use samsyn_tests::tidy::{
    Finding, Source, bad_names, file_form, foreign_paths, machine_paths, sleeps, unwraps,
    words_outside_the_catalogue, wrong_arrows,
};

/// A later one is never told of an earlier one.
const SERVER_ORDER: [&str; 7] = ["http", "control", "backup", "access", "registry", "room", "store"];

/// Views and sync meet in the state, and nowhere else.
const CLIENT_NEVER: &[(&str, &str)] = &[
    ("views", "sync"),
    ("sync", "views"),
    ("state", "views"),
    ("state", "sync"),
    ("editor", "views"),
    ("editor", "sync"),
];

/// What touches the world: clocks, randomness, networks, files, browsers.
const WORLD: &[&str] = &[
    "tokio",
    "web_sys",
    "js_sys",
    "wasm_bindgen",
    "getrandom",
    "rand::rng",
    "rand::thread_rng",
    "rand::random",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "samsyn_server",
    "samsyn_client",
];

/// Runs a rule over every file, and fails with all that it finds.
fn expect_none(rule: impl Fn(&Source) -> Vec<Finding>) -> Result<()> {
    let sources = Source::all()?;
    ensure!(sources.iter().any(|source| source.path == "tests/tests/tidy.rs"), "this is not the repository");
    let found: Vec<_> = sources.iter().flat_map(rule).map(|finding| finding.to_string()).collect();
    ensure!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
    Ok(())
}

#[test]
fn the_servers_modules_know_only_those_below_them() -> Result<()> {
    let mut never = Vec::new();
    for (index, below) in SERVER_ORDER.iter().enumerate() {
        never.extend(SERVER_ORDER[..index].iter().map(|above| (*below, *above)));
    }
    expect_none(|source| wrong_arrows(source, "server/src/", &never))
}

#[test]
fn the_clients_views_and_its_sync_know_only_the_state() -> Result<()> {
    expect_none(|source| wrong_arrows(source, "client/src/", CLIENT_NEVER))
}

#[test]
fn shared_touches_nothing_of_the_world() -> Result<()> {
    expect_none(|source| foreign_paths(source, "shared/src/", WORLD))
}

#[test]
fn client_and_server_know_shared_and_not_each_other() -> Result<()> {
    expect_none(|source| foreign_paths(source, "client/src/", &["samsyn_server", "samsyn_tests"]))?;
    expect_none(|source| foreign_paths(source, "server/src/", &["samsyn_client", "samsyn_tests"]))
}

#[test]
fn every_file_is_short_and_begins_with_what_it_is() -> Result<()> {
    expect_none(file_form)
}

#[test]
fn nothing_unwraps_outside_of_tests() -> Result<()> {
    expect_none(unwraps)
}

#[test]
fn no_test_waits_for_a_time() -> Result<()> {
    expect_none(sleeps)
}

#[test]
fn every_name_says_something() -> Result<()> {
    expect_none(bad_names)
}

#[test]
fn the_views_have_their_words_from_the_catalogue() -> Result<()> {
    expect_none(words_outside_the_catalogue)
}

#[test]
fn no_file_names_a_path_of_one_machine() -> Result<()> {
    expect_none(machine_paths)
}
