//! The pages of `mappings/holds/` as HTML: headings, paragraphs, lists, strong, code. Whatever else
//! stands in a page is shown as text.

/// A page as HTML, without its title; everything in it is escaped.
pub(super) fn html(page: &str) -> String {
    let mut html = String::new();
    for block in page.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        if block.starts_with("# ") {
            continue;
        }
        if let Some(title) = block.strip_prefix("## ") {
            html.push_str(&format!("<h3>{}</h3>\n", inline(title)));
        } else if block.lines().all(|line| line.starts_with("- ") || line.starts_with("  ")) {
            html.push_str(&list(block));
        } else {
            html.push_str(&format!("<p>{}</p>\n", inline(block)));
        }
    }
    html
}

/// The title of a page.
pub(super) fn title(page: &str) -> &str {
    page.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default().trim()
}

/// Who clears it.
pub(super) fn cleared_by(page: &str) -> &str {
    page.lines().find_map(|line| line.strip_prefix("**Cleared by:**")).unwrap_or_default().trim()
}

fn list(block: &str) -> String {
    let mut items: Vec<String> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("- "), items.last_mut()) {
            (Some(item), _) => items.push(item.to_owned()),
            (None, Some(item)) => item.push_str(&format!(" {}", line.trim())),
            (None, None) => items.push(line.trim().to_owned()),
        }
    }
    let items: String = items.iter().map(|item| format!("<li>{}</li>\n", inline(item))).collect();
    format!("<ul>\n{items}</ul>\n")
}

/// Text with `**strong**` and `` `code` `` in it.
fn inline(text: &str) -> String {
    let mut html = String::new();
    for (place, piece) in escaped(text).split('`').enumerate() {
        if place % 2 == 1 {
            html.push_str(&format!("<code>{piece}</code>"));
            continue;
        }
        for (place, piece) in piece.split("**").enumerate() {
            if place % 2 == 1 {
                html.push_str(&format!("<strong>{piece}</strong>"));
            } else {
                html.push_str(piece);
            }
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_html_and_nothing_in_it_runs() {
        let page = "# Title\n\n**Cleared by:** coder\n\nSee `FREQ-01` & <b>x</b>.\n\n- one\n  more\n- two\n";
        assert_eq!(
            html(page),
            "<p><strong>Cleared by:</strong> coder</p>\n\
             <p>See <code>FREQ-01</code> &amp; &lt;b&gt;x&lt;/b&gt;.</p>\n\
             <ul>\n<li>one more</li>\n<li>two</li>\n</ul>\n"
        );
        assert_eq!((title(page), cleared_by(page)), ("Title", "coder"));
    }
}
