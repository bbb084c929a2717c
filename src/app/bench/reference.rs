//! What the hall is measured beside: pgbench on the same cluster, and handlers that keep nothing.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, bail};
use diesel::sql_types;
use diesel_async::RunQueryDsl as _;
use rust_decimal::Decimal;
use tokio::sync::{mpsc, oneshot};

use super::submission::CLIENTS;
use crate::{
    bids::model::NewBid,
    platform::{
        cluster::{Binaries, Cluster, SUPERUSER},
        db::Db,
        statement::statement,
    },
    seal::{
        note::NoteSigner,
        policy::INLINE_LIMIT,
        wire::{read_base64, sha256},
    },
};

/// PostgreSQL's programs, as the private cluster finds them.
pub(super) fn binaries() -> anyhow::Result<Binaries> {
    Ok(Binaries::find(None, None)?)
}

/// One-row inserts into a table with a uuid primary key, through the socket of the hall's own cluster.
pub(super) struct Inserts {
    url: String,
    pgbench: PathBuf,
    script: PathBuf,
    bytes: String,
}

impl Inserts {
    /// Makes the table; every row will hold `bytes`.
    pub(super) fn prepare(data: &Path, bytes: &[u8]) -> anyhow::Result<Self> {
        let url = Cluster::url_of_running(data, SUPERUSER, SUPERUSER)?;
        let binaries = binaries()?;
        let pgbench = binaries.program("pgbench");
        if !pgbench.exists() {
            bail!("{} is missing; it comes with PostgreSQL", pgbench.display());
        }
        let made = Command::new(binaries.program("psql"))
            .args(["--no-psqlrc", "--quiet", "--command"])
            .arg("CREATE TABLE reference (id uuid PRIMARY KEY, bytes bytea NOT NULL)")
            .arg(&url)
            .status()?;
        if !made.success() {
            bail!("the table of the reference could not be made");
        }
        let script = data.join("reference.sql");
        std::fs::write(
            &script,
            "INSERT INTO reference VALUES (gen_random_uuid(), decode(:bytes, 'hex'));\n",
        )?;
        Ok(Self { url, pgbench, script, bytes: hex::encode(bytes) })
    }

    /// Where the table is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Rows in a second.
    pub(super) fn run(&self, seconds: u32) -> anyhow::Result<Decimal> {
        let said = Command::new(&self.pgbench)
            .args(["-n", "-M", "prepared", "-j", "2", "-c"])
            .arg(CLIENTS.to_string())
            .args(["-T", &seconds.to_string(), "-D", &format!("bytes={}", self.bytes), "-f"])
            .arg(&self.script)
            .arg(&self.url)
            .output()?;
        let text = String::from_utf8_lossy(&said.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        let rate = rate.with_context(|| format!("pgbench: {}", String::from_utf8_lossy(&said.stderr)))?;
        Ok(rate.parse::<Decimal>()?.round_dp(1))
    }
}

/// A handler in a process of its own; killed when dropped.
pub(super) struct Bare {
    child: Child,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl Bare {
    /// One that answers the bytes of `file` and does nothing else.
    pub(super) fn answering(file: &Path) -> anyhow::Result<Self> {
        Self::start("--file", file.as_os_str())
    }

    /// One that does to a submission what no hall can leave out: reads it, checks its signature, keeps its bytes as one
    /// row in the table of [`Inserts`] at `url`, many in one commit, and signs an answer.
    pub(super) fn keeping(url: &str) -> anyhow::Result<Self> {
        Self::start("--keep", OsStr::new(url))
    }

    fn start(option: &str, value: &OsStr) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bare-handler", option])
            .arg(value)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take();
        let mut bare = Self { child, address: (Ipv4Addr::LOCALHOST, 0).into() };
        let mut line = String::new();
        BufReader::new(output.context("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening http://");
        bare.address = address.context("the bare handler does not start")?.parse()?;
        Ok(bare)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a bare handler does.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Task {
    /// Answer the bytes of this file.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Check, keep and sign submissions; the table is at this URL.
    #[arg(long, value_name = "URL")]
    keep: Option<String>,
}

/// What [`Bare`] runs; prints where it listens.
pub(super) async fn serve_bare(task: Task) -> anyhow::Result<()> {
    let bytes = task.file.map(std::fs::read).transpose()?.map(web::Bytes::from);
    let signer =
        Arc::new(NoteSigner::from_seed("bench/receipt1".parse().map_err(anyhow::Error::msg)?, &[7; 32]));
    let desk = web::Data::new(Desk { signer, belt: task.keep.as_deref().map(keep_by_groups).transpose()? });
    let server = HttpServer::new(move || {
        let (bytes, desk) = (bytes.clone(), desk.clone());
        match bytes {
            Some(bytes) => App::new().default_service(web::to(move || {
                let bytes = bytes.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(bytes) }
            })),
            None => App::new().app_data(desk).default_service(web::to(check_keep_and_sign)),
        }
    })
    .workers(2)
    .bind(("127.0.0.1", 0))?;
    let address = server.addrs().into_iter().next().context("no address")?;
    {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        writeln!(out, "listening http://{address}")?;
        out.flush()?;
    }
    Ok(server.run().await?)
}

/// Bytes to keep, and whom to tell when they are.
type Kept = (Vec<u8>, oneshot::Sender<()>);

struct Desk {
    signer: Arc<NoteSigner>,
    belt: Option<mpsc::Sender<Kept>>,
}

/// Inserts whatever waits as one statement and commit, over and over, on a thread of its own.
fn keep_by_groups(url: &str) -> anyhow::Result<mpsc::Sender<Kept>> {
    let (belt, mut waiting) = mpsc::channel::<Kept>(1024);
    let db = Db::connect_by_key(url, 1)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = async move {
        let mut group = Vec::new();
        while waiting.recv_many(&mut group, 128).await > 0 {
            let (rows, callers): (Vec<_>, Vec<_>) = group.drain(..).unzip();
            let Ok(mut conn) = db.read().await else { continue };
            let insert = statement(
                "INSERT INTO reference SELECT gen_random_uuid(), bytes FROM unnest($1::bytea[]) AS rows (bytes)",
            )
            .bind::<sql_types::Array<sql_types::Binary>, _>(rows);
            if insert.execute(&mut conn).await.is_ok() {
                for caller in callers {
                    // A caller that has gone needs no answer.
                    let _told = caller.send(());
                }
            }
        }
    };
    std::thread::Builder::new().name("keeper".into()).spawn(move || runtime.block_on(work))?;
    Ok(belt)
}

async fn check_keep_and_sign(desk: web::Data<Desk>, body: web::Bytes) -> HttpResponse {
    let checked = serde_json::from_slice::<NewBid>(&body).ok().and_then(|bid| {
        let ciphertext = read_base64(bid.ciphertext.as_deref()?)?;
        bid.envelope.check_payload(&ciphertext, INLINE_LIMIT).ok()?;
        bid.envelope.verify_signature().ok()?;
        let envelope = bid.envelope.canonical().ok()?;
        Some((hex::encode(sha256(&[&envelope])), [envelope, ciphertext].concat()))
    });
    let (Some((digest, bytes)), Some(belt)) = (checked, &desk.belt) else {
        return HttpResponse::UnprocessableEntity().finish();
    };
    let (caller, told) = oneshot::channel();
    if belt.send((bytes, caller)).await.is_err() || told.await.is_err() {
        return HttpResponse::ServiceUnavailable().finish();
    }
    HttpResponse::Created().content_type("text/plain").body(desk.signer.sign(&format!("{digest}\n")))
}
