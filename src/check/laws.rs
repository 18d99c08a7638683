//! What holds of every line by how it is drafted or by what a table says, without a rule to ask.

/// One such law, by the id of the rules' document.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// As in `mappings/holds/<id>.md`.
    pub id: &'static str,
    /// What is true, in one sentence that a biller would say.
    pub says: &'static str,
    /// What keeps it.
    pub kept_by: &'static str,
}

const fn law(id: &'static str, says: &'static str, kept_by: &'static str) -> Law {
    Law { id, says, kept_by }
}

/// Every law, in the order in which people read them. A rule that can speak against a line stands
/// in [`super::RULES`] instead.
pub const LAWS: &[Law] = &[
    law(
        "DATE-02",
        "Codes that ended with 2025 are not billed for work of 2026.",
        "`codes.csv`; DATE-01 speaks",
    ),
    law(
        "DATE-03",
        "A course over the new year is coded by the day of each fraction.",
        "`charges/*.csv`, by day of service",
    ),
    law(
        "DATE-04",
        "Blocks of management and physics do not begin anew with the year.",
        "blocks are counted over the course",
    ),
    law(
        "DATE-07",
        "Codes that began in 2026 are not billed for work before.",
        "`codes.csv`; DATE-01 speaks",
    ),
    law(
        "DATE-08",
        "A temporary hospital code ended when its successor began.",
        "`codes.csv`; DATE-01 speaks",
    ),
    law(
        "DATE-10",
        "The pair or limit in force on the day of service judges.",
        "`pairs.csv`, `limits.csv`, by day of service",
    ),
    law(
        "DEL-01",
        "Two isocenters, active motion management, mixed beams or total skin earn the third level.",
        "`charges/treatment.csv`",
    ),
    law(
        "DEL-02",
        "Otherwise a volume or modulated plan earns the second level.",
        "`charges/treatment.csv`",
    ),
    law(
        "DEL-03",
        "Otherwise isodoses or electrons alone earn the first level.",
        "`charges/treatment.csv`",
    ),
    law(
        "DEL-04",
        "Image guidance raises no level.",
        "`charges/treatment.csv` does not look at guidance; DATE-05 speaks of what was coded",
    ),
    law(
        "DEL-05",
        "Only motion management that holds the beam is active.",
        "the attribute `motion`, in the dictionary of the source",
    ),
    law(
        "DEL-09",
        "Where no beam was on, no delivery is billed.",
        "a delivery is drafted from treatments alone; SEQ-05 speaks of images",
    ),
    law(
        "DEL-10",
        "Each session earns its own level, also within one course.",
        "deliveries are drafted session by session",
    ),
    law(
        "FREQ-01",
        "Five fractions earn one unit of management, three or four left over at the end one more.",
        "management is drafted from fractions",
    ),
    law(
        "FREQ-02",
        "One or two fractions left over earn nothing.",
        "management is drafted from fractions",
    ),
    law(
        "FREQ-03",
        "A whole course of one or two fractions earns the short management, once.",
        "management is drafted from fractions",
    ),
    law(
        "FREQ-04",
        "What is left over earns its unit when the course closes, and loses it when treatment goes on.",
        "management is drafted anew at any news",
    ),
    law(
        "FREQ-05",
        "Two fractions of a day count singly after a break of six hours.",
        "sessions are told apart by their times; DEL-08 speaks",
    ),
    law(
        "FREQ-07",
        "Two sites treated on one day without a break are one fraction.",
        "days are reviewed over all courses of a person; DEL-08 speaks",
    ),
    law(
        "FREQ-11",
        "Stereotactic, radiosurgery and intraoperative management are billed once for a course.",
        "management is drafted from fractions",
    ),
    law(
        "FREQ-14",
        "A dose is worked out once for each field or arc; more than ten a day are looked at.",
        "`limits.csv`; UNIT-01 speaks",
    ),
    law(
        "FREQ-15",
        "A device is billed once for each shape; more than ten a day are looked at.",
        "`limits.csv`; UNIT-01 speaks",
    ),
    law(
        "FREQ-21",
        "One review of guidance is billed for a session, however many images were made.",
        "reviews are drafted session by session",
    ),
    law(
        "IMRT-04",
        "A device for immobilization stands beside a modulated plan.",
        "IMRT-01 does not speak of devices",
    ),
    law(
        "IMRT-05",
        "Leaf patterns, calculations and the motion study stand beside a modulated plan.",
        "IMRT-01 does not speak of them",
    ),
    law(
        "PTP-03",
        "Pairs are looked at claim by claim: hospital tables for the facility, practitioner tables for the rest.",
        "`pairs.csv`, column `claims`",
    ),
    law(
        "PTP-05",
        "No modifier that tells two services apart is ever added for anybody.",
        "modifiers come from the source alone; PTP-02 speaks",
    ),
    law(
        "SRS-02",
        "The head in two to five fractions is billed as stereotactic fractions with their management.",
        "`charges/treatment.csv`",
    ),
    law(
        "SRS-03",
        "What is planned forward bears its simulation and volume plan; what is modulated includes them.",
        "`charges/plan.csv`; IMRT-01 speaks",
    ),
    law(
        "SRS-06",
        "What a hospital does around radiosurgery is charged, though its payment includes it.",
        "no rule speaks against it",
    ),
    law(
        "BRA-01",
        "A high-dose-rate fraction is coded by its channels, on the skin by the size of the lesion.",
        "`charges/brachy.csv`",
    ),
    law(
        "BRA-02",
        "No calculation and no handling of sources stands beside a high-dose-rate fraction.",
        "`pairs.csv`; PTP-01 speaks",
    ),
    law(
        "BRA-07",
        "Electronic brachytherapy includes planning, devices, physics and management of its day.",
        "`pairs.csv`; PTP-01 speaks",
    ),
    law("SRT-01", "A surface fraction is coded by its kilovolts.", "`charges/treatment.csv`"),
    law(
        "SRT-03",
        "Several lesions on a day are one unit of surface treatment, unless a person sees that the payer pays more.",
        "sessions are one unit; UNIT-01 speaks",
    ),
    law(
        "EM-04",
        "The hospital's side of a visit is its own code, never the physician's.",
        "`charges/derived.csv`; visits are drafted on the physician's claim alone",
    ),
    law(
        "COMP-01",
        "In a hospital the physician's share of a divided code bears 26, and technical work is on the facility's claim alone.",
        "`codes.csv`, column `component`",
    ),
    law(
        "COMP-02",
        "In a center that bills as one, both shares are one line without 26 or TC.",
        "shares are joined as they are drafted; PART-01 speaks",
    ),
    law(
        "COMP-03",
        "In a center whose physicians bill apart, the shares are two lines, TC and 26.",
        "the settings, `entities = \"apart\"`",
    ),
    law(
        "COMP-05",
        "What is packaged in a hospital is charged nevertheless.",
        "`codes.csv`, column `facility_line`",
    ),
    law(
        "COMP-07",
        "The review of guidance bears 26 everywhere, unless a payer wants it bare.",
        "parameter `guidance_form`",
    ),
    law(
        "MOD-03",
        "A visit inside a 90-day period that has nothing to do with it bears 24.",
        "`codes.csv`, column `global_days`; BRA-05 speaks",
    ),
    law(
        "DOS-02",
        "Weekly management is dated the last fraction of its block, or the first where a payer wants it.",
        "parameter `mgmt_dos`",
    ),
    law(
        "DOS-03",
        "No weekly management before its block is whole, but for the rest of a closed course.",
        "management is drafted from fractions; SRC-01 speaks of what was sent",
    ),
    law(
        "DOS-04",
        "Management of a stereotactic or short course is dated its last fraction.",
        "management is drafted from fractions",
    ),
    law(
        "SEQ-03",
        "No weekly management before five fractions are recorded.",
        "management is drafted from fractions",
    ),
    law(
        "SEQ-07",
        "The close of a course earns what is left over, and shows what is missing.",
        "management is drafted anew when a course closes",
    ),
    law(
        "DUP-01",
        "The same charge said twice is one charge.",
        "facts and lines are known by what they are",
    ),
    law(
        "DUP-02",
        "A credit takes its charge back, and everything is counted anew.",
        "credits cancel out before anything is drafted",
    ),
    law(
        "UNIT-02",
        "Some limits of a day are absolute, others may be appealed.",
        "`limits.csv`, column `indicator`; UNIT-01 speaks",
    ),
    law(
        "UNIT-03",
        "The limits of the fourth quarter of 2026 stand in the table.",
        "`limits.csv`; UNIT-01 speaks",
    ),
    law(
        "UNIT-05",
        "Practitioner limits are those of 2024 until the newer table is imported.",
        "`limits.csv`, column `why`",
    ),
];
