//! WebKit, Safari's engine, as Debian has it. It draws on a screen only, so each participant has one that nobody
//! sees, with a clipboard and a focus of its own; and its driver takes a free port without saying which.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::leader;
use crate::screen::Light;
use crate::until::{Look, PATIENCE, until};

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// A screen that nobody sees, and its number.
pub(crate) async fn start_screen() -> Result<(Child, String)> {
    let mut xvfb = Command::new("Xvfb");
    // It chooses a number that is free, and says it on stdout.
    xvfb.args(["-displayfd", "1", "-screen", "0", "2000x1500x24", "-nolisten", "tcp"]);
    let (screen, mut lines) = leader::start(&mut xvfb)?;
    let number = timeout(PATIENCE, lines.next_line()).await.context("Xvfb does not start")??;
    Ok((screen, number.context("Xvfb ends at its start")?))
}

/// Has a driver, and the browser that it starts, draw on this screen and keep all that they write in this folder. In a
/// light that is chosen, nothing moves on the screen either.
pub(crate) fn settle(driver: &mut Command, screen: &str, home: &Path, light: Option<Light>) -> Result<()> {
    if let Some(light) = light {
        let settings = home.join("CONFIG/gtk-3.0");
        fs::create_dir_all(&settings)?;
        fs::write(settings.join("settings.ini"), "[Settings]\ngtk-enable-animations=false\n")?;
        driver.env("GTK_THEME", if matches!(light, Light::Dark) { "Adwaita:dark" } else { "Adwaita" });
    }
    driver
        .env("DISPLAY", format!(":{screen}"))
        .env("GDK_BACKEND", "x11")
        .env_remove("WAYLAND_DISPLAY")
        .env("HOME", home)
        .envs(["CACHE", "CONFIG", "DATA", "STATE"].map(|kind| (format!("XDG_{kind}_HOME"), home.join(kind))))
        .env("XDG_RUNTIME_DIR", home)
        .env("TMPDIR", home)
        // A locale that every system has.
        .env("LC_ALL", "C.UTF-8");
    Ok(())
}

/// The port on which a driver listens, once it does; none if it ends before.
pub(crate) async fn port_of(driver: &mut Child) -> Result<Option<u16>> {
    until("the driver to listen", async || {
        if driver.try_wait()?.is_some() {
            return Ok(Look::Yes(None));
        }
        let id = driver.id().context("it has not ended")?;
        Ok(match listened_on(id)? {
            None => Look::NotYet("no port".to_owned()),
            port => Look::Yes(port),
        })
    })
    .await
}

/// A port of IPv4 on which this process listens.
fn listened_on(process: u32) -> Result<Option<u16>> {
    let mut own = Vec::new();
    for descriptor in fs::read_dir(format!("/proc/{process}/fd"))? {
        // It may have been closed meanwhile.
        let Ok(target) = fs::read_link(descriptor?.path()) else { continue };
        let target = target.to_string_lossy();
        own.extend(target.strip_prefix("socket:[").and_then(|it| it.strip_suffix(']')).map(str::to_owned));
    }
    let sockets = fs::read_to_string(format!("/proc/{process}/net/tcp"))?;
    for socket in sockets.lines().skip(1) {
        let fields: Vec<_> = socket.split_whitespace().collect();
        if let [_, address, _, LISTENS, _, _, _, _, _, inode, ..] = fields[..]
            && own.iter().any(|own| own == inode)
        {
            let (_, port) = address.split_once(':').context("an address without a port")?;
            return Ok(Some(u16::from_str_radix(port, 16)?));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_port_that_a_process_listens_on_is_found() -> Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        // Other tests of this process may listen too, on IPv4 or not at all.
        assert!(listened_on(std::process::id())?.is_some());
        drop(listener);
        Ok(())
    }
}
