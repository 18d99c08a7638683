//! What oncology systems tell: the cases from the field, and copies of them for other people.

use std::path::Path;

use collimator::wire::hl7;

/// The messages of a case, in order, as they go into frames.
pub fn case(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    messages(&std::fs::read(folder.join(format!("{name}.hl7"))).unwrap())
}

/// The plain course of one fraction, told of another person: ten lines under their own account,
/// their numbers all their own.
pub fn course_of(number: usize) -> Vec<Vec<u8>> {
    let other = |message: Vec<u8>| {
        let text = String::from_utf8(message).unwrap();
        let text = text.replace("4412801", &format!("5{number:06}"));
        text.replace("K28", &format!("N{number}")).into_bytes()
    };
    case("K-28").into_iter().map(other).collect()
}

/// The same course as resources of FHIR: where each is put, and what it says.
pub fn fhir_course_of(number: usize) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/K-28-over-fhir.json");
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("4412801", &format!("5{number:06}"));
    let text =
        text.replace("K28", &format!("N{number}")).replace("2.25.", &format!("2.25.{number}"));
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let entries = bundle["entry"].as_array().unwrap().iter();
    let put = entries.map(|entry| {
        let resource = &entry["resource"];
        let text = |key: &str| resource[key].as_str().unwrap().to_owned();
        (format!("{}/{}", text("resourceType"), text("id")), resource.to_string())
    });
    put.collect()
}

/// The account of such a person.
pub fn account_of(number: usize) -> String {
    format!("A5{number:06}")
}

/// A charge message that is right, with this control id.
pub fn charge(control_id: &str) -> String {
    format!(
        "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|20261008120000||DFT^P03^DFT_P03|{control_id}|P|2.5.1\r\
         PID|1||4499001^^^EXAMPLE^MR||Plainly^Ada||19500101|F||||||||||A4499001\r\
         PV1|1|O\r\
         FT1|1|T-{control_id}||20261008|20261008120000|CG|TX-2D^Fraction^L|||1||||||||C61^^I10\r\
         ZRT|C1|P1|1|1|2.25.1\r"
    )
}

fn messages(file: &[u8]) -> Vec<Vec<u8>> {
    let file: Vec<u8> =
        file.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte }).collect();
    hl7::split(&file).into_iter().map(<[u8]>::to_vec).collect()
}

/// The fraction of such a person, taken back by its source.
pub fn taken_back(number: usize) -> Vec<u8> {
    let told = course_of(number).into_iter().map(|message| String::from_utf8(message).unwrap());
    let told = told.into_iter().find(|text| text.contains("|TX-2D^")).unwrap();
    let lines = told.split('\r').map(|line| {
        if !line.starts_with("FT1|") {
            return line.to_owned();
        }
        let mut fields: Vec<&str> = line.split('|').collect();
        let original = std::mem::replace(&mut fields[2], "BACK-1");
        fields[6] = "CD";
        fields.resize(31, "");
        fields.push(original);
        fields.join("|")
    });
    let credit = lines.collect::<Vec<_>>().join("\r");
    let control_id = credit.split('|').nth(9).unwrap().to_owned();
    credit.replacen(&control_id, "BACK-1", 1).into_bytes()
}

/// MSH-10 as it stands.
pub fn control_id(message: &[u8]) -> Vec<u8> {
    message.split(|byte| *byte == b'|').nth(9).unwrap_or_default().to_vec()
}
