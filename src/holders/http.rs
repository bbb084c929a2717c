//! Officers' keys over HTTP.

use actix_web::{get, post, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    holders::{
        model::{RevokeSealKey, SealKeyView},
        service,
    },
    identity::{Call, Key},
    kernel::{Problem, id::OrganisationId},
    platform::{
        db::Db,
        http::{Body, Page, Problems, Reply},
    },
    seal::KeyEnrolment,
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(enrol).service(list).service(revoke);
}

/// Enrol one's own age key as an officer of one's organisation: it will read the organisation's shares of bids. A
/// signing key of the organisation vouches for it.
#[utoipa::path(tag = "sealKeys", request_body = KeyEnrolment, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Enrolled", body = SealKeyView), Problems))]
#[post("/api/v1/seal-keys")]
async fn enrol(call: Call, body: Body<KeyEnrolment>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "holders.enrol", &fingerprint, Key::Optional, async |tx| {
        service::enrol(tx, &call.actor, value.clone()).await
    })
    .await
}

/// Whose keys are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// The organisation.
    organisation: OrganisationId,
}

/// Keys of an organisation's officers, in the order of enrolment, revoked ones too.
#[utoipa::path(tag = "sealKeys", params(Whose),
    responses((status = 200, description = "Its keys", body = Page<SealKeyView>), Problems))]
#[get("/api/v1/seal-keys")]
async fn list(call: Call, query: web::Query<Whose>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&service::keys(&mut conn, &call.actor, query.organisation).await?)
}

/// Revoke a key of one's own organisation: it is in no policy to come. Bids sealed already keep their other holders.
#[utoipa::path(tag = "sealKeys", request_body = RevokeSealKey,
    params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Revoked", body = SealKeyView), Problems))]
#[post("/api/v1/seal-keys/{id}/revoke")]
async fn revoke(
    call: Call,
    id: web::Path<Uuid>,
    body: Body<RevokeSealKey>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "holders.revoke", &fingerprint, Key::Optional, async |tx| {
        service::revoke(tx, &call.actor, *id, &value).await
    })
    .await
}
