//! Recordings and alarms over HTTP.

use actix_web::{Responder, get, post, web};
use uuid::Uuid;

use super::{
    model::{Alarm, AlarmRemark, Recording},
    service::{self, Answer},
};
use crate::{
    access::{
        http::{DeviceKey, listed},
        model::CentreQuery,
    },
    identity::{Call, Key},
    jurisdiction::Jurisdictions,
    kernel::{Problem, id::RequestId},
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Page, Problems, Reply},
    },
};

/// Collects the routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(begin)
        .service(beat)
        .service(end)
        .service(recordings)
        .service(alarms)
        .service(acknowledge)
        .service(close);
}

type Hall = (web::Data<Db>, web::Data<Jurisdictions>, web::Data<Lawbook>);

/// A recorder begins 开始录像, by its key; it belongs to the booking that is under way in its room.
#[utoipa::path(tag = "access",
    responses((status = 201, description = "The recording", body = Recording), Problems))]
#[post("/api/v1/recordings")]
async fn begin(key: DeviceKey, (db, jurisdiction, book): Hall) -> Result<Reply, Problem> {
    db.transaction("access.begin", RequestId::random(), async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::begin(tx, &key.0, &jurisdiction, &law).await
    })
    .await
}

/// A recorder gives a sign of life. Longer silence than the centre allows (60 s unless set) alarms the control room.
#[utoipa::path(tag = "access", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The recording", body = Recording), Problems))]
#[post("/api/v1/recordings/{id}/heartbeats")]
async fn beat(key: DeviceKey, id: web::Path<Uuid>, (db, jurisdiction, book): Hall) -> Result<Reply, Problem> {
    db.transaction("access.beat", RequestId::random(), async |tx| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::beat(tx, &key.0, &jurisdiction, &law, *id).await
    })
    .await
}

/// A recorder ends. In an evaluation room before the report is signed that alarms the control room.
#[utoipa::path(tag = "access", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The recording", body = Recording), Problems))]
#[post("/api/v1/recordings/{id}/end")]
async fn end(
    key: DeviceKey,
    id: web::Path<Uuid>,
    db: web::Data<Db>,
    book: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    db.transaction("access.end", RequestId::random(), async |tx| {
        let law = book.in_force(tx.conn()).await?;
        service::end(tx, &key.0, &law, *id).await
    })
    .await
}

/// Recordings of a centre, with how long each is kept and by what.
#[utoipa::path(tag = "access", params(CentreQuery),
    responses((status = 200, description = "One page, newest first", body = Page<Recording>), Problems))]
#[get("/api/v1/recordings")]
async fn recordings(
    call: Call,
    query: web::Query<CentreQuery>,
    (db, jurisdiction, book): Hall,
) -> Result<impl Responder, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let now = read_hall_now(&mut conn).await?;
    let path = format!("/api/v1/recordings?centre={}", query.centre);
    let policy = (&*jurisdiction, &*law);
    Ok(listed(&path, service::recordings(&mut conn, &call.actor, policy, query.into_inner(), now).await?))
}

/// Alarms of a centre's control room 总控室报警. A change of one is an event of the centre's floor (`GET /api/v1/rooms/events`).
#[utoipa::path(tag = "access", params(CentreQuery),
    responses((status = 200, description = "One page, newest first", body = Page<Alarm>), Problems))]
#[get("/api/v1/alarms")]
async fn alarms(
    call: Call,
    query: web::Query<CentreQuery>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<impl Responder, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let path = format!("/api/v1/alarms?centre={}", query.centre);
    Ok(listed(&path, service::alarms(&mut conn, &call.actor, &jurisdiction, query.into_inner()).await?))
}

/// Take an alarm on, as the centre.
#[utoipa::path(tag = "access",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The alarm", body = Alarm), Problems))]
#[post("/api/v1/alarms/{id}/acknowledge")]
async fn acknowledge(call: Call, id: web::Path<Uuid>, hall: Hall) -> Result<Reply, Problem> {
    let fingerprint = call.meta.target;
    answer(&call, ("access.acknowledge", &fingerprint), *id, hall, Answer::Acknowledge).await
}

/// Close an alarm, as the centre, and say what was found.
#[utoipa::path(tag = "access", request_body = AlarmRemark,
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The alarm", body = Alarm), Problems))]
#[post("/api/v1/alarms/{id}/close")]
async fn close(
    call: Call,
    id: web::Path<Uuid>,
    body: Body<AlarmRemark>,
    hall: Hall,
) -> Result<Reply, Problem> {
    answer(&call, ("access.close", &body.fingerprint), *id, hall, Answer::Close(body.value)).await
}

async fn answer(
    call: &Call,
    (name, fingerprint): (&'static str, &[u8; 32]),
    id: Uuid,
    (db, jurisdiction, _): Hall,
    answer: Answer,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, name, fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let allow = |version| call.meta.allow_version(version);
        service::answer_alarm(tx, &call.actor, &jurisdiction, (id, allow), &answer).await
    })
    .await
}
