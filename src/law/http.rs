//! `POST /api/v1/law/deadlines/preview`: anybody may have a period counted, without a token.

use std::sync::Arc;

use actix_web::{post, web};

use super::{
    Law,
    preview::{DeadlineAnswer, DeadlineRequest, preview},
};
use crate::{
    kernel::Problem,
    platform::http::{Body, Problems, Reply},
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(preview_deadline);
}

/// Counts a period from a day, and says of every day on the way why it counts or does not.
#[utoipa::path(
    tag = "law",
    request_body = DeadlineRequest,
    responses(
        (status = 200, description = "The last day, its end and the days gone through", body = DeadlineAnswer),
        Problems,
    )
)]
#[post("/api/v1/law/deadlines/preview")]
pub async fn preview_deadline(
    law: web::Data<Arc<Law>>,
    body: Body<DeadlineRequest>,
) -> Result<Reply, Problem> {
    Reply::ok(&preview(&law, &body.value)?)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, test};
    use serde_json::{Value, json};

    use super::*;
    use crate::platform::{http::problem_documents, policy_file::PolicySource};

    #[actix_web::test]
    async fn anybody_has_a_period_counted_over_http() {
        let law = Arc::new(Law::load(&PolicySource::BuiltIn).unwrap());
        let path = "/api/v1/law/deadlines/preview";
        let app = App::new()
            .app_data(web::Data::new(law))
            .service(preview_deadline)
            .wrap(from_fn(problem_documents));
        let app = test::init_service(app).await;
        for (body, status, key, expected) in [
            (json!({"from": "2026-02-11", "length": 1, "unit": "workingDay"}), 200, "endsOn", "2026-02-12"),
            (
                json!({"from": "2026-12-31", "length": 1, "unit": "workingDay"}),
                422,
                "code",
                "calendar-unavailable",
            ),
            (
                json!({"from": "2026-02-11", "length": -1, "unit": "workingDay"}),
                422,
                "code",
                "invalid-request",
            ),
            (
                json!({"from": "2026-02-30", "length": 1, "unit": "workingDay"}),
                422,
                "code",
                "invalid-request",
            ),
            (json!({"from": "2026-02-11", "length": 1, "unit": "week"}), 422, "code", "invalid-request"),
        ] {
            let request = test::TestRequest::post().uri(path).set_json(&body).to_request();
            let response = test::call_service(&app, request).await;
            assert_eq!(response.status().as_u16(), status, "{body}");
            let answer: Value = test::read_body_json(response).await;
            assert_eq!(answer[key], expected, "{body}");
        }
    }
}
