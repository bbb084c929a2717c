//! `POST /api/v1/sandbox/clock`: an administrator moves the clock of a sandbox.

use std::sync::Arc;

use actix_web::{get, post, rt, web};

use crate::{
    identity::{Action, Call, Object, authorize},
    kernel::{Actor, Problem, id::RequestId},
    ledger::{Entry, record},
    platform::{
        clock::{self, ClockMove, ClockReading},
        db::Db,
        http::{Body, Problems, Reply},
        jobs::Jobs,
    },
};

/// Collects the routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(read).service(advance);
}

/// What the hall's clock reads.
#[utoipa::path(tag = "sandbox", responses((status = 200, description = "Hall time", body = ClockReading), Problems))]
#[get("/api/v1/sandbox/clock")]
async fn read(call: Call, db: web::Data<Db>) -> Result<Reply, Problem> {
    authorize(&call.actor, Action::SandboxClock, &Object::none())?;
    Reply::ok(&db.transaction("clock.read", call.meta.request, async |tx| clock::read(tx).await).await?)
}

/// Move the clock of a sandbox forward. Answers when every act due by the new time has been done, in order of due
/// time, each seeing its own due time as now.
#[utoipa::path(tag = "sandbox", request_body = ClockMove,
    responses((status = 200, description = "What the clock reads now", body = ClockReading), Problems))]
#[post("/api/v1/sandbox/clock")]
async fn advance(
    call: Call,
    body: Body<ClockMove>,
    db: web::Data<Db>,
    jobs: web::Data<Arc<Jobs>>,
) -> Result<Reply, Problem> {
    authorize(&call.actor, Action::SandboxClock, &Object::none())?;
    // A task of its own: a client that leaves must not stop the hall between two acts.
    let moving = rt::spawn(async move {
        let reading = clock::advance(&db, &jobs, call.meta.request, &body.value).await?;
        note(&db, &call.actor, call.meta.request, &body.value).await?;
        Ok::<_, Problem>(reading)
    });
    Reply::ok(&moving.await.map_err(Problem::internal)??)
}

async fn note(db: &Db, actor: &Actor, request: RequestId, step: &ClockMove) -> Result<(), Problem> {
    let facts = serde_json::to_value(step).map_err(Problem::internal)?;
    db.transaction("clock.note", request, async |tx| {
        let at = tx.hall_now().await?;
        record(tx, actor, at, Entry::new("clock.moved").facts(facts)).await.map(drop)
    })
    .await
}
