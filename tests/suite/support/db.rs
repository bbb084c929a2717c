//! A database of its own for every test: a clone of a template that is migrated once.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use tenderhall::platform::{
    cluster::{APP_ROLE, OWNER_ROLE, SUPERUSER, create_database, database_exists, prepare_roles},
    migrations,
};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

use super::host::Shared;

/// A database that no other test sees; dropped with the value.
pub struct TestDb {
    /// For the role the service logs in as.
    pub app_url: String,
    /// For the role that owns the tables.
    pub owner_url: String,
    /// For the superuser, who may look at everything.
    pub superuser_url: String,
    name: String,
}

impl TestDb {
    /// Migrated, without rows.
    pub async fn fresh() -> Self {
        Self::copy_of(template().await).await
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
            name: name.clone(),
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
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
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
    let unfinished = format!("{name}_unfinished");
    prepared().await;
    let client = connect(&maintenance_url()).await.unwrap();
    client.batch_execute("SELECT pg_advisory_lock(hashtext('template of tests'))").await.unwrap();
    if !database_exists(&maintenance_url(), &name).await.unwrap() {
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await.unwrap();
        create_database(&maintenance_url(), &unfinished, OWNER_ROLE).await.unwrap();
        migrations::run(&Shared::get().url(&unfinished, OWNER_ROLE)).await.unwrap();
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
