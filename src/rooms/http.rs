//! Rooms and bookings over HTTP.

use actix_web::{HttpResponse, Responder, get, post, web};

use crate::{
    identity::{Call, Key},
    jurisdiction::Jurisdictions,
    kernel::{
        Problem,
        id::{BookingId, OrganisationId, ProjectId, RoomId, TenderId},
    },
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Page, PageQuery, Problems, Reply},
    },
    rooms::{
        attendance::{self as kept, Attendance},
        case::Policy,
        change,
        closures::{self, ClosureView, Closures, ClosuresQuery, NewClosure},
        day_plan::{self, DayPlan, NewDayPlan},
        green::{self, GreenChannel, GreenChannelReason},
        life::Act,
        model::{
            Availability, AvailabilityQuery, BookingChange, BookingReason, BookingView, BookingsQuery,
            NewBooking, Rooms, RoomsQuery, SlotQuery,
        },
        plan::{self, Earliest, EarliestQuery, NewPlan},
        postponement::{self, Postponement},
        service::{self, Decision},
        usage,
        utilisation::{self, Utilisation, UtilisationQuery},
        view,
    },
    tenders::model::TenderView,
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(rooms)
        .service(availability)
        .service(room_utilisation)
        .service(request)
        .service(list)
        .service(read)
        .service(confirm)
        .service(reject)
        .service(cancel)
        .service(change_booking)
        .service(begin)
        .service(release)
        .service(no_show)
        .service(closed_rooms)
        .service(close_room)
        .service(reopen_room)
        .service(book_plan)
        .service(earliest)
        .service(read_green)
        .service(open_green)
        .service(end_green)
        .service(postpone)
        .service(attendance)
        .service(plan_day);
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
    Reply::ok(&view::rooms(&mut conn, &call.actor, policy, query.centre.as_deref()).await?)
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
    Reply::ok(&view::availability(&mut conn, &call.actor, policy, &query).await?)
}

/// How much the rooms of a centre are used 使用率 (RM-20, a setting), for its operators and supervising bodies.
///
/// Bookable are the centre's hours on working days less closures. What is confirmed counts as planned, what was taken
/// into use by the times it really was; what is only requested or was missed does not count.
#[utoipa::path(tag = "rooms", params(UtilisationQuery),
    responses((status = 200, description = "The figures", body = Utilisation), Problems))]
#[get("/api/v1/rooms/utilisation")]
async fn room_utilisation(
    call: Call,
    query: web::Query<UtilisationQuery>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    let now = read_hall_now(&mut conn).await?;
    Reply::ok(&utilisation::utilisation(&mut conn, &call.actor, policy, &query, now).await?)
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
    let page = view::list(&mut conn, &call.actor, policy, asked, now).await?;
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
    let (view, version) = view::read(&mut conn, &call.actor, policy, *id, now).await?;
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

/// Change a booking 变更: another takes its place, all its slots or none, in one transaction.
///
/// Its parties change what is only requested; the centre also what is confirmed, and the new booking is confirmed then.
/// The room and start of an opening that a published notice names stay as they are (招标投标法 art 34).
#[utoipa::path(tag = "rooms", request_body = BookingChange,
    params(("id" = BookingId, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The new booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/{id}/change")]
async fn change_booking(
    call: Call,
    id: web::Path<BookingId>,
    body: Body<BookingChange>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "rooms.change", &fingerprint, Key::Optional, async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        let expect = |version| call.meta.expect_version(version);
        change::change(tx, &call.actor, policy, *id, expect, &value).await
    })
    .await
}

/// Take a slot into use 启用, as the centre: from the time for setting up until the slot's end.
#[utoipa::path(tag = "rooms",
    params(("id" = BookingId, Path), SlotQuery, ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/{id}/begin")]
async fn begin(
    call: Call,
    id: web::Path<BookingId>,
    query: web::Query<SlotQuery>,
    hall: Hall,
) -> Result<Reply, Problem> {
    use_slot(&call, "rooms.begin", *id, hall, (Act::Begin, query.slot)).await
}

/// Give a slot in use back 释放, as the centre: its room is free at once.
#[utoipa::path(tag = "rooms",
    params(("id" = BookingId, Path), SlotQuery, ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/{id}/release")]
async fn release(
    call: Call,
    id: web::Path<BookingId>,
    query: web::Query<SlotQuery>,
    hall: Hall,
) -> Result<Reply, Problem> {
    use_slot(&call, "rooms.release", *id, hall, (Act::Release, query.slot)).await
}

/// Note that nobody came 未到场, as the centre, once the centre's grace is over. It counts against who booked (RM-9).
#[utoipa::path(tag = "rooms",
    params(("id" = BookingId, Path), SlotQuery, ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/{id}/no-show")]
async fn no_show(
    call: Call,
    id: web::Path<BookingId>,
    query: web::Query<SlotQuery>,
    hall: Hall,
) -> Result<Reply, Problem> {
    use_slot(&call, "rooms.no_show", *id, hall, (Act::NoShow, query.slot)).await
}

async fn use_slot(
    call: &Call,
    name: &'static str,
    id: BookingId,
    (db, jurisdiction, book): Hall,
    act: (Act, Option<usize>),
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, name, &call.meta.target, Key::Optional, async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        let allow = |version| call.meta.allow_version(version);
        usage::act(tx, &call.actor, policy, id, allow, act).await
    })
    .await
}

/// Rooms of a centre that are out of service 停用, with the bookings they meet as far as the caller may know of them.
#[utoipa::path(tag = "rooms", params(ClosuresQuery),
    responses((status = 200, description = "The closures", body = Closures), Problems))]
#[get("/api/v1/rooms/closures")]
async fn closed_rooms(
    call: Call,
    query: web::Query<ClosuresQuery>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    Reply::ok(&closures::list(&mut conn, &call.actor, policy, &query).await?)
}

/// Close a room for a time, as its centre. It takes no new booking; those it meets are listed, and stand until moved.
#[utoipa::path(tag = "rooms", request_body = NewClosure,
    params(("id" = RoomId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The closure", body = ClosureView), Problems))]
#[post("/api/v1/rooms/{id}/closures")]
async fn close_room(
    call: Call,
    id: web::Path<RoomId>,
    body: Body<NewClosure>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "rooms.close", &fingerprint, Key::Optional, async |tx| {
        closures::close(tx, &call.actor, *id, &value).await
    })
    .await
}

/// Open a closed room again before its time, as its centre.
#[utoipa::path(tag = "rooms",
    params(("id" = uuid::Uuid, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The closure", body = ClosureView), Problems))]
#[post("/api/v1/rooms/closures/{id}/end")]
async fn reopen_room(call: Call, id: web::Path<uuid::Uuid>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "rooms.reopen", &call.meta.target, Key::Optional, async |tx| {
        let allow = |version| call.meta.allow_version(version);
        closures::end(tx, &call.actor, *id, allow).await
    })
    .await
}

/// Book a whole plan 场地计划: the opening at the deadline, a draw room before, the evaluation after, split over working
/// days with rest rooms for the nights. All of it or nothing, in one transaction.
#[utoipa::path(tag = "rooms", request_body = NewPlan, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The booking", body = BookingView), Problems))]
#[post("/api/v1/bookings/plans")]
async fn book_plan(
    call: Call,
    body: Body<NewPlan>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    let call = call.about(None, Some(value.tender_id));
    call.commit(&db, "rooms.plan", &fingerprint, Key::Optional, async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        plan::book(tx, &call.actor, policy, &value).await
    })
    .await
}

/// When can a plan open at the earliest after a moment, as the rooms are booked now? Nothing is held by the answer.
#[utoipa::path(tag = "rooms", params(EarliestQuery),
    responses((status = 200, description = "The earliest opening with its rooms", body = Earliest), Problems))]
#[get("/api/v1/rooms/earliest")]
async fn earliest(
    call: Call,
    query: web::Query<EarliestQuery>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    let now = read_hall_now(&mut conn).await?;
    Reply::ok(&plan::earliest(&mut conn, &call.actor, policy, &query, now).await?)
}

/// Whether a project is let through the green channel 绿色通道.
#[utoipa::path(tag = "rooms", params(("id" = ProjectId, Path)),
    responses((status = 200, description = "The mark", body = GreenChannel), Problems))]
#[get("/api/v1/projects/{id}/green-channel")]
async fn read_green(call: Call, id: web::Path<ProjectId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&green::read(&mut conn, &call.actor, *id).await?)
}

/// Make a project a key project 重点项目, as the supervision office: it takes what the centre reserves, and displaces
/// what is only requested.
#[utoipa::path(tag = "rooms", request_body = GreenChannelReason,
    params(("id" = ProjectId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The mark", body = GreenChannel), Problems))]
#[post("/api/v1/projects/{id}/green-channel")]
async fn open_green(
    call: Call,
    id: web::Path<ProjectId>,
    body: Body<GreenChannelReason>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    let call = call.about(Some(*id), None);
    call.commit(&db, "rooms.green", &fingerprint, Key::Optional, async |tx| {
        green::mark(tx, &call.actor, *id, &value.reason).await
    })
    .await
}

/// Make a key project an ordinary one again, as the supervision office. What it has booked stands.
#[utoipa::path(tag = "rooms", request_body = GreenChannelReason,
    params(("id" = ProjectId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The mark", body = GreenChannel), Problems))]
#[post("/api/v1/projects/{id}/green-channel/end")]
async fn end_green(
    call: Call,
    id: web::Path<ProjectId>,
    body: Body<GreenChannelReason>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    let call = call.about(Some(*id), None);
    call.commit(&db, "rooms.green_end", &fingerprint, Key::Optional, async |tx| {
        green::end(tx, &call.actor, *id, &value.reason).await
    })
    .await
}

/// Move the deadline later 延期, in one act with its rooms, notice, place and close (RM-8). Where no room is free at the
/// new deadline, nothing happens, and `slot-taken` carries `alternatives`.
#[utoipa::path(tag = "tenders", request_body = Postponement,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The postponed tender", body = TenderView), Problems))]
#[post("/api/v1/tenders/{id}/postpone")]
async fn postpone(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<Postponement>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    let call = call.about(None, Some(*id));
    call.commit(&db, "tenders.postpone", &fingerprint, Key::Optional, async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        postponement::postpone(tx, &call.actor, policy, (&book, *id), &value).await
    })
    .await
}

/// How an organisation has kept what it booked: given up in time, too late, or missed (RM-9, a setting).
#[utoipa::path(tag = "rooms", params(("id" = OrganisationId, Path)),
    responses((status = 200, description = "The counts", body = Attendance), Problems))]
#[get("/api/v1/organisations/{id}/attendance")]
async fn attendance(call: Call, id: web::Path<OrganisationId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&kept::attendance(&mut conn, &call.actor, *id).await?)
}

/// Plan many requests of a day in as few rooms as possible, on empty rooms. Nothing is taken by the answer.
#[utoipa::path(tag = "rooms", request_body = NewDayPlan,
    responses((status = 200, description = "Rooms for the requests", body = DayPlan), Problems))]
#[post("/api/v1/rooms/day-plans")]
async fn plan_day(
    call: Call,
    body: Body<NewDayPlan>,
    (db, jurisdiction, book): Hall,
) -> Result<Reply, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let policy = Policy { jurisdiction: &jurisdiction, law: &law };
    Reply::ok(&day_plan::plan(&mut conn, &call.actor, policy, &body.value).await?)
}
