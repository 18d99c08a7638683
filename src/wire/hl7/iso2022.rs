//! Japanese in escapes of ISO 2022 (ISO IR14, IR87 and IR159; JIS X 0202): each escape says which
//! set the bytes behind it are of, and those may look like delimiters.

use std::borrow::Cow;

use encoding_rs::EUC_JP;

const ESC: u8 = 0x1b;

/// The sets that an escape may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// ASCII, and JIS X 0201's Latin letters: what parts a message is of these alone.
    Ascii,
    /// JIS X 0201's narrow katakana.
    Katakana,
    /// JIS X 0208, two bytes each.
    Kanji,
    /// JIS X 0212, two bytes each.
    MoreKanji,
}

/// Escapes, and what they call. Of the Latin letters of JIS X 0201 the one in the place of the
/// backslash is one here: an escape of HL7 is written with it.
const ESCAPES: [(&[u8], Set); 8] = [
    (b"(B", Set::Ascii),
    (b"(J", Set::Ascii),
    (b"(I", Set::Katakana),
    (b")I", Set::Ascii),
    (b"$B", Set::Kanji),
    (b"$@", Set::Kanji),
    (b"$(B", Set::Kanji),
    (b"$(D", Set::MoreKanji),
];

/// The text, and whether some bytes stand for nothing. The end of a line ends every set but ASCII.
pub(super) fn decode(message: &[u8]) -> (Cow<'_, str>, bool) {
    if message.is_ascii() && !message.contains(&ESC) {
        return (String::from_utf8_lossy(message), false);
    }
    let (euc, damaged) = euc(message);
    let (text, unread) = EUC_JP.decode_without_bom_handling(&euc);
    (Cow::Owned(text.into_owned()), damaged || unread)
}

/// The same bytes without escapes (EUC-JP).
fn euc(message: &[u8]) -> (Vec<u8>, bool) {
    let (mut out, mut damaged) = (Vec::with_capacity(message.len()), false);
    let (mut set, mut rest) = (Set::Ascii, message);
    while let [first, behind @ ..] = rest {
        rest = behind;
        match (*first, set) {
            (ESC, _) => match ESCAPES.iter().find(|(escape, _)| behind.starts_with(escape)) {
                Some((escape, called)) => {
                    set = *called;
                    rest = &behind[escape.len()..];
                }
                None => {
                    damaged = true;
                    out.push(ESC);
                }
            },
            (..=b' ' | 0x7f, _) => {
                if matches!(*first, b'\r' | b'\n') {
                    set = Set::Ascii;
                }
                out.push(*first);
            }
            (0xa1..=0xdf, Set::Ascii | Set::Katakana) => out.extend([0x8e, *first]),
            (_, Set::Ascii) => out.push(*first),
            (_, Set::Katakana) => out.extend([0x8e, *first | 0x80]),
            (_, Set::Kanji | Set::MoreKanji) => match behind.first() {
                Some(second) if *second > b' ' && *second != 0x7f => {
                    if set == Set::MoreKanji {
                        out.push(0x8f);
                    }
                    out.extend([*first | 0x80, *second | 0x80]);
                    rest = &behind[1..];
                }
                Some(_) | None => {
                    damaged = true;
                    out.push(b'?');
                }
            },
        }
    }
    (out, damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::ISO_2022_JP;
    use proptest::prelude::*;

    #[test]
    fn c_09_each_escape_calls_its_set() {
        let cases: &[(&[u8], &str, bool)] = &[
            (b"plain", "plain", false),
            (b"\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B|x", "山田^太郎|x", false),
            (b"\x1b$@;3\x1b(J\\F\\", "山\\F\\", false),
            (b"\x1b(I\x54\x5d\x1b(Ba", "ﾔﾝa", false),
            (b"\xd4\xdd a", "ﾔﾝ a", false),
            (b"\x1b$(D0!\x1b(B", "丂", false),
            (b"\x1b$B;3\rPID|", "山\rPID|", false),
            (b"\x1b$B;", "?", true),
            (b"\x1b$B;\rPID|", "?\rPID|", true),
            (b"\x1b%Gx", "\u{1b}%Gx", true),
            (b"\x1b", "\u{1b}", true),
        ];
        for (bytes, text, damaged) in cases {
            assert_eq!(decode(bytes), (Cow::Borrowed(*text), *damaged), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn c_09_what_another_hand_writes_is_read(text in "[ -\\[\\]-}あ-んア-ン山田太郎脊椎放射線\r]{0,40}") {
            let bytes = ISO_2022_JP.encode(&text).0.into_owned();
            prop_assert_eq!(decode(&bytes), (Cow::Borrowed(text.as_str()), false));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            decode(&bytes);
            decode(&[b"\x1b$B", bytes.as_slice()].concat());
        }
    }
}
