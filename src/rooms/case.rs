//! What every act on a booking stands on: the policies, and the tender with its project.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    identity::{Action, Object, Side, authorize_known, claim_side},
    jurisdiction::{
        Jurisdiction,
        model::{Centre, RoomKind},
    },
    kernel::{
        Actor, Category, LegalGround, Problem, Rejection,
        actor::AccountActor,
        id::{OrganisationId, RoomId, TenderId},
        time::hall_date,
    },
    law::Law,
    ledger::Entry,
    platform::db::Tx,
    projects::{self, Project},
    rooms::{
        model::{Booking, Room},
        rules::TenderFacts,
        store,
    },
    tenders::{self, Place, Tender},
};

/// The policies that booking stands on.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// Centres with their rooms and settings.
    pub jurisdiction: &'a Jurisdiction,
    /// Calendar and grounds.
    pub law: &'a Law,
}

impl Policy<'_> {
    /// A centre that rooms, projects or bookings name.
    pub(super) fn centre(&self, code: &str) -> Result<&Centre, Problem> {
        self.jurisdiction.centre(code).ok_or_else(|| {
            Problem::internal(anyhow::anyhow!("no file of centre {code}, whose rooms are asked for"))
        })
    }

    /// The article behind RM-2 in the regime of the project: 招标投标法 34, for purchases 财政部令87 39.
    pub(super) fn opening_ground(&self, case: &Case, now: DateTime<Utc>) -> Result<LegalGround, Problem> {
        let rule = if case.project.category == Category::Procurement { "GPB-7" } else { "ENG-16" };
        Ok(self.law.ground(rule, case.tender.law_on.unwrap_or_else(|| hall_date(now)))?)
    }
}

/// A tender with its project: what rights and rules of a booking depend on.
pub(super) struct Case {
    pub(super) tender: Tender,
    pub(super) project: Project,
}

impl Case {
    pub(super) async fn load(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Self, Problem> {
        let tender = tenders::load(conn, id).await?;
        let project = projects::load(conn, tender.project).await?;
        Ok(Self { tender, project })
    }

    /// Holds the tender to the end of the transaction: no deadline or phase moves meanwhile.
    pub(super) async fn lock(tx: &mut Tx<'_>, id: TenderId) -> Result<Self, Problem> {
        let tender = tenders::lock(tx, id).await?;
        let project = projects::load(tx.conn(), tender.project).await?;
        Ok(Self { tender, project })
    }

    pub(super) fn facts(&self) -> TenderFacts {
        TenderFacts { phase: self.tender.phase, deadline: self.tender.deadline }
    }

    /// Who may not read bookings of the tender is not told that there are any.
    pub(super) fn permit(&self, actor: &Actor, action: Action) -> Result<(), Problem> {
        let parties = self.project.parties();
        let object = Object::of(&parties, self.tender.authority());
        authorize_known(actor, Action::BookingRead, action, &object)
    }

    /// Whether the actor may do this to the booking: that the complaint room is booked, the parties do not learn, and
    /// only a supervising body gives it up (RM-19).
    pub(super) fn permit_on(&self, actor: &Actor, action: Action, booking: &Booking) -> Result<(), Problem> {
        let complaint = booking.slots.iter().any(|slot| slot.kind == RoomKind::Complaint);
        if complaint && actor.account().is_some_and(|account| self.is_party(account)) {
            return Err(Rejection::not_found().into());
        }
        match action {
            Action::BookingCancel if complaint => self.permit(actor, Action::ComplaintRoomBook),
            action => self.permit(actor, action),
        }
    }

    /// Whether the account acts for a party, not for the centre or a supervising body.
    pub(super) fn is_party(&self, account: &AccountActor) -> bool {
        account.organisation == self.project.purchaser || Some(account.organisation) == self.project.agency
    }

    /// The organisation that books: the mandated agency, or the purchaser that hosts itself.
    pub(super) fn host(&self) -> OrganisationId {
        self.project.agency.unwrap_or(self.project.purchaser)
    }

    /// Whoever acts on a booking takes a side in the project (SOD-1).
    pub(super) async fn take_side(&self, tx: &mut Tx<'_>, account: &AccountActor) -> Result<(), Problem> {
        let side = if Some(account.organisation) == self.project.agency {
            Side::Agency
        } else if account.organisation == self.project.purchaser {
            Side::Purchaser
        } else if account.roles.iter().any(|role| role.supervises()) {
            Side::Supervisor
        } else {
            Side::Operator
        };
        claim_side(tx, self.project.id, account.account, side).await
    }

    pub(super) fn entry(&self, act: &'static str, booking: &Booking) -> Entry {
        rows(Entry::new(act).project(self.project.id).tender(self.tender.id), booking)
    }

    /// Tells the tender the place of its opening, which the document needs before it is published (RM-3).
    pub(super) async fn tell_place(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        now: DateTime<Utc>,
        booking: &Booking,
    ) -> Result<(), Problem> {
        let Some(opening) = booking.opening() else { return Ok(()) };
        let rooms = store::by_ids(tx.conn(), &[opening.room]).await?;
        let room = room_of(&rooms, opening.room)?;
        let place = Place {
            booking: booking.id,
            room_code: room.code.clone(),
            room_name: room.name.clone(),
            opens_at: opening.during.from,
        };
        tenders::fix_place(tx, actor, now, &self.tender, place).await
    }
}

/// Names a booking with its slots in an entry of the record.
pub(super) fn rows(entry: Entry, booking: &Booking) -> Entry {
    let entry = entry.row("bookings", booking.id.0);
    booking.slots.iter().fold(entry, |entry, slot| entry.row("booking_slots", slot.id))
}

pub(super) fn room_of(rooms: &[Room], id: RoomId) -> Result<&Room, Problem> {
    rooms
        .iter()
        .find(|room| room.id == id)
        .ok_or_else(|| Problem::internal(anyhow::anyhow!("slot in the unknown room {id}")))
}

pub(super) fn signed_in(actor: &Actor) -> Result<&AccountActor, Problem> {
    actor.account().ok_or_else(|| Rejection::unauthenticated().into())
}
