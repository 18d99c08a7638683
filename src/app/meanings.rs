//! What is needed of a resource to bill by it: asked of `interpret` when `receive` takes it in.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::{Objection, Resource, Shelf};
use crate::interpret::fhir::{self, FhirReading};
use crate::mappings::InForce;
use crate::receive::Objects;

/// How a source over FHIR is read.
pub(super) struct Meanings {
    /// The tables in force.
    pub(super) tables: Arc<InForce>,
    /// Its profile.
    pub(super) profile: String,
    /// The numbering that its numbers belong to.
    pub(super) system: String,
    /// Where the site is.
    pub(super) time_zone: TimeZone,
}

impl Meanings {
    fn reading<T: Default>(
        &self,
        resource: &Resource,
        shelf: &dyn Shelf,
        read: impl FnOnce(&FhirReading<'_>) -> T,
    ) -> T {
        let tables = self.tables.now();
        let Some(profile) = tables.fhir_profile(&self.profile) else {
            return T::default();
        };
        read(&FhirReading {
            profile,
            system: &self.system,
            time_zone: &self.time_zone,
            message: resource.message,
            received: resource.said,
            shelf,
        })
    }
}

impl Objects for Meanings {
    fn whose(&self, resource: &Resource, shelf: &dyn Shelf) -> String {
        self.reading(resource, shelf, |reading| fhir::whose(resource, reading))
    }

    fn objections(&self, resource: &Resource, shelf: &dyn Shelf) -> Vec<Objection> {
        self.reading(resource, shelf, |reading| fhir::objections(resource, reading))
    }
}
