//! The engine of a data directory: which one it is, how it is opened, and how a damaged one is saved.
//!
//! It is the only file that names one. Another engine is another match here.
//!
//! Invariant: Who only looks changes nothing (`checking_and_backing_up_a_stopped_store_change_nothing`).

use std::path::Path;
use std::sync::Arc;

pub use super::sled::SalvageReport;
use super::sled::{SledStore, StoreReader, salvage_to};
use super::{ReadStore, Store, StoreError};

/// What in a data directory is the store's own: nobody else writes there.
pub const OWN: [&str; 2] = ["sled", "rescue"];

/// A store that is only read, and what is wrong with it as a whole.
pub struct OpenedToRead {
    /// What can be read of it.
    pub store: Arc<dyn ReadStore>,
    /// Why a server would refuse it.
    pub damage: Option<StoreError>,
    /// What it lacks, where it is damaged.
    pub report: SalvageReport,
}

/// Whether a store was ever made in `dir`.
#[must_use]
pub fn exists(dir: &Path) -> bool {
    SledStore::is_in(dir)
}

/// Opens the store in `dir` for this process alone, making it if it isn't there. Blocks.
///
/// # Errors
/// All that [`StoreError`] says of opening: [`StoreError::Directory`], [`StoreError::InUse`], [`StoreError::Unread`],
/// [`StoreError::Damaged`], [`StoreError::Shortened`], [`StoreError::Format`], [`StoreError::Full`], [`StoreError::Io`].
pub fn open(dir: &Path) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(SledStore::open(dir)?))
}

/// Reads the store in `dir`, which no process is using, also a damaged one. Changes nothing there. Blocks.
///
/// # Errors
/// [`StoreError::InUse`], [`StoreError::Unread`].
pub fn open_to_read(dir: &Path) -> Result<OpenedToRead, StoreError> {
    let reader = StoreReader::open(dir)?;
    let (damage, report) = (reader.damage().cloned(), reader.report().clone());
    Ok(OpenedToRead { store: Arc::new(reader), damage, report })
}

/// Makes a new store in `to` of everything in the one in `dir` that verifies. Blocks.
///
/// # Errors
/// [`StoreError::InUse`], [`StoreError::Unread`]; what opening or writing the new one says.
pub fn salvage(dir: &Path, to: &Path) -> Result<SalvageReport, StoreError> {
    salvage_to(dir, to)
}
