//! What the page asks first, in the page itself: as a file of its own it would be asked for and waited for before it
//! could ask.

use crate::page::names;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// Puts the script that asks early into `index.html`, in the place of the element that leads to it.
pub(crate) fn inline(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let html = fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let path = names::one_in(dist, |name| name.starts_with("early-") && name.ends_with(".js"))?;
    let name = path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
    let script = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    fs::write(index, inlined(&html, &name, script.trim())?)?;
    fs::remove_file(path)?;
    Ok(())
}

/// The page with what a script holds instead of its address. Its nonce stays: the policy lets nothing run without.
fn inlined(html: &str, name: &str, script: &str) -> Result<String> {
    let address = format!(" src=\"/{name}\" async");
    if script.contains("</") || html.matches(&address).count() != 1 {
        bail!("{name} cannot stand in the page");
    }
    let (before, after) = html.split_once(&address).context("it was found once")?;
    let (attributes, rest) = after.split_once('>').context("an element without an end")?;
    Ok(format!("{before}{attributes}>{script}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_stands_where_its_address_stood_and_keeps_its_nonce() {
        let html = r#"<script src="/early-1.js" async nonce="n"></script><script src="/b.js"></script>"#;
        let page = inlined(html, "early-1.js", "ask()").unwrap();
        assert_eq!(page, r#"<script nonce="n">ask()</script><script src="/b.js"></script>"#);
        assert!(inlined(html, "early-2.js", "ask()").is_err(), "the page does not lead to it");
        assert!(inlined(html, "early-1.js", "'</script>'").is_err(), "it would end there");
    }
}
