//! The names of what a content document holds, as CONTRACT.md lists them. The words that people read
//! (headings, questions) are the template's, not the document's.

/// The version of this schema; a client that knows a lower one becomes read-only.
pub const VERSION: u64 = 1;

/// The root `Y.Text` that holds the title.
pub const TITLE: &str = "title";

/// The root `Y.Map` that holds what else the head of the page shows.
pub const META: &str = "meta";

/// In [`META`]: the language of the text, a BCP 47 tag.
pub const META_LANGUAGE: &str = "language";

/// In [`META`]: the template, `name@version`; repeated from the server's record.
pub const META_TEMPLATE: &str = "template";

/// What the names of sections begin with.
const SECTION: &str = "section:";

/// The root `Y.Text` of the section with this key.
#[must_use]
pub fn section(key: &str) -> String {
    format!("{SECTION}{key}")
}

/// Whether a root of this name is a `Y.Text`.
#[must_use]
pub fn is_text(root: &str) -> bool {
    root == TITLE || root.starts_with(SECTION)
}

/// Inline attributes, in the order in which exports nest them.
pub const INLINE: [&str; 4] = ["link", "bold", "italic", "underline"];
/// `link`: a string.
pub const LINK: &str = "link";
/// `bold`: true.
pub const BOLD: &str = "bold";
/// `italic`: true.
pub const ITALIC: &str = "italic";
/// `underline`: true.
pub const UNDERLINE: &str = "underline";

/// Line attributes, on `\n`. Where a line has both `header` and `list`, `header` wins.
pub const LINE: [&str; 3] = ["header", "list", "indent"];
/// `header`: 1 to 3.
pub const HEADER: &str = "header";
/// `list`: `bullet`, `ordered` or `lettered`.
pub const LIST: &str = "list";
/// `indent`: 1 to 8.
pub const INDENT: &str = "indent";
