//! 主体: organisations come in, are read and put right.

use diesel_async::AsyncPgConnection;
use serde_json::{Map, Value, json};

use super::{fits, permit};
use crate::{
    identity::{
        model::{OrganisationChange, OrganisationEntry, OrganisationToAdd},
        store::{self, NewOrganisation},
    },
    kernel::{Actor, OrganisationKind, Problem, RegionCode, Rejection, Say, id::OrganisationId},
    ledger::{self, Entry},
    platform::{
        db::Tx,
        http::{Cursor, Page, Reply},
        outbox,
    },
};

/// Adds an organisation.
///
/// # Errors
/// 401, 403, 409 for a credit code that is known already, 422 with pointers.
pub async fn add(tx: &mut Tx<'_>, actor: &Actor, new: OrganisationToAdd) -> Result<Reply, Problem> {
    permit(actor)?;
    let email = checked(&new)?;
    let now = tx.hall_now().await?;
    let organisation = NewOrganisation {
        id: OrganisationId::random(),
        kind: new.kind,
        name: Say::new(new.name.zh.trim(), new.name.en.trim()),
        uscc: new.uscc.map(|uscc| uscc.as_str().to_owned()),
        region_code: new.region_code.to_string(),
        centre_code: new.centre_code.map(|code| code.to_string()),
        email,
    };
    let id = organisation.id;
    store::add_organisations(tx.conn(), &[organisation], now).await?;
    let entry =
        Entry::new("organisation.created").row("organisations", id.0).facts(json!({"kind": new.kind}));
    ledger::record(tx, actor, now, entry).await?;
    let added = entry_of(tx.conn(), id).await?;
    Ok(Reply::created(format!("/api/v1/organisations/{id}"), &added)?.at_version(added.version))
}

/// What the types alone cannot say of a new organisation; answers its address as it will be written to.
fn checked(new: &OrganisationToAdd) -> Result<String, Rejection> {
    check_name(&new.name)?;
    check_centre(new.kind, new.centre_code.as_ref())?;
    mail_address(&new.email)
}

fn check_name(name: &Say) -> Result<(), Rejection> {
    fits(&name.zh, "/name/zh", 200)?;
    fits(&name.en, "/name/en", 200)
}

fn check_centre(kind: OrganisationKind, code: Option<&RegionCode>) -> Result<(), Rejection> {
    if code.is_some() && kind != OrganisationKind::Centre {
        let detail = Say::new("只有交易中心填写中心代码。", "Only a centre has a centre's code.");
        return Err(Rejection::at("/centreCode", "invalid", detail));
    }
    Ok(())
}

fn mail_address(typed: &str) -> Result<String, Rejection> {
    match typed.parse::<lettre::Address>() {
        Ok(address) if typed.len() <= 320 => Ok(address.to_string()),
        _ => {
            let detail = Say::new("不是有效的电子邮箱。", "Not a usable mail address.");
            Err(Rejection::at("/email", "invalid", detail))
        }
    }
}

/// The organisation as it will stand, and what of it changes, each from and to.
fn put_right(
    found: &OrganisationEntry,
    change: OrganisationChange,
) -> Result<(OrganisationEntry, Value), Rejection> {
    fits(&change.reason, "/reason", 500)?;
    check_centre(found.kind, change.centre_code.as_ref())?;
    let mut next = found.clone();
    if let Some(name) = change.name {
        check_name(&name)?;
        next.name = Say::new(name.zh.trim(), name.en.trim());
    }
    if let Some(email) = change.email {
        next.email = mail_address(&email)?;
    }
    next.uscc = change.uscc.map(String::from).or(next.uscc);
    next.region_code = change.region_code.map_or(next.region_code, String::from);
    next.centre_code = change.centre_code.map(String::from).or(next.centre_code);
    let mut changed = Map::new();
    let mut note = |name: &str, from: Value, to: Value| {
        if from != to {
            changed.insert(name.to_owned(), json!({"from": from, "to": to}));
        }
    };
    note("name", json!(found.name), json!(next.name));
    note("uscc", json!(found.uscc), json!(next.uscc));
    note("regionCode", json!(found.region_code), json!(next.region_code));
    note("centreCode", json!(found.centre_code), json!(next.centre_code));
    note("email", json!(found.email), json!(next.email));
    if changed.is_empty() {
        let detail = Say::new("没有任何变更。", "This changes nothing.");
        return Err(Rejection::at("", "no-change", detail));
    }
    Ok((next, Value::Object(changed)))
}

/// Puts an organisation right. Names, region and centre act at once; whoever read the letters up to now is told when
/// they go elsewhere.
///
/// # Errors
/// 401, 403, 404, 409 for a credit code that is another's or in use, 412/428 by version, 422 with pointers.
pub async fn amend(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: OrganisationId,
    expect_version: impl FnOnce(i64) -> Result<(), Rejection>,
    change: OrganisationChange,
) -> Result<Reply, Problem> {
    permit(actor)?;
    store::lock_organisation(tx.conn(), id).await?;
    let found = entry_of(tx.conn(), id).await?;
    expect_version(found.version)?;
    let reason = change.reason.trim().to_owned();
    let (next, changed) = put_right(&found, change)?;
    let now = tx.hall_now().await?;
    store::update_organisation(tx.conn(), &next).await?;
    let entry = Entry::new("organisation.amended").row("organisations", id.0).because(reason).facts(changed);
    ledger::record(tx, actor, now, entry).await?;
    if next.email != found.email {
        let (subject, body) = letters_go_elsewhere(&next);
        outbox::post(tx, &found.email, &subject, &body, Some(id.0), now).await?;
    }
    let saved = entry_of(tx.conn(), id).await?;
    Ok(Reply::ok(&saved)?.at_version(saved.version))
}

/// To the address up to now, without the new one: whoever holds it may not be meant to know.
fn letters_go_elsewhere(organisation: &OrganisationEntry) -> (Say, Say) {
    let Say { zh, en } = &organisation.name;
    (
        Say::new("联系邮箱已变更", "Letters go to another address"),
        Say::new(
            format!(
                "交易大厅管理员已变更 {zh} 的联系邮箱，今后的通知不再发往本邮箱。如非本单位申请，请立即联系中心。"
            ),
            format!(
                "The hall's administrator has changed the mail address of {en}: letters do not come here any more. If \
                 your organisation did not ask for this, call the centre at once."
            ),
        ),
    )
}

/// The organisation as the administrator sees it; 404 where there is none.
pub(super) async fn entry_of(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
) -> Result<OrganisationEntry, Problem> {
    store::organisation_entry(conn, id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// One organisation.
///
/// # Errors
/// 401, 403, 404.
pub async fn read(conn: &mut AsyncPgConnection, actor: &Actor, id: OrganisationId) -> Result<Reply, Problem> {
    permit(actor)?;
    let found = entry_of(conn, id).await?;
    Ok(Reply::ok(&found)?.at_version(found.version))
}

/// Organisations, newest first.
///
/// # Errors
/// 401, 403.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    (cursor, limit): (Option<Cursor>, i64),
) -> Result<Page<OrganisationEntry>, Problem> {
    permit(actor)?;
    let rows = store::organisation_entries(conn, cursor, limit).await?;
    Ok(Page::from_rows(rows, limit, |row| Cursor { at: row.created_at, id: row.id.0 }))
}
