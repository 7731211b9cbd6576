//! The page in English. *Målbild* stays: there is no English word for it that people use.

use samsyn_shared::api::ErrorCode;
use samsyn_shared::sync::client_session::Stopped;
use samsyn_shared::sync::protocol::DiskHealth;
use samsyn_shared::sync::transport::Transport;
use samsyn_shared::text::hyperlink::LinkError;
use samsyn_shared::text::paste::PasteError;
use samsyn_shared::{Role, SyncStatus};

use super::{KeyGroup, Words};
use crate::device::DeviceError;
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
    cannot_create: "The server cannot be reached just now. You need a network to make a new målbild.",
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
    draft: "DRAFT – not on open consultation",
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
        KeyGroup::Words => "Words",
        KeyGroup::Lines => "Paragraphs and lists",
        KeyGroup::History => "Undo and redo",
        KeyGroup::Page => "The page",
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

    sync: |status, pending, is_kept| match (status, pending) {
        (SyncStatus::Saved, _) => "Saved".to_owned(),
        (SyncStatus::Saving, _) => "Saving …".to_owned(),
        (SyncStatus::Offline, 0) => "Offline".to_owned(),
        (SyncStatus::Offline, n) => match (n, is_kept) {
            (1, true) => "Offline. 1 change waits on this device".to_owned(),
            (1, false) => "Offline. 1 change is only on this page".to_owned(),
            (_, true) => format!("Offline. {n} changes wait on this device"),
            (_, false) => format!("Offline. {n} changes are only on this page"),
        },
        (SyncStatus::ReadOnly, _) => "Read only".to_owned(),
        (SyncStatus::Error, _) => "Cannot save right now".to_owned(),
    },
    sync_details: |status, is_kept| match (status, is_kept) {
        (SyncStatus::Saved, _) => "All that you wrote is on the server's disk.",
        (SyncStatus::Saving, _) => "What you write is on its way to the server.",
        (SyncStatus::Offline, true) => {
            "The server is not reached. Go on writing: what you write is kept on this device, even if you close the \
             page, and is sent as soon as the server answers."
        }
        (SyncStatus::Offline, false) => {
            "The server is not reached. Go on writing, but do not close the page: what you write is only here, and \
             is sent as soon as the server answers."
        }
        (SyncStatus::ReadOnly, _) => {
            "Your link is for reading. Ask whoever leads the work for another one if you are to write."
        }
        (SyncStatus::Error, true) => {
            "What you write is kept on this device and is sent as soon as the server can save."
        }
        (SyncStatus::Error, false) => {
            "What you write is kept on this page and is sent as soon as the server can save. Do not close the page. \
             You may want to copy the text."
        }
    },
    disk: |disk| match disk {
        DiskHealth::Healthy => "",
        DiskHealth::DiskFull => "The server's disk is full.",
        DiskHealth::CannotSave => "The server's storage has failed, and the server must be restarted.",
    },
    offline_since: |time| format!("Offline since {time}."),
    device: |trouble| match trouble {
        None => "This device has a copy of its own of all that stands here.",
        Some(DeviceError::Missing) => {
            "The browser does not let the page keep anything on this device. Do not close the page before all is \
             saved."
        }
        Some(DeviceError::Full) => {
            "This device is full, so what you write is only on the page. Do not close it before all is saved. Free \
             some space if you can."
        }
        Some(DeviceError::Failing) => {
            "Nothing can be kept on this device right now. Do not close the page before all is saved."
        }
    },
    stopped_aside: "The text that stood here was set aside on this device. Reload the page: you get the server's \
                    text, and can copy in what you want to keep.",
    stopped_kept: "What you wrote is kept on this device and is sent when the page was reloaded.",
    stopped_unkept: "Copy the text that you want to keep before you reload the page.",
    aside: "Text set aside",
    aside_hint: "This stood on the page, but is not surely in the målbild. Copy in what should be there, then remove \
                 it.",
    aside_at: |time| format!("Set aside {time}"),
    aside_title: "Title",
    aside_copy: "Copy",
    aside_copy_part: |heading| format!("Copy the text under {heading}"),
    aside_drop: "Remove the text that was set aside",
    aside_drop_sure: "Yes, remove it",
    aside_there: "There is text set aside on this device.",
    aside_show: "Show it",
    remove: "Remove from this device",
    remove_heading: "Remove from this device?",
    remove_text: |pending| {
        match pending {
        0 => "The copy in this browser is removed. The målbild stays on the server; open it again with your link."
            .to_owned(),
        1 => "1 change is only on this device, and will be lost.".to_owned(),
        n => format!("{n} changes are only on this device, and will be lost."),
    }
    },
    remove_go: "Remove",
    saved_at: |time| format!("Last saved {time}."),
    connected_by: |transport| match transport {
        Transport::WebSocket => "Connected by WebSocket.",
        Transport::Http => "Connected by HTTP, since a WebSocket did not get through.",
    },
    stopped: |why| match why {
        Stopped::OtherEpoch => "The målbild was replaced on the server.",
        Stopped::NewerServer => "The server was updated, and the page must be reloaded.",
        Stopped::Refused => "The server did not take what you wrote.",
        Stopped::Ahead => "The page showed text that the server does not have, probably after a breakdown.",
        Stopped::NoAccess => {
            "This browser may not open the målbild any more. Open it again with a link from whoever leads the work."
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
    room: |in_step, connected, time| {
        format!("{in_step} of {connected} in step. All on the server’s disk {time}.")
    },
    waits: |count| match count {
        1 => "1 change waits on the device".to_owned(),
        n => format!("{n} changes wait on the device"),
    },
    absent_heading: "Disconnected",
    lost: |time, unsaved| match unsaved {
        0 => format!("disconnected since {time}"),
        1 => format!("disconnected since {time}, had 1 unsaved change"),
        n => format!("disconnected since {time}, had {n} unsaved changes"),
    },
    absent_hint: "What they write meanwhile is on their devices, and comes when they are connected again.",
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
        None => "The server does not answer. Check your network and try again.",
        Some(ErrorCode::TitleTooLong) => "The title is too long. Shorten it to at most 200 characters.",
        Some(ErrorCode::UnknownTemplate) => {
            "The server does not know that template. Load the page again and choose anew."
        }
        Some(ErrorCode::Role) => "Your link does not reach that far. Ask whoever leads the work.",
        Some(ErrorCode::NotFound) => "The målbild is gone, or you no longer have access to it.",
        Some(ErrorCode::Store | ErrorCode::Stopping) => {
            "The server cannot save right now. Wait a moment and try again."
        }
        _ => "Something went wrong on the server. Try again in a moment.",
    },
};
