//! What a reader of CommonMark sees in an export, by `pulldown-cmark`.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::page::{Kind, Looks, Shown, seen, without_last_spaces};

/// A list that is open.
struct Open {
    /// The number of its next item, if it has numbers.
    number: Option<u64>,
    /// The place of its next item.
    place: u64,
}

/// Reads an export into lines.
///
/// # Errors
/// When there is something in it that no målbild has.
pub(crate) fn read(markdown: &str) -> Result<Vec<Shown>, String> {
    let mut lines: Vec<Shown> = Vec::new();
    let mut lists: Vec<Open> = Vec::new();
    let mut looks = Looks::default();
    let mut in_item = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                lines.push(Shown { kind: Kind::Heading(level as usize), letters: Vec::new() });
            }
            Event::Start(Tag::Paragraph) if in_item => in_item = false,
            Event::Start(Tag::Paragraph) if lists.is_empty() => {
                lines.push(Shown { kind: Kind::Paragraph, letters: Vec::new() });
            }
            Event::Start(Tag::List(number)) => {
                in_item = false;
                lists.push(Open { number, place: 1 });
            }
            Event::End(TagEnd::List(_)) => drop(lists.pop()),
            Event::Start(Tag::Item) => {
                let depth = lists.len() - 1;
                let list = lists.last_mut().ok_or("an item in no list")?;
                if list.number.is_some_and(|number| number != 1) {
                    return Err("a list does not begin with 1".to_owned());
                }
                let kind = Kind::Item { depth, ordered: list.number.is_some(), place: list.place };
                list.place += 1;
                in_item = true;
                lines.push(Shown { kind, letters: Vec::new() });
            }
            Event::End(TagEnd::Item) => in_item = false,
            Event::Start(Tag::Strong) => looks.bold = true,
            Event::End(TagEnd::Strong) => looks.bold = false,
            Event::Start(Tag::Emphasis) => looks.italic = true,
            Event::End(TagEnd::Emphasis) => looks.italic = false,
            Event::InlineHtml(tag) if &*tag == "<u>" => looks.underline = true,
            Event::InlineHtml(tag) if &*tag == "</u>" => looks.underline = false,
            Event::Start(Tag::Link { dest_url, title, .. }) if title.is_empty() => {
                looks.link = Some(dest_url.into_string());
            }
            Event::End(TagEnd::Link) => looks.link = None,
            Event::Text(text) => {
                let line = lines.last_mut().ok_or("text before the first line")?;
                line.letters.extend(text.chars().map(|c| seen(c, &looks)));
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_)) => {}
            other => return Err(format!("{other:?}")),
        }
    }
    for line in &mut lines {
        line.letters = without_last_spaces(std::mem::take(&mut line.letters));
    }
    Ok(lines)
}
