//! One walk through what is new of a type, from its first page to its last.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use url::Url;

use crate::config::{ChargesBy, Poll};

use super::ask::{Ask, below, same_server, server};
use super::page::{Digest, Found, Page};
use super::short::Short;

/// More pages have no end.
const PAGES_MAX: usize = 10_000;

/// A walk.
pub(super) struct Walk<'a> {
    ask: &'a Ask<'a>,
    kind: &'a str,
    by: ChargesBy,
    /// Where it begins; everything if it is nowhere.
    from: Option<Timestamp>,
    count: u64,
    handed: &'a mut HashMap<Digest, Option<Timestamp>>,
    fetched: &'a mut HashSet<String>,
    visited: HashSet<Url>,
    walked: Walked,
    /// Whether the server sorts as it was asked to.
    is_sorted: bool,
}

/// What was seen on a walk.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Everything.
    pub(super) seen: HashSet<Digest>,
    newest: Option<Timestamp>,
    /// Whether something does not say when it was said.
    is_vague: bool,
}

impl Walked {
    /// Where the next walk begins, if this one began at such a moment: no later than that, for a
    /// server whose clock is ahead would be asked too late.
    pub(super) fn newest(&self, began: Timestamp) -> Option<Timestamp> {
        match self.newest {
            Some(newest) => Some(newest.min(began)),
            None => self.is_vague.then_some(began),
        }
    }
}

/// The name by which it is kept how far the walks through a type have come.
pub(super) fn cursor_name(poll: &Poll, kind: &str) -> String {
    match by(poll, kind) {
        ChargesBy::LastUpdated => kind.to_owned(),
        ChargesBy::CompletedOn => format!("{kind} by completedOn"),
    }
}

fn by(poll: &Poll, kind: &str) -> ChargesBy {
    if kind == "ChargeItem" { poll.charges_by } else { ChargesBy::LastUpdated }
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        ask: &'a Ask<'a>,
        kind: &'a str,
        (cursor, count): (Option<Timestamp>, u64),
        handed: &'a mut HashMap<Digest, Option<Timestamp>>,
        fetched: &'a mut HashSet<String>,
    ) -> Walk<'a> {
        let poll = &ask.asked.poll;
        let overlapping = cursor.map(|cursor| {
            let back = cursor.checked_sub(poll.overlap).unwrap_or(cursor);
            poll.since.map_or(back, |since| back.max(since))
        });
        Walk {
            ask,
            kind,
            by: by(poll, kind),
            from: overlapping.or(poll.since),
            count,
            handed,
            fetched,
            visited: HashSet::new(),
            walked: Walked::default(),
            is_sorted: true,
        }
    }

    /// Walks, and hands over every page on the way.
    pub(super) async fn walk(&mut self) -> Result<Walked, Short> {
        loop {
            let known = self.walked.seen.len();
            let Err(cap) = self.search().await? else { break };
            let brought_more = self.walked.seen.len() > known;
            let is_further = self.walked.newest > self.from;
            if self.is_sorted && brought_more && is_further {
                // The server gives only so much at a time: it is asked on from there.
                self.from = self.walked.newest;
            } else if !brought_more && matches!(cap, Short::Cut { .. }) {
                // Asked on, it gave nothing new: the page was full, and the last.
                break;
            } else {
                return Err(cap);
            }
        }
        Ok(std::mem::take(&mut self.walked))
    }

    /// One search, page by page. The inner error says that the server did not give all of it.
    async fn search(&mut self) -> Result<Result<(), Short>, Short> {
        let mut url = self.first();
        let mut received = 0;
        loop {
            if self.visited.len() >= PAGES_MAX {
                return Err(Short::Endless(PAGES_MAX));
            }
            if !self.visited.insert(url.clone()) {
                return Err(Short::Circle);
            }
            let said = self.ask.get(&url).await?;
            if !said.status.is_success() {
                let is_first = received == 0 && url == self.first();
                let status = said.status.as_u16();
                let refused = Short::Status { status, retry_after: None };
                return Err(if is_first { refused } else { Short::Expired });
            }
            let page = Page::read(said.body, self.by)?;
            let matches = page.entries.iter().filter(|one| one.is_match).count() as u64;
            let is_known = page.entries.iter().all(|one| self.walked.seen.contains(&one.digest));
            let (is_empty, is_first) = (page.entries.is_empty(), received == 0);
            received += matches;
            self.hand_over(&page).await?;
            let Some(next) = page.next else {
                return Ok(self.whole((received, matches), page.total));
            };
            if is_empty {
                return Err(Short::Hollow);
            }
            if is_known && !is_first {
                return Err(Short::Circle);
            }
            url = followed(&self.ask.asked.poll.base, &url, &next)?;
        }
    }

    /// Whether that was all: the server's own count says so, or a page that is not full.
    fn whole(&self, (received, on_last): (u64, u64), total: Option<u64>) -> Result<(), Short> {
        match total {
            Some(total) if total > received => Err(Short::Capped { received, total }),
            Some(_) => Ok(()),
            None if on_last >= self.count => Err(Short::Cut { received }),
            None => Ok(()),
        }
    }

    async fn hand_over(&mut self, page: &Page) -> Result<(), Short> {
        let new = page.only(|one| !self.handed.contains_key(&one.digest));
        if let Some(new) = new {
            self.ask.hand_over(&new, self.fetched).await?;
        }
        for one in &page.entries {
            self.handed.insert(one.digest, one.said);
            self.saw(one);
        }
        Ok(())
    }

    fn saw(&mut self, one: &Found) {
        self.walked.seen.insert(one.digest);
        if !one.is_match {
            return;
        }
        match one.said {
            None => {
                self.walked.is_vague = true;
                self.is_sorted = false;
            }
            Some(said) => {
                self.is_sorted &= self.walked.newest.is_none_or(|newest| newest <= said);
                self.walked.newest = self.walked.newest.max(Some(said));
            }
        }
    }

    fn first(&self) -> Url {
        let mut url = below(&self.ask.asked.poll.base, self.kind);
        let parameter = match self.by {
            ChargesBy::LastUpdated => "_lastUpdated",
            ChargesBy::CompletedOn => "completedOn",
        };
        let mut query = url.query_pairs_mut();
        if let Some(from) = self.from {
            query.append_pair(parameter, &format!("ge{from}"));
        }
        if self.by == ChargesBy::LastUpdated {
            query.append_pair("_sort", parameter);
        }
        query.append_pair("_count", &self.count.to_string());
        drop(query);
        url
    }
}

/// The next page, if it is on the server that is asked.
fn followed(base: &Url, asked: &Url, link: &str) -> Result<Url, Short> {
    let url = asked.join(link).map_err(|_| Short::NoAddress)?;
    if same_server(base, &url) {
        return Ok(url);
    }
    Err(Short::Elsewhere { asked: server(base), told: server(&url) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn k42_a_link_is_followed_on_the_server_that_is_asked() {
        let base: Url = "https://ois.example/fhir".parse().unwrap();
        let asked: Url = "https://ois.example/fhir/ChargeItem?_count=200".parse().unwrap();
        for row in rows(
            "
            | link                                       | leads to                                   |
            | https://ois.example:443/fhir?_getpages=1   | https://ois.example/fhir?_getpages=1       |
            | /fhir?_getpages=1                          | https://ois.example/fhir?_getpages=1       |
            | ?_getpages=1                               | https://ois.example/fhir/ChargeItem?_getpages=1 |
            | http://ois.example/fhir?_getpages=1        | https://ois.example to http://ois.example  |
            | https://fhir-0.internal:8080/fhir?_x=1     | https://ois.example to https://fhir-0.internal:8080 |
            | //other.example/fhir                       | https://ois.example to https://other.example |
            | https://ois.example@evil.example/fhir      | https://ois.example to https://evil.example |
            | https://ois.example:443:443/fhir?_x=1      | no address                                 |
            | file:///etc/passwd                         | https://ois.example to null                |
            ",
        ) {
            let told = match followed(&base, &asked, &row["link"]) {
                Ok(url) => url.to_string(),
                Err(Short::Elsewhere { asked, told }) => format!("{asked} to {told}"),
                Err(other) => {
                    assert!(matches!(other, Short::NoAddress));
                    "no address".to_owned()
                }
            };
            assert_eq!(told, row["leads to"], "{row}");
        }
    }
}
