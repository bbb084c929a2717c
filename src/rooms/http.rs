//! Rooms and bookings over HTTP.

use actix_web::{HttpResponse, Responder, get, post, web};

use crate::{
    identity::{Call, Key},
    jurisdiction::Jurisdictions,
    kernel::{Problem, id::BookingId},
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Page, PageQuery, Problems, Reply},
    },
    rooms::{
        model::{
            Availability, AvailabilityQuery, BookingReason, BookingView, BookingsQuery, NewBooking, Rooms,
            RoomsQuery,
        },
        service::{self, Decision, Policy},
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(rooms)
        .service(availability)
        .service(request)
        .service(list)
        .service(read)
        .service(confirm)
        .service(reject)
        .service(cancel);
}

/// What every handler needs besides its call.
type Hall = (web::Data<Db>, web::Data<Jurisdictions>, web::Data<Lawbook>);

/// Rooms of one centre or of all.
#[utoipa::path(tag = "rooms", params(RoomsQuery),
    responses((status = 200, description = "The rooms", body = Rooms), Problems))]
#[get("/api/v1/rooms")]
async fn rooms(
    call: Call,
    query: web::Query<RoomsQuery>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    Reply::ok(&service::rooms(&mut conn, &call.actor, policy, query.centre.as_deref()).await?)
}

/// When the rooms of a kind can be booked. Whose booking is in the way is told only to those who may read it.
#[utoipa::path(tag = "rooms", params(AvailabilityQuery),
    responses((status = 200, description = "Free spans of each room", body = Availability), Problems))]
#[get("/api/v1/rooms/availability")]
async fn availability(
    call: Call,
    query: web::Query<AvailabilityQuery>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    Reply::ok(&service::availability(&mut conn, &call.actor, policy, &query).await?)
}

/// Book rooms for a tender 场地预约: all the slots or none.
///
/// The opening starts at the deadline of bids itself. Where a slot is taken, the refusal `slot-taken` carries
/// `slot` (its place in the request), `blocking` and up to three `alternatives`.
#[utoipa::path(tag = "rooms", request_body = NewBooking, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The booking", body = BookingView), Problems))]
#[post("/api/v1/bookings")]
async fn request(
    call: Call,
    body: Body<NewBooking>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    let call = call.about(None, Some(value.tender_id));
    call.commit(&db, "rooms.request", &fingerprint, Key::Optional, async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        service::request(tx, &call.actor, policy, &value).await
    })
    .await
}

/// A tender's bookings, newest first.
#[utoipa::path(tag = "rooms", params(BookingsQuery),
    responses((status = 200, description = "One page", body = Page<BookingView>), Problems))]
#[get("/api/v1/bookings")]
async fn list(
    call: Call,
    query: web::Query<BookingsQuery>,
    (db, jurisdiction, book): Hall,
) -> Result<impl Responder, Problem> {
    call.account()?;
    let BookingsQuery { tender, cursor, limit } = query.into_inner();
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    let now = read_hall_now(&mut conn).await?;
    let asked = (tender, &PageQuery { cursor, limit });
    let page = service::list(&mut conn, &call.actor, policy, asked, now).await?;
    let link = page
        .next
        .as_ref()
        .map(|next| format!("</api/v1/bookings?tender={tender}&cursor={next}>; rel=\"next\""));
    Ok(HttpResponse::Ok()
        .insert_header(("Link", link.unwrap_or_default()))
        .insert_header(("Cache-Control", "no-store"))
        .json(page))
}

/// One booking.
#[utoipa::path(tag = "rooms", params(("id" = BookingId, Path)),
    responses((status = 200, description = "The booking", body = BookingView), Problems))]
#[get("/api/v1/bookings/{id}")]
async fn read(
    call: Call,
    id: web::Path<BookingId>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    let now = read_hall_now(&mut conn).await?;
    let (view, version) = service::read(&mut conn, &call.actor, policy, *id, now).await?;
    Ok(Reply::ok(&view)?.at_version(version))
}

/// Confirm a booking, as the centre. A confirmed opening slot fixes the place of the tender's opening.
#[utoipa::path(tag = "rooms",
    params(("id" = BookingId, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The confirmed booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/{id}/confirm")]
async fn confirm(call: Call, id: web::Path<BookingId>, hall: Hall) -> Result<Reply, Problem> {
    let fingerprint = call.meta.target;
    decide(&call, ("rooms.confirm", &fingerprint), *id, hall, Decision::Confirm).await
}

/// Reject a request, as the centre, with a reason. Its slots are free again.
#[utoipa::path(tag = "rooms", request_body = BookingReason,
    params(("id" = BookingId, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The rejected booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/{id}/reject")]
async fn reject(
    call: Call,
    id: web::Path<BookingId>,
    body: Body<BookingReason>,
    hall: Hall,
) -> Result<Reply, Problem> {
    let decision = Decision::Reject(body.value.reason);
    decide(&call, ("rooms.reject", &body.fingerprint), *id, hall, decision).await
}

/// Give a booking up, as a party or the centre, with a reason. Its slots are free again.
#[utoipa::path(tag = "rooms", request_body = BookingReason,
    params(("id" = BookingId, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The cancelled booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/{id}/cancel")]
async fn cancel(
    call: Call,
    id: web::Path<BookingId>,
    body: Body<BookingReason>,
    hall: Hall,
) -> Result<Reply, Problem> {
    let decision = Decision::Cancel(body.value.reason);
    decide(&call, ("rooms.cancel", &body.fingerprint), *id, hall, decision).await
}

async fn decide(
    call: &Call,
    (name, fingerprint): (&'static str, &[u8; 32]),
    id: BookingId,
    (db, jurisdiction, book): Hall,
    decision: Decision,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, name, fingerprint, Key::Optional, async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        let allow = |version| call.meta.allow_version(version);
        service::decide(tx, &call.actor, policy, id, allow, decision).await
    })
    .await
}
