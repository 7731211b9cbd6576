//! The editors that are measured: where each one's page is, what it is served by, and how it holds its text.

use crate::place;
use crate::server::{self, Running};
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the programs and the peers' pages are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Samsyn's release binary.
    pub samsyn: PathBuf,
    /// The folder with the npm packages, the writers and the peers' pages.
    pub editors: PathBuf,
}

/// One editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its name on the command line and in the measurements.
    pub name: &'static str,
    /// Its name in the report.
    pub title: &'static str,
    /// How it holds lines of text, as the writers call it.
    pub(super) structure: &'static str,
    /// What selects its text box.
    pub(super) root: &'static str,
}

/// All of them, in the order of the report. The first is ours.
pub const ALL: &[Subject] = &[
    Subject {
        name: "samsyn",
        title: "Samsyn",
        structure: "flat",
        root: "[data-section=\"text\"] [role=textbox]",
    },
    Subject { name: "y-prosemirror", title: "y-prosemirror 1.3.7", structure: "xml", root: ".ProseMirror" },
    Subject { name: "y-quill", title: "y-quill 1.0.0", structure: "flat", root: ".ql-editor" },
];

/// A document of an editor, with the server that holds it.
#[derive(Debug)]
pub(super) struct Room {
    // Held, not read: the server is ended when it is dropped.
    _server: Running,
    /// Where its page is.
    pub(super) page: String,
    /// Where a stock client finds it.
    pub(super) socket: String,
}

impl Subject {
    /// Whether it is ours.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        *self == ALL[0]
    }

    /// Starts its server in a folder that is made anew, and makes a document there. The peers' pages come
    /// from the site.
    pub(super) fn open(&self, programs: &Programs, folder: &Path, site: SocketAddr) -> Result<Room> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let data = folder.join("data");
        fs::create_dir_all(&data)?;
        let address = server::free_address()?;
        if self.is_ours() {
            let mut samsyn = Command::new(&programs.samsyn);
            samsyn.arg("serve").arg("--listen").arg(address.to_string()).arg("--data").arg(&data);
            let server = Running::start(samsyn, self.title, folder, address, Some(data))?;
            let wanted = json!({"title": "Mätning", "template": "tom"});
            let made = place::post(address, "/api/malbilder", &wanted)?;
            let (id, token) = (place::text(&made, "/id")?, place::text(&made, "/tokens/editor")?);
            let who = "namn=Anna&organisation=Kommunen";
            return Ok(Room {
                page: format!("http://{address}/m/{id}?{who}#{token}"),
                socket: format!("ws://{address}/sync/{id}/content?token={token}"),
                _server: server,
            });
        }
        let mut node = Command::new("node");
        node.arg(programs.editors.join("node_modules/@y/websocket-server/src/server.js"))
            .env("NODE_ENV", "production")
            .env("HOST", "127.0.0.1")
            .env("PORT", address.port().to_string());
        let server = Running::start(node, "@y/websocket-server", folder, address, None)?;
        Ok(Room {
            page: format!("http://{site}/{}.html?server=ws://{address}&room=text", self.name),
            socket: format!("ws://{address}/text"),
            _server: server,
        })
    }
}

/// The versions of the packages that make up the peers' pages, as they were installed.
///
/// # Errors
/// When they are not.
pub fn versions(programs: &Programs) -> Result<String> {
    const NAMES: [&str; 8] = [
        "yjs",
        "y-websocket",
        "@y/websocket-server",
        "y-prosemirror",
        "prosemirror-view",
        "y-quill",
        "quill",
        "quill-cursors",
    ];
    let one = |name: &&str| -> Result<String> {
        let path = programs.editors.join("node_modules").join(name).join("package.json");
        let package = fs::read_to_string(&path).with_context(|| format!("{name} is not installed"))?;
        let package: serde_json::Value = serde_json::from_str(&package)?;
        Ok(format!("{name} {}", place::text(&package, "/version")?))
    };
    Ok(NAMES.iter().map(one).collect::<Result<Vec<_>>>()?.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_ours_and_no_other() {
        let ours: Vec<_> = ALL.iter().filter(|subject| subject.is_ours()).map(|one| one.name).collect();
        assert_eq!(ours, ["samsyn"]);
    }
}
