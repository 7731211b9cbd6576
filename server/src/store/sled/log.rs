//! sled's log as it is on the disk, read and judged before sled does.
//!
//! `log/message.rs` has its bytes, `log/page.rs` what they say of pages, `log/walk.rs` goes through it all,
//! `log/tree.rs` says what the pages hold, `log/salvage.rs` takes out of a damaged one what verifies.
//!
//! Invariant: A wrong byte costs what it held, and never silently: sled opens only a log that holds all that was
//! acked, by the tally in its own records and by the count beside it
//! (`one_wrong_byte_costs_one_record_and_never_silently`, `a_page_of_zeros_costs_what_it_held_and_never_silently`,
//! `a_store_that_was_shortened_is_not_taken_for_whole`, `no_read_error_at_any_read_of_an_opening_loses_anything`); a
//! torn end is none (`no_power_cut_loses_what_was_acked_or_is_taken_for_damage`,
//! `a_segment_that_was_freed_behind_what_is_called_stable_is_not_the_end_of_the_log`,
//! `whatever_is_written_and_whenever_the_process_is_killed_all_of_it_is_there`).

pub(super) mod message;
pub(super) mod page;
pub(super) mod salvage;
pub(super) mod tree;
pub(super) mod walk;
