//! Anybody may read the law and have a period counted, without a token.

use std::sync::Arc;

use actix_web::{get, post, web};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{
    Law,
    preview::{DeadlineAnswer, DeadlineRequest, preview},
    reading::{CalendarAnswer, LawAnswer, in_force},
};
use crate::{
    kernel::{
        Problem, Rejection,
        time::{self, hall_date},
    },
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Problems, Reply},
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(read).service(calendar).service(preview_deadline);
}

/// Query of the law.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct LawQuery {
    /// The day of which the law is asked; by hall time today where it is left out.
    #[serde(default, deserialize_with = "time::read_some")]
    on: Option<NaiveDate>,
}

/// The law in force on a day: every rule with its number, instrument, article and dates, the procedures that may
/// begin, and apart from them the centre's own settings, which are not law.
#[utoipa::path(tag = "law", params(LawQuery),
    responses((status = 200, description = "What is in force", body = LawAnswer), Problems))]
#[get("/api/v1/law")]
async fn read(
    query: web::Query<LawQuery>,
    law: web::Data<Arc<Law>>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    let on = match query.on {
        Some(day) => day,
        None => hall_date(read_hall_now(&mut *db.read().await?).await?),
    };
    Reply::ok(&in_force(&law, on))
}

/// The working-day calendar of a year, with the notice that arranges it.
#[utoipa::path(tag = "law", params(("year" = i32, Path)),
    responses((status = 200, description = "The year", body = CalendarAnswer), Problems))]
#[get("/api/v1/law/calendar/{year}")]
async fn calendar(year: web::Path<i32>, law: web::Data<Arc<Law>>) -> Result<Reply, Problem> {
    let found = law.calendar().year(*year).ok_or_else(Rejection::not_found)?;
    Reply::ok(&CalendarAnswer::from(found))
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
