//! 角色: what an account may do is given and ended, never deleted.

use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use super::{account_entry, fits, hold_administrators, is_own, permit};
use crate::{
    identity::{
        model::{AccountEntry, RoleAct, RoleHeld},
        roles, store,
    },
    kernel::{Actor, Code, Problem, Refusal, Role, Say, id::AccountId},
    ledger::{self, Entry},
    platform::{
        db::Tx,
        http::{Page, Reply},
    },
};

/// Every role an account holds or has held, oldest first.
///
/// # Errors
/// 401, 403, 404.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: AccountId,
) -> Result<Page<RoleHeld>, Problem> {
    permit(actor)?;
    account_entry(conn, id).await?;
    Ok(Page { items: store::roles_held(conn, id).await?, next: None })
}

/// Gives a role. The account's sessions end: it comes in anew with all it may do.
///
/// # Errors
/// 401, 403, 404, 409 for one's own account, a role that is held already or one of another side, 422 with pointers.
pub async fn give(tx: &mut Tx<'_>, actor: &Actor, id: AccountId, act: &RoleAct) -> Result<Reply, Problem> {
    let account = asked(tx, actor, id, act).await?;
    let organisation = super::organisations::entry_of(tx.conn(), account.organisation_id).await?;
    roles::check_role(act.role, account.kind, organisation.kind)?;
    if account.roles.contains(&act.role) {
        let detail = Say::new("该账户已有此角色。", "The account holds this role already.");
        return Err(Refusal::new(Code::Duplicate, detail).into());
    }
    roles::check_beside(&account.roles, act.role)?;
    let (now, row) = (tx.hall_now().await?, Uuid::new_v4());
    store::give_role(tx.conn(), row, id, act.role, now).await?;
    settle(tx, actor, id, Entry::new("role.given").row("account_roles", row), act).await
}

/// Ends a role, at once: the account's sessions end with it. What was done in the role stays.
///
/// # Errors
/// 401, 403, 404, 409 for one's own account or a role that is not held, 422 with pointers.
pub async fn end(tx: &mut Tx<'_>, actor: &Actor, id: AccountId, act: &RoleAct) -> Result<Reply, Problem> {
    permit(actor)?;
    if act.role == Role::Admin {
        hold_administrators(tx.conn(), actor).await?;
    }
    asked(tx, actor, id, act).await?;
    let now = tx.hall_now().await?;
    let Some(row) = store::end_role(tx.conn(), id, act.role, now).await? else {
        let detail = Say::new("该账户没有此角色。", "The account does not hold this role.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    };
    settle(tx, actor, id, Entry::new("role.ended").row("account_roles", row), act).await
}

/// The account, held, once the administrator may change its roles.
async fn asked(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: AccountId,
    act: &RoleAct,
) -> Result<AccountEntry, Problem> {
    permit(actor)?;
    fits(&act.reason, "/reason", 500)?;
    if is_own(tx.conn(), actor, id).await? {
        let detail = Say::new(
            "不能变更自己的角色，包括本人其他账户的角色。",
            "Nobody changes their own roles, by whichever account.",
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    store::lock_account(tx.conn(), id).await?;
    account_entry(tx.conn(), id).await
}

async fn settle(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: AccountId,
    entry: Entry,
    act: &RoleAct,
) -> Result<Reply, Problem> {
    store::end_sessions(tx.conn(), id).await?;
    let now = tx.hall_now().await?;
    let entry = entry.row("accounts", id.0).because(act.reason.trim()).facts(json!({"role": act.role}));
    ledger::record(tx, actor, now, entry).await?;
    Reply::ok(&account_entry(tx.conn(), id).await?)
}
