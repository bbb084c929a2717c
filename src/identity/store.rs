//! SQL of the room, by what it is about.

mod accounts;
mod keys;
mod organisations;
mod sessions;
mod sides;

use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

pub use self::{
    accounts::{
        AccountSummary, NewAccount, NewProof, account_entries, account_entry, accounts, accounts_with_role,
        add_accounts, end_role, give_role, hold_administrators, lock_account, login_exists, roles_held,
        set_disabled, set_proof,
    },
    keys::{add_signing_key, add_signing_keys, signing_keys},
    organisations::{
        NewOrganisation, add_organisations, lock_organisation, organisation_entries, organisation_entry,
        organisations, update_organisation,
    },
    sessions::{
        Credential, Standing, add_failure, add_refresh_token, count_replay, credential, end_sessions,
        revoke_session, seconds_to_wait, standing, use_refresh_token,
    },
    sides::{add_side, side_of},
};
use crate::{kernel::Problem, platform::statement::statement};

#[derive(QueryableByName)]
struct Yes {
    #[diesel(sql_type = sql_types::Bool)]
    yes: bool,
}

/// Whether the hall was founded as a sandbox.
pub async fn is_sandbox(conn: &mut AsyncPgConnection) -> Result<bool, Problem> {
    let row = statement("SELECT EXISTS (SELECT FROM hall WHERE mode = 'sandbox') AS yes");
    Ok(row.get_result::<Yes>(conn).await?.yes)
}
