//! What is stored about a line or a message, gathered.

use std::sync::Arc;

use crate::check::{RULES, Rule};
use crate::cli::Error;
use crate::cli::text;
use crate::domain::{
    Activity, ChargeLine, Document, EntryKind, Finding, LineId, Meaning, MessageId, TableRow,
};
use crate::mappings::{Alternative, Case};
use crate::pipeline::Setup;
use crate::store::{Attempt, BookedEntry, BookedMessage, Books, Intake, ListedLine, StoredMessage};

/// Who knows where to look.
pub(super) struct Teller<'a> {
    pub(super) books: &'a Books,
    pub(super) intake: &'a Intake,
    pub(super) setup: &'a Setup,
}

/// Everything about a line.
pub(super) struct LineStory {
    pub(super) listed: ListedLine,
    pub(super) label: Option<String>,
    pub(super) code_row: Option<TableRow>,
    pub(super) activities: Vec<(Arc<Activity>, Option<Arc<Meaning>>)>,
    pub(super) documents: Vec<Arc<Document>>,
    pub(super) findings: Vec<Spoken>,
    pub(super) passed: Vec<&'static str>,
    /// Codes that the work came near to, by the tables in force now.
    pub(super) alternatives: Vec<Alternative>,
    /// The digest of the tables that drafted the line, where others are in force now.
    pub(super) drafted_by: Option<String>,
    pub(super) entries: Vec<BookedEntry>,
    pub(super) attempts: Vec<Attempt>,
}

/// What a rule said, and what it means.
pub(super) struct Spoken {
    pub(super) finding: Finding,
    pub(super) says: Option<&'static str>,
    pub(super) source: Option<&'static str>,
    pub(super) title: String,
    pub(super) page: String,
}

/// Everything about a message.
pub(super) struct MessageStory {
    pub(super) stored: StoredMessage,
    pub(super) booked: Option<BookedMessage>,
    pub(super) entries: Vec<BookedEntry>,
}

impl Teller<'_> {
    /// The story of a line.
    pub(super) fn line(&self, id: LineId) -> Result<Option<LineStory>, Error> {
        let Some(listed) = self.books.line(id)? else { return Ok(None) };
        let loaded = self.books.load(listed.line.person)?;
        let line = &listed.line.line;
        let row = line.code.and_then(|code| self.setup.tables.code(code, line.day()).row());
        let (label, code_row) = (row.map(|row| row.label.clone()), row.map(|row| row.row.clone()));
        let evidence = |activity: &&Arc<Activity>| line.evidence.contains(&activity.key.number);
        let activities = loaded.facts.activities.iter().filter(evidence);
        let activities: Vec<_> = activities.map(|it| (Arc::clone(it), self.meaning(it))).collect();
        let entries = self.books.entries_of_line(id)?;
        let supports = |document: &&Arc<Document>| line.documents.contains(&document.key.number);
        let documents = loaded.facts.documents.iter().filter(supports).cloned().collect();
        let findings = listed.line.findings.iter().map(|it| self.spoken(it)).collect();
        let spoke = |rule: &&&Rule| listed.line.findings.iter().any(|it| it.rule == rule.id);
        let passed = RULES.iter().filter(|rule| !spoke(rule)).map(|rule| rule.id).collect();
        Ok(Some(LineStory {
            label,
            code_row,
            documents,
            findings,
            passed,
            alternatives: self.alternatives(line, &activities),
            activities,
            drafted_by: self.other_tables(&entries),
            entries,
            attempts: self.books.attempts_of(id)?,
            listed,
        }))
    }

    /// The story of a message.
    pub(super) fn message(&self, id: MessageId) -> Result<MessageStory, Error> {
        Ok(MessageStory {
            stored: self.intake.get(id)?.ok_or(Error::LostMessage(id))?,
            booked: self.books.message(id)?,
            entries: self.books.entries_of_message(id)?,
        })
    }

    /// What the work of a line came near to; nothing for a line that no decision table chose.
    fn alternatives(
        &self,
        line: &ChargeLine,
        activities: &[(Arc<Activity>, Option<Arc<Meaning>>)],
    ) -> Vec<Alternative> {
        let mut found: Vec<Alternative> = Vec::new();
        for meaning in activities.iter().filter_map(|(_, meaning)| meaning.as_deref()) {
            let case = Case {
                kind: meaning.kind,
                attributes: &meaning.attributes,
                setting: self.setup.site.setting,
                diagnoses: &line.diagnoses,
                day: line.day(),
            };
            for one in self.setup.tables.alternatives(&case) {
                if Some(one.code) != line.code && !found.contains(&one) {
                    found.push(one);
                }
            }
        }
        found
    }

    fn other_tables(&self, entries: &[BookedEntry]) -> Option<String> {
        let drafted = entries.iter().find(|booked| booked.entry.kind == EntryKind::Drafted)?;
        let body: serde_json::Value = serde_json::from_str(&drafted.entry.body).ok()?;
        let digest = body.get("tables")?.as_str()?;
        (digest != self.setup.tables.digest()).then(|| digest.to_owned())
    }

    fn meaning(&self, activity: &Activity) -> Option<Arc<Meaning>> {
        let (profile, name) = (&activity.profile, &activity.key.name);
        self.setup.tables.meaning(profile, name, activity.done.date).cloned()
    }

    fn spoken(&self, finding: &Finding) -> Spoken {
        let rule = RULES.iter().find(|rule| rule.id == finding.rule);
        let page = self.setup.tables.hold_page(&finding.rule).unwrap_or_default();
        Spoken {
            finding: finding.clone(),
            says: rule.map(|rule| rule.says),
            source: rule.map(|rule| rule.source),
            title: text::title(page).to_owned(),
            page: text::first_paragraph(page),
        }
    }
}
