//! The canonical JSON of RFC 8785, of what journals hold: texts, whole numbers below 2^53, yes and no, lists, and objects. A
//! library that writes every number as JavaScript does would weigh 7 kB in the page; tests hold this one against it.

use serde::Serialize;
use serde_json::Value;

/// The canonical JSON of a value.
pub(super) fn canonical(value: &impl Serialize) -> Vec<u8> {
    let value = serde_json::to_value(value).expect("texts, whole numbers and what holds them become JSON");
    let mut written = Vec::new();
    write(&value, &mut written);
    written
}

fn write(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Array(values) => {
            to.push(b'[');
            for (index, value) in values.iter().enumerate() {
                separate(index, to);
                write(value, to);
            }
            to.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            to.push(b'{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                separate(index, to);
                write(&Value::String(key.clone()), to);
                to.push(b':');
                write(value, to);
            }
            to.push(b'}');
        }
        // As the RFC has them: the shortest escapes, and no sign or fraction on whole numbers.
        plain => to.extend_from_slice(plain.to_string().as_bytes()),
    }
}

fn separate(index: usize, to: &mut Vec<u8>) {
    if index > 0 {
        to.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::seq::IndexedRandom as _;
    use rand::{Rng as _, SeedableRng as _};
    use serde_json::Map;

    use super::*;

    fn text(rng: &mut SmallRng) -> String {
        const CHARACTERS: &[char] = &[
            'a', 'Z', 'å', '"', '\\', '/', '\n', '\t', '\r', '\u{8}', '\u{c}', '\0', '\u{1f}', '\u{7f}',
            '\u{2028}', '\u{e000}', '\u{ffff}', '😀', ' ',
        ];
        (0..rng.random_range(0..6)).filter_map(|_| CHARACTERS.choose(rng)).collect()
    }

    fn value(rng: &mut SmallRng, deep: u32) -> Value {
        match rng.random_range(0..if deep > 3 { 4 } else { 6 }) {
            0 => Value::Null,
            1 => Value::Bool(rng.random()),
            2 => (rng.random::<u64>() >> rng.random_range(11..64)).into(),
            3 => text(rng).into(),
            4 => (0..rng.random_range(0..4)).map(|_| value(rng, deep + 1)).collect(),
            _ => {
                let fields = (0..rng.random_range(0..5)).map(|_| (text(rng), value(rng, deep + 1)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    #[test]
    fn it_is_what_a_library_for_rfc_8785_writes() {
        let mut rng = SmallRng::seed_from_u64(1);
        for _ in 0..5000 {
            let value = value(&mut rng, 0);
            let library = serde_json_canonicalizer::to_vec(&value).expect("canonical");
            assert_eq!(canonical(&value), library, "{value}");
        }
    }
}
