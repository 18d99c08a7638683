//! What waits to be sent, what was sent, and what was said to it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::domain::{
    BookedLine, Entry, EntryKind, Identifier, LineId, LineState, PersonId, Registration, Who,
};
use crate::store::Error;

use super::work::{Mark, Posting, Settled, Settlement, Settling};
use super::writer::Writing;
use super::{attempts, chain, people, rows};

/// A line that may leave, with what its receiver wants to know of the patient.
#[derive(Debug, Clone)]
pub struct Queued {
    /// The line.
    pub line: BookedLine,
    /// How often it was sent before.
    pub attempts: u32,
    /// Its lane: no two lines of one lane are on their way to one destination at a time.
    pub lane: String,
    /// The patient's numbers; the first is the one that goes on.
    pub identifiers: Vec<Identifier>,
    /// Who the patient is.
    pub registration: Registration,
}

/// The lane of a line: its account, or where nobody knows one, its person.
pub(super) fn lane(account: Option<&str>, person: PersonId) -> String {
    match account.filter(|account| !account.is_empty()) {
        Some(account) => account.to_owned(),
        None => format!("#{}", person.0),
    }
}

/// What may be looked for of the lines that wait for a destination.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Lanes that give none.
    pub busy: Vec<String>,
    /// The one lane that gives any; `None` for all.
    pub lane: Option<String>,
    /// Lines at most.
    pub limit: usize,
    /// Only lines that have waited since then; `None` for all.
    pub since: Option<Timestamp>,
    /// Whether lines in doubt are wanted too that go again as the same bytes.
    pub again: bool,
}

/// A line for which nothing is in the way, and whose destination is not paused (`pauses.rs`): it waits
/// for its first sending or for another one, or it is in doubt and goes again as the same bytes. Lines
/// of ?2, a JSON list, are not in its way, for they leave with it.
const IS_FREE: &str = "line.destination = ?1 AND line.state IN ('queued', 'unknown')
    AND (line.state = 'queued' OR (SELECT again FROM attempt
        WHERE attempt.line = line.id ORDER BY attempt.id DESC LIMIT 1))
    AND NOT EXISTS (SELECT 1 FROM pause
        WHERE pause.destination = ?1 AND line.id > pause.until_line)
    AND NOT EXISTS (SELECT 1 FROM line AS other WHERE other.destination = ?1
        AND other.state IN ('sent', 'unknown') AND other.lane = line.lane
        AND (other.state = 'sent' OR line.state = 'queued')
        AND other.id NOT IN (SELECT value FROM json_each(?2)))
    AND (line.after_line IS NULL OR EXISTS (SELECT 1 FROM line AS first
        WHERE first.id = line.after_line AND first.state = 'accepted'))";

/// How often a line was sent before.
const ATTEMPTS: &str = "(SELECT count(*) FROM attempt WHERE attempt.line = line.id) AS attempts";

/// Lines that may leave now: those that go again first, for their lanes wait for them.
pub(super) fn next_to_send(
    db: &Connection,
    destination: &str,
    look: &Look,
) -> Result<Vec<Queued>, Error> {
    let mut queued = Vec::new();
    for state in ["unknown", "queued"].into_iter().filter(|it| look.again || *it == "queued") {
        add_waiting(db, (destination, state), look, &mut queued)?;
    }
    Ok(queued)
}

/// Lines of a state that may leave. The terms are those of the indexes of lines that wait and of lines
/// on their way.
fn waiting(state: &str) -> String {
    let term = match state {
        "queued" => "line.state = 'queued'",
        _ => "line.state IN ('sent', 'unknown') AND line.state = 'unknown'",
    };
    format!(
        "SELECT {}, lane, {ATTEMPTS} FROM line
         WHERE {term} AND {IS_FREE} AND (?3 IS NULL OR lane = ?3)
             AND (?4 IS NULL OR updated_at <= ?4) ORDER BY id",
        rows::LINE_COLUMNS
    )
}

fn add_waiting(
    db: &Connection,
    (destination, state): (&str, &str),
    look: &Look,
    queued: &mut Vec<Queued>,
) -> Result<(), Error> {
    let mut select = db.prepare_cached(&waiting(state))?;
    let since = look.since.map(Timestamp::as_millisecond);
    let mut found = select.query((destination, "[]", &look.lane, since))?;
    while queued.len() < look.limit
        && let Some(row) = found.next()?
    {
        let lane: String = row.get("lane")?;
        if look.busy.contains(&lane) {
            continue;
        }
        let line = rows::line(row)?;
        if line.state == LineState::Unknown && !may_go_again_whole(db, destination, line.id)? {
            continue;
        }
        queued.push(Queued {
            identifiers: people::identifiers_of(db, line.person)?,
            registration: people::registration(db, line.person)?,
            line,
            lane,
            attempts: row.get("attempts")?,
        });
    }
    Ok(())
}

/// Whether the message that a line was sent in last may go again as it was: each of its lines that
/// was not accepted is still in doubt about it, and nothing is in its way.
fn may_go_again_whole(db: &Connection, destination: &str, line: LineId) -> Result<bool, Error> {
    let lines = attempts::last_together(db, line)?;
    let list = serde_json::to_string(&lines)?;
    let select = format!(
        "SELECT 1 FROM line WHERE id = ?3 AND (line.state = 'accepted' OR ({IS_FREE}
            AND line.state = 'unknown'
            AND (SELECT together FROM attempt WHERE line = ?3 ORDER BY id DESC LIMIT 1)
                IS (SELECT together FROM attempt WHERE line = ?4 ORDER BY id DESC LIMIT 1)))"
    );
    let mut select = db.prepare_cached(&select)?;
    for one in lines {
        if !select.exists((destination, &list, one, line.0))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is in doubt leaves as nothing but the message that it was in.
const IS_SAME_MESSAGE: &str = "(line.state = 'queued' OR (SELECT control_id FROM attempt
    WHERE attempt.line = line.id ORDER BY attempt.id DESC LIMIT 1)";

/// Marks a line as sent, if it may leave; and keeps what leaves.
pub(super) fn mark(writing: &mut Writing<'_>, mark: &Mark) -> Result<bool, Error> {
    let update = format!(
        "UPDATE line SET state = 'sent', updated_at = ?4
         WHERE id = ?3 AND body = ?5 AND {IS_FREE} AND {IS_SAME_MESSAGE} = ?6)"
    );
    let content = serde_json::to_string(&mark.content)?;
    let at = mark.at.as_millisecond();
    let moved = writing.db.prepare_cached(&update)?.execute((
        &mark.destination,
        "[]",
        mark.line.0,
        at,
        &content,
        &mark.control_id,
    ))?;
    if moved == 0 {
        return Ok(false);
    }
    note_attempt(writing, mark, None)?;
    Ok(true)
}

/// Marks several lines as sent, if all of them may leave: what stands in the way of none alone
/// does not stand in the way of another of them. Those of one control id leave in one message.
pub(super) fn mark_all(writing: &mut Writing<'_>, marks: &[Mark]) -> Result<bool, Error> {
    let select = format!(
        "SELECT 1 FROM line
         WHERE id = ?3 AND body = ?4 AND {IS_FREE} AND {IS_SAME_MESSAGE} = ?5)"
    );
    let together: Vec<i64> = marks.iter().map(|mark| mark.line.0).collect();
    let together = serde_json::to_string(&together)?;
    for mark in marks {
        let content = serde_json::to_string(&mark.content)?;
        let row = (&mark.destination, &together, mark.line.0, &content, &mark.control_id);
        if !writing.db.prepare_cached(&select)?.exists(row)? {
            return Ok(false);
        }
    }
    let update = "UPDATE line SET state = 'sent', updated_at = ?2 WHERE id = ?1";
    for message in marks.chunk_by(|one, other| one.control_id == other.control_id) {
        let mut first = None;
        for mark in message {
            let row = (mark.line.0, mark.at.as_millisecond());
            writing.db.prepare_cached(update)?.execute(row)?;
            let attempt = note_attempt(writing, mark, first)?;
            first.get_or_insert(attempt);
        }
        if let (Some(first), true) = (first, message.len() > 1) {
            attempts::is_first(writing, first)?;
        }
    }
    Ok(true)
}

/// Keeps what leaves: once for a message, with the first of its lines.
fn note_attempt(writing: &mut Writing<'_>, mark: &Mark, first: Option<i64>) -> Result<i64, Error> {
    let at = mark.at.as_millisecond();
    let insert = "INSERT INTO attempt (line, destination, control_id, started_at, bytes, together)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let bytes: &[u8] = if first.is_none() { &mark.bytes } else { &[] };
    let row = (mark.line.0, &mark.destination, &mark.control_id, at, bytes, first);
    writing.db.prepare_cached(insert)?.execute(row)?;
    let attempt = writing.db.last_insert_rowid();
    let body = json!({
        "destination": mark.destination,
        "control_id": mark.control_id,
        "bytes": mark.bytes.len(),
        "sha256": hex(&Sha256::digest(&mark.bytes)),
    });
    by_the_daemon(writing, EntryKind::Attempt, mark.line, body, mark.at)?;
    Ok(attempt)
}

/// Notes what became of an attempt, and moves its line where the answer leads on from there.
pub(super) fn settle(
    writing: &mut Writing<'_>,
    settlement: &Settlement,
) -> Result<Settling, Error> {
    let select = "SELECT attempt.id, line.state,
             attempt.id = (SELECT max(id) FROM attempt WHERE attempt.line = ?1)
         FROM attempt JOIN line ON line.id = attempt.line
         WHERE attempt.line = ?1 AND attempt.control_id = ?2 ORDER BY attempt.id DESC LIMIT 1";
    let key = (settlement.line.0, &settlement.control_id);
    let found = writing
        .db
        .prepare_cached(select)?
        .query_row(key, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .optional()?;
    let Some((attempt, state, is_newest)) = found else { return Ok(Settling::NoSuchAttempt) };
    let from = rows::state(&state)?;
    // What is said to a message that was followed by another about the same line is no word on that
    // other one; but a yes is a yes.
    let counts = is_newest || settlement.answer == Settled::Accepted;
    let leads_on = counts && settlement.answer.from_states().contains(&from);
    let to = leads_on.then(|| settlement.answer.to());
    note_answer(writing, attempt, settlement, leads_on)?;
    if let Some(to) = to {
        let update = "UPDATE line SET state = ?2, updated_at = ?3 WHERE id = ?1";
        let row = (settlement.line.0, to.as_str(), settlement.at.as_millisecond());
        writing.db.prepare_cached(update)?.execute(row)?;
    }
    let body = json!({
        "control_id": settlement.control_id,
        "said": settlement.answer.to().as_str(),
        "text": settlement.answer.text(),
        "from": from.as_str(),
        "to": to.map(LineState::as_str),
    });
    by_the_daemon(writing, EntryKind::Answered, settlement.line, body, settlement.at)?;
    Ok(if leads_on { Settling::Moved { from } } else { Settling::Elsewhere(from) })
}

/// An answer that leads nowhere does not overwrite one that did.
fn note_answer(
    writing: &Writing<'_>,
    attempt: i64,
    settlement: &Settlement,
    leads_on: bool,
) -> Result<(), Error> {
    let update =
        "UPDATE attempt SET finished_at = ?2, outcome = ?3, text = ?4, answer = ?5, again = ?7
         WHERE id = ?1 AND (?6 OR finished_at IS NULL)";
    writing.db.prepare_cached(update)?.execute((
        attempt,
        settlement.at.as_millisecond(),
        settlement.answer.to().as_str(),
        settlement.answer.text(),
        settlement.bytes.as_deref(),
        leads_on,
        matches!(settlement.answer, Settled::UnknownGoesAgain(_)),
    ))?;
    Ok(())
}

/// Notes where a line stands in the receiver's books, if that is news.
pub(super) fn posted(writing: &mut Writing<'_>, posting: &Posting) -> Result<bool, Error> {
    let select = "SELECT body FROM entry WHERE line = ?1 AND kind = 'posted'
         ORDER BY seq DESC LIMIT 1";
    let mut select = writing.db.prepare_cached(select)?;
    let known = select.query_row([posting.line.0], |row| row.get::<_, String>(0)).optional()?;
    let body = json!({
        "destination": posting.destination,
        "status": posting.status,
        "id": posting.id,
    });
    if known.and_then(|known| serde_json::from_str(&known).ok()) == Some(body.clone()) {
        return Ok(false);
    }
    by_the_daemon(writing, EntryKind::Posted, posting.line, body, posting.at)?;
    Ok(true)
}

fn by_the_daemon(
    writing: &mut Writing<'_>,
    kind: EntryKind,
    line: LineId,
    body: serde_json::Value,
    at: Timestamp,
) -> Result<(), Error> {
    let body = body.to_string();
    let entry = Entry { kind, who: Who::Daemon, message: None, line: Some(line), body };
    chain::append(writing, &entry, None, at)
}

/// How many lines wait for each destination.
pub(super) fn waiting_by_destination(db: &Connection) -> Result<Vec<(String, u64)>, Error> {
    let select = format!(
        "SELECT destination, count(*) FROM line
         WHERE {} AND state <> 'declined' AND destination IS NOT NULL
         GROUP BY destination ORDER BY destination",
        rows::IS_OPEN
    );
    let mut select = db.prepare_cached(&select)?;
    let counted = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    counted
        .map(|row| row.map(|(name, count)| (name, u64::try_from(count).unwrap_or(0))))
        .map(|row| row.map_err(Error::from))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::*;
    use super::super::{Books, NewLine, Settled};
    use super::*;
    use crate::domain::ChargeLine;
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
                    let steps =
                        explain.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
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
}
