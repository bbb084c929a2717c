//! Use cases of recordings and alarms.

use chrono::{DateTime, Months, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use super::{
    jobs,
    model::{Alarm, AlarmKind, AlarmRemark, Keeping, Recording},
    store::{self, Kept, KeptAlarm},
};
use crate::{
    access::{
        model::{CentreQuery, Device},
        service::{at_centre, signed_in},
        store::recorder,
    },
    identity::Action,
    jurisdiction::Jurisdiction,
    kernel::{
        Actor, AllowedAction, Category, Code, LegalGround, Problem, Refusal, Rejection, Say, time::hall_date,
    },
    law::Law,
    ledger::{self, Entry},
    platform::{
        db::{Tx, unreadable},
        http::{Cursor, Page, PageQuery, Reply},
    },
};

/// Years a recording is kept where no law counts them.
const KEPT_YEARS: u32 = 15;

/// How long a recorder of the centre may be silent (RM-16, a setting).
pub(super) fn gap(jurisdiction: &Jurisdiction, centre: &str) -> TimeDelta {
    let seconds = jurisdiction.centre(centre).map_or(60, |centre| centre.access.recording_gap_seconds);
    TimeDelta::seconds(i64::from(seconds))
}

async fn device(tx: &mut Tx<'_>, key: &[u8; 32]) -> Result<Device, Problem> {
    Ok(recorder(tx.conn(), key).await?.ok_or_else(Rejection::unauthenticated)?)
}

/// A recorder's acts stand in the record as the hall's: a device is nobody.
const RECORDER: Actor = Actor::Hall("access.recorder");

fn entry(act: &'static str, recording: &Kept) -> Entry {
    let mut entry = Entry::new(act).row("recordings", recording.id);
    entry.tender = recording.tender_id;
    entry
}

/// A recorder begins. What it had under way is cut off at its last sign of life.
///
/// # Errors
/// 401 for a key that is no recorder's.
pub async fn begin(
    tx: &mut Tx<'_>,
    key: &[u8; 32],
    jurisdiction: &Jurisdiction,
    law: &Law,
) -> Result<Reply, Problem> {
    let device = device(tx, key).await?;
    let now = tx.hall_now().await?;
    if let Some(old) = store::under_way(tx, device.id).await? {
        store::end(tx, old.id, old.last_at, true).await?;
        ledger::record(tx, &RECORDER, now, entry("recording.cutOff", &old)).await?;
        close_by_itself(tx, &old, now).await?;
    }
    let id = Uuid::new_v4();
    let lead = jurisdiction.centre(&device.centre).map_or(0, |centre| centre.access.door_lead_minutes);
    store::begin(tx, (id, device.id), now, i32::from(lead)).await?;
    jobs::await_silence(tx, id, now, gap(jurisdiction, &device.centre)).await?;
    let kept = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    ledger::record(tx, &RECORDER, now, entry("recording.began", &kept)).await?;
    Reply::created(format!("/api/v1/recordings/{id}"), &view(kept, law, now)?)
}

async fn own(tx: &mut Tx<'_>, key: &[u8; 32], id: Uuid) -> Result<Kept, Problem> {
    let device = device(tx, key).await?;
    let kept = store::find_locked(tx, id).await?.filter(|kept| kept.key_id == device.id);
    let kept = kept.ok_or_else(Rejection::not_found)?;
    if kept.ended_at.is_some() {
        let detail = Say::new("该录像已结束。", "The recording has ended.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    Ok(kept)
}

/// A recorder gives a sign of life: an open alarm over its silence is over.
///
/// # Errors
/// 401, 404 for another recorder's, 409 after the end.
pub async fn beat(
    tx: &mut Tx<'_>,
    key: &[u8; 32],
    jurisdiction: &Jurisdiction,
    law: &Law,
    id: Uuid,
) -> Result<Reply, Problem> {
    let mut kept = own(tx, key, id).await?;
    let now = tx.hall_now().await?.max(kept.last_at);
    let gap = gap(jurisdiction, &kept.centre_code);
    // The job that would have seen it may be late: the gap is in the record all the same.
    if now > kept.last_at + gap
        && let Some(alarm) = store::raise(tx, &kept, AlarmKind::RecordingGap, kept.last_at, now).await?
    {
        let entry = Entry::new("recording.silent").row("alarms", alarm);
        ledger::record(tx, &RECORDER, now, entry).await?;
    }
    store::beat(tx, id, now).await?;
    if close_by_itself(tx, &kept, now).await? {
        jobs::await_silence(tx, id, now, gap).await?;
    }
    kept.last_at = now;
    Reply::ok(&view(kept, law, now)?)
}

/// A recorder ends. In an evaluation room before the report is signed that alarms the control room.
///
/// # Errors
/// 401, 404 for another recorder's, 409 after the end.
pub async fn end(tx: &mut Tx<'_>, key: &[u8; 32], law: &Law, id: Uuid) -> Result<Reply, Problem> {
    let mut kept = own(tx, key, id).await?;
    let now = tx.hall_now().await?.max(kept.last_at);
    store::beat(tx, id, now).await?;
    store::end(tx, id, now, false).await?;
    ledger::record(tx, &RECORDER, now, entry("recording.ended", &kept)).await?;
    close_by_itself(tx, &kept, now).await?;
    if kept.unsigned
        && let Some(alarm) = store::raise(tx, &kept, AlarmKind::RecordingEndedEarly, now, now).await?
    {
        let mut entry = Entry::new("recording.endedEarly").row("alarms", alarm);
        entry.tender = kept.tender_id;
        ledger::record(tx, &RECORDER, now, entry).await?;
    }
    (kept.last_at, kept.ended_at) = (now, Some(now));
    Reply::ok(&view(kept, law, now)?)
}

/// Closes the alarm over a silence that is over; answers whether there was one.
async fn close_by_itself(tx: &mut Tx<'_>, recording: &Kept, now: DateTime<Utc>) -> Result<bool, Problem> {
    let open = store::open_alarm(tx, recording.id, AlarmKind::RecordingGap).await?;
    let Some(mut alarm) = open else { return Ok(false) };
    alarm.closed_at = Some(now);
    store::save_alarm(tx, &mut alarm).await?;
    ledger::record(tx, &RECORDER, now, Entry::new("recording.heardAgain").row("alarms", alarm.id)).await?;
    Ok(true)
}

fn view(kept: Kept, law: &Law, now: DateTime<Utc>) -> Result<Recording, Problem> {
    let category: Option<Category> =
        kept.category.map(|word| word.parse().map_err(unreadable("projects.category"))).transpose()?;
    let ended = hall_date(kept.ended_at.unwrap_or(now));
    let by = match category {
        Some(Category::Procurement) => ["RM-16/procurement", "RM-16/agency", "GP-16"]
            .iter()
            .filter_map(|rule| law.ground(rule, hall_date(kept.started_at)).ok())
            .collect(),
        _ => {
            vec![LegalGround { id: "RM-16".into(), source: "setting".into(), article: None, earliest: None }]
        }
    };
    let until = ended.checked_add_months(Months::new(12 * KEPT_YEARS)).unwrap_or(ended);
    Ok(Recording {
        id: kept.id,
        centre: kept.centre_code,
        device_id: kept.key_id,
        room_id: kept.room_id,
        booking_id: kept.booking_id,
        tender_id: kept.tender_id,
        started_at: kept.started_at,
        last_heard_at: kept.last_at,
        ended_at: kept.ended_at,
        cut_off: kept.cut_off,
        keep: Keeping { until, by },
    })
}

/// One page of a centre's recordings.
///
/// # Errors
/// 401, 403, 404, 422 for a bad cursor.
pub async fn recordings(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    (jurisdiction, law): (&Jurisdiction, &Law),
    query: CentreQuery,
    now: DateTime<Utc>,
) -> Result<Page<Recording>, Problem> {
    let centre = at_centre(actor, jurisdiction, &query.centre, Action::AccessRead)?;
    let (cursor, limit) = PageQuery { cursor: query.cursor, limit: query.limit }.checked()?;
    let rows = store::page(conn, &centre.code, cursor, limit).await?;
    let rows = rows.into_iter().map(|kept| view(kept, law, now)).collect::<Result<_, _>>()?;
    Ok(Page::from_rows(rows, limit, |row: &Recording| Cursor { at: row.started_at, id: row.id }))
}

/// One page of a centre's alarms.
///
/// # Errors
/// 401, 403, 404, 422 for a bad cursor.
pub async fn alarms(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    query: CentreQuery,
) -> Result<Page<Alarm>, Problem> {
    let centre = at_centre(actor, jurisdiction, &query.centre, Action::AccessRead)?;
    let (cursor, limit) = PageQuery { cursor: query.cursor, limit: query.limit }.checked()?;
    let rows = store::alarms(conn, &centre.code, cursor, limit).await?;
    let rows = rows.iter().map(|kept| shown(kept, actor, jurisdiction)).collect::<Result<_, _>>()?;
    Ok(Page::from_rows(rows, limit, |row: &Alarm| Cursor { at: row.opened_at, id: row.id }))
}

/// What an operator does about an alarm.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Takes it on.
    Acknowledge,
    /// Says what was found, and that it is over.
    Close(AlarmRemark),
}

/// Takes an alarm on or closes it.
///
/// # Errors
/// 401, 403, 404, 412 by version, 409 when it is over or taken on already, 422 without a remark.
pub async fn answer_alarm(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    (id, allow_version): (Uuid, impl FnOnce(i64) -> Result<(), Rejection>),
    answer: &Answer,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?.account;
    let mut alarm = store::alarm_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    at_centre(actor, jurisdiction, &alarm.centre_code, Action::DeskKeep)?;
    allow_version(alarm.version)?;
    let now = tx.hall_now().await?;
    let act = match answer {
        Answer::Acknowledge => {
            may_acknowledge(&alarm)?;
            (alarm.acknowledged_by, alarm.acknowledged_at) = (Some(account), Some(now));
            "alarm.acknowledged"
        }
        Answer::Close(remark) => {
            may_close(&alarm)?;
            let remark = remark.remark.trim();
            if !(1..=1000).contains(&remark.chars().count()) {
                let detail = Say::new("须为 1 至 1000 字。", "1 to 1000 characters are expected.");
                return Err(Rejection::at("/remark", "length", detail).into());
            }
            alarm.remark = Some(remark.to_owned());
            (alarm.closed_by, alarm.closed_at) = (Some(account), Some(now));
            "alarm.closed"
        }
    };
    store::save_alarm(tx, &mut alarm).await?;
    let entry = Entry::new(act).facts(json!({"centre": alarm.centre_code})).row("alarms", id);
    ledger::record(tx, actor, now, entry).await?;
    Ok(Reply::ok(&shown(&alarm, actor, jurisdiction)?)?.at_version(alarm.version))
}

fn may_close(alarm: &KeptAlarm) -> Result<(), Problem> {
    if alarm.closed_at.is_none() {
        return Ok(());
    }
    let detail = Say::new("该报警已解除。", "The alarm is over.");
    Err(Refusal::new(Code::WrongState, detail).into())
}

fn may_acknowledge(alarm: &KeptAlarm) -> Result<(), Problem> {
    may_close(alarm)?;
    if alarm.acknowledged_at.is_none() {
        return Ok(());
    }
    let detail = Say::new("该报警已受理。", "The alarm is taken on already.");
    Err(Refusal::new(Code::WrongState, detail).into())
}

fn shown(kept: &KeptAlarm, actor: &Actor, jurisdiction: &Jurisdiction) -> Result<Alarm, Problem> {
    let may = || at_centre(actor, jurisdiction, &kept.centre_code, Action::DeskKeep).map(drop);
    Ok(Alarm {
        id: kept.id,
        centre: kept.centre_code.clone(),
        kind: kept.kind()?,
        room_id: kept.room_id,
        recording_id: kept.recording_id,
        since: kept.since,
        opened_at: kept.opened_at,
        acknowledged_at: kept.acknowledged_at,
        closed_at: kept.closed_at,
        remark: kept.remark.clone(),
        allowed_actions: vec![
            AllowedAction::from_guard("acknowledge", &may().and_then(|()| may_acknowledge(kept))),
            AllowedAction::from_guard("close", &may().and_then(|()| may_close(kept))),
        ],
    })
}
