//! What is on a disk when the power goes: of what was asked of the kernel, all that was synced, and of the rest
//! nothing or a random part, page by page.
//!
//! It doesn't know what the files are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rand::Rng;
use rand::rngs::SmallRng;

use crate::strace::{Call, Trace};

const PAGE: usize = 4096;

/// How much of what was not synced is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Strict,
    /// Of each write some pages, of the changes of names some first ones.
    Torn,
}

/// A file's content: what a sync covered, and what came after it.
#[derive(Debug, Default, Clone)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
struct Change {
    /// When the kernel had done it.
    ended: usize,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// A change of names.
#[derive(Debug, Clone)]
enum Naming {
    Create(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

/// The disk under one directory, as far as a trace has told.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    /// As the process sees it.
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<Naming>,
}

impl Disk {
    /// The disk under `root` when the call with this index is about to end.
    ///
    /// # Errors
    /// When the trace makes no sense.
    pub fn before(trace: &Trace, root: &Path, index: usize) -> Result<Self> {
        let mut disk = Self::default();
        let now = trace.calls[index].begun;
        let mut calls: Vec<_> = trace.calls.iter().filter(|call| call.begun <= now).collect();
        calls.sort_by_key(|call| call.ended.min(now));
        for call in calls {
            disk.take(call, root, now)?;
        }
        Ok(disk)
    }

    fn take(&mut self, call: &Call, root: &Path, now: usize) -> Result<()> {
        let path = |index: usize| {
            let bytes = call.strings.get(index)?;
            Some(PathBuf::from(String::from_utf8(bytes.clone()).ok()?)).filter(|path| path.starts_with(root))
        };
        let on = Path::new(&call.on);
        let has_ended = call.ended <= now;
        if has_ended && call.result.is_none_or(|result| result < 0) {
            return Ok(());
        }
        match call.name.as_str() {
            "openat" if has_ended => {
                if let Some(path) = path(0)
                    && path.extension().is_none_or(|extension| extension != "trace")
                    && call.creates
                    && !self.names.contains_key(&path)
                {
                    self.files.push(File::default());
                    self.names.insert(path.clone(), self.files.len() - 1);
                    self.pending_names.push(Naming::Create(path, self.files.len() - 1));
                }
            }
            "rename" | "renameat" | "renameat2" if has_ended => {
                if let (Some(from), Some(to)) = (path(0), path(1)) {
                    let file = self.names.remove(&from).with_context(|| format!("{from:?} is renamed"))?;
                    self.names.insert(to.clone(), file);
                    self.pending_names.push(Naming::Rename(from, to));
                }
            }
            "unlink" | "unlinkat" if has_ended => {
                if let Some(path) = path(0).filter(|path| self.names.remove(path).is_some()) {
                    self.pending_names.push(Naming::Remove(path));
                }
            }
            "write" | "pwrite64" | "ftruncate" if on.starts_with(root) => {
                let Some(index) = self.names.get(on) else { return Ok(()) };
                let file = &mut self.files[*index];
                let number = || {
                    Ok::<_, anyhow::Error>(usize::try_from(call.number.context("a call without a number")?)?)
                };
                let what = match call.name.as_str() {
                    "ftruncate" => What::Length(number()?),
                    "write" => What::Write { at: file.length(), bytes: call.bytes.clone() },
                    _ => What::Write { at: number()?, bytes: call.bytes.clone() },
                };
                file.pending.push(Change { ended: call.ended, what });
            }
            "fsync" | "fdatasync" if has_ended && on.starts_with(root) => match self.names.get(on) {
                Some(index) => self.files[*index].sync(call.begun),
                // A directory: all names are taken to be in one journal.
                None => self.sync_names(),
            },
            _ => {}
        }
        Ok(())
    }

    fn sync_names(&mut self) {
        for naming in std::mem::take(&mut self.pending_names) {
            name(&mut self.synced_names, naming);
        }
    }

    /// Writes what is on the disk now into a directory.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn cut(&self, cut: Cut, root: &Path, to: &Path, rng: &mut SmallRng) -> Result<()> {
        let mut names = self.synced_names.clone();
        let more = match cut {
            Cut::Strict => 0,
            Cut::Torn => rng.random_range(0..=self.pending_names.len()),
        };
        for naming in &self.pending_names[..more] {
            name(&mut names, naming.clone());
        }
        for (path, index) in names {
            let path = to.join(path.strip_prefix(root)?);
            std::fs::create_dir_all(path.parent().context("a file is in a directory")?)?;
            std::fs::write(path, self.files[index].after(cut, rng))?;
        }
        Ok(())
    }
}

fn name(names: &mut BTreeMap<PathBuf, usize>, naming: Naming) {
    match naming {
        Naming::Create(path, file) => drop(names.insert(path, file)),
        Naming::Rename(from, to) => {
            if let Some(file) = names.remove(&from) {
                names.insert(to, file);
            }
        }
        Naming::Remove(path) => drop(names.remove(&path)),
    }
}

impl File {
    fn length(&self) -> usize {
        self.pending.iter().fold(self.synced.len(), |length, change| match &change.what {
            What::Write { at, bytes } => length.max(at + bytes.len()),
            What::Length(length) => *length,
        })
    }

    /// A sync covers what had ended when it began.
    fn sync(&mut self, begun: usize) {
        let pending = std::mem::take(&mut self.pending);
        for change in pending {
            if change.ended < begun {
                apply(&mut self.synced, &change.what, |_| true);
            } else {
                self.pending.push(change);
            }
        }
    }

    fn after(&self, cut: Cut, rng: &mut SmallRng) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        if cut == Cut::Torn {
            for change in &self.pending {
                apply(&mut bytes, &change.what, |_| rng.random_bool(0.5));
            }
        }
        bytes
    }
}

/// Makes a change, of a write only the pages that are chosen.
fn apply(file: &mut Vec<u8>, what: &What, mut chosen: impl FnMut(usize) -> bool) {
    match what {
        What::Length(length) => {
            if chosen(0) {
                file.resize(*length, 0);
            }
        }
        What::Write { at, bytes } => {
            let mut from = 0;
            while from < bytes.len() {
                let place = at + from;
                let length = (PAGE - place % PAGE).min(bytes.len() - from);
                if chosen(place / PAGE) {
                    if file.len() < place + length {
                        file.resize(place + length, 0);
                    }
                    file[place..place + length].copy_from_slice(&bytes[from..from + length]);
                }
                from += length;
            }
        }
    }
}
