//! The state of the clock over HTTP.

use std::sync::Arc;

use actix_web::{get, web};
use diesel_async::AsyncPgConnection;

use super::{
    model::{ClockStanding, ClockView},
    store,
};
use crate::{
    identity::{Action, Call, Object, authorize},
    kernel::{Actor, AllowedAction, Problem},
    platform::{
        db::Db,
        http::{Problems, Reply},
        jobs::Jobs,
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(read);
}

/// Whether the hall's one clock is trusted, what speaks against it, and what waits for the supervision office.
#[utoipa::path(tag = "clock", responses((status = 200, description = "The clock", body = ClockView), Problems))]
#[get("/api/v1/clock")]
async fn read(call: Call, db: web::Data<Db>, jobs: web::Data<Arc<Jobs>>) -> Result<Reply, Problem> {
    authorize(&call.actor, Action::ClockRead, &Object::none())?;
    Reply::ok(&view(&mut *db.read().await?, &call.actor, jobs.held_back()).await?)
}

/// The clock for a caller who may read it; `kinds` are the jobs that wait.
///
/// # Errors
/// When the database is away.
pub(crate) async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    kinds: &[&'static str],
) -> Result<ClockView, Problem> {
    let suspicion = store::latest(conn).await?;
    let open = suspicion.as_ref().is_some_and(|suspicion| suspicion.decision.is_none());
    let decide = authorize(actor, Action::ClockDecide, &Object::none());
    Ok(ClockView {
        standing: if open { ClockStanding::Suspect } else { ClockStanding::Sound },
        suspicion: suspicion.map(Into::into),
        waiting: if open { store::waiting(conn, kinds).await? } else { Vec::new() },
        instances: store::instances(conn).await?,
        allowed_actions: if open { vec![AllowedAction::from_guard("decide", &decide)] } else { Vec::new() },
    })
}
