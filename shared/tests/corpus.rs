//! What fuzzing found worth keeping, run as ordinary tests: each file of `fuzz/corpus/` through its target.

#[expect(unreachable_pub, reason = "it is the library of a crate of its own")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;

#[test]
fn every_file_of_the_corpus_keeps_what_its_target_demands() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in fuzz::TARGETS {
        let mut files = 0;
        for file in fs::read_dir(corpus.join(name)).expect("each target has a corpus") {
            target(&fs::read(file.expect("listed").path()).expect("readable"));
            files += 1;
        }
        assert!(files > 0, "{name} has an empty corpus");
    }
}
