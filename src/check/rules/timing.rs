//! When a charge comes, measured from the day of service to the day its message was made.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::Claim;

pub(super) const AHEAD: Rule = Rule {
    id: "AHEAD-01",
    says: "Work is charged when it is done, not before.",
    source: "Reading 25 of the stories.",
    stage: Stage::Own,
    judge: |view| match days(view) {
        Some((done, posted)) if done > posted => Verdict::Hold(format!(
            "the day of service {done} is after {posted}, the day the message was made"
        )),
        Some(_) | None => Verdict::Clean,
    },
};

pub(super) const LATE: Rule = Rule {
    id: "LATE-01",
    says: "A charge comes within the days that the site allows.",
    source: "Local policy; reading 1 of the stories.",
    stage: Stage::Own,
    judge: late,
};

pub(super) const FILING: Rule = Rule {
    id: "LATE-02",
    says: "A charge comes within the time in which the payer takes claims.",
    source: "42 CFR 424.44; reading 1 of the stories.",
    stage: Stage::Own,
    judge: |view| match (days(view), view.number("late_reject_months")) {
        (Some((done, posted)), Some(months)) => match done.checked_add(months.months()) {
            Ok(last) if posted > last => Verdict::Reject(format!(
                "the charge of {done} was posted on {posted}, later than {months} months"
            )),
            Ok(_) | Err(_) => Verdict::Clean,
        },
        (None, _) | (_, None) => Verdict::Clean,
    },
};

pub(super) const ADJUSTMENT: Rule = Rule {
    id: "LATE-03",
    says: "A facility's line that comes after the final bill goes by an adjustment claim.",
    source: "42 CFR 424.44 and claims manual, recalled: parameter `final_bill_days`.",
    stage: Stage::Own,
    judge: |view| {
        let facility = view.line.claim == Some(Claim::Facility);
        let limit = view.number("final_bill_days").filter(|_| facility);
        match (days(view), limit) {
            (Some((done, posted)), Some(limit)) if (posted - done).get_days() > limit => {
                Verdict::Hold(format!(
                    "the bill of {done} is final after {limit} days: adjust it, with all lines of \
                     the day together"
                ))
            }
            (Some(_) | None, _) => Verdict::Clean,
        }
    },
};

fn late(view: &View<'_>) -> Verdict {
    let Some((done, posted)) = days(view) else {
        return Verdict::Clean;
    };
    let lag = (posted - done).get_days();
    let over = |name: &str| view.number(name).filter(|limit| lag > *limit);
    if let Some(limit) = over("late_hold_days") {
        Verdict::Hold(format!("posted {lag} days after the service; {limit} are allowed"))
    } else if let Some(limit) = over("late_warn_days") {
        Verdict::Warn(format!("posted {lag} days after the service; {limit} are usual"))
    } else {
        Verdict::Clean
    }
}

/// The day of service as told, and the day of posting; `None` for lines without a lag.
fn days(view: &View<'_>) -> Option<(Date, Date)> {
    let done = view.line.told_day.unwrap_or(view.line.day());
    Some((done, view.line.posted?.date))
}
