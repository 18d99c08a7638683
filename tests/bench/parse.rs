//! What a message costs: a bare scan of its bytes, `hl7-parser` alone, the quick look before the
//! answer, the message taken apart, and all of it up to the facts that it tells.

use std::hint::black_box;
use std::time::{Duration, Instant};

use collimator::domain::MessageId;
use collimator::interpret::{self, Reading};
use collimator::mappings::Tables;
use collimator::wire::hl7::{self, Message};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How long each is measured, after half as long to get warm.
const MEASURED_MILLIS: u64 = 1_500;

const CHARGE: &str = "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|20261008181000||DFT^P03^DFT_P03|B1|P|2.5.1|||AL|NE\r\
    EVN|P03|20261008181000\r\
    PID|1||4490001^^^EXAMPLE^MR||Quill^Odette^^^^^L||19610304|F||||||||||A4490001\r\
    PV1|1|O|RADONC^LINAC2^^EXAMPLE||||1999000510^Tolliver^Maud^^^^MD^^NPPES^L^^^NPI||||||||||||V4490001\r";

const LINE: &str = "||20261008101500|20261008181000|CG|TX-3D^Three-dimensional treatment^L|||1|||RADONC|||RADONC^LINAC2^^EXAMPLE|||C61^^I10~Z51.0^^I10|1999000528^Ferrow^Ines^^^^RT^^NPPES^L^^^NPI|1999000510^Tolliver^Maud^^^^MD^^NPPES^L^^^NPI||F1\rZRT|C1|P1|1|28|2.25.77\r";

/// A charge message of about one kilobyte, and a result with a document of one megabyte in it.
fn messages() -> [(&'static str, Vec<u8>); 2] {
    let charge = format!("{CHARGE}FT1|1|T1{LINE}FT1|2|T2{LINE}");
    let result = format!(
        "{}OBR|1|P1|F1|NOTE^Treatment summary^L\rOBX|1|ED|PDF^Summary^L||^application^pdf^Base64^{}||||||F\r",
        CHARGE.replace("DFT^P03^DFT_P03", "ORU^R01^ORU_R01"),
        "JVBERi0xLjQKJeLj".repeat(1 << 16)
    );
    [("DFT", charge.into_bytes()), ("ORU", result.into_bytes())]
}

/// Prints what each step costs for each message.
pub(crate) fn tell() {
    let tables = Tables::embedded().unwrap();
    let zone = TimeZone::UTC;
    let reading = Reading {
        profile: tables.profile("aria").unwrap(),
        system: "",
        time_zone: &zone,
        message: MessageId(1),
        received: Timestamp::UNIX_EPOCH,
    };
    println!("message  bytes    step                        µs each     MB/s");
    for (name, raw) in messages() {
        let text = String::from_utf8(raw.clone()).unwrap();
        let shown = |step: &str, each: Duration| {
            let nanos = u64::try_from(each.as_nanos()).unwrap().max(1);
            let rate = raw.len() as u64 * 1_000 / nanos;
            let micros = format!("{}.{:03}", nanos / 1_000, nanos % 1_000);
            println!("{name:<8} {:<8} {step:<26} {micros:>9} {rate:>8}", raw.len());
        };
        shown(
            "bare scan of the bytes",
            measured(|| {
                black_box(memchr::memchr2_iter(b'\r', b'|', black_box(&raw)).count());
            }),
        );
        shown(
            "hl7-parser alone",
            measured(|| {
                black_box(hl7_parser::Message::parse(black_box(&text)).unwrap().segments.len());
            }),
        );
        shown(
            "look before the answer",
            measured(|| {
                black_box(hl7::scan(black_box(&raw)).verdict.is_ok());
            }),
        );
        shown(
            "taken apart",
            measured(|| {
                black_box(Message::parse(black_box(&raw)).unwrap().segments().count());
            }),
        );
        shown(
            "wire and interpret",
            measured(|| {
                black_box(interpret::read(black_box(&raw), &reading).unwrap().people.len());
            }),
        );
    }
}

fn measured(mut step: impl FnMut()) -> Duration {
    run(&mut step, Duration::from_millis(MEASURED_MILLIS / 2));
    run(&mut step, Duration::from_millis(MEASURED_MILLIS))
}

fn run(step: &mut impl FnMut(), span: Duration) -> Duration {
    let (begun, mut times) = (Instant::now(), 0);
    while begun.elapsed() < span {
        step();
        times += 1;
    }
    begun.elapsed() / times
}
