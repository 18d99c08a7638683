//! What became of billing accounts, and the lines that go with them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row};

use crate::domain::{AccountOf, Identifier, MessageId, Moment, Moves, PersonId};
use crate::store::Error;

use super::people;

/// Notes that what is told of the one account is of the other; noted twice, it is noted once.
pub(super) fn add(
    db: &Connection,
    (from, to): (&AccountOf<Identifier>, &AccountOf<Identifier>),
    (told, message): (Moment, MessageId),
) -> Result<(), Error> {
    let insert = "INSERT INTO account_move
             (made, message, from_identifier, from_account, to_identifier, to_account)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let made = match told.time {
        Some(time) => told.date.to_datetime(time).to_string(),
        None => told.date.to_string(),
    };
    let (giver, taker) =
        (people::known_or_new(db, &from.whose)?, people::known_or_new(db, &to.whose)?);
    let row = (made, message.0, giver.identifier, &from.number, taker.identifier, &to.number);
    db.prepare_cached(insert)?.execute(row)?;
    Ok(())
}

/// Every move that accounts of a person have to do with, near or far.
pub(super) fn of(db: &Connection, person: PersonId) -> Result<Moves, Error> {
    let mut found: BTreeMap<Told, Ends> = BTreeMap::new();
    let mut seen: BTreeSet<AccountOf<PersonId>> = BTreeSet::new();
    let mut open: Vec<AccountOf<PersonId>> = Vec::new();
    let mut news = touching(db, person, None)?;
    loop {
        for (told, (from, to)) in news {
            open.extend(
                [&from, &to].into_iter().filter(|end| seen.insert((*end).clone())).cloned(),
            );
            found.insert(told, (from, to));
        }
        let Some(next) = open.pop() else { break };
        news = touching(db, next.whose, Some(&next.number))?;
    }
    Ok(Moves::in_order(found.into_values()))
}

/// When a move was told, its message and its row: by that they are put in order.
type Told = (String, i64, i64);

/// The account that is given up, and the one that goes on.
type Ends = (AccountOf<PersonId>, AccountOf<PersonId>);

/// Moves that name a person, or one account of theirs.
fn touching(
    db: &Connection,
    person: PersonId,
    account: Option<&str>,
) -> Result<Vec<(Told, Ends)>, Error> {
    let mut told = Vec::new();
    for (named, column) in [("giver", "from_account"), ("taker", "to_account")] {
        let only = if account.is_some() { format!("AND {column} = ?2") } else { String::new() };
        let select = format!(
            "SELECT made, message, account_move.id,
                 giver.person, from_account, taker.person, to_account
             FROM account_move
             JOIN identifier giver ON giver.id = from_identifier
             JOIN identifier taker ON taker.id = to_identifier
             WHERE {named}.person = ?1 {only}"
        );
        let end = |row: &Row<'_>, at: usize| -> rusqlite::Result<AccountOf<PersonId>> {
            Ok(AccountOf { whose: PersonId(row.get(at)?), number: row.get(at + 1)? })
        };
        let read = |row: &Row<'_>| {
            Ok(((row.get(0)?, row.get(1)?, row.get(2)?), (end(row, 3)?, end(row, 5)?)))
        };
        let mut select = db.prepare_cached(&select)?;
        let rows = match account {
            Some(account) => select.query_map((person.0, account), read)?.collect::<Vec<_>>(),
            None => select.query_map([person.0], read)?.collect(),
        };
        told.extend(rows.into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    Ok(told)
}

/// Lines of a person whose charges name an account that is another's by now go there: what has
/// left stays as it left, and whoever has the account now answers for it.
pub(super) fn follow(db: &Connection, person: PersonId) -> Result<(), Error> {
    let moves = of(db, person)?;
    if moves.is_empty() {
        return Ok(());
    }
    let select = "SELECT DISTINCT account FROM line WHERE person = ?1 AND account IS NOT NULL";
    let mut select = db.prepare_cached(select)?;
    let accounts: Vec<String> =
        select.query_map([person.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for number in accounts {
        let account = AccountOf { whose: person, number };
        let heir = moves.end(&account).whose;
        if heir != person {
            db.prepare_cached(
                "UPDATE line SET person = ?1 WHERE person = ?2 AND account = ?3
                     AND json_extract(body, '$.account_told')",
            )?
            .execute((heir.0, person.0, &account.number))?;
        }
    }
    Ok(())
}
