//! Codes as sources write them: with a modifier in the same field, several in one repetition.

use crate::domain::{Diagnosis, Modifier, ProcedureCode};
use crate::wire::hl7::Value;

/// A procedure code, and modifiers that stand with it in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coded {
    pub(super) code: ProcedureCode,
    pub(super) modifiers: Vec<Modifier>,
}

/// Reads `99995`, `99995-25`, `99995 25,GC`.
pub(super) fn coded(text: &str) -> Option<Coded> {
    let mut parts = pieces(text, &['-', ' ', ',']);
    let code = parts.next()?.to_ascii_uppercase().parse().ok()?;
    let modifiers = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    Some(Coded { code, modifiers })
}

/// Reads a list of modifiers, each in a repetition of its own or several in one. Also says
/// whether any of it is none.
pub(super) fn modifiers(list: Value<'_>) -> (Vec<Modifier>, bool) {
    let (mut read, mut all_read) = (Vec::new(), true);
    for repetition in list.repetitions() {
        for piece in pieces(&repetition.code(), &[' ', ',']) {
            match piece.parse() {
                Ok(modifier) => read.push(modifier),
                Err(_) => all_read = false,
            }
        }
    }
    (read, all_read)
}

/// Reads a list of diagnoses. Also says whether any of it is none.
pub(super) fn diagnoses<'m>(list: impl Iterator<Item = Value<'m>>) -> (Vec<Diagnosis>, bool) {
    let (mut read, mut all_read): (Vec<Diagnosis>, bool) = (Vec::new(), true);
    for value in list.filter(|value| !value.code().is_empty()) {
        match value.code().parse() {
            Ok(diagnosis) if !read.contains(&diagnosis) => read.push(diagnosis),
            Ok(_) => {}
            Err(_) => all_read = false,
        }
    }
    (read, all_read)
}

fn pieces<'t>(text: &'t str, separators: &'t [char]) -> impl Iterator<Item = &'t str> {
    text.split(separators).filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn k_24_a_code_is_told_from_what_stands_with_it() {
        for row in rows(
            "
            | text        | code  | modifiers |
            | 99995       | 99995 |           |
            | 99995-25    | 99995 | 25        |
            | 99995-25-GC | 99995 | 25 GC     |
            | 99995 25,GC | 99995 | 25 GC     |
            | a9999       | A9999 |           |
            | 99995-      | 99995 |           |
            | 99995-2     | -     |           |
            | 999955      | -     |           |
            | VISIT       | -     |           |
            |             | -     |           |
            ",
        ) {
            let read = coded(&row["text"]);
            let code = read.as_ref().map_or("-".into(), |it| it.code.to_string());
            let modifiers = read.map(|it| it.modifiers).unwrap_or_default();
            let modifiers: Vec<&str> = modifiers.iter().map(Modifier::as_str).collect();
            assert_eq!(
                (code, modifiers.join(" ")),
                (row["code"].clone(), row["modifiers"].clone()),
                "{row}"
            );
        }
    }
}
