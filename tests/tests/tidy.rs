//! The rules of the source, over the whole repository.

use anyhow::{Context as _, Result, ensure};
use samsyn_shared::domain::limits;
use samsyn_shared::domain::list::List;
use samsyn_tests::tidy::{
    Finding, Source, bad_names, circles, errors_in_words, file_form, foreign_paths, long_argument_lists,
    machine_paths, missing_files, missing_tests, named_in, sleeps, unnamed, unwraps,
    words_outside_the_catalogue, wrong_arrows,
};

/// A later one is never told of an earlier one.
const SERVER_ORDER: [&str; 9] =
    ["http", "control", "backup", "rooms", "malbild", "access", "room", "store", "frame"];

/// A later one is never told of an earlier one, and rooms and pages not of each other.
const SHARED_ORDER: [&str; 9] =
    ["page", "room", "api", "sync", "journal", "document", "text", "lib0", "domain"];

/// A later one is never told of an earlier one.
const CLIENT_ORDER: [&str; 8] = ["views", "malbild", "editor", "words", "device", "state", "api", "early"];

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
    expect_nothing(&sources.iter().flat_map(rule).collect::<Vec<_>>())
}

fn expect_nothing(found: &[Finding]) -> Result<()> {
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    ensure!(found.is_empty(), "{} found:\n{}", found.len(), lines.join("\n"));
    Ok(())
}

/// Only files whose paths begin so name this.
fn only_in(name: &str, places: &[&str]) -> Result<()> {
    expect_none(|source| {
        let may = places.iter().any(|place| source.path.starts_with(place));
        if may { Vec::new() } else { named_in(source, name) }
    })
}

/// Each with all that it must not know, since they come before it.
fn upwards(order: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    let above = |index: usize| order[..index].iter().map(move |above| (order[index], *above));
    (0..order.len()).flat_map(above).collect()
}

#[test]
fn the_servers_modules_know_only_those_below_them() -> Result<()> {
    let never = upwards(&SERVER_ORDER);
    expect_none(|source| wrong_arrows(source, "server/src/", &never))
}

#[test]
fn the_folders_of_shared_know_only_those_below_them() -> Result<()> {
    let mut never = upwards(&SHARED_ORDER);
    never.push(("page", "room"));
    expect_none(|source| wrong_arrows(source, "shared/src/", &never))
}

/// What decides has one driver each, beside its own tests and examples: whoever else wants it goes by what drives it.
#[test]
fn a_session_is_driven_by_the_peer_alone_and_a_rooms_state_by_the_actor_and_the_simulation() -> Result<()> {
    for (name, drivers) in [
        ("ClientSession", &["shared/src/page/peer", "shared/src/sync/client_session"][..]),
        ("PageView", &["shared/src/page", "client/src/malbild/signals.rs"]),
        (
            "RoomState",
            &[
                "shared/src/room",
                "shared/examples",
                "shared/tests",
                "server/src/room/actor",
                "tests/src/sim/server/room.rs",
                "tests/src/room_in_hand.rs",
            ],
        ),
    ] {
        only_in(name, drivers)?;
    }
    Ok(())
}

#[test]
fn the_engine_is_named_in_one_file_beside_its_own() -> Result<()> {
    let own = ["server/src/store/sled", "server/src/store/engine.rs", "server/src/store.rs"];
    // That test damages a store behind the server's back.
    only_in("sled", &[&own[..], &["tests/tests/backup.rs"]].concat())
}

#[test]
fn the_clients_modules_know_only_those_below_them() -> Result<()> {
    let never = upwards(&CLIENT_ORDER);
    expect_none(|source| wrong_arrows(source, "client/src/", &never))
}

#[test]
fn no_files_know_each_other_in_a_circle() -> Result<()> {
    for folder in ["shared/src/", "server/src/", "client/src/"] {
        expect_nothing(&circles(&Source::all()?, folder))?;
    }
    Ok(())
}

#[test]
fn what_is_public_is_named_by_somebody() -> Result<()> {
    for folder in ["shared/src/", "server/src/"] {
        expect_nothing(&unnamed(&Source::all()?, folder))?;
    }
    Ok(())
}

#[test]
fn no_function_asks_for_much() -> Result<()> {
    expect_none(long_argument_lists)
}

/// What the surface's TypeScript repeats of `shared`.
#[test]
fn the_surface_has_the_lists_and_the_depth_that_shared_has() -> Result<()> {
    let sources = Source::all()?;
    let text = |path: &str| {
        let source = sources.iter().find(|source| source.path == path);
        source.map(|source| source.text.as_str()).with_context(|| format!("there is no {path}"))
    };
    let lists = List::ALL.map(|list| format!("\"{}\"", list.as_str())).join(", ");
    let deepest = format!(" || 0, 0), {});", limits::INDENT_MAX);
    for wanted in [format!("LISTS = [{lists}];"), deepest] {
        ensure!(text("client/editor/src/schema.ts")?.contains(&wanted), "the surface has no {wanted:?}");
    }
    let deepest = format!("Math.max(indent ?? 0, 0), {})", limits::INDENT_MAX);
    ensure!(text("client/editor/src/copy.ts")?.contains(&deepest), "what is copied has no {deepest:?}");
    Ok(())
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
fn every_file_and_every_test_that_is_named_exists() -> Result<()> {
    let all = Source::all()?;
    expect_none(|source| [missing_files(source, &all), missing_tests(source, &all)].concat())
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
fn no_error_is_words_alone() -> Result<()> {
    expect_none(errors_in_words)
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
