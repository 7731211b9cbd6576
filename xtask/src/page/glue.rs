//! The JavaScript that wasm-bindgen writes, without what only people read: it is half comments. It is made by a machine
//! that puts each comment on lines of its own and breaks no string over lines, so lines are all that this knows.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Takes comments and indentation out of the glue in `dist/`.
pub(crate) fn strip(dist: &Path) -> Result<()> {
    for entry in fs::read_dir(dist)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("samsyn-client") && name.ends_with(".js") {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            fs::write(&path, stripped(&text))?;
        }
    }
    Ok(())
}

fn stripped(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        let is_comment = in_comment || line.starts_with("/*");
        in_comment = is_comment && !line.ends_with("*/");
        if !is_comment && !line.is_empty() && !line.starts_with("//") {
            stripped.push_str(line);
            stripped.push('\n');
        }
    }
    stripped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go_and_code_stays() {
        let text = "/* tslint */\nclass A {\n    /**\n     * @returns {void}\n     */\n    b() { return '/*'; } // c\n\n    // d\n}\n";
        assert_eq!(stripped(text), "class A {\nb() { return '/*'; } // c\n}\n");
    }
}
