//! What is read and written again is the same, whatever the delimiters, the version and the
//! character set; and what each version's structure is read by.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, ISO_2022_JP, ISO_8859_2, ISO_8859_7, SHIFT_JIS, UTF_8,
    WINDOWS_1252,
};
use proptest::prelude::*;

use super::{Acknowledgment, MsaCode, Style};
use super::{Delimiters, Message, Terms, Writer, acknowledge, scan, scan_on};

const VERSIONS: [&str; 16] = [
    "2.1",
    "2.2",
    "2.3",
    "2.3.1",
    "2.4",
    "2.5",
    "2.5.1",
    "2.6",
    "2.7",
    "2.7.1",
    "2.8",
    "2.8.1",
    "2.8.2",
    "2.9",
    "2.3.1^AUS&Australia&ISO3166-1",
    "",
];

const SIGNS: &[u8] = b"|^~\\&#!@$%*+=:;?{}[]<>";

/// Charsets as MSH-18 spells them, and how their bytes are made.
fn charsets() -> Vec<(&'static str, &'static Encoding)> {
    vec![
        ("UNICODE UTF-8", UTF_8),
        ("", UTF_8),
        ("8859/1", WINDOWS_1252),
        ("8859/2", ISO_8859_2),
        ("8859/7", ISO_8859_7),
        ("BIG-5", BIG5),
        ("GB 18030-2000", GB18030),
        ("KS X 1001", EUC_KR),
        ("ISO IR87", ISO_2022_JP),
        ("JIS X 0202", ISO_2022_JP),
        ("Shift_JIS", SHIFT_JIS),
    ]
}

/// Five signs, all different; the fifth is not always used.
fn delimiters() -> impl Strategy<Value = Delimiters> {
    (Just(SIGNS.to_vec()).prop_shuffle(), any::<bool>()).prop_map(|(signs, truncates)| Delimiters {
        field: signs[0],
        component: signs[1],
        repetition: signs[2],
        escape: Some(signs[3]),
        subcomponent: Some(signs[4]),
        truncation: truncates.then_some(signs[5]),
    })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        r"[ -~]{0,12}",
        "[a-zA-Z0-9äöüßéČřΩλ功徑한글 |^~\\\\&#\r\n]{0,10}",
        Just("\\".to_owned()),
        Just("\\F\\".to_owned()),
        Just("\\X0D\\".to_owned()),
    ]
}

/// A text as a charset can spell it.
fn within(text: &str, encoding: &'static Encoding) -> String {
    text.chars().filter(|sign| !encoding.encode(&sign.to_string()).2).collect()
}

/// A message of such values: fields of a segment, repetitions of a field, components.
fn written(values: &[Vec<Vec<String>>], header: (Delimiters, &str, &str)) -> String {
    let (delimiters, version, charset) = header;
    let mut writer = Writer::new(delimiters);
    let versions: Vec<&str> = version.split(['^']).take(1).collect();
    writer
        .header()
        .text(3, "A")
        .parts(9, &["DFT", "P03"])
        .text(10, "7")
        .text(11, "P")
        .parts(12, &versions)
        .text(18, charset);
    let mut segment = writer.segment("ZZZ");
    for (number, field) in (1..).zip(values) {
        segment.list(number, field);
    }
    writer.finish()
}

/// The same values, read.
fn read(message: &Message) -> Vec<Vec<Vec<String>>> {
    let segment = message.segment("ZZZ").unwrap();
    (1..=u16::try_from(segment.fields()).unwrap())
        .map(|number| {
            let repetitions = segment.field(number).repetitions().map(|repetition| {
                repetition.components().map(|it| it.text().into_owned()).collect::<Vec<_>>()
            });
            repetitions.collect()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_read_and_written_again_is_the_same(
        values in prop::collection::vec(prop::collection::vec(prop::collection::vec(texts(), 1..4), 1..4), 1..5),
        delimiters in delimiters(),
        version in prop::sample::select(VERSIONS.to_vec()),
        charset in prop::sample::select(charsets()),
    ) {
        let (label, encoding) = charset;
        let values: Vec<Vec<Vec<String>>> = values.into_iter().map(|field| {
            let field = field.into_iter().map(|repetition| {
                repetition.iter().map(|text| within(text, encoding)).collect::<Vec<_>>()
            });
            field.collect()
        }).collect();
        let first = written(&values, (delimiters, version, label));
        let bytes = encoding.encode(&first).0.into_owned();
        let message = Message::parse(&bytes).unwrap();
        prop_assert!(!message.is_damaged());
        let again = written(&read(&message), (delimiters, version, label));
        prop_assert_eq!(&encoding.encode(&again).0.into_owned(), &bytes);
        for (number, field) in (1..).zip(&values) {
            for (nth, repetition) in (1..).zip(field) {
                for (place, text) in (1..).zip(repetition) {
                    let value = message.field("ZZZ", number).repetition(nth).component(place);
                    prop_assert_eq!(value.text(), text.as_str());
                }
            }
        }
    }

    #[test]
    fn every_answer_can_be_read_whatever_it_answers(
        delimiters in delimiters(),
        version in prop::sample::select(VERSIONS.to_vec()),
        id in r"[ -~]{0,30}",
    ) {
        let header = written(&[], (delimiters, version, "")).replace("7", &id);
        let found = scan_on(header.as_bytes(), &Terms::TAKEN);
        let objection = found.verdict.as_ref().err();
        let code = objection.map_or(MsaCode::Accept, |it| it.answer);
        let told = Acknowledgment { code, objection, notes: &[], made: "2026", control_id: "1", style: Style::default() };
        let answer = acknowledge(&found, &told);
        let read = super::answer::read(&answer).unwrap();
        prop_assert_eq!(read.code, code);
        let message = Message::parse(&answer).unwrap();
        prop_assert_eq!(message.field("MSA", 2).raw().as_bytes(), found.control_id());
    }
}

/// What a charge message consists of in each version, and what senders make of it.
#[test]
fn every_version_is_taken_in_its_own_structure() {
    const FT1: &str = "FT1|1|T1||20261008|20261008|CG|TX|||1";
    for (version, kind, structure) in [
        ("2.1", "DFT", "EVN|P03!PID|||5!PV1|1|O!{}"),
        ("2.1", "DFT^P03", "EVN|P03!PID|||5!{}"),
        ("2.2", "DFT^P03", "EVN|P03!PID|||5!PV1|1|O!PV2|!OBX|1!{}"),
        ("2.3", "DFT^P03", "EVN|P03!PID|||5!PV1|1|O!{}!PR1|1!DG1|1||C61!DRG|!GT1|1!IN1|1!ACC|"),
        ("2.3.1", "DFT^P03", "EVN|P03!PID|||5!{}!PR1|1!ROL|1!DG1|1||C61!IN1|1!IN2|"),
        ("2.4", "DFT^P03", "EVN|P03!PID|||5!ROL|1!ORC|RE!OBR|1!OBX|1!{}"),
        ("2.4", "DFT^P11", "EVN|P11!PID|||5!DG1|1||C61!GT1|1!IN1|1!ACC|!{}!DG1|1||C50.9"),
        ("2.5.1", "DFT^P03^DFT_P03", "SFT|x!EVN|P03!PID|||5!{}!NTE|1"),
        ("2.6", "DFT^P03^DFT_P03", "SFT|x!UAC|y!EVN|P03!PID|||5!{}"),
        ("2.7", "DFT^P11^DFT_P11", "PID|||5!PV1|1|O!DG1|1||C61!IN1|1!{}"),
        ("2.8.2", "DFT^P03^DFT_P03", "PID|||5!PRT|1!PV1|1|O!PRT|2!{}!PRT|3"),
        ("2.9", "DFT^P03^DFT_P03", "PID|||5!{}!ZXT|1!GT1|1!PR1|1"),
        ("2.5.1", "DFT^P03", "GT1|1!IN1|1!{}!EVN|P03!PID|||5"),
    ] {
        let text = format!(
            "MSH|^~\\&|A|B|C|D|2026||{kind}|7|P|{version}!{}",
            structure.replace("{}", FT1)
        );
        let raw = text.replace('!', "\r");
        assert_eq!(scan(raw.as_bytes()).verdict, Ok(()), "{version} {structure}");
        let message = Message::parse(raw.as_bytes()).unwrap();
        assert_eq!(message.field("FT1", 7).code(), "TX", "{version} {structure}");
    }
}

#[test]
fn in_9_every_charge_that_is_wrong_is_told_by_its_place() {
    let wrong = |version: &str| {
        let text = format!(
            "MSH|^~\\&|A|B|C|D|2026||DFT^P03|7|P|{version}\rPID|||\rFT1|1|||x\rFT1|2|||20261008\rFT1|3|||\r"
        );
        let found = scan(text.as_bytes());
        let objection = found.verdict.as_ref().err();
        let told = Acknowledgment {
            code: MsaCode::Error,
            objection,
            notes: &[],
            made: "",
            control_id: "",
            style: Style::default(),
        };
        let answer = String::from_utf8(acknowledge(&found, &told)).unwrap();
        let errors: Vec<String> = answer
            .split('\r')
            .filter(|segment| segment.starts_with("ERR"))
            .map(|segment| segment.split('|').take(3).collect::<Vec<_>>().join("|"))
            .collect();
        errors
    };
    assert_eq!(wrong("2.7"), ["ERR||FT1^1^4", "ERR||FT1^3^4", "ERR||PID^1^3"]);
    assert_eq!(
        wrong("2.3"),
        [
            "ERR|FT1^1^4^102&Data type error~FT1^3^4^101&Required field missing~PID^1^3^101&Required field missing"
        ]
    );
}
