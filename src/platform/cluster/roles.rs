//! The three roles and the database.
//!
//! * `postgres` makes the other two and the database, and is not used for anything else;
//! * `tenderhall_owner` owns the database and every table, and runs the migrations;
//! * `tenderhall_app` is what the service logs in as. It owns nothing; the migrations grant it what it may do,
//!   so that PostgreSQL itself refuses to let the service rewrite the record.

use tokio_postgres::{Client, NoTls};

use super::ClusterError;

/// The cluster's superuser.
pub const SUPERUSER: &str = "postgres";
/// Owns the database and its tables.
pub const OWNER_ROLE: &str = "tenderhall_owner";
/// Owns nothing; what the service logs in as.
pub const APP_ROLE: &str = "tenderhall_app";

/// Makes the owner's and the service's role if they are missing, and takes from them what they must not have.
/// May be repeated, also by several instances at once.
///
/// # Errors
/// What PostgreSQL said, such as that `superuser_url` may not make roles.
pub async fn prepare_roles(superuser_url: &str) -> Result<(), ClusterError> {
    let client = connect(superuser_url).await?;
    let attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
    let mut sql = "SELECT pg_advisory_xact_lock(hashtext('tenderhall roles'));".to_owned();
    for role in [OWNER_ROLE, APP_ROLE] {
        sql.push_str(&format!(
            "DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role}; END IF; END $$; \
             ALTER ROLE {role} {attributes};"
        ));
    }
    client.batch_execute(&sql).await.map_err(sql_error("prepare the roles"))
}

/// Whether the database exists.
///
/// # Errors
/// What PostgreSQL said.
pub async fn database_exists(superuser_url: &str, name: &str) -> Result<bool, ClusterError> {
    let client = connect(superuser_url).await?;
    let found = client
        .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name])
        .await
        .map_err(sql_error("look for the database"))?;
    Ok(found.is_some())
}

/// Makes database `name` for `owner`, open to the service's role and to nobody else. Does nothing if it exists.
///
/// # Errors
/// What PostgreSQL said.
pub async fn create_database(superuser_url: &str, name: &str, owner: &str) -> Result<(), ClusterError> {
    if database_exists(superuser_url, name).await? {
        return Ok(());
    }
    let client = connect(superuser_url).await?;
    let (database, owner) = (quoted(name), quoted(owner));
    let doing = format!("make the database {name}");
    for sql in [
        format!("CREATE DATABASE {database} OWNER {owner} TEMPLATE template0"),
        format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC"),
        format!("GRANT CONNECT ON DATABASE {database} TO {APP_ROLE}"),
    ] {
        client.batch_execute(&sql).await.map_err(sql_error(&doing))?;
    }
    Ok(())
}

async fn connect(url: &str) -> Result<Client, ClusterError> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(sql_error("reach PostgreSQL"))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a connection for preparing the cluster broke");
        }
    });
    Ok(client)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn sql_error(doing: &str) -> impl FnOnce(tokio_postgres::Error) -> ClusterError {
    let doing = doing.to_owned();
    move |source| ClusterError::Sql { doing, source }
}
