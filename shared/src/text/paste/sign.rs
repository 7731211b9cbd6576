//! Signs of fonts that have letters' codes: an arrow of Wingdings is stored as `à`. Each becomes the character that
//! shows the same. The tables are those of the fonts' Unicode mappings,
//! <https://www.unicode.org/L2/L2011/11052r-wingding.pdf> and
//! <https://www.unicode.org/Public/MAPPINGS/VENDORS/ADOBE/symbol.txt>; where these name a character that few devices
//! show, what stands here is one that looks alike.

/// Stands for a sign that has no character: whoever reads it sees that something is missing.
const UNKNOWN: char = '\u{FFFD}';

/// From 0x21 on.
const WINGDINGS: &str = "\
✏✂✁👓🔔📖🕯☎✆✉✉📪📫📬📭\
📁📂📄📄📄🗄⌛⌨🖱🖲💻💾💾💾✇✍\
✍✌👌👍👎☜☞☝☟✋☺😐☹💣☠⚐\
🏱✈☼💧❄✝✞✝✠✡☪☯ॐ☸♈♉\
♊♋♌♍♎♏♐♑♒♓&&●❍■□\
□❑❒◆◆◆❖◆⌧⍓⌘✿❀“”▯\
⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹\
❺❻❼❽❾❿❧❧❧❧❧❧❧❧·•\
▪○○○◉◎○▪□✦✦★✶✴✹✵\
⌖⌖◇⌑�✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘\
🕙🕚🕛↵↵↵↵↵↵↵↵❧❧❧❧❧\
❧❧❧❧❧⌫⌦◁➢△▽○○○→←\
→↑↓↖↗↙↘←→↑↓↖↗↙↘⇦\
⇨⇧⇩⇔⇕⇖⇗⇙⇘▭▫✗✓☒☑�";

/// From 0x21 on; the codes from 0x7F to 0x9F have no sign.
const SYMBOL: &str = "\
!∀#∃%&∋()∗+,−./0123456789:;<=>?\
≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_\
‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼�\
��������������������������������\
€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐—↵\
ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓\
◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪�⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭�";

/// Those of the others that people put into a text: arrows, marks and boxes.
const WINGDINGS_2: [(char, char); 28] = [
    ('O', '✗'),
    ('P', '✓'),
    ('Q', '☒'),
    ('R', '☑'),
    ('S', '☒'),
    ('T', '☒'),
    ('U', '⊗'),
    ('V', '⊗'),
    ('W', '⊗'),
    ('X', '⊗'),
    ('i', '⓪'),
    ('j', '①'),
    ('k', '②'),
    ('l', '③'),
    ('m', '④'),
    ('n', '⑤'),
    ('o', '⑥'),
    ('p', '⑦'),
    ('q', '⑧'),
    ('r', '⑨'),
    ('s', '⑩'),
    ('\u{97}', '•'),
    ('\u{98}', '•'),
    ('\u{99}', '●'),
    ('\u{9E}', '⊙'),
    ('\u{9F}', '◎'),
    ('\u{A2}', '■'),
    ('\u{A3}', '□'),
];
const WINGDINGS_3: [(char, char); 24] = [
    ('!', '⇤'),
    ('"', '⇥'),
    ('#', '⤒'),
    ('$', '⤓'),
    ('f', '←'),
    ('g', '→'),
    ('h', '↑'),
    ('i', '↓'),
    ('j', '↖'),
    ('k', '↗'),
    ('l', '↙'),
    ('m', '↘'),
    ('n', '↔'),
    ('o', '↕'),
    ('p', '▲'),
    ('q', '▼'),
    ('r', '△'),
    ('s', '▽'),
    ('t', '◀'),
    ('u', '▶'),
    ('v', '◁'),
    ('w', '▷'),
    ('}', '▶'),
    ('|', '◀'),
];
const WEBDINGS: [(char, char); 12] = [
    ('3', '◀'),
    ('4', '▶'),
    ('5', '▲'),
    ('6', '▼'),
    ('a', '✓'),
    ('c', '□'),
    ('g', '■'),
    ('i', 'ℹ'),
    ('n', '●'),
    ('r', '✗'),
    ('=', '●'),
    ('~', '⚡'),
];

/// What a text shows whose font has this name, in small letters; none if its letters are letters.
pub(super) fn shown(text: &str, font: &str) -> Option<String> {
    let sign: fn(char) -> Option<char> = match font.trim_matches(['"', '\'', ' ']) {
        "wingdings" => |c| at(WINGDINGS, c),
        "symbol" => |c| at(SYMBOL, c),
        "wingdings 2" => |c| among(&WINGDINGS_2, c),
        "wingdings 3" => |c| among(&WINGDINGS_3, c),
        "webdings" => |c| among(&WEBDINGS, c),
        _ => return None,
    };
    let is_sign = |c: char| matches!(c, '!'..='~' | '\u{80}'..='\u{FF}') && c != '\u{A0}';
    Some(text.chars().map(|c| if is_sign(code(c)) { sign(code(c)).unwrap_or(UNKNOWN) } else { c }).collect())
}

/// What a character shows that programs keep for their fonts' signs; itself for any other. Its font is not known, so
/// it is that of most such signs.
pub(super) fn of_private(c: char) -> char {
    match c {
        // The bullet of Symbol: every list of Word's has it.
        '\u{F0B7}' => '•',
        '\u{F020}' => ' ',
        '\u{F021}'..='\u{F0FF}' => at(WINGDINGS, code(c)).unwrap_or(UNKNOWN),
        c => c,
    }
}

/// Word stores such signs 0xF000 higher, too, and some programs the last ones as Windows-1252 has them.
fn code(c: char) -> char {
    const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ";
    match u32::from(c) {
        0xF020..=0xF0FF => char::from_u32(u32::from(c) - 0xF000).expect("a code below 256 is a character"),
        0..=0xFF => c,
        _ => WINDOWS
            .chars()
            .zip('\u{80}'..='\u{9F}')
            .find_map(|(windows, code)| (windows == c).then_some(code))
            .unwrap_or(c),
    }
}

fn at(table: &str, c: char) -> Option<char> {
    let place = u32::from(c).checked_sub(0x21)?;
    table.chars().nth(usize::try_from(place).ok()?)
}

fn among(table: &[(char, char)], c: char) -> Option<char> {
    table.iter().find_map(|(code, sign)| (*code == c).then_some(*sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_reach_from_the_first_sign_to_the_last_code() {
        assert_eq!((WINGDINGS.chars().count(), SYMBOL.chars().count()), (223, 223));
    }

    #[test]
    fn a_sign_is_what_its_font_shows() {
        let signs = |text, font| shown(text, font).expect("a font of signs");
        assert_eq!(signs("à ü û þ o J", "wingdings"), "→ ✓ ✗ ☑ □ ☺");
        assert_eq!(signs("\u{F0E0}\u{F0A7}\u{F0D8}", "\"wingdings\""), "→▪➢");
        assert_eq!(signs("a b ® £ ³ \u{F0B7}", "symbol"), "α β → ≤ ≥ •");
        assert_eq!((signs("PRO", "wingdings 2"), signs("gu", "wingdings 3")), ("✓☑✗".into(), "→▶".into()));
        assert_eq!((signs("ar", "webdings"), signs("z", "webdings")), ("✓✗".into(), "\u{FFFD}".into()));
        assert_eq!(signs("Ÿ", "wingdings"), "•", "as Windows-1252 has 0x9F");
        assert_eq!(shown("à", "calibri"), None);
    }

    #[test]
    fn a_sign_of_no_known_font_is_that_of_most() {
        let text: String = "\u{F0B7}\u{F0E0}\u{F0FC}å".chars().map(of_private).collect();
        assert_eq!(text, "•→✓å");
    }
}
