//! What the administrator does: organisations and accounts come in, accounts are disabled, credentials made anew.
//!
//! A mandate is not among it: the purchaser alone gives it, on its project (SOD-10). Nor is anything of the trade
//! (SOD-9). Credentials are made up here, shown once and kept only as hashes; a call that answers one takes no
//! `Idempotency-Key`, since the answer to a retry would have to be kept.

pub mod organisations;
pub mod roles;

use std::collections::BTreeSet;

use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use super::{
    admin::check_login,
    model::{AccountEntry, AccountKind, AccountReason, AccountToAdd, NewCredential},
    passwords,
    policy::{Action, Object, authorize},
    roles::check_role,
    store::{self, NewAccount, NewProof},
};
use crate::{
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        id::{AccountId, OrganisationId},
        problem::fitting,
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

fn fits(text: &str, pointer: &str, most: usize) -> Result<(), Rejection> {
    fitting(text, pointer, most).map(drop)
}

/// A made-up secret with the proof that is kept of it.
async fn made_up(kind: AccountKind, person: Uuid) -> Result<(String, NewProof), Problem> {
    let secret = passwords::random_secret();
    let proof = match kind {
        AccountKind::Person => {
            let _turn = passwords::turn().await?;
            NewProof::Password { hash: passwords::hash(secret.clone()).await?, person, first: true }
        }
        AccountKind::Program => NewProof::Secret(passwords::secret_hash(&secret)),
    };
    Ok((secret, proof))
}

/// Adds an account with its one role and answers its first password or secret.
///
/// # Errors
/// 401, 403, 409 for a login that is taken or another account of one's own person, 422 with pointers.
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
    check_role(new.role, new.kind, organisation.kind)?;
    if let Some(other) = new.same_person_as
        && is_own(tx.conn(), actor, other).await?
    {
        let detail = Say::new(
            "不能为自己开设另一账户。",
            "Nobody gives themselves another account, and a role by it.",
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
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

async fn person_of(conn: &mut AsyncPgConnection, new: &AccountToAdd) -> Result<Uuid, Problem> {
    let Some(other) = new.same_person_as else { return Ok(Uuid::new_v4()) };
    let known = store::accounts(conn, &[other]).await?.pop().and_then(|account| account.person_key);
    known.filter(|_| new.kind == AccountKind::Person).ok_or_else(|| {
        let detail = Say::new("没有该人员的账户。", "There is no account of such a person.");
        Rejection::at("/samePersonAs", "unknown", detail).into()
    })
}

/// Whether an account is the caller's own, or another of the same person: who may not do a thing to the one could do it to
/// the other.
async fn is_own(conn: &mut AsyncPgConnection, actor: &Actor, id: AccountId) -> Result<bool, Problem> {
    let Some(own) = actor.account() else { return Ok(false) };
    if own.account == id {
        return Ok(true);
    }
    let known = store::accounts(conn, &[own.account, id]).await?;
    let persons: BTreeSet<Uuid> = known.iter().filter_map(|account| account.person_key).collect();
    Ok(known.len() == 2 && persons.len() == 1 && known.iter().all(|account| account.person_key.is_some()))
}

/// Holds every administrator for an act that may take one away. Two that would take each other away at the same moment come
/// one after the other, and the later one is none any more: so one is always left.
///
/// # Errors
/// 403 for whoever has just ceased to be one.
async fn hold_administrators(conn: &mut AsyncPgConnection, actor: &Actor) -> Result<(), Problem> {
    let Some(own) = actor.account() else { return Ok(()) };
    if store::hold_administrators(conn, own.account).await? {
        Ok(())
    } else {
        Err(Rejection::forbidden().into())
    }
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
    if is_own(tx.conn(), actor, id).await? {
        let detail = Say::new(
            "不能停用或启用自己的账户，包括本人的其他账户。",
            "Nobody disables or enables an account of their own, whichever of them they are signed in with.",
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    if disabled {
        hold_administrators(tx.conn(), actor).await?;
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
