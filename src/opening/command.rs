//! `tenderhall canary` and `tenderhall release`: what holders of shares do on their own machines.
//!
//! The identity never leaves the machine; the hall gets what comes out of it, and not before the close.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use age::x25519::Identity;
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    bids::service::CLOSED_ACT,
    kernel::time::{in_hall_zone, machine_now},
    ledger::{audit::Keys, checkpoint::Proof, evidence::Confirmed},
    opening::model::{BidHashes, HeldShare, ReleasedShares},
    seal::{
        Policy,
        command::{print_json, read_identity},
        envelope::Share,
        hall::Hall,
        passphrase::PassphraseArgs,
        policy::SealPolicyAnswer,
        shares::open_share,
        wire::{IdText, read_base64},
    },
    tenders::Part,
};

/// Shares of one request.
const BATCH: usize = 100;

/// The hall and the holder.
#[derive(Debug, clap::Args)]
pub struct Desk {
    /// 交易系统地址 / Address of the hall, such as `https://hall.example`
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// 招标项目编号 / Tender id
    #[arg(long, value_name = "ID")]
    pub tender: IdText,
    /// 访问令牌 / Access token of the officer's or the bidder's account
    #[arg(long, env = "TENDERHALL_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: SecretString,
    /// 份额密钥文件 / Age identity: the officer's key made by `keygen --officer`, or the bidder's share.key
    #[arg(long, value_name = "FILE")]
    pub identity: PathBuf,
    /// Passphrase of the identity.
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

/// 验证本人密钥可用 / Proves to the hall that one's key can read, 24 hours before the deadline at the latest.
#[derive(Debug, clap::Args)]
pub struct CanaryArgs {
    /// The hall and the holder.
    #[command(flatten)]
    pub desk: Desk,
}

/// 截止后解密并释放本单位份额 / After the close, decrypts one's own shares and releases them.
#[derive(Debug, clap::Args)]
pub struct ReleaseArgs {
    /// The hall and the holder.
    #[command(flatten)]
    pub desk: Desk,
    /// 公钥文件 / File of keys, the log's and the witnesses', one a line: the close must stand in the log, confirmed by a
    /// witness after the deadline, before a share leaves this machine
    #[arg(long, value_name = "FILE", required_unless_present = "without_log")]
    pub keys: Option<PathBuf>,
    /// 不核对日志 / Release without asking the log; where no witness watches over it
    #[arg(long, conflicts_with = "keys")]
    pub without_log: bool,
    /// 以交易系统时钟为准（仅限沙箱）/ Believe the hall's clock where this machine's is before the deadline; for a
    /// sandbox, whose clock is not the world's
    #[arg(long)]
    pub believe_hall_clock: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnCanary {
    key_id: String,
    canary: Option<String>,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

impl Desk {
    fn hall(&self) -> Hall<'_> {
        Hall::new(&self.server, Some(&self.token))
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenders/{}{rest}", self.tender)
    }
}

/// Runs `tenderhall canary` and writes its answer to `out`.
///
/// # Errors
/// When the hall cannot be reached or refuses, or the identity reads none of the caller's canaries.
pub fn canary(args: &CanaryArgs, out: &mut dyn Write) -> Result<()> {
    let desk = &args.desk;
    let (hall, identity) = (desk.hall(), read_identity(&desk.identity, &desk.passphrase)?);
    let put_out: Items<OwnCanary> = hall.document(&desk.path("/canaries"))?;
    let read = |one: &OwnCanary| {
        let file = read_base64(one.canary.as_deref()?)?;
        let plain = age::decrypt(&identity, &file).ok()?;
        Some(json!({"keyId": one.key_id, "answer": hex::encode(plain)}))
    };
    let answers: Vec<Value> = put_out.items.iter().filter_map(read).collect();
    ensure!(
        !answers.is_empty(),
        "该密钥打不开本人的任何验证文件 / This key reads no canary of yours: {}",
        desk.identity.display()
    );
    let mut light = Value::Null;
    for answer in &answers {
        let told: Value = hall.post(&desk.path("/canaries"), answer)?;
        light = told.get("light").cloned().unwrap_or_default();
    }
    if desk.json {
        return print_json(out, &json!({"proved": answers.len(), "light": light}));
    }
    writeln!(out, "已验证 Proved      {}", answers.len())?;
    writeln!(out, "指示灯 Light      {}", light.as_str().unwrap_or_default())?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deadline {
    deadline: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Window {
    window_until: DateTime<Utc>,
    stage: u32,
    parts: Vec<Part>,
    bids: i64,
}

/// What `release` did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    stage: u32,
    parts: Vec<Part>,
    bids: i64,
    window_until: DateTime<Utc>,
    confirmed: Option<Confirmed>,
    released: usize,
    opens: usize,
    waits_for_others: usize,
    does_not_fit: Vec<String>,
    cannot_read: Vec<String>,
    other_key: usize,
    not_provided_for: usize,
    released_before: usize,
}

/// Runs `tenderhall release` and writes its answer to `out`.
///
/// # Errors
/// Before the deadline or the close; when the hall cannot be reached or refuses, its list of bids contradicts itself,
/// or a share cannot be read or does not fit.
pub fn release(args: &ReleaseArgs, out: &mut dyn Write) -> Result<()> {
    let desk = &args.desk;
    let (hall, identity) = (desk.hall(), read_identity(&desk.identity, &desk.passphrase)?);
    let (window, confirmed) = check_closed(args, &hall)?;
    let policies: Items<SealPolicyAnswer> = hall.document(&desk.path("/seal-policies"))?;
    let held: Items<HeldShare> = hall.document(&desk.path("/opening/shares"))?;
    let mut report = Report {
        stage: window.stage,
        parts: window.parts,
        bids: window.bids,
        window_until: window.window_until,
        confirmed,
        released: 0,
        opens: 0,
        waits_for_others: 0,
        does_not_fit: Vec::new(),
        cannot_read: Vec::new(),
        other_key: 0,
        not_provided_for: held.items.iter().filter(|share| !share.wanted).count(),
        released_before: held.items.iter().filter(|share| share.wanted && share.released).count(),
    };
    let mut ready = Vec::new();
    for share in held.items.iter().filter(|share| share.wanted && !share.released) {
        let answer = policies.items.iter().find(|answer| answer.policy_digest == share.policy_digest);
        let answer = answer
            .context("投标所用的密封策略未公布 / A bid is sealed for a policy that the hall does not show")?;
        let is_to_mine = |answer: &SealPolicyAnswer| names(&answer.policy, &share.member, &identity);
        // A body that lost its keys has others in the policy that follows, which read nothing of bids sealed before.
        if !is_to_mine(answer) && policies.items.iter().any(is_to_mine) {
            report.other_key += 1;
            continue;
        }
        match opened(share, answer, &identity) {
            Ok(text) => ready.push(json!({
                "bidId": share.bid_id, "clause": share.clause, "member": share.member, "share": text.expose_secret()
            })),
            Err(_) => report.cannot_read.push(format!("{} / {}", share.bid_id, share.clause)),
        }
    }
    for batch in ready.chunks(BATCH) {
        let done: ReleasedShares =
            hall.post(&desk.path("/opening/shares/batch"), &json!({"items": batch}))?;
        for one in &done.items {
            report.released += 1;
            match one.opens {
                Some(true) => report.opens += 1,
                Some(false) => report.does_not_fit.push(one.bid_id.to_string()),
                None => report.waits_for_others += 1,
            }
        }
    }
    if desk.json {
        print_json(out, &report)?
    } else {
        print(out, &report)?
    }
    let whole = report.cannot_read.is_empty() && report.does_not_fit.is_empty();
    ensure!(whole, "部分份额打不开或不符 / Some shares cannot be read or do not fit");
    Ok(())
}

/// Whether a policy names this key as one of the member's.
fn names(policy: &Policy, member: &str, identity: &Identity) -> bool {
    let held = policy.members.iter().find(|(name, _)| name.as_str() == member);
    held.is_some_and(|(_, held)| held.recipients.contains(&identity.to_public().to_string()))
}

fn opened(share: &HeldShare, answer: &SealPolicyAnswer, identity: &Identity) -> Result<SecretString> {
    let clause = usize::try_from(share.clause).ok().and_then(|at| answer.policy.clauses.get(at));
    let member = share.member.parse().map_err(anyhow::Error::msg)?;
    let age = Share { clause: share.clause, member, age: share.age.clone() };
    Ok(open_share(&age, clause.map(Vec::as_slice).unwrap_or_default(), identity)?)
}

/// The deadline is past by this machine's own clock, the lot is closed, the list of its bids is what its root says, and
/// the log has it so.
fn check_closed(args: &ReleaseArgs, hall: &Hall<'_>) -> Result<(Window, Option<Confirmed>)> {
    let desk = &args.desk;
    let Deadline { deadline } = hall.document(&desk.path(""))?;
    ensure!(
        args.believe_hall_clock || machine_now() >= deadline,
        "本机时间早于截止时间 {0}，不释放任何份额 / By this machine's clock it is before the deadline {0}: nothing is released",
        in_hall_zone(deadline)
    );
    let window: Window =
        hall.document(&desk.path("/opening")).context("开标尚未开始 / The opening has not begun")?;
    let hashes: BidHashes = hall.document(&desk.path("/opening/hashes"))?;
    let listed: usize = window.parts.iter().map(|part| hashes.complete(*part).len()).sum();
    let listed = i64::try_from(listed)?;
    // Of a later stage bids may be left out that the one before ended.
    let counted = if window.stage == 1 { window.bids == listed } else { window.bids <= listed };
    let fits = hashes.closed_at >= deadline && counted && hashes.agree();
    ensure!(fits, "投标清单与截止记录不符 / The list of bids is not that of the close: nothing is released");
    let Some(keys) = &args.keys else { return Ok((window, None)) };
    // The hall's clock may be a sandbox's, a witness's never is.
    let since = if args.believe_hall_clock { 0 } else { u64::try_from(deadline.timestamp())? };
    let confirmed = check_logged(desk, hall, &hashes, &read_keys(keys)?, since).context(
        "日志中未见经见证的截止记录 / The log does not have the close confirmed: nothing is released",
    )?;
    Ok((window, Some(confirmed)))
}

fn read_keys(path: &Path) -> Result<Keys> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Keys::parse(&text).with_context(|| path.display().to_string())
}

/// The close stands in the log with this count and root, and a witness has confirmed that at `since` or later.
fn check_logged(
    desk: &Desk,
    hall: &Hall<'_>,
    hashes: &BidHashes,
    keys: &Keys,
    since: u64,
) -> Result<Confirmed> {
    let entry = hashes.entry.as_ref().context("the hall shows no entry of the close")?;
    let facts = json!({"count": hashes.count, "root": hashes.bid_root});
    let told = entry.body.get("act") == Some(&json!(CLOSED_ACT))
        && entry.body.get("tender") == Some(&json!(desk.tender))
        && entry.body.get("facts") == Some(&facts);
    ensure!(told, "the entry is not that of this close");
    let proof = hall.get(&format!("/api/v1/log/proof/{}", entry.leaf));
    let proof =
        proof.context("尚未写入日志，请稍后再试 / It has no place in the log yet; try again in a minute")?;
    entry.confirmed(&Proof::parse(&String::from_utf8(proof)?)?, keys, since)
}

fn print(out: &mut dyn Write, report: &Report) -> Result<()> {
    let parts = report.parts.iter().map(Part::as_ref).collect::<Vec<_>>().join(", ");
    writeln!(out, "阶段 Stage          {} ({parts})", report.stage)?;
    writeln!(out, "投标 Bids           {}", report.bids)?;
    match &report.confirmed {
        Some(Confirmed { witnesses, .. }) => {
            let names: Vec<_> = witnesses.iter().map(|(name, _)| name.as_str()).collect();
            writeln!(out, "日志见证 Confirmed    {}", names.join(", "))?;
        }
        None => writeln!(out, "日志未核对 Log        not asked")?,
    }
    writeln!(out, "已释放 Released      {}", report.released)?;
    writeln!(out, "其中可开启 Open now   {}", report.opens)?;
    writeln!(out, "待其他持有人 Waiting  {}", report.waits_for_others)?;
    writeln!(out, "此前已释放 Before     {}", report.released_before)?;
    if report.other_key > 0 {
        writeln!(out, "属其他密钥 Other key   {}", report.other_key)?;
    }
    writeln!(out, "未启用补救 Not due    {}", report.not_provided_for)?;
    for bid in &report.does_not_fit {
        writeln!(out, "份额不符 Not fitting  {bid}")?;
    }
    for share in &report.cannot_read {
        writeln!(out, "打不开 Unreadable    {share}")?;
    }
    writeln!(out, "截至 Until           {}", in_hall_zone(report.window_until))?;
    Ok(())
}
