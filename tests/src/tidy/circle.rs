//! Files that know each other in a circle: none of them can be understood, or changed, without the others.

use std::collections::{BTreeMap, BTreeSet};

use super::token::{paths, product_tokens};
use super::{Finding, Source};

/// Finds circles between the files of the crate whose `src/` is `folder`. A file and those below it may know each other:
/// they are one module.
#[must_use]
pub fn circles(all: &[Source], folder: &str) -> Vec<Finding> {
    let files: Vec<_> =
        all.iter().filter(|source| source.path.starts_with(folder) && source.is_rust()).collect();
    let by_module: BTreeMap<Vec<String>, usize> =
        files.iter().enumerate().map(|(index, source)| (source.module(), index)).collect();
    let known = |source: &Source| -> BTreeSet<usize> {
        let own = source.module();
        let named = paths(source, &product_tokens(source)).into_iter();
        let inside = named.filter(|path| path.segments.first().is_some_and(|first| first == "crate"));
        let other = inside.filter_map(|path| {
            let rest = &path.segments[1..];
            let longest = (1..=rest.len()).rev().find_map(|length| by_module.get(&rest[..length]));
            longest.copied()
        });
        other.filter(|other| !is_one_module(&own, &files[*other].module())).collect()
    };
    let edges: Vec<BTreeSet<usize>> = files.iter().map(|source| known(source)).collect();
    let reached: Vec<BTreeSet<usize>> = (0..files.len()).map(|from| reachable(&edges, from)).collect();
    let mut findings = Vec::new();
    for (from, to) in (0..files.len()).flat_map(|from| edges[from].iter().map(move |to| (from, *to))) {
        if reached[to].contains(&from) {
            findings.push(files[from].finding(0, format!("in a circle with {}", files[to].path)));
        }
    }
    findings
}

fn is_one_module(one: &[String], other: &[String]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

fn reachable(edges: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        open.extend(edges[next].iter().filter(|to| found.insert(**to)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let all: Vec<_> = files.iter().map(|(path, text)| Source::of(path, text)).collect();
        circles(&all, "a/src/").into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn a_circle_is_found_also_over_a_third_and_a_module_with_its_own_files_is_none() {
        let (b, c) = (("a/src/b.rs", "use crate::c::C;"), ("a/src/c.rs", "use super::d::D;"));
        assert_eq!(
            found(&[b, c, ("a/src/d.rs", "fn f() { crate::b::f() }")]),
            ["a/src/b.rs", "a/src/c.rs", "a/src/d.rs"]
        );
        assert!(found(&[b, c, ("a/src/d.rs", "use crate::e::E;")]).is_empty());
        assert!(
            found(&[("a/src/b.rs", "use self::x::X;"), ("a/src/b/x.rs", "use super::B; use crate::b::Y;")])
                .is_empty()
        );
        let tests = ("a/src/d.rs", "#[cfg(test)] mod tests { use crate::b::B; }");
        assert!(found(&[b, c, tests]).is_empty());
    }
}
