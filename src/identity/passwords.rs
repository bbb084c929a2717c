//! Passwords by argon2id, two at a time; secrets of programs by SHA-256.
//!
//! A hash costs some 50 ms and 19 MiB: it runs off the async threads, and a rush of logins waits in line.

use std::{sync::LazyLock, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use rand::Rng;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::kernel::Problem;

/// Fewest characters of a password a person chooses.
pub const SHORTEST: usize = 8;
/// Longest password that is looked at, in bytes.
pub const LONGEST: usize = 1024;
/// How long a login waits for its turn before a clear 503.
const WAIT: Duration = Duration::from_secs(10);

static TURNS: Semaphore = Semaphore::const_new(2);

/// What an unknown login is checked against, so that it takes as long as a known one.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now(&random_secret()).ok());

/// Waits for a turn; the caller holds it for all of a login's work.
///
/// # Errors
/// `unavailable` when the line is too long.
pub async fn turn() -> Result<tokio::sync::SemaphorePermit<'static>, Problem> {
    match tokio::time::timeout(WAIT, TURNS.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Problem::unavailable(anyhow::anyhow!("no turn for a password within {WAIT:?}"))),
    }
}

/// Whether `password` fits `hash`; without a hash the same work is done and the answer is no. Call within a turn.
///
/// # Errors
/// When the work could not be done, which is a fault.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let Some(hash) = hash.or_else(|| NOBODY.clone()) else { return false };
        password.len() <= LONGEST && verify_now(&password, &hash) && known
    })
    .await
    .map_err(Problem::internal)
}

/// Hashes a password with argon2id at the OWASP minimum (19 MiB, two passes).
///
/// # Errors
/// When the work could not be done, which is a fault.
pub async fn hash(password: String) -> Result<String, Problem> {
    tokio::task::spawn_blocking(move || hash_now(&password))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)
}

/// SHA-256 of a secret of 256 random bits; of no use for anything a person chose.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// 256 random bits in hex.
pub fn random_secret() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

fn hash_now(password: &str) -> anyhow::Result<String> {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| anyhow::anyhow!("argon2: {error}"))
}

fn verify_now(password: &str, hash: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_somebody_fits() {
        let made = hash("correct horse".into()).await.unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert!(verify("correct horse".into(), Some(made.clone())).await.unwrap());
        assert!(!verify("correct horsE".into(), Some(made)).await.unwrap());
        assert!(!verify("anything".into(), None).await.unwrap());
    }
}
