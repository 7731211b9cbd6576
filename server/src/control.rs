//! What an operator may ask for while the server runs, or when it doesn't: check, backup, restore; and when it
//! doesn't, salvage. One function performs a request in both cases.
//!
//! It doesn't know how the request was typed, nor HTTP.

pub mod socket;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use samsyn_shared::MalbildId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::backup::check::check;
use crate::backup::outcome::Outcome;
use crate::backup::place::Place;
use crate::backup::restore::{self, PointError, Restored};
use crate::backup::verify::verify;
use crate::backup::{BackupError, Damage, Manifest, write};
use crate::rooms::Rooms;
use crate::store::engine::{self, OpenedToRead, SalvageReport};
use crate::store::{Part, ReadStore, RestorePoint, Storage, StoreError, Time, blocking};

/// What is asked for. As JSON it is one line on the control socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    /// Verify everything.
    Check,
    /// Verify the chain of every journal.
    Verify,
    /// Write a backup.
    Backup {
        /// The directory to write, absolute.
        to: PathBuf,
    },
    /// Bring back what is missing, damaged or older than in a backup.
    Restore {
        /// The backup, absolute.
        from: PathBuf,
        /// Only this one.
        malbild: Option<MalbildId>,
    },
    /// List the restore points of a målbild.
    Points {
        /// Which.
        malbild: MalbildId,
    },
    /// Make a new målbild of what one was.
    AsNew {
        /// Which.
        malbild: MalbildId,
        /// When, in ms since 1970.
        at: u64,
        /// What links begin with; `None`: as the server has it.
        public_url: Option<String>,
    },
}

impl Request {
    /// Whether it changes nothing in the store.
    fn only_reads(&self) -> bool {
        matches!(self, Self::Check | Self::Verify | Self::Backup { .. } | Self::Points { .. })
    }
}

/// What came of it. As JSON it is one line on the control socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The exit status of the command: 0 all went well, 1 something is damaged or not done, 2 it could not
    /// be done at all.
    pub status: u8,
    /// What to print, without line ends.
    pub lines: Vec<String>,
}

impl Answer {
    fn failed(error: impl std::fmt::Display) -> Self {
        Self { status: 2, lines: vec![error.to_string()] }
    }
}

/// Why a request could not be performed at all.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a backup is written to or read from.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is no such målbild, or no such point.
    #[error(transparent)]
    Point(#[from] PointError),
}

/// Who performs requests: over a running server's store, or over one that was opened for it.
#[derive(Clone)]
pub struct Operator {
    /// The store.
    pub storage: Storage,
    /// The rooms that are open over it.
    pub rooms: Rooms,
    /// What links begin with, where the request doesn't say.
    pub base_url: Arc<str>,
}

impl Operator {
    /// Does what is asked for.
    pub async fn perform(&self, request: Request) -> Answer {
        let done = match request {
            Request::Check => self.check().await,
            Request::Verify => self.verify().await,
            Request::Backup { to } => self.backup(to).await,
            Request::Restore { from, malbild } => self.restore(&from, malbild).await,
            Request::Points { malbild } => self.points(malbild).await,
            Request::AsNew { malbild, at, public_url } => self.as_new(malbild, Time(at), public_url).await,
        };
        done.unwrap_or_else(Answer::failed)
    }

    async fn check(&self) -> Result<Answer, ControlError> {
        let checked = self.storage.read_long(check).await?;
        let mut lines: Vec<_> = checked.problems.iter().map(ToString::to_string).collect();
        lines.push(checked.to_string());
        Ok(Answer { status: u8::from(!checked.problems.is_empty()), lines })
    }

    async fn verify(&self) -> Result<Answer, ControlError> {
        let verified = self.storage.read_long(verify).await?;
        let lines = verified.journals.iter().map(ToString::to_string).collect();
        Ok(Answer { status: u8::from(!verified.is_whole()), lines })
    }

    async fn backup(&self, to: PathBuf) -> Result<Answer, ControlError> {
        let shown = to.display().to_string();
        let written = move |store: &dyn ReadStore| write::write(store, &to, Time::now());
        let manifest: Manifest = self.storage.read_long(written).await?;
        let mut lines: Vec<_> = manifest
            .damaged
            .iter()
            .map(|damage| format!("backup-damaged: {}: {}", damage.what, damage.problem))
            .collect();
        let [documents, journals] = [Part::Content, Part::Journal].map(|part| manifest.count(part));
        lines.push(format!("backed up {documents} documents and {journals} journals to {shown}"));
        Ok(Answer { status: u8::from(!manifest.damaged.is_empty()), lines })
    }

    async fn restore(&self, from: &Path, only: Option<MalbildId>) -> Result<Answer, ControlError> {
        let restored = restore::restore(&self.storage, &self.rooms, from, only).await;
        let Restored { unverified, outcomes, lacking } = restored?;
        let mut status = 0;
        let mut lines = Vec::new();
        if unverified {
            let from = from.display();
            lines.push(format!(
                "backup-unverified: {from} is of the first format, which has no checksum of its list"
            ));
        }
        for (id, outcome) in outcomes {
            lines.push(match outcome {
                Outcome::Restored => format!("{id}: restored"),
                Outcome::Repaired(what) => {
                    let what: Vec<_> = what.iter().map(ToString::to_string).collect();
                    format!("{id}: {} restored", what.join(" and "))
                }
                Outcome::Forwarded => format!("{id}: brought forward with what the backup holds beyond it"),
                Outcome::Healthy => format!("{id}: healthy; left as it is"),
                Outcome::Newer => format!("{id}: its history was replaced after the backup; left as it is"),
                Outcome::Failed(why) => {
                    status = 1;
                    format!("{id}: not restored: {why}")
                }
            });
        }
        for Damage { what, problem } in lacking {
            status = 1;
            lines.push(format!("not in the backup: {what}: {problem}"));
        }
        lines.push("done".to_owned());
        Ok(Answer { status, lines })
    }

    async fn points(&self, malbild: MalbildId) -> Result<Answer, ControlError> {
        let points = self.list(malbild).await?;
        let mut lines = vec![format!("restore points of {malbild}, oldest first:")];
        lines.extend(points.iter().map(|point| point.at.to_string()));
        Ok(Answer { status: 0, lines })
    }

    async fn list(&self, malbild: MalbildId) -> Result<Vec<RestorePoint>, PointError> {
        self.storage.read(move |store| restore::points(store, malbild)).await
    }

    async fn as_new(
        &self,
        malbild: MalbildId,
        at: Time,
        public_url: Option<String>,
    ) -> Result<Answer, ControlError> {
        let made = restore::as_new(&self.storage, malbild, at, Time::now()).await;
        let tokens = match made {
            Ok(tokens) => tokens,
            Err(error @ PointError::None { .. }) => {
                let mut answer = self.points(malbild).await?;
                answer.lines.push(error.to_string());
                return Ok(Answer { status: 2, ..answer });
            }
            Err(error) => return Err(error.into()),
        };
        let base = public_url.as_deref().unwrap_or(&self.base_url);
        Ok(Answer { status: 0, lines: vec![json!(tokens.reveal(base)).to_string()] })
    }
}

/// Performs a request over a data directory: by the server that is using it, else here.
pub async fn run(data: &Path, request: Request) -> Answer {
    if let Request::Backup { to } = &request
        && Place::of(to, data) == Place::Within
    {
        return Answer::failed(BackupError::Place(to.clone()));
    }
    let makes = matches!(request, Request::Restore { .. });
    if !makes && !engine::exists(data) {
        return Answer::failed(format!("no-store: {} holds no data", data.display()));
    }
    let (dir, reads) = (data.to_owned(), request.only_reads());
    let (storage, damage) = match blocking(move || open(&dir, reads)).await.flatten() {
        Ok(opened) => opened,
        Err(in_use @ StoreError::InUse(_)) => {
            return match socket::ask(&socket::path(data), &request).await {
                Ok(answer) => answer,
                Err(error) => Answer::failed(format!("{in_use} (its control socket: {error})")),
            };
        }
        Err(error) => return Answer::failed(error),
    };
    let rooms = Rooms::new(storage.clone());
    let operator = Operator { storage: storage.clone(), rooms, base_url: "http://127.0.0.1:8080".into() };
    let mut answer = operator.perform(request).await;
    storage.close().await;
    if !damage.is_empty() {
        answer.status = answer.status.max(1);
        answer.lines.splice(0..0, damage);
    }
    answer
}

/// Makes a new store of everything in a damaged one that verifies.
pub async fn salvage(data: &Path, to: &Path) -> Answer {
    if !engine::exists(data) {
        return Answer::failed(format!("no-store: {} holds no data", data.display()));
    }
    let (from, into) = (data.to_owned(), to.to_owned());
    match blocking(move || engine::salvage(&from, &into)).await.flatten() {
        Ok(report) => {
            let mut lines = told(&report);
            lines.push(format!("{report}; they are in {}", to.display()));
            Answer { status: u8::from(!report.is_whole()), lines }
        }
        Err(error) => Answer::failed(error),
    }
}

/// Opens the store of a data directory, and says what is damaged. What only reads changes nothing there.
fn open(data: &Path, only_reads: bool) -> Result<(Storage, Vec<String>), StoreError> {
    if !only_reads {
        let storage = Storage::start(engine::open(data)?).with_rescue(&data.join("rescue"));
        return Ok((storage, Vec::new()));
    }
    let OpenedToRead { store, damage, report } = engine::open_to_read(data)?;
    let damage = damage.iter().map(ToString::to_string).chain(told(&report)).collect();
    Ok((Storage::only_reading(store), damage))
}

fn told(report: &SalvageReport) -> Vec<String> {
    let doubt = report.is_in_doubt.then(|| {
        "records-missing: something else is lost that nothing names; compare with a backup".to_owned()
    });
    report.lacks.iter().cloned().chain(doubt).collect()
}

#[cfg(test)]
mod tests;
