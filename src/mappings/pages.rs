//! A page for each table, for people: what a row is, what each column says, and the rows.

use super::Folder;

/// A kind of table.
struct Kind {
    /// Its file, or the folder of many of them.
    files: &'static str,
    /// What one row is.
    row: &'static str,
    /// What each column says; columns named like attributes are said once, at the end.
    columns: &'static [(&'static str, &'static str)],
}

const FROM: (&str, &str) = ("from", "first day of service on which the row counts");
const UNTIL: (&str, &str) = ("until", "last such day; blank while it is in force");
const WHY: (&str, &str) = ("why", "where it comes from");

const KINDS: &[Kind] = &[
    Kind {
        files: "codes.csv",
        row: "one version of a code",
        columns: &[
            ("code", "the code"),
            ("system", "CPT or HCPCS"),
            ("family", "the kind of work it stands for"),
            ("care_step", "the step of the process of care"),
            ("component", "how its shares are divided"),
            ("facility_line", "whether a hospital’s claim has a line of it"),
            ("revenue", "the revenue code of that line"),
            ("setting", "whose code it is"),
            ("global_days", "days after it that hold related visits"),
            ("label", "what it is, in our words"),
            ("instead", "what is billed on a day when this version is not in force"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "pairs.csv",
        row: "two codes that do not stand together freely",
        columns: &[
            ("column_1", "the code that is paid"),
            ("column_2", "the code that is denied beside it"),
            ("indicator", "0: never together; 1: with a modifier that tells them apart"),
            ("claims", "whose claims it speaks of"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "limits.csv",
        row: "how many units of a code a day bears",
        columns: &[
            ("code", "the code"),
            ("claims", "whose claims it speaks of"),
            ("units", "the most"),
            ("indicator", "1: each line; 2: the day, absolute; 3: the day, open to appeal"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "diagnoses.csv",
        row: "diagnoses of one kind",
        columns: &[
            ("from_code", "the first diagnosis"),
            ("until_code", "the last"),
            ("group", "the kind of disease"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "diagnosis-sites.csv",
        row: "diagnoses of one site",
        columns: &[
            ("from_code", "the first diagnosis"),
            ("until_code", "the last"),
            ("group", "the site"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "diagnosis-sides.csv",
        row: "diagnoses that name a side",
        columns: &[
            ("from_code", "the first diagnosis"),
            ("until_code", "the last"),
            ("group", "which character tells the side, counted without the dot: 1 right, 2 left"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "charges/",
        row: "what a kind of work earns",
        columns: &[
            ("kind", "the kind of work"),
            ("setting", "in which kind of site"),
            ("diagnosis", "for which site of the body"),
            ("code", "the code, or none"),
            ("missing", "the fact that the code would need"),
            ("with", "the family of codes that it goes with"),
            ("place", "where the patient is seen"),
            ("family", "the family of management"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "payers/",
        row: "what a payer wants",
        columns: &[
            ("parameter", "which of the rules’ parameters"),
            ("value", "its value"),
            FROM,
            UNTIL,
            ("owner", "who answers for the row"),
            ("source", "the policy or manual"),
            ("review", "by when the owner looks at it again; `check` warns after it"),
            WHY,
        ],
    },
    Kind {
        files: "sources/",
        row: "what a source calls its work",
        columns: &[
            ("activity", "the source’s name, exactly"),
            ("label", "what it is, in our words"),
            ("kind", "the kind of work"),
            ("attributes", "what is known of it, `key=value` parted by `;`"),
            FROM,
            UNTIL,
            WHY,
        ],
    },
    Kind {
        files: "examples/",
        row: "a thing and what it must earn",
        columns: &[
            ("source", "the dictionary that knows it"),
            ("activity", "what was done"),
            ("day", "when"),
            ("setting", "in which kind of site"),
            ("diagnoses", "diagnoses in order, parted by blanks"),
            ("earns", "the code; `-` nothing; `from-source`; `missing` a fact"),
            WHY,
        ],
    },
];

/// What a column says that has the name of an attribute.
const ATTRIBUTE: &str = "the attribute of that name in the dictionary: a value, any, or none";

/// Columns that every table of a kind must have said something about.
pub(super) fn says(file: &str, column: &str) -> Option<&'static str> {
    let kind = kind(file)?;
    let own = kind.columns.iter().find(|(name, _)| *name == column).map(|(_, says)| *says);
    own.or_else(|| super::dictionary::KEYS.contains(&column).then_some(ATTRIBUTE))
}

fn kind(file: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| {
        kind.files == file || { kind.files.ends_with('/') && file.starts_with(kind.files) }
    })
}

impl Folder {
    /// A page of Markdown for each table: its name, and the page.
    pub fn pages(&self) -> Vec<(String, String)> {
        let tables = self.beginning("").into_iter();
        let tables = tables.filter(|(name, _)| name.ends_with(".csv"));
        tables
            .filter_map(|(name, bytes)| {
                let page = page(&name, kind(&name)?, &bytes);
                Some((format!("{}.md", name.trim_end_matches(".csv").replace('/', "-")), page))
            })
            .collect()
    }
}

fn page(file: &str, kind: &Kind, bytes: &[u8]) -> String {
    let mut reader = csv::Reader::from_reader(bytes);
    let headings: Vec<String> =
        reader.headers().map(|row| row.iter().map(str::to_owned).collect()).unwrap_or_default();
    let mut page =
        format!("# `{file}`\n\nOne row is {}.\n\n| column | says |\n|---|---|\n", kind.row);
    for heading in &headings {
        let says = says(file, heading).unwrap_or_default();
        page.push_str(&format!("| `{heading}` | {says} |\n"));
    }
    page.push_str(&format!("\n| {} |\n|{}\n", headings.join(" | "), "---|".repeat(headings.len())));
    for row in reader.records().flatten() {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        page.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    page
}
