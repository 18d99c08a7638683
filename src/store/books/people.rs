//! Whose number is whose.

use rusqlite::{Connection, OptionalExtension};

use crate::domain::{Identifier, Link, PersonId, Registration};
use crate::store::Error;

use super::moves;

/// A number on the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The row of the number.
    pub(super) identifier: i64,
    /// Whose it is.
    pub(super) person: PersonId,
}

/// Whose number it is.
pub(super) fn person_of(
    db: &Connection,
    identifier: &Identifier,
) -> Result<Option<PersonId>, Error> {
    Ok(known(db, identifier)?.map(|known| known.person))
}

/// A person's numbers, the one that goes on first.
pub(super) fn identifiers_of(db: &Connection, person: PersonId) -> Result<Vec<Identifier>, Error> {
    let select = "SELECT authority, number FROM identifier WHERE person = ?1 ORDER BY rank, id";
    let identifier =
        |row: &rusqlite::Row<'_>| Ok(Identifier { authority: row.get(0)?, number: row.get(1)? });
    Ok(db.prepare_cached(select)?.query_map([person.0], identifier)?.collect::<Result<_, _>>()?)
}

/// The number on the books; a person is made for one that nobody knows.
pub(super) fn known_or_new(db: &Connection, identifier: &Identifier) -> Result<Known, Error> {
    if let Some(known) = known(db, identifier)? {
        return Ok(known);
    }
    let person = new_person(db)?;
    let insert = "INSERT INTO identifier (authority, number, person, rank) VALUES (?1, ?2, ?3, 0)";
    let row = (&identifier.authority, &identifier.number, person.0);
    let identifier = db.prepare_cached(insert)?.insert(row)?;
    Ok(Known { identifier, person })
}

/// Joins or parts numbers, or notes what became of an account. Lines follow accounts that are
/// another person's by now.
pub(super) fn link(db: &Connection, link: &Link) -> Result<(), Error> {
    let named = match link {
        Link::Merge { survivor, old } => [survivor, old],
        Link::Split { one, other } => [one, other],
        Link::Move { from, to, .. } => [&from.whose, &to.whose],
    };
    join(db, link)?;
    for identifier in named {
        moves::follow(db, known_or_new(db, identifier)?.person)?;
    }
    Ok(())
}

fn join(db: &Connection, link: &Link) -> Result<(), Error> {
    match link {
        Link::Merge { survivor, old } => {
            merge(db, known_or_new(db, survivor)?, known_or_new(db, old)?)
        }
        Link::Split { one, other } => {
            split(db, known_or_new(db, one)?, known_or_new(db, other)?, other)
        }
        Link::Move { from, to, told, message } => moves::add(db, (from, to), (*told, *message)),
    }
}

/// Everything of the old number's person becomes the survivor's, whose number goes on.
fn merge(db: &Connection, survivor: Known, old: Known) -> Result<(), Error> {
    let (to, from) = (survivor.person.0, old.person.0);
    if to != from {
        db.prepare_cached(
            "UPDATE identifier SET person = ?1, rank = rank + 1
                 + (SELECT max(rank) FROM identifier WHERE person = ?1)
             WHERE person = ?2",
        )?
        .execute([to, from])?;
        db.prepare_cached("UPDATE line SET person = ?1 WHERE person = ?2")?.execute([to, from])?;
        db.prepare_cached("UPDATE message SET person = ?1 WHERE person = ?2")?
            .execute([to, from])?;
    }
    if survivor != old {
        goes_on(db, survivor)?;
    }
    Ok(())
}

/// The other number gets a person of its own, with what was told under it. Lines stay.
fn split(db: &Connection, one: Known, other: Known, number: &Identifier) -> Result<(), Error> {
    if one.person != other.person || one.identifier == other.identifier {
        return Ok(());
    }
    let person = new_person(db)?;
    db.prepare_cached("UPDATE identifier SET person = ?1, rank = 0 WHERE id = ?2")?
        .execute([person.0, other.identifier])?;
    db.prepare_cached(
        "UPDATE message SET person = ?1 WHERE person = ?2 AND authority = ?3 AND mrn = ?4",
    )?
    .execute((person.0, one.person.0, &number.authority, &number.number))?;
    let left = "SELECT EXISTS (SELECT 1 FROM identifier WHERE person = ?1 AND rank = 0)";
    if db.prepare_cached(left)?.query_row([one.person.0], |row| row.get(0))? {
        return Ok(());
    }
    goes_on(db, one)
}

fn goes_on(db: &Connection, known: Known) -> Result<(), Error> {
    db.prepare_cached("UPDATE identifier SET rank = rank + 1 WHERE person = ?1")?
        .execute([known.person.0])?;
    db.prepare_cached("UPDATE identifier SET rank = 0 WHERE id = ?1")?
        .execute([known.identifier])?;
    Ok(())
}

fn known(db: &Connection, identifier: &Identifier) -> Result<Option<Known>, Error> {
    let select = "SELECT id, person FROM identifier WHERE number = ?1 AND authority = ?2";
    let known = |row: &rusqlite::Row<'_>| {
        Ok(Known { identifier: row.get(0)?, person: PersonId(row.get(1)?) })
    };
    let key = (&identifier.number, &identifier.authority);
    Ok(db.prepare_cached(select)?.query_row(key, known).optional()?)
}

fn new_person(db: &Connection) -> Result<PersonId, Error> {
    Ok(PersonId(db.prepare_cached("INSERT INTO person DEFAULT VALUES")?.insert([])?))
}

/// By which tables a person is judged now.
pub(super) fn judged(db: &Connection, person: PersonId, digest: &str) -> Result<(), Error> {
    db.prepare_cached("INSERT INTO tables_seen (digest) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([digest])?;
    db.prepare_cached(
        "UPDATE person SET judged_by = (SELECT id FROM tables_seen WHERE digest = ?2)
         WHERE id = ?1",
    )?
    .execute((person.0, digest))?;
    Ok(())
}

/// By which tables a person was judged last.
pub(super) fn judged_by(db: &Connection, person: PersonId) -> Result<Option<String>, Error> {
    let select = "SELECT digest FROM person JOIN tables_seen ON tables_seen.id = judged_by
         WHERE person.id = ?1";
    Ok(db.prepare_cached(select)?.query_row([person.0], |row| row.get(0)).optional()?)
}

/// People who have lines and were judged by others.
pub(super) fn judged_otherwise(
    db: &Connection,
    digest: &str,
    (after, limit): (PersonId, usize),
) -> Result<Vec<PersonId>, Error> {
    let select = "SELECT id FROM person WHERE id > ?2
             AND judged_by IS NOT (SELECT id FROM tables_seen WHERE digest = ?1)
             AND EXISTS (SELECT 1 FROM line WHERE line.person = person.id)
         ORDER BY id LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = db.prepare_cached(select)?;
    let people = select.query_map((digest, after.0, limit), |row| row.get(0).map(PersonId))?;
    Ok(people.collect::<Result<_, _>>()?)
}

/// What is now known of the person under a number; replaces what was known under it.
pub(super) fn register(
    db: &Connection,
    identifier: &Identifier,
    known: &Registration,
) -> Result<(), Error> {
    let place = known_or_new(db, identifier)?;
    db.prepare_cached("UPDATE identifier SET registration = ?1 WHERE id = ?2")?
        .execute((serde_json::to_string(known)?, place.identifier))?;
    Ok(())
}

/// Who a person is, as told under each number, the one that goes on first.
pub(super) fn registrations(
    db: &Connection,
    person: PersonId,
) -> Result<Vec<(Identifier, Registration)>, Error> {
    let select = "SELECT authority, number, registration FROM identifier
         WHERE person = ?1 AND registration IS NOT NULL ORDER BY rank, id";
    let mut select = db.prepare_cached(select)?;
    let mut rows = select.query([person.0])?;
    let mut told = Vec::new();
    while let Some(row) = rows.next()? {
        let identifier = Identifier { authority: row.get(0)?, number: row.get(1)? };
        told.push((identifier, registration_of(row.get::<_, Option<String>>(2)?.as_deref())?));
    }
    Ok(told)
}

/// Who a person is: as told under the number that goes on, and under the others where nobody
/// told it there.
pub(super) fn registration(db: &Connection, person: PersonId) -> Result<Registration, Error> {
    let select = "SELECT registration FROM identifier WHERE person = ?1 ORDER BY rank, id";
    let mut select = db.prepare_cached(select)?;
    let mut rows = select.query([person.0])?;
    let mut whole = Registration::default();
    while let Some(row) = rows.next()? {
        let told = registration_of(row.get::<_, Option<String>>(0)?.as_deref())?;
        let registered = whole.registered | told.registered;
        whole.take(Registration { registered: false, ..told });
        whole.registered = registered;
    }
    Ok(whole)
}

fn registration_of(text: Option<&str>) -> Result<Registration, Error> {
    Ok(text.map(serde_json::from_str).transpose()?.unwrap_or_default())
}
