//! The witness light: whether somebody outside the hall has confirmed the log lately.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Serialize;

use super::{log::Log, tree};
use crate::kernel::Problem;

/// Colour of the light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LightState {
    /// A witness has confirmed the log within the time set.
    Green,
    /// None has. A history rewritten since would not be seen.
    Red,
    /// The hall knows no witness, so that nobody outside would notice a rewritten history.
    Unwitnessed,
}

/// The light with its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Light {
    /// Its colour.
    pub state: LightState,
    /// When a witness has signed last, by its own clock.
    pub at: Option<DateTime<Utc>>,
}

/// The light at `now`, which is the machine's time.
///
/// # Errors
/// When the database is away.
pub async fn light(conn: &mut AsyncPgConnection, log: &Log, now: DateTime<Utc>) -> Result<Light, Problem> {
    if log.witnesses.is_empty() {
        return Ok(Light { state: LightState::Unwitnessed, at: None });
    }
    let names: Vec<String> = log.witnesses.iter().map(|key| key.name().to_string()).collect();
    let at = tree::last_witnessed(conn, log.book.log, &names).await?;
    let fresh = at.is_some_and(|at| now - at <= log.fresh);
    Ok(Light { state: if fresh { LightState::Green } else { LightState::Red }, at })
}
