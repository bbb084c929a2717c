//! What the hall does by itself: begin at the deadline, conclude at the end of the window.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use crate::{
    kernel::{Problem, id::TenderId},
    law::Law,
    opening::service,
    platform::{
        db::Tx,
        jobs::{self, Jobs},
    },
};

/// Begins an opening; scheduled by the close of the lot.
pub const BEGIN_JOB: &str = "opening.begin";
/// Makes the record.
pub const CONCLUDE_JOB: &str = "opening.conclude";

#[derive(Deserialize)]
struct About {
    tender: TenderId,
}

/// Key of a tender's conclusion.
pub fn conclude_key(tender: TenderId) -> String {
    format!("conclude {tender}")
}

/// Schedules the beginning, due at the deadline itself; call it where the lot is closed.
///
/// # Errors
/// When the database is away.
pub async fn schedule_beginning(tx: &mut Tx<'_>, tender: TenderId, deadline: DateTime<Utc>) -> Result<(), Problem> {
    jobs::schedule(tx, BEGIN_JOB, &format!("begin {tender}"), deadline, json!({"tender": tender})).await
}

/// Schedules the conclusion at the end of the window.
///
/// # Errors
/// When the database is away.
pub async fn schedule_conclusion(tx: &mut Tx<'_>, tender: TenderId, at: DateTime<Utc>) -> Result<(), Problem> {
    jobs::schedule(tx, CONCLUDE_JOB, &conclude_key(tender), at, json!({"tender": tender})).await
}

/// Registers the room's handlers.
pub fn register(jobs: &mut Jobs, law: &Arc<Law>) {
    let law = Arc::clone(law);
    jobs.on(BEGIN_JOB, async move |tx, job| {
        let About { tender } = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
        service::begin(tx, &law, tender).await
    });
    jobs.on(CONCLUDE_JOB, async |tx, job| {
        let About { tender } = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
        service::conclude(tx, tender).await
    });
}
