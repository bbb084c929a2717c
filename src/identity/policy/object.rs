//! What an act is about, as much as rights depend on.

use super::words::Phase;
use crate::kernel::{Category, id::OrganisationId};

/// Who takes part in a project, as far as rights depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The purchaser or tenderee.
    pub purchaser: OrganisationId,
    /// The agency that holds its mandate, if any.
    pub agency: Option<OrganisationId>,
    /// The centre it trades at, such as `152500`; `None` while undecided or where none is required.
    pub centre_code: Option<String>,
    /// Region of the project, such as `152527`.
    pub region_code: String,
    /// Class of trade.
    pub category: Category,
}

/// The thing acted on, as far as rights depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    /// Parties of the project, when it belongs to one.
    pub parties: Option<&'a Parties>,
    /// The centre it stands in, when it belongs to a centre and no project.
    pub centre: Option<&'a str>,
    /// Whether it belongs to the caller.
    pub own: bool,
    /// Whether the caller sits on its committee.
    pub member: bool,
    /// Where its procedure stands.
    pub phase: Phase,
}

impl<'a> Object<'a> {
    /// A thing outside all projects, or no thing at all.
    pub fn none() -> Self {
        Self { parties: None, centre: None, own: false, member: false, phase: Phase::Draft }
    }

    /// A thing of a project.
    pub fn of(parties: &'a Parties, phase: Phase) -> Self {
        Self { parties: Some(parties), centre: None, own: false, member: false, phase }
    }

    /// Says in which centre it stands.
    #[must_use]
    pub fn at_centre(mut self, centre: &'a str) -> Self {
        self.centre = Some(centre);
        self
    }

    /// Says whether it belongs to the caller.
    #[must_use]
    pub fn own(mut self, own: bool) -> Self {
        self.own = own;
        self
    }

    /// Says whether the caller sits on its committee.
    #[must_use]
    pub fn member(mut self, member: bool) -> Self {
        self.member = member;
        self
    }
}
