//! What the draw needs to know of rooms: the one place where experts ask for bookings (RM-17, EX-4).

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    experts::model::Witness,
    jurisdiction::model::RoomKind,
    kernel::{Code, LegalGround, Problem, Refusal, Say, id::TenderId},
    rooms::{self, Booking, Span},
};

/// Draws are made in a draw room confirmed for this tender and this time only (RM-17, a rule of the hall). Answers its
/// time.
///
/// # Errors
/// `draw-room-missing`.
pub async fn must_hold_draw_room(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    at: DateTime<Utc>,
) -> Result<Span, Problem> {
    let bookings = rooms::bookings_of(conn, tender).await?;
    let held = confirmed(&bookings)
        .flat_map(|booking| &booking.slots)
        .find(|slot| slot.kind == RoomKind::Draw && !slot.usage().is_over() && slot.during.contains(at));
    if let Some(slot) = held {
        return Ok(slot.during);
    }
    let detail = Say::new(
        "抽取专家只能在已确认预约的抽取室、在预约时段内进行。",
        "Experts are drawn only in a draw room that is booked and confirmed for this tender, within the booked time.",
    );
    let rule = LegalGround { id: "RM-17".into(), source: "setting".into(), article: None, earliest: None };
    Err(Refusal::new(Code::DrawRoomMissing, detail).by_rule(rule).into())
}

/// Two of purchaser, supervision and centre are there (RM-17, a rule of the hall): the operator who runs the draw, and
/// one who said so within this time of the draw room.
///
/// # Errors
/// `draw-unwitnessed`.
pub fn must_be_witnessed(witnesses: &[Witness]) -> Result<(), Refusal> {
    if !witnesses.is_empty() {
        return Ok(());
    }
    let detail = Say::new(
        "抽取专家时，采购人（招标人）、监督部门、中心三方须至少两方在场；请采购人或监督人员先确认在场。",
        "At least two of purchaser, supervision and centre are present at a draw: let the purchaser or a supervisor say \
         first to be there.",
    );
    let rule = LegalGround { id: "RM-17".into(), source: "setting".into(), article: None, earliest: None };
    Err(Refusal::new(Code::DrawUnwitnessed, detail).by_rule(rule))
}

/// The planned beginning of the evaluation: the first evaluation slot that is confirmed and not over; without one,
/// the opening or, once that is past, now.
///
/// # Errors
/// When the database is away.
pub async fn evaluation_planned_at(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    opening: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Problem> {
    let bookings = rooms::bookings_of(conn, tender).await?;
    let booked = confirmed(&bookings)
        .flat_map(|booking| &booking.slots)
        .filter(|slot| slot.kind == RoomKind::Evaluation && slot.during.to > now)
        .map(|slot| slot.during.from)
        .min();
    Ok(booked.unwrap_or(opening).max(now))
}

fn confirmed(bookings: &[Booking]) -> impl Iterator<Item = &Booking> {
    bookings.iter().filter(|booking| booking.state.firm())
}
