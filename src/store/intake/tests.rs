//! The intake as a whole.

use super::*;

fn message(control_id: &str, bytes: usize) -> NewMessage {
    NewMessage {
        source: "aria".into(),
        received: Timestamp::from_millisecond(1_790_000_000_123).unwrap(),
        control_id: control_id.into(),
        answer: Answer::Error,
        reason: Some(Reason { place: None, code: 207, text: "too much".into() }),
        raw: vec![b'x'; bytes].into(),
        fragment: None,
    }
}

#[test]
fn what_is_appended_is_found_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path()).unwrap();
    assert_eq!(intake.last(), MessageId(0));
    for (control_id, expected) in [("A", 1), ("B", 2)] {
        let id = intake.append_blocking(message(control_id, 10)).unwrap();
        assert_eq!(id, MessageId(expected));
    }
    drop(intake);
    let intake = Intake::open(folder.path()).unwrap();
    assert_eq!(intake.last(), MessageId(2));
    let found = intake.get(MessageId(2)).unwrap().unwrap();
    let told = message("B", 10);
    assert_eq!(found.control_id, told.control_id);
    assert_eq!(
        (found.received, found.answer, found.reason),
        (told.received, told.answer, told.reason)
    );
    assert_eq!((&*found.source, found.raw), ("aria", told.raw.to_vec()));
    assert_eq!(intake.get(MessageId(3)).unwrap(), None);
}

#[test]
fn messages_are_read_in_pieces_bounded_by_count_and_bytes() {
    let intake = Intake::open_in_memory().unwrap();
    for bytes in [10, 10, 1_000, 10] {
        intake.append_blocking(message("A", bytes)).unwrap();
    }
    let read = |after, count_max, bytes_max| -> Vec<i64> {
        let read = intake.read_after(MessageId(after), count_max, bytes_max).unwrap();
        read.iter().map(|it| it.id.0).collect()
    };
    assert_eq!(read(0, 9, 9_999), [1, 2, 3, 4]);
    assert_eq!(read(1, 2, 9_999), [2, 3]);
    assert_eq!(read(0, 9, 100), [1, 2]);
    assert_eq!(read(2, 9, 100), [3], "the first is given whatever its size");
    assert!(read(4, 9, 100).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_get_different_numbers_without_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Arc::new(Intake::open(folder.path()).unwrap());
    let senders: Vec<_> = (0..200)
        .map(|_| {
            let intake = Arc::clone(&intake);
            tokio::spawn(async move { intake.append(message("A", 100)).await.unwrap().0 })
        })
        .collect();
    let mut ids = Vec::new();
    for sender in senders {
        ids.push(sender.await.unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=200).collect::<Vec<_>>());
    assert_eq!(intake.last(), MessageId(200));
    let several = intake.append_all(vec![message("A", 1), message("B", 1)]).await;
    let several: Vec<_> = several.into_iter().map(|it| it.unwrap().0).collect();
    assert_eq!(several, [201, 202]);
}

#[test]
fn news_wakes_who_waits_for_it() {
    let intake = Intake::open_in_memory().unwrap();
    std::thread::scope(|threads| {
        let waits = threads.spawn(|| intake.wait_for_news(MessageId(0), Duration::from_secs(60)));
        intake.append_blocking(message("A", 1)).unwrap();
        assert_eq!(waits.join().unwrap(), MessageId(1));
    });
    let nothing = intake.wait_for_news(MessageId(1), Duration::ZERO);
    assert_eq!(nothing, MessageId(1));
}

#[test]
fn a_full_disk_refuses_and_the_writer_goes_on_with_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open_with_room_for(folder.path(), 20).unwrap();
    let refused = intake.append_blocking(message("A", 200_000));
    assert!(matches!(refused, Err(Error::DiskFull)), "{refused:?}");
    assert_eq!(intake.append_blocking(message("B", 10)).unwrap(), MessageId(1));
    assert_eq!(intake.last(), MessageId(1));
}

#[test]
fn a_folder_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = Intake::open(&file.join("store")).unwrap_err();
    assert!(matches!(&refused, Error::NotWritable { path, .. } if path.ends_with("file/store")));
}

#[test]
fn a_store_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Intake::open(folder.path()).unwrap());
    let raw = Connection::open(folder.path().join(FORMAT.file)).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    let refused = Intake::open(folder.path()).unwrap_err();
    assert!(matches!(refused, Error::Newer { found: 99, known: 3, .. }), "{refused}");
}
