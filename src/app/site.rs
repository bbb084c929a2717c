//! Where an instance stands: its folder, its PostgreSQL, and the hall founded in it.

use std::{
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};

use crate::{
    experts, identity,
    kernel::{Problem, id::RequestId},
    platform::{
        clock::{self, Mode},
        cluster::{
            APP_ROLE, Cluster, ClusterError, ClusterOptions, OWNER_ROLE, create_database, prepare_roles,
        },
        db::Db,
        migrations,
        policy_file::PolicySource,
        settings::Settings,
    },
};

/// Name of the database in a private cluster.
pub(super) const DATABASE: &str = "tenderhall";

/// What a start is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder that holds everything the instance keeps.
    pub data: PathBuf,
    /// Where the region's policy comes from.
    pub policy: PolicySource,
    /// How the instance runs.
    pub settings: Settings,
    /// Where metrics are shown; nowhere if absent.
    pub metrics_listen: Option<SocketAddr>,
    /// Set for a sandbox; absent for a production hall.
    pub sandbox: Option<Sandbox>,
}

/// What a sandbox is told besides.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Hall time at which a new sandbox begins; absent means the machine's time.
    pub start: Option<DateTime<Utc>>,
    /// Password of all its accounts.
    pub password: String,
}

impl Options {
    fn mode(&self) -> Mode {
        if self.sandbox.is_some() { Mode::Sandbox } else { Mode::Production }
    }
}

/// The database the instance works on.
pub struct Site {
    /// URL of the role that owns no table.
    pub url: String,
    /// The private cluster, if it is ours to stop.
    pub cluster: Option<Cluster>,
}

impl Site {
    /// Opens the database: the server the settings name, or the private cluster below the data folder. The schema
    /// is migrated where the owner's role is at hand, else only checked.
    ///
    /// # Errors
    /// A sentence with its remedy.
    pub async fn open(data: &Path, settings: &Settings) -> anyhow::Result<Self> {
        if let Some(url) = settings.database_url()? {
            match settings.owner_url()? {
                Some(owner) => migrate(&owner).await?,
                None => demand_migrated(&url).await?,
            }
            return Ok(Self { url, cluster: None });
        }
        let cluster = start_cluster(data, settings).await?;
        let opened = prepare(&cluster).await;
        match opened {
            Ok(url) => Ok(Self { url, cluster: Some(cluster) }),
            Err(error) => {
                // Dropping blocks until PostgreSQL has ended, which a runtime's thread must not.
                tokio::task::spawn_blocking(move || drop(cluster)).await?;
                Err(error)
            }
        }
    }

    /// Like [`Self::open`], or through the socket of the instance that already runs on the folder.
    ///
    /// # Errors
    /// A sentence with its remedy.
    pub async fn open_or_join(data: &Path, settings: &Settings) -> anyhow::Result<Self> {
        match Self::open(data, settings).await {
            Err(error) if matches!(error.downcast_ref(), Some(ClusterError::InUse { .. })) => {
                Ok(Self { url: Cluster::url_of_running(data, DATABASE, APP_ROLE)?, cluster: None })
            }
            other => other,
        }
    }

    /// Stops the private cluster, if there is one.
    pub async fn close(self) {
        if let Some(cluster) = self.cluster
            && let Err(error) = tokio::task::spawn_blocking(move || cluster.stop()).await
        {
            tracing::error!(%error, "the cluster did not stop");
        }
    }
}

async fn start_cluster(data: &Path, settings: &Settings) -> anyhow::Result<Cluster> {
    let mut options = ClusterOptions::new(data);
    options.shared_buffers_mib = settings.database.cache_mib;
    options.binaries.clone_from(&settings.database.binaries);
    Ok(tokio::task::spawn_blocking(move || Cluster::start(&options)).await??)
}

async fn prepare(cluster: &Cluster) -> anyhow::Result<String> {
    let superuser = cluster.superuser_url();
    prepare_roles(&superuser).await?;
    create_database(&superuser, DATABASE, OWNER_ROLE).await?;
    migrate(&cluster.url(DATABASE, OWNER_ROLE)).await?;
    Ok(cluster.url(DATABASE, APP_ROLE))
}

async fn migrate(owner: &str) -> anyhow::Result<()> {
    for name in migrations::run(owner).await? {
        tracing::info!(migration = name, "migrated");
    }
    Ok(())
}

async fn demand_migrated(url: &str) -> anyhow::Result<()> {
    let pending = migrations::pending(url).await?;
    if let Some(first) = pending.first() {
        bail!(
            "The database lacks {} migrations, the first of them {first}. Run `tenderhall migrate` with \
             database.owner_url set, or set it here too.",
            pending.len()
        );
    }
    Ok(())
}

/// Founds the hall where there is none, and refuses one of the other mode.
///
/// # Errors
/// A sandbox asked to serve, a production hall asked to play, or the database is away.
pub async fn found(db: &Db, options: &Options) -> anyhow::Result<()> {
    let wanted = options.mode();
    let start = options.sandbox.as_ref().and_then(|sandbox| sandbox.start);
    let mode = unit(db, "hall.found", async |tx| {
        clock::found(tx, wanted, start).await?;
        clock::mode(tx).await
    })
    .await?;
    match (wanted, mode) {
        (Mode::Production, Some(Mode::Sandbox)) => bail!(
            "The data in {} are a sandbox, and a sandbox never becomes a production hall. \
             Start it with `tenderhall demo`, or give `serve` another folder with --data.",
            options.data.display()
        ),
        (Mode::Sandbox, Some(Mode::Production)) => bail!(
            "The data in {} are a production hall, and `demo` plays only in a sandbox. \
             Give it another folder with --data.",
            options.data.display()
        ),
        (_, None) => bail!("the hall was founded and is not there"),
        (_, Some(_)) => {}
    }
    if let Some(sandbox) = &options.sandbox {
        unit(db, "hall.sandbox_accounts", async |tx| identity::sandbox::found(tx, &sandbox.password).await)
            .await?;
        unit(db, "hall.sandbox_experts", async |tx| experts::sandbox::found(tx).await).await?;
    }
    Ok(())
}

async fn unit<T>(
    db: &Db,
    name: &'static str,
    work: impl AsyncFnOnce(&mut crate::platform::db::Tx<'_>) -> Result<T, Problem>,
) -> anyhow::Result<T> {
    db.transaction(name, RequestId::random(), work).await.map_err(plain)
}

/// A problem as the person at the terminal may see it: with its cause.
pub fn plain(problem: Problem) -> anyhow::Error {
    match problem {
        Problem::Fault(fault) => fault.cause,
        Problem::Refusal(refusal) => anyhow::anyhow!("{}", refusal.detail.en),
        Problem::Rejection(rejection) => anyhow::anyhow!("{}", rejection.detail.en),
    }
}

/// The data folder where none is named: `./data`, or `/var/lib/tenderhall` where PostgreSQL, which root runs as
/// another user, could not reach it.
///
/// # Errors
/// When the working folder is gone.
pub fn default_data() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the working folder")?;
    let root = std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    // Bit 1 lets others pass; the `postgres` user is another everywhere but in its own folders.
    let passable =
        here.ancestors().all(|folder| std::fs::metadata(folder).is_ok_and(|meta| meta.mode() & 1 == 1));
    Ok(if root && !passable { PathBuf::from("/var/lib/tenderhall") } else { here.join("data") })
}
