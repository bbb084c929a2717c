//! A database of its own for every test: a clone of a template that is migrated once.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use tenderhall::platform::{
    cluster::{APP_ROLE, OWNER_ROLE, SUPERUSER, create_database, database_exists, prepare_roles},
    migrations,
};
use tokio::sync::OnceCell;
use tokio_postgres::{
    Client, NoTls,
    types::{FromSqlOwned, ToSql},
};

use super::{app::FOUNDED, host::Shared};

/// A database that no other test sees; dropped with the value.
pub struct TestDb {
    /// For the role the service logs in as.
    pub app_url: String,
    /// For the role that owns the tables.
    pub owner_url: String,
    /// For the superuser, who may look at everything.
    pub superuser_url: String,
    /// Absent where the test itself keeps the database.
    name: Option<String>,
}

impl TestDb {
    /// A database the test keeps itself, on a cluster of its own.
    pub fn kept_by_test(url: impl Fn(&str) -> String) -> Self {
        Self { app_url: url(APP_ROLE), owner_url: url(OWNER_ROLE), superuser_url: url(SUPERUSER), name: None }
    }

    /// Migrated, without rows.
    pub async fn fresh() -> Self {
        Self::copy_of(template().await).await
    }

    /// With the sandbox's organisations, accounts and whatever else a start founds. Its clock stands at `start`,
    /// which must not lie before [`FOUNDED`].
    pub async fn sandbox(start: DateTime<Utc>) -> Self {
        let db = Self::copy_of(sandbox_template().await).await;
        let superuser = connect(&db.superuser_url).await.unwrap();
        let stand = "UPDATE hall SET held_at = $1, shift = interval '0' WHERE held_at < $1";
        let moved = superuser.execute(stand, &[&start]).await.unwrap();
        assert_eq!(moved, 1, "a test starts after {FOUNDED}");
        db
    }

    /// Not migrated.
    pub async fn empty() -> Self {
        Self::copy_of("template0").await
    }

    async fn copy_of(template: &str) -> Self {
        let name = format!("test_{:016x}", rand::rng().random::<u64>());
        let shared = Shared::get();
        let db = Self {
            app_url: shared.url(&name, APP_ROLE),
            owner_url: shared.url(&name, OWNER_ROLE),
            superuser_url: shared.url(&name, SUPERUSER),
            name: Some(name.clone()),
        };
        prepared().await;
        let client = connect(&maintenance_url()).await.unwrap();
        for sql in [
            format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER_ROLE}"),
            format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"),
            format!("GRANT CONNECT ON DATABASE {name} TO {APP_ROLE}"),
        ] {
            client.batch_execute(&sql).await.unwrap();
        }
        db
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Some(name) = &self.name else { return };
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // A thread of its own, since this may run inside a runtime, where one must not wait.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { connect(&maintenance_url()).await?.batch_execute(&sql).await })
        })
        .join();
        if !std::thread::panicking() {
            dropped.unwrap().unwrap();
        }
    }
}

/// A connection for tests that wait for nobody: each call blocks until it is answered.
pub struct Sql {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Sql {
    /// Connects to `url`.
    pub fn connect(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(connect(url)).unwrap();
        Self { runtime, client }
    }

    /// Runs statements as one transaction.
    pub fn run(&self, statements: &str) -> Result<(), tokio_postgres::Error> {
        self.runtime.block_on(self.client.batch_execute(statements))
    }

    /// Runs statements that must be refused; answers the name of the constraint or, where there is none, the
    /// SQLSTATE.
    pub fn refused(&self, statements: &str) -> String {
        let error = self.run(statements).expect_err(statements);
        let _rolled_back = self.run("ROLLBACK");
        let error = error.as_db_error().unwrap_or_else(|| panic!("{error}"));
        error.constraint().map_or_else(|| error.code().code().to_owned(), str::to_owned)
    }

    /// The one value of the one row.
    pub fn value<T: FromSqlOwned>(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> T {
        self.runtime.block_on(self.client.query_one(query, parameters)).unwrap().get(0)
    }

    /// The first value of every row.
    pub fn values<T: FromSqlOwned>(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<T> {
        let rows = self.runtime.block_on(self.client.query(query, parameters)).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// A connection for tests that speak SQL.
pub async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn maintenance_url() -> String {
    Shared::get().url("postgres", SUPERUSER)
}

async fn prepared() {
    static PREPARED: OnceCell<()> = OnceCell::const_new();
    PREPARED.get_or_init(|| async { prepare_roles(&maintenance_url()).await.unwrap() }).await;
}

/// Name of the template for the migrations as they are now; made by whichever process comes first.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE.get_or_init(make_template).await
}

async fn make_template() -> String {
    let name = format!("template_{}", migrations_hash());
    made_once(name, async |unfinished| {
        migrations::run(&Shared::get().url(unfinished, OWNER_ROLE)).await.unwrap();
    })
    .await
}

/// Name of the template of a founded sandbox.
async fn sandbox_template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE.get_or_init(make_sandbox_template).await
}

/// The service itself founds it, so that a clone holds what a start holds. What that is depends on the program:
/// every build of the tests gets its own.
async fn make_sandbox_template() -> String {
    let program = fs::metadata(env::current_exe().unwrap()).unwrap();
    let built = program.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let name = format!("sandbox_{:x}_{:x}", built, program.len());
    made_once(name, async |unfinished| {
        let shared = Shared::get();
        super::app::found(&shared.url(unfinished, APP_ROLE), &shared.url(unfinished, OWNER_ROLE)).await;
        let superuser = connect(&shared.url(unfinished, SUPERUSER)).await.unwrap();
        let stand = "UPDATE hall SET held_at = hall_now(), shift = interval '0'";
        superuser.batch_execute(stand).await.unwrap();
        // The key of the log went with the founder's folder: every test begins a log of its own. And its ticks may be
        // of days ago, before this machine was suspended.
        let forget = "SET session_replication_role = replica;
                      TRUNCATE log_book, log_leaf, log_hash, log_checkpoint, log_cosig, clock_ticks";
        superuser.batch_execute(forget).await.unwrap();
    })
    .await
}

/// Makes the database `name` by `fill` where it is not; whichever process comes first does it for all.
async fn made_once(name: String, fill: impl AsyncFnOnce(&str)) -> String {
    let unfinished = format!("{name}_unfinished");
    prepared().await;
    let client = connect(&maintenance_url()).await.unwrap();
    client.batch_execute("SELECT pg_advisory_lock(hashtext('template of tests'))").await.unwrap();
    if !database_exists(&maintenance_url(), &name).await.unwrap() {
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await.unwrap();
        create_database(&maintenance_url(), &unfinished, OWNER_ROLE).await.unwrap();
        fill(&unfinished).await;
        rename(&client, &unfinished, &name).await;
    }
    // The lock goes with the connection.
    name
}

/// The backend of the migrations takes a moment to leave.
async fn rename(client: &Client, from: &str, to: &str) {
    let begun = Instant::now();
    while let Err(error) = client.batch_execute(&format!("ALTER DATABASE {from} RENAME TO {to}")).await {
        assert!(begun.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The folders of the checkout's migrations, in their order.
pub fn migration_folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn migrations_hash() -> String {
    let mut hash = Sha256::new();
    for folder in migration_folders() {
        hash.update(folder.file_name().unwrap().as_encoded_bytes());
        hash.update(fs::read(folder.join("up.sql")).unwrap());
    }
    hex::encode(&hash.finalize()[..8])
}
