//! Use cases of keys, passes, cards, lockers and the log. Checks themselves are the porter's.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use rand::Rng as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    model::{
        CardBound, CentreQuery, Device, DeviceKind, DeviceMade, Devices, DoorPass, LockersInUse,
        NewBelongings, NewCard, NewDevice, PassTaken, Return,
    },
    rules,
    store::{self, Deposited, NewPass},
};
use crate::{
    identity::{Action, Object, authorize},
    jurisdiction::{Jurisdiction, model::Centre},
    kernel::{
        Actor, Code, LegalGround, Problem, Refusal, Rejection, Say,
        actor::AccountActor,
        id::{AccountId, RoomId},
    },
    ledger::{self, Entry},
    platform::{
        db::{OnConstraint, Tx},
        http::{Cursor, Page, PageQuery, Reply},
    },
    rooms,
};

/// Hours a pass is good for.
const PASS_HOURS: i64 = 24;
/// Days a card stands for the same person; an evaluation of several days is done within them.
const CARD_DAYS: i64 = 14;
/// Most characters of what a reader may send.
pub const MOST_READ: usize = 200;

/// What is kept of a key, pass or card.
pub fn kept(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn fresh() -> [u8; 16] {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// The centre, for an actor who may do `action` there.
///
/// # Errors
/// 401, 403; 404 for a centre the hall does not have.
pub fn at_centre<'a>(
    actor: &Actor,
    jurisdiction: &'a Jurisdiction,
    code: &str,
    action: Action,
) -> Result<&'a Centre, Problem> {
    let found = jurisdiction.centre(code);
    let own = found
        .is_some_and(|centre| rules::works_for(actor, &centre.code) || rules::reaches(actor, &centre.region));
    authorize(actor, action, &Object::none().own(own))?;
    Ok(found.ok_or_else(Rejection::not_found)?)
}

pub(super) fn signed_in(actor: &Actor) -> Result<&AccountActor, Problem> {
    actor.account().ok_or_else(|| Rejection::unauthenticated().into())
}

fn check_name(pointer: &str, text: &str, least: usize, most: usize) -> Result<String, Rejection> {
    let text = text.trim();
    if (least..=most).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    let detail = Say::new(
        format!("须为 {least} 至 {most} 字。"),
        format!("{least} to {most} characters are expected."),
    );
    Err(Rejection::at(pointer, "length", detail))
}

/// Makes a device known and shows its key this once.
///
/// # Errors
/// 401, 403, 404, 422 for a room of another centre or a place that does not fit the device.
pub async fn make_key(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    new: &NewDevice,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?.account;
    let centre = at_centre(actor, jurisdiction, &new.centre, Action::DeviceKeep)?;
    let name = check_name("/name", &new.name, 1, 100)?;
    let room_kind = room_kind(tx.conn(), &centre.code, new).await?;
    let now = tx.hall_now().await?;
    let key = format!("thd_{}{}", hex::encode(fresh()), hex::encode(fresh()));
    let device = Device {
        id: Uuid::new_v4(),
        centre: centre.code.clone(),
        kind: new.kind,
        room_id: new.room_id,
        area: new.area,
        name,
        made_at: now,
        revoked_at: None,
    };
    store::insert_device(tx, &device, room_kind.as_deref(), &kept(&key), account).await?;
    let entry = Entry::new("access.keyMade").facts(json!({"centre": centre.code, "kind": device.kind}));
    ledger::record(tx, actor, now, entry.row("access_keys", device.id)).await?;
    Reply::created(format!("/api/v1/access/keys/{}", device.id), &DeviceMade { device, key })
}

/// Kind of the device's room; nothing for an area.
async fn room_kind(
    conn: &mut AsyncPgConnection,
    centre: &str,
    new: &NewDevice,
) -> Result<Option<String>, Problem> {
    match (new.kind, new.room_id, new.area) {
        (_, Some(id), None) => {
            let rooms = rooms::store::by_ids(conn, &[RoomId(id.0)]).await?;
            let room = rooms.into_iter().find(|room| room.centre_code == centre);
            let detail = Say::new("该中心没有此场地。", "The centre has no such room.");
            let room = room.ok_or_else(|| Rejection::at("/roomId", "unknown", detail))?;
            Ok(Some(room.kind.to_string()))
        }
        (DeviceKind::Door, None, Some(_)) => Ok(None),
        _ => {
            let detail = Say::new(
                "门禁须属于一个场地或一个区域，录像设备须属于一个场地。",
                "A door belongs to one room or one area, a recorder to one room.",
            );
            Err(Rejection::at("/roomId", "invalid", detail).into())
        }
    }
}

/// Devices of a centre.
///
/// # Errors
/// 401, 403, 404.
pub async fn devices(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    centre: &str,
) -> Result<Devices, Problem> {
    let centre = at_centre(actor, jurisdiction, centre, Action::DeviceKeep)?;
    Ok(Devices { items: store::devices(conn, &centre.code).await? })
}

/// Takes a key back: the device is a stranger from then on.
///
/// # Errors
/// 401, 403, 404, `wrong-state` where that was done before.
pub async fn revoke(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    id: Uuid,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?.account;
    let mut device = store::device(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    at_centre(actor, jurisdiction, &device.centre, Action::DeviceKeep)?;
    let now = tx.hall_now().await?;
    if !store::revoke(tx, id, account, now).await? {
        let detail = Say::new("该密钥已被收回。", "The key was taken back before.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let entry = Entry::new("access.keyRevoked").facts(json!({"centre": device.centre}));
    ledger::record(tx, actor, now, entry.row("access_keys", id)).await?;
    device.revoked_at = Some(now);
    Reply::ok(&device)
}

/// Gives the caller a pass for itself.
///
/// # Errors
/// 401, 403 for an account that enters nowhere.
pub async fn take_pass(tx: &mut Tx<'_>, actor: &Actor) -> Result<Reply, Problem> {
    let account = signed_in(actor)?.account;
    authorize(actor, Action::PassTake, &Object::none().own(true))?;
    let now = tx.hall_now().await?;
    let pass = hex::encode(fresh());
    let until = now + TimeDelta::hours(PASS_HOURS);
    let id = Uuid::new_v4();
    let row = NewPass { id, account, token: kept(&pass), card_of: None, by: account, at: now, until };
    store::insert_pass(tx, &row).await?;
    ledger::record(tx, actor, now, Entry::new("access.passTaken").row("access_passes", id)).await?;
    Reply::created(format!("/api/v1/access/passes/{id}"), &PassTaken { pass, expires_at: until })
}

async fn holder(tx: &mut Tx<'_>, pass: &str, now: DateTime<Utc>) -> Result<AccountId, Problem> {
    let found = store::holder(tx.conn(), &kept(pass), now).await?;
    let detail = Say::new("没有此通行证或已失效。", "There is no such pass, or it has ended.");
    Ok(found.ok_or_else(|| Rejection::at("/pass", "unknown", detail))?)
}

/// Binds a card to whoever shows the pass; the card stood for nobody else from then on.
///
/// # Errors
/// 401, 403, 422 for a pass that is none.
pub async fn bind_card(tx: &mut Tx<'_>, actor: &Actor, new: &NewCard) -> Result<Reply, Problem> {
    let desk = signed_in(actor)?;
    let centre = desk.centre.clone();
    authorize(actor, Action::DeskKeep, &Object::none().own(centre.is_some()))?;
    let card = check_name("/card", &new.card, 4, 64)?;
    let now = tx.hall_now().await?;
    let account = holder(tx, &new.pass, now).await?;
    let token = kept(&card);
    let ended = store::end_token(tx, &token, now).await?;
    let until = now + TimeDelta::days(CARD_DAYS);
    let id = Uuid::new_v4();
    let row = NewPass { id, account, token, card_of: centre, by: desk.account, at: now, until };
    store::insert_pass(tx, &row).await.on_constraint("access_passes_token_once", || {
        let detail = Say::new("该卡正在被使用。", "The card is being bound elsewhere.");
        Refusal::new(Code::Duplicate, detail)
    })?;
    let entry = Entry::new("access.cardBound").row("access_passes", id);
    let entry = ended.into_iter().fold(entry, |entry, row| entry.row("access_passes", row));
    ledger::record(tx, actor, now, entry).await?;
    Reply::created(format!("/api/v1/access/cards/{id}"), &CardBound { expires_at: until })
}

fn by_the_hall(rule: &str) -> LegalGround {
    LegalGround { id: rule.into(), source: "setting".into(), article: None, earliest: None }
}

/// RM-14: takes a member's phone and belongings in, at the centre of whoever keeps the lockers.
///
/// # Errors
/// 401, 403, 422 for a pass that is none, 409 without a booked evaluation or for a locker or member that has one.
pub async fn deposit(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    new: &NewBelongings,
) -> Result<Reply, Problem> {
    let desk = signed_in(actor)?;
    let code = desk.centre.as_deref().unwrap_or_default();
    authorize(actor, Action::DeskKeep, &Object::none().own(desk.centre.is_some()))?;
    let centre = jurisdiction.centre(code).ok_or_else(Rejection::not_found)?;
    if !(1..=9999).contains(&new.locker) {
        let detail = Say::new("柜号须为 1 至 9999。", "Lockers are numbered 1 to 9999.");
        return Err(Rejection::at("/locker", "out-of-range", detail).into());
    }
    let now = tx.hall_now().await?;
    let account = holder(tx, &new.pass, now).await?;
    let lead = i32::from(centre.access.door_lead_minutes);
    let seat = store::booked_seat(tx.conn(), account, code, now, lead).await?.ok_or_else(|| {
        let detail = Say::new(
            "持证人当前在本中心没有已预约的评审。",
            "No evaluation of a committee of the holder is booked here now.",
        );
        Refusal::new(Code::WrongState, detail).by_rule(by_the_hall("RM-14"))
    })?;
    let id = Uuid::new_v4();
    let receipt =
        format!("{code}-{}", hex::encode(id.as_bytes().iter().take(5).copied().collect::<Vec<u8>>()));
    let row = Deposited {
        id,
        centre: code,
        locker: new.locker,
        receipt: &receipt,
        seat: &seat,
        account,
        by: desk.account,
        at: now,
    };
    store::insert_deposit(tx, &row).await.map_err(taken)?;
    ledger::record(tx, actor, now, Entry::new("belongings.deposited").row("locker_deposits", id)).await?;
    let kept = store::deposit_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    Reply::created(format!("/api/v1/access/lockers/{id}"), &kept.view())
}

/// A locker or a member that has belongings in already, by the key that says so.
fn taken(error: diesel::result::Error) -> Problem {
    let key = match &error {
        diesel::result::Error::DatabaseError(_, told) => told.constraint_name(),
        _ => None,
    };
    let detail = match key {
        Some("locker_deposits_locker_once") => Say::new("该储物柜已被占用。", "The locker is in use."),
        Some("locker_deposits_seat_once") => {
            Say::new("该成员的物品已寄存。", "The member's belongings are deposited already.")
        }
        _ => return error.into(),
    };
    Refusal::new(Code::Duplicate, detail).into()
}

/// What lies in the lockers of the caller's centre.
///
/// # Errors
/// 401, 403, 404.
pub async fn deposits(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    centre: &str,
) -> Result<LockersInUse, Problem> {
    let centre = at_centre(actor, jurisdiction, centre, Action::DeskKeep)?;
    let kept = store::deposits(conn, &centre.code).await?;
    Ok(LockersInUse { items: kept.into_iter().map(store::Kept::view).collect() })
}

/// RM-14: gives belongings back once the report is signed; before that only to a member who was replaced, or when the
/// procedure has ended, with the reason.
///
/// # Errors
/// 401, 403, 404, 409 before that, 422 without a reason.
pub async fn give_back(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    id: Uuid,
    asked: &Return,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?.account;
    let mut kept = store::deposit_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    at_centre(actor, jurisdiction, &kept.centre_code, Action::DeskKeep)?;
    if kept.returned_at.is_some() {
        let detail = Say::new("物品已归还。", "The belongings were given back.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    if !kept.signed && !kept.discharged {
        let detail = Say::new(
            "评审报告签字后方可领回寄存物品。",
            "Belongings are given back once the evaluation report is signed.",
        );
        return Err(Refusal::new(Code::WrongState, detail).by_rule(by_the_hall("RM-14")).into());
    }
    let reason = match (&asked.reason, kept.signed) {
        (_, true) => None,
        (reason, false) => Some(check_name("/reason", reason.as_deref().unwrap_or_default(), 1, 1000)?),
    };
    let now = tx.hall_now().await?;
    store::give_back(tx, id, account, now, reason.as_deref()).await?;
    let mut entry = Entry::new("belongings.returned").row("locker_deposits", id);
    entry.reason.clone_from(&reason);
    ledger::record(tx, actor, now, entry).await?;
    kept.returned_at = Some(now);
    kept.reason = reason;
    Reply::ok(&kept.view())
}

/// One page of a centre's log.
///
/// # Errors
/// 401, 403, 404, 422 for a bad cursor.
pub async fn log(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    jurisdiction: &Jurisdiction,
    query: CentreQuery,
) -> Result<Page<DoorPass>, Problem> {
    let centre = at_centre(actor, jurisdiction, &query.centre, Action::AccessRead)?;
    let (cursor, limit) = PageQuery { cursor: query.cursor, limit: query.limit }.checked()?;
    let rows = store::passes(conn, &centre.code, cursor, limit).await?;
    Ok(Page::from_rows(rows, limit, |row| Cursor { at: row.at, id: row.id }))
}
