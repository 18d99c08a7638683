//! From a resource to its text: whole numbers without a point.

use fhir_sdk::r4b::resources::Resource;

use super::Error;

/// A resource as JSON text.
pub(super) fn written(resource: &Resource) -> Result<String, Error> {
    Ok(whole_numbers(&serde_json::to_string(resource)?))
}

/// Takes `.0` away from every number that ends with it: the types hold decimals as floats, and a
/// quantity of one is `1`. What stands between quotes stays.
fn whole_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let after = &rest[sign.len_utf8()..];
        let ends = |more: &str| !more.starts_with(|it: char| it.is_ascii_digit() || it == 'e');
        match sign {
            '.' if !quoted && after.starts_with('0') && ends(&after[1..]) => {
                rest = &after[1..];
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && sign == '\\' && !escaped;
        out.push(sign);
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_lose_their_point_and_texts_keep_it() {
        for (text, expected) in [
            (r#"{"value":1.0}"#, r#"{"value":1}"#),
            (r#"[12.0,1.05,1.50,10.0]"#, r#"[12,1.05,1.50,10]"#),
            (r#"{"a":"1.0","b":"\"1.0","c":2.0}"#, r#"{"a":"1.0","b":"\"1.0","c":2}"#),
            (r#"{"a":"\\","b":3.0}"#, r#"{"a":"\\","b":3}"#),
        ] {
            assert_eq!(whole_numbers(text), expected);
        }
    }
}
