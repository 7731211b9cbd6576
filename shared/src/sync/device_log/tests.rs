//! What is written when, and what is left whatever fails.

use super::*;

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn held(record: Option<&Bytes>) -> Vec<Bytes> {
    record.map(|record| Record::decode(record).expect("ours").updates).unwrap_or_default()
}

fn edits(key: u64) -> Written {
    Written { edits: Some(Key(key)), log: None }
}

fn logged(key: u64) -> Written {
    Written { edits: None, log: Some(Key(key)) }
}

#[test]
fn what_comes_while_a_batch_is_written_goes_together_into_the_next() {
    let mut log = DeviceLog::of(1);
    log.edited(WriteNumber(1), bytes("a"));
    assert_eq!(held(log.next(Due::Edits, || None).expect("due").edits.as_ref()), ["a"]);
    log.edited(WriteNumber(2), bytes("b"));
    log.edited(WriteNumber(3), bytes("c"));
    assert_eq!(log.next(Due::Edits, || None), None);
    assert_eq!(log.written(edits(1)), WriteNumber(1));
    assert_eq!(held(log.next(Due::Edits, || None).expect("due").edits.as_ref()), ["b", "c"]);
    assert_eq!(log.written(edits(2)), WriteNumber(3));
    assert_eq!(log.next(Due::All, || None), None);
}

#[test]
fn what_is_saved_while_it_is_being_kept_leaves_the_queue_with_the_next_log() {
    let mut log = DeviceLog::of(1);
    log.edited(WriteNumber(1), bytes("a"));
    log.next(Due::Edits, || None).expect("due");
    log.saved(WriteNumber(1));
    log.written(edits(5));
    let batch = log.next(Due::All, || None).expect("due");
    assert_eq!((held(batch.log.as_ref()), batch.remove_edits), (vec![bytes("a")], vec![Key(5)]));
}

#[test]
fn what_came_before_an_edit_is_kept_with_it_since_the_edit_may_stand_on_it() {
    let mut log = DeviceLog::of(1);
    log.integrated(bytes("theirs"));
    assert_eq!(log.next(Due::Edits, || None), None);
    log.edited(WriteNumber(1), bytes("a"));
    let batch = log.next(Due::All, || None).expect("due");
    assert_eq!(
        (held(batch.edits.as_ref()), held(batch.log.as_ref())),
        (vec![bytes("a")], vec![bytes("theirs")])
    );
}

#[test]
fn what_could_not_be_written_is_due_again_and_may_be_sent() {
    let mut log = DeviceLog::of(1);
    log.edited(WriteNumber(1), bytes("a"));
    log.integrated(bytes("theirs"));
    log.next(Due::All, || None).expect("due");
    log.edited(WriteNumber(2), bytes("b"));
    assert_eq!(log.failed(), WriteNumber(1));
    assert_eq!((log.is_failing(), log.next(Due::Edits, || None)), (true, None));
    let again = log.next(Due::All, || None).expect("due");
    assert_eq!(held(again.edits.as_ref()), ["a", "b"]);
    assert_eq!(held(again.log.as_ref()), ["theirs"]);
    log.failed();
    // The server has the first, but the second stands on it.
    log.saved(WriteNumber(1));
    assert_eq!(held(log.next(Due::All, || None).expect("due").edits.as_ref()), ["a", "b"]);
    log.written(edits(1));
    assert!(!log.is_failing());
}

#[test]
fn a_record_of_another_page_load_goes_when_what_it_holds_was_saved_from_here() {
    let mut log = DeviceLog::of(1);
    let record = Record { tab: 2, updates: vec![bytes("x"), bytes("y")] };
    assert!(!log.is_own(&record));
    log.found(Key(3), WriteNumber(2), record);
    log.saved(WriteNumber(1));
    assert_eq!(log.next(Due::All, || None), None);
    log.saved(WriteNumber(2));
    let batch = log.next(Due::All, || None).expect("due");
    assert_eq!((held(batch.log.as_ref()), batch.remove_edits), (vec![bytes("x"), bytes("y")], vec![Key(3)]));
}

#[test]
fn a_long_log_becomes_one_record_and_only_what_was_read_is_removed() {
    let mut log = DeviceLog::of(1);
    for key in 0..limits::DEVICE_LOG_RECORDS as u64 {
        log.read(Key(2 * key), 10);
    }
    log.integrated(bytes("theirs"));
    let unable = log.next(Due::All, || None).expect("due");
    assert_eq!((held(unable.log.as_ref()), unable.remove_log), (vec![bytes("theirs")], vec![]));
    log.written(logged(999));
    log.integrated(bytes("more"));
    let batch = log.next(Due::All, || Some(bytes("all"))).expect("due");
    assert_eq!(held(batch.log.as_ref()), ["all"]);
    let read = (0..limits::DEVICE_LOG_RECORDS as u64).map(|key| Key(2 * key)).chain([Key(999)]);
    assert_eq!(batch.remove_log, read.collect::<Vec<_>>());
    // It fails, and the next one removes them all the same.
    log.failed();
    let again = log.next(Due::All, || Some(bytes("all"))).expect("due");
    assert_eq!(again.remove_log.len(), limits::DEVICE_LOG_RECORDS + 1);
    log.written(logged(1001));
    log.integrated(bytes("few"));
    assert_eq!(held(log.next(Due::All, || Some(bytes("all"))).expect("due").log.as_ref()), ["few"]);
}

#[test]
fn a_heavy_log_becomes_one_record_when_it_outgrew_the_last_whole_one() {
    let mut log = DeviceLog::of(1);
    log.read(Key(1), limits::DEVICE_LOG_BYTES + 1);
    log.integrated(bytes("x"));
    assert_eq!(held(log.next(Due::All, || Some(bytes("all"))).expect("due").log.as_ref()), ["all"]);
}

#[test]
fn who_leaves_does_not_wait_for_the_batch_before() {
    let mut log = DeviceLog::of(1);
    log.edited(WriteNumber(1), bytes("a"));
    log.next(Due::Edits, || None).expect("due");
    log.edited(WriteNumber(2), bytes("b"));
    log.integrated(bytes("theirs"));
    let last = log.next(Due::Leaving, || None).expect("due");
    assert_eq!(
        (held(last.edits.as_ref()), held(last.log.as_ref())),
        (vec![bytes("b")], vec![bytes("theirs")])
    );
    assert_eq!(log.written(edits(1)), WriteNumber(1));
    assert_eq!(log.written(edits(2)), WriteNumber(2));
}

#[test]
fn a_device_that_never_takes_anything_does_not_fill_the_memory_and_gets_the_whole_when_it_does() {
    let mut log = DeviceLog::of(1);
    log.read(Key(1), 10);
    log.edited(WriteNumber(1), bytes("a"));
    log.saved(WriteNumber(1));
    log.integrated(vec![0; limits::DEVICE_LOG_BYTES + 1].into());
    log.next(Due::All, || None).expect("due");
    log.failed();
    log.edited(WriteNumber(2), bytes("b"));
    assert_eq!(log.next(Due::All, || None), None, "the edit may stand on what was forgotten");
    let batch = log.next(Due::All, || Some(bytes("all"))).expect("due");
    assert_eq!(
        (held(batch.edits.as_ref()), held(batch.log.as_ref())),
        (vec![bytes("b")], vec![bytes("all")])
    );
    assert_eq!(batch.remove_log, [Key(1)]);
    log.failed();
    assert!(log.next(Due::All, || Some(bytes("all"))).is_some());
    log.written(Written { edits: Some(Key(2)), log: Some(Key(3)) });
    assert_eq!(log.next(Due::All, || Some(bytes("all"))), None);
}
