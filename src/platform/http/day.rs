//! The day that a reader of law asks about.

use chrono::NaiveDate;
use diesel_async::AsyncPgConnection;
use serde::Deserialize;

use crate::{
    kernel::{
        Problem,
        time::{self, hall_date},
    },
    platform::db::read_hall_now,
};

/// `?on=`: the day of what is asked.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// The day whose law is asked; by hall time today where it is left out.
    #[serde(default, deserialize_with = "time::read_some")]
    on: Option<NaiveDate>,
}

impl DayQuery {
    /// The day asked about, or today in the hall.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn day(self, conn: &mut AsyncPgConnection) -> Result<NaiveDate, Problem> {
        match self.on {
            Some(day) => Ok(day),
            None => Ok(hall_date(read_hall_now(conn).await?)),
        }
    }
}
