//! The keys: which key means what, and what a person calls it. The one table that the text surface,
//! the toolbar and the page of keys read. Pure; it neither hears a key nor does what one means.

use samsyn_shared::text::character::upper;

use crate::words::Words;

use samsyn_shared::page::command::Command;

/// A command, its keys and its name.
#[derive(Clone, Copy)]
pub struct Binding {
    /// What the surface reports.
    pub name: &'static str,
    /// As ProseMirror writes keys; `Mod` is Ctrl, and ⌘ on a Mac. All of them act. People are shown the
    /// first, on a Mac the last.
    pub keys: &'static [&'static str],
    /// Where it belongs.
    pub group: Group,
    /// What people call it; none where every text field has the key.
    pub label: Option<fn(&Words) -> String>,
}

/// What belongs together on the page of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// How words look.
    Words,
    /// What lines are.
    Lines,
    /// What was done.
    History,
    /// Around the text: not the surface's, but the page's keys.
    Page,
}

impl Group {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Words, Self::Lines, Self::History, Self::Page];
}

/// Opens and closes the page of keys. Ctrl+/ cannot: on a Swedish keyboard / is Shift+7, and Ctrl+Shift+7
/// makes a list.
pub const HELP: &str = "F1";

/// Leads to the toolbar, as in most editors.
pub const TOOLS: &str = "Alt-F10";

/// Opens the bar in which one looks for words. In its field the key is the browser's own.
pub const FIND: &str = "Mod-f";

/// Leads from one place where they stand to the next, with Shift to the one before.
pub const FIND_NEXT: &str = "F3";

/// The table. Headings have two keys: Ctrl+Alt is AltGr on Windows, and AltGr+2 writes @ on a Swedish
/// keyboard; on a Mac Shift+⌘+3 takes a picture of the screen.
pub const BINDINGS: &[Binding] = &[
    binding("bold", &["Mod-b"], Group::Words, |w| w.bold.1.into()),
    binding("italic", &["Mod-i"], Group::Words, |w| w.italic.1.into()),
    binding("underline", &["Mod-u"], Group::Words, |w| w.underline.1.into()),
    binding("link", &["Mod-k"], Group::Words, |w| w.link.into()),
    binding("paragraph", &["Mod-Shift-0", "Mod-Alt-0"], Group::Lines, |w| w.paragraph.into()),
    binding("heading-1", &["Mod-Shift-1", "Mod-Alt-1"], Group::Lines, |w| (w.heading_level)(1)),
    binding("heading-2", &["Mod-Shift-2", "Mod-Alt-2"], Group::Lines, |w| (w.heading_level)(2)),
    binding("heading-3", &["Mod-Shift-3", "Mod-Alt-3"], Group::Lines, |w| (w.heading_level)(3)),
    binding("bullet", &["Mod-Shift-8"], Group::Lines, |w| w.bullet.into()),
    binding("ordered", &["Mod-Shift-7"], Group::Lines, |w| w.ordered.into()),
    binding("lettered", &["Mod-Shift-9"], Group::Lines, |w| w.lettered.into()),
    binding("tab", &["Tab"], Group::Lines, |w| w.indent.into()),
    binding("shift-tab", &["Shift-Tab"], Group::Lines, |w| w.outdent.into()),
    binding("enter", &["Enter"], Group::Lines, |w| w.enter.into()),
    binding("backspace", &["Backspace"], Group::Lines, |w| w.backspace.into()),
    binding("undo", &["Mod-z"], Group::History, |w| w.undo.into()),
    binding("redo", &["Mod-y", "Mod-Shift-z"], Group::History, |w| w.redo.into()),
    binding("find", &[FIND], Group::Page, |w| w.find.into()),
    binding("find-next", &[FIND_NEXT], Group::Page, |w| w.find_next.into()),
    binding("leave", &["Escape"], Group::Page, |w| w.leave_text.into()),
    binding("tools", &[TOOLS], Group::Page, |w| w.to_tools.into()),
    binding("help", &[HELP], Group::Page, |w| w.keys.into()),
    unnamed("enter", &["Shift-Enter"]),
    unnamed("backspace-word", &["Mod-Backspace"]),
    unnamed("delete", &["Delete"]),
];

/// Finds what people call something.
pub type Label = fn(&Words) -> &'static str;

/// What is typed at a line's start, with a space, to make the line an item, as `autoformat` has it; and
/// what people call it.
pub const TYPED: [(&str, Label); 3] = [("-", |w| w.bullet), ("1.", |w| w.ordered), ("A.", |w| w.lettered)];

const fn binding(
    name: &'static str,
    keys: &'static [&'static str],
    group: Group,
    label: fn(&Words) -> String,
) -> Binding {
    Binding { name, keys, group, label: Some(label) }
}

const fn unnamed(name: &'static str, keys: &'static [&'static str]) -> Binding {
    Binding { name, keys, group: Group::Lines, label: None }
}

impl Binding {
    /// The binding of a command that has a name for people.
    #[must_use]
    pub fn of(command: Command) -> Option<&'static Self> {
        BINDINGS
            .iter()
            .find(|binding| binding.label.is_some() && Command::from_key(binding.name) == Some(command))
    }

    /// The key that people are shown.
    #[must_use]
    pub fn shown(&self, mac: bool) -> &'static str {
        let key = if mac { self.keys.last() } else { self.keys.first() };
        key.expect("a binding has a key")
    }
}

/// Each key that the surface listens to, with what it reports.
pub fn of_the_text() -> impl Iterator<Item = (&'static str, &'static str)> {
    let told = BINDINGS.iter().filter(|binding| binding.group != Group::Page);
    told.flat_map(|binding| binding.keys.iter().map(|key| (*key, binding.name)))
}

/// A key as people read it: `Ctrl+Skift+7`, on a Mac `⇧⌘7`.
#[must_use]
pub fn written(key: &str, mac: bool, words: &Words) -> String {
    let mut parts: Vec<_> = key.split('-').collect();
    let last = parts.pop().map(|last| match (words.key_name)(last) {
        "" => upper(last),
        name => name.to_owned(),
    });
    if mac {
        let signs = [("Alt", '⌥'), ("Shift", '⇧'), ("Mod", '⌘')];
        let held = signs.iter().filter(|(name, _)| parts.contains(name)).map(|(_, sign)| *sign);
        return held.collect::<String>() + &last.unwrap_or_default();
    }
    let held = parts.into_iter().map(|part| match (words.key_name)(part) {
        "" => part.to_owned(),
        name => name.to_owned(),
    });
    held.chain(last).collect::<Vec<_>>().join("+")
}

/// A key as `aria-keyshortcuts` has it.
#[must_use]
pub fn for_aria(key: &str, mac: bool) -> String {
    key.replace('-', "+").replace("Mod", if mac { "Meta" } else { "Control" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;
    use samsyn_shared::page::command::autoformat::is_mark;

    #[test]
    fn no_key_means_two_things_on_any_system() {
        for modifier in ["Ctrl", "Meta"] {
            let mut keys: Vec<_> = BINDINGS
                .iter()
                .flat_map(|binding| binding.keys)
                .map(|key| key.replace("Mod", modifier).to_lowercase())
                .collect();
            let all = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), all);
        }
    }

    #[test]
    fn every_key_of_the_text_is_a_command() {
        for (key, name) in of_the_text() {
            assert!(Command::from_key(name).is_some(), "{key} means {name}, which is no command");
        }
    }

    #[test]
    fn no_key_is_what_a_swedish_keyboard_writes_with_it() {
        // With AltGr, which is Ctrl+Alt on Windows, it writes @, £, $, € and brackets: none of these keys
        // is one that people there are shown.
        for binding in BINDINGS {
            assert!(!binding.shown(false).starts_with("Mod-Alt-"), "{}", binding.name);
        }
    }

    #[test]
    fn a_key_is_written_as_the_system_writes_it() {
        let w = words();
        assert_eq!(written("Mod-b", false, w), "Ctrl+B");
        assert_eq!(written("Mod-Shift-7", false, w), "Ctrl+Skift+7");
        assert_eq!(written("Mod-Shift-7", true, w), "⇧⌘7");
        assert_eq!(written("Mod-Alt-1", true, w), "⌥⌘1");
        assert_eq!(written("Shift-Tab", false, w), "Skift+Tabb");
        assert_eq!(written(HELP, false, w), "F1");
        assert_eq!(for_aria("Mod-Shift-7", false), "Control+Shift+7");
        assert_eq!(for_aria("Mod-b", true), "Meta+b");
    }

    #[test]
    fn what_is_typed_for_a_list_makes_one() {
        assert!(TYPED.iter().all(|(mark, _)| is_mark(&format!("{mark} "))));
    }

    #[test]
    fn redo_is_shown_as_each_system_has_it() {
        let redo = Binding::of(Command::Redo).expect("redo has a key");
        assert_eq!((redo.shown(false), redo.shown(true)), ("Mod-y", "Mod-Shift-z"));
    }
}
