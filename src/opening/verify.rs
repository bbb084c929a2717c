//! `tenderhall verify receipt` and `tenderhall verify opening`: what anyone with the files can check without the hall.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    kernel::{Money, id::BidId, time::in_hall_zone},
    opening::model::{ArchivedBid, BidHashes, OpeningArchive, Outcome},
    seal::{
        Checked, CheckedPolicy, Digest, Envelope, Flaw, IdText, Manifest, Payload, Receipt, SealError,
        TaggedDigest, Word,
        command::{new_file, print_json, read_file, write_new},
        envelope::{AGE_INTRO, ENVELOPE_LIMIT},
        hall::Hall,
        note::NOTE_LIMIT,
        open, open_stream,
        policy::SealPolicyAnswer,
        signature::public_key_text,
        wire::read_base64,
    },
    tenders::Part,
};

/// Longest document of a folder of an opening: a bid that came with its submission, or a record.
const FILE_LIMIT: u64 = 512 * 1024 * 1024;
/// The files of an opening's folder, beside `bids/`.
const POLICIES: &str = "seal-policies.json";
/// Where folders of before have the one policy there was.
const POLICY: &str = "seal-policy.json";
const RECORD: &str = "record.json";
const HASHES: &str = "hashes.json";
const SIGNERS: &str = "signing-keys.json";
/// The folder of its bids.
const BIDS: &str = "bids";

/// 核验回执 / Checks a receipt with the hall's public key; needs no network.
#[derive(Debug, clap::Args)]
pub struct ReceiptArgs {
    /// 回执 / The receipt as the hall gave it
    #[arg(long, value_name = "FILE")]
    pub receipt: PathBuf,
    /// 回执公钥文件 / File with the hall's receipt key (`GET /api/v1/tenders/{id}/receipt-key`), kept from before
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// 信封 / The envelope the receipt must be for
    #[arg(long, value_name = "FILE")]
    pub envelope: Option<PathBuf>,
    /// 密文 / The ciphertext the receipt must be for
    #[arg(long, value_name = "FILE")]
    pub bid: Option<PathBuf>,
    /// 截止后公布的摘要清单 / The list of hashes published after the close: the envelope must be in it
    #[arg(long, value_name = "FILE")]
    pub hashes: Option<PathBuf>,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

/// 重新开启全部投标并与公布的开标记录核对 / Opens every bid again and compares with the published record. With
/// --server it first fetches the files into --from; without, it needs no network.
#[derive(Debug, clap::Args)]
pub struct OpeningArgs {
    /// 文件夹 / Folder of the opening's files
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// 交易系统地址 / Address of the hall to fetch the files from
    #[arg(long, value_name = "URL", requires = "tender")]
    pub server: Option<String>,
    /// 招标项目编号 / Tender id
    #[arg(long, value_name = "ID", requires = "server")]
    pub tender: Option<IdText>,
    /// 访问令牌 / Access token of a supervisor
    #[arg(long, env = "TENDERHALL_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<SecretString>,
    /// 公告载明的策略摘要 / Policy digest printed on the notice; once for each policy, where one followed another
    #[arg(long, value_name = "HEX")]
    pub policy_digest: Vec<Digest>,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptReport {
    signed_by: String,
    result: String,
    tender: IdText,
    bidder: IdText,
    bid: Option<IdText>,
    revision: u32,
    envelope: TaggedDigest,
    time: DateTime<Utc>,
    leaf: Digest,
    counted: Option<bool>,
}

/// Runs `tenderhall verify receipt` and writes its answer to `out`.
///
/// # Errors
/// When the receipt is not signed by the key, or is for something else than the files given.
pub fn receipt(args: &ReceiptArgs, out: &mut dyn Write) -> Result<()> {
    let text = |path: &Path, limit| -> Result<String> {
        String::from_utf8(read_file(path, limit)?).with_context(|| path.display().to_string())
    };
    let note_limit = u64::try_from(NOTE_LIMIT)?;
    let key = text(&args.key, note_limit)?.trim_end().parse()?;
    let receipt = Receipt::verify(&text(&args.receipt, note_limit)?, &key)?;
    if let Some(path) = &args.envelope {
        let envelope = Envelope::read(&read_file(path, u64::try_from(ENVELOPE_LIMIT)?)?)?;
        ensure!(
            envelope.digest()? == receipt.envelope && envelope.payload.sha256 == receipt.payload,
            "回执不是这一信封的 / The receipt is for another envelope"
        );
    }
    if let Some(path) = &args.bid {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        ensure!(
            Payload::of(file)?.sha256 == receipt.payload,
            "回执不是这一密文的 / The receipt is for another ciphertext"
        );
    }
    let counted = match &args.hashes {
        None => None,
        Some(path) => {
            let hashes: BidHashes = serde_json::from_slice(&read_file(path, FILE_LIMIT)?)?;
            Some(hashes.items.iter().any(|item| item.envelope.0 == receipt.envelope.0))
        }
    };
    let report = ReceiptReport {
        signed_by: key.to_string(),
        result: receipt.verdict.to_string(),
        tender: receipt.tender,
        bidder: receipt.bidder,
        bid: receipt.bid,
        revision: receipt.revision,
        envelope: receipt.envelope.into(),
        time: receipt.time,
        leaf: receipt.leaf,
        counted,
    };
    if args.json {
        print_json(out, &report)?
    } else {
        print_receipt(out, &report)?
    }
    ensure!(
        counted != Some(false),
        "公布的清单中没有这一信封 / The published list does not have this envelope"
    );
    Ok(())
}

fn print_receipt(out: &mut dyn Write, report: &ReceiptReport) -> Result<()> {
    writeln!(out, "签名成立 Signed by  {}", report.signed_by)?;
    writeln!(out, "结果 Result        {}", report.result)?;
    writeln!(out, "招标项目 Tender    {}", report.tender)?;
    writeln!(out, "投标人 Bidder      {} 版本 revision {}", report.bidder, report.revision)?;
    writeln!(out, "信封 Envelope      {}", report.envelope)?;
    writeln!(out, "时间 Time          {}", in_hall_zone(report.time))?;
    writeln!(out, "日志叶 Leaf        {}", report.leaf)?;
    if report.counted == Some(true) {
        writeln!(out, "已列入截止清单     It stands in the list of the close")?;
    }
    Ok(())
}

/// A line of the published record, as far as it can be checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    seq: i64,
    bid_id: BidId,
    part: Part,
    bidder_id: IdText,
    received_at: DateTime<Utc>,
    outcome: Outcome,
    price: Option<Money>,
}

/// The published record, as far as it can be checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    received: usize,
    #[serde(default)]
    sealed_parts: Vec<Part>,
    bid_root: String,
    bids: Vec<Line>,
}

/// A signing key of a bidder, as the hall publishes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signer {
    public_key: String,
    valid_from: DateTime<Utc>,
    valid_to: Option<DateTime<Utc>>,
}

type Signers = BTreeMap<String, Vec<Signer>>;

/// The answer of `GET /api/v1/tenders/{id}/seal-policies`.
#[derive(Deserialize)]
struct Policies {
    items: Vec<SealPolicyAnswer>,
}

/// What `verify opening` found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    policy_digests: Vec<Digest>,
    bids: usize,
    opened: usize,
    not_opened: usize,
    differences: Vec<String>,
}

/// Runs `tenderhall verify opening` and writes its answer to `out`.
///
/// # Errors
/// When a file cannot be fetched or read, and when anything differs from what was published.
pub fn opening(args: &OpeningArgs, out: &mut dyn Write) -> Result<()> {
    if let (Some(server), Some(tender)) = (&args.server, &args.tender) {
        fetch(&Hall::new(server, args.token.as_ref()), tender, &args.from)?;
    }
    let findings = check(&args.from, &args.policy_digest)?;
    if args.json {
        print_json(out, &findings)?;
    } else {
        for digest in &findings.policy_digests {
            writeln!(out, "策略 Policy       {digest}")?;
        }
        writeln!(out, "投标 Bids         {}", findings.bids)?;
        writeln!(out, "已复开 Opened     {}", findings.opened)?;
        writeln!(out, "未开启 Not opened {}", findings.not_opened)?;
        for difference in &findings.differences {
            writeln!(out, "不符 Differs      {difference}")?;
        }
    }
    ensure!(findings.differences.is_empty(), "与公布的开标记录不符 / Not what was published");
    Ok(())
}

/// Fetches everything into a folder, nothing in which is overwritten.
fn fetch(hall: &Hall<'_>, tender: &IdText, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join(BIDS)).with_context(|| folder.display().to_string())?;
    let path = |rest: &str| format!("/api/v1/tenders/{tender}{rest}");
    for (name, rest) in
        [(POLICIES, "/seal-policies"), (RECORD, "/opening/record"), (HASHES, "/opening/hashes")]
    {
        write_new(&folder.join(name), &hall.get(&path(rest))?, 0o644)?;
    }
    let record: Record = read_document(&folder.join(RECORD))?;
    let mut signers = BTreeMap::new();
    for line in &record.bids {
        let keys: Value = hall.document(&format!("/api/v1/organisations/{}/signing-keys", line.bidder_id))?;
        signers.insert(line.bidder_id.to_string(), keys.get("items").cloned().unwrap_or_default());
    }
    write_new(&folder.join(SIGNERS), &serde_json::to_vec(&signers)?, 0o644)?;
    let mut after = 0;
    loop {
        let page: OpeningArchive = hall.document(&path(&format!("/opening/archive?after={after}")))?;
        for bid in &page.items {
            write_new(&bid_file(folder, bid.seq, "json"), &serde_json::to_vec(bid)?, 0o600)?;
            if bid.ciphertext.is_none() {
                let mut source = hall.stream(&path(&format!("/opening/ciphertexts/{}", bid.bid_id)))?;
                let mut file = new_file(&bid_file(folder, bid.seq, "age"), 0o600)?;
                io::copy(&mut source, &mut file)?;
                file.sync_all()?;
            }
        }
        match page.next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

/// Where a bid lies, or its uploaded ciphertext.
fn bid_file(folder: &Path, seq: i64, kind: &str) -> PathBuf {
    folder.join(BIDS).join(format!("{seq:06}.{kind}"))
}

fn read_document<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_slice(&read_file(path, FILE_LIMIT)?).with_context(|| path.display().to_string())
}

/// Checks a folder. What cannot be read at all is an error, what differs a finding.
fn check(folder: &Path, announced: &[Digest]) -> Result<Findings> {
    let policies = read_policies(folder)?;
    let record: Record = read_document(&folder.join(RECORD))?;
    let hashes: BidHashes = read_document(&folder.join(HASHES))?;
    let signers: Signers = read_document(&folder.join(SIGNERS))?;
    let mut findings = Findings {
        policy_digests: policies.iter().map(CheckedPolicy::digest).collect(),
        bids: record.bids.len(),
        opened: 0,
        not_opened: 0,
        differences: Vec::new(),
    };
    if !announced.is_empty() && policies.iter().any(|policy| !announced.contains(&policy.digest())) {
        findings.differences.push("策略摘要与公告不符 / the policy is not that of the notice".to_owned());
    }
    // Every policy of a tender is for the same parts.
    let parts = policies.last().context("没有密封策略 / no seal policy")?.policy().parts.as_slice();
    findings.differences.extend(counted(&record, &hashes, parts)?);
    for line in &record.bids {
        let bid: ArchivedBid = read_document(&bid_file(folder, line.seq, "json"))?;
        let sealed = match &bid.ciphertext {
            Some(text) => Sealed::Here(text),
            None => Sealed::Uploaded(bid_file(folder, line.seq, "age")),
        };
        match agrees(line, &bid, &sealed, &policies, &hashes, &signers) {
            Ok(true) => findings.opened += 1,
            Ok(false) => findings.not_opened += 1,
            Err(why) => findings.differences.push(format!("{} ({}): {why:#}", line.seq, line.bid_id)),
        }
    }
    Ok(findings)
}

/// The policies of a folder, the first one first.
fn read_policies(folder: &Path) -> Result<Vec<CheckedPolicy>> {
    let answers = if folder.join(POLICIES).exists() {
        read_document::<Policies>(&folder.join(POLICIES))?.items
    } else {
        vec![read_document(&folder.join(POLICY))?]
    };
    Ok(answers.into_iter().map(|answer| CheckedPolicy::new(answer.policy)).collect::<Result<_, _>>()?)
}

/// What of the numbers does not add up.
fn counted(record: &Record, hashes: &BidHashes, parts: &[Word]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    if !hashes.agree() || hashes.bid_root != record.bid_root {
        wrong.push("摘要清单与默克尔根不符 / the list of hashes is not that of the root".to_owned());
    }
    let mut same = usize::try_from(hashes.count) == Ok(record.received);
    for word in parts {
        let part = Part::of(word).map_err(|_| anyhow::anyhow!("{word}"))?;
        let lines = record.bids.iter().filter(|line| line.part == part).map(|line| line.seq);
        let due = if record.sealed_parts.contains(&part) { Vec::new() } else { hashes.complete(part) };
        same &= lines.eq(due);
    }
    if !same {
        wrong.push("记录与清单的投标数不同 / record and list do not hold the same bids".to_owned());
    }
    Ok(wrong)
}

/// A ciphertext of the folder; one that was uploaded is never read into memory as a whole.
enum Sealed<'a> {
    Here(&'a str),
    Uploaded(PathBuf),
}

impl Sealed<'_> {
    fn bytes(text: &str) -> Result<Vec<u8>> {
        Ok(read_base64(text).ok_or(SealError::from(Flaw::PayloadFormat))?)
    }

    fn file(path: &Path) -> Result<File> {
        File::open(path).with_context(|| path.display().to_string())
    }

    fn check(&self, envelope: &Envelope, policy: &CheckedPolicy, bidder: &IdText) -> Result<Checked> {
        let path = match self {
            Self::Here(text) => return Ok(envelope.check(&Self::bytes(text)?, policy, bidder)?),
            Self::Uploaded(path) => path,
        };
        let mut intro = Vec::new();
        Self::file(path)?.take(u64::try_from(AGE_INTRO.len())?).read_to_end(&mut intro)?;
        ensure!(intro == AGE_INTRO, SealError::from(Flaw::PayloadFormat));
        Ok(envelope.check_uploaded(Payload::of(Self::file(path)?)?, policy, bidder)?)
    }

    fn open(&self, envelope: &Envelope, secret: &SecretString) -> Result<Manifest> {
        match self {
            Self::Here(text) => Ok(open(envelope, &Self::bytes(text)?, secret)?.manifest),
            Self::Uploaded(path) => open_stream(envelope, &mut Self::file(path)?, secret, &mut |_, _| Ok(())),
        }
    }
}

/// Whether a bid opens to what the record says of it; answers whether it was opened.
fn agrees(
    line: &Line,
    bid: &ArchivedBid,
    sealed: &Sealed<'_>,
    policies: &[CheckedPolicy],
    hashes: &BidHashes,
    signers: &Signers,
) -> Result<bool> {
    let digest = TaggedDigest::from(bid.envelope.digest()?);
    let stood = hashes.items.iter().any(|item| item.seq == line.seq && item.envelope == digest);
    ensure!(
        stood && bid.bid_id == line.bid_id && bid.envelope.part.as_str() == line.part.as_ref(),
        "信封不在清单中 / the envelope is not the one of the list"
    );
    let policy = policies.iter().find(|policy| policy.digest() == bid.envelope.policy_digest);
    let policy = policy.ok_or(SealError::from(Flaw::PolicyDigest))?;
    let signer = sealed.check(&bid.envelope, policy, &line.bidder_id)?.signer;
    let enrolled = signers.get(line.bidder_id.as_str()).into_iter().flatten().any(|key| {
        let valid =
            key.valid_from <= line.received_at && key.valid_to.is_none_or(|end| line.received_at < end);
        valid && key.public_key == public_key_text(&signer)
    });
    ensure!(enrolled, "签名公钥未登记于该投标人 / the signing key is not enrolled for the bidder");
    let Some(secret) = &bid.secret else {
        ensure!(
            line.outcome != Outcome::Opened,
            "记为已开启而无密钥 / opened by the record, and without a secret"
        );
        return Ok(false);
    };
    match (sealed.open(&bid.envelope, &SecretString::from(secret.clone())), line.outcome) {
        (Ok(manifest), Outcome::Opened) => {
            let price = manifest.price()?.filter(|_| line.part.states_price());
            ensure!(price == line.price, "报价与记录不同 / another price than the record's");
            Ok(true)
        }
        (Ok(_), _) => anyhow::bail!("可以开启而未记为已开启 / it opens, and the record says that it did not"),
        (Err(error), Outcome::Opened) => Err(error),
        (Err(_), _) => Ok(false),
    }
}
