//! Which module may know which.

use super::token::{paths, product_tokens, tokens};
use super::{Finding, Source};

/// Finds what a file of one module knows of a module that it must not know.
///
/// `folder` is a crate's `src/`; each pair is a module and one that it must not name. Tests count too:
/// what a module's tests need, the module cannot be understood without.
#[must_use]
pub fn wrong_arrows(source: &Source, folder: &str, never: &[(&str, &str)]) -> Vec<Finding> {
    if !source.path.starts_with(folder) || !source.is_rust() {
        return Vec::new();
    }
    let module = source.module();
    let Some(own) = module.first() else { return Vec::new() };
    let forbidden: Vec<_> = never.iter().filter(|(from, _)| from == own).map(|(_, to)| *to).collect();
    paths(source, &tokens(source))
        .into_iter()
        .filter(|named| named.segments.first().is_some_and(|first| first == "crate"))
        .filter_map(|named| {
            let other = forbidden.iter().find(|other| named.segments.get(1).is_some_and(|s| s == *other))?;
            Some(source.finding(named.line, format!("{own} must not know {other}")))
        })
        .collect()
}

/// Finds paths of others that a crate must not name. Its tests may.
#[must_use]
pub fn foreign_paths(source: &Source, folder: &str, never: &[&str]) -> Vec<Finding> {
    if !source.path.starts_with(folder) || !source.is_rust() {
        return Vec::new();
    }
    paths(source, &product_tokens(source))
        .into_iter()
        .filter_map(|named| {
            let path = named.segments.join("::");
            let inside = |other: &&&str| path == **other || path.starts_with(&format!("{other}::"));
            let other = never.iter().find(inside)?;
            Some(source.finding(named.line, format!("{other} must not be known in {folder}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: &[(&str, &str)] = &[("store", "room"), ("views", "sync")];

    fn lines(path: &str, text: &str) -> Vec<usize> {
        wrong_arrows(&Source::of(path, text), "server/src/", NEVER).into_iter().map(|f| f.line).collect()
    }

    #[test]
    fn an_arrow_in_the_wrong_direction_is_found_however_it_is_written() {
        assert_eq!(lines("server/src/store.rs", "//! x\nuse crate::room::Room;"), [2]);
        assert_eq!(lines("server/src/store/sled.rs", "use super::super::room::Room;"), [1]);
        assert_eq!(lines("server/src/store/sled.rs", "use crate::{access, room::Room};"), [1]);
        assert_eq!(lines("server/src/store/sled.rs", "fn f() { m!(crate::room::f()) }"), [1]);
    }

    #[test]
    fn an_arrow_in_the_right_direction_is_not() {
        assert!(lines("server/src/room.rs", "use crate::store::Store;").is_empty());
        assert!(lines("server/src/store.rs", "use crate::store::room; // crate::room").is_empty());
        assert!(lines("client/src/store.rs", "use crate::room::Room;").is_empty());
        assert!(lines("server/src/main.rs", "use crate::room::Room;").is_empty());
    }

    #[test]
    fn a_foreign_path_is_found_in_the_product_and_allowed_in_its_tests() {
        let never = &["tokio", "std::time::Instant"];
        let found =
            |text: &str| foreign_paths(&Source::of("shared/src/a.rs", text), "shared/src/", never).len();
        assert_eq!(found("use std::time::{Duration, Instant};"), 1);
        assert_eq!(found("fn f() { tokio::spawn(x) }"), 1);
        assert_eq!(found("use std::time::Duration; #[cfg(test)] mod tests { use tokio::spawn; }"), 0);
    }
}
