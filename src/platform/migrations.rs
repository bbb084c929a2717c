//! The schema's history: numbered migrations compiled into the program, run by the role that owns the tables.
//!
//! Several instances may start at once: one migrates, the others wait for it under an advisory lock.
//! A database that a newer program has migrated is left alone and said to be so.

use diesel::{Connection as _, RunQueryDsl as _, migration::MigrationSource, pg::Pg, sql_query};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::cluster::APP_ROLE;

/// All migrations of this program, in order.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// "tenderhal" as a number: the advisory lock that migrations hold.
const LOCK: i64 = 0x7465_6e64_6572_6861;

type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;
type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// Why the schema is not what this program needs.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A newer program has been here.
    #[error(
        "The database has migration {applied}, which this program does not know (its last is {last}): \
         a newer version has migrated it. Start that version, or restore the backup made before the upgrade."
    )]
    Newer {
        /// First unknown version.
        applied: String,
        /// Last known version.
        last: String,
    },
    /// PostgreSQL could not be reached.
    #[error("Cannot reach the database to migrate it: {0}")]
    Connection(#[from] diesel::ConnectionError),
    /// A statement failed; the migration it belongs to was rolled back.
    #[error("The migration failed and was rolled back: {0}")]
    Failed(BoxedError),
}

/// Runs what is pending, as the owner of the tables, and tells the names of what was run.
///
/// # Errors
/// The database is newer than the program, cannot be reached, or refuses a statement.
pub async fn run(owner_url: &str) -> Result<Vec<String>, MigrationError> {
    blocking(owner_url, |connection| {
        sql_query("SELECT pg_advisory_lock($1)")
            .bind::<diesel::sql_types::BigInt, _>(LOCK)
            .execute(connection)
            .map_err(|error| MigrationError::Failed(error.into()))?;
        refuse_newer(connection)?;
        let pending = names_of_pending(connection)?;
        connection.run_pending_migrations(MIGRATIONS).map_err(MigrationError::Failed)?;
        // What has run is no secret to the role that owns no table: it asks at its start.
        sql_query(format!("GRANT SELECT ON __diesel_schema_migrations TO {APP_ROLE}"))
            .execute(connection)
            .map_err(|error| MigrationError::Failed(error.into()))?;
        // The lock goes with the connection.
        Ok(pending)
    })
    .await
}

/// A version that was applied.
#[derive(diesel::QueryableByName)]
struct Applied {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

#[derive(diesel::QueryableByName)]
struct Kept {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    kept: bool,
}

/// Names of migrations that are not applied yet, in order. Any role may ask: nothing is written, which diesel's own
/// look-up would.
///
/// # Errors
/// The database is newer than the program or cannot be reached.
pub async fn pending(url: &str) -> Result<Vec<String>, MigrationError> {
    blocking(url, |connection| {
        let failed = |error: diesel::result::Error| MigrationError::Failed(error.into());
        let kept: Kept = sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS kept")
            .get_result(connection)
            .map_err(failed)?;
        let applied: Vec<Applied> = if kept.kept {
            let all = sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version");
            all.load(connection).map_err(failed)?
        } else {
            Vec::new()
        };
        let applied: Vec<String> = applied.into_iter().map(|row| row.version).collect();
        refuse_unknown(&applied)?;
        let mut names: Vec<(String, String)> = MigrationSource::<Pg>::migrations(&MIGRATIONS)
            .map_err(MigrationError::Failed)?
            .iter()
            .map(|migration| (migration.name().version().to_string(), migration.name().to_string()))
            .collect();
        names.sort();
        Ok(names
            .into_iter()
            .filter(|(version, _)| !applied.contains(version))
            .map(|(_, name)| name)
            .collect())
    })
    .await
}

/// Takes every migration back, the last first. Everything the database holds is gone afterwards.
///
/// # Errors
/// The database is newer than the program, cannot be reached, or refuses a statement.
pub async fn revert_all(owner_url: &str) -> Result<(), MigrationError> {
    blocking(owner_url, |connection| {
        refuse_newer(connection)?;
        connection.revert_all_migrations(MIGRATIONS).map_err(MigrationError::Failed)?;
        Ok(())
    })
    .await
}

/// diesel's harness is synchronous; it gets a thread on which blocking is allowed, and a connection of its own.
async fn blocking<T: Send + 'static>(
    url: &str,
    work: impl FnOnce(&mut Blocking) -> Result<T, MigrationError> + Send + 'static,
) -> Result<T, MigrationError> {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || work(&mut Blocking::establish(&url)?))
        .await
        .map_err(|error| MigrationError::Failed(error.into()))?
}

fn refuse_newer(connection: &mut Blocking) -> Result<(), MigrationError> {
    let applied = connection.applied_migrations().map_err(MigrationError::Failed)?;
    refuse_unknown(&applied.iter().rev().map(ToString::to_string).collect::<Vec<_>>())
}

/// `applied` in the order of their versions.
fn refuse_unknown(applied: &[String]) -> Result<(), MigrationError> {
    let known = known()?;
    match applied.iter().find(|version| !known.contains(version)) {
        None => Ok(()),
        Some(applied) => Err(MigrationError::Newer {
            applied: applied.clone(),
            last: known.last().cloned().unwrap_or_default(),
        }),
    }
}

fn known() -> Result<Vec<String>, MigrationError> {
    let mut versions: Vec<String> = MigrationSource::<Pg>::migrations(&MIGRATIONS)
        .map_err(MigrationError::Failed)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    versions.sort();
    Ok(versions)
}

fn names_of_pending(connection: &mut Blocking) -> Result<Vec<String>, MigrationError> {
    let pending = connection.pending_migrations(MIGRATIONS).map_err(MigrationError::Failed)?;
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}
