//! Outages before a deadline over HTTP.

use actix_web::{get, post, web};
use uuid::Uuid;

use super::{
    confirm,
    model::{OutageDecision, OutagePostponement, Outages},
    propose, read, refuse,
};
use crate::{
    identity::{Call, Key},
    jurisdiction::Jurisdictions,
    kernel::{Problem, id::TenderId},
    law::Lawbook,
    platform::{
        db::Db,
        http::{Body, Problems, Reply},
    },
    rooms::{Policy, postponement::Postponement},
};

/// Collects the routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(tender_outages)
        .service(propose_outage_postponement)
        .service(confirm_outage_postponement)
        .service(refuse_outage_postponement);
}

/// Outages of the hall in the last minutes before a tender's deadline, as the ticks of its clock tell, and what was
/// proposed by them. For the centre and for supervision.
#[utoipa::path(tag = "clock", params(("id" = TenderId, Path)),
    responses((status = 200, description = "Outages and proposals", body = Outages), Problems))]
#[get("/api/v1/tenders/{id}/outages")]
async fn tender_outages(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&read(&mut conn, &call.actor, &law, *id).await?)
}

/// Propose to move a deadline before which the hall was away, as the centre's operator. Nothing moves before the
/// supervision office has confirmed.
#[utoipa::path(tag = "clock", request_body = Postponement,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The proposal", body = OutagePostponement), Problems))]
#[post("/api/v1/tenders/{id}/outages")]
async fn propose_outage_postponement(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<Postponement>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    let call = call.about(None, Some(*id));
    call.commit(&db, "outage.propose", &fingerprint, Key::Optional, async |tx| {
        propose(tx, &call.actor, &law, *id, &value).await
    })
    .await
}

/// Confirm a proposal, as the supervision office: deadline, notice, rooms and record move at once.
#[utoipa::path(tag = "clock", request_body = OutageDecision,
    params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The confirmed proposal", body = OutagePostponement), Problems))]
#[post("/api/v1/outage-postponements/{id}/confirm")]
async fn confirm_outage_postponement(
    call: Call,
    id: web::Path<Uuid>,
    body: Body<OutageDecision>,
    db: web::Data<Db>,
    policies: (web::Data<Lawbook>, web::Data<Jurisdictions>),
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "outage.confirm", &fingerprint, Key::Optional, async |tx| {
        let (book, jurisdictions) = &policies;
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdictions.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        confirm(tx, &call.actor, policy, book, (*id, &value.reason)).await
    })
    .await
}

/// Leave the deadline as it is, as the supervision office.
#[utoipa::path(tag = "clock", request_body = OutageDecision,
    params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The refused proposal", body = OutagePostponement), Problems))]
#[post("/api/v1/outage-postponements/{id}/refuse")]
async fn refuse_outage_postponement(
    call: Call,
    id: web::Path<Uuid>,
    body: Body<OutageDecision>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "outage.refuse", &fingerprint, Key::Optional, async |tx| {
        refuse(tx, &call.actor, (*id, &value.reason)).await
    })
    .await
}
