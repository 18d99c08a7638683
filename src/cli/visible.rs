//! Text that a terminal shows and does not obey.

use std::borrow::Cow;

/// The text with a visible mark for every sign that a terminal would act on: control signs, and
/// those that turn the direction of writing or hide what follows.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for sign in text.chars() {
        match sign {
            sign if !acts(sign) => shown.push(sign),
            '\u{7f}' => shown.push('\u{2421}'),
            '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(sign))),
            sign => shown.push_str(&format!("‹{:04X}›", u32::from(sign))),
        }
    }
    Cow::Owned(shown)
}

/// How many columns of a terminal the text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn acts(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(sign, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Signs that stand on the one before take no column, those of East Asia two.
fn columns(sign: char) -> usize {
    match u32::from(sign) {
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff => 2,
        0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        for row in rows(
            r"
            | text          | shown           |
            | Müller        | Müller          |
            | a\u{1b}[31mb  | a␛[31mb         |
            | a\u{7}b       | a␇b             |
            | a\u{a}b       | a␊b             |
            | a\u{7f}b      | a␡b             |
            | a\u{9b}31mb   | a‹009B›31mb     |
            | a\u{202e}b    | a‹202E›b        |
            ",
        ) {
            let text = row["text"].split(r"\u{").enumerate().map(|(n, part)| match n {
                0 => part.to_owned(),
                _ => {
                    let (sign, rest) = part.split_once('}').unwrap();
                    let sign = u32::from_str_radix(sign, 16).unwrap();
                    format!("{}{rest}", char::from_u32(sign).unwrap())
                }
            });
            assert_eq!(visible(&text.collect::<String>()), row["shown"], "{row}");
        }
    }

    #[test]
    fn a_width_counts_columns_and_not_letters() {
        for (text, columns) in [("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("功徑", 4)] {
            assert_eq!(width(text), columns, "{text}");
        }
    }
}
