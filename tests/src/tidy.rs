//! Rules of the source that no compiler checks: which module may know which, how large a file may be,
//! what things may be called. Each rule is a pure function from a file to what it finds in it; the
//! tests run them over the repository.

mod argument;
mod arrow;
mod circle;
mod error;
mod form;
mod named;
mod source;
mod token;
mod word;

use std::fmt;

pub use argument::long_argument_lists;
pub use arrow::{foreign_paths, wrong_arrows};
pub use circle::circles;
pub use error::errors_in_words;
pub use form::{bad_names, file_form, machine_paths, sleeps, unwraps};
pub use named::{missing_files, missing_tests, named_in, unnamed};
pub use source::Source;
pub use word::words_outside_the_catalogue;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the repository's root.
    pub path: String,
    /// Counted from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}
