//! The books brought to what is due, as tables: what stands, what is due, what must change.

use crate::domain::{
    BookedLine, ChargeLine, Claim, CourseId, Decision, Finding, JudgedLine, LineId, LineState,
    MessageId, Moment, Outcome, PatientClass, PersonId, Quantity,
};
use crate::ledger::{Action, Change, News, decide, follow, reconcile};
use crate::table::rows;

/// `code anchor account`, as in `99991 a1 A1`.
fn line(told: &str) -> ChargeLine {
    let mut words = told.split(' ');
    let code = words.next().unwrap().parse().ok();
    let anchor = words.next().unwrap().to_owned();
    ChargeLine {
        course: CourseId("C1".into()),
        claim: Some(Claim::Facility),
        code,
        family: None,
        step: None,
        modifiers: Vec::new(),
        units: Quantity::ONE,
        service: Moment::day(jiff::civil::date(2026, 10, 5)),
        revenue: None,
        diagnoses: Vec::new(),
        rendering: None,
        orderer: None,
        account: words.next().map(str::to_owned),
        account_told: true,
        class: PatientClass::Outpatient,
        payer: "medicare".into(),
        plan: None,
        session: None,
        department: None,
        location: None,
        filler_order: None,
        anchor,
        evidence: Vec::new(),
        documents: Vec::new(),
        message: MessageId(1),
        control_id: "M1".into(),
        posted: None,
        told_day: None,
        row: None,
        goes_with: None,
        flaws: Vec::new(),
    }
}

fn booked(id: i64, told: &str, state: &str) -> BookedLine {
    BookedLine {
        id: LineId(id),
        person: PersonId(1),
        line: line(told),
        state: LineState::parse(state).unwrap(),
        findings: Vec::new(),
        destination: Some("billing".into()),
        reverses: None,
        reversed_by: None,
        after: None,
        decision: None,
    }
}

fn due(told: &str) -> Vec<JudgedLine> {
    let one = |told: &str| {
        let (told, outcome) = told.split_once(" !").unwrap_or((told, ""));
        let finding = |outcome| vec![Finding::new("TEST-01", outcome, "because")];
        let findings = match outcome {
            "hold" => finding(Outcome::Hold),
            "reject" => finding(Outcome::Reject),
            _ => Vec::new(),
        };
        JudgedLine { line: line(told), findings }
    };
    told.split(',').map(str::trim).filter(|told| !told.is_empty()).map(one).collect()
}

fn route(_: Option<Claim>) -> Vec<Option<String>> {
    vec![Some("billing".into())]
}

/// The changes in words, in order: `move 1 withdrawn`, `reverse 1 held`, `draft 99991 queued after 1`.
fn words(changes: &[Change]) -> String {
    let word = |change: &Change| match change {
        Change::Draft { line, state, after_reversal_of, .. } => format!(
            "draft {} {}{}",
            line.line.code.unwrap(),
            state.as_str(),
            after_reversal_of.map_or(String::new(), |id| format!(" after {id}"))
        ),
        Change::Move { line, to, .. } => format!("move {line} {}", to.as_str()),
        Change::Reverse { line, state, .. } => format!("reverse {line} {}", state.as_str()),
    };
    changes.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn changes(books: &[BookedLine], told: &str, news: News) -> String {
    words(&reconcile(books, due(told), news, &route))
}

#[test]
fn the_books_are_brought_to_what_is_due() {
    for row in rows(
        "
        | stands    | due                | facts                                         | tables                                    |
        |           | 99991 a A1         | draft 99991 queued                            | draft 99991 queued                        |
        |           | 99991 a A1 !hold   | draft 99991 held                              | draft 99991 held                          |
        | held      | 99991 a A1         | move 1 queued                                 | move 1 queued                             |
        | queued    | 99991 a A1         |                                               |                                           |
        | queued    | 99991 a A2         | move 1 queued                                 | move 1 queued                             |
        | queued    | 99991 a A1 !reject | move 1 rejected                               | move 1 rejected                           |
        | queued    |                    | move 1 withdrawn                              | move 1 withdrawn                          |
        | queued    | 99992 a A1         | move 1 withdrawn, draft 99992 queued          | move 1 withdrawn, draft 99992 queued      |
        | declined  |                    | move 1 withdrawn                              | move 1 withdrawn                          |
        | declined  | 99991 a A1         |                                               |                                           |
        | declined  | 99991 a A1 !hold   | move 1 withdrawn, draft 99991 held after 1    | move 1 withdrawn, draft 99991 held after 1 |
        | accepted  | 99991 a A1         |                                               |                                           |
        | accepted  |                    | reverse 1 queued                              | reverse 1 held                            |
        | sent      |                    | reverse 1 queued                              | reverse 1 held                            |
        | unknown   |                    | reverse 1 queued                              | reverse 1 held                            |
        | accepted  | 99992 a A1         | reverse 1 queued, draft 99992 queued after 1  | reverse 1 held, draft 99992 held after 1  |
        | accepted  | 99992 b A1         | reverse 1 queued, draft 99992 queued          | reverse 1 held, draft 99992 queued        |
        | accepted  | 99991 a A1 !hold   | reverse 1 queued, draft 99991 held after 1    | reverse 1 held, draft 99991 held after 1  |
        | accepted  | 99991 a A1 !reject | reverse 1 queued, draft 99991 rejected after 1 | reverse 1 held, draft 99991 rejected after 1 |
        | accepted  | 99991 a A2         | reverse 1 held, draft 99991 held after 1      | reverse 1 held, draft 99991 held after 1  |
        | queued queued     | 99991 a A1 | move 2 withdrawn                              | move 2 withdrawn                          |
        | accepted queued   | 99991 a A1 | move 2 withdrawn                              | move 2 withdrawn                          |
        | accepted accepted | 99991 a A1 | reverse 2 queued                              | reverse 2 queued                          |
        | accepted accepted |            | reverse 2 queued, reverse 1 queued            | reverse 2 queued, reverse 1 held          |
        ",
    ) {
        let books: Vec<BookedLine> = (1..)
            .zip(row["stands"].split_whitespace())
            .map(|(id, state)| booked(id, "99991 a A1", state))
            .collect();
        assert_eq!(changes(&books, &row["due"], News::Facts), row["facts"], "{row}");
        assert_eq!(changes(&books, &row["due"], News::Tables), row["tables"], "{row}");
    }
}

/// An accepted line 1, its proposed reversal 2, and 3 in its place.
fn proposed(replacement: &str) -> Vec<BookedLine> {
    let mut books = vec![booked(1, "99991 a A1", "accepted")];
    let changes = reconcile(&books, due(replacement), News::Tables, &route);
    let Change::Reverse { because, .. } = &changes[0] else { panic!("{changes:?}") };
    let Change::Draft { line, .. } = &changes[1] else { panic!("{changes:?}") };
    let reversal = booked(2, "99991 a A1", "held");
    books.push(BookedLine { reverses: Some(LineId(1)), findings: because.clone(), ..reversal });
    let instead = booked(3, replacement, "held");
    books.push(BookedLine { after: Some(LineId(2)), findings: line.findings.clone(), ..instead });
    books
}

#[test]
fn a_proposal_waits_for_a_person_whatever_comes() {
    for replacement in ["99991 a A2", "99992 a A1"] {
        let books = proposed(replacement);
        assert_eq!(changes(&books, replacement, News::Facts), "", "{replacement}");
        assert_eq!(changes(&books, replacement, News::Tables), "", "{replacement}");
        // The reason is gone: all is as it was.
        let back = changes(&books, "99991 a A1", News::Facts);
        let mut back: Vec<&str> = back.split(", ").collect();
        back.sort_unstable();
        assert_eq!(back, ["move 2 withdrawn", "move 3 withdrawn"], "{replacement}");
        // The work itself is gone: the credit goes by itself.
        let gone = changes(&books, "", News::Facts);
        let mut gone: Vec<&str> = gone.split(", ").collect();
        gone.sort_unstable();
        assert_eq!(gone, ["move 2 queued", "move 3 withdrawn"], "{replacement}");
    }
}

/// What a person's decision makes of line 2 and of what follows it.
fn after(action: Action, replacement: &str) -> Vec<BookedLine> {
    let mut books = proposed(replacement);
    let decided = decide(&books[1], action).unwrap();
    let followed = follow(&books[2], &books[1], action).unwrap();
    for (place, decided) in [(1, decided), (2, followed)] {
        books[place].state = decided.to;
        books[place].findings = decided.findings;
        books[place].decision = decided.decision;
    }
    if action == Action::Release {
        books[0].reversed_by = Some(LineId(2));
    }
    books
}

#[test]
fn a_released_proposal_is_a_correction() {
    for replacement in ["99991 a A2", "99992 a A1"] {
        let books = after(Action::Release, replacement);
        assert_eq!((books[1].state, books[2].state), (LineState::Queued, LineState::Queued));
        assert_eq!(changes(&books, replacement, News::Facts), "", "{replacement}");
    }
}

#[test]
fn a_dismissed_proposal_is_not_proposed_again() {
    for (replacement, stays) in [("99991 a A2", ""), ("99992 a A1", "draft 99992 held")] {
        let books = after(Action::Withdraw, replacement);
        assert_eq!(books[1].decision, Some(Decision::Withdrawn));
        assert_eq!((books[1].state, books[2].state), (LineState::Withdrawn, LineState::Withdrawn));
        assert_eq!(changes(&books, replacement, News::Facts), stays, "{replacement}");
        assert_eq!(changes(&books, "", News::Facts), "reverse 1 queued", "{replacement}");
    }
    // Another difference is another proposal.
    let books = after(Action::Withdraw, "99991 a A2");
    let hold = changes(&books, "99991 a A2 !hold", News::Facts);
    assert_eq!(hold, "reverse 1 queued, draft 99991 held after 1");
}

#[test]
fn what_cannot_leave_is_not_released() {
    let without = |change: fn(&mut BookedLine)| {
        let mut line = booked(1, "99991 a A1", "held");
        change(&mut line);
        decide(&line, Action::Release).is_ok()
    };
    assert!(without(|_| {}));
    assert!(!without(|line| line.line.account = None));
    assert!(!without(|line| line.line.code = None));
    assert!(!without(|line| line.line.claim = None));
    assert!(!without(|line| line.destination = None));
}
