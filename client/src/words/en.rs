//! The page in English. *Målbild* stays: there is no English word for it that people use.

use samsyn_shared::client_session::Stopped;
use samsyn_shared::link::LinkError;
use samsyn_shared::paste::PasteError;
use samsyn_shared::way::Way;
use samsyn_shared::{Role, SyncStatus};

use super::Words;
use crate::editor::keys::Group;
use crate::state::preferences::{Language, Theme};

pub(super) const WORDS: Words = Words {
    start_heading: "Write the målbild together",
    start_intro: "Everyone writes in the same text, at the same time, each in their own browser. \
                  Nobody needs an account: whoever gets the link takes part.",
    new_heading: "New målbild",
    title_label: "Title",
    title_hint: "For example the event and the place. You can change it later.",
    template_legend: "Begin with",
    template: |name| match name {
        "aktorsgemensam" => ("Aktörsgemensam målbild", "Six headings with guiding questions."),
        "tom" => ("Blank sheet", "A sheet without headings."),
        "exempel-snoovader" => {
            ("Snowstorm in a municipality", "A finished example in Swedish, to read and change.")
        }
        _ => ("Armed attack", "A finished example in Swedish, to read and change."),
    },
    create: "Make the målbild",
    creating: "Making it …",
    recent_heading: "Opened here",
    recent_empty: "What you open in this browser will be listed here.",
    recent_remove: |title| format!("Remove “{title}” from the list"),
    role: |role| match role {
        Role::Owner => "You lead",
        Role::Editor => "You write",
        Role::Commenter => "You comment",
        Role::Reader => "You read",
    },

    locale: "en-GB",
    language: "Language",
    language_name: |language| match language {
        Language::Swedish => "Svenska",
        Language::English => "English",
    },
    theme: "Appearance",
    theme_name: |theme| match theme {
        Theme::System => "As the device",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
        Theme::Contrast => "High contrast",
    },

    home: "Samsyn, to the start page",
    skip: "Skip to the text",
    untitled: "Untitled målbild",
    title_field: "Title of the målbild",
    draft: "Draft",
    contents: "Contents",
    contents_empty: "empty",
    contents_filled: "begun",
    reminder: "To bear in mind",
    tools: "Text tools",
    bold: ("B", "Bold"),
    italic: ("I", "Italic"),
    underline: ("U", "Underlined"),
    heading: "Heading",
    heading_level: |level| format!("Heading {level}"),
    bullet: "Bulleted list",
    ordered: "Numbered list",
    lettered: "Lettered list",
    link: "Link",
    undo: "Undo",
    redo: "Redo",
    close: "Close",

    link_address: "Address",
    link_text: "Text to show",
    link_on: |words| format!("Link on “{words}”"),
    link_open: "Open",
    link_edit: "Change",
    link_remove: "Remove link",
    link_problem: |why| match why {
        LinkError::Empty => "Write an address.",
        LinkError::TooLong => "The address is too long. It can have at most 2,000 characters.",
        LinkError::Scheme => "A link can only lead to a web page or a mail address.",
        LinkError::Invalid => {
            "That is no address. Write for example www.krisinformation.se or name@agency.se."
        }
    },
    not_pasted: |why| match why {
        PasteError::TooLarge => {
            "The text is too long to be pasted at once, so nothing was pasted. Divide it, at most 200,000 \
             characters at a time."
        }
        _ => "Only text can be pasted here. The picture or file was left out.",
    },
    cancel: "Cancel",
    key_name: |key| match key {
        "Mod" => "Ctrl",
        "Escape" => "Esc",
        "Enter" => "Enter",
        "Backspace" => "Backspace",
        "Tab" => "Tab",
        "Space" => "Space",
        _ => "",
    },
    keys: "Keyboard shortcuts",
    key_group: |group| match group {
        Group::Words => "Words",
        Group::Lines => "Paragraphs and lists",
        Group::History => "Undo and redo",
        Group::Page => "The page",
    },
    typed: "Lists as you type",
    typed_undo: "Right after: bring back the characters",
    paragraph: "Paragraph",
    indent: "One level in, in a list",
    outdent: "One level out, in a list",
    enter: "New line. On an empty line of a list: leave the list",
    backspace: "Delete. At the start of a line of a list: one level out",
    leave_text: "Leave the text: after it, Tab moves on through the page",
    to_tools: "To the tools. The arrow keys move between them",

    sync: |status, pending| match (status, pending) {
        (SyncStatus::Saved, _) => "Saved".to_owned(),
        (SyncStatus::Saving, _) => "Saving …".to_owned(),
        (SyncStatus::Offline, 0) => "Offline".to_owned(),
        (SyncStatus::Offline, 1) => "Offline. 1 change waits on this device".to_owned(),
        (SyncStatus::Offline, n) => format!("Offline. {n} changes wait on this device"),
        (SyncStatus::ReadOnly, _) => "Read only".to_owned(),
        (SyncStatus::Error, _) => "Cannot save right now".to_owned(),
    },
    sync_details: |status| match status {
        SyncStatus::Saved => "All that you have written is on the server’s disk.",
        SyncStatus::Saving => "What you write is on its way to the server.",
        SyncStatus::Offline => {
            "The server cannot be reached. Go on writing, but leave this page open: what you write stays \
             here and is sent as soon as the server answers."
        }
        SyncStatus::ReadOnly => {
            "Your link is for reading. Ask whoever leads the work for another one to write."
        }
        SyncStatus::Error => {
            "What you write stays on this page and is sent as soon as the server can save. Leave this page \
             open. Copying the text is a good idea."
        }
    },
    saved_at: |time| format!("Last saved {time}."),
    connected_by: |way| match way {
        Way::WebSocket => "Connected by WebSocket.",
        Way::Http => "Connected by HTTP (the network blocks WebSocket).",
    },
    stopped: |why| match why {
        Stopped::OtherEpoch => {
            "The målbild was replaced on the server while this page was open. Copy what you want to keep, \
             then load the page again."
        }
        Stopped::NewerServer => {
            "The server has been updated. Copy what you just wrote, then load the page again."
        }
        Stopped::Refused => {
            "The server did not accept what you wrote. The text is still here: copy what you want to keep, \
             then load the page again."
        }
        Stopped::Ahead => {
            "This page shows text that the server does not have, probably after a failure. Copy what you want \
             to keep, then load the page again."
        }
    },
    reload: "Load the page again",
    retry: "Try again",
    back_online: "Connected again",

    people: "People",
    people_alone: "Only you are here right now.",
    people_count: |count| match count {
        0 => "People: only you".to_owned(),
        1 => "People: you and one more".to_owned(),
        n => format!("People: you and {n} more"),
    },
    people_here: |count| match count {
        1 => "1 person".to_owned(),
        n => format!("{n} people"),
    },
    writes_in: |heading| format!("is in “{heading}”"),
    go_to: |name, heading| format!("Go to {name} in {heading}"),
    writing_here: |names| format!("Writing here: {names}"),
    nameless: "No name",
    you_heading: "How others see you",
    name: "Name",
    organisation: "Organisation",
    save: "Save",
    saved: "Changed. The others see it now.",
    introduction_heading: "Who are you?",
    introduction_hint: "Those who write at the same time see your name. It is kept in this browser.",
    introduction_go: "To the text",
    name_missing: "Write your name.",

    share: "Share",
    share_hint: "Whoever has the link gets in. Send it only to those who should take part.",
    share_legend: "Whoever gets the link can",
    share_role: |role| match role {
        Role::Owner => ("Lead", "Writes, and hands out links of every kind."),
        Role::Editor => ("Write", "Reads and changes the text."),
        Role::Commenter => ("Comment", "Reads and comments."),
        Role::Reader => ("Read", "Sees the text and who is here."),
    },
    share_make: "Make a link",
    share_link: |role| match role {
        Role::Owner => "Link for someone who will lead".to_owned(),
        Role::Editor => "Link for someone who will write".to_owned(),
        Role::Commenter => "Link for someone who will comment".to_owned(),
        Role::Reader => "Link for someone who will read".to_owned(),
    },
    copy_link: "Copy the link",
    copied: "Copied",
    copy_failed: "Copying did not work. Select the text and copy it yourself.",
    made_heading: "Keep your link",
    made_text: "With it you lead the målbild from another computer or browser too. It is shown only here. \
                Do not give it to those who will write: make a link for them under Share.",
    made_link: "Link for you who lead",
    made_done: "I have kept it",

    more: "More",
    copy_text: "Copy the text",
    download: "Download (Markdown)",
    print: "Print",
    wall: "Show on a wall",
    file_name: "malbild",

    authors: "Who wrote what",
    authors_show: "Show who wrote what",
    authors_hint: "The colour and the line under the words show which organisation wrote them. The text does not \
                   change.",
    authors_unable: "This browser is too old to show who wrote what. Update it, or open the målbild in another one.",
    authors_at_caret: "At the caret: ",
    authors_no_caret: "no text",
    authors_nobody: "Nobody has written anything yet.",
    authors_no_organisation: "No organisation",
    authors_unknown: "Unknown",
    authors_template: "The template's text",
    authors_sample: "abc",
    authors_share: |share| {
        if share < 1.0 { "under 1%".to_owned() } else { format!("{}%", share.round() as u32) }
    },

    find: "Find in the målbild",
    find_next: "Next place",
    find_previous: "Previous place",
    find_count: |place, count| match count {
        0 => "Not found".to_owned(),
        _ => format!("{place} of {count}"),
    },

    opening: "Opening …",
    no_access_heading: "You need a link",
    no_access_text: "This målbild opens with a link from whoever leads the work. Ask for it, or paste it here \
                     if you already have it.",
    no_access_link: "Link",
    no_access_open: "Open the målbild",
    no_access_wrong: "That is no link to this målbild. Check that you have all of it, also what stands after #.",
    unreachable_heading: "The server does not answer",
    unreachable_text: "The målbild is still there but cannot be fetched right now. Check your network and \
                       try again.",
    nothing_heading: "Nothing is here",
    nothing_text: "The address leads to no målbild. Check that you have the whole link.",
    problem: |code| match code {
        "" => "The server does not answer. Check your network and try again.",
        "title-too-long" => "The title is too long. Shorten it to at most 200 characters.",
        "unknown-template" => "The server does not know that template. Load the page again and choose anew.",
        "role" => "Your link does not reach that far. Ask whoever leads the work.",
        "not-found" => "The målbild is gone, or you no longer have access to it.",
        "store" | "stopping" => "The server cannot save right now. Wait a moment and try again.",
        _ => "Something went wrong on the server. Try again in a moment.",
    },
};
