//! Who comes in (RM-14, RM-15, RM-17, RM-19). Pure: place, person, booking and time are parameters, rights come from
//! the matrix.

use chrono::{DateTime, TimeDelta, Utc};

use super::model::{DoorArea, Reason, Standing};
use crate::{
    experts::SeatState,
    identity::{Action, Duty, Object, Parties, Phase, authorize},
    jurisdiction::RoomKind,
    kernel::{Actor, RegionCode, Role, actor::AccountActor},
    rooms::Span,
};

/// Where a door leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// One room.
    Room(RoomKind),
    /// Several rooms.
    Area(DoorArea),
}

impl Behind {
    /// Whether the answer tells who sits on a committee (EX-13). There only what the person carries counts: an account's
    /// id is not in the person's hands alone, and whoever holds a door's key could try ids.
    pub fn leads_to_a_committee(self) -> bool {
        match self {
            Self::Room(kind) => matches!(kind, RoomKind::Evaluation | RoomKind::Rest | RoomKind::Storage),
            Self::Area(area) => area == DoorArea::Evaluation,
        }
    }
}

/// The booked slot under way behind the door, or the next one within the lead time.
#[derive(Debug, Clone)]
pub struct Booked {
    /// What was asked for.
    pub during: Span,
    /// The same with the time for setting up and cleaning.
    pub blocked: Span,
    /// Deadline of bids of its tender.
    pub deadline: DateTime<Utc>,
    /// Who takes part in its project.
    pub parties: Parties,
}

/// Everything an answer hangs on.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Hall time.
    pub now: DateTime<Utc>,
    /// Where the door leads.
    pub behind: Behind,
    /// The centre.
    pub centre: &'a str,
    /// Where the centre stands.
    pub region: &'a RegionCode,
    /// Minutes before a slot from which its people come in (a setting).
    pub lead: TimeDelta,
    /// Who stands there; nobody where the hall does not know the pass.
    pub person: Option<AccountActor>,
    /// What is booked.
    pub booked: Option<Booked>,
    /// The person's seat on the committee of the booking's tender.
    pub seat: Option<SeatState>,
    /// Whether the member's belongings lie in a locker.
    pub deposited: bool,
}

/// Whether the door opens, and in what standing the person is noted.
///
/// # Errors
/// Why it stays shut.
pub fn decide(facts: &Facts<'_>) -> (Standing, Result<(), Reason>) {
    let Some(person) = &facts.person else { return (Standing::Unknown, Err(Reason::UnknownPass)) };
    let actor = Actor::Account(person.clone());
    (standing(person, facts.seat), enter(facts, &actor))
}

fn enter(facts: &Facts<'_>, actor: &Actor) -> Result<(), Reason> {
    match facts.behind {
        Behind::Room(RoomKind::Control) => entitled(actor, Action::DoorControl, &serves(facts, actor)),
        Behind::Area(DoorArea::Corridor) => entitled(actor, Action::DoorService, &serves(facts, actor)),
        // Members come here to hand in what may not go further.
        Behind::Room(RoomKind::Storage) => entitled(actor, Action::DoorService, &serves(facts, actor))
            .or_else(|no| match &facts.booked {
                Some(booked) if facts.seat.is_some() => {
                    in_time(facts, booked)?;
                    member(facts, booked, actor)
                }
                _ => Err(no),
            }),
        Behind::Area(DoorArea::Evaluation) => evaluation(facts, actor),
        Behind::Room(RoomKind::Evaluation | RoomKind::Rest) => evaluation(facts, actor),
        Behind::Room(RoomKind::Opening) => opening(facts, actor),
        Behind::Room(RoomKind::Draw) => booked_room(facts, actor, Action::DoorDraw),
        Behind::Room(RoomKind::Complaint) => booked_room(facts, actor, Action::DoorComplaint),
    }
}

/// Bidders wait for the deadline, all of them: before it nobody shall see who comes, and the door never asks who has
/// bid.
fn opening(facts: &Facts<'_>, actor: &Actor) -> Result<(), Reason> {
    let booked = facts.booked.as_ref().ok_or(Reason::NoBooking)?;
    booked_room(facts, actor, Action::DoorOpening)?;
    let host = actor
        .organisation()
        .is_some_and(|one| one == booked.parties.purchaser || Some(one) == booked.parties.agency);
    let begun = facts.now >= booked.deadline.max(booked.during.from);
    if actor.has(Role::Bidder) && !host && !begun { Err(Reason::BeforeDeadline) } else { Ok(()) }
}

/// Checked in, since avoidance is cleared then, and with the belongings left behind (RM-14).
fn evaluation(facts: &Facts<'_>, actor: &Actor) -> Result<(), Reason> {
    let Some(booked) = &facts.booked else { return Err(Reason::NoBooking) };
    if actor.has(Role::Operator) && !booked.during.contains(facts.now) && booked.blocked.contains(facts.now) {
        return entitled(actor, Action::DoorService, &serves(facts, actor));
    }
    member(facts, booked, actor)?;
    in_time(facts, booked)?;
    if facts.seat != Some(SeatState::CheckedIn) {
        return Err(Reason::NotCheckedIn);
    }
    if facts.deposited { Ok(()) } else { Err(Reason::BelongingsKept) }
}

fn member(facts: &Facts<'_>, booked: &Booked, actor: &Actor) -> Result<(), Reason> {
    let object = Object::of(&booked.parties, Phase::Draft).member(facts.seat.is_some());
    entitled(actor, Action::DoorEvaluation, &object)
}

/// A room that its booking opens to parties and duty; the centre's own people also set up and clean.
fn booked_room(facts: &Facts<'_>, actor: &Actor, action: Action) -> Result<(), Reason> {
    let booked = facts.booked.as_ref().ok_or(Reason::NoBooking)?;
    entitled(actor, action, &Object::of(&booked.parties, Phase::Draft))?;
    if actor.has(Role::Operator) && booked.blocked.contains(facts.now) {
        return Ok(());
    }
    in_time(facts, booked)
}

fn in_time(facts: &Facts<'_>, booked: &Booked) -> Result<(), Reason> {
    let open = booked.during.widened(facts.lead, TimeDelta::zero());
    if open.contains(facts.now) { Ok(()) } else { Err(Reason::NoBooking) }
}

/// The centre itself as the thing: its own people's, and that of whoever supervises where it stands.
fn serves(facts: &Facts<'_>, actor: &Actor) -> Object<'static> {
    Object::none().own(works_for(actor, facts.centre) || reaches(actor, facts.region))
}

/// Whether the actor works for the centre.
pub fn works_for(actor: &Actor, centre: &str) -> bool {
    actor.account().and_then(|account| account.centre.as_deref()) == Some(centre)
}

/// Whether the actor supervises where the centre stands.
pub fn reaches(actor: &Actor, region: &RegionCode) -> bool {
    Duty::of(actor).is_some_and(|duty| region.as_str().starts_with(&duty.region_stem))
}

fn entitled(actor: &Actor, action: Action, object: &Object<'_>) -> Result<(), Reason> {
    authorize(actor, action, object).map_err(|_| Reason::NotEntitled)
}

fn standing(person: &AccountActor, seat: Option<SeatState>) -> Standing {
    let has = |role| person.roles.contains(&role);
    if seat.is_some() || has(Role::Expert) {
        Standing::Expert
    } else if has(Role::Bidder) {
        Standing::Bidder
    } else if has(Role::Operator) {
        Standing::Operator
    } else if person.roles.iter().any(|role| role.supervises()) {
        Standing::Supervisor
    } else if has(Role::Purchaser) {
        Standing::Purchaser
    } else if has(Role::Agency) {
        Standing::Agency
    } else {
        Standing::Other
    }
}
