//! What is marked in the texts, and whom one goes to see.

use super::*;
use crate::page::parties::Group;

fn marks(world: &World, layer: Layer) -> Vec<(SectionKey, Vec<u32>)> {
    let marked = world.acted.iter().filter_map(|(key, effect)| match effect {
        SurfaceEffect::Mark(of, _, runs) if *of == layer && !runs.is_empty() => Some((*key, runs.clone())),
        _ => None,
    });
    marked.collect()
}

#[test]
fn words_are_found_in_texts_and_headings_and_one_goes_round_both_ends() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "snö och SNÖ");
    world.act(Page::open_find);
    world.act(|page| page.look_for("snö".to_owned()));
    let find = &world.page.view().find;
    assert_eq!((find.count, find.current), (2, 1));
    world.act(|page| page.find_next(true));
    assert_eq!(world.page.found_now().map(|hit| (hit.from, hit.to)), Some((8, 11)));
    world.act(|page| page.find_next(true));
    assert_eq!(world.page.found_now().map(|hit| hit.from), Some(0));
    world.act(|page| page.find_next(false));
    assert_eq!(world.page.found_now().map(|hit| hit.from), Some(8));
    world.other_changes(FIRST, &[Op::insert("mer ")]);
    world.draws();
    assert_eq!(world.page.found_now().map(|hit| hit.from), Some(12), "it stays with its text");
    world.acted.clear();
    world.act(Page::close_find);
    assert!(world.acted.contains(&(FIRST, SurfaceEffect::Select(Selection { anchor: 12, head: 15 }))));
    assert!(marks(&world, Layer::Find).is_empty());
}

#[test]
fn what_is_selected_is_what_somebody_looks_for() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "el vatten el");
    world.selects(FIRST, 3, 9);
    world.act(Page::open_find);
    assert_eq!((&*world.page.view().find.words, world.page.view().find.count), ("vatten", 1));
}

#[test]
fn who_wrote_what_is_marked_and_told_of_the_caret() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "egna ");
    world.other_changes(FIRST, &[Op::insert("okända ")]);
    world.draws();
    world.act(|page| page.show_authors(true));
    let parties = &world.page.view().authorship.told.parties;
    let groups: Vec<_> = parties.iter().map(|party| party.group.clone()).collect();
    assert_eq!(groups, [Group::Unknown, Group::Organisation("Region Väst".to_owned())]);
    assert_eq!(marks(&world, Layer::Author).len(), 1);
    world.selects(FIRST, 9, 9);
    world.passes(Duration::from_millis(200));
    let (group, name) = world.page.view().authorship.told.at_caret.clone().unwrap();
    assert_eq!((group, &*name), (Group::Organisation("Region Väst".to_owned()), "Anna"));
}

#[test]
fn long_texts_are_marked_anew_in_a_pause_and_at_the_latest_after_a_while() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.act(|page| page.show_authors(true));
    world.types(FIRST, "a");
    world.draws();
    assert!(world.asked.contains(&Effect::Mark), "short ones with the next frame");
    world.act(|page| page.marked(Duration::from_millis(6)));
    world.asked.clear();
    let mut waited = 0;
    while !world.asked.contains(&Effect::Mark) {
        world.types(FIRST, "b");
        world.passes(Duration::from_millis(200));
        waited += 200;
    }
    assert!((3000..=3600).contains(&waited), "{waited}");
    world.asked.clear();
    world.types(FIRST, "c");
    world.passes(Duration::from_millis(299));
    assert!(!world.asked.contains(&Effect::Mark));
    world.passes(Duration::from_millis(1));
    assert!(world.asked.contains(&Effect::Mark));
}
