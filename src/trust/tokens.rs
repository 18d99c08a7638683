//! The bearer tokens of which a request must bring one.

use std::path::Path;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Wrong;
use super::files::{self, SECRET_SIGNS_MIN};

/// The tokens that open a listener: only what they hash to is kept.
pub struct Tokens(Vec<[u8; 32]>);

impl Tokens {
    /// Reads a file of tokens, a line each; lines that are empty or begin with `#` are passed over.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(path: &Path) -> Result<Tokens, Wrong> {
        const KEY: &str = "tokens_file";
        let text = files::text(KEY, path)?;
        let lines = text.lines().map(str::trim).enumerate();
        let mut tokens = Vec::new();
        for (n, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            if line.len() < SECRET_SIGNS_MIN || !line.bytes().all(|byte| byte.is_ascii_graphic()) {
                let text = format!(
                    "holds no token on line {}: write {SECRET_SIGNS_MIN} letters and digits or more",
                    n + 1
                );
                return Err(files::in_file(KEY, path, &text));
            }
            tokens.push(hash(line));
        }
        if tokens.is_empty() {
            return Err(files::in_file(KEY, path, "holds no token: write one a line"));
        }
        Ok(Tokens(tokens))
    }

    /// Whether a token is one of them. How long that takes tells nothing of them.
    pub fn know(&self, token: &str) -> bool {
        let told = hash(token);
        let known = self.0.iter().map(|one| one.ct_eq(&told));
        known.fold(subtle::Choice::from(0), |any, one| any | one).into()
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Not even their number is shown.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        for (text, says) in [
            ("", "holds no token: write"),
            ("# none\n\n", "holds no token: write"),
            ("short", "on line 1"),
            ("# ours\nan-invented-token with-a-blank\n", "on line 2"),
        ] {
            std::fs::write(&path, text).unwrap();
            let wrong = Tokens::read(&path).unwrap_err();
            assert!(wrong.key == "tokens_file" && wrong.text.contains(says), "{wrong:?}");
        }
        std::fs::write(&path, "# ours\r\nan-invented-token-1\r\n\r\nan-invented-token-2\r\n")
            .unwrap();
        let tokens = Tokens::read(&path).unwrap();
        for (token, known) in [
            ("an-invented-token-1", true),
            ("an-invented-token-2", true),
            ("an-invented-token-", false),
            ("an-invented-token-11", false),
            ("", false),
            ("# ours", false),
        ] {
            assert_eq!(tokens.know(token), known, "{token}");
        }
    }
}
