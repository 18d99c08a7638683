//! The books as a whole: what is written together, what is refused, what is found again.

use crate::domain::{
    Decision, EntryKind, Finding, LineId, LineState, Link, MessageId, Outcome, Registration,
};
use crate::store::Error;

use super::samples::*;
use super::*;

fn books() -> Books {
    Books::open_in_memory().unwrap()
}

fn raw(books: &Books) -> rusqlite::Connection {
    books.shared.place.open_for_writing(&FORMAT).unwrap()
}

fn states(books: &Books, person: PersonId) -> Vec<LineState> {
    books.load(person).unwrap().lines.iter().map(|line| line.state).collect()
}

#[test]
fn what_is_applied_is_found_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let books = Books::open(folder.path()).unwrap();
    let part = Part {
        messages: vec![message(1, "10")],
        facts: vec![fact("10", "T2", 1), fact("10", "T1", 1)],
        registrations: vec![(
            number("10"),
            Registration { sex: Some("F".into()), ..Registration::default() },
        )],
        new_lines: vec![drafted(charge("C1", Some("A1"), "x"))],
        entries: vec![entry(EntryKind::Message)],
        ..part("10")
    };
    let applied = books.apply(work(vec![part], 1)).unwrap();
    assert!(applied.cursor_moved);
    drop(books);

    let books = Books::open(folder.path()).unwrap();
    assert_eq!(books.cursor().unwrap(), MessageId(1));
    assert_eq!(books.message(MessageId(1)).unwrap(), Some(message(1, "10")));
    let person = books.person_of(&number("10")).unwrap().unwrap();
    let loaded = books.load(person).unwrap();
    let told: Vec<_> = loaded.facts.activities.iter().map(|it| it.key.number.as_str()).collect();
    assert_eq!(told, ["T2", "T1"], "in the order first told");
    assert_eq!(loaded.facts.registration().sex.as_deref(), Some("F"));
    assert_eq!(loaded.lines[0].line, charge("C1", Some("A1"), "x"));
    let kinds: Vec<_> = books
        .entries_after(0, 9)
        .unwrap()
        .iter()
        .map(|it| (it.entry.kind, it.entry.line))
        .collect();
    assert_eq!(kinds, [(EntryKind::Drafted, Some(LineId(1))), (EntryKind::Message, None)]);
    assert!(books.verify().unwrap().broken_at.is_none());
}

#[test]
fn a_conflict_undoes_one_person_and_keeps_the_cursor() {
    let books = books();
    let (one, _) = book(&books, "1", vec![drafted(charge("C1", Some("A1"), "x"))]);
    let stale = moved(&books, one, 0, LineState::Held);
    books.decide(vec![moved(&books, one, 0, LineState::Withdrawn)], at(2)).unwrap();
    let bad = Part { messages: vec![message(2, "1")], changes: vec![stale.clone()], ..part("1") };
    let good = Part { messages: vec![message(3, "2")], ..part("2") };
    let applied = books.apply(work(vec![bad, good], 3)).unwrap();
    let conflict = Conflict::Moved { line: stale.line, state: LineState::Withdrawn };
    assert_eq!(applied.parts[0], PartOutcome::Conflict(conflict));
    assert!(matches!(applied.parts[1], PartOutcome::Booked { .. }));
    assert!(!applied.cursor_moved);
    assert_eq!(books.message(MessageId(2)).unwrap(), None);
    assert_eq!(books.booked_behind_cursor().unwrap(), [MessageId(3)]);
    assert!(books.verify().unwrap().broken_at.is_none(), "the chain has no hole");

    let again = Part { messages: vec![message(2, "1")], ..part("1") };
    assert!(books.apply(work(vec![again], 3)).unwrap().cursor_moved);
    assert_eq!(books.cursor().unwrap(), MessageId(3));
    assert!(books.booked_behind_cursor().unwrap().is_empty());
}

#[test]
fn a_decision_made_meanwhile_is_a_conflict_though_the_state_is_the_same() {
    let books = books();
    let (person, _) = book(&books, "1", vec![drafted(charge("C1", None, "x"))]);
    let held = moved(&books, person, 0, LineState::Held);
    books.decide(vec![held], at(2)).unwrap();
    let stale = moved(&books, person, 0, LineState::Queued);
    let kept_back =
        LineChange { decision: Some(Decision::Held), ..moved(&books, person, 0, LineState::Held) };
    assert_eq!(books.decide(vec![kept_back], at(3)).unwrap(), [Decided::Done]);
    let decided = books.decide(vec![stale], at(4)).unwrap();
    assert!(matches!(decided[0], Decided::Conflict(Conflict::Moved { .. })), "{decided:?}");
}

#[test]
fn the_same_charge_stands_once() {
    let books = books();
    let line = || drafted(charge("C1", None, "x"));
    let (person, _) = book(&books, "1", vec![line()]);
    let twice = Part { new_lines: vec![line()], ..part("1") };
    let applied = books.apply(work(vec![twice.clone()], 2)).unwrap();
    assert!(
        matches!(applied.parts[0], PartOutcome::Conflict(Conflict::Twice { line: LineId(1), .. })),
        "{applied:?}"
    );
    books.decide(vec![moved(&books, person, 0, LineState::Withdrawn)], at(3)).unwrap();
    assert!(books.apply(work(vec![twice], 2)).unwrap().cursor_moved);
    assert_eq!(books.load(person).unwrap().lines.len(), 1, "what was withdrawn is forgotten");
}

#[test]
fn a_reversal_marks_its_line_and_a_withdrawn_one_unmarks_it() {
    let books = books();
    let (person, _) = book(&books, "1", vec![drafted(charge("C1", None, "x"))]);
    let first = books.load(person).unwrap().lines[0].clone();
    let reversal = NewLine {
        reverses: Some((first.id, Expected::of(&first))),
        after: Some(LineRef::Booked(first.id)),
        ..drafted(charge("C1", None, "x"))
    };
    let anew = NewLine { after: Some(LineRef::New(0)), ..drafted(charge("C1", Some("A2"), "x")) };
    let part = Part { new_lines: vec![reversal, anew], ..part("1") };
    assert!(books.apply(work(vec![part.clone()], 2)).unwrap().cursor_moved);
    let lines = books.load(person).unwrap().lines;
    assert_eq!(lines[0].reversed_by, Some(LineId(2)));
    assert_eq!(lines[1].after, Some(LineId(1)));
    assert_eq!(lines[2].after, Some(LineId(2)));
    let twice = books.apply(work(vec![part], 3)).unwrap();
    assert!(matches!(twice.parts[0], PartOutcome::Conflict(Conflict::Moved { .. })));
    books.decide(vec![moved(&books, person, 1, LineState::Withdrawn)], at(4)).unwrap();
    assert_eq!(books.load(person).unwrap().lines[0].reversed_by, None);
}

#[test]
fn a_merge_moves_everything_and_a_split_parts_the_facts() {
    let books = books();
    let (old, _) = book(&books, "OLD", vec![drafted(charge("C1", None, "x"))]);
    let told = |mrn, told, message| Part {
        messages: vec![BookedMessage { id: MessageId(message), ..self::message(message, mrn) }],
        facts: vec![fact(mrn, told, message)],
        ..part(mrn)
    };
    books.apply(work(vec![told("OLD", "T1", 1), told("NEW", "T2", 2)], 2)).unwrap();
    let link = Link::Merge { survivor: number("NEW"), old: number("OLD") };
    let merge = |link: &Link, mrn| Part { links: vec![link.clone()], ..part(mrn) };
    books.apply(work(vec![merge(&link, "NEW"), merge(&link, "NEW")], 3)).unwrap();
    let new = books.person_of(&number("OLD")).unwrap().unwrap();
    assert_ne!(new, old);
    assert_eq!(books.identifiers_of(new).unwrap(), [number("NEW"), number("OLD")]);
    let loaded = books.load(new).unwrap();
    assert_eq!((loaded.facts.activities.len(), loaded.lines.len()), (2, 1));
    assert_eq!(books.messages(by_mrn("OLD")).count(), 2, "an old number finds everything");

    let back = Link::Merge { survivor: number("OLD"), old: number("NEW") };
    books.apply(work(vec![merge(&back, "OLD")], 4)).unwrap();
    assert_eq!(books.identifiers_of(new).unwrap(), [number("OLD"), number("NEW")]);

    let apart = Link::Split { one: number("NEW"), other: number("OLD") };
    books.apply(work(vec![merge(&apart, "NEW")], 5)).unwrap();
    let parted = books.person_of(&number("OLD")).unwrap().unwrap();
    assert_ne!(parted, new);
    assert_eq!(books.identifiers_of(new).unwrap(), [number("NEW")]);
    let told = books.load(parted).unwrap().facts.activities;
    assert_eq!(told[0].key.number, "T1");
    assert_eq!(books.load(new).unwrap().lines.len(), 1, "lines stay until they are judged anew");
    assert_eq!(books.messages(by_mrn("OLD")).count(), 1);
}

fn by_mrn(mrn: &str) -> MessageFilter {
    MessageFilter { mrn: Some(mrn.into()), ..MessageFilter::default() }
}

#[test]
fn a_person_is_as_registered_under_the_number_that_goes_on_and_filled_up_from_the_others() {
    let books = books();
    let told = |sex: Option<&str>, payer: Option<&str>| Registration {
        sex: sex.map(str::to_owned),
        payer: payer.map(str::to_owned),
        ..Registration::default()
    };
    let link = Link::Merge { survivor: number("NEW"), old: number("OLD") };
    let part = Part {
        links: vec![link],
        registrations: vec![
            (number("OLD"), told(Some("M"), Some("medicare"))),
            (number("NEW"), told(Some("F"), None)),
        ],
        ..part("NEW")
    };
    books.apply(work(vec![part], 1)).unwrap();
    let person = books.person_of(&number("OLD")).unwrap().unwrap();
    let registration = books.load(person).unwrap().facts.registration();
    assert_eq!(registration, told(Some("F"), Some("medicare")));
}

#[test]
fn the_ledger_is_only_added_to() {
    let books = books();
    book(&books, "1", vec![drafted(charge("C1", None, "x"))]);
    let raw = raw(&books);
    for (statement, said) in [
        ("UPDATE entry SET body = '[]'", "never changed"),
        ("DELETE FROM entry", "never removed"),
        ("INSERT OR REPLACE INTO entry SELECT * FROM entry", "added at its end"),
        ("DELETE FROM line", "never removed"),
    ] {
        let refused = raw.execute(statement, []).unwrap_err().to_string();
        assert!(refused.contains(said), "{statement}: {refused}");
    }
}

#[test]
fn tampering_breaks_the_chain_where_it_was_done() {
    for (statement, broken_at) in [
        ("UPDATE entry SET body = '[]' WHERE seq = 2", Some(2)),
        ("UPDATE entry SET line = 9 WHERE seq = 3", Some(3)),
        ("UPDATE entry SET at = at + 1 WHERE seq = 1", Some(1)),
        ("DELETE FROM entry WHERE seq = 2", Some(2)),
        ("UPDATE line SET updated_at = 0", None),
    ] {
        let books = books();
        let lines = ["x", "y", "z"].map(|anchor| drafted(charge("C1", None, anchor)));
        book(&books, "1", lines.into());
        assert_eq!(books.verify().unwrap().entries, 3);
        let raw = raw(&books);
        raw.execute_batch("DROP TRIGGER entry_is_not_changed; DROP TRIGGER entry_is_not_removed")
            .unwrap();
        raw.execute(statement, []).unwrap();
        assert_eq!(books.verify().unwrap().broken_at, broken_at, "{statement}");
    }
}

#[test]
fn another_process_is_noticed_and_its_entries_are_chained() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Books::open(folder.path()).unwrap();
    let (person, _) = book(&daemon, "1", vec![drafted(charge("C1", None, "x"))]);
    let before = daemon.changes_by_others().unwrap();
    let command = Books::open(folder.path()).unwrap();
    assert_eq!(daemon.changes_by_others().unwrap(), before);
    command.decide(vec![moved(&command, person, 0, LineState::Held)], at(2)).unwrap();
    assert_eq!(daemon.changes_by_others().unwrap(), before + 1);
    daemon.decide(vec![moved(&daemon, person, 0, LineState::Queued)], at(3)).unwrap();
    let verified = daemon.verify().unwrap();
    assert_eq!((verified.entries, verified.broken_at), (3, None));
}

#[test]
fn the_balance_counts_what_moves() {
    let books = books();
    let lines = ["x", "y", "z"].map(|anchor| drafted(charge("C1", None, anchor)));
    let (person, _) = book(&books, "1", lines.into());
    let finding = Finding::new("FREQ-01", Outcome::Hold, "too many");
    let held = LineChange { findings: vec![finding], ..moved(&books, person, 0, LineState::Held) };
    books.decide(vec![held, moved(&books, person, 1, LineState::Withdrawn)], at(2)).unwrap();
    let part = Part { messages: vec![message(1, "1"), message(1, "1")], ..part("1") };
    books.apply(work(vec![part], 2)).unwrap();
    let balance = books.balance().unwrap();
    let lines: Vec<_> = balance.lines.into_iter().collect();
    let expected = [LineState::Held, LineState::Queued, LineState::Withdrawn].map(|it| (it, 1));
    assert_eq!(lines, expected);
    assert_eq!(balance.messages.into_iter().collect::<Vec<_>>(), [("done".to_owned(), 1)]);
    assert!(books.verify().unwrap().tally_is_right);
    assert_eq!(books.holds_by_rule().unwrap(), [("FREQ-01".to_owned(), 1)]);
    assert_eq!(states(&books, person), [LineState::Held, LineState::Queued]);
}

#[test]
fn a_full_disk_refuses_and_the_writer_goes_on_with_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join(FORMAT.file));
    let connection = place.open_for_writing(&FORMAT).unwrap();
    let pages: i64 = connection.pragma_query_value(None, "page_count", |it| it.get(0)).unwrap();
    connection.pragma_update(None, "max_page_count", pages + 20).unwrap();
    let books = Books::start(place, connection).unwrap();
    let line =
        |course: &str| Part { new_lines: vec![drafted(charge(course, None, "x"))], ..part("1") };
    let refused = books.apply(work(vec![line("C1"), line(&"C".repeat(100_000))], 1));
    assert!(matches!(refused, Err(Error::DiskFull)), "{refused:?}");
    assert_eq!(books.cursor().unwrap(), MessageId(0));
    assert!(books.apply(work(vec![line("C1")], 1)).unwrap().cursor_moved);
    let verified = books.verify().unwrap();
    assert_eq!((verified.entries, verified.broken_at), (1, None));
    assert!(verified.tally_is_right);
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let books = Books::open(folder.path()).unwrap();
    for (cursor, anchor) in [(1, "x"), (2, "y"), (3, "z")] {
        let new_lines = vec![drafted(charge("C1", None, anchor))];
        books.apply(work(vec![Part { new_lines, ..part("1") }], cursor)).unwrap();
    }
    // What a killed process leaves: the files as they are, nothing closed.
    let left = tempfile::tempdir().unwrap();
    for file in ["books.db", "books.db-wal"] {
        std::fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    let found = Books::open(left.path()).unwrap();
    assert_eq!(found.cursor().unwrap(), MessageId(3));
    let verified = found.verify().unwrap();
    assert_eq!((verified.entries, verified.broken_at), (3, None));
    assert!(verified.tally_is_right);
}
