//! The page in Swedish: short, plain, active; *ni* for organisations and *du* for a person.

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
    start_heading: "Skriv målbilden tillsammans",
    start_intro: "Alla aktörer skriver i samma text, samtidigt, var och en i sin webbläsare. \
                  Ingen behöver ett konto: den som får länken är med.",
    new_heading: "Ny målbild",
    title_label: "Titel",
    title_hint: "Till exempel händelsen och platsen. Den går att ändra sedan.",
    template_legend: "Utgå från",
    template: |name| match name {
        "aktorsgemensam" => ("Aktörsgemensam målbild", "Sex rubriker med vägledande frågor."),
        "tom" => ("Tomt blad", "Ett blad utan rubriker."),
        "exempel-snoovader" => ("Snöoväder i en kommun", "Ett ifyllt exempel att läsa och ändra i."),
        _ => ("Väpnat angrepp", "Ett ifyllt exempel att läsa och ändra i."),
    },
    create: "Skapa målbilden",
    creating: "Skapar …",
    cannot_create: "Servern nås inte just nu. Du behöver nätverk för att skapa en ny målbild.",
    recent_heading: "Öppnade här",
    recent_empty: "Målbilder som du öppnar i den här webbläsaren hittar du här.",
    recent_remove: |title| format!("Ta bort ”{title}” från listan"),
    role: |role| match role {
        Role::Owner => "Du leder",
        Role::Editor => "Du skriver",
        Role::Commenter => "Du lämnar synpunkter",
        Role::Reader => "Du läser",
    },

    locale: "sv-SE",
    language: "Språk",
    language_name: |language| match language {
        Language::Swedish => "Svenska",
        Language::English => "English",
    },
    theme: "Utseende",
    theme_name: |theme| match theme {
        Theme::System => "Som enheten",
        Theme::Light => "Ljust",
        Theme::Dark => "Mörkt",
        Theme::Contrast => "Hög kontrast",
    },

    home: "Samsyn, till startsidan",
    skip: "Hoppa till texten",
    untitled: "Målbild utan titel",
    title_field: "Målbildens titel",
    draft: "UTKAST – ej på öppen remiss",
    contents: "Innehåll",
    contents_empty: "tomt",
    contents_filled: "påbörjat",
    reminder: "Att tänka på",
    tools: "Verktyg för texten",
    bold: ("F", "Fet"),
    italic: ("K", "Kursiv"),
    underline: ("U", "Understruken"),
    heading: "Rubrik",
    heading_level: |level| format!("Rubrik {level}"),
    bullet: "Punktlista",
    ordered: "Numrerad lista",
    lettered: "Lista med bokstäver",
    link: "Länk",
    undo: "Ångra",
    redo: "Gör om",
    close: "Stäng",

    link_address: "Adress",
    link_text: "Text att visa",
    link_on: |words| format!("Länk på ”{words}”"),
    link_open: "Öppna",
    link_edit: "Ändra",
    link_remove: "Ta bort länk",
    link_problem: |why| match why {
        LinkError::Empty => "Skriv en adress.",
        LinkError::TooLong => "Adressen är för lång. Den får ha högst 2 000 tecken.",
        LinkError::Scheme => "En länk kan bara gå till en webbsida eller en e-postadress.",
        LinkError::Invalid => {
            "Det där är ingen adress. Skriv till exempel www.krisinformation.se eller namn@myndighet.se."
        }
    },
    not_pasted: |why| match why {
        PasteError::TooLarge => {
            "Texten är för lång för att klistras in på en gång, så ingenting klistrades in. Dela upp den, \
             högst 200 000 tecken i taget."
        }
        _ => "Här kan du bara klistra in text. Bilden eller filen togs inte med.",
    },
    cancel: "Avbryt",
    key_name: |key| match key {
        "Mod" => "Ctrl",
        "Shift" => "Skift",
        "Enter" => "Retur",
        "Backspace" => "Backsteg",
        "Tab" => "Tabb",
        "Escape" => "Esc",
        "Space" => "Mellanslag",
        _ => "",
    },
    keys: "Kortkommandon",
    key_group: |group| match group {
        KeyGroup::Words => "Ord",
        KeyGroup::Lines => "Stycken och listor",
        KeyGroup::History => "Ångra och göra om",
        KeyGroup::Page => "Sidan",
    },
    typed: "Listor medan du skriver",
    typed_undo: "Direkt efteråt: få tillbaka tecknen",
    paragraph: "Vanligt stycke",
    indent: "En nivå in, i en lista",
    outdent: "En nivå ut, i en lista",
    enter: "Ny rad. På en tom rad i en lista: lämna listan",
    backspace: "Sudda. Först på en rad i en lista: en nivå ut",
    leave_text: "Lämna texten: därefter går Tabb vidare på sidan",
    to_tools: "Till verktygen. Piltangenterna går mellan dem",

    sync: |status, pending, is_kept| match (status, pending) {
        (SyncStatus::Saved, _) => "Sparat".to_owned(),
        (SyncStatus::Saving, _) => "Sparar …".to_owned(),
        (SyncStatus::Offline, 0) => "Frånkopplad".to_owned(),
        (SyncStatus::Offline, n) => {
            let changes = if n == 1 { "1 ändring".to_owned() } else { format!("{n} ändringar") };
            let place =
                if is_kept { "väntar på den här enheten" } else { "finns bara på den här sidan" };
            format!("Frånkopplad. {changes} {place}")
        }
        (SyncStatus::ReadOnly, _) => "Endast läsning".to_owned(),
        (SyncStatus::Error, _) => "Kan inte spara just nu".to_owned(),
    },
    sync_details: |status, is_kept| match (status, is_kept) {
        (SyncStatus::Saved, _) => "Allt du har skrivit finns på serverns disk.",
        (SyncStatus::Saving, _) => "Det du skriver är på väg till servern.",
        (SyncStatus::Offline, true) => {
            "Servern nås inte. Fortsätt skriva: det du skriver sparas på den här enheten, även om du stänger \
             sidan, och skickas så snart servern svarar."
        }
        (SyncStatus::Offline, false) => {
            "Servern nås inte. Fortsätt skriva, men stäng inte sidan: det du skriver finns bara här och \
             skickas så snart servern svarar."
        }
        (SyncStatus::ReadOnly, _) => {
            "Din länk är för att läsa. Be den som leder arbetet om en annan länk om du ska skriva."
        }
        (SyncStatus::Error, true) => {
            "Det du skriver finns kvar på den här enheten och skickas så snart servern kan spara."
        }
        (SyncStatus::Error, false) => {
            "Det du skriver finns kvar på den här sidan och skickas så snart servern kan spara. Stäng inte \
             sidan. Kopiera gärna texten."
        }
    },
    disk: |disk| match disk {
        DiskHealth::Healthy => "",
        DiskHealth::DiskFull => "Serverns disk är full.",
        DiskHealth::CannotSave => "Serverns lagring har slutat fungera, och servern måste startas om.",
    },
    offline_since: |time| format!("Frånkopplad sedan {time}."),
    device: |trouble| match trouble {
        None => "Den här enheten har en egen kopia av allt som står här.",
        Some(DeviceError::Missing) => {
            "Webbläsaren låter inte sidan spara något på den här enheten. Stäng inte sidan förrän allt är sparat."
        }
        Some(DeviceError::Full) => {
            "Den här enheten är full, så det du skriver finns bara på sidan. Stäng den inte förrän allt är \
             sparat. Frigör gärna utrymme."
        }
        Some(DeviceError::Failing) => {
            "Det går inte att spara på den här enheten just nu. Stäng inte sidan förrän allt är sparat."
        }
    },
    stopped_aside: "Texten som stod här har lagts undan på den här enheten. Ladda om sidan: då får du serverns \
                    text, och kan kopiera in det du vill behålla.",
    stopped_kept: "Det du skrev finns kvar på den här enheten och skickas när sidan har laddats om.",
    stopped_unkept: "Kopiera den text du vill behålla innan du laddar om sidan.",
    aside: "Undanlagd text",
    aside_hint: "Det här stod på sidan men finns inte säkert i målbilden. Kopiera in det som ska vara med, och ta \
                 sedan bort det.",
    aside_at: |time| format!("Undanlagt {time}"),
    aside_title: "Titel",
    aside_copy: "Kopiera",
    aside_copy_part: |heading| format!("Kopiera texten under {heading}"),
    aside_drop: "Ta bort den undanlagda texten",
    aside_drop_sure: "Ja, ta bort den",
    aside_there: "Det finns undanlagd text på den här enheten.",
    aside_show: "Visa den",
    remove: "Ta bort från den här enheten",
    remove_heading: "Ta bort från den här enheten?",
    remove_text: |pending| {
        match pending {
        0 => "Kopian i den här webbläsaren tas bort. Målbilden finns kvar på servern, och du öppnar den igen med \
              din länk."
            .to_owned(),
        1 => "1 ändring finns bara på den här enheten och går förlorad.".to_owned(),
        n => format!("{n} ändringar finns bara på den här enheten och går förlorade."),
    }
    },
    remove_go: "Ta bort",
    saved_at: |time| format!("Senast sparat {time}."),
    connected_by: |transport| match transport {
        Transport::WebSocket => "Ansluten via WebSocket.",
        Transport::Http => "Ansluten via HTTP, eftersom WebSocket inte kom fram genom nätet.",
    },
    stopped: |why| match why {
        Stopped::OtherEpoch => "Målbilden har ersatts på servern.",
        Stopped::NewerServer => "Servern har uppdaterats, och sidan måste laddas om.",
        Stopped::Refused => "Servern tog inte emot det du skrev.",
        Stopped::Ahead => "Sidan visade text som servern inte har, troligen efter ett avbrott.",
        Stopped::NoAccess => {
            "Den här webbläsaren har inte längre tillgång till målbilden. Öppna den igen med en länk från den som \
             leder arbetet."
        }
    },
    reload: "Ladda om sidan",
    retry: "Försök igen",
    back_online: "Ansluten igen",

    people: "Deltagare",
    people_alone: "Bara du är här just nu.",
    people_count: |count| match count {
        0 => "Deltagare: bara du".to_owned(),
        1 => "Deltagare: du och en till".to_owned(),
        n => format!("Deltagare: du och {n} till"),
    },
    people_here: |count| match count {
        1 => "1 deltagare".to_owned(),
        n => format!("{n} deltagare"),
    },
    room: |in_step, connected, time| format!("{in_step} av {connected} i fas. Allt på serverns disk {time}."),
    waits: |count| match count {
        1 => "1 ändring väntar på enheten".to_owned(),
        n => format!("{n} ändringar väntar på enheten"),
    },
    absent_heading: "Frånkopplade",
    lost: |time, unsaved| match unsaved {
        0 => format!("frånkopplad sedan {time}"),
        1 => format!("frånkopplad sedan {time}, hade 1 osparad ändring"),
        n => format!("frånkopplad sedan {time}, hade {n} osparade ändringar"),
    },
    absent_hint: "Det de skriver under tiden finns på deras enheter och kommer när de är anslutna igen.",
    writes_in: |heading| format!("är i ”{heading}”"),
    go_to: |name, heading| format!("Gå till {name} i {heading}"),
    writing_here: |names| format!("Här skriver: {names}"),
    nameless: "Utan namn",
    you_heading: "Så syns du för andra",
    name: "Namn",
    organisation: "Organisation",
    save: "Spara",
    saved: "Ändrat. De andra ser det nu.",
    introduction_heading: "Vem är du?",
    introduction_hint: "Namnet syns för dem som skriver samtidigt. Det sparas i den här webbläsaren.",
    introduction_go: "Till texten",
    name_missing: "Skriv ditt namn.",

    share: "Dela",
    share_hint: "Den som har länken kommer in. Skicka den bara till dem som ska vara med.",
    share_legend: "Den som får länken ska kunna",
    share_role: |role| match role {
        Role::Owner => ("Leda", "Skriver, och delar ut länkar av alla slag."),
        Role::Editor => ("Skriva", "Läser och ändrar texten."),
        Role::Commenter => ("Lämna synpunkter", "Läser och kommenterar."),
        Role::Reader => ("Läsa", "Ser texten och vilka som är här."),
    },
    share_make: "Skapa en länk",
    share_link: |role| match role {
        Role::Owner => "Länk för den som ska leda".to_owned(),
        Role::Editor => "Länk för den som ska skriva".to_owned(),
        Role::Commenter => "Länk för den som ska lämna synpunkter".to_owned(),
        Role::Reader => "Länk för den som ska läsa".to_owned(),
    },
    copy_link: "Kopiera länken",
    copied: "Kopierat",
    copy_failed: "Det gick inte att kopiera. Markera texten och kopiera den själv.",
    made_heading: "Spara din länk",
    made_text: "Med den leder du målbilden även från en annan dator eller webbläsare. Den visas bara här. \
                Ge den inte till dem som ska skriva: skapa en länk till dem under Dela.",
    made_link: "Länk för dig som leder",
    made_done: "Jag har sparat den",

    more: "Mer",
    copy_text: "Kopiera texten",
    download: "Ladda ner (Markdown)",
    print: "Skriv ut",
    wall: "Visa på vägg",
    file_name: "målbild",

    authors: "Vem som skrivit",
    authors_show: "Visa vem som skrivit",
    authors_hint: "Färgen och linjen under orden visar vilken organisation som skrev dem. Texten ändras inte.",
    authors_unable: "Den här webbläsaren är för gammal för att visa vem som skrivit. Uppdatera den, eller öppna \
                     målbilden i en annan webbläsare.",
    authors_at_caret: "Vid markören: ",
    authors_no_caret: "ingen text",
    authors_nobody: "Ingen har skrivit något än.",
    authors_no_organisation: "Utan organisation",
    authors_unknown: "Okänd",
    authors_template: "Mallens text",
    authors_sample: "abc",
    authors_share: |share| {
        if share < 1.0 { "under 1\u{a0}%".to_owned() } else { format!("{}\u{a0}%", share.round() as u32) }
    },

    find: "Sök i målbilden",
    find_next: "Nästa träff",
    find_previous: "Föregående träff",
    find_count: |place, count| match count {
        0 => "Inga träffar".to_owned(),
        _ => format!("{place} av {count}"),
    },

    opening: "Öppnar …",
    no_access_heading: "Du behöver en länk",
    no_access_text: "Den här målbilden öppnas med en länk från den som leder arbetet, ofta en processledare. \
                     Be om den, eller klistra in den här om du redan har fått den.",
    no_access_link: "Länk",
    no_access_open: "Öppna målbilden",
    no_access_wrong: "Det där är ingen länk till den här målbilden. Kontrollera att hela länken följde med, \
                      också det som står efter #.",
    unreachable_heading: "Servern svarar inte",
    unreachable_text: "Målbilden finns kvar, men går inte att hämta just nu. Kontrollera att du har \
                       nätverk och försök igen.",
    nothing_heading: "Här finns ingenting",
    nothing_text: "Adressen leder inte till någon målbild. Kontrollera att hela länken följde med.",
    problem: |code| match code {
        None => "Servern svarar inte. Kontrollera att du har nätverk och försök igen.",
        Some(ErrorCode::TitleTooLong) => "Titeln är för lång. Korta den till högst 200 tecken.",
        Some(ErrorCode::UnknownTemplate) => {
            "Servern känner inte till den mallen. Ladda om sidan och välj igen."
        }
        Some(ErrorCode::Role) => "Din länk räcker inte till det. Be den som leder arbetet.",
        Some(ErrorCode::NotFound) => {
            "Målbilden finns inte längre, eller så har du inte kvar tillgången till den."
        }
        Some(ErrorCode::Store | ErrorCode::Stopping) => {
            "Servern kan inte spara just nu. Vänta en stund och försök igen."
        }
        _ => "Något gick fel på servern. Försök igen om en stund.",
    },
};
