//! What a person does to the texts, and what others do meanwhile.

use super::*;
use crate::page::binding::Due;
use crate::page::command::Command;
use crate::text::delta::{LineKind, List};
use crate::text::paste::{PasteError, Transfer};

#[test]
fn what_others_write_is_shown_with_the_next_frame_and_not_before() {
    let mut world = World::in_step(Role::Editor);
    world.other_changes(FIRST, &[Op::insert("Snö")]);
    assert_eq!(world.reads(FIRST), "");
    world.draws();
    assert_eq!(world.reads(FIRST), "Snö");
    assert_eq!(world.page.view().text.filled, [FIRST]);
}

#[test]
fn what_is_typed_before_others_words_are_shown_stands_where_it_was_typed() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "abc");
    world.other_changes(FIRST, &[Op::insert("Först ")]);
    world.types(FIRST, "d");
    assert_eq!(world.reads(FIRST), "abcd");
    world.draws();
    assert_eq!(world.reads(FIRST), "Först abcd");
    assert!(world.page.at(world.now).changed_texts().contains(&FIRST));
}

#[test]
fn a_mark_and_a_space_make_a_list_and_backspace_right_after_gives_them_back() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "A. ");
    let kind = world.page.text(FIRST).unwrap().line();
    assert_eq!((world.reads(FIRST), kind), (String::new(), LineKind::Item(List::Lettered, 0)));
    assert!(world.commands(FIRST, Command::Backspace));
    assert_eq!(world.reads(FIRST), "A. ");
    assert_eq!(world.page.text(FIRST).unwrap().line(), LineKind::Paragraph);
}

#[test]
fn undo_takes_back_ones_own_words_and_goes_where_they_stood() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "egna");
    world.other_changes(FIRST, &[Op::insert("andras ")]);
    world.draws();
    let other = world.page.keys().nth(3).unwrap();
    world.selects(other, 0, 0);
    world.acted.clear();
    assert!(world.commands(other, Command::Undo));
    assert_eq!(world.reads(FIRST), "andras ");
    let acted: Vec<_> = world.acted.iter().map(|(key, effect)| (*key, effect)).collect();
    assert!(acted.contains(&(FIRST, &SurfaceEffect::Focus)));
    assert!(acted.contains(&(FIRST, &SurfaceEffect::Select(Selection::caret(7)))));
    assert!(world.commands(FIRST, Command::Redo));
    assert_eq!(world.reads(FIRST), "andras egna");
}

#[test]
fn what_would_break_a_word_that_is_composed_waits_until_it_ends_or_has_rested() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "ni");
    world.act(|page| page.composing(FIRST, Some((0, 2)), true));
    world.other_changes(FIRST, &[Op::retain(1), Op::insert("x")]);
    world.draws();
    assert_eq!(world.reads(FIRST), "ni");
    assert!(matches!(world.page.at(world.now).due(FIRST), Due::After(_)));
    world.passes(Duration::from_millis(1499));
    assert_eq!(world.reads(FIRST), "ni");
    world.passes(Duration::from_millis(1));
    assert_eq!(world.reads(FIRST), "nxi");
}

#[test]
fn a_word_that_others_delete_while_it_is_composed_stands_whole_once() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "niho");
    world.act(|page| page.composing(FIRST, Some((0, 4)), true));
    world.other_changes(FIRST, &[Op::delete(2)]);
    assert!(world.page.is_word_deleted(FIRST));
    let shown = world.text_of(FIRST).clone();
    world.act(|page| page.save_word(FIRST, &shown));
    world.act(|page| page.composing(FIRST, None, false));
    world.act(|page| page.show_when_due(FIRST));
    assert_eq!(world.reads(FIRST), "niho");
    assert_eq!(plain(&world.page.read(FIRST)), "niho\n");
}

#[test]
fn a_surface_that_parted_from_the_document_is_shown_anew() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "rätt");
    world.passes(Duration::from_secs(2));
    assert!(world.asked.contains(&Effect::VerifyWhenIdle));
    let shown = world.text_of(FIRST).clone();
    assert!(world.act(|page| page.verify(FIRST, &shown)));
    let wrong = [Op::insert("fel\n")];
    assert!(!world.act(|page| page.verify(FIRST, &wrong)));
    assert_eq!(world.reads(FIRST), "rätt");
    assert!(world.page.changed_texts().is_empty());
}

#[test]
fn a_text_that_is_never_at_rest_is_compared_all_the_same() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    for _ in 0..15 {
        world.types(FIRST, "å");
        assert!(!world.asked.contains(&Effect::VerifyWhenIdle));
        world.passes(Duration::from_secs(1));
    }
    assert!(world.asked.contains(&Effect::VerifyWhenIdle));
}

#[test]
fn the_title_is_one_line_of_words_and_no_longer_than_it_may_be() {
    let mut world = World::in_step(Role::Editor);
    world.selects(TITLE, 5, 5);
    world.types(TITLE, "!");
    assert_eq!(world.page.view().text.title, "Storm!");
    assert!(
        world.commands(TITLE, Command::Bold),
        "it means nothing there, and nothing of the browser's either"
    );
    world.acted.clear();
    assert!(world.commands(TITLE, Command::Enter));
    assert_eq!(world.acted[0], (FIRST, SurfaceEffect::Focus));
    let long = Transfer { plain: "å".repeat(2000), ..Transfer::default() };
    world.act(|page| page.pasted(TITLE, &long));
    assert_eq!(world.page.view().caret.not_pasted, Some(PasteError::TooLarge));
    assert_eq!(world.reads(TITLE), "Storm!");
    world.act(Page::forget_paste);
    assert_eq!(world.page.view().caret.not_pasted, None);
}

#[test]
fn an_address_that_is_pasted_onto_words_is_where_they_lead() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "se planen");
    world.selects(FIRST, 3, 9);
    let address = Transfer { plain: "https://example.org/plan".to_owned(), ..Transfer::default() };
    world.act(|page| page.pasted(FIRST, &address));
    assert_eq!(world.reads(FIRST), "se planen");
    world.selects(FIRST, 5, 5);
    world.act(|page| page.selected(FIRST, Selection::caret(5), [("link".to_owned(), true.into())].into()));
    let link = world.page.view().caret.link.clone().unwrap();
    assert_eq!((link.from, link.to, link.writing), (3, 9, false));
}

#[test]
fn what_is_dragged_moves_without_what_others_wrote_among_it() {
    let mut world = World::in_step(Role::Editor);
    let other = world.page.keys().nth(2).unwrap();
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "flytta mig");
    world.selects(FIRST, 0, 10);
    world.act(|page| page.drag_begins(FIRST));
    world.other_changes(FIRST, &[Op::retain(6), Op::insert(" INTE")]);
    world.draws();
    world.selects(FIRST, 0, 15);
    world.selects(other, 0, 0);
    world.act(Page::drag_moves);
    let dropped = Transfer { plain: "flytta mig".to_owned(), ..Transfer::default() };
    world.act(|page| page.pasted(other, &dropped));
    world.draws();
    assert_eq!((world.reads(other), world.reads(FIRST)), ("flytta mig".to_owned(), " INTE".to_owned()));
    world.commands(other, Command::Undo);
    world.draws();
    assert_eq!(world.reads(other), "", "it is one step");
    assert_eq!(world.reads(FIRST).replace(" INTE", ""), "flytta mig");
}

#[test]
fn a_form_for_a_link_stays_and_moves_with_its_text() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "se planen");
    world.selects(FIRST, 3, 9);
    assert!(world.commands(FIRST, Command::Link));
    assert!(world.page.set_link("javascript:alert(1)", "").is_err());
    assert!(world.page.view().caret.link.as_ref().unwrap().writing);
    world.act(|page| page.set_link("https://example.org/", "")).unwrap();
    assert_eq!(world.page.view().caret.link, None);
    let ops = world.page.read(FIRST);
    assert!(ops.iter().any(|op| matches!(op, Op::Insert { insert, attributes }
        if insert == "planen" && attributes.contains_key("link"))));
}
