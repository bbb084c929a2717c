//! Proving who calls.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use super::{model::SigningKey, tokens::TokenKeys};
use crate::{
    kernel::{Problem, Rejection, actor::AccountActor, id::OrganisationId},
    platform::db::Db,
};

/// Proves accounts; one for the whole program, in the app's data.
#[expect(dead_code, reason = "bodies follow")]
pub struct Gate {
    db: Db,
    keys: TokenKeys,
}

impl Gate {
    /// A gate over the hall's database and token keys.
    pub fn new(db: Db, keys: TokenKeys) -> Self {
        Self { db, keys }
    }

    /// The account behind a bearer token.
    ///
    /// # Errors
    /// 401 for any token that is not good now.
    #[expect(clippy::unused_async, reason = "the body follows")]
    pub async fn account_of(&self, _token: &str) -> Result<AccountActor, Problem> {
        Err(Rejection::unauthenticated().into())
    }
}

/// The enrolled key `public_key` of an organisation, if it was valid at `at` (hall time).
///
/// # Errors
/// When the database is away.
#[expect(clippy::unused_async, reason = "the body follows")]
pub async fn signing_key(
    _conn: &mut AsyncPgConnection,
    _organisation: OrganisationId,
    _public_key: &[u8; 32],
    _at: DateTime<Utc>,
) -> Result<Option<SigningKey>, Problem> {
    Ok(None)
}
