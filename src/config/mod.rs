//! The settings.
#![allow(missing_docs)]
use crate::domain::{Claim, Setting};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
pub struct Settings {
    pub site: S,
    pub store: P,
    pub mappings: P,
    pub sources: Vec<Src>,
    pub destinations: Vec<Dst>,
    pub console: Option<C>,
}
pub struct S {
    pub name: String,
    pub time_zone: jiff::tz::TimeZone,
    pub setting: Setting,
    pub payer: String,
}
pub struct P {
    pub path: PathBuf,
}
pub struct C {
    pub listen: SocketAddr,
}
pub struct Src {
    pub name: String,
    pub profile: String,
    pub system: String,
    pub listen: L,
}
pub struct Dst {
    pub name: String,
    pub profile: String,
    pub claims: Vec<Claim>,
    pub send: A,
    pub connections: usize,
    pub answer_seconds: u64,
}
pub struct L;
pub struct A;
impl L {
    pub fn mllp(&self) -> Option<SocketAddr> {
        None
    }
}
impl A {
    pub fn mllp(&self) -> Option<String> {
        None
    }
}
impl Settings {
    pub fn read(
        _: &Path,
        _: impl Iterator<Item = (String, String)>,
    ) -> Result<Settings, Vec<String>> {
        Err(vec![])
    }
    pub fn check_profiles(&self, _: &[&str], _: &[&str]) -> Vec<String> {
        vec![]
    }
}
