//! What each reason means to the person who meets it: `holds/<id>.md`.

use std::collections::BTreeMap;

use super::Problem;

/// Every page by its reason.
#[derive(Debug, Default)]
pub(super) struct Holds(BTreeMap<String, String>);

impl Holds {
    /// Adds the page of a reason.
    pub(super) fn add(&mut self, file: &str, id: &str, bytes: &[u8], problems: &mut Vec<Problem>) {
        let Ok(page) = std::str::from_utf8(bytes) else {
            return problems.push(Problem::new(file, 0, "is not UTF-8: save it as UTF-8"));
        };
        if !is_reason(id) {
            problems.push(Problem::new(
                file,
                0,
                "must be called after its reason, like FREQ-01.md",
            ));
        }
        if !page.starts_with("# ") {
            problems.push(Problem::new(
                file,
                1,
                "must begin with a title, like `# More management than fractions`",
            ));
        }
        if !page.contains("\n**Cleared by:** ") {
            problems.push(Problem::new(
                file,
                0,
                "must say who clears it, in a line `**Cleared by:** …`",
            ));
        }
        self.0.insert(id.to_owned(), page.to_owned());
    }

    pub(super) fn page(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Capitals, a hyphen, two digits.
fn is_reason(id: &str) -> bool {
    id.split_once('-').is_some_and(|(word, number)| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.len() == 2
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
