//! What the administrator does: organisations and accounts come in, accounts are disabled, credentials made anew.
//!
//! A mandate is not among it: the purchaser alone gives it, on its project (SOD-10). Nor is anything of the trade
//! (SOD-9). Credentials are made up here, shown once and kept only as hashes; a call that answers one takes no
//! `Idempotency-Key`, since the answer to a retry would have to be kept.

use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use super::{
    admin::check_login,
    model::{
        AccountEntry, AccountKind, AccountReason, AccountToAdd, NewCredential, OrganisationEntry,
        OrganisationToAdd,
    },
    passwords,
    policy::{Action, Object, authorize},
    store::{self, NewAccount, NewOrganisation, NewProof},
};
use crate::{
    kernel::{
        Actor, Code, OrganisationKind, Problem, Refusal, Rejection, Role, Say,
        id::{AccountId, OrganisationId},
    },
    ledger::{self, Entry},
    platform::{
        db::Tx,
        http::{Cursor, Page, Reply},
    },
};

/// Whether `actor` administers accounts.
///
/// # Errors
/// 401, 403.
pub fn permit(actor: &Actor) -> Result<(), Problem> {
    authorize(actor, Action::AccountManage, &Object::none())
}

/// Adds an organisation.
///
/// # Errors
/// 401, 403, 409 for a credit code that is known already, 422 with pointers.
pub async fn add_organisation(
    tx: &mut Tx<'_>,
    actor: &Actor,
    new: OrganisationToAdd,
) -> Result<Reply, Problem> {
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
    Reply::created(format!("/api/v1/organisations/{id}"), &organisation_entry(tx.conn(), id).await?)
}

/// What the types alone cannot say of a new organisation; answers its address as it will be written to.
fn checked(new: &OrganisationToAdd) -> Result<String, Rejection> {
    fits(&new.name.zh, "/name/zh", 200)?;
    fits(&new.name.en, "/name/en", 200)?;
    if new.centre_code.is_some() && new.kind != OrganisationKind::Centre {
        let detail = Say::new("只有交易中心填写中心代码。", "Only a centre has a centre's code.");
        return Err(Rejection::at("/centreCode", "invalid", detail));
    }
    match new.email.parse::<lettre::Address>() {
        Ok(address) if new.email.len() <= 320 => Ok(address.to_string()),
        _ => {
            let detail = Say::new("不是有效的电子邮箱。", "Not a usable mail address.");
            Err(Rejection::at("/email", "invalid", detail))
        }
    }
}

fn fits(text: &str, pointer: &str, most: usize) -> Result<(), Rejection> {
    if (1..=most).contains(&text.trim().chars().count()) {
        return Ok(());
    }
    let detail = Say::new(format!("须为 1 至 {most} 字。"), format!("1 to {most} characters."));
    Err(Rejection::at(pointer, "length", detail))
}

async fn organisation_entry(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
) -> Result<OrganisationEntry, Problem> {
    store::organisation_entry(conn, id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// One organisation.
///
/// # Errors
/// 401, 403, 404.
pub async fn read_organisation(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: OrganisationId,
) -> Result<OrganisationEntry, Problem> {
    permit(actor)?;
    organisation_entry(conn, id).await
}

/// Organisations, newest first.
///
/// # Errors
/// 401, 403.
pub async fn list_organisations(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    (cursor, limit): (Option<Cursor>, i64),
) -> Result<Page<OrganisationEntry>, Problem> {
    permit(actor)?;
    let rows = store::organisation_entries(conn, cursor, limit).await?;
    Ok(Page::from_rows(rows, limit, |row| Cursor { at: row.created_at, id: row.id.0 }))
}

/// A made-up secret with the proof that is kept of it.
async fn made_up(kind: AccountKind, person: Uuid) -> Result<(String, NewProof), Problem> {
    let secret = passwords::random_secret();
    let proof = match kind {
        AccountKind::Person => {
            let _turn = passwords::turn().await?;
            NewProof::Password { hash: passwords::hash(secret.clone()).await?, person }
        }
        AccountKind::Program => NewProof::Secret(passwords::secret_hash(&secret)),
    };
    Ok((secret, proof))
}

/// Adds an account with its one role and answers its first password or secret.
///
/// # Errors
/// 401, 403, 409 for a login that is taken, 422 with pointers.
pub async fn add_account(
    tx: &mut Tx<'_>,
    actor: &Actor,
    new: &AccountToAdd,
) -> Result<NewCredential, Problem> {
    permit(actor)?;
    check_login(&new.login, "/login")?;
    fits(&new.display_name, "/displayName", 100)?;
    let organisation = store::organisation_entry(tx.conn(), new.organisation_id).await?.ok_or_else(|| {
        let detail = Say::new("没有这个主体。", "There is no such organisation.");
        Rejection::at("/organisationId", "unknown", detail)
    })?;
    check_role(new, organisation.kind)?;
    let person = person_of(tx.conn(), new).await?;
    let (secret, proof) = made_up(new.kind, person).await?;
    let now = tx.hall_now().await?;
    let account = NewAccount {
        id: AccountId::random(),
        login: new.login.clone(),
        organisation: new.organisation_id,
        display_name: new.display_name.trim().to_owned(),
        proof,
        role: new.role,
        role_row: Uuid::new_v4(),
    };
    let (id, role_row) = (account.id, account.role_row);
    store::add_accounts(tx.conn(), &[account], now).await?;
    let entry = Entry::new("account.created")
        .row("accounts", id.0)
        .row("account_roles", role_row)
        .facts(json!({"role": new.role, "organisation": new.organisation_id}));
    ledger::record(tx, actor, now, entry).await?;
    Ok(NewCredential { account: account_entry(tx.conn(), id).await?, secret })
}

/// A role belongs to a kind of body, and programs act only for those who take part in the trade.
fn check_role(new: &AccountToAdd, organisation: OrganisationKind) -> Result<(), Rejection> {
    use OrganisationKind as Kind;
    let goes = match new.role {
        Role::Operator | Role::Admin => organisation == Kind::Centre,
        Role::Purchaser => organisation == Kind::Purchaser,
        Role::Agency => organisation == Kind::Agency,
        Role::Bidder => organisation == Kind::Enterprise,
        Role::Expert => true,
        _ => organisation == Kind::SupervisingBody,
    };
    if !goes {
        let detail =
            Say::new("该角色与主体类型不符。", "The role does not go with the kind of the organisation.");
        return Err(Rejection::at("/role", "invalid", detail));
    }
    let trades = matches!(new.role, Role::Purchaser | Role::Agency | Role::Bidder);
    if new.kind == AccountKind::Program && !trades {
        let detail = Say::new("该角色不能由程序担任。", "No program may hold this role.");
        return Err(Rejection::at("/kind", "invalid", detail));
    }
    Ok(())
}

async fn person_of(conn: &mut AsyncPgConnection, new: &AccountToAdd) -> Result<Uuid, Problem> {
    let Some(other) = new.same_person_as else { return Ok(Uuid::new_v4()) };
    let known = store::accounts(conn, &[other]).await?.pop().and_then(|account| account.person_key);
    known.filter(|_| new.kind == AccountKind::Person).ok_or_else(|| {
        let detail = Say::new("没有该人员的账户。", "There is no account of such a person.");
        Rejection::at("/samePersonAs", "unknown", detail).into()
    })
}

async fn account_entry(conn: &mut AsyncPgConnection, id: AccountId) -> Result<AccountEntry, Problem> {
    store::account_entry(conn, id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// One account.
///
/// # Errors
/// 401, 403, 404.
pub async fn read_account(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: AccountId,
) -> Result<AccountEntry, Problem> {
    permit(actor)?;
    account_entry(conn, id).await
}

/// Accounts, of one organisation or of all, newest first.
///
/// # Errors
/// 401, 403.
pub async fn list_accounts(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    organisation: Option<OrganisationId>,
    (cursor, limit): (Option<Cursor>, i64),
) -> Result<Page<AccountEntry>, Problem> {
    permit(actor)?;
    let rows = store::account_entries(conn, organisation, cursor, limit).await?;
    Ok(Page::from_rows(rows, limit, |row| Cursor { at: row.created_at, id: row.id.0 }))
}

/// Disables an account, or lets it in again. A disabled one's sessions end for good.
///
/// # Errors
/// 401, 403, 404, 409 for one's own account or a state that is there already, 422.
pub async fn set_disabled(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: AccountId,
    disabled: bool,
    why: &AccountReason,
) -> Result<Reply, Problem> {
    permit(actor)?;
    fits(&why.reason, "/reason", 500)?;
    if actor.account().is_some_and(|own| own.account == id) {
        let detail = Say::new("不能停用自己的账户。", "Nobody disables their own account.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    store::lock_account(tx.conn(), id).await?;
    if account_entry(tx.conn(), id).await?.disabled_at.is_some() == disabled {
        let detail = Say::new("账户已处于该状态。", "The account is in this state already.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let now = tx.hall_now().await?;
    store::set_disabled(tx.conn(), id, disabled.then_some(now)).await?;
    store::end_sessions(tx.conn(), id).await?;
    let act = if disabled { "account.disabled" } else { "account.enabled" };
    ledger::record(tx, actor, now, Entry::new(act).row("accounts", id.0).because(why.reason.trim())).await?;
    Reply::ok(&account_entry(tx.conn(), id).await?)
}

/// Gives an account a new password or secret and ends its sessions.
///
/// # Errors
/// 401, 403, 404, 422.
pub async fn reset_credential(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: AccountId,
    why: &AccountReason,
) -> Result<NewCredential, Problem> {
    permit(actor)?;
    fits(&why.reason, "/reason", 500)?;
    let kind = account_entry(tx.conn(), id).await?.kind;
    let (secret, proof) = made_up(kind, Uuid::nil()).await?;
    store::lock_account(tx.conn(), id).await?;
    let now = tx.hall_now().await?;
    store::set_proof(tx.conn(), id, &proof).await?;
    store::end_sessions(tx.conn(), id).await?;
    let entry = Entry::new("credential.reset").row("accounts", id.0).because(why.reason.trim());
    ledger::record(tx, actor, now, entry).await?;
    Ok(NewCredential { account: account_entry(tx.conn(), id).await?, secret })
}
