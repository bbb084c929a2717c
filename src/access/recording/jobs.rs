//! The watch over a recording: one job at the moment at which it would have been silent for too long.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{model::AlarmKind, store};
use crate::{
    jurisdiction::Jurisdictions,
    kernel::{Actor, Problem},
    ledger::{self, Entry},
    platform::{
        db::Tx,
        jobs::{self, Job, Jobs},
    },
};

/// Kind of the job.
pub const WATCH_JOB: &str = "recording.watch";

/// Registers the handler.
pub fn register(jobs: &mut Jobs, jurisdictions: &Jurisdictions) {
    let jurisdictions = jurisdictions.clone();
    jobs.on(WATCH_JOB, async move |tx: &mut Tx<'_>, job: &Job| watch(tx, &jurisdictions, job).await);
}

/// Waits for the silence of a recording last heard at `last_at`. One job for one such moment.
///
/// # Errors
/// When the database is away.
pub async fn await_silence(
    tx: &mut Tx<'_>,
    recording: Uuid,
    last_at: DateTime<Utc>,
    gap: TimeDelta,
) -> Result<(), Problem> {
    let key = format!("{WATCH_JOB}:{recording}:{}", last_at.timestamp_micros());
    // Silence of the gap itself is still allowed.
    let due_at = last_at + gap + TimeDelta::microseconds(1);
    jobs::schedule(tx, WATCH_JOB, &key, due_at, json!({"recording": recording})).await
}

/// Longer than the gap without a sign of life: alarm. Otherwise the next moment is waited for. An alarm that stands
/// waits for the recorder itself.
async fn watch(tx: &mut Tx<'_>, jurisdictions: &Jurisdictions, job: &Job) -> Result<(), Problem> {
    let id: Uuid = serde_json::from_value(job.payload.get("recording").cloned().unwrap_or_default())
        .map_err(Problem::internal)?;
    let Some(recording) = store::find_locked(tx, id).await? else { return Ok(()) };
    if recording.ended_at.is_some() {
        return Ok(());
    }
    let jurisdiction = jurisdictions.in_force(tx.conn()).await?;
    let gap = super::service::gap(&jurisdiction, &recording.centre_code);
    let now = tx.hall_now().await?;
    if now <= recording.last_at + gap {
        return await_silence(tx, id, recording.last_at, gap).await;
    }
    if let Some(alarm) = store::raise(tx, &recording, AlarmKind::RecordingGap, recording.last_at, now).await?
    {
        let mut entry = Entry::new("recording.silent").row("alarms", alarm);
        entry.tender = recording.tender_id;
        ledger::record(tx, &Actor::Hall(WATCH_JOB), now, entry).await?;
    }
    Ok(())
}
