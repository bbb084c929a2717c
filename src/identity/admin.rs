//! The first administrator.

use crate::{kernel::Problem, platform::db::Db};

/// Creates the administrator `name` and answers a one-time password.
///
/// # Errors
/// `duplicate` when the name is taken.
#[expect(clippy::unused_async, reason = "the body follows")]
pub async fn create(_db: &Db, _name: &str) -> Result<String, Problem> {
    Ok(String::new())
}
