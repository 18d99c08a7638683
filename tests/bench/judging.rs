//! What judging costs: lines a second on one core, the n-th fraction of a course, and a message in
//! a store of many.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use collimator::domain::{Answer, Claim, Facts, Identifier, MessageId, PersonId, Setting, Site};
use collimator::ledger::{self, News};
use collimator::mappings::Tables;
use collimator::pipeline::{self, Pipeline, Route, Setup, SourceSetup};
use collimator::store::{Books, StoredMessage};
use collimator::telemetry::SystemClock;
use collimator::wire::hl7;

/// Fractions at which the cost is looked at.
const LOOKED_AT: [usize; 5] = [1, 5, 10, 20, 40];

/// Fractions of one course.
const FRACTIONS: usize = 40;

/// People whose courses are measured.
const PEOPLE: usize = 60;

const PHYSICIAN: &str = "1999000114^Harrowgate^Imogen^^^^MD^^NPPES^L^^^NPI";
const THERAPIST: &str = "1999000312^Dunmere^Otis^^^^RT^^NPPES^L^^^NPI";

/// The messages of one person's course: before treatment, and for each fraction.
struct Course {
    before: Vec<String>,
    fractions: Vec<Vec<String>>,
}

pub(crate) fn setup() -> Setup {
    let route = |name: &str, claim| Route {
        destination: name.into(),
        claims: vec![claim],
        profile: "dft-2.5.1".into(),
    };
    Setup {
        tables: Arc::new(Tables::embedded().unwrap()),
        site: Site::plain(Setting::Hospital, "medicare"),
        time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
        sources: vec![SourceSetup {
            name: "aria".into(),
            profile: "aria".into(),
            system: String::new(),
            bills: true,
            takes_unknown: false,
        }],
        routes: vec![
            route("hospital-billing", Claim::Facility),
            route("physician-billing", Claim::Professional),
        ],
    }
}

impl Course {
    /// A daily course with guidance and its review, weekly exams and checks.
    fn new(person: usize) -> Course {
        let mut number = 0;
        let mut next = |day: jiff::civil::Date, what: &str| {
            number += 1;
            message(person, number, (day, what))
        };
        let start = jiff::civil::date(2026, 2, 2);
        let before = [
            (-10, "doc CONSULT"),
            (-10, "CONSULT code"),
            (-9, "doc PLANNOTE"),
            (-9, "PLAN-NOTE-C"),
            (-8, "doc SIMNOTE"),
            (-8, "DEVICE-COMPLEX"),
            (-3, "PLAN-VMAT"),
            (-3, "MLC-IMRT"),
            (-3, "CALC"),
        ];
        let day = |offset: i64| start.saturating_add(jiff::Span::new().days(offset));
        let before = before.map(|(offset, what)| next(day(offset), what)).to_vec();
        let fraction = |nth: usize| {
            let day = day(i64::try_from(nth / 5 * 7 + nth % 5).unwrap());
            let mut told = vec![
                next(day, &format!("TX-VMAT {}", nth + 1)),
                next(day, "IGRT-CBCT"),
                next(day, "doc IMGREV"),
            ];
            if nth % 5 == 4 {
                told.push(next(day, "doc OTV"));
                told.push(next(day, "PHYS-WEEKLY"));
            }
            told
        };
        Course { before, fractions: (0..FRACTIONS).map(fraction).collect() }
    }
}

fn message(person: usize, number: usize, (day, what): (jiff::civil::Date, &str)) -> String {
    let day = day.strftime("%Y%m%d");
    let control_id = format!("P{person}M{number}");
    let (kind, rest) = what
        .strip_prefix("doc ")
        .map_or(("DFT^P03^DFT_P03", what), |name| ("MDM^T02^MDM_T02", name));
    let (name, more) = rest.split_once(' ').unwrap_or((rest, ""));
    let session = if name.starts_with("TX") || name.starts_with("IG") || name == "IMGREV" {
        format!("2.25.{person}.{day}")
    } else {
        String::new()
    };
    let fraction = more.parse::<u32>().map_or(String::new(), |nth| format!("{nth}|{FRACTIONS}"));
    let fraction = if fraction.is_empty() { "|".to_owned() } else { fraction };
    let code = if more == "code" { "99205" } else { "" };
    let diagnoses = if name.starts_with("TX") { "Z51.0^^I10~C61^^I10" } else { "C61^^I10" };
    let performer = if name.starts_with("TX") { THERAPIST } else { PHYSICIAN };
    let head = format!(
        "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|{day}200000||{kind}|{control_id}|P|2.5.1\r\
         PID|1||9{person:06}^^^EXAMPLE^MR||Quill^Invented||19500101|F||||||||||A{person}\rPV1|1|O\r"
    );
    let plan = if name.starts_with("CONSULT") || name.starts_with("PLAN-NOTE") { "" } else { "P1" };
    let zrt = format!("ZRT|C1|{plan}|{fraction}|{session}\r");
    if kind.starts_with("MDM") {
        return format!(
            "{head}TXA|1|{name}|TX|{day}190000|||||{PHYSICIAN}|||D{person}-{number}^ARIA|||||LA\r{zrt}"
        );
    }
    format!(
        "{head}FT1|1|T{person}-{number}|B1|{day}1015|{day}200000|CG|{name}^x^L|||1|||RADONC|||RADONC^ROOM|||\
         {diagnoses}|{performer}|{PHYSICIAN}||O{number}||{code}|\r{zrt}"
    )
}

fn stored(id: i64, raw: &str) -> StoredMessage {
    StoredMessage {
        id: MessageId(id),
        source: "aria".into(),
        received: jiff::Timestamp::UNIX_EPOCH,
        control_id: hl7::scan(raw.as_bytes()).control_id().to_vec(),
        answer: Answer::Accept,
        reason: None,
        raw: raw.as_bytes().to_vec(),
    }
}

/// Tells the three measurements.
pub(crate) fn tell(people: &[usize]) {
    lines_a_second();
    for (name, books) in [
        ("in memory", Books::open_in_memory().unwrap()),
        ("on disk", Books::open(tempfile::tempdir().unwrap().keep().as_path()).unwrap()),
    ] {
        fractions(name, Arc::new(books));
    }
    messages_in_a_store(people);
}

/// Facts of a course, as far as its n-th fraction.
fn facts(course: &Course, setup: &Setup, fractions: usize) -> Facts {
    let books = Arc::new(Books::open_in_memory().unwrap());
    let mut pipeline = Pipeline::new(Arc::clone(&books), setup.clone(), Arc::new(SystemClock));
    let told = course.before.iter().chain(course.fractions[..fractions].iter().flatten());
    let run: Vec<_> =
        told.enumerate().map(|(n, raw)| stored(i64::try_from(n).unwrap() + 1, raw)).collect();
    pipeline.carry(&run).unwrap();
    let identifier = Identifier { authority: "EXAMPLE".into(), number: "9000001".into() };
    let person = books.person_of(&identifier).unwrap().unwrap_or(PersonId(1));
    books.load(person).unwrap().facts
}

fn lines_a_second() {
    let setup = setup();
    let course = Course::new(1);
    println!("judged whole, pure   lines   lines/s   microseconds");
    for fractions in LOOKED_AT {
        let facts = facts(&course, &setup, fractions);
        let (mut rounds, mut lines) = (0_u32, 0);
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(800) {
            let judged = pipeline::judged(&facts, &setup);
            lines = judged.lines.len();
            let changes = ledger::reconcile(&[], judged.lines, News::Facts, &|_| vec![None]);
            assert!(changes.len() >= lines);
            rounds += 1;
        }
        let each = since.elapsed() / rounds;
        let rate = lines as u128 * 1_000_000_000 / each.as_nanos().max(1);
        println!("after fraction {fractions:>3} {lines:>8} {rate:>9} {:>14}", each.as_micros());
    }
}

/// The cost of the messages of the n-th fraction, told one at a time, over many people.
fn fractions(name: &str, books: Arc<Books>) {
    let setup = setup();
    let mut pipeline = Pipeline::new(books, setup, Arc::new(SystemClock));
    let courses: Vec<Course> = (0..PEOPLE).map(|n| Course::new(n + 1)).collect();
    let mut id = 0;
    let mut carry = |raw: &str| {
        id += 1;
        let message = stored(id, raw);
        let since = Instant::now();
        pipeline.carry(std::slice::from_ref(&message)).unwrap();
        since.elapsed()
    };
    for course in &courses {
        for raw in &course.before {
            carry(raw);
        }
    }
    let mut costs = Vec::new();
    for nth in 0..FRACTIONS {
        // The three messages that every fraction has.
        let mut spent: Vec<Duration> = Vec::new();
        for course in &courses {
            let told = &course.fractions[nth];
            let mut one = Duration::ZERO;
            for (place, raw) in told.iter().enumerate() {
                let took = carry(raw);
                if place < 3 {
                    one += took;
                }
            }
            spent.push(one);
        }
        spent.sort();
        costs.push(spent[spent.len() / 2]);
    }
    println!("one fraction (delivery, guidance, review), {name}: median microseconds");
    for nth in LOOKED_AT {
        let times = costs[nth - 1].as_micros() * 100 / costs[0].as_micros().max(1);
        let took = costs[nth - 1].as_micros();
        println!(
            "fraction {nth:>3} {took:>8} {:>5}.{:02} times the first",
            times / 100,
            times % 100
        );
    }
}

/// The cost of a message when so many are in the store already.
fn messages_in_a_store(sizes: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let books = Arc::new(Books::open(Path::new(folder.path())).unwrap());
    let mut pipeline = Pipeline::new(Arc::clone(&books), setup(), Arc::new(SystemClock));
    let (mut id, mut person) = (0_i64, 1_000_000);
    for size in sizes {
        let size = i64::try_from(*size).unwrap();
        let since = Instant::now();
        while id < size {
            // People who come twice: a visit, and its note.
            let mut run = Vec::new();
            while run.len() < 256 && id < size {
                person += 1;
                for (number, what) in [(1, "doc CONSULT"), (2, "CONSULT code")] {
                    id += 1;
                    let day = jiff::civil::date(2026, 3, 3);
                    run.push(stored(id, &message(person, number, (day, what))));
                }
            }
            pipeline.carry(&run).unwrap();
        }
        let filled = since.elapsed();
        let mut spent: Vec<Duration> = Vec::new();
        let course = Course::new(usize::try_from(id).unwrap() % 100_000 + 1);
        let told = course.before.iter().chain(course.fractions[..10].iter().flatten());
        for raw in told {
            id += 1;
            let message = stored(id, raw);
            let since = Instant::now();
            pipeline.carry(std::slice::from_ref(&message)).unwrap();
            spent.push(since.elapsed());
        }
        spent.sort();
        println!(
            "{size:>9} messages in the store: {:>6} microseconds a message (median; filled in {} s)",
            spent[spent.len() / 2].as_micros(),
            filled.as_secs()
        );
    }
}

/// Where the time goes.
pub(crate) fn rooms() {
    use collimator::{care, charge, check};
    let setup = setup();
    let course = Course::new(1);
    for fractions in LOOKED_AT {
        let facts = facts(&course, &setup, fractions);
        let mut spent = [Duration::ZERO; 4];
        for _ in 0..500 {
            let since = Instant::now();
            let record = care::record(&facts, &setup.tables);
            spent[0] += since.elapsed();
            let since = Instant::now();
            let drafted = charge::draft(&record, &setup.tables, &setup.site);
            spent[1] += since.elapsed();
            let bench = check::Bench { record: &record, tables: &setup.tables, site: &setup.site };
            let since = Instant::now();
            let judged = check::judge(drafted, &bench);
            spent[2] += since.elapsed();
            let since = Instant::now();
            drop(ledger::reconcile(&[], judged, News::Facts, &|_| vec![None]));
            spent[3] += since.elapsed();
        }
        println!("{fractions:>3} {:?}", spent.map(|it| it.as_micros() / 500));
    }
}
