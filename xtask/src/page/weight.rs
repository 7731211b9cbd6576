//! What the page weighs on a bad network: each file compressed once, here, as well as can be, and
//! the sum of the code held to a limit.

use crate::report::{kilobytes, say};
use anyhow::{Context, Result, bail};
use brotli::enc::BrotliEncoderParams;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// All code together, compressed.
const LIMIT: u64 = 400_000;

/// What brotli makes smaller. Pictures and fonts are compressed already.
const COMPRESSIBLE: &[&str] = &["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest"];

/// Puts a `.br` beside each file that gets smaller by it.
pub(crate) fn compress(dist: &Path) -> Result<()> {
    for path in files(dist)? {
        let compressible = COMPRESSIBLE.iter().any(|kind| is(&path, kind));
        // The index gets a new nonce each time that it is sent, so it is not sent from here.
        if compressible && !is(&path, "html") {
            compress_one(&path)?;
        }
    }
    Ok(())
}

/// Says what wasm and JavaScript weigh, and fails over the limit.
pub(crate) fn print(dist: &Path) -> Result<()> {
    let mut total = 0;
    for (name, kind) in [("wasm", "wasm"), ("JavaScript", "js")] {
        let (raw, compressed) = weigh(dist, kind)?;
        say(&format!("{name}: {}, brotli {}", kilobytes(raw), kilobytes(compressed)));
        total += compressed;
    }
    say(&format!("wasm and JavaScript, brotli: {} of at most {}", kilobytes(total), kilobytes(LIMIT)));
    if total > LIMIT {
        bail!("the page is too heavy for a bad network");
    }
    Ok(())
}

/// The sum of all files of a kind, raw and compressed.
fn weigh(dist: &Path, kind: &str) -> Result<(u64, u64)> {
    let (mut raw, mut compressed) = (0, 0);
    for path in files(dist)?.into_iter().filter(|path| is(path, kind)) {
        let small = compressed_name(&path);
        raw += path.metadata()?.len();
        compressed += small.metadata().with_context(|| format!("{} is missing", small.display()))?.len();
    }
    Ok((raw, compressed))
}

fn compress_one(path: &Path) -> Result<()> {
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parameters = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut file = File::create(compressed_name(path))?;
    brotli::BrotliCompress(&mut content.as_slice(), &mut file, &parameters)
        .with_context(|| format!("cannot compress {}", path.display()))?;
    file.flush()?;
    Ok(())
}

fn compressed_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".br");
    PathBuf::from(name)
}

fn is(path: &Path, kind: &str) -> bool {
    path.extension().is_some_and(|extension| extension == kind)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Trunk keeps an unfinished page in a hidden folder.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            files.append(&mut self::files(&path)?);
        } else if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_weighed_is_what_was_compressed() {
        let dist = std::env::temp_dir().join(format!("xtask-weight-{}", std::process::id()));
        fs::create_dir_all(dist.join("snippets")).unwrap();
        fs::write(dist.join("a.js"), "export {};\n".repeat(1000)).unwrap();
        fs::write(dist.join("snippets/b.js"), "export {};\n").unwrap();
        fs::write(dist.join("index.html"), "<!doctype html>").unwrap();
        compress(&dist).unwrap();
        let (raw, compressed) = weigh(&dist, "js").unwrap();
        assert_eq!(raw, 11_011);
        assert!(compressed < 100);
        assert!(!dist.join("index.html.br").exists());
        fs::remove_dir_all(&dist).unwrap();
    }
}
