//! The command line. What is typed ([`Cli`]) and what the server runs with ([`Settings`]) are two types:
//! only what was checked reaches the server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use samsyn_shared::MalbildId;

use crate::backup::schedule::Schedule;
use crate::control::Request;
use crate::store::Time;

/// Samsyn: many organisations write one målbild together.
#[derive(Debug, Parser)]
#[command(name = "samsyn", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves målbilder until it is told to stop (SIGTERM or Ctrl-C).
    Serve(ServeArgs),
    /// Verifies everything that is stored. Exit status 0: all is well; 1: something is damaged; 2: it could
    /// not be read.
    Check(DataArgs),
    /// Verifies the chain of every journal. Exit status 0: all are as they were entered; 1: one is not, and its first entry
    /// that isn't is named; 2: they could not be read.
    Verify(DataArgs),
    /// Writes a backup, also while the server runs. Exit status 1 if something damaged is not in it.
    Backup(BackupArgs),
    /// Brings back from a backup what is missing, damaged or older than there, or from a restore point what a målbild was.
    Restore(RestoreArgs),
    /// Makes a new store of everything in a damaged one that verifies, and changes nothing in that. Exit status 0:
    /// nothing is missing; 1: something is, and is named; 2: it could not be done.
    Salvage(SalvageArgs),
}

/// What to salvage, and where to.
#[derive(Debug, Args)]
pub struct SalvageArgs {
    /// Where the damaged data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// The directory to make; it must not be there, or be empty.
    #[arg(long, env = "SAMSYN_TO", value_name = "DIR")]
    pub to: PathBuf,
}

/// Where the data is.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The directory that holds everything.
    #[arg(long, env = "SAMSYN_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
}

/// What to back up, and where to.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// The directory to write; it must not be there.
    #[arg(long, env = "SAMSYN_TO", value_name = "PATH")]
    pub to: PathBuf,
}

/// What to bring back.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Where the data is; made if it isn't there.
    #[command(flatten)]
    pub data: DataArgs,
    /// The backup to bring back from what is missing, damaged or older than there.
    #[arg(long, env = "SAMSYN_FROM", value_name = "PATH", required_unless_present = "malbild")]
    pub from: Option<PathBuf>,
    /// Only this målbild.
    #[arg(long, env = "SAMSYN_MALBILD", value_name = "ID", allow_hyphen_values = true)]
    pub malbild: Option<MalbildId>,
    /// As it was at this time, such as 2026-11-22T14:02:11Z. Without it, the restore points are listed.
    #[arg(long, env = "SAMSYN_AT", value_name = "TIME", requires = "as_new", conflicts_with = "from")]
    pub at: Option<Time>,
    /// Into a new målbild, with links of its own; the old one stays as it is.
    #[arg(long, env = "SAMSYN_AS_NEW", requires = "at")]
    pub as_new: bool,
    /// Lists the restore points.
    #[arg(long, env = "SAMSYN_LIST", requires = "malbild", conflicts_with_all = ["from", "at"])]
    pub list: bool,
    /// The address that the new links begin with. Default: as the running server has it.
    #[arg(long, env = "SAMSYN_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// As typed.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address and port to listen on; port 0 picks a free one.
    #[arg(long, env = "SAMSYN_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// The directory that holds everything; made if it isn't there.
    #[arg(long, env = "SAMSYN_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// The address under which browsers reach this server, such as `https://malbild.example`. Links are
    /// made from it. Default: the address that the caller used, without TLS.
    #[arg(long, env = "SAMSYN_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// The directory to write backups to, by themselves, each in a directory named by its time.
    #[arg(long, env = "SAMSYN_BACKUP_TO", value_name = "PATH")]
    pub backup_to: Option<PathBuf>,
    /// How long from one backup to the next, such as `24h` or `90m`.
    #[arg(long, env = "SAMSYN_BACKUP_EVERY", default_value = "24h", value_name = "DURATION")]
    pub backup_every: SignedDuration,
    /// How many backups are kept.
    #[arg(long, env = "SAMSYN_BACKUP_KEEP", default_value = "14", value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..))]
    pub backup_keep: u16,
}

/// As checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub data: PathBuf,
    /// `scheme://host[:port]`, nothing behind it.
    pub public_url: Option<String>,
    /// When to make backups, if at all.
    pub backup: Option<Schedule>,
}

/// An option that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadOption {
    /// See [`NotAPublicUrl`].
    #[error(transparent)]
    PublicUrl(#[from] NotAPublicUrl),
    /// It would make backups all the time, or never.
    #[error("--backup-every must be at least 1s")]
    Every,
}

/// The public URL is not one.
#[derive(Debug, thiserror::Error)]
#[error("--public-url must be http://HOST or https://HOST, with a port perhaps, and no path")]
pub struct NotAPublicUrl;

impl ServeArgs {
    /// Checks what was typed.
    ///
    /// # Errors
    /// [`BadOption`].
    pub fn check(self) -> Result<Settings, BadOption> {
        let public_url = checked_url(self.public_url)?;
        let backup = match self.backup_to.filter(|to| !to.as_os_str().is_empty()) {
            None => None,
            Some(to) => {
                let every = Duration::try_from(self.backup_every).map_err(|_| BadOption::Every)?;
                if every < Duration::from_secs(1) {
                    return Err(BadOption::Every);
                }
                Some(Schedule { to, every, keep: usize::from(self.backup_keep) })
            }
        };
        Ok(Settings { listen: self.listen, data: self.data, public_url, backup })
    }
}

impl Command {
    /// What the command means, and the data directory that it is about; `None` for `serve` and `salvage`, which no
    /// running server is asked for. Paths become
    /// absolute, because the server that may do it stands elsewhere.
    ///
    /// # Errors
    /// A public URL that is none, or a path that can't be made absolute.
    pub fn request(self) -> anyhow::Result<Option<(PathBuf, Request)>> {
        Ok(match self {
            Self::Serve(_) | Self::Salvage(_) => None,
            Self::Check(DataArgs { data }) => Some((data, Request::Check)),
            Self::Verify(DataArgs { data }) => Some((data, Request::Verify)),
            Self::Backup(BackupArgs { data, to }) => {
                Some((data.data, Request::Backup { to: std::path::absolute(to)? }))
            }
            Self::Restore(RestoreArgs { data, from, malbild, at, public_url, .. }) => {
                let request = match (from, malbild, at) {
                    (Some(from), malbild, _) => {
                        Request::Restore { from: std::path::absolute(from)?, malbild }
                    }
                    (None, Some(malbild), Some(at)) => {
                        Request::AsNew { malbild, at: at.0, public_url: checked_url(public_url)? }
                    }
                    (None, Some(malbild), None) => Request::Points { malbild },
                    (None, None, _) => anyhow::bail!("restore needs --from or --malbild"),
                };
                Some((data.data, request))
            }
        })
    }
}

fn checked_url(url: Option<String>) -> Result<Option<String>, NotAPublicUrl> {
    url.filter(|url| !url.is_empty()).map(|url| origin(&url)).transpose()
}

/// The URL as a browser writes it in `Origin`: in lower case, without a default port or a last slash.
fn origin(url: &str) -> Result<String, NotAPublicUrl> {
    let uri: Uri = url.parse().map_err(|_| NotAPublicUrl)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(NotAPublicUrl);
    };
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(NotAPublicUrl),
    };
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
        return Err(NotAPublicUrl);
    }
    let host = authority.host().to_ascii_lowercase();
    Ok(match authority.port_u16().filter(|port| *port != default) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_becomes_what_browsers_send_as_origin() {
        assert_eq!(origin("https://Malbild.example/").unwrap(), "https://malbild.example");
        assert_eq!(origin("https://malbild.example:443").unwrap(), "https://malbild.example");
        assert_eq!(origin("http://malbild.example:8080").unwrap(), "http://malbild.example:8080");
        for bad in ["malbild.example", "ftp://a", "https://a/b", "https://a?b", "https://u@a", "", "/"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
