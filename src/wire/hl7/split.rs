//! Takes a file apart into its messages.

const VT: u8 = 0x0b;
const FS: u8 = 0x1c;

/// The messages of a file, in order: one or many, segments ended by CR, LF or both, with or
/// without blank lines between messages, in a batch (FHS, BHS, BTS, FTS) or not, with the bytes
/// of MLLP frames or not. What stands outside of any message and is not blank is a piece of its
/// own, so that it is refused and not lost.
pub fn split(file: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut begins = 0;
    let mut at = 0;
    while at < file.len() {
        let end = memchr::memchr2(b'\r', b'\n', &file[at..]).map_or(file.len(), |it| at + it);
        let start = at + lead(&file[at..end]);
        let line = &file[start..end];
        if is_header(line) {
            pieces.push(&file[begins..at]);
            begins = start;
        } else if is_envelope(line) {
            pieces.push(&file[begins..at]);
            begins = end;
        }
        if line.last() == Some(&FS) {
            pieces.push(&file[begins.min(end - 1)..end - 1]);
            begins = end;
        }
        at = end + 1;
    }
    pieces.push(&file[begins.min(file.len())..]);
    pieces.into_iter().map(bare).filter(|piece| !piece.is_empty()).collect()
}

/// How many bytes before the segment belong to a frame or are a mark of the encoding.
pub(super) fn lead(line: &[u8]) -> usize {
    let bare = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let skipped = bare.iter().take_while(|byte| matches!(**byte, FS | VT | b' ' | 0)).count();
    let after = &bare[skipped..];
    let bom = if after.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let start = line.len() - after.len() + bom;
    if is_header(&line[start..]) || is_envelope(&line[start..]) { start } else { 0 }
}

pub(super) fn is_header(line: &[u8]) -> bool {
    let after = line.split_at_checked(3).filter(|(name, _)| name.eq_ignore_ascii_case(b"MSH"));
    after.is_some_and(|(_, rest)| rest.first().is_none_or(u8::is_ascii_punctuation))
}

pub(super) fn is_envelope(line: &[u8]) -> bool {
    line.split_at_checked(3).is_some_and(|(name, rest)| {
        [b"FHS", b"BHS", b"BTS", b"FTS"].iter().any(|it| name.eq_ignore_ascii_case(*it))
            && rest.first().is_none_or(u8::is_ascii_punctuation)
    })
}

/// Without what frames and line ends leave at the ends of a piece.
fn bare(piece: &[u8]) -> &[u8] {
    let rest = |byte: &u8| matches!(*byte, b'\r' | b'\n' | VT | FS | 0 | 0x1a);
    let first = piece.iter().position(|byte| !rest(byte) && *byte != b' ');
    let last = piece.iter().rposition(|byte| !rest(byte));
    match (first, last) {
        (Some(first), Some(last)) if first <= last => &piece[first..=last],
        (_, _) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(file: &str) -> Vec<String> {
        split(file.as_bytes()).iter().map(|it| String::from_utf8_lossy(it).into()).collect()
    }

    #[test]
    fn messages_come_out_of_a_file_however_it_is_written() {
        let two = ["MSH|1", "MSH|2"];
        for file in [
            "MSH|1\rMSH|2\r",
            "MSH|1\nMSH|2",
            "MSH|1\r\n\r\nMSH|2\r\n",
            "\u{feff}MSH|1\n\n\n  MSH|2\n\n",
            "FHS|x\rBHS|x\rMSH|1\rMSH|2\rBTS|2\rFTS|1\r",
            "BHS|x\rMSH|1\rBTS|1\rBHS|y\rMSH|2\r",
            "\u{b}MSH|1\r\u{1c}\r\u{b}MSH|2\r\u{1c}\r",
            "\u{b}MSH|1\u{1c}\r\n\u{b}MSH|2\u{1c}\r\n\u{1a}",
            "\u{b}\u{feff}MSH|1\r\u{1c}\rMSH|2",
            "\u{b}MSH|1\r\u{1c}\u{b}MSH|2",
        ] {
            assert_eq!(pieces(file), two, "{file:?}");
        }
        assert_eq!(pieces("MSH|1\nPID|a \n\nPID|b\nMSH|2\n"), ["MSH|1\nPID|a \n\nPID|b", "MSH|2"]);
    }

    #[test]
    fn k_27_a_bare_header_at_the_end_is_its_own_message() {
        let file = "\u{b}MSH|^~\\&|A\rOBX|1||||||F\r\u{1c}\r\nMSH|^~\\&|ARIA|AL|NE";
        assert_eq!(pieces(file), ["MSH|^~\\&|A\rOBX|1||||||F", "MSH|^~\\&|ARIA|AL|NE"]);
        assert_eq!(pieces("MSH|1\rPID|a\rMSH"), ["MSH|1\rPID|a", "MSH"]);
    }

    #[test]
    fn what_is_no_message_is_not_lost() {
        assert_eq!(pieces("hello\nMSH|1"), ["hello", "MSH|1"]);
        assert_eq!(pieces("hello"), ["hello"]);
        assert_eq!(pieces("BHS|x\rMSH|1\rBTS|1\rPID|late\r"), ["MSH|1", "PID|late"]);
        assert!(pieces("").is_empty());
        assert!(pieces("\r\n\u{b}\u{1c}\r").is_empty());
    }

    #[test]
    fn an_envelope_that_ends_a_frame_is_no_message() {
        assert!(pieces("FHS|^~\u{1c}").is_empty());
        assert_eq!(pieces("BHS|^~\u{1c}\rMSH|1"), ["MSH|1"]);
    }

    #[test]
    fn text_that_begins_like_a_header_is_none() {
        assert_eq!(pieces("MSH|1\nMSHABC\nPID|2").len(), 1);
    }

    proptest! {
        #[test]
        fn every_byte_of_a_file_is_in_a_piece_or_is_framing(
            file in prop::collection::vec(prop::sample::select(b"MSH|PID\r\n\x0b\x1c A".to_vec()), 0..80)
        ) {
            let kept: usize = split(&file).iter().flat_map(|it| it.iter()).filter(|b| b.is_ascii_alphabetic()).count();
            prop_assert_eq!(kept, file.iter().filter(|b| b.is_ascii_alphabetic()).count());
        }

        #[test]
        fn no_file_makes_it_panic(file in prop::collection::vec(any::<u8>(), 0..300)) {
            split(&file);
        }
    }
}
