//! `tenderhall witness` and `tenderhall verify log`: the log as others watch over it. Calls block.

use std::{
    fs::File,
    io::{BufReader, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{
    audit::{Audit, Keys, audit},
    checkpoint::read_hash,
    merkle::Hash,
    witness::{Unsigned, Witness},
};
use crate::{
    kernel::{
        note::{KeyName, NoteKey, WitnessSigner},
        time::machine_now,
    },
    platform::seed,
};

/// Longest answer of a hall that a witness reads.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// 见证 / Confirm the log of a hall on a machine of its own.
#[derive(Debug, clap::Subcommand)]
pub enum WitnessCommand {
    /// 生成见证密钥 / Make a witness's key and print its public half for `log.witnesses`
    Keygen {
        /// 见证方名称 / Name of the witness, such as `office.152500/witness1`
        #[arg(long, value_name = "NAME")]
        name: String,
        /// 密钥文件 / File to write (mode 0400, never overwritten)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// 持续见证 / Ask for checkpoints, hold them against what was confirmed before, and sign
    Run(RunArgs),
}

/// What a witness is told.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// 交易系统地址 / Address of the hall, such as `https://hall.example`
    #[arg(long, value_name = "URL")]
    pub hall: String,
    /// 日志公钥 / Key of the log, as pinned when the witness was set up
    #[arg(long, value_name = "KEY")]
    pub log_key: String,
    /// 见证方名称 / Name of the witness
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// 见证密钥文件 / Key made by `witness keygen`
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// 记录目录 / Folder for what was confirmed; losing it retires the key
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// 间隔秒数 / Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// 只做一次 / Look once and end; fails unless the checkpoint was confirmed
    #[arg(long)]
    pub once: bool,
}

/// What an audit is told.
#[derive(Debug, clap::Args)]
pub struct VerifyLogArgs {
    /// 日志导出文件 / Answer of `GET /api/v1/log/export`
    #[arg(value_name = "EXPORT")]
    pub export: PathBuf,
    /// 公钥文件 / File of keys: the log's and the witnesses', one a line
    #[arg(long, value_name = "FILE")]
    pub keys: PathBuf,
    /// 以往检查点 / Checkpoint kept from before; may be given several times
    #[arg(long, value_name = "FILE")]
    pub older: Vec<PathBuf>,
    /// 回执所载叶值 / Leaf that a receipt names; may be given several times
    #[arg(long, value_name = "HEX")]
    pub leaf: Vec<String>,
    /// 要求见证 / Fail unless a witness of the file has signed
    #[arg(long)]
    pub witnessed: bool,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs `tenderhall witness`.
///
/// # Errors
/// What is in the way; with `--once`, also why nothing was signed.
pub fn witness(command: &WitnessCommand, out: &mut impl Write) -> Result<()> {
    match command {
        WitnessCommand::Keygen { name, out: file } => {
            let name = key_name(name)?;
            seed::make(file).with_context(|| format!("cannot make {}", file.display()))?;
            Ok(writeln!(out, "{}", WitnessSigner::from_seed(name, &seed::load(file)?).key())?)
        }
        WitnessCommand::Run(args) => watch(args, out),
    }
}

fn key_name(text: &str) -> Result<KeyName> {
    text.parse().map_err(|why| anyhow::anyhow!("--name: {why}"))
}

fn watch(args: &RunArgs, out: &mut impl Write) -> Result<()> {
    let log: NoteKey = args.log_key.parse().context("--log-key")?;
    let signer = WitnessSigner::from_seed(key_name(&args.name)?, &seed::load(&args.key)?);
    let witness = Witness::open(log, signer, &args.state)?;
    let hall = Hall::new(&args.hall);
    loop {
        match look(&hall, &witness) {
            Ok(size) => writeln!(out, "confirmed {size}")?,
            Err(unsigned) if args.once => return Err(unsigned.into()),
            Err(unsigned) => eprintln!("tenderhall witness: {unsigned:#}"),
        }
        out.flush()?;
        if args.once {
            return Ok(());
        }
        std::thread::sleep(Duration::from_secs(args.every));
    }
}

/// One look: pull, check, write down, sign, hand in. To a hall that contradicts itself its own earlier checkpoint is
/// shown, so that it stops.
fn look(hall: &Hall, witness: &Witness) -> Result<u64, Unsigned> {
    let note = hall.get("/checkpoint")?;
    let time = u64::try_from(machine_now().timestamp()).map_err(anyhow::Error::from)?;
    match witness.confirm(&note, time, |old, new| hall.consistency(old, new)) {
        Ok((checkpoint, signed)) => {
            hall.hand_in(&signed)?;
            Ok(checkpoint.head.size)
        }
        Err(unsigned) => {
            if let (true, Some(evidence)) = (unsigned.is_alarm(), witness.evidence()?) {
                // It is refused, which is the point; the alarm is what is told.
                if let Err(refusal) = hall.hand_in(&evidence) {
                    eprintln!("tenderhall witness: shown to the hall: {refusal:#}");
                }
            }
            Err(unsigned)
        }
    }
}

/// A hall as its witness asks it.
struct Hall {
    base: String,
    agent: ureq::Agent,
}

#[derive(Deserialize)]
struct Proof {
    hashes: Vec<String>,
}

impl Hall {
    fn new(hall: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build();
        Self { base: format!("{}/api/v1/log", hall.trim_end_matches('/')), agent: config.into() }
    }

    fn get(&self, path: &str) -> Result<String> {
        let url = format!("{}{path}", self.base);
        let answer = self.agent.get(&url).call().with_context(|| format!("GET {url}"))?;
        read(answer).with_context(|| format!("GET {url}"))
    }

    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        let proof: Proof = serde_json::from_str(&self.get(&format!("/consistency?old={old}&new={new}"))?)?;
        let hashes: Option<Vec<Hash>> = proof.hashes.iter().map(|hash| read_hash(hash)).collect();
        hashes.context("the proof holds no hashes")
    }

    fn hand_in(&self, note: &str) -> Result<()> {
        let url = format!("{}/cosignatures", self.base);
        let request = self.agent.post(&url).header("Content-Type", "text/plain; charset=utf-8");
        let answer = request.send(note).with_context(|| format!("POST {url}"))?;
        read(answer).map(drop).with_context(|| format!("POST {url}"))
    }
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> Result<String> {
    let text = answer.body_mut().with_config().limit(ANSWER_LIMIT).read_to_string()?;
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or_default();
    ensure!(answer.status().is_success(), "{} {detail}", answer.status());
    Ok(text)
}

/// Runs `tenderhall verify`.
///
/// # Errors
/// What does not hold.
pub fn verify(args: &VerifyLogArgs, out: &mut impl Write) -> Result<()> {
    let read = |file: &PathBuf| {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
    };
    let keys = Keys::parse(&read(&args.keys)?).with_context(|| args.keys.display().to_string())?;
    let older: Vec<String> = args.older.iter().map(read).collect::<Result<_>>()?;
    let leaf = |text: &String| -> Result<Hash> {
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.with_context(|| format!("--leaf {text}: not 64 hexadecimal digits"))
    };
    let leaves: Vec<Hash> = args.leaf.iter().map(leaf).collect::<Result<_>>()?;
    let export =
        File::open(&args.export).with_context(|| format!("cannot read {}", args.export.display()))?;
    let found = audit(BufReader::new(export), &keys, &older, &leaves)?;
    ensure!(
        !(args.witnessed && found.witnessed.is_empty()),
        "no witness of {} has signed the checkpoint of {} entries",
        args.keys.display(),
        found.size
    );
    if args.json {
        return Ok(writeln!(out, "{}", serde_json::to_string(&found)?)?);
    }
    let Audit { log, size, root, readable, witnessed, older } = found;
    writeln!(out, "日志成立 / The log holds: {log}, {size} leaves, {readable} readable, root {root}")?;
    for size in older {
        writeln!(out, "以往检查点一致 / Continues the checkpoint of {size}")?;
    }
    for (name, time) in &witnessed {
        writeln!(out, "已见证 / Confirmed by {name} at {time}")?;
    }
    if witnessed.is_empty() {
        writeln!(
            out,
            "未经见证：改写后重新签名不能由此发现 / Unwitnessed: a history rewritten and signed anew would not show"
        )?;
    }
    Ok(())
}
