//! Texts as they leave the house, in JSON and Markdown: as lines that end, without what no reader knows, and without links
//! that lead nowhere anybody should go.

use crate::document;
use crate::domain::schema;
use crate::text::delta::Op;
use crate::text::hyperlink::Hyperlink;

/// A text as it is given away.
pub(super) fn text(ops: Vec<Op>) -> Vec<Op> {
    with_safe_links(with_last_line_end(ops))
}

/// Without the links that lead nowhere anybody should go: their words stay.
fn with_safe_links(mut ops: Vec<Op>) -> Vec<Op> {
    for op in &mut ops {
        if let Op::Insert { attributes, .. } = op
            && Hyperlink::of(attributes).is_none()
        {
            attributes.remove(schema::LINK);
        }
    }
    ops
}

fn with_last_line_end(mut ops: Vec<Op>) -> Vec<Op> {
    ops.retain(|op| !matches!(op, Op::Insert { insert, .. } if insert == document::EMBED));
    let ended = matches!(ops.last(), Some(Op::Insert { insert, .. }) if insert.ends_with('\n'));
    if !ended {
        ops.push(Op::insert("\n"));
    }
    ops
}
