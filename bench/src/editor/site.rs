//! The peers' pages, served as they lie in a folder: the least that a browser needs.

use anyhow::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves a folder from now on, on a free port.
pub(super) async fn serve(folder: PathBuf) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let folder = folder.clone();
            tokio::spawn(async move {
                if let Err(error) = answer(stream, &folder).await {
                    eprintln!("bench: a page was not served: {error}");
                }
            });
        }
    });
    Ok(address)
}

async fn answer(mut stream: TcpStream, folder: &Path) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let count = stream.read_buf(&mut head).await?;
        if count == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let name = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let found = if is_plain(name) { tokio::fs::read(folder.join(name)).await.ok() } else { None };
    let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
    let (body, kind) = (found.unwrap_or_default(), kind(name));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    Ok(stream.shutdown().await?)
}

/// Whether a name is one of the folder's own files.
fn is_plain(name: &str) -> bool {
    !name.contains("..") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_own_files_are_served() {
        assert!(is_plain("y-quill.html"));
        assert!(!is_plain("../package.json"));
        assert!(!is_plain("a/b.js"));
        assert_eq!(kind("y-quill.js"), "text/javascript; charset=utf-8");
    }
}
