//! The command line. What is typed ([`Cli`]) and what the server runs with ([`Settings`]) are two types:
//! only what was checked reaches the server.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::http::Uri;
use clap::{Args, Parser, Subcommand};

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
}

/// The public URL is not one.
#[derive(Debug, thiserror::Error)]
#[error("--public-url must be http://HOST or https://HOST, with a port perhaps, and no path")]
pub struct NotAPublicUrl;

impl ServeArgs {
    /// Checks what was typed.
    ///
    /// # Errors
    /// [`NotAPublicUrl`].
    pub fn check(self) -> Result<Settings, NotAPublicUrl> {
        let public_url = self.public_url.filter(|url| !url.is_empty()).map(|url| origin(&url)).transpose()?;
        Ok(Settings { listen: self.listen, data: self.data, public_url })
    }
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
