//! `cargo xtask dev`: page and server as drafts, without optimisation, made again and served again whenever a source of
//! theirs changes.
//!
//! A server without optimisation reads the page from `dist/` when it is asked for it, so a changed page needs no new
//! server: loading the page anew shows it.

use crate::page;
use crate::process;
use crate::project::Project;
use crate::report::say;
use crate::run;
use crate::setup;
use crate::tree_hash::TreeHash;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What both are made from.
const BOTH: &[&str] = &["shared", "Cargo.lock", "Cargo.toml"];

/// How often the sources are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// The command `dev`. It ends when somebody ends it, and the server with it.
pub(crate) fn dev(project: &Project, arguments: &[String]) -> Result<()> {
    let _lock = project.lock()?;
    let tools = setup::for_building(project)?;
    let mut server = Server { project, arguments, child: None };
    let (mut page_of, mut server_of) = (String::new(), String::new());
    loop {
        // A file that can't be read is one that an editor is just writing: it is there at the next look.
        if let Ok(sources) = sources(project, &["client", "Trunk.toml"])
            && sources != page_of
        {
            page_of = sources;
            told("the page", || page::draft(project, &tools));
        }
        if let Ok(sources) = sources(project, &["server"])
            && sources != server_of
        {
            server_of = sources;
            told("the server", || server.renew());
        }
        sleep(LOOK_EVERY);
    }
}

fn sources(project: &Project, own: &[&str]) -> Result<String> {
    let add = |hash: TreeHash, path: &&str| hash.path(&project.root.join(path));
    Ok(own.iter().chain(BOTH).try_fold(TreeHash::default(), add)?.finish())
}

/// Makes something, and says how long that took, or why it could not be made: then the next change may mend it.
fn told(what: &str, make: impl FnOnce() -> Result<()>) {
    let begun = Instant::now();
    match make() {
        Ok(()) => say(&format!("{what} is made: {:.1} s", begun.elapsed().as_secs_f64())),
        Err(error) => say(&format!("{what} is not made: {error:#}")),
    }
}

/// The server that serves now, if there is one.
struct Server<'a> {
    project: &'a Project,
    arguments: &'a [String],
    child: Option<Child>,
}

impl Server<'_> {
    /// Compiles the server, and starts it in the place of the one that runs.
    fn renew(&mut self) -> Result<()> {
        let program = self.compile()?;
        self.stop()?;
        let mut command = process::command(&program);
        command.arg("serve").args(run::for_serving(self.project, self.arguments));
        self.child = Some(command.spawn().with_context(|| format!("cannot start {}", program.display()))?);
        Ok(())
    }

    fn compile(&self) -> Result<PathBuf> {
        let mut cargo = process::command("cargo");
        cargo
            .args(["build", "--locked", "--package", "samsyn-server"])
            .env("CARGO_TARGET_DIR", &self.project.target)
            .current_dir(&self.project.root);
        process::show_on_stderr(&mut cargo)?;
        Ok(self.project.target.join("debug/samsyn"))
    }

    /// Asks the server to stop, and waits for it: it stores what its rooms hold.
    fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        process::terminate(&mut child)?;
        child.wait()?;
        Ok(())
    }
}
