//! The sandbox's pool: the accounts `expert.001` to `expert.040`.
//!
//! Two of them work where they must be avoided, so that avoidance can be seen: one for a purchaser, one for an agency.

use uuid::Uuid;

use crate::{
    experts::{model::Expert, store},
    identity::{AccountSummary, accounts_with_role, cards},
    kernel::{Actor, Problem, Role},
    ledger::{self, Entry},
    platform::db::Tx,
};

/// Specialties by turns: works, purchases, and cost for both.
const SPECIALTIES: [&[&str]; 8] = [
    &["municipalWorks"],
    &["officeEquipment"],
    &["cost"],
    &["landscape", "municipalWorks"],
    &["officeEquipment", "finance"],
    &["municipalWorks", "roadWorks"],
    &["officeEquipment"],
    &["cost", "finance"],
];

/// The expert whose unit is the purchaser of this login, and the one whose unit is this agency.
const MUST_BE_AVOIDED: [(&str, &str, Role); 2] =
    [("expert.039", "purchaser.taibus", Role::Purchaser), ("expert.040", "agency.one", Role::Agency)];

/// Enrols the sandbox's experts in the pool; does nothing where they are enrolled. Their accounts exist before.
///
/// # Errors
/// When the database is away.
pub async fn found(tx: &mut Tx<'_>) -> Result<(), Problem> {
    let now = tx.hall_now().await?;
    let known = store::enrolled(tx.conn()).await?;
    let accounts = accounts_with_role(tx.conn(), Role::Expert).await?;
    let names = cards(tx.conn(), &accounts.iter().map(|one| one.organisation_id).collect::<Vec<_>>()).await?;
    let mut new = Vec::new();
    for (account, specialties) in accounts.iter().zip(SPECIALTIES.iter().cycle()) {
        if known.contains(&account.id) || !account.login.starts_with("expert.") {
            continue;
        }
        let own = names.get(&account.organisation_id).map(|card| card.name_zh.clone());
        let mut expert = Expert {
            id: Uuid::new_v4(),
            account: account.id,
            unit: Some(account.organisation_id),
            unit_name: own.unwrap_or_else(|| format!("示例单位 {}", account.login)),
            specialties: specialties.iter().map(|word| (*word).to_owned()).collect(),
            active: true,
        };
        work_where_avoided(tx, account, &mut expert).await?;
        new.push(expert);
    }
    if new.is_empty() {
        return Ok(());
    }
    store::enrol(tx, &new, now).await?;
    let mut entry = Entry::new("experts.enrolled");
    for expert in &new {
        entry = entry.row("experts", expert.id);
    }
    ledger::record(tx, &Actor::Hall("experts.sandbox"), now, entry).await?;
    Ok(())
}

async fn work_where_avoided(
    tx: &mut Tx<'_>,
    account: &AccountSummary,
    expert: &mut Expert,
) -> Result<(), Problem> {
    let Some((_, employer, role)) = MUST_BE_AVOIDED.iter().find(|(login, ..)| *login == account.login) else {
        return Ok(());
    };
    let bodies = accounts_with_role(tx.conn(), *role).await?;
    let Some(body) = bodies.iter().find(|body| body.login == *employer) else { return Ok(()) };
    if let Some(card) = cards(tx.conn(), &[body.organisation_id]).await?.remove(&body.organisation_id) {
        expert.unit = Some(card.id);
        expert.unit_name = card.name_zh;
    }
    Ok(())
}
