//! Tenders over HTTP.

use actix_web::{HttpResponse, Responder, get, patch, post, web};

use crate::{
    holders::model::{Canaries, CanaryAnswer, PolicyStanding},
    identity::{Call, Key},
    jurisdiction::Jurisdictions,
    kernel::{Problem, id::TenderId},
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Cursor, Page, PageQuery, Problems, Reply},
    },
    projects::service::reach_of,
    tenders::{
        Matter,
        model::{
            Approve, NewClarification, NewSealPolicy, NewTender, TenderChange, TenderLine, TenderView,
            Terminate,
        },
        sealing, service, store, view,
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(draft)
        .service(list)
        .service(read)
        .service(amend)
        .service(approve)
        .service(publish)
        .service(clarify)
        .service(terminate)
        .service(seal_policies)
        .service(settle_seal_policy)
        .service(canaries)
        .service(prove_canary);
}

/// Draft a tender for a lot of a project.
#[utoipa::path(tag = "tenders", request_body = NewTender, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The draft", body = TenderView), Problems))]
#[post("/api/v1/tenders")]
async fn draft(
    call: Call,
    body: Body<NewTender>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "tenders.draft", &fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::draft(tx, &call.actor, &law, &jurisdiction, value.clone()).await
    })
    .await
}

/// Tenders the caller may see, newest first.
#[utoipa::path(tag = "tenders", params(PageQuery),
    responses((status = 200, description = "One page", body = Page<TenderLine>), Problems))]
#[get("/api/v1/tenders")]
async fn list(
    call: Call,
    query: web::Query<PageQuery>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    let (cursor, limit) = query.checked()?;
    let mut conn = db.read().await?;
    let rows = store::list(&mut conn, &reach_of(&call.actor), cursor, limit).await?;
    let page = Page::from_rows(rows, limit, |line| Cursor { at: line.created_at, id: line.id.0 });
    Ok(HttpResponse::Ok().insert_header(("Link", page.link("/api/v1/tenders"))).json(page))
}

/// One tender with its document, timeline and what the caller may do. No bid changes it.
#[utoipa::path(tag = "tenders", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The tender", body = TenderView), Problems))]
#[get("/api/v1/tenders/{id}")]
async fn read(matter: Matter) -> Result<Reply, Problem> {
    matter.read(view::read).await
}

/// Change a draft. A changed document needs a new approval.
#[utoipa::path(tag = "tenders", request_body = TenderChange,
    params(("id" = TenderId, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The changed draft", body = TenderView), Problems))]
#[patch("/api/v1/tenders/{id}")]
async fn amend(matter: Matter, body: Body<TenderChange>) -> Result<Reply, Problem> {
    let expect = |version| matter.call.meta.expect_version(version);
    matter
        .act_on("tenders.amend", body, async |tx, actor, law, id, change| {
            service::amend(tx, actor, law, id, expect, change).await
        })
        .await
}

/// The purchaser approves the document by its hash.
#[utoipa::path(tag = "tenders", request_body = Approve,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The approved draft", body = TenderView), Problems))]
#[post("/api/v1/tenders/{id}/approve")]
async fn approve(matter: Matter, body: Body<Approve>) -> Result<Reply, Problem> {
    matter.act_on("tenders.approve", body, service::approve).await
}

/// Publish: notice and documents come out, bids may come in. Refused without approval of the very document,
/// without a confirmed opening room, or short of a lawful period.
#[utoipa::path(tag = "tenders", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The published tender", body = TenderView), Problems))]
#[post("/api/v1/tenders/{id}/publish")]
async fn publish(matter: Matter, jurisdiction: web::Data<Jurisdictions>) -> Result<Reply, Problem> {
    matter
        .act("tenders.publish", async |tx, actor, law, id| {
            let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
            service::publish(tx, actor, law, &jurisdiction, id).await
        })
        .await
}

/// Publish a clarification 澄清修改.
#[utoipa::path(tag = "tenders", request_body = NewClarification,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The tender with its clarifications", body = TenderView), Problems))]
#[post("/api/v1/tenders/{id}/clarifications")]
async fn clarify(matter: Matter, body: Body<NewClarification>) -> Result<Reply, Problem> {
    matter.act_on("tenders.clarify", body, service::clarify).await
}

/// End the procedure 终止, with a published reason.
#[utoipa::path(tag = "tenders", request_body = Terminate,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The terminated tender", body = TenderView), Problems))]
#[post("/api/v1/tenders/{id}/terminate")]
async fn terminate(matter: Matter, body: Body<Terminate>) -> Result<Reply, Problem> {
    matter.act_on("tenders.terminate", body, service::terminate).await
}

/// Every seal policy of a published tender, the first one first, with what it is still worth. Bids are sealed for the last;
/// one that came in before keeps the policy that its envelope names, and opens by it.
#[utoipa::path(tag = "tenders", params(("id" = TenderId, Path)),
    responses((status = 200, description = "Policies and digests", body = Page<PolicyStanding>), Problems))]
#[get("/api/v1/tenders/{id}/seal-policies")]
async fn seal_policies(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&sealing::policies(&mut conn, &call.actor, *id).await?)
}

/// Settle another seal policy before the deadline, where a body has lost every key of the present one. It is published,
/// every officer proves anew to read, and new bids are taken in for it alone; whoever has sealed before may seal anew, and
/// need not.
#[utoipa::path(tag = "tenders", request_body = NewSealPolicy,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The tender with its policy", body = TenderView), Problems))]
#[post("/api/v1/tenders/{id}/seal-policies")]
async fn settle_seal_policy(matter: Matter, body: Body<NewSealPolicy>) -> Result<Reply, Problem> {
    matter
        .act_on("tenders.settle_seal_policy", body, async |tx, actor, law, id, asked| {
            sealing::follow(tx, actor, law, id, &asked).await
        })
        .await
}

/// Whether the officers of a tender's policy can read, with the canaries of the caller's own keys.
#[utoipa::path(tag = "tenders", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The light and every officer's key", body = Canaries), Problems))]
#[get("/api/v1/tenders/{id}/canaries")]
async fn canaries(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    Reply::ok(&sealing::canaries(&mut conn, &call.actor, *id, now).await?)
}

/// Prove that one's key can read: what came out of its canary. Due 24 hours before the deadline.
#[utoipa::path(tag = "tenders", request_body = CanaryAnswer,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Proved", body = Canaries), Problems))]
#[post("/api/v1/tenders/{id}/canaries")]
async fn prove_canary(matter: Matter, body: Body<CanaryAnswer>) -> Result<Reply, Problem> {
    matter
        .act_on("tenders.prove_canary", body, async |tx, actor, _, id, asked| {
            sealing::prove(tx, actor, id, &asked).await
        })
        .await
}
