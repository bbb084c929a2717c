//! The sandbox's organisations and accounts.

use sha2::{Digest, Sha256};

use crate::{kernel::Problem, platform::db::Tx};

/// Seed of the Ed25519 key a sandbox account signs with: SHA-256 of a label, the sandbox password and the login.
pub fn sandbox_signing_key(password: &str, login: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"tenderhall-sandbox-key");
    hash.update(password);
    hash.update(login);
    hash.finalize().into()
}

/// Creates every organisation and account of the sandbox with `password`; does nothing where they exist.
///
/// # Errors
/// When the database is away.
#[expect(clippy::unused_async, reason = "the body follows")]
pub async fn found(_tx: &mut Tx<'_>, _password: &str) -> Result<(), Problem> {
    Ok(())
}
