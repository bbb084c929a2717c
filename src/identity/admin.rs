//! The first administrator, made from the machine itself.

use serde_json::json;
use uuid::Uuid;

use super::{
    passwords,
    store::{self, NewAccount, NewOrganisation, NewProof},
};
use crate::{
    kernel::{
        Actor, OrganisationKind, Problem, Rejection, Role, Say,
        id::{AccountId, OrganisationId, RequestId},
    },
    ledger::{self, Entry},
    platform::db::Db,
};

/// All of China in GB/T 2260: the administration belongs to no region of its own.
const NO_REGION: &str = "100000";

/// Creates the administrator `name` and answers a made-up password, which is kept nowhere.
///
/// # Errors
/// 422 for a name that cannot be a login, `duplicate` when it is taken.
pub async fn create(db: &Db, name: &str) -> Result<String, Problem> {
    check_login(name, "/name")?;
    let password = passwords::random_secret();
    let hash = passwords::hash(password.clone()).await?;
    db.transaction("identity.create_admin", RequestId::random(), async |tx| {
        let now = tx.hall_now().await?;
        let organisation = NewOrganisation {
            id: OrganisationId::random(),
            kind: OrganisationKind::Centre,
            name: Say::new("系统管理", "System administration"),
            uscc: None,
            region_code: NO_REGION.into(),
            centre_code: None,
            email: format!("{name}@localhost"),
        };
        let account = NewAccount {
            id: AccountId::random(),
            login: name.to_owned(),
            organisation: organisation.id,
            display_name: name.to_owned(),
            proof: NewProof::Password { hash: hash.clone(), person: Uuid::new_v4(), first: true },
            role: Role::Admin,
            role_row: Uuid::new_v4(),
        };
        let entry = Entry::new("account.created")
            .row("organisations", organisation.id.0)
            .row("accounts", account.id.0)
            .row("account_roles", account.role_row)
            .facts(json!({"role": Role::Admin}));
        store::add_organisations(tx.conn(), &[organisation], now).await?;
        store::add_accounts(tx.conn(), &[account], now).await?;
        ledger::record(tx, &Actor::Hall("identity.create_admin"), now, entry).await?;
        Ok(())
    })
    .await?;
    Ok(password)
}

/// Whether `name` can be a login; `pointer` names its place in the request.
pub(super) fn check_login(name: &str, pointer: &str) -> Result<(), Rejection> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let first = name.bytes().next().is_some_and(letter);
    let rest = name.bytes().all(|byte| letter(byte) || matches!(byte, b'.' | b'_' | b'-'));
    if first && rest && (2..=64).contains(&name.len()) {
        return Ok(());
    }
    Err(Rejection::at(
        pointer,
        "invalid",
        Say::new(
            "登录名须为 2 至 64 个小写字母、数字或 . _ -，并以字母或数字开头。",
            "A login has 2 to 64 small letters, digits or . _ - and begins with a letter or digit.",
        ),
    ))
}
