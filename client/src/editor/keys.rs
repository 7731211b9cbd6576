//! The keys: which key means what, and what a person calls it. The one table that the text surface,
//! the toolbar and the page of keys read. Pure; it neither hears a key nor does what one means.

use samsyn_shared::page::command::Command;
use samsyn_shared::text::character::upper;

use crate::words::{KeyGroup, Words};

/// A command, its keys and its name.
#[derive(Clone, Copy)]
pub struct Binding {
    /// What the surface reports.
    pub name: &'static str,
    /// As ProseMirror writes keys; `Mod` is Ctrl, and ⌘ on a Mac. All of them act. People are shown the
    /// first, on a Mac the last.
    pub keys: &'static [&'static str],
    /// Where it belongs.
    pub group: KeyGroup,
    /// What people call it; none where every text field has the key.
    pub label: Option<fn(&Words) -> String>,
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
    binding("bold", &["Mod-b"], KeyGroup::Words, |w| w.bold.1.into()),
    binding("italic", &["Mod-i"], KeyGroup::Words, |w| w.italic.1.into()),
    binding("underline", &["Mod-u"], KeyGroup::Words, |w| w.underline.1.into()),
    binding("link", &["Mod-k"], KeyGroup::Words, |w| w.link.into()),
    binding("paragraph", &["Mod-Shift-0", "Mod-Alt-0"], KeyGroup::Lines, |w| w.paragraph.into()),
    binding("heading-1", &["Mod-Shift-1", "Mod-Alt-1"], KeyGroup::Lines, |w| (w.heading_level)(1)),
    binding("heading-2", &["Mod-Shift-2", "Mod-Alt-2"], KeyGroup::Lines, |w| (w.heading_level)(2)),
    binding("heading-3", &["Mod-Shift-3", "Mod-Alt-3"], KeyGroup::Lines, |w| (w.heading_level)(3)),
    binding("bullet", &["Mod-Shift-8"], KeyGroup::Lines, |w| w.bullet.into()),
    binding("ordered", &["Mod-Shift-7"], KeyGroup::Lines, |w| w.ordered.into()),
    binding("lettered", &["Mod-Shift-9"], KeyGroup::Lines, |w| w.lettered.into()),
    binding("tab", &["Tab"], KeyGroup::Lines, |w| w.indent.into()),
    binding("shift-tab", &["Shift-Tab"], KeyGroup::Lines, |w| w.outdent.into()),
    binding("enter", &["Enter"], KeyGroup::Lines, |w| w.enter.into()),
    binding("backspace", &["Backspace"], KeyGroup::Lines, |w| w.backspace.into()),
    binding("undo", &["Mod-z"], KeyGroup::History, |w| w.undo.into()),
    binding("redo", &["Mod-y", "Mod-Shift-z"], KeyGroup::History, |w| w.redo.into()),
    binding("find", &[FIND], KeyGroup::Page, |w| w.find.into()),
    binding("find-next", &[FIND_NEXT], KeyGroup::Page, |w| w.find_next.into()),
    binding("leave", &["Escape"], KeyGroup::Page, |w| w.leave_text.into()),
    binding("tools", &[TOOLS], KeyGroup::Page, |w| w.to_tools.into()),
    binding("help", &[HELP], KeyGroup::Page, |w| w.keys.into()),
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
    group: KeyGroup,
    label: fn(&Words) -> String,
) -> Binding {
    Binding { name, keys, group, label: Some(label) }
}

const fn unnamed(name: &'static str, keys: &'static [&'static str]) -> Binding {
    Binding { name, keys, group: KeyGroup::Lines, label: None }
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
    let told = BINDINGS.iter().filter(|binding| binding.group != KeyGroup::Page);
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
