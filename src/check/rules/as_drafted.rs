//! What was odd already when the line was drafted: one rule for each kind of oddity.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::Flaw;

pub(super) const UNKNOWN_NAME: Rule = Rule {
    id: "NAME-01",
    says: "A table knows what the source calls the work.",
    source: "Reading 24 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        first(view, |flaw| {
            if let Flaw::UnknownName(name) = flaw {
                hold(format!("no dictionary of the source knows the activity `{name}`"))
            } else {
                None
            }
        })
    },
};

pub(super) const FIELD: Rule = Rule {
    id: "READ-01",
    says: "Every field that a charge needs can be read.",
    source: "Reading 30 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        first(
            view,
            |flaw| if let Flaw::UnreadableField(why) = flaw { hold(why.clone()) } else { None },
        )
    },
};

pub(super) const ACTIVITY: Rule = Rule {
    id: "READ-02",
    says: "A charge says what was done.",
    source: "Reading 30 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        first(view, |flaw| if let Flaw::Unreadable(why) = flaw { hold(why.clone()) } else { None })
    },
};

pub(super) const CREDIT: Rule = Rule {
    id: "CRED-01",
    says: "A credit takes back a charge that stands.",
    source: "Reading 30 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        first(view, |flaw| {
            if let Flaw::EmptyCredit(why) = flaw {
                hold(format!("the credit takes nothing back: {why}"))
            } else {
                None
            }
        })
    },
};

pub(super) const UNDATED: Rule = Rule {
    id: "FRAC-01",
    says: "Every fraction that a source counts as delivered is known by its day.",
    source: "CMS: a line bears its day of service; a count tells none.",
    stage: Stage::Own,
    judge: |view| {
        first(
            view,
            |flaw| if let Flaw::UndatedFractions(why) = flaw { hold(why.clone()) } else { None },
        )
    },
};

pub(super) const NUMBER: Rule = Rule {
    id: "TWICE-01",
    says: "One transaction number names one activity.",
    source: "Reading 16 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        first(view, |flaw| {
            if let Flaw::SharedNumber = flaw {
                hold(format!(
                    "the transaction number {} names two activities",
                    view.line.evidence.first().map_or("", String::as_str)
                ))
            } else {
                None
            }
        })
    },
};

pub(super) const CODE: Rule = Rule {
    id: "CODE-01",
    says: "Where the source chooses the code, a table knows it.",
    source: "Contract, section 3: FT1-25 of visits and of charges as coded.",
    stage: Stage::Own,
    judge: |view| {
        first(view, |flaw| if let Flaw::UnknownCode(why) = flaw { hold(why.clone()) } else { None })
    },
};

pub(super) const FACT: Rule = Rule {
    id: "FACT-01",
    says: "The source sends every fact that the code of the day depends on.",
    source: "DATE-03, DATE-05: levels before 2026 ask for more than a source of today tells.",
    stage: Stage::Own,
    judge: |view| {
        first(
            view,
            |flaw| if let Flaw::MissingFact(what) = flaw { hold(what.clone()) } else { None },
        )
    },
};

pub(super) const SENT_MANAGEMENT: Rule = Rule {
    id: "SRC-01",
    says: "Management is earned by fractions and documents, not sent by the source.",
    source: "Readings 3 and 4 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        first(view, |flaw| {
            if *flaw == Flaw::SentManagement {
                reject("the source sent management, which fractions and documents earn".into())
            } else if *flaw == Flaw::UnearnedManagement {
                hold("the source sent management that no fractions have earned so far".into())
            } else {
                None
            }
        })
    },
};

pub(super) const LONE_SHARE: Rule = Rule {
    id: "PART-01",
    says: "One claim bills both shares of a charge together.",
    source: "COMP-02.",
    stage: Stage::Own,
    judge: |view| {
        first(view, |flaw| {
            if let Flaw::LoneShare(_) = flaw {
                hold("the other share of this charge has not come".into())
            } else {
                None
            }
        })
    },
};

#[expect(clippy::unnecessary_wraps, reason = "says `this flaw is mine` to `first`")]
fn hold(because: String) -> Option<Verdict> {
    Some(Verdict::Hold(because))
}

#[expect(clippy::unnecessary_wraps, reason = "says `this flaw is mine` to `first`")]
fn reject(because: String) -> Option<Verdict> {
    Some(Verdict::Reject(because))
}

fn first(view: &View<'_>, mine: impl Fn(&Flaw) -> Option<Verdict>) -> Verdict {
    view.line.flaws.iter().find_map(mine).unwrap_or(Verdict::Clean)
}
