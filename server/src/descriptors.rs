//! How many files and connections the system lets this process have at once. It doesn't know what they are for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is assumed where the system sets no limit.
const UNLIMITED: u64 = 1 << 20;

/// Raises the limit of file descriptors to the highest that the system allows without asking anybody, and says how many
/// that are. Service managers give few (often 1024) and allow many.
#[must_use]
pub fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current.unwrap_or(UNLIMITED);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(UNLIMITED),
        Err(error) => {
            tracing::warn!(%error, "the limit of file descriptors was not raised");
            current.unwrap_or(UNLIMITED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let allowed = raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        assert_eq!(allowed, current.unwrap_or(UNLIMITED));
    }
}
