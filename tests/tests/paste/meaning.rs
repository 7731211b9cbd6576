//! Looks, numbers and tables that say something the bare words do not, as real programs write them.

use anyhow::Result;
use samsyn_shared::text::delta::{Line, LineKind, List, Op};
use samsyn_tests::browser::Kind;
use serde_json::json;
use thirtyfour::Key;

use super::{SECTION, copy_elsewhere, paste};
use crate::stage::{Pair, in_browsers};

/// What each HTML becomes, pasted into an empty section: its lines, and for items what is shown before them.
async fn expect_all(kind: Kind, cases: &[(&str, &str)]) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    for (html, expected) in cases {
        copy_elsewhere(&pair.a, html, "").await?;
        paste(&pair.a).await?;
        let text = pair.a.wait_for_text(SECTION, |text| !text.is_empty()).await?;
        assert_eq!(pair.agree_on(SECTION).await?, text);
        let ops: Vec<Op> = serde_json::from_value(pair.stage.delta(SECTION).await?)?;
        assert_eq!(shown(&ops), *expected, "{html}");
        pair.a.press(&[Key::Control], 'z').await?;
        pair.agree_that(SECTION, json!([{ "insert": "\n" }])).await?;
    }
    pair.expect_quiet_consoles().await
}

/// The lines as they are read, with what the page draws before an item.
fn shown(ops: &[Op]) -> String {
    let mut levels: Vec<(Option<List>, u32)> = Vec::new();
    let shown = |line: Line| {
        let text: String = line.runs.iter().map(|run| &*run.text).collect();
        let LineKind::Item(list, indent) = line.kind else {
            levels.clear();
            return text;
        };
        levels.resize(usize::from(indent) + 1, (None, 0));
        let level = &mut levels[usize::from(indent)];
        *level = (Some(list), if level.0 == Some(list) { level.1 + 1 } else { 1 });
        let letter = || char::from_u32(u32::from('@') + level.1).unwrap_or('?');
        match list {
            List::Bullet => format!("• {text}"),
            List::Ordered => format!("{}. {text}", level.1),
            List::Lettered => format!("{}. {text}", letter()),
        }
    };
    samsyn_shared::text::delta::lines(ops).into_iter().map(shown).collect::<Vec<_>>().join("\n")
}

in_browsers!(what_a_paste_looks_like_says_what_it_says, paste_looks, Chromium WebKit);
async fn paste_looks(kind: Kind) -> Result<()> {
    expect_all(kind, &[
        ("<p>a <del>b</del></p>", "a [struket: b]"),
        (
            "<ol><li>a<ul style='list-style-type:\"✓ \"'><li>b</ul>c</li><li>d</ol>",
            "1. a\n• ✓ b\nc\n2. d",
        ),
        (
            "<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='font-family:Wingdings'>\
             <span style='mso-list:Ignore'>ü<span style='font:7.0pt \"Times New Roman\"'>&nbsp; </span></span></span>Klart</p>",
            "• ✓ Klart",
        ),
        ("<p>Samling <s>kl. 10</s> kl. 11</p>", "Samling [struket: kl. 10] kl. 11"),
        (
            "<p><span style='text-decoration:line-through'>utgår <b>helt</b></span> nytt</p>",
            "[struket: utgår helt] nytt",
        ),
        // A tracked change and a comment, as Word writes them.
        (
            "<p class=MsoNormal>Larma <span class=msoDel><del cite='mailto:A' datetime='2026-11-01T10:00'>polisen</del></span>\
             <span class=msoIns><ins cite='mailto:A' datetime='2026-11-01T10:00'>räddningstjänsten</ins></span> \
             <a style='mso-comment-reference:AA_1;mso-comment-date:20261101T1000'>nu</a><span class=MsoCommentReference>\
             <span style='font-size:8.0pt'><![if !supportAnnotations]><a class=msocomanchor id='_anchor_1' href='#_msocom_1' \
             name='_msoanchor_1'>[AA1]</a><![endif]><span style='mso-special-character:comment'>&nbsp;</span></span></span>.</p>\
             <div style='mso-element:comment-list'><div style='mso-element:comment'><p>Bra <a class=msocomtxt>x</a></p></div></div>",
            "Larma räddningstjänsten nu.",
        ),
        // Signs of Word's, by their code and by their font.
        (
            "<p>Läge <span style='font-family:Wingdings;mso-ascii-font-family:Calibri;mso-char-type:symbol;\
             mso-symbol-font-family:Wingdings'><span style='mso-char-type:symbol;mso-symbol-font-family:Wingdings'>à</span></span> \
             mål <span style='font-family:Wingdings'>&#61692;</span> <font face=Symbol>b</font> <span style='font-family:Wingdings'>þ</span></p>",
            "Läge → mål ✓ β ☑",
        ),
        // Teams and Slack.
        (
            "<p>Klart <img alt='✅' class='emoji' itemtype='http://schema.skype.com/Emoji' src='https://x.se/a.png'> ej \
             <img alt='❌' src='https://x.se/b.png'> <img alt=':fire:' data-stringify-emoji=':fire:' src='https://x.se/c.png'> \
             <img alt='Karta över länet' src='https://x.se/karta.png'>slut</p>",
            "Klart ✅ ej ❌ :fire: slut",
        ),
        ("<p>10 m<sup>2</sup>, CO<sub>2</sub>, x<span style='vertical-align:super'>n+1</span></p>", "10 m², CO₂, xⁿ⁺¹"),
        ("<p>Han sa <q>kom <q>nu</q></q>.</p>", "Han sa ”kom ”nu””."),
        ("<ul><li><input type=checkbox checked disabled> klar<li><input type=checkbox disabled> inte</ul>", "• ☑ klar\n• ☐ inte"),
        ("<ul><li role=checkbox aria-checked=true>klar</li><li role=checkbox aria-checked=false>inte</li></ul>", "• ☑ klar\n• ☐ inte"),
        ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>", "漢 (kan)"),
        ("<p>syns<span style='visibility:hidden'>inte</span><span hidden>inte</span><span style='font-size:0'>inte</span> här</p>", "syns här"),
        ("<p><span style='text-transform:uppercase'>viktigt</span></p>", "VIKTIGT"),
        // Each line that is struck out says so.
        ("<p><s>Evakuera A<br>Evakuera B</s><br>Larma C</p>", "[struket: Evakuera A]\n[struket: Evakuera B]\nLarma C"),
        ("<pre><s>a\nb</s></pre>", "[struket: a]\n[struket: b]"),
        ("<p>10<sup style='position:relative;vertical-align:baseline;top:-0.5em'>6</sup> liter, \
          x<span style='position:relative;top:-3.0pt;mso-text-raise:3.0pt'>2</span></p>", "10⁶ liter, x²"),
        ("<p><span style='text-decoration:none;text-decoration-line:line-through'>bort</span> \
          <span style='text-decoration:line-through;text-decoration:none'>kvar</span></p>", "[struket: bort] kvar"),
        ("<p>Ska <span title='a>b' style='text-decoration:line-through'>inte</span> evakuera</p>", "Ska [struket: inte] evakuera"),
        // What only a style sheet says, as Excel writes it.
        (
            "<style><!-- .xl66{text-decoration:line-through} .xl65{font-family:Wingdings} --></style>\
             <p><span class=xl66>El</span> <span class=xl65>à</span></p>",
            "[struket: El] →",
        ),
        // What has no size has one again inside, as in mails.
        (
            "<p>a<span style='font-size:0px'>b<b style='font-size:13px'>c</b></span>\
             <span style='visibility:hidden'>d<i style='visibility:visible'>e</i></span></p>",
            "ace",
        ),
        // Blocks by their style.
        ("<span style='display:block'>Kl 10</span><span style='display: block'>00 personer</span>", "Kl 10\n00 personer"),
        ("<div style='display:flex'><span>3</span><span>0 skadade</span></div>", "3\n0 skadade"),
        ("<h4><button>Vid VMA</button></h4><p>Läge: <select><option>Grön<option selected>Röd</select></p>", "Vid VMA\nLäge: Röd"),
        // One part of it may be ours, and the rest is not.
        ("<p data-samsyn=''>a</p><p>Ska <s>inte</s> gå</p>", "a\nSka [struket: inte] gå"),
        ("<p>A\u{30A}ngest och e\u{301}n, \u{FB01}lm</p>", "Ångest och én, film"),
    ])
    .await
}

in_browsers!(pasted_numbers_are_those_that_were_copied, paste_numbers, Chromium WebKit);
async fn paste_numbers(kind: Kind) -> Result<()> {
    let word = |marker: &str, words: &str| {
        format!(
            "<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>{marker}\
             <span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp; </span></span><![endif]>{words}</p>"
        )
    };
    let parted = format!(
        "{}{}<p class=MsoNormal>Stycke</p>{}",
        word("1.", "ett"),
        word("2.", "två"),
        word("3.", "tre")
    );
    let heading = "<h2><![if !supportLists]><span style='mso-list:Ignore'>3.2<span>&nbsp; </span></span><![endif]>Mål</h2>";
    expect_all(
        kind,
        &[
            (&parted, "1. ett\n2. två\nStycke\n3. tre"),
            (heading, "3.2 Mål"),
            ("<ol start=3><li>tre<li>fyra</ol>", "3. tre\n4. fyra"),
            ("<ol><li>ett<li value=5>fem<li>sex</ol>", "1. ett\n5. fem\n6. sex"),
            ("<ol reversed><li>två<li>ett</ol>", "2. två\n1. ett"),
            ("<ol type=i><li>ett<li>två</ol>", "i. ett\nii. två"),
            ("<ol style='list-style-type:lower-alpha'><li>a<li>b</ol>", "A. a\nB. b"),
            ("<ol><li>ett</ol><p>mellan</p><ol start=2><li>två</ol>", "1. ett\nmellan\n2. två"),
            ("<ol><li>ett<ol><li>under</ol><li>två</ol>", "1. ett\n1. under\n2. två"),
            ("<ol style='list-style:none'><li>§ 1 utan</ol>", "§ 1 utan"),
        ],
    )
    .await
}

in_browsers!(a_pasted_table_keeps_its_grid, paste_a_table, Chromium WebKit);
async fn paste_a_table(kind: Kind) -> Result<()> {
    expect_all(
        kind,
        &[
            ("<table><tr><td rowspan=2>a<td>b<tr><td>c</table>", "a\tb\n\tc"),
            // A text's own tab is no column, and an empty line in a cell is a line.
            (
                "<table><tr><td>5<span style='mso-tab-count:1'> </span>1<td>0<tr><td>a<td>b</table>",
                "5 1\t0\na\tb",
            ),
            (
                "<table><tr><td><p>El</p><p>&nbsp;</p><p>Vatten</p><td><p>ok</p><p>ok</p><p>nere</p></table>",
                "El\tok\n\tok\nVatten\tnere",
            ),
            (
                "<table><tr><td>Gävle<td style='visibility:hidden'>x<td>12<tr><td>a<td>b<td>c</table>",
                "Gävle\t\t12\na\tb\tc",
            ),
            ("<table><tr><td colspan=2>a<td>b<tr><td>c<td>d<td>e</table>", "a\t\tb\nc\td\te"),
            ("<table><tr><td>a<td rowspan=2 colspan=2>b<td>c<tr><td>d<td>e</table>", "a\tb\t\tc\nd\t\t\te"),
            ("<table><tr><td>a<td rowspan=0>b<tr><td>c<tr><td>d<td>e</table>", "a\tb\nc\nd\t\te"),
            (
                "<table><thead><tr><th rowspan=9>a<th>b</thead><tbody><tr><td>c<td>d</tbody></table>",
                "a\tb\nc\td",
            ),
            ("<table><tr><td><td>b<tr><td>c<td></table>", "\tb\nc"),
            ("<table><tr><td>Mål<td><p>ett</p><p>två</p></table>", "Mål\tett\n\ttvå"),
            ("<table><tr><td>a<td>b</table><p>&nbsp;</p><table><tr><td>c<td>d</table>", "a\tb\n\nc\td"),
            ("<table><tr><td>a<td>b<tr><td><td><tr><td>c<td>d</table>", "a\tb\n\nc\td"),
            ("<table role=presentation><tr><td>a<td>b</table>", "a\nb"),
            ("<table><tr><td>a<td><table><tr><td>b<td>c</table></table>", "a\nb\tc"),
            // A table in one cell of many is what stands there, and takes no column from the others.
            (
                "<table><tr><td>Kommun<td>Läge<tr><td>Gävle<td><table><tr><td>el<td>ner<tr><td>vatten<td>ok\
                 </table><tr><td>Ovanåker<td>lugnt</table>",
                "Kommun\tLäge\nGävle\tel\n\tner\n\tvatten\n\tok\nOvanåker\tlugnt",
            ),
        ],
    )
    .await
}
