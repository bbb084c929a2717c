//! What the hall is measured beside: pgbench on the same cluster, and handlers that keep nothing.

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, bail};
use rust_decimal::Decimal;

use super::submission::CLIENTS;
use crate::{
    bids::model::NewBid,
    platform::cluster::{Binaries, Cluster, SUPERUSER},
    seal::{note::NoteSigner, policy::INLINE_LIMIT, wire::read_base64},
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
        Self::start(Some(file))
    }

    /// One that does to a submission what no hall can leave out (reads it, checks its signature, signs an answer)
    /// and keeps nothing.
    pub(super) fn signing() -> anyhow::Result<Self> {
        Self::start(None)
    }

    fn start(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bare-handler")
            .args(file)
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

/// What [`Bare`] runs; prints where it listens.
pub(super) async fn serve_bare(file: Option<PathBuf>) -> anyhow::Result<()> {
    let bytes = file.map(std::fs::read).transpose()?.map(web::Bytes::from);
    let signer =
        Arc::new(NoteSigner::from_seed("bench/receipt1".parse().map_err(anyhow::Error::msg)?, &[7; 32]));
    let server = HttpServer::new(move || {
        let (bytes, signer) = (bytes.clone(), Arc::clone(&signer));
        match bytes {
            Some(bytes) => App::new().default_service(web::to(move || {
                let bytes = bytes.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(bytes) }
            })),
            None => App::new().default_service(web::to(move |body: web::Bytes| {
                let answer = check_and_sign(&signer, &body);
                async move { answer }
            })),
        }
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

fn check_and_sign(signer: &NoteSigner, body: &[u8]) -> HttpResponse {
    let checked = serde_json::from_slice::<NewBid>(body).ok().and_then(|bid| {
        let ciphertext = read_base64(bid.ciphertext.as_deref()?)?;
        bid.envelope.check_payload(&ciphertext, INLINE_LIMIT).ok()?;
        bid.envelope.verify_signature().ok()?;
        bid.envelope.digest().ok()
    });
    match checked.map(|digest| signer.sign(&format!("{digest}\n"))) {
        Some(note) => HttpResponse::Created().content_type("text/plain").body(note),
        None => HttpResponse::UnprocessableEntity().finish(),
    }
}
