//! What parties and centres are told by post of their rooms.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    identity,
    jurisdiction::model::Centre,
    kernel::{
        Problem, Say,
        id::{BookingId, OrganisationId, RoomId},
        time::{hall_date, hall_instant, in_hall_zone},
    },
    platform::{
        db::Tx,
        jobs::{self, Job},
        outbox::{self, NewLetter},
    },
    rooms::{
        case::Case,
        fitting::Offer,
        model::{Booking, BookingState, Room, Slot},
        store,
    },
};

/// Reminds the centre of a request it has not answered (RM-7).
pub(super) const REMINDER_JOB: &str = "rooms.reminder";

#[derive(Serialize, Deserialize)]
struct Reminder {
    booking: BookingId,
}

/// Schedules the reminder for the opening of the centre on the last day for an answer.
///
/// # Errors
/// When the database is away.
pub(super) async fn remind_later(tx: &mut Tx<'_>, centre: &Centre, booking: &Booking) -> Result<(), Problem> {
    let Some(by) = booking.answer_by else { return Ok(()) };
    let last_day = hall_date(by - chrono::TimeDelta::seconds(1));
    let at = hall_instant(last_day, centre.settings.opens);
    let key = format!("remind {}", booking.id);
    jobs::schedule(tx, REMINDER_JOB, &key, at, json!(Reminder { booking: booking.id })).await
}

/// Tells the centre that a request waits for its answer, if it still does.
///
/// # Errors
/// When the database is away.
pub(super) async fn remind(tx: &mut Tx<'_>, job: &Job) -> Result<(), Problem> {
    let Reminder { booking } = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
    let Some(booking) = store::find(tx.conn(), booking).await? else { return Ok(()) };
    let (BookingState::Requested, Some(by)) = (booking.state, booking.answer_by) else { return Ok(()) };
    let case = Case::load(tx.conn(), booking.tender).await?;
    let now = tx.hall_now().await?;
    let (code, asked, by) = (&case.tender.code, in_hall_zone(booking.requested_at), in_hall_zone(by));
    let subject = Say::new(format!("场地预约待答复：{code}"), format!("Rooms to be confirmed: {code}"));
    let body = Say::new(
        format!("{code} 的场地预约（{asked} 提出）应于 {by} 前确认或驳回。"),
        format!("The rooms asked for {code} at {asked} are to be confirmed or rejected before {by}."),
    );
    let desks = identity::desks(tx.conn(), &booking.centre_code).await?;
    let letters: Vec<NewLetter> =
        desks.into_iter().filter_map(|desk| letter(desk.email, &subject, &body)).collect();
    outbox::post_all(tx, &letters, Some(booking.id.0), now).await
}

/// Tells the parties that the centre has moved their rooms.
///
/// # Errors
/// When the database is away.
pub(super) async fn moved(
    tx: &mut Tx<'_>,
    case: &Case,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let ids: Vec<_> = booking.slots.iter().map(|slot| slot.room).collect();
    let rooms = store::by_ids(tx.conn(), &ids).await?;
    let lines = booking.slots.iter().map(|slot| line(&rooms, slot.room, slot.during.from, slot.during.to));
    let lines = listed(lines.collect());
    let code = &case.tender.code;
    let subject = Say::new(format!("场地变更：{code}"), format!("Rooms changed: {code}"));
    let body = Say::new(
        format!("{code} 的场地已变更为：\n{}", lines.zh),
        format!("The rooms of {code} are now:\n{}", lines.en),
    );
    to_parties(tx, case, (&subject, &body), booking.id.0, now).await
}

/// Tells the centre that a postponement has moved rooms which it had confirmed.
///
/// # Errors
/// When the database is away.
pub(super) async fn postponed(
    tx: &mut Tx<'_>,
    case: &Case,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let ids: Vec<_> = booking.slots.iter().map(|slot| slot.room).collect();
    let rooms = store::by_ids(tx.conn(), &ids).await?;
    let lines = booking.slots.iter().map(|slot| line(&rooms, slot.room, slot.during.from, slot.during.to));
    let lines = listed(lines.collect());
    let code = &case.tender.code;
    let subject =
        Say::new(format!("场地随延期变更：{code}"), format!("Rooms moved with the deadline: {code}"));
    let body = Say::new(
        format!("{code} 延期，其场地现为：\n{}", lines.zh),
        format!("{code} is postponed; its rooms are now:\n{}", lines.en),
    );
    let desks = identity::desks(tx.conn(), &booking.centre_code).await?;
    let letters: Vec<NewLetter> =
        desks.into_iter().filter_map(|desk| letter(desk.email, &subject, &body)).collect();
    outbox::post_all(tx, &letters, Some(booking.id.0), now).await
}

/// Tells the next user of a room that it runs over, and what else is free.
///
/// # Errors
/// When the database is away.
pub(super) async fn running_over(
    tx: &mut Tx<'_>,
    case: &Case,
    (slot, rooms): (&Slot, &[Room]),
    offers: &[Offer],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let booked = line(rooms, slot.room, slot.during.from, slot.during.to);
    let code = &case.tender.code;
    let subject = Say::new(format!("场地超时使用提示：{code}"), format!("A room runs over: {code}"));
    let body = Say::new(
        format!(
            "贵方为 {code} 预约的场地（{}）仍被前一使用者占用，可能延迟。\n{}",
            booked.zh,
            offered(rooms, offers).zh
        ),
        format!(
            "The room booked for {code} ({}) is still in use by whoever came before, and may be late.\n{}",
            booked.en,
            offered(rooms, offers).en
        ),
    );
    to_parties(tx, case, (&subject, &body), slot.id, now).await
}

/// Tells the parties that a key project has taken their rooms, which were only requested, and what else is free.
///
/// # Errors
/// When the database is away.
pub(super) async fn displaced(
    tx: &mut Tx<'_>,
    case: &Case,
    booking: &Booking,
    (rooms, offers): (&[Room], &[Offer]),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let code = &case.tender.code;
    let lines = booking.slots.iter().map(|slot| line(rooms, slot.room, slot.during.from, slot.during.to));
    let lines = listed(lines.collect());
    let free = offered(rooms, offers);
    let subject =
        Say::new(format!("场地申请让出：{code}"), format!("Rooms made over to a key project: {code}"));
    let body = Say::new(
        format!("{code} 申请但尚未确认的场地已由重点项目（绿色通道）使用：\n{}\n{}", lines.zh, free.zh),
        format!(
            "A key project (green channel) has taken the rooms that {code} had asked for and that were not yet confirmed:\n{}\n{}",
            lines.en, free.en
        ),
    );
    to_parties(tx, case, (&subject, &body), booking.id.0, now).await
}

/// Offers in words.
pub(super) fn offered(rooms: &[Room], offers: &[Offer]) -> Say {
    if offers.is_empty() {
        return Say::new("目前没有其他空闲时段。", "No other slot is free at present.");
    }
    let lines = offers.iter().map(|offer| line(rooms, offer.room_id, offer.from, offer.to));
    let lines = listed(lines.collect());
    Say::new(format!("其他空闲时段：\n{}", lines.zh), format!("Free slots for the same need:\n{}", lines.en))
}

fn line(rooms: &[Room], id: RoomId, from: DateTime<Utc>, to: DateTime<Utc>) -> Say {
    let name = rooms.iter().find(|room| room.id == id).map(|room| room.name.clone()).unwrap_or_default();
    let (from, to) = (in_hall_zone(from), in_hall_zone(to));
    Say::new(format!("{}，{from} 至 {to}", name.zh), format!("{}, {from} to {to}", name.en))
}

fn listed(lines: Vec<Say>) -> Say {
    let (zh, en): (Vec<String>, Vec<String>) = lines.into_iter().map(|line| (line.zh, line.en)).unzip();
    Say::new(zh.join("\n"), en.join("\n"))
}

/// Writes to the purchaser and to the agency, where they have an address.
pub(super) async fn to_parties(
    tx: &mut Tx<'_>,
    case: &Case,
    (subject, body): (&Say, &Say),
    about: Uuid,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let addresses = addresses(tx.conn(), case).await?;
    let letters: Vec<NewLetter> = addresses.into_iter().filter_map(|to| letter(to, subject, body)).collect();
    outbox::post_all(tx, &letters, Some(about), now).await
}

/// Writes to the supervision office of the project's place, where it has an address.
pub(super) async fn to_office(
    tx: &mut Tx<'_>,
    case: &Case,
    (subject, body): (&Say, &Say),
    about: Uuid,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(office) = identity::supervision_office(tx.conn(), &case.project.parties()).await? else {
        return Ok(());
    };
    let card = identity::cards(tx.conn(), &[office]).await?.remove(&office);
    let letters: Vec<NewLetter> =
        card.and_then(|card| letter(card.email, subject, body)).into_iter().collect();
    outbox::post_all(tx, &letters, Some(about), now).await
}

async fn addresses(conn: &mut AsyncPgConnection, case: &Case) -> Result<Vec<Option<String>>, Problem> {
    let mut parties: Vec<OrganisationId> = vec![case.host(), case.project.purchaser];
    parties.dedup();
    let cards = identity::cards(conn, &parties).await?;
    Ok(parties.iter().map(|party| cards.get(party).and_then(|card| card.email.clone())).collect())
}

fn letter(recipient: Option<String>, subject: &Say, body: &Say) -> Option<NewLetter> {
    Some(NewLetter { recipient: recipient?, subject: subject.clone(), body: body.clone() })
}
