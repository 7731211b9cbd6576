//! The rows of a table, read from a document. All values of a table stand in one map, a key for each row and column, and each
//! text of a row is a root: so two who make the same row lose nothing of each other. A value of another type than its column's reads as missing; what a value means is the reader's to judge.
//!
//! It doesn't write rows, and doesn't know what a column is for.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use yrs::{Map as _, ReadTxn};

use super::{outgoing, primitive, read as read_text};
use crate::domain::schema;
use crate::domain::section::{ColumnKind, Table};
use crate::text::delta::Op;

/// The field of a row that says where it stands.
const POSITION: &str = "pos";
/// The field that says that it was removed.
const GONE: &str = "gone";
/// Characters of a position at the most.
const POSITION_LENGTH: usize = 64;

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// 16 hexadecimal digits.
    pub row: String,
    /// Its columns that hold a value, by their keys.
    pub values: BTreeMap<&'static str, Value>,
    /// Its columns that hold a text, as inserts.
    pub texts: BTreeMap<&'static str, Vec<Op>>,
}

/// The rows of a table in their order, without those that were removed. A row without a place was never added.
#[must_use]
pub fn read(txn: &impl ReadTxn, table: &Table) -> Vec<Row> {
    let Some(map) = txn.get_map(schema::rows(table.key).as_str()) else { return Vec::new() };
    let mut fields: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for (key, value) in map.iter(txn) {
        if let Some((row, field)) = key.split_once('/').filter(|(row, _)| schema::is_row(row)) {
            let value = primitive(&value);
            fields.entry(row.to_owned()).or_default().insert(field.to_owned(), value);
        }
    }
    let mut rows: Vec<(String, Row)> =
        fields.into_iter().filter_map(|(row, fields)| read_row(txn, table, row, &fields)).collect();
    rows.sort_by(|(a, one), (b, other)| (a, &one.row).cmp(&(b, &other.row)));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// A row with its place; none if it was removed or has none.
fn read_row(
    txn: &impl ReadTxn,
    table: &Table,
    row: String,
    fields: &BTreeMap<String, Value>,
) -> Option<(String, Row)> {
    let position = fields.get(POSITION)?.as_str().filter(|position| is_position(position))?.to_owned();
    if fields.get(GONE).is_some_and(|gone| !matches!(gone, Value::Null | Value::Bool(false))) {
        return None;
    }
    let (mut values, mut texts) = (BTreeMap::new(), BTreeMap::new());
    for column in table.columns {
        match column.kind {
            ColumnKind::Value => {
                values.extend(fields.get(column.key).map(|value| (column.key, value.clone())));
            }
            ColumnKind::Text => {
                let cell = schema::cell(table.key, &row, column.key);
                let text = txn.get_text(cell.as_str()).map(|text| read_text(&text, txn));
                texts.insert(column.key, outgoing::text(text.unwrap_or_default()));
            }
        }
    }
    Some((position, Row { row, values, texts }))
}

fn is_position(position: &str) -> bool {
    (1..=POSITION_LENGTH).contains(&position.len())
        && position.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !position.ends_with('0')
}
