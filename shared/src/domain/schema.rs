//! The names of what a content document holds: peers and stored documents rely on them. The words that people read
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

/// The root `Y.Map` that holds who writes under which client id: the id in decimal digits, and an object
/// with [`AUTHOR_NAME`] and [`AUTHOR_ORGANISATION`], or with [`AUTHOR_TEMPLATE`]. A page load adds its own
/// entry with the first thing it writes, so a client that knows nothing of this has none.
///
/// It is a map beside the text, and no attribute on it: each character's client id is in the document
/// anyway. An attribute would double what Yjs keeps for formats, come along with whatever is pasted,
/// undone or typed into it by a client that inherits formats, and stand in every delta that others read.
/// Like a presence it is what somebody says of themselves: whoever may write may write any entry.
pub const AUTHORS: &str = "authors";

/// In an entry of [`AUTHORS`]: the person's name.
pub const AUTHOR_NAME: &str = "name";

/// In an entry of [`AUTHORS`]: the person's organisation; may be empty.
pub const AUTHOR_ORGANISATION: &str = "organisation";

/// In an entry of [`AUTHORS`]: that what this id wrote came with the template, `name@version`.
pub const AUTHOR_TEMPLATE: &str = "template";

/// What the names of sections begin with.
const SECTION: &str = "section:";

/// The root `Y.Text` of the section with this key.
#[must_use]
pub fn section(key: &str) -> String {
    format!("{SECTION}{key}")
}

/// What the names of tables' rows begin with, and those of cells.
const ROWS: &str = "rows:";
const CELL: &str = "cell:";
/// Digits of a row's identifier.
const ROW_DIGITS: usize = 16;

/// The root `Y.Map` of the rows of the table with this key.
#[must_use]
pub fn rows(table: &str) -> String {
    format!("{ROWS}{table}")
}

/// The root `Y.Text` of one cell.
#[must_use]
pub fn cell(table: &str, row: &str, column: &str) -> String {
    format!("{CELL}{table}:{row}:{column}")
}

/// The table, the row and the column that the name of a cell's root says.
#[must_use]
pub fn parts_of_cell(root: &str) -> Option<(&str, &str, &str)> {
    let (table, rest) = root.strip_prefix(CELL)?.split_once(':')?;
    let (row, column) = rest.split_once(':')?;
    Some((table, row, column))
}

/// Whether this identifies a row: 16 hexadecimal digits, no capital letters.
#[must_use]
pub fn is_row(row: &str) -> bool {
    row.len() == ROW_DIGITS && row.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether every målbild has a root of this name.
#[must_use]
pub fn is_common(root: &str) -> bool {
    root == TITLE || root == META || root == AUTHORS
}

/// Whether a root of this name is a `Y.Text`.
#[must_use]
pub fn is_text(root: &str) -> bool {
    root == TITLE || root.starts_with(SECTION) || root.starts_with(CELL)
}

/// Whether a root of this name is a `Y.Map`.
#[must_use]
pub fn is_map(root: &str) -> bool {
    root == META || root == AUTHORS || root.starts_with(ROWS)
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
