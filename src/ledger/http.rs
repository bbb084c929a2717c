//! The log over HTTP: c2sp.org/tlog-tiles with proofs beside it. Anybody may read it, and everybody reads the same.

use std::{ops::Range, sync::Arc};

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use futures_util::{Stream, future::LocalBoxFuture, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    checkpoint::{Checkpoint, Proof, hash_text},
    light::{Light, LightState, light},
    log::Log,
    merkle::{Hash, Node, consistency, inclusion},
    published::Given,
    tile::{TILE, Tile, What},
    tree::{self, Disclosed, Signed},
};
use crate::{
    kernel::{Code, Problem, Refusal, Rejection, Say, id::RequestId, note::NOTE_LIMIT, time::machine_now},
    platform::{
        db::Db,
        http::{Problems, Reply},
    },
};

/// Leaves of the export that are read together.
const CHUNK: u64 = 2048;

/// Says of which tenders the record may be read; the rooms above know.
pub trait Disclosure: Send + Sync {
    /// As things stand now.
    fn disclosed<'a>(
        &'a self,
        conn: &'a mut AsyncPgConnection,
    ) -> LocalBoxFuture<'a, Result<Disclosed, Problem>>;
}

/// Collects the routes. The app's data must hold [`Db`], [`Log`] and an `Arc<dyn Disclosure>`.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(overview)
        .service(newest_checkpoint)
        .service(read_tile)
        .service(inclusion_proof)
        .service(consistency_proof)
        .service(export)
        .service(cosign);
}

/// The log and who watches over it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogOverview {
    /// Its name, the origin of its checkpoints.
    #[schema(example = "tenderhall.152500/log1")]
    origin: String,
    /// The key that signs it, as a C2SP note verifier key. Pin it.
    key: String,
    /// Leaves of the newest checkpoint. The log grows at a fixed beat, busy or not.
    size: u64,
    /// Keys of the witnesses whose cosignatures count.
    witnesses: Vec<String>,
    /// Whether a witness has confirmed it lately.
    light: LightState,
    /// When a witness has confirmed it last.
    witnessed_at: Option<DateTime<Utc>>,
}

/// The log's name and key, its witnesses, and whether one of them has confirmed it lately.
#[utoipa::path(tag = "log", responses((status = 200, description = "The log", body = LogOverview), Problems))]
#[get("/api/v1/log")]
async fn overview(db: web::Data<Db>, log: web::Data<Log>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let last = tree::checkpoint(&mut conn, log.book.log, None).await?;
    let Light { state, at } = light(&mut conn, &log, machine_now()).await?;
    Reply::ok(&LogOverview {
        origin: log.book.origin.to_string(),
        key: log.key.to_string(),
        size: last.map_or(0, |last| last.head.size),
        witnesses: log.witnesses.iter().map(ToString::to_string).collect(),
        light: state,
        witnessed_at: at,
    })
}

/// The newest checkpoint with its cosignatures: a C2SP signed note.
#[utoipa::path(tag = "log", responses(
    (status = 200, description = "The note", body = String, content_type = "text/plain"), Problems))]
#[get("/api/v1/log/checkpoint")]
async fn newest_checkpoint(db: web::Data<Db>, log: web::Data<Log>) -> Result<HttpResponse, Problem> {
    let mut conn = db.read().await?;
    let last = newest(&mut conn, &log).await?;
    Ok(plain(with_cosignatures(&mut conn, &log, &last).await?))
}

/// A tile of hashes (`0/x001/067`, `1/000.p/5`) or a bundle of entries (`entries/000.p/8`) by c2sp.org/tlog-tiles.
///
/// An entry that may not be read yet, and padding, has length zero in a bundle; its hash stands in the tile.
#[utoipa::path(tag = "log",
    params(("tile" = String, Path, description = "`L/N` or `L/N.p/W`; may hold slashes", example = "0/000.p/8")),
    responses((status = 200, description = "Hashes of 32 bytes, or entries after two bytes of their length",
        body = Vec<u8>, content_type = "application/octet-stream"), Problems))]
#[get("/api/v1/log/tile/{tile:.*}")]
async fn read_tile(
    path: web::Path<String>,
    db: web::Data<Db>,
    log: web::Data<Log>,
    disclosure: web::Data<Arc<dyn Disclosure>>,
) -> Result<HttpResponse, Problem> {
    let tile: Tile = path.parse().map_err(|()| Rejection::not_found())?;
    let mut conn = db.read().await?;
    let size = newest(&mut conn, &log).await?.head.size;
    if !tile.is_within(size) {
        return Err(Rejection::not_found().into());
    }
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/octet-stream");
    match tile.what {
        What::Hashes(level) => {
            let nodes: Vec<Node> =
                (0..tile.width).map(|at| Node { level: level * 8, n: tile.n * TILE + at }).collect();
            let known = tree::hashes(&mut conn, log.book.log, &nodes).await?;
            let bytes: Vec<u8> = nodes.iter().filter_map(|node| known.get(node)).flatten().copied().collect();
            answer.insert_header(("Cache-Control", "public, max-age=31536000, immutable"));
            Ok(answer.body(bytes))
        }
        What::Entries => {
            let disclosed = disclosure.disclosed(&mut conn).await?;
            let range = tile.n * TILE..tile.n * TILE + tile.width;
            let mut bytes = Vec::new();
            for shown in tree::shown(&mut conn, &log.book, range, &disclosed).await? {
                let entry = shown.skeleton.as_ref().map(serde_json_canonicalizer::to_vec).transpose();
                let entry = entry.map_err(Problem::internal)?.unwrap_or_default();
                bytes.extend(u16::try_from(entry.len()).map_err(Problem::internal)?.to_be_bytes());
                bytes.extend(entry);
            }
            // More of it may be readable later.
            answer.insert_header(("Cache-Control", "no-store"));
            Ok(answer.body(bytes))
        }
    }
}

/// The proof that an entry stands in the log, by its index or its leaf: a C2SP `.tlog-proof`, to be checked off-line.
///
/// It leads to the newest checkpoint that a witness has confirmed, or to the newest where none that old is.
#[utoipa::path(tag = "log",
    params(("entry" = String, Path, description = "Index, or leaf as 64 hexadecimal digits", example = "0")),
    responses((status = 200, description = "The proof", body = String, content_type = "text/plain"), Problems))]
#[get("/api/v1/log/proof/{entry}")]
async fn inclusion_proof(
    entry: web::Path<String>,
    db: web::Data<Db>,
    log: web::Data<Log>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.read().await?;
    let mut leaf: Hash = [0; 32];
    let index = if hex::decode_to_slice(entry.as_str(), &mut leaf).is_ok() {
        tree::index_of(&mut conn, log.book.log, leaf).await?
    } else {
        entry.parse().ok()
    };
    let index = index.ok_or_else(Rejection::not_found)?;
    let proof = proof_of(&mut conn, &log, index).await?.ok_or_else(Rejection::not_found)?;
    Ok(plain(proof.text()))
}

/// The proof for the leaf at `index`; none where no checkpoint has it yet.
///
/// # Errors
/// When the database is away.
pub async fn proof_of(conn: &mut AsyncPgConnection, log: &Log, index: u64) -> Result<Option<Proof>, Problem> {
    let newest = newest(conn, log).await?;
    let under = tree::newest_cosigned(conn, log.book.log).await?;
    let under = under.filter(|under| index < under.head.size).unwrap_or(newest);
    let Some(ranges) = inclusion(index, under.head.size) else { return Ok(None) };
    let path = tree::roots(conn, log.book.log, &ranges).await?;
    let note = with_cosignatures(conn, log, &under).await?;
    Ok(Some(Proof { extra: None, index, path, note }))
}

/// The lasting proof of what a receipt promised, with the entry's skeleton, for whoever may read that; none while
/// the entry waits for its place.
///
/// # Errors
/// When the database is away.
pub async fn promised(conn: &mut AsyncPgConnection, log: &Log, leaf: Hash) -> Result<Option<Proof>, Problem> {
    let Some((index, skeleton)) = tree::entry_of(conn, log.book.log, leaf).await? else { return Ok(None) };
    let skeleton = serde_json_canonicalizer::to_vec(&skeleton).map_err(Problem::internal)?;
    let proof = proof_of(conn, log, index).await?;
    Ok(proof.map(|proof| Proof { extra: Some(skeleton), ..proof }))
}

/// Sizes of two trees.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Sizes {
    /// Size of the older tree.
    old: u64,
    /// Size of the newer one; that of the newest checkpoint if absent.
    new: Option<u64>,
}

/// That one tree is the beginning of another.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ConsistencyProof {
    /// Size of the older tree.
    old: u64,
    /// Size of the newer one.
    new: u64,
    /// Hashes by RFC 6962 §2.1.2, base64.
    hashes: Vec<String>,
}

/// The proof that the tree of one size is the beginning of that of another (RFC 6962 §2.1.2).
#[utoipa::path(tag = "log", params(Sizes),
    responses((status = 200, description = "The hashes", body = ConsistencyProof), Problems))]
#[get("/api/v1/log/consistency")]
async fn consistency_proof(
    sizes: web::Query<Sizes>,
    db: web::Data<Db>,
    log: web::Data<Log>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let size = newest(&mut conn, &log).await?.head.size;
    let (old, new) = (sizes.old, sizes.new.unwrap_or(size));
    let detail = Say::new("日志没有这一规模的状态。", "The log has no such size.");
    let no = |pointer: &str| Rejection::at(pointer, "invalid", detail.clone());
    if new > size {
        return Err(no("?new").into());
    }
    let ranges = consistency(old, new).ok_or_else(|| no("?old"))?;
    let hashes = tree::roots(&mut conn, log.book.log, &ranges).await?;
    Reply::ok(&ConsistencyProof { old, new, hashes: hashes.iter().map(hash_text).collect() })
}

/// The whole log for an audit off-line, as JSON Lines: the checkpoint, then every leaf in its order, with the skeleton
/// of its entry where that may be read. Input of `tenderhall verify log`.
#[utoipa::path(tag = "log", responses(
    (status = 200, description = "Lines", body = String, content_type = "application/jsonl"), Problems))]
#[get("/api/v1/log/export")]
async fn export(
    db: web::Data<Db>,
    log: web::Data<Log>,
    disclosure: web::Data<Arc<dyn Disclosure>>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.read().await?;
    let last = newest(&mut conn, &log).await?;
    let note = with_cosignatures(&mut conn, &log, &last).await?;
    let disclosed = disclosure.disclosed(&mut conn).await?;
    drop(conn);
    let head = json!({
        "format": "tenderhall-log-export/v1", "log": log.book.origin.as_str(),
        "key": log.key.to_string(), "checkpoint": note,
    });
    let lines = Lines { db, log, disclosed, rest: 0..last.head.size, head: Some(format!("{head}\n")) };
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/jsonl").insert_header(("Cache-Control", "no-store"));
    Ok(answer.streaming(lines.stream()))
}

struct Lines {
    db: web::Data<Db>,
    log: web::Data<Log>,
    disclosed: Disclosed,
    rest: Range<u64>,
    head: Option<String>,
}

impl Lines {
    fn stream(self) -> impl Stream<Item = Result<web::Bytes, actix_web::Error>> {
        stream::unfold(Some(self), async |lines| {
            let mut lines = lines?;
            if let Some(head) = lines.head.take() {
                return Some((Ok(head.into()), Some(lines)));
            }
            if lines.rest.is_empty() {
                return None;
            }
            match lines.next().await {
                Ok(text) => Some((Ok(text.into()), Some(lines))),
                // A broken stream is all that can be said now; the reader counts the leaves.
                Err(problem) => Some((Err(actix_web::Error::from(problem)), None)),
            }
        })
    }

    async fn next(&mut self) -> Result<String, Problem> {
        let until = self.rest.end.min(self.rest.start + CHUNK);
        let range = self.rest.start..until;
        self.rest.start = until;
        let mut conn = self.db.read().await?;
        let shown = tree::shown(&mut conn, &self.log.book, range, &self.disclosed).await?;
        let line = |shown: &tree::Shown| {
            let leaf = hex::encode(shown.leaf);
            let line = match &shown.skeleton {
                Some(skeleton) => json!({"leaf": leaf, "skeleton": skeleton}),
                None => json!({"leaf": leaf}),
            };
            format!("{line}\n")
        };
        Ok(shown.iter().map(line).collect())
    }
}

/// What a cosignature was kept for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Cosigned {
    /// Size of the checkpoint.
    size: u64,
    /// Name of the witness.
    witness: String,
}

/// Hand in a checkpoint with a witness's cosignature (c2sp.org/tlog-cosignature). The signature is the credential.
///
/// A checkpoint with the log's own signature that the hall does not hold shows that its database is older than what
/// it published: the log stops.
#[utoipa::path(tag = "log", request_body(content = String, content_type = "text/plain"),
    responses((status = 200, description = "Kept", body = Cosigned), Problems))]
#[post("/api/v1/log/cosignatures")]
async fn cosign(body: web::Bytes, db: web::Data<Db>, log: web::Data<Log>) -> Result<Reply, Problem> {
    let invalid = |zh: &str, en: &str| Rejection::at("", "invalid", Say::new(zh, en));
    let note = std::str::from_utf8(&body).ok().filter(|note| note.len() <= NOTE_LIMIT);
    let note = note.ok_or_else(|| invalid("不是签名的检查点。", "Not a signed checkpoint."))?;
    let checkpoint = Checkpoint::verify(note, &log.key)
        .map_err(|_| invalid("不是本日志签名的检查点。", "Not a checkpoint that this log has signed."))?;
    let head = checkpoint.head;
    let mut conn = db.read().await?;
    let stored = tree::checkpoint(&mut conn, log.book.log, Some(head.size)).await?;
    drop(conn);
    if stored.is_none_or(|stored| stored.head != head) {
        tracing::error!(size = head.size, "a checkpoint that the log signed is not in the database");
        log.published.hold(Given { checkpoint, note: note.to_owned() })?;
        let detail = Say::new(
            "本厅没有这一检查点：数据库旧于已公布的日志，日志已停止。",
            "The hall does not hold this checkpoint: its database is older than the published log, which stops.",
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let signed = log.witnesses.iter().find_map(|key| Some((key, key.cosignature(note).ok()?)));
    let (key, cosignature) = signed
        .ok_or_else(|| invalid("没有已登记见证方的签名。", "No cosignature of a witness the hall knows."))?;
    let witness = key.name().to_string();
    db.transaction("log.cosign", RequestId::random(), async |tx| {
        tree::keep_cosignature(tx, log.book.log, head.size, &witness, &cosignature).await
    })
    .await?;
    Reply::ok(&Cosigned { size: head.size, witness })
}

async fn newest(conn: &mut AsyncPgConnection, log: &Log) -> Result<Signed, Problem> {
    let last = tree::checkpoint(conn, log.book.log, None).await?;
    last.ok_or_else(|| Problem::unavailable(anyhow::anyhow!("the log has no checkpoint yet")))
}

async fn with_cosignatures(
    conn: &mut AsyncPgConnection,
    log: &Log,
    signed: &Signed,
) -> Result<String, Problem> {
    let lines = tree::cosignatures(conn, log.book.log, signed.head.size).await?;
    Ok(format!("{}{}", signed.note, lines.concat()))
}

fn plain(text: String) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    response.content_type("text/plain; charset=utf-8").body(text)
}
