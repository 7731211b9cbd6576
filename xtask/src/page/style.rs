//! One style sheet of the many that the page's sources have: a browser shows nothing before it has them
//! all, and on a bad network each is a way of its own.

use crate::tree_hash::TreeHash;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// Puts all style sheets that `index.html` names into one, in their order, and names that instead.
pub(crate) fn merge(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let html = fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let (links, rest): (Vec<_>, Vec<_>) = html.lines().partition(|line| sheet(line).is_some());
    if links.is_empty() {
        bail!("{} names no style sheet as Trunk writes them", index.display());
    }
    let mut merged = String::new();
    for name in links.iter().filter_map(|link| sheet(link)) {
        let path = dist.join(name);
        merged += &fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        fs::remove_file(path)?;
    }
    let name = format!("style-{}.css", TreeHash::default().text(&merged).finish());
    fs::write(dist.join(&name), merged)?;
    let link = format!("<link rel=\"stylesheet\" href=\"/{name}\"/>\n</head>");
    fs::write(index, rest.join("\n").replace("</head>", &link))?;
    Ok(())
}

/// The file that a line of the page names as a style sheet.
fn sheet(line: &str) -> Option<&str> {
    line.trim().strip_prefix("<link rel=\"stylesheet\" href=\"/")?.strip_suffix("\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheets_become_one_in_their_order() {
        let dist = std::env::temp_dir().join(format!("samsyn-style-{}", std::process::id()));
        fs::create_dir_all(&dist).unwrap();
        let link = |name: &str| format!("<link rel=\"stylesheet\" href=\"/{name}\"/>\n");
        let html = format!("<head>\n{}<script></script>\n{}</head>\n", link("b-1.css"), link("a-2.css"));
        fs::write(dist.join("index.html"), html).unwrap();
        fs::write(dist.join("b-1.css"), "b{}\n").unwrap();
        fs::write(dist.join("a-2.css"), "a{}\n").unwrap();
        merge(&dist).unwrap();
        let html = fs::read_to_string(dist.join("index.html")).unwrap();
        let names: Vec<_> = html.lines().filter_map(sheet).collect();
        assert_eq!(names.len(), 1, "{html}");
        assert!(html.contains("<script></script>"), "{html}");
        assert_eq!(fs::read_to_string(dist.join(names[0])).unwrap(), "b{}\na{}\n");
        assert!(!dist.join("a-2.css").exists());
        fs::write(dist.join("index.html"), "<head></head>").unwrap();
        assert!(merge(&dist).is_err(), "an empty style sheet is no style sheet");
        fs::remove_dir_all(&dist).unwrap();
    }
}
