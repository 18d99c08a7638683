//! Invented people, messages and lines for the tests of the books.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::date;

use crate::domain::{
    Activity, ActivityKey, ActivityStanding, ChargeLine, Claim, CourseId, Entry, EntryKind, Fact,
    Field, Identifier, LineState, MessageId, MessageState, Moment, PatientClass, PersonId,
    Quantity, Share, Weight, Who,
};

use super::{
    Applied, BookedMessage, Books, Expected, LineChange, NewFact, NewLine, Part, PartOutcome, Work,
};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub(super) fn number(number: &str) -> Identifier {
    Identifier { authority: "EX".into(), number: number.into() }
}

pub(super) fn charge(course: &str, account: Option<&str>, anchor: &str) -> ChargeLine {
    let day = Moment::day(date(2026, 10, 8));
    ChargeLine {
        course: CourseId(course.into()),
        claim: Some(Claim::Facility),
        code: Some("99999".parse().unwrap()),
        family: None,
        step: None,
        modifiers: vec![],
        units: Quantity::ONE,
        service: day,
        revenue: None,
        diagnoses: vec![],
        rendering: None,
        orderer: None,
        account: account.map(str::to_owned),
        account_told: true,
        class: PatientClass::Outpatient,
        payer: "medicare".into(),
        plan: None,
        session: None,
        department: None,
        location: None,
        filler_order: None,
        anchor: anchor.into(),
        evidence: vec![format!("FT-{anchor}")],
        documents: vec![],
        message: MessageId(1),
        control_id: "K1".into(),
        posted: None,
        told_day: None,
        row: None,
        goes_with: None,
        flaws: Vec::new(),
    }
}

pub(super) fn entry(kind: EntryKind) -> Entry {
    Entry { kind, who: Who::Daemon, message: None, line: None, body: "{}".into() }
}

pub(super) fn drafted(line: ChargeLine) -> NewLine {
    NewLine {
        line,
        state: LineState::Queued,
        findings: vec![],
        destination: Some("billing".into()),
        reverses: None,
        after: None,
        decision: None,
        entries: vec![entry(EntryKind::Drafted)],
    }
}

pub(super) fn message(id: i64, mrn: &str) -> BookedMessage {
    BookedMessage {
        id: MessageId(id),
        state: MessageState::Done,
        source: "aria".into(),
        received: at(id),
        day: date(2026, 10, 8),
        trigger: "DFT^P03".into(),
        control_id: format!("K{id}"),
        identifier: Some(number(mrn)),
        account: Some(format!("A-{mrn}")),
        size_bytes: 900,
        notes: vec![],
    }
}

pub(super) fn fact(mrn: &str, told: &str, message: i64) -> NewFact {
    let moment = Moment::day(date(2026, 10, 8));
    NewFact {
        identifier: number(mrn),
        message: MessageId(message),
        fact: Fact::Activity(Arc::new(Activity {
            key: ActivityKey { system: String::new(), number: told.into(), name: "TX".into() },
            profile: "aria".into(),
            done: moment,
            quantity: Field::Read(Quantity::ONE),
            chosen: None,
            modifiers: vec![],
            share: Share::Whole,
            diagnoses: vec![],
            performer: None,
            orderer: None,
            course: None,
            plan: None,
            fraction: None,
            prescribed: None,
            session: None,
            account: None,
            visit: None,
            class: PatientClass::Outpatient,
            payer: None,
            department: None,
            location: None,
            filler_order: None,
            posted: moment,
            told: moment,
            message: MessageId(message),
            control_id: format!("K{message}"),
            unreadable: vec![],
            standing: ActivityStanding::Done,
            weight: Weight::Charged,
        })),
    }
}

pub(super) fn part(mrn: &str) -> Part {
    Part { person: Some(number(mrn)), ..Part::default() }
}

pub(super) fn work(parts: Vec<Part>, cursor: i64) -> Work {
    let parts = parts.into_iter().map(std::sync::Arc::new).collect();
    Work { at: at(cursor), parts, cursor: Some(MessageId(cursor)) }
}

/// Puts lines of one person on the books.
pub(super) fn book(books: &Books, mrn: &str, lines: Vec<NewLine>) -> (PersonId, Applied) {
    let part = Part { new_lines: lines, ..part(mrn) };
    let applied = books.apply(work(vec![part], 1)).unwrap();
    let PartOutcome::Booked { person: Some(person), .. } = applied.parts[0] else {
        panic!("{applied:?}")
    };
    (person, applied)
}

pub(super) fn moved(books: &Books, person: PersonId, nth: usize, to: LineState) -> LineChange {
    let line = books.load(person).unwrap().lines[nth].clone();
    LineChange {
        line: line.id,
        expects: Expected::of(&line),
        to,
        findings: vec![],
        decision: line.decision,
        content: None,
        entries: vec![entry(EntryKind::Moved)],
    }
}
