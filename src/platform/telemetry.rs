//! What operators see: the log of operations and the metrics.
//!
//! Neither holds personal data: no query string, no body, no header, no address, no path beyond the pattern of
//! its route. And neither tells of bids before an opening: requests and transactions of the sealed intake are
//! neither counted nor logged while all is well (their faults are), since a number of them is a number of bids.
//! For both reasons no wish for more detail reaches the libraries: at `debug` a database driver logs every value.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata, Span};
use tracing_actix_web::RootSpanBuilder;
use tracing_subscriber::{
    EnvFilter,
    filter::{FilterExt as _, filter_fn},
    fmt,
    layer::{Layer as _, SubscriberExt},
    util::SubscriberInitExt,
};

use super::{
    http::meta::request_id,
    settings::{LogFormat, Telemetry},
};

/// Bounds of the histograms of seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Starts the log on stderr; stdout belongs to the command's own answer.
///
/// # Errors
/// When the filter cannot be read or a log is already started.
pub fn start_log(settings: &Telemetry) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.level)
        .map_err(|error| anyhow::anyhow!("telemetry.level cannot be read: {error}"))?;
    let filter = filter.and(filter_fn(is_ours_or_no_detail));
    let registry = tracing_subscriber::registry();
    let layer = fmt::layer().with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Text => registry.with(layer.with_ansi(false).with_filter(filter)).try_init()?,
        LogFormat::Json => {
            registry.with(layer.json().flatten_event(true).with_filter(filter)).try_init()?;
        }
    }
    Ok(())
}

/// What the hall itself says is written with this rule in mind; a library's detail is not.
fn is_ours_or_no_detail(metadata: &Metadata<'_>) -> bool {
    let ours = metadata.target().split("::").next() == Some(env!("CARGO_PKG_NAME"));
    ours || *metadata.level() <= Level::INFO
}

/// Starts counting. Without it the counters of the program cost and keep nothing.
///
/// # Errors
/// When another recorder has been started.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?)
}

/// Parts of routes that are asked for each bid: taking it in, and what a bidder's program or browser does just before;
/// the page that seals brings its scripts with it.
const ASKED_FOR_EACH_BID: [&str; 9] =
    ["bids", "uploads", "token", "seal-policy", "seal-policies", "receipt-key", "bid", "login", "static"];

/// Whether the number of such requests or transactions may be a number of bids: the name of a transaction of the
/// `bids` room or of carrying mail (a room may post a letter for each bid), or the pattern of a route that every bid
/// is asked by. A batch of the log's sequencer may be larger for them.
pub fn tells_of_bids(name: &str) -> bool {
    ["bid.", "bids.", "mail.", "log."].iter().any(|start| name.starts_with(start))
        || name.split('/').any(|part| ASKED_FOR_EACH_BID.contains(&part))
}

/// The pattern of the route, never the path itself.
fn route_of(request: &ServiceRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "unmatched".to_owned())
}

/// The span of one request: id, method and route; its status when it ends.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let route = route_of(request);
        if tells_of_bids(&route) {
            return tracing::info_span!(
                "request", id = %request_id(request.request()), method = tracing::field::Empty,
                route = "sealed", status = tracing::field::Empty
            );
        }
        tracing::info_span!(
            "request", id = %request_id(request.request()), method = %request.method(), route = %route,
            status = tracing::field::Empty
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let Ok(response) = outcome else { return };
        let status = response.status();
        if status.is_server_error() {
            span.record("status", status.as_u16());
        } else if !response.request().match_pattern().is_some_and(|route| tells_of_bids(&route)) {
            span.record("status", status.as_u16());
            span.in_scope(|| tracing::info!("served"));
        }
    }
}

/// Middleware: counts and times requests by method, route and status.
///
/// # Errors
/// Whatever the inner service answers.
pub async fn count_requests<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let route = route_of(&request);
    if tells_of_bids(&route) {
        return next.call(request).await;
    }
    let method = request.method().as_str().to_owned();
    let began = Instant::now();
    let done = next.call(request).await;
    let status = done.as_ref().map_or(500, |response| response.status().as_u16());
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(),
                      "status" => status.to_string())
    .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route).record(began.elapsed());
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sealed_intake_is_not_counted() {
        for sealed in [
            "bid.submit",
            "bids.submit",
            "mail.carry",
            "/api/v1/tenders/{id}/bids",
            "/api/v1/bids/{id}/withdraw",
            "/api/v1/uploads/{id}",
            "/api/v1/auth/token",
            "/api/v1/tenders/{id}/seal-policy",
            "/api/v1/tenders/{id}/receipt-key",
            "/tenders/{id}/bid",
            "/login",
            "/static/{hash}/{name}",
        ] {
            assert!(tells_of_bids(sealed), "{sealed}");
        }
        for open in ["tender.publish", "/api/v1/tenders/{id}", "/api/v1/notices/{id}", "bidder.enrol"] {
            assert!(!tells_of_bids(open), "{open}");
        }
    }
}
