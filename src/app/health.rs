//! `GET /health/live` and `GET /health/ready`, and the metrics on their own port.

use actix_web::{App, HttpResponse, HttpServer, get, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use super::stop::Doors;
use crate::{
    kernel::{Problem, id::RequestId},
    platform::{
        clock,
        db::Db,
        http::{Problems, Reply},
    },
};

/// How the instance is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `live` or `ready`
    status: &'static str,
}

/// Collects the routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(live).service(ready);
}

/// Whether the program runs. Asks nothing of the database.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It runs", body = Health)))]
#[get("/health/live")]
async fn live() -> Result<Reply, Problem> {
    Reply::ok(&Health { status: "live" })
}

/// Whether the instance takes requests: its database answers and it is not about to stop.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It is ready", body = Health), Problems))]
#[get("/health/ready")]
async fn ready(db: web::Data<Db>, doors: web::Data<Doors>) -> Result<Reply, Problem> {
    if doors.closing() {
        return Err(Problem::unavailable(anyhow::anyhow!("the instance is stopping")));
    }
    db.transaction("health.ready", RequestId::random(), async |tx| clock::read(tx).await).await?;
    Reply::ok(&Health { status: "ready" })
}

/// Serves the metrics on a listener of their own, until the process ends.
///
/// # Errors
/// When the address cannot be had.
pub fn serve_metrics(address: std::net::SocketAddr, handle: PrometheusHandle) -> anyhow::Result<()> {
    let server = HttpServer::new(move || {
        let handle = handle.clone();
        let show = move || {
            handle.run_upkeep();
            let text = handle.render();
            async move { HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text) }
        };
        App::new().route("/metrics", web::get().to(show))
    })
    .workers(1)
    .disable_signals()
    .bind(address)?
    .run();
    tokio::spawn(server);
    Ok(())
}
