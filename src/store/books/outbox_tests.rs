//! What leaves when, and what an answer moves.

use rusqlite::Connection;

use super::outbox::{IS_FREE, Look, next_to_send, waiting};
use super::samples::*;
use super::work::{Mark, Settled, Settlement, Settling};
use super::{Books, NewLine, rows};
use crate::domain::{ChargeLine, EntryKind, LineId, LineState};
use crate::store::LineRef;

fn free(books: &Books, busy: &[&str]) -> Vec<i64> {
    let busy: Vec<String> = busy.iter().map(|lane| (*lane).to_owned()).collect();
    let look = Look { busy, limit: 9, again: true, ..Look::default() };
    let look = |db: &Connection| next_to_send(db, "billing", &look);
    books.readers.read(look).unwrap().iter().map(|it| it.line.id.0).collect()
}

async fn mark(books: &Books, line: i64) -> bool {
    let content = books.line(LineId(line)).unwrap().unwrap().line.line;
    mark_as(books, line, content).await
}

async fn mark_as(books: &Books, line: i64, content: ChargeLine) -> bool {
    let mark = Mark {
        line: LineId(line),
        destination: "billing".into(),
        control_id: format!("M{line}"),
        bytes: "MSH".into(),
        content: Box::new(content),
        at: at(1),
    };
    books.mark_sent(mark).await.unwrap()
}

async fn settle(books: &Books, line: i64, answer: Settled) -> Settling {
    let settlement = Settlement {
        line: LineId(line),
        control_id: format!("M{line}"),
        answer,
        bytes: Some("MSA".into()),
        at: at(2),
    };
    books.settle(settlement).await.unwrap()
}

/// Two lines of account A, one of B, one of nobody, and one that waits for the third.
fn five_lines() -> Books {
    let books = Books::open_in_memory().unwrap();
    let lines = [Some("A"), Some("A"), Some("B"), None, Some("C")].into_iter().enumerate();
    let lines = lines.map(|(nth, account)| {
        let line = drafted(charge("C1", account, &nth.to_string()));
        NewLine { after: (nth == 4).then_some(LineRef::New(2)), ..line }
    });
    book(&books, "1", lines.collect());
    books
}

#[tokio::test]
async fn a_lane_gives_nothing_until_what_was_sent_is_answered() {
    let books = five_lines();
    assert_eq!(free(&books, &[]), [1, 2, 3, 4]);
    assert_eq!(free(&books, &["B"]), [1, 2, 4]);
    assert!(mark(&books, 1).await);
    assert_eq!(free(&books, &[]), [3, 4]);
    assert!(!mark(&books, 2).await, "its lane is not free");
    assert!(!mark(&books, 1).await, "it is out already");
    let unknown = settle(&books, 1, Settled::Unknown("no answer".into())).await;
    assert_eq!(unknown, Settling::Moved { from: LineState::Sent });
    assert_eq!(free(&books, &[]), [3, 4]);
    let late = settle(&books, 1, Settled::Accepted).await;
    assert_eq!(late, Settling::Moved { from: LineState::Unknown });
    assert_eq!(free(&books, &[]), [2, 3, 4]);
}

#[tokio::test]
async fn lines_that_leave_together_leave_all_or_none() {
    let books = five_lines();
    let mark_of = |line: i64| Mark {
        line: LineId(line),
        destination: "billing".into(),
        control_id: format!("M{line}"),
        bytes: "MSH".into(),
        content: Box::new(books.line(LineId(line)).unwrap().unwrap().line.line),
        at: at(1),
    };
    let marks = |lines: &[i64]| lines.iter().map(|line| mark_of(*line)).collect::<Vec<_>>();
    assert!(!books.mark_all_sent(marks(&[1, 5])).await.unwrap(), "the last waits for another");
    assert_eq!(free(&books, &[]), [1, 2, 3, 4], "so none of them left");
    assert!(books.mark_all_sent(marks(&[1, 2, 3])).await.unwrap(), "of one lane, too");
    assert!(!books.mark_all_sent(marks(&[3])).await.unwrap(), "it is out already");
    assert_eq!(free(&books, &[]), [4]);
    assert_eq!(books.in_flight("billing").unwrap().len(), 3);
    let settlement = |line: i64| Settlement {
        line: LineId(line),
        control_id: format!("M{line}"),
        answer: Settled::Accepted,
        bytes: None,
        at: at(2),
    };
    let settled = books.settle_all([1, 2, 3, 4].map(settlement).to_vec()).await.unwrap();
    let moved = Settling::Moved { from: LineState::Sent };
    assert_eq!(settled, [moved, moved, moved, Settling::NoSuchAttempt]);
    assert_eq!(free(&books, &[]), [4, 5]);
    assert_eq!(books.verify().unwrap().broken_at, None);
}

#[tokio::test]
async fn nothing_leaves_of_a_line_that_says_something_else_by_now() {
    let books = five_lines();
    let mut stale = books.line(LineId(1)).unwrap().unwrap().line.line;
    stale.department = Some("as it was before".into());
    assert!(!mark_as(&books, 1, stale).await);
    assert!(mark(&books, 1).await);
}

#[tokio::test]
async fn a_line_waits_for_the_final_yes_of_the_one_before_it() {
    let books = five_lines();
    assert!(!mark(&books, 5).await);
    assert!(mark(&books, 3).await);
    settle(&books, 3, Settled::Declined("no such account".into())).await;
    assert_eq!(free(&books, &[]), [1, 2, 4]);
    let after_no = settle(&books, 3, Settled::Accepted).await;
    assert_eq!(after_no, Settling::Elsewhere(LineState::Declined));
    let kept = &books.attempts_of(LineId(3)).unwrap()[0];
    assert_eq!(kept.outcome, Some(LineState::Declined), "the answer that counted stays");
    assert_eq!(kept.text.as_deref(), Some("no such account"));
}

#[tokio::test]
async fn a_yes_can_turn_into_a_no_and_what_did_not_arrive_waits_again() {
    let books = five_lines();
    assert!(mark(&books, 1).await);
    settle(&books, 1, Settled::BackToQueue("refused to connect".into())).await;
    assert_eq!(free(&books, &[]), [1, 2, 3, 4]);
    assert!(mark(&books, 3).await);
    assert_eq!(books.in_flight("billing").unwrap()[0].control_id, "M3");
    settle(&books, 3, Settled::Accepted).await;
    assert_eq!(free(&books, &[]), [1, 2, 4, 5]);
    let late_no = settle(&books, 3, Settled::Declined("on second thoughts".into())).await;
    assert_eq!(late_no, Settling::Moved { from: LineState::Accepted });
    assert_eq!(settle(&books, 4, Settled::Accepted).await, Settling::NoSuchAttempt);
    let kinds: Vec<_> =
        books.entries_of_line(LineId(3)).unwrap().iter().map(|it| it.entry.kind).collect();
    let expected =
        [EntryKind::Drafted, EntryKind::Attempt, EntryKind::Answered, EntryKind::Answered];
    assert_eq!(kinds, expected);
    assert_eq!(books.verify().unwrap().broken_at, None);
}

#[tokio::test]
async fn one_message_of_several_lines_is_kept_once_and_goes_again_whole_or_not_at_all() {
    let books = five_lines();
    let mark_of = |line: i64| Mark {
        line: LineId(line),
        destination: "billing".into(),
        control_id: "M1".into(),
        bytes: "MSH of two".into(),
        content: Box::new(books.line(LineId(line)).unwrap().unwrap().line.line),
        at: at(1),
    };
    let settled = |line: i64, answer: &Settled| Settlement {
        line: LineId(line),
        control_id: "M1".into(),
        answer: answer.clone(),
        bytes: None,
        at: at(2),
    };
    let both = || vec![mark_of(1), mark_of(2)];
    assert!(books.mark_all_sent(both()).await.unwrap());
    for line in [1, 2] {
        let attempt = books.attempts_of(LineId(line)).unwrap().remove(0);
        assert_eq!(attempt.bytes, b"MSH of two");
        assert_eq!(attempt.together, [LineId(1), LineId(2)]);
    }
    let doubt = Settled::UnknownGoesAgain("no answer".into());
    books.settle_all(vec![settled(1, &doubt), settled(2, &doubt)]).await.unwrap();
    assert_eq!(free(&books, &[]), [1, 2, 3, 4], "they go again before all others");
    assert_eq!(free(&books, &["A"]), [3, 4]);
    assert!(books.mark_all_sent(both()).await.unwrap());
    books.settle_all(vec![settled(1, &doubt), settled(2, &doubt)]).await.unwrap();
    let no = Settled::Declined("a late no".into());
    books.settle_all(vec![settled(2, &no)]).await.unwrap();
    assert_eq!(free(&books, &[]), [3, 4], "as it was it would bill what was declined");
}

#[tokio::test]
async fn a_message_of_which_one_line_must_wait_does_not_go_again_in_part() {
    let books = five_lines();
    assert!(mark(&books, 3).await);
    settle(&books, 3, Settled::Accepted).await;
    let mark_of = |line: i64| Mark {
        line: LineId(line),
        destination: "billing".into(),
        control_id: "M9".into(),
        bytes: "MSH of two".into(),
        content: Box::new(books.line(LineId(line)).unwrap().unwrap().line.line),
        at: at(1),
    };
    assert!(books.mark_all_sent(vec![mark_of(4), mark_of(5)]).await.unwrap());
    let doubt = |line: i64| Settlement {
        line: LineId(line),
        control_id: "M9".into(),
        answer: Settled::UnknownGoesAgain("no answer".into()),
        bytes: None,
        at: at(2),
    };
    books.settle_all(vec![doubt(4), doubt(5)]).await.unwrap();
    assert_eq!(free(&books, &[]), [4, 5, 1, 2]);
    let other = Mark { control_id: "M10".into(), ..mark_of(4) };
    assert!(!books.mark_sent(other).await.unwrap(), "it leaves as nothing else");
    settle(&books, 3, Settled::Declined("a late no".into())).await;
    assert_eq!(free(&books, &[]), [1, 2], "the fifth waits for the third");
}

#[tokio::test]
async fn what_is_said_to_an_earlier_message_moves_nothing_but_by_a_yes() {
    let books = five_lines();
    let sent_as = |control_id: &str| Mark {
        line: LineId(1),
        destination: "billing".into(),
        control_id: control_id.into(),
        bytes: "MSH".into(),
        content: Box::new(books.line(LineId(1)).unwrap().unwrap().line.line),
        at: at(1),
    };
    let said = |control_id: &str, answer| Settlement {
        line: LineId(1),
        control_id: control_id.into(),
        answer,
        bytes: None,
        at: at(2),
    };
    assert!(books.mark_sent(sent_as("M1")).await.unwrap());
    let again = || Settled::BackToQueue("busy".into());
    books.settle(said("M1", again())).await.unwrap();
    assert!(books.mark_sent(sent_as("M2")).await.unwrap());
    for answer in [again(), Settled::Declined("no".into()), Settled::Unknown("?".into())] {
        let settling = books.settle(said("M1", answer)).await.unwrap();
        assert_eq!(settling, Settling::Elsewhere(LineState::Sent));
    }
    let settling = books.settle(said("M1", Settled::Accepted)).await.unwrap();
    assert_eq!(settling, Settling::Moved { from: LineState::Sent });
    let settling = books.settle(said("M1", Settled::Declined("no".into()))).await.unwrap();
    assert_eq!(settling, Settling::Elsewhere(LineState::Accepted));
}

#[test]
fn lines_are_gathered_for_as_long_as_is_wanted() {
    let books = five_lines();
    for (lane, since, expected) in [
        (None, None, vec![1, 2, 3, 4]),
        (Some("A"), None, vec![1, 2]),
        (Some("A"), Some(at(-1)), vec![]),
        (None, Some(at(9)), vec![1, 2, 3, 4]),
    ] {
        let lane = lane.map(str::to_owned);
        let look = Look { lane, limit: 9, since, ..Look::default() };
        let found = books.readers.read(|db| next_to_send(db, "billing", &look)).unwrap();
        let found: Vec<i64> = found.iter().map(|it| it.line.id.0).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn hot_questions_use_their_indexes() {
    let books = five_lines();
    let [next, again] = ["queued", "unknown"].map(waiting);
    let mark = format!("UPDATE line SET state = 'sent' WHERE id = ?3 AND {IS_FREE}");
    let own = ["attempt_line", "PRIMARY KEY", "line_in_the_way", "json_each", "PRIMARY KEY"];
    let from = |first: &'static str| [&[first], &own[..]].concat();
    let listed = |first| [&from(first)[..], &["attempt_line"]].concat();
    for (question, indexes) in [
        (next.as_str(), listed("line_queued")),
        (again.as_str(), listed("line_in_the_way")),
        (mark.as_str(), from("PRIMARY KEY")),
        ("SELECT max(id) FROM attempt WHERE line = 1", vec!["attempt_line"]),
        (
            &format!("SELECT id FROM line WHERE {} AND state = 'held'", rows::IS_OPEN),
            vec!["line_open"],
        ),
        ("SELECT id FROM line WHERE person = 1 AND key = 'k'", vec!["line_person"]),
    ] {
        let plan: Vec<String> = books
            .readers
            .read(|db| {
                let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {question}"))?;
                let steps = explain.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
                Ok(steps?)
            })
            .unwrap();
        let looks: Vec<_> =
            plan.iter().filter(|it| it.contains("SEARCH") || it.contains("SCAN")).collect();
        let used = looks.len() == indexes.len()
            && looks.iter().zip(&indexes).all(|(look, index)| look.contains(index));
        assert!(used, "{question}: {plan:?}");
        let sorts = plan.iter().any(|step| step.contains("USE TEMP B-TREE FOR ORDER BY"));
        assert_eq!(sorts, question == again, "{question}: {plan:?}");
    }
}
