//! The servers that are measured: how each is started, and which scenarios it takes part in.

use crate::place::Kind;
use crate::scenario::Scenario;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Samsyn's release binary.
    pub samsyn: PathBuf,
    /// The floor.
    pub floor: PathBuf,
    /// The folder into which the npm packages were installed.
    pub npm: PathBuf,
    /// y-sweet, if it could be installed.
    pub y_sweet: Option<PathBuf>,
}

/// What part a server plays in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is ours.
    Ours,
    /// It is one of those that ours is compared with.
    Peer,
    /// It is the floor, at this pace in milliseconds.
    Floor(u64),
}

/// One server, in one configuration.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name in the report.
    pub title: &'static str,
    /// Its part.
    pub part: Part,
    /// How the generator meets it.
    pub kind: Kind,
    /// Whether it keeps what is written in a folder of its own.
    stores: bool,
    /// Whether it is in a quick run.
    pub quick: bool,
}

/// All servers, in the order of the report.
pub const ALL: &[Server] = &[
    server("samsyn", "Samsyn", Part::Ours, Kind::Samsyn, true, true),
    server("samsyn-stock", "Samsyn, stock clients", Part::Ours, Kind::SamsynStock, true, false),
    server("y-websocket", "y-websocket 2", Part::Peer, Kind::YWebsocket, false, true),
    server("y-websocket-leveldb", "y-websocket 2 + LevelDB", Part::Peer, Kind::YWebsocket, true, false),
    server("hocuspocus", "Hocuspocus 4", Part::Peer, Kind::Hocuspocus, false, true),
    server("y-sweet", "y-sweet 0.9.1", Part::Peer, Kind::YSweet, false, true),
    server("floor-0", "floor, at once", Part::Floor(0), Kind::Floor, false, false),
    server("floor-16", "floor, 16 ms", Part::Floor(16), Kind::Floor, false, false),
    server("floor-33", "floor, 33 ms", Part::Floor(33), Kind::Floor, false, true),
];

const fn server(
    name: &'static str,
    title: &'static str,
    part: Part,
    kind: Kind,
    stores: bool,
    quick: bool,
) -> Server {
    Server { name, title, part, kind, stores, quick }
}

impl Server {
    /// Whether it takes part in a scenario.
    #[must_use]
    pub fn takes_part(&self, scenario: &Scenario) -> bool {
        match self.name {
            // What LevelDB adds shows in the small rooms; the large ones are too much without it.
            "y-websocket-leveldb" => ["room-37", "room-100"].contains(&scenario.name),
            "floor-0" => !scenario.needs_document(),
            _ if matches!(self.part, Part::Floor(_)) => scenario.is_written(),
            _ => true,
        }
    }

    /// Starts it in a folder that is made anew, and waits until it takes connections.
    ///
    /// # Errors
    /// When it is not there, ends at once or does not listen within 20 s.
    pub fn start(&self, programs: &Programs, folder: &Path) -> Result<Running> {
        fs::remove_dir_all(folder).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let data = folder.join("data");
        fs::create_dir_all(&data)?;
        let address = free_address()?;
        let command = self.command(programs, &data, address)?;
        Running::start(command, self.title, folder, address, self.stores.then_some(data))
    }

    fn command(&self, programs: &Programs, data: &Path, address: SocketAddr) -> Result<Command> {
        let port = address.port().to_string();
        let node = |script: PathBuf| {
            let mut node = Command::new("node");
            node.arg(script).env("NODE_ENV", "production").env("HOST", "127.0.0.1").env("PORT", &port);
            node
        };
        Ok(match self.kind {
            Kind::Samsyn | Kind::SamsynStock => {
                let mut samsyn = Command::new(&programs.samsyn);
                samsyn.arg("serve").arg("--listen").arg(address.to_string()).arg("--data").arg(data);
                samsyn
            }
            Kind::YWebsocket => {
                let mut node = node(programs.npm.join("node_modules/y-websocket/bin/server.cjs"));
                if self.stores {
                    node.env("YPERSISTENCE", data);
                }
                node
            }
            Kind::Hocuspocus => node(programs.npm.join("hocuspocus.mjs")),
            Kind::YSweet => {
                let Some(program) = &programs.y_sweet else {
                    bail!("y-sweet could not be installed");
                };
                let mut y_sweet = Command::new(program);
                // It logs each update otherwise, and is not to be charged for that.
                y_sweet.args(["serve", "--host", "127.0.0.1", "--port", &port]).env("RUST_LOG", "warn");
                y_sweet
            }
            Kind::Floor => {
                let Part::Floor(pace) = self.part else {
                    bail!("a floor has a pace");
                };
                let mut floor = Command::new(&programs.floor);
                floor.arg("--listen").arg(address.to_string()).arg("--pace").arg(pace.to_string());
                floor
            }
        })
    }
}

/// A port that is free now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A server that runs. It is ended, and what it stored removed, when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    folder: PathBuf,
    /// Where it stores, if it does.
    pub data: Option<PathBuf>,
}

impl Running {
    /// Starts what listens at an address, with its log in a folder, and waits until it does.
    pub(crate) fn start(
        mut command: Command,
        title: &str,
        folder: &Path,
        address: SocketAddr,
        data: Option<PathBuf>,
    ) -> Result<Running> {
        let log = File::create(folder.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {title}"))?;
        let mut running = Running { child, address, folder: folder.to_path_buf(), data };
        running.wait_until_it_listens().with_context(|| title.to_string())?;
        Ok(running)
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended at once ({status}); see {}", self.folder.join("log").display());
            }
            if started.elapsed() > Duration::from_secs(20) {
                bail!("it does not listen; see {}", self.folder.join("log").display());
            }
            sleep(Duration::from_millis(50));
        }
        // What it does once, after its first connection, is not part of what is measured.
        sleep(Duration::from_millis(500));
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A server that has ended by itself is what we want as well.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(|_| ()).unwrap_or_default();
        fs::remove_dir_all(self.folder.join("data")).unwrap_or_default();
    }
}
