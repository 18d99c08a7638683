//! What a person asked for, as the address of the page says it.

use std::fmt::Write;

use axum::extract::Query;
use jiff::civil::Date;

use crate::domain::LineState;
use crate::domain::sheet::Shown;
use crate::store::{LineFilter, MessageFilter};

use super::failure::Failure;

/// The names of states that a message on the books can have.
pub(super) const MESSAGE_STATES: [&str; 4] = ["done", "ignored", "refused", "stuck"];

/// The questions in an address.
pub(super) type Pairs = Query<Vec<(String, String)>>;

/// What was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// A number, of whatever it is: of a patient, an account, a message.
    pub(super) q: String,
    /// A patient's number.
    pub(super) mrn: Option<String>,
    /// A billing account.
    pub(super) account: Option<String>,
    /// The control id of a message.
    pub(super) control_id: Option<String>,
    /// A destination.
    pub(super) destination: Option<String>,
    /// Words for states.
    pub(super) states: Vec<String>,
    /// The first day.
    pub(super) from: Option<Date>,
    /// The last day.
    pub(super) until: Option<Date>,
    /// How many at most.
    pub(super) limit: Option<usize>,
    /// Only what has no account.
    pub(super) without_account: bool,
    /// Where the page begins.
    pub(super) behind: Option<i64>,
}

impl Asked {
    /// Reads the questions; what is empty was not asked.
    pub(super) fn read(Query(pairs): Pairs) -> Result<Asked, Failure> {
        let mut asked = Asked::default();
        for (name, value) in pairs {
            let value = value.trim();
            if !value.is_empty() {
                asked.take(&name, value)?;
            }
        }
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let text = || Some(value.to_owned());
        match name {
            "q" => self.q = value.to_owned(),
            "mrn" => self.mrn = text(),
            "account" => self.account = text(),
            "control_id" | "control-id" => self.control_id = text(),
            "destination" => self.destination = text(),
            "state" => self.states.extend(value.split(',').map(|word| word.trim().to_owned())),
            "from" => self.from = Some(day(value)?),
            "until" => self.until = Some(day(value)?),
            "limit" => self.limit = Some(number(value)?),
            "without_account" => self.without_account = value == "yes",
            "behind" => self.behind = Some(number(value)?),
            other => return Err(Failure::Wrong(format!("Nothing is called “{other}” here."))),
        }
        Ok(())
    }

    /// What to ask of the store for messages.
    pub(super) fn messages(&self) -> Result<MessageFilter, Failure> {
        if let Some(word) = self.states.iter().find(|it| !MESSAGE_STATES.contains(&it.as_str())) {
            return Err(Failure::Wrong(format!("No message is “{word}”.")));
        }
        Ok(MessageFilter {
            from: self.from,
            until: self.until,
            mrn: self.mrn.clone(),
            account: self.account.clone(),
            states: self.states.clone(),
            control_id: self.control_id.clone(),
            limit: self.limit,
        })
    }

    /// What to ask of the store for lines; it may give more than is shown with [`Asked::words`].
    pub(super) fn lines(&self) -> Result<LineFilter, Failure> {
        let states = Shown::among_any(&self.words()?);
        Ok(LineFilter {
            from: self.from,
            until: self.until,
            mrn: self.mrn.clone(),
            account: self.account.clone(),
            states: if states.len() == LineState::ALL.len() { Vec::new() } else { states },
            destination: self.destination.clone(),
            control_id: self.control_id.clone(),
            message: None,
            limit: None,
        })
    }

    /// The words that a line must be shown with, one of them.
    pub(super) fn words(&self) -> Result<Vec<Shown>, Failure> {
        let word = |text: &String| {
            text.parse::<Shown>().map_err(|()| Failure::Wrong(format!("No line is “{text}”.")))
        };
        self.states.iter().map(word).collect()
    }

    /// The address of a page that asks the same, from another place on.
    pub(super) fn address(&self, path: &str, behind: Option<i64>) -> String {
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let pairs = [
            ("q", some(&self.q)),
            ("mrn", self.mrn.clone()),
            ("account", self.account.clone()),
            ("control_id", self.control_id.clone()),
            ("destination", self.destination.clone()),
            ("state", some(&self.states.join(","))),
            ("from", day(self.from)),
            ("until", day(self.until)),
            ("without_account", self.without_account.then(|| "yes".to_owned())),
            ("behind", behind.map(|place| place.to_string())),
        ];
        address(path, pairs.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }
}

/// An address with questions.
pub(super) fn address(
    path: &str,
    pairs: impl IntoIterator<Item = (&'static str, String)>,
) -> String {
    let mut address = path.to_owned();
    for (place, (name, value)) in pairs.into_iter().enumerate() {
        address.push(if place == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.push_str(&encoded(&value));
    }
    address
}

/// A part of an address, with every sign that could mean something else written out.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else if write!(encoded, "%{byte:02X}").is_err() {
            return encoded;
        }
    }
    encoded
}

fn day(text: &str) -> Result<Date, Failure> {
    text.parse().map_err(|_| Failure::Wrong("A day is written like 2026-03-31.".into()))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure::Wrong("A number is expected there.".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    fn asked(pairs: &str) -> Result<Asked, Failure> {
        let pairs = pairs.split('&').filter_map(|pair| pair.split_once('='));
        Asked::read(Query(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()))
    }

    #[test]
    fn a_question_is_understood_or_refused() {
        for row in rows(
            "
            | address                        | messages | lines |
            |                                | yes      | yes   |
            | q=&state=                      | yes      | yes   |
            | state=done                     | yes      | no    |
            | state=held                     | no       | yes   |
            | state=held,waiting             | no       | yes   |
            | state=held&state=declined      | no       | yes   |
            | from=2026-03-01&until=2026-3-1 | no       | no    |
            | from=2026-03-01                | yes      | yes   |
            | limit=ten                      | no       | no    |
            | color=red                      | no       | no    |
            ",
        ) {
            let ok = |answer: bool| if answer { "yes" } else { "no" };
            let read = asked(&row["address"]);
            let messages = read.as_ref().is_ok_and(|asked| asked.messages().is_ok());
            let lines = read.as_ref().is_ok_and(|asked| asked.lines().is_ok());
            assert_eq!((ok(messages), ok(lines)), (&*row["messages"], &*row["lines"]), "{row}");
        }
    }

    #[test]
    fn an_address_asks_the_same_again() {
        let asked = Asked { q: "ä &=#".into(), behind: Some(3), ..Asked::default() };
        assert_eq!(asked.address("/", Some(7)), "/?q=%C3%A4%20%26%3D%23&behind=7");
        assert_eq!(Asked::default().address("/lines", None), "/lines");
    }
}
