//! `tenderhall submit`: hands a sealed bid in from the bidder's own machine and keeps the receipt.
//!
//! What may travel with its envelope does; anything larger is uploaded first. It may be broken off at any point and run
//! again: the keys of its calls come from the envelope, so the hall goes on where it was and never takes a bid in twice.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    bids::uploads::model::UploadView,
    kernel::{id::UploadId, note::NoteKey, time::in_hall_zone},
    seal::{
        Envelope, IdText, Payload, Receipt, TaggedDigest, Verdict,
        command::{BID, ENVELOPE, print_json, read_file, write_new},
        envelope::ENVELOPE_LIMIT,
        hall::{Answered, Hall},
        note::NOTE_LIMIT,
        policy::INLINE_LIMIT,
        progress::Bar,
        wire::{base64_text, sha256},
    },
};

/// What is kept of the hall's answer, beside the sealed bid.
const RECEIPT: &str = "receipt.txt";
/// How often a call is made before its failure counts.
const ATTEMPTS: u32 = 5;

/// 递交已密封的投标并保存回执 / Hands a sealed bid in and keeps the receipt. Run it again after an interruption: it goes on
/// where it was, and nothing is taken in twice.
#[derive(Debug, clap::Args)]
pub struct SubmitArgs {
    /// 交易系统地址 / Address of the hall, such as `https://hall.example`
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// 招标项目编号 / Tender id
    #[arg(long, value_name = "ID")]
    pub tender: IdText,
    /// 访问令牌 / Access token of the bidder's account
    #[arg(long, env = "TENDERHALL_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: SecretString,
    /// 密封输出文件夹 / Folder that `seal` wrote; `receipt.txt`, or the receipt of a refusal, is put into it
    #[arg(long, value_name = "DIR")]
    pub sealed: PathBuf,
    /// 回执公钥文件 / File with the hall's receipt key, kept from before; without it the hall is asked
    #[arg(long, value_name = "FILE")]
    pub receipt_key: Option<PathBuf>,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `submit` did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    result: String,
    tender: IdText,
    bidder: IdText,
    bid: Option<IdText>,
    revision: u32,
    envelope: TaggedDigest,
    ciphertext_bytes: u64,
    upload: Option<UploadId>,
    chunks_sent: usize,
    time: DateTime<Utc>,
    receipt: PathBuf,
}

/// What `submit` needs to know of a tender.
#[derive(Deserialize)]
struct Deadline {
    deadline: DateTime<Utc>,
}

/// The sealed bid and the hall it goes to.
struct Counter<'a> {
    args: &'a SubmitArgs,
    hall: Hall<'a>,
    envelope: Envelope,
    digest: TaggedDigest,
    bid: PathBuf,
}

/// Runs `tenderhall submit` and writes its answer to `out`.
///
/// # Errors
/// When the files do not belong together, the hall cannot be reached or refuses, or its receipt does not hold; a late bid
/// is refused with a receipt, which is kept too.
pub fn submit(args: &SubmitArgs, out: &mut dyn Write) -> Result<()> {
    let counter = Counter::open(args)?;
    let key = counter.receipt_key()?;
    let (body, upload, chunks_sent) = if counter.envelope.payload.size <= INLINE_LIMIT {
        let ciphertext = base64_text(&read_file(&counter.bid, INLINE_LIMIT)?);
        (json!({"envelope": counter.envelope, "ciphertext": ciphertext}), None, 0)
    } else {
        let (upload, sent) = counter.upload()?;
        (json!({"envelope": counter.envelope, "upload": upload}), Some(upload), sent)
    };
    let (receipt, path) = counter.finalise(&body, &key)?;
    let report = Report {
        result: receipt.verdict.to_string(),
        tender: receipt.tender,
        bidder: receipt.bidder,
        bid: receipt.bid,
        revision: receipt.revision,
        envelope: counter.digest,
        ciphertext_bytes: counter.envelope.payload.size,
        upload,
        chunks_sent,
        time: receipt.time,
        receipt: path,
    };
    if args.json {
        print_json(out, &report)?
    } else {
        print(out, &report)?
    }
    ensure!(
        receipt.verdict == Verdict::Accepted,
        "未受理；回执已保存 / Not taken in; the receipt is kept: {}",
        report.receipt.display()
    );
    Ok(())
}

impl<'a> Counter<'a> {
    /// Looks at the files before anything is sent.
    fn open(args: &'a SubmitArgs) -> Result<Self> {
        let path = args.sealed.join(ENVELOPE);
        let envelope = Envelope::read(&read_file(&path, u64::try_from(ENVELOPE_LIMIT)?)?)
            .with_context(|| path.display().to_string())?;
        ensure!(
            envelope.tender == args.tender,
            "信封属于另一招标项目 {0} / The envelope is for tender {0}",
            envelope.tender
        );
        let bid = args.sealed.join(BID);
        let kept = Payload::of(File::open(&bid).with_context(|| bid.display().to_string())?)?;
        envelope.check_kept(kept, u64::MAX).with_context(|| bid.display().to_string())?;
        let digest = TaggedDigest::from(envelope.digest()?);
        let counter = Self { args, hall: Hall::new(&args.server, Some(&args.token)), envelope, digest, bid };
        counter.refuse_other_receipt()?;
        Ok(counter)
    }

    /// A receipt that is there already must be for this very envelope.
    fn refuse_other_receipt(&self) -> Result<()> {
        let path = self.receipt_path();
        if fs::symlink_metadata(&path).is_err() {
            return Ok(());
        }
        let text = String::from_utf8(read_file(&path, u64::try_from(NOTE_LIMIT)?)?).unwrap_or_default();
        let same = text.lines().any(|line| line == format!("envelope {}", self.digest));
        ensure!(
            same,
            "已有另一份回执，不予覆盖 / Another receipt is there and is not overwritten: {}",
            path.display()
        );
        Ok(())
    }

    fn receipt_path(&self) -> PathBuf {
        self.args.sealed.join(RECEIPT)
    }

    /// Where a receipt is kept; a refusal does not stand in the way of the receipt that may follow it.
    fn place_of(&self, receipt: &Receipt) -> PathBuf {
        if receipt.verdict == Verdict::Accepted {
            return self.receipt_path();
        }
        self.args.sealed.join(format!("refusal-{}.txt", receipt.time.format("%Y%m%dT%H%M%SZ")))
    }

    fn receipt_key(&self) -> Result<NoteKey> {
        let text = match &self.args.receipt_key {
            Some(path) => read_file(path, u64::try_from(NOTE_LIMIT)?)?,
            None => self.hall.get(&format!("/api/v1/tenders/{}/receipt-key", self.args.tender))?,
        };
        Ok(String::from_utf8(text)?.trim_end().parse()?)
    }

    /// Uploads what is missing; answers the upload and how many chunks were sent.
    fn upload(&self) -> Result<(UploadId, usize)> {
        let mut upload = self.begun()?;
        let here = |view: &UploadView| {
            let missing = u64::try_from(view.missing.len()).unwrap_or_default();
            view.size.saturating_sub(missing.saturating_mul(view.chunk_size))
        };
        let mut bar = Bar::new("上传 Uploading", upload.size, self.args.json);
        bar.advance(here(&upload));
        let mut file = File::open(&self.bid)?;
        let wanted = std::mem::take(&mut upload.missing);
        for n in &wanted {
            let chunk = read_chunk(&mut file, u64::from(*n) * upload.chunk_size, upload.chunk_size)?;
            let field = format!("sha-256=:{}:", base64_text(&sha256(&[&chunk])));
            let path = format!("/api/v1/uploads/{}/chunks/{n}", upload.id);
            upload = patiently(|| self.hall.put_bytes(&path, &field, &chunk))?
                .document()
                .with_context(|| format!("PUT {path}"))?;
            bar.advance(u64::try_from(chunk.len())?);
        }
        drop(bar);
        ensure!(
            upload.sha256 == Some(self.envelope.payload.sha256),
            "交易系统所存与本机文件不符 / What the hall has is not the file of this machine: {}",
            self.bid.display()
        );
        Ok((upload.id, wanted.len()))
    }

    /// The upload of this envelope: the one that was begun before, or a new one.
    fn begun(&self) -> Result<UploadView> {
        let path = format!("/api/v1/tenders/{}/uploads", self.args.tender);
        let body = json!({"size": self.envelope.payload.size, "part": self.envelope.part});
        let begin = |key: &str| -> Result<UploadView> {
            patiently(|| self.hall.post_once(&path, key, &body))?
                .document()
                .with_context(|| format!("POST {path}"))
        };
        let known = begin(&format!("upload-{}", self.digest))?;
        let now = patiently(|| self.hall.ask(&format!("/api/v1/uploads/{}", known.id)))?;
        if now.status == 404 {
            // It was removed since.
            return begin(&format!("upload-{}-{}", self.digest, hex::encode(rand::random::<[u8; 8]>())));
        }
        now.document()
    }

    /// Makes it a bid, checks what the hall signs, and keeps it.
    fn finalise(&self, body: &Value, key: &NoteKey) -> Result<(Receipt, PathBuf)> {
        let tender = format!("/api/v1/tenders/{}", self.args.tender);
        // A refusal is kept under its key: where the deadline was moved since, the bid is asked for anew.
        let Deadline { deadline } = self.hall.document(&tender)?;
        let (path, once) =
            (format!("{tender}/bids"), format!("submit-{}-{}", self.digest, deadline.timestamp()));
        let answered = patiently(|| self.hall.post_once(&path, &once, body))?;
        let Some(text) = answered.text("receipt") else {
            bail!("POST {path}: {}", answered.refusal());
        };
        let receipt = Receipt::verify(&text, key)
            .context("回执签名不成立 / The receipt is not signed by the hall's key")?;
        let mine = receipt.tender == self.envelope.tender
            && receipt.bidder == self.envelope.bidder
            && receipt.revision == self.envelope.revision
            && TaggedDigest::from(receipt.envelope) == self.digest
            && receipt.payload == self.envelope.payload.sha256;
        ensure!(mine, "回执不是这份投标的 / The receipt is for another bid");
        let place = self.place_of(&receipt);
        if !holds(&place, &text) {
            write_new(&place, text.as_bytes(), 0o644)?;
        }
        Ok((receipt, place))
    }
}

/// Whether a file is there and says exactly this.
fn holds(path: &Path, text: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes())
}

fn read_chunk(file: &mut File, at: u64, length: u64) -> Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut chunk = Vec::new();
    file.take(length).read_to_end(&mut chunk)?;
    Ok(chunk)
}

/// Asks again where the line broke or the hall was busy, each time after a longer pause.
fn patiently(ask: impl Fn() -> Result<Answered>) -> Result<Answered> {
    let mut pause = Duration::from_millis(500);
    for _ in 1..ATTEMPTS {
        match ask() {
            Ok(answered) if answered.status < 500 => return Ok(answered),
            _ => sleep(pause),
        }
        pause *= 2;
    }
    ask()
}

fn print(out: &mut dyn Write, report: &Report) -> Result<()> {
    writeln!(out, "招标项目 Tender   {}", report.tender)?;
    writeln!(out, "投标人 Bidder     {}", report.bidder)?;
    writeln!(out, "版本 Revision     {}", report.revision)?;
    if let Some(bid) = &report.bid {
        writeln!(out, "投标编号 Bid      {bid}")?;
    }
    writeln!(out, "密文 Ciphertext   {} bytes", report.ciphertext_bytes)?;
    if let Some(upload) = &report.upload {
        writeln!(out, "上传 Upload       {upload}  本次 {0} 块 / {0} chunks this time", report.chunks_sent)?;
    }
    writeln!(out, "信封 Envelope     {}", report.envelope)?;
    writeln!(out, "结果 Result       {}", report.result)?;
    writeln!(out, "时间 Time         {}", in_hall_zone(report.time))?;
    writeln!(out, "回执 Receipt      {}", report.receipt.display())?;
    Ok(())
}
