//! Who we are to others, and who they are to us: certificates, keys, tokens.
//!
//! **In:** files that the settings name. **Out:** TLS for both ends of a connection, bearer tokens
//! that are fresh, a connection to somebody who listens, a client for servers of the web; or everything that is [`Wrong`] with the files.
//!
//! **Never:** shows a secret, sends one to another server than it is for, follows a redirect, or
//! takes a certificate that it cannot prove.
//!
//! **Start at** [`server`] and [`client`], which read the files; [`Bearer`] keeps a token fresh.

mod bearer;
mod chain;
mod dial;
mod files;
mod fresh;
mod signing;
mod tls;
mod tokens;
mod web;

pub use bearer::{Bearer, Error};
pub use dial::{NotOpen, Stream, dial};
pub use fresh::{Fresh, Renewed, asking, calling, server};
pub use signing::{Signing, jwks};
pub use tls::client;
pub use tokens::Tokens;
pub use web::{bounded, web_client};

/// What is wrong with a file that the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The key that names it, within its table: `tls.certificate`.
    pub key: &'static str,
    /// What is wrong, and what to do instead.
    pub text: String,
}

impl Wrong {
    fn new(key: &'static str, text: impl Into<String>) -> Wrong {
        Wrong { key, text: text.into() }
    }
}
