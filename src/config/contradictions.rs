//! What is sound by itself and wrong together.

use crate::domain::{Claim, Setting};

use super::places::{Places, join};
use super::section::nearest;
use super::{ConsoleSettings, Destination, Endpoint, Problem, Settings, Source};

/// What was read, sound or not in its other parts.
pub(super) struct Together<'a> {
    pub(super) setting: Option<Setting>,
    pub(super) sources: &'a [Source],
    pub(super) destinations: &'a [Destination],
    pub(super) console: Option<ConsoleSettings>,
    pub(super) places: &'a Places,
}

impl Together<'_> {
    /// Names that stand twice, claims that the site does not make, ports that two want.
    pub(super) fn contradictions(&self) -> Vec<Problem> {
        let sources = self.sources.iter().map(|it| (it.path.as_str(), it.name.as_str()));
        let destinations = self.destinations.iter().map(|it| (it.path.as_str(), it.name.as_str()));
        let mut problems = self.twice("source", sources.collect());
        problems.extend(self.twice("destination", destinations.collect()));
        if let Some(setting) = self.setting {
            let foreign = |it| self.foreign_claims(it, setting);
            problems.extend(self.destinations.iter().flat_map(foreign));
        }
        problems.extend(self.ports());
        problems
    }

    fn twice(&self, what: &str, names: Vec<(&str, &str)>) -> Vec<Problem> {
        let again = names.iter().enumerate().filter(|(at, (_, name))| {
            names[..*at].iter().any(|(_, before)| before.eq_ignore_ascii_case(name))
        });
        again
            .map(|(_, (path, name))| {
                let text = format!("`name` is `{name}`, as of another {what}: give each its own");
                self.places.problem(&join(path, "name"), text)
            })
            .collect()
    }

    fn foreign_claims(&self, destination: &Destination, setting: Setting) -> Vec<Problem> {
        let ours = claims_of(setting);
        let foreign = destination.claims.iter().filter(|claim| !ours.contains(claim));
        foreign
            .map(|claim| {
                let all: Vec<&str> = ours.iter().map(|claim| claim.as_str()).collect();
                let text = format!(
                    "`claims` has {claim}, which a {} site does not make: write {}",
                    setting.as_str(),
                    all.join(" or ")
                );
                self.places.problem(&join(&destination.path, "claims"), text)
            })
            .collect()
    }

    fn ports(&self) -> Vec<Problem> {
        let mut opened: Vec<(Endpoint, String)> = self
            .sources
            .iter()
            .filter_map(|it| Some((it.listen.endpoint()?.clone(), join(&it.path, "listen"))))
            .collect();
        opened.extend(self.console.map(|console| {
            let listen = console.listen;
            (
                Endpoint { host: listen.ip().to_string(), port: listen.port() },
                "console.listen".to_owned(),
            )
        }));
        let again = opened.iter().enumerate().filter(|(at, (endpoint, _))| {
            opened[..*at].iter().any(|(before, _)| endpoint.clashes(before))
        });
        again
            .map(|(_, (endpoint, path))| {
                let text = format!(
                    "`listen` opens port {}, which another listener opens too: choose another",
                    endpoint.port
                );
                self.places.problem(path, text)
            })
            .collect()
    }
}

impl Settings {
    /// Profiles that no table explains: `sources` and `destinations` are the names that there are.
    pub fn unknown_profiles(&self, sources: &[&str], destinations: &[&str]) -> Vec<Problem> {
        let ours = self.sources.iter().map(|it| (&it.path, &it.profile, sources));
        let theirs = self.destinations.iter().map(|it| (&it.path, &it.profile, destinations));
        let unknown =
            ours.chain(theirs).filter(|(_, profile, all)| !all.contains(&profile.as_str()));
        let problem = |(path, profile, all): (&String, &String, &[&str])| {
            let instead = match nearest(profile, all) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("there are {}", all.join(", ")),
            };
            let text = format!("`profile` is `{profile}`, which the tables do not have: {instead}");
            self.places.problem(&join(path, "profile"), text)
        };
        unknown.map(problem).collect()
    }

    /// The claims that the site makes and that no destination takes: their lines would wait.
    pub fn claims_without_destination(&self) -> Vec<Claim> {
        let taken = |claim: &Claim| self.destinations.iter().any(|it| it.claims.contains(claim));
        claims_of(self.site.setting).iter().copied().filter(|claim| !taken(claim)).collect()
    }
}

fn claims_of(setting: Setting) -> &'static [Claim] {
    match setting {
        Setting::Hospital => &[Claim::Facility, Claim::Professional],
        Setting::Freestanding => &[Claim::Global],
    }
}
