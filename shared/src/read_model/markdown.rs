//! The read model as CommonMark 0.31. What CommonMark has no word for is written so that it still
//! reads: an underline as HTML, a lettered item as a bullet that begins with its letter.

use std::fmt::Write as _;

use super::ReadModel;
use crate::delta::{Line, LineKind, List, Run};
use crate::schema;

pub(super) fn of(model: &ReadModel) -> String {
    let mut out = format!("# {}\n", escape(&model.title));
    for section in &model.sections {
        write!(out, "\n## {}\n", escape(&section.heading)).expect("a String takes all that is written");
        write_lines(&mut out, &section.lines());
    }
    out
}

/// One list level that is open: its kind, how many items it has had, how far its text is indented.
struct Level {
    list: List,
    count: usize,
    indent: usize,
}

fn write_lines(out: &mut String, lines: &[Line]) {
    let mut levels: Vec<Level> = Vec::new();
    for line in lines {
        let LineKind::Item(list, indent) = line.kind else {
            levels.clear();
            if !line.is_empty() {
                let marks = if let LineKind::Heading(level) = line.kind { 2 + usize::from(level) } else { 0 };
                let gap = if marks > 0 { " " } else { "" };
                let text = line_text(line);
                let text = if marks > 0 { text } else { escape_start(&text) };
                write!(out, "\n{}{gap}{text}\n", "#".repeat(marks))
                    .expect("a String takes all that is written");
            }
            continue;
        };
        if levels.is_empty() {
            out.push('\n');
        }
        let depth = usize::from(indent).min(levels.len());
        levels.truncate(depth + 1);
        if levels.get(depth).is_some_and(|level| level.list != list) {
            levels.truncate(depth);
        }
        if levels.len() == depth {
            let indent = levels.last().map_or(0, |level| level.indent);
            levels.push(Level { list, count: 0, indent });
        }
        let outer = depth.checked_sub(1).map_or(0, |outer| levels[outer].indent);
        let level = &mut levels[depth];
        level.count += 1;
        let (marker, letter) = match list {
            List::Bullet => ("-".to_owned(), String::new()),
            List::Ordered => (format!("{}.", level.count), String::new()),
            List::Lettered => ("*".to_owned(), format!("{}. ", letters(level.count))),
        };
        level.indent = outer + marker.len() + 1;
        let text = line_text(line);
        let text = if letter.is_empty() { escape_start(&text) } else { text };
        writeln!(out, "{:outer$}{marker} {letter}{text}", "").expect("a String takes all that is written");
    }
}

/// 1 is A, 26 is Z, 27 is AA, as CSS' `upper-alpha` counts.
fn letters(mut number: usize) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.push(char::from(b'A' + u8::try_from(number % 26).expect("below 26")));
        number /= 26;
    }
    letters.iter().rev().collect()
}

fn line_text(line: &Line) -> String {
    let mut out = String::new();
    for (i, run) in line.runs.iter().enumerate() {
        let next = line.runs.get(i + 1).and_then(|run| run.text.chars().next());
        write_run(&mut out, run, next);
    }
    out
}

fn write_run(out: &mut String, run: &Run, next: Option<char>) {
    let has = |name| run.attributes.get(name).and_then(serde_json::Value::as_bool).unwrap_or_default();
    // Spaces stand outside the marks: "** a**" is no bold text.
    let text = run.text.trim();
    let (before, after) = if text.is_empty() {
        (run.text.as_str(), "")
    } else {
        let start = run.text.len() - run.text.trim_start().len();
        (&run.text[..start], &run.text[start + text.len()..])
    };
    out.push_str(before);
    let mut marked = escape(text);
    if !text.is_empty() {
        let previous = out.chars().next_back();
        let next = after.chars().next().or(next);
        let flanks = flanks(previous, text, next);
        if has(schema::UNDERLINE) {
            marked = format!("<u>{marked}</u>");
        }
        for (name, mark, tag) in [(schema::ITALIC, "*", "em"), (schema::BOLD, "**", "strong")] {
            if has(name) {
                marked =
                    if flanks { format!("{mark}{marked}{mark}") } else { format!("<{tag}>{marked}</{tag}>") };
            }
        }
        if let Some(link) = run.attributes.get(schema::LINK).and_then(serde_json::Value::as_str) {
            marked = format!("[{marked}](<{}>)", link.replace(['<', '>', '\n', '\\'], ""));
        }
    }
    out.push_str(&marked);
    out.push_str(after);
}

/// Whether asterisks around `text` would be read as emphasis (CommonMark, 6.2): at each end either
/// the text is no punctuation there, or what is outside is a space, punctuation or nothing.
fn flanks(previous: Option<char>, text: &str, next: Option<char>) -> bool {
    let outside_is_free = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || !c.is_alphanumeric());
    let inside_is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    (inside_is_word(text.chars().next()) || outside_is_free(previous))
        && (inside_is_word(text.chars().next_back()) || outside_is_free(next))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What means something at the start of a line only.
fn escape_start(text: &str) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let rest = &text[digits..];
    if digits > 0 && digits < 10 && rest.starts_with(['.', ')']) {
        return format!("{}\\{rest}", &text[..digits]);
    }
    if text.starts_with(['#', '+', '-', '=', '~']) {
        return format!("\\{text}");
    }
    // Four spaces would be code.
    text.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Template;
    use crate::delta::{Op, lines};
    use serde_json::{Value, json};

    fn markdown(delta: Value) -> String {
        let mut out = String::new();
        write_lines(&mut out, &lines(&serde_json::from_value::<Vec<Op>>(delta).expect("a delta")));
        out
    }

    #[test]
    fn an_example_reads_as_commonmark() {
        let template = Template::find("exempel-vapnat-angrepp").expect("known");
        let doc = crate::document::seed(template, template.title, 1);
        let text = ReadModel::of(&doc, template).expect("free").to_markdown();
        assert!(
            text.starts_with("# Väpnat angrepp – ett exempel på aktörsgemensam målbild\n\n## Övergripande")
        );
        assert!(text.contains("tre områden:\n\n- fungerande akutsjukvård\n- upprätthålla"), "{text}");
    }

    #[test]
    fn lists_nest_count_and_letter() {
        let text = markdown(json!([
            {"insert": "a"}, {"insert": "\n", "attributes": {"list": "ordered"}},
            {"insert": "b"}, {"insert": "\n", "attributes": {"list": "bullet", "indent": 1}},
            {"insert": "c"}, {"insert": "\n", "attributes": {"list": "ordered"}},
            {"insert": "d"}, {"insert": "\n", "attributes": {"list": "lettered"}},
            {"insert": "e"}, {"insert": "\n", "attributes": {"list": "lettered"}},
            {"insert": "f\n"}
        ]));
        assert_eq!(text, "\n1. a\n   - b\n2. c\n* A. d\n* B. e\n\nf\n");
        assert_eq!((letters(26).as_str(), letters(27).as_str()), ("Z", "AA"));
    }

    #[test]
    fn marks_stand_inside_their_spaces() {
        let text = markdown(json!([{"insert": "a"}, {"insert": " b ", "attributes": {"bold": true}},
            {"insert": "c"}, {"insert": "d", "attributes": {"bold": true, "italic": true}},
            {"insert": "(e)", "attributes": {"bold": true}}, {"insert": "f\n"}]));
        assert_eq!(text, "\na **b** c***d***<strong>(e)</strong>f\n");
    }

    #[test]
    fn text_that_looks_like_markdown_stays_text() {
        assert_eq!(
            markdown(json!([{"insert": "# a\n1. b\n- c\n*d* <b>\n"}])),
            "\n\\# a\n\n1\\. b\n\n\\- c\n\n\\*d\\* \\<b\\>\n"
        );
    }

    #[test]
    fn a_link_cannot_leave_its_brackets() {
        let text = markdown(
            json!([{"insert": "x", "attributes": {"link": "http://a/>) <script>"}}, {"insert": "\n"}]),
        );
        assert_eq!(text, "\n[x](<http://a/) script>)\n");
    }
}
