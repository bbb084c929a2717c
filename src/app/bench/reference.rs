//! What the hall is measured beside: pgbench on the same cluster, and a handler that knows its answer.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, bail};
use rust_decimal::Decimal;

use super::submission::CLIENTS;
use crate::platform::cluster::{Binaries, Cluster, SUPERUSER};

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

/// A handler that answers the bytes of `file` and nothing else; prints where it listens.
pub(super) async fn serve_bare(file: PathBuf) -> anyhow::Result<()> {
    let bytes = web::Bytes::from(std::fs::read(file)?);
    let server = HttpServer::new(move || {
        let bytes = bytes.clone();
        App::new().default_service(web::to(move || {
            let bytes = bytes.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(bytes) }
        }))
    })
    .workers(2)
    .bind(("127.0.0.1", 0))?;
    let address = *server.addrs().first().context("no address")?;
    {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        writeln!(out, "listening http://{address}")?;
        out.flush()?;
    }
    Ok(server.run().await?)
}
