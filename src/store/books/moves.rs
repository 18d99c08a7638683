//! What became of billing accounts, and the lines that go with them.

use rusqlite::Connection;

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
    let select = "WITH RECURSIVE
         move AS (
             SELECT account_move.id AS id, made, message,
                 giver.person AS giver, from_account, taker.person AS taker, to_account
             FROM account_move
             JOIN identifier giver ON giver.id = from_identifier
             JOIN identifier taker ON taker.id = to_identifier),
         near (whose, account) AS (
             SELECT giver, from_account FROM move WHERE giver = ?1
             UNION SELECT taker, to_account FROM move WHERE taker = ?1
             UNION SELECT taker, to_account FROM near JOIN move
                 ON giver = whose AND from_account = account
             UNION SELECT giver, from_account FROM near JOIN move
                 ON taker = whose AND to_account = account)
         SELECT giver, from_account, taker, to_account FROM near JOIN move
             ON giver = whose AND from_account = account
         ORDER BY made, message, id";
    let mut select = db.prepare_cached(select)?;
    let account = |row: &rusqlite::Row<'_>, at: usize| -> rusqlite::Result<AccountOf<PersonId>> {
        Ok(AccountOf { whose: PersonId(row.get(at)?), number: row.get(at + 1)? })
    };
    let rows = select.query_map([person.0], |row| Ok((account(row, 0)?, account(row, 2)?)))?;
    let told: Vec<_> = rows.collect::<Result<_, _>>()?;
    Ok(Moves::in_order(told))
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
