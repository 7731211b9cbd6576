//! The algebra of deltas: two that follow each other as one, and one that was made beside another as if
//! it had been made after it. It is Quill's. Documents and views are not known here.
//!
//! A delta that ends before its text retains the rest. Lengths and positions are UTF-16 code units.

use super::{Attributes, Op, utf16_len};

/// The delta that does what `first` and then `second` do.
#[must_use]
pub fn compose(first: &[Op], second: &[Op]) -> Vec<Op> {
    let (mut first, mut second) = (Reader::of(first), Reader::of(second));
    let mut delta = Delta::default();
    while !(first.is_at_end() && second.is_at_end()) {
        if second.is_insert() {
            delta.push(second.take(u32::MAX));
            continue;
        }
        if first.is_delete() {
            delta.push(first.take(u32::MAX));
            continue;
        }
        let length = first.left().min(second.left());
        match (first.take(length), second.take(length)) {
            (op, Op::Retain { attributes, .. }) => delta.push(with(op, attributes)),
            (Op::Insert { .. }, _) => {}
            (_, op) => delta.push(op),
        }
    }
    delta.finish()
}

/// `later` as it is when `earlier`, made from the same text, came before it.
///
/// Of two inserts at one place that of the one which `goes_first` is to the left; and where both set an
/// attribute of one stretch, the one that does not is the one whose value stays.
#[must_use]
pub fn transform(earlier: &[Op], later: &[Op], goes_first: First) -> Vec<Op> {
    let (mut earlier, mut later) = (Reader::of(earlier), Reader::of(later));
    let mut delta = Delta::default();
    while !later.is_at_end() {
        if earlier.is_insert() && (goes_first == First::Earlier || !later.is_insert()) {
            let over = earlier.left();
            earlier.take(over);
            delta.push(Op::retain(over));
            continue;
        }
        if later.is_insert() {
            delta.push(later.take(u32::MAX));
            continue;
        }
        let length = earlier.left().min(later.left());
        match (earlier.take(length), later.take(length)) {
            (Op::Delete { .. }, _) => {}
            (Op::Retain { attributes: others, .. }, Op::Retain { retain, mut attributes }) => {
                if goes_first == First::Earlier {
                    attributes.retain(|name, _| !others.contains_key(name));
                }
                delta.push(Op::Retain { retain, attributes });
            }
            (_, op) => delta.push(op),
        }
    }
    delta.finish()
}

/// Which of two deltas inserts on the left where both insert at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The one that came before; its attributes are then the ones that stay.
    Earlier,
    /// The one that is transformed.
    Later,
}

/// Where a place in a text is after a change of it. What is inserted at the place itself pushes it to the
/// right if it `gives_way`. A place whose text is deleted is where that was.
#[must_use]
pub fn moved(delta: &[Op], place: u32, gives_way: bool) -> u32 {
    let (mut old, mut new) = (0, 0);
    for op in delta {
        match op {
            Op::Insert { insert, .. } => {
                if old == place && !gives_way {
                    break;
                }
                new += utf16_len(insert);
            }
            Op::Retain { retain, .. } => {
                let kept = (*retain).min(place - old);
                (old, new) = (old + kept, new + kept);
                if kept < *retain {
                    break;
                }
            }
            Op::Delete { delete } => old += (*delete).min(place - old),
        }
    }
    new + (place - old)
}

/// Where a place in a changed text was before the change. What was inserted lies where it was inserted.
#[must_use]
pub fn unmoved(delta: &[Op], place: u32) -> u32 {
    let (mut old, mut new) = (0, 0);
    for op in delta {
        match op {
            Op::Insert { insert, .. } => new += utf16_len(insert).min(place - new),
            Op::Retain { retain, .. } => {
                let kept = (*retain).min(place - new);
                (old, new) = (old + kept, new + kept);
                if kept < *retain {
                    break;
                }
            }
            Op::Delete { delete } => {
                if new == place {
                    break;
                }
                old += delete;
            }
        }
    }
    old + (place - new)
}

/// A retained or inserted op with changed attributes.
fn with(op: Op, change: Attributes) -> Op {
    match op {
        Op::Insert { insert, mut attributes } => {
            attributes.extend(change);
            attributes.retain(|_, value| !value.is_null());
            Op::Insert { insert, attributes }
        }
        Op::Retain { retain, mut attributes } => {
            attributes.extend(change);
            Op::Retain { retain, attributes }
        }
        Op::Delete { .. } => op,
    }
}

/// Reads a delta in pieces of a length. After its end it retains for ever.
struct Reader<'a> {
    ops: std::slice::Iter<'a, Op>,
    /// What is left of the op that was begun, and how long that is.
    begun: Option<(Op, u32)>,
}

impl<'a> Reader<'a> {
    fn of(ops: &'a [Op]) -> Self {
        let mut reader = Self { ops: ops.iter(), begun: None };
        reader.begin();
        reader
    }

    /// Begins the next op that is not empty.
    fn begin(&mut self) {
        let with_length = |op: &Op| {
            let length = match op {
                Op::Insert { insert, .. } => utf16_len(insert),
                Op::Retain { retain, .. } => *retain,
                Op::Delete { delete } => *delete,
            };
            (length > 0).then(|| (op.clone(), length))
        };
        self.begun = self.ops.find_map(with_length);
    }

    const fn is_at_end(&self) -> bool {
        self.begun.is_none()
    }

    const fn is_insert(&self) -> bool {
        matches!(self.begun, Some((Op::Insert { .. }, _)))
    }

    const fn is_delete(&self) -> bool {
        matches!(self.begun, Some((Op::Delete { .. }, _)))
    }

    /// How much of the op that was begun is left.
    fn left(&self) -> u32 {
        self.begun.as_ref().map_or(u32::MAX, |(_, left)| *left)
    }

    /// Takes so much of the op that was begun, or what is left of it.
    fn take(&mut self, length: u32) -> Op {
        let Some((op, left)) = self.begun.take() else { return Op::retain(length) };
        if length >= left {
            self.begin();
            return op;
        }
        let (piece, rest) = split(op, length);
        self.begun = Some((rest, left - length));
        piece
    }
}

fn split(op: Op, at: u32) -> (Op, Op) {
    match op {
        Op::Insert { insert, attributes } => {
            let units: Vec<u16> = insert.encode_utf16().collect();
            let (left, right) = units.split_at(at as usize);
            let op = |units| Op::insert_with(String::from_utf16_lossy(units), attributes.clone());
            (op(left), op(right))
        }
        Op::Retain { retain, attributes } => (
            Op::Retain { retain: at, attributes: attributes.clone() },
            Op::Retain { retain: retain - at, attributes },
        ),
        Op::Delete { delete } => (Op::delete(at), Op::delete(delete - at)),
    }
}

/// A delta that grows, its equal neighbours as one.
#[derive(Default)]
struct Delta {
    ops: Vec<Op>,
}

impl Delta {
    fn push(&mut self, op: Op) {
        match (self.ops.last_mut(), op) {
            (Some(Op::Insert { insert, attributes }), Op::Insert { insert: more, attributes: same })
                if *attributes == same =>
            {
                insert.push_str(&more)
            }
            (Some(Op::Retain { retain, attributes }), Op::Retain { retain: more, attributes: same })
                if *attributes == same =>
            {
                *retain = retain.saturating_add(more)
            }
            (Some(Op::Delete { delete }), Op::Delete { delete: more }) => *delete += more,
            (_, op) => self.ops.push(op),
        }
    }

    fn finish(mut self) -> Vec<Op> {
        if matches!(self.ops.last(), Some(Op::Retain { attributes, .. }) if attributes.is_empty()) {
            self.ops.pop();
        }
        self.ops
    }
}

#[cfg(test)]
mod tests;
