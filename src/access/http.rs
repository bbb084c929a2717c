//! Doors, passes, lockers and the log over HTTP.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder, dev::Payload, get, http::header, post, web,
};
use uuid::Uuid;

use super::{
    model::{
        Belongings, CardBound, CentreQuery, Check, Checked, Device, DeviceMade, Devices, DoorPass,
        LockersInUse, NewBelongings, NewCard, NewDevice, PassTaken, Return,
    },
    porter::{Porter, Question},
    recording,
    service::{self, MOST_READ, kept},
};
use crate::{
    identity::{Call, Key},
    jurisdiction::Jurisdictions,
    kernel::{Problem, Rejection, Say},
    platform::{
        db::Db,
        http::{Body, Page, Problems, Reply},
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(check)
        .service(make_key)
        .service(keys)
        .service(revoke_key)
        .service(take_pass)
        .service(bind_card)
        .service(deposit)
        .service(lockers)
        .service(give_back)
        .service(log)
        .configure(recording::http::routes);
}

/// The key of a door or recorder, as the hall keeps it.
#[derive(Debug, Clone, Copy)]
pub struct DeviceKey(
    /// SHA-256.
    pub [u8; 32],
);

impl FromRequest for DeviceKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all(header::AUTHORIZATION);
        let key = values.next().and_then(|value| {
            let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
            let key = key.trim();
            (scheme.eq_ignore_ascii_case("bearer") && key.len() <= MOST_READ).then(|| kept(key))
        });
        ready(match (key, values.next()) {
            (Some(key), None) => Ok(Self(key)),
            _ => Err(Rejection::unauthenticated().into()),
        })
    }
}

/// Ask whether a door opens 门禁核验: what a door controller calls, by its key.
///
/// Answers 200 for both: `allow` says which. The answer is in the log before it is given; without an answer the door
/// stays shut.
#[utoipa::path(tag = "access", request_body = Check,
    responses((status = 200, description = "Whether the door opens, and why", body = Checked), Problems))]
#[post("/api/v1/access/checks")]
async fn check(key: DeviceKey, body: Body<Check>, porter: web::Data<Porter>) -> Result<Reply, Problem> {
    let Check { pass, account_id } = body.value;
    let one = pass.is_some() != account_id.is_some();
    if !one || pass.as_ref().is_some_and(|pass| !(1..=MOST_READ).contains(&pass.len())) {
        let detail = Say::new("pass 与 accountId 二者取一。", "One of pass and accountId is expected.");
        return Err(Rejection::at("", "invalid", detail).into());
    }
    let question = Question { key: key.0, pass: pass.as_deref().map(kept), account: account_id };
    Reply::ok(&porter.ask(question).await?)
}

/// Make a door or recorder known to the hall. Its key is shown this once.
#[utoipa::path(tag = "access", request_body = NewDevice,
    responses((status = 201, description = "The device with its key", body = DeviceMade), Problems))]
#[post("/api/v1/access/keys")]
async fn make_key(
    call: Call,
    body: Body<NewDevice>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    // No kept answer: it would hold the key.
    db.transaction("access.make_key", call.meta.request, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::make_key(tx, &call.actor, &jurisdiction, &body.value).await
    })
    .await
}

/// Doors and recorders of a centre.
#[utoipa::path(tag = "access", params(CentreQuery),
    responses((status = 200, description = "The devices, newest first", body = Devices), Problems))]
#[get("/api/v1/access/keys")]
async fn keys(
    call: Call,
    query: web::Query<CentreQuery>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    Reply::ok(&service::devices(&mut conn, &call.actor, &jurisdiction, &query.centre).await?)
}

/// Take the key of a door or recorder back.
#[utoipa::path(tag = "access", params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The device", body = Device), Problems))]
#[post("/api/v1/access/keys/{id}/revoke")]
async fn revoke_key(
    call: Call,
    id: web::Path<Uuid>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "access.revoke_key", &call.meta.target, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::revoke(tx, &call.actor, &jurisdiction, *id).await
    })
    .await
}

/// Take a pass for oneself: a QR code for a day, for every door that the account may open. Shown this once.
#[utoipa::path(tag = "access",
    responses((status = 201, description = "The pass", body = PassTaken), Problems))]
#[post("/api/v1/access/passes")]
async fn take_pass(call: Call, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    // No kept answer: it would hold the pass.
    db.transaction("access.take_pass", call.meta.request, async |tx| {
        service::take_pass(tx, &call.actor).await
    })
    .await
}

/// Bind a card to whoever shows a pass, at the desk: where phones may not go, cards do.
#[utoipa::path(tag = "access", request_body = NewCard, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The card stands for the holder of the pass", body = CardBound), Problems))]
#[post("/api/v1/access/cards")]
async fn bind_card(call: Call, body: Body<NewCard>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "access.bind_card", &body.fingerprint, Key::Optional, async |tx| {
        service::bind_card(tx, &call.actor, &body.value).await
    })
    .await
}

/// Take in phone and belongings of a committee's member 物品寄存, before the evaluation area opens (RM-14).
#[utoipa::path(tag = "access", request_body = NewBelongings, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The receipt", body = Belongings), Problems))]
#[post("/api/v1/access/lockers")]
async fn deposit(
    call: Call,
    body: Body<NewBelongings>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "access.deposit", &body.fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::deposit(tx, &call.actor, &jurisdiction, &body.value).await
    })
    .await
}

/// What lies in a centre's lockers; whose it is stands on no list.
#[utoipa::path(tag = "access", params(CentreQuery),
    responses((status = 200, description = "By locker", body = LockersInUse), Problems))]
#[get("/api/v1/access/lockers")]
async fn lockers(
    call: Call,
    query: web::Query<CentreQuery>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    Reply::ok(&service::deposits(&mut conn, &call.actor, &jurisdiction, &query.centre).await?)
}

/// Give belongings back: once the report is signed, or with a reason to a member who was replaced (RM-14).
#[utoipa::path(tag = "access", request_body = Return,
    params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Given back", body = Belongings), Problems))]
#[post("/api/v1/access/lockers/{id}/return")]
async fn give_back(
    call: Call,
    id: web::Path<Uuid>,
    body: Body<Return>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "access.give_back", &body.fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::give_back(tx, &call.actor, &jurisdiction, *id, &body.value).await
    })
    .await
}

/// Every pass and denial at a centre's doors 通行记录. Bidders and experts stand in it without a name.
#[utoipa::path(tag = "access", params(CentreQuery),
    responses((status = 200, description = "One page, newest first", body = Page<DoorPass>), Problems))]
#[get("/api/v1/access/log")]
async fn log(
    call: Call,
    query: web::Query<CentreQuery>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<impl Responder, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let centre = query.centre.clone();
    let page = service::log(&mut conn, &call.actor, &jurisdiction, query.into_inner()).await?;
    Ok(listed(&format!("/api/v1/access/log?centre={centre}"), page))
}

/// A page with the link to the next one; `path` has a query already.
pub(super) fn listed<T: serde::Serialize>(path: &str, page: Page<T>) -> HttpResponse {
    let link = page.next.as_ref().map(|next| format!("<{path}&cursor={next}>; rel=\"next\""));
    HttpResponse::Ok()
        .insert_header(("Link", link.unwrap_or_default()))
        .insert_header(("Cache-Control", "no-store"))
        .json(page)
}
