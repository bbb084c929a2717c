//! Anybody may read the law and have a period counted, without a token.

use actix_web::{get, post, web};

use super::{
    Lawbook,
    preview::{DeadlineAnswer, DeadlineRequest, preview},
    reading::{CalendarAnswer, LawAnswer, in_force},
};
use crate::{
    kernel::{Problem, Rejection},
    platform::{
        db::Db,
        http::{Body, DayQuery, Problems, Reply},
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(read).service(calendar).service(preview_deadline);
}

/// The law in force on a day: every rule with its number, instrument, article and dates, the procedures that may
/// begin, and apart from them the centre's own settings, which are not law.
#[utoipa::path(tag = "law", params(DayQuery),
    responses((status = 200, description = "What is in force", body = LawAnswer), Problems))]
#[get("/api/v1/law")]
async fn read(
    query: web::Query<DayQuery>,
    law: web::Data<Lawbook>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let on = query.day(&mut conn).await?;
    Reply::ok(&in_force(&*law.in_force(&mut conn).await?, on))
}

/// The working-day calendar of a year, with the notice that arranges it.
#[utoipa::path(tag = "law", params(("year" = i32, Path)),
    responses((status = 200, description = "The year", body = CalendarAnswer), Problems))]
#[get("/api/v1/law/calendar/{year}")]
async fn calendar(
    year: web::Path<i32>,
    law: web::Data<Lawbook>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    let law = law.in_force(&mut *db.read().await?).await?;
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
    law: web::Data<Lawbook>,
    db: web::Data<Db>,
    body: Body<DeadlineRequest>,
) -> Result<Reply, Problem> {
    let law = law.in_force(&mut *db.read().await?).await?;
    Reply::ok(&preview(&law, &body.value)?)
}
