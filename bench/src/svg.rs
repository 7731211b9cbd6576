//! What both reports' plots begin with. It knows nothing of what they show.

use std::fmt::{Arguments, Write};

/// A picture of this size in CSS pixels, with its title at this distance from the left edge. It is open: the
/// caller ends it with `</svg>`.
pub(crate) fn begin(width: f64, height: f64, left: f64, title: &str) -> String {
    let mut svg = String::new();
    put(
        &mut svg,
        format_args!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="Inter, 'DejaVu Sans', sans-serif" font-size="12" fill="#1f2933">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{left}" y="34" font-size="20" font-weight="600">{title}</text>
"##
        ),
    );
    svg
}

/// Writes on.
pub(crate) fn put(svg: &mut String, text: Arguments) {
    svg.write_fmt(text).expect("a String takes what is written");
}
