//! What wasm and its glue call each other by. wasm-bindgen gives every function a long name with a hash in it, and
//! exports what nothing here calls: a twentieth of what the page weighs over a bad network. Here they have short names,
//! and what the glue never calls is exported no longer, so that wasm-opt takes it out.

use anyhow::{Context, Result};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use wasm_encoder::reencode::{Reencode as _, RoundtripReencoder};
use wasm_encoder::{ExportSection, ImportSection, Module, RawSection};
use wasmparser::{Parser, Payload};

/// How the glue calls an export.
const CALL: &str = "wasm.";

/// Classes that a dependency exports for servers that stream. Nothing on the page makes one of them.
const UNUSED_CLASSES: &str = "IntoUnderlying";

/// How the names begin that wasm-bindgen makes up. Others, such as `memory`, may be words of the glue's own.
const MADE_UP: [&str; 2] = ["__", "wasm_bindgen_"];

/// Shortens the names in both files. The glue is still indented.
pub(crate) fn shorten(wasm: &Path, glue: &Path) -> Result<()> {
    let text = fs::read_to_string(glue).with_context(|| format!("cannot read {}", glue.display()))?;
    let module = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let text = without_classes(&text, UNUSED_CLASSES);
    let (module, names) = renamed(&module, &called(&text))?;
    fs::write(wasm, module)?;
    fs::write(glue, with_names(&text, &names))?;
    Ok(())
}

/// The glue without classes whose names begin so, what is done with them and what cleans up after them.
fn without_classes(glue: &str, prefix: &str) -> String {
    let class = format!("export class {prefix}");
    let cleaner = format!("const {prefix}");
    let uses = format!("if (Symbol.dispose) {prefix}");
    let mut kept = String::with_capacity(glue.len());
    let mut end = None;
    for line in glue.lines() {
        if line.starts_with(&class) {
            end = Some("}");
        } else if line.starts_with(&cleaner) {
            end = Some(";");
        } else if end.is_none() && !line.starts_with(&uses) {
            kept.push_str(line);
            kept.push('\n');
        }
        // A class ends with the first line that is a brace alone: those within it are indented.
        end = end.filter(|end| if *end == "}" { line != "}" } else { !line.ends_with(end) });
    }
    kept
}

/// The exports that the glue calls.
fn called(glue: &str) -> BTreeSet<&str> {
    let name = |rest: &'_ str| rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
    glue.match_indices(CALL).map(|(at, _)| &glue[at + CALL.len()..]).map(|rest| &rest[..name(rest)]).collect()
}

const fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// The module with short names and these exports alone, and which name is now which.
fn renamed(module: &[u8], called: &BTreeSet<&str>) -> Result<(Vec<u8>, HashMap<String, String>)> {
    let mut names = HashMap::new();
    let mut short = |name: &str| {
        if !MADE_UP.iter().any(|start| name.starts_with(start)) {
            return name.to_owned();
        }
        let next = format!("${}", names.len());
        names.entry(name.to_owned()).or_insert(next).clone()
    };
    let mut same = RoundtripReencoder;
    let mut made = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                let mut section = ImportSection::new();
                for import in imports.into_imports() {
                    let import = import?;
                    section.import(import.module, &short(import.name), same.entity_type(import.ty)?);
                }
                made.section(&section);
            }
            Payload::ExportSection(exports) => {
                let mut section = ExportSection::new();
                for export in exports {
                    let export = export?;
                    if called.contains(export.name) {
                        let kind = same.export_kind(export.kind)?;
                        section.export(&short(export.name), kind, export.index);
                    }
                }
                made.section(&section);
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
                    made.section(&RawSection { id, data: &module[range] });
                }
            }
        }
    }
    Ok((made.finish(), names))
}

/// The glue with each of these names as it is now.
fn with_names(glue: &str, names: &HashMap<String, String>) -> String {
    let mut text = String::with_capacity(glue.len());
    let mut rest = glue;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(word);
        text.push_str(names.get(name).map_or(name, String::as_str));
        let gap = after.find(is_of_name).unwrap_or(after.len());
        text.push_str(&after[..gap]);
        rest = &after[gap..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUE: &str = "\
export class IntoUnderlyingSink {
    free() {
        wasm.__wbg_intounderlyingsink_free(this.__wbg_ptr, 0);
    }
}
if (Symbol.dispose) IntoUnderlyingSink.prototype[Symbol.dispose] = IntoUnderlyingSink.prototype.free;
function __wbg_get_imports() {
    return { __wbg_log_0123456789abcdef: (text) => console.log(text, wasm.memory.buffer) };
}
const IntoUnderlyingSinkFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_intounderlyingsink_free(ptr, 1));
wasm.__wbindgen_start();
";

    const SHORT: &str = "\
function __wbg_get_imports() {
    return { $0: (text) => console.log(text, wasm.memory.buffer) };
}
wasm.$1();
";

    #[test]
    fn both_sides_have_the_same_short_names_and_what_nobody_calls_is_gone() -> Result<()> {
        let mut module = Module::new();
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        module.section(&types);
        let mut imports = ImportSection::new();
        imports.import("./glue.js", "__wbg_log_0123456789abcdef", wasm_encoder::EntityType::Function(0));
        module.section(&imports);
        let mut exports = ExportSection::new();
        for name in ["__wbindgen_start", "__wbg_intounderlyingsink_free"] {
            exports.export(name, wasm_encoder::ExportKind::Func, 0);
        }
        module.section(&exports);

        let glue = without_classes(GLUE, UNUSED_CLASSES);
        let (module, names) = renamed(&module.finish(), &called(&glue))?;
        assert_eq!(with_names(&glue, &names), SHORT);
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(&module) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        found.push(import?.name.to_owned());
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        found.push(export?.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        assert_eq!(found, ["$0", "$1"]);
        Ok(())
    }
}
