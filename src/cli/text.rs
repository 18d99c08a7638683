//! What the page of a reason says, in short: `mappings/holds/<id>.md`.

/// The title of a page.
pub(super) fn title(page: &str) -> &str {
    page.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default().trim()
}

/// Who clears it.
pub(super) fn cleared_by(page: &str) -> &str {
    page.lines().find_map(|line| line.strip_prefix("**Cleared by:**")).unwrap_or_default().trim()
}

/// Its first paragraph of prose, as one line.
pub(super) fn first_paragraph(page: &str) -> String {
    let paragraphs = page.split("\n\n").map(str::trim);
    let mut prose = paragraphs.filter(|it| !it.starts_with('#') && !it.starts_with("**Cleared by"));
    let words: Vec<&str> = prose.next().unwrap_or_default().split_whitespace().collect();
    words.join(" ").replace("**", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_in_short() {
        let page =
            "# Too many\n\n**Cleared by:** charge capture\n\nThe line bills\nmore.\n\nMore.\n";
        assert_eq!(title(page), "Too many");
        assert_eq!(cleared_by(page), "charge capture");
        assert_eq!(first_paragraph(page), "The line bills more.");
        assert_eq!((title(""), cleared_by(""), first_paragraph("").as_str()), ("", "", ""));
    }
}
