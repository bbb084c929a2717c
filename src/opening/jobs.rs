//! What the hall does by itself: begin at the deadline, conclude at the end of the window.

use serde::Deserialize;
use serde_json::json;

use crate::{
    bids::service::CLOSED_EVENT,
    kernel::{Problem, id::TenderId},
    law::Lawbook,
    opening::{Opening, conclusion, service},
    platform::{
        db::Tx,
        jobs::{self, Jobs},
    },
};

/// Makes the record.
pub const CONCLUDE_JOB: &str = "opening.conclude";

#[derive(Deserialize)]
struct About {
    tender: TenderId,
}

/// Key of the conclusion of a stage of a tender's opening; that of the first is the one that jobs already under way have.
pub fn conclude_key(tender: TenderId, stage: u32) -> String {
    if stage == 1 { format!("conclude {tender}") } else { format!("conclude {tender} {stage}") }
}

/// Schedules the conclusion at the end of the window.
///
/// # Errors
/// When the database is away.
pub async fn schedule_conclusion(tx: &mut Tx<'_>, opening: &Opening) -> Result<(), Problem> {
    let key = conclude_key(opening.tender, opening.stage);
    let about = json!({"tender": opening.tender});
    jobs::schedule(tx, CONCLUDE_JOB, &key, opening.window_until, about).await
}

/// Registers the room's handlers.
pub fn register(jobs: &mut Jobs, law: &Lawbook) {
    let law = law.clone();
    jobs.on(CLOSED_EVENT, async move |tx, job| {
        let About { tender } = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
        service::begin(tx, &law, tender).await
    });
    jobs.on(CONCLUDE_JOB, async |tx, job| {
        let About { tender } = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
        conclusion::conclude(tx, tender).await
    });
}
