//! `tenderhall keygen`, `seal` and `open`: the bidder's side on the command line.
//!
//! The only place of the seal that touches files and the network; the work is in [`super::sealing`]. Calls
//! block: they run outside an async runtime.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use age::x25519::Identity;
use anyhow::{Context, Result, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::enrolment::KeyEnrolment;
use super::envelope::{ENVELOPE_LIMIT, Envelope};
use super::flaw::SealError;
use super::hall::Hall;
use super::passphrase::{PassphraseArgs, choose, key_text, protect, read_key_file};
use super::plaintext::{FILE_LIMIT, FileEntry, Manifest, is_file_name};
use super::policy::{BIDDER, CheckedPolicy, INLINE_LIMIT, POLICY_LIMIT, SealPolicyAnswer};
use super::progress::{Bar, Watched};
use super::sealing::{Content, SealedBid, Target, open_stream, seal_watched};
use super::shares::open_share;
use super::signature::{BidderKey, public_key_text, read_public_key};
use super::wire::{Digest, IdText, Nonce, Word, base64_text};
use crate::identity::model::enrolment_text;
use crate::kernel::Money;
use crate::kernel::id::OrganisationId;
use crate::kernel::typed::in_yuan;

/// Most plaintext the tool reads into memory.
const INPUT_LIMIT: u64 = 256 * 1024 * 1024;
/// Longest key or secret file.
const SECRET_FILE_LIMIT: u64 = 4096;
/// The ciphertext.
pub const BID: &str = "bid.age";
/// The envelope.
pub const ENVELOPE: &str = "envelope.json";
/// Both as the body of a submission, where it may carry the ciphertext.
const SUBMISSION: &str = "submission.json";
/// What the bidder keeps where it alone can open its bid: the bid's secret.
const SECRET: &str = "secret.txt";
/// What the bidder keeps where its bid is shared out: the key of its own shares.
const SHARE_KEY: &str = "share.key";

/// 生成签名密钥，或经办人的份额密钥 / Makes an Ed25519 signing key, or the age key of an officer.
#[derive(Debug, clap::Args)]
pub struct KeygenArgs {
    /// 密钥文件 / File to write (mode 0400, never overwritten)
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// 登记公钥的单位编号 / Organisation that will enrol the key: also writes FILE.enrolment.json, the body of
    /// `POST /api/v1/organisations/{id}/signing-keys` with the proof that the key is held
    #[arg(long, value_name = "ID")]
    pub organisation: Option<OrganisationId>,
    /// 经办人账户编号：改为生成份额密钥 / Account of the officer who will read the organisation's shares: makes an age
    /// identity instead; FILE.enrolment.json is then the body of `POST /api/v1/seal-keys`
    #[arg(long, value_name = "ID", requires = "organisation", requires = "signing_key")]
    pub officer: Option<IdText>,
    /// 本单位签名密钥文件 / Signing key of the organisation, which vouches for its officer
    #[arg(long, value_name = "FILE", requires = "officer")]
    pub signing_key: Option<PathBuf>,
    /// 签名密钥的口令文件 / File whose first line is the passphrase of the signing key, where it has one; without it the
    /// terminal is asked
    #[arg(long, value_name = "FILE", requires = "signing_key")]
    pub signing_passphrase_file: Option<PathBuf>,
    /// 以口令保护新密钥 / Protect the new key by a passphrase, asked for twice, as `age -p` does
    #[arg(long)]
    pub passphrase: bool,
    /// 口令文件 / Protect the new key by the passphrase in the first line of FILE, `-` for the standard input; for scripts
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

/// 密封投标文件 / Seals a folder of files and a price into a bid.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["policy", "server"])))]
pub struct SealArgs {
    /// 密封策略文件 / Seal policy as a local file
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// 交易系统地址 / Address of the hall to fetch the policy from, such as `https://hall.example`
    #[arg(long, value_name = "URL", requires = "tender")]
    pub server: Option<String>,
    /// 招标项目编号 / Tender id; with --policy it is compared with the policy
    #[arg(long, value_name = "ID")]
    pub tender: Option<String>,
    /// 访问令牌 / Access token for the hall, if it asks for one
    #[arg(long, env = "TENDERHALL_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<SecretString>,
    /// 公告载明的策略摘要 / Policy digest printed on the notice; compared before anything is sealed
    #[arg(long, value_name = "HEX")]
    pub policy_digest: Option<Digest>,
    /// 投标文件夹 / Folder of the bid's files
    #[arg(long = "in", value_name = "DIR")]
    pub input: PathBuf,
    /// 投标报价，如 18376739.00 或 1837.6739万元；密封的总是元 / Price in yuan, or in 万元 (10,000 yuan) where that is typed
    /// behind it, such as 18376739.00 or 1837.6739万元; what is sealed is always yuan
    #[arg(long, value_name = "PRICE")]
    pub price: Option<String>,
    /// 其他表单内容 / Further form values as a JSON object in a file
    #[arg(long, value_name = "FILE")]
    pub form: Option<PathBuf>,
    /// 投标人编号 / Bidder identity as the hall knows it
    #[arg(long, value_name = "ID")]
    pub bidder: IdText,
    /// 组成部分 / Part; may be left out where the policy has one
    #[arg(long, value_name = "PART")]
    pub part: Option<Word>,
    /// 签名密钥文件 / Signing key file made by `keygen`
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Passphrase of the signing key.
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// 被替换的信封 / envelope.json of the last revision, when this bid replaces it
    #[arg(long, value_name = "FILE")]
    pub replaces: Option<PathBuf>,
    /// 输出文件夹 / Folder to write to; created if absent, nothing in it is overwritten
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

/// 离线开启投标 / Opens a sealed bid off-line with its secret.
#[derive(Debug, clap::Args)]
pub struct OpenArgs {
    /// 信封 / envelope.json
    #[arg(long, value_name = "FILE")]
    pub envelope: PathBuf,
    /// 密文 / bid.age
    #[arg(long, value_name = "FILE")]
    pub bid: PathBuf,
    /// 私钥 / secret.txt
    #[arg(long, value_name = "FILE")]
    pub secret: PathBuf,
    /// Passphrase of the secret.
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// 预期签名公钥 / Public key the envelope must be signed with (base64)
    #[arg(long, value_name = "BASE64")]
    pub key: Option<String>,
    /// 文件输出位置 / Folder to write the bid's files to; without it they are only listed
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// 以 JSON 输出 / Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyReport<'a> {
    public_key: String,
    key_file: &'a Path,
    enrolment_file: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SealReport {
    tender: IdText,
    lot: IdText,
    part: Word,
    bidder: IdText,
    revision: u32,
    policy_digest: Digest,
    envelope_digest: Digest,
    bid_key: String,
    price: Option<String>,
    files: Vec<FileEntry>,
    skipped: Vec<String>,
    ciphertext_bytes: u64,
    ciphertext_sha256: Digest,
    shares: usize,
    written: Vec<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenReport {
    envelope_digest: Digest,
    signed_by: String,
    manifest: Manifest,
    written: Vec<PathBuf>,
}

/// Runs `tenderhall keygen` and writes its answer to `out`.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn keygen(args: &KeygenArgs, out: &mut dyn Write) -> Result<()> {
    if let (Some(officer), Some(organisation), Some(signing)) =
        (&args.officer, args.organisation, &args.signing_key)
    {
        return officer_keygen(args, officer, organisation, signing, out);
    }
    let key = BidderKey::from_seed(&rand::random());
    let enrolment = args.organisation.map(|organisation| (enrolment_path(&args.out), organisation));
    if let Some((path, _)) = &enrolment {
        refuse_existing(path)?;
    }
    write_key(args, &key.file_text())?;
    if let Some((path, organisation)) = &enrolment {
        let proof = key.sign(&enrolment_text(*organisation, key.public().as_bytes()));
        let body = serde_json::json!({"publicKey": proof.key, "proof": proof.value});
        write_new(path, body.to_string().as_bytes(), 0o644)?;
    }
    let report = KeyReport {
        public_key: public_key_text(&key.public()),
        key_file: &args.out,
        enrolment_file: enrolment.map(|(path, _)| path),
    };
    if args.json {
        return print_json(out, &report);
    }
    writeln!(out, "公钥 Public key   {}", report.public_key)?;
    writeln!(out, "密钥 Key file     {} (0400)", report.key_file.display())?;
    if let Some(path) = &report.enrolment_file {
        writeln!(out, "登记 Enrolment    {}", path.display())?;
    }
    writeln!(out, "请向交易中心登记公钥，并妥善保管密钥文件。")?;
    writeln!(out, "Enrol the public key with the hall; keep the key file to yourself.")?;
    Ok(())
}

/// An officer's age identity in a file as `age-keygen` writes it, with the enrolment its organisation signs.
fn officer_keygen(
    args: &KeygenArgs,
    officer: &IdText,
    organisation: OrganisationId,
    signing: &Path,
    out: &mut dyn Write,
) -> Result<()> {
    let key = BidderKey::read_file_text(&read_key_file(signing, args.signing_passphrase_file.as_deref())?)
        .with_context(|| signing.display().to_string())?;
    let path = enrolment_path(&args.out);
    refuse_existing(&path)?;
    let identity = Identity::generate();
    let organisation = organisation.to_string().parse().map_err(anyhow::Error::msg)?;
    let recipient = identity.to_public().to_string();
    let enrolment = KeyEnrolment::of(organisation, officer.clone(), recipient, &key)?;
    write_key(args, &identity_text(&identity))?;
    write_new(&path, &enrolment.canonical()?, 0o644)?;
    let report = KeyReport {
        public_key: identity.to_public().to_string(),
        key_file: &args.out,
        enrolment_file: Some(path),
    };
    if args.json {
        return print_json(out, &report);
    }
    writeln!(out, "公钥 Recipient    {}", report.public_key)?;
    writeln!(out, "密钥 Key file     {} (0400)", report.key_file.display())?;
    if let Some(path) = &report.enrolment_file {
        writeln!(out, "登记 Enrolment    {}", path.display())?;
    }
    writeln!(out, "请向交易中心登记；密钥文件不得交给任何人，本单位至少两名经办人各持一把。")?;
    writeln!(out, "Enrol it with the hall; give the key file to nobody. Two officers hold one key each.")?;
    Ok(())
}

/// Writes a new key, protected where that is asked for.
fn write_key(args: &KeygenArgs, text: &SecretString) -> Result<()> {
    if !args.passphrase && args.passphrase_file.is_none() {
        return write_new(&args.out, text.expose_secret().as_bytes(), 0o400);
    }
    // Nobody should think of a passphrase for a file that cannot be written.
    refuse_existing(&args.out)?;
    let passphrase = choose(args.passphrase_file.as_deref())?;
    write_new(&args.out, &protect(text, passphrase)?, 0o400)
}

/// An identity file as `age-keygen` writes it.
fn identity_text(identity: &Identity) -> SecretString {
    let secret = identity.to_string();
    format!("# public key: {}\n{}\n", identity.to_public(), secret.expose_secret()).into()
}

/// Reads the identity of an `age-keygen` file that nobody but its owner can read.
///
/// # Errors
/// When it cannot be read, others can read it, its passphrase is wrong, or it holds no age identity.
pub fn read_identity(path: &Path, passphrase: &PassphraseArgs) -> Result<Identity> {
    let text = passphrase.read(path)?;
    let line = text.expose_secret().lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    let read: Result<Identity, _> = line.parse();
    read.map_err(|_| super::Flaw::Secret.because(path.display()).into())
}

/// The key file's path with `.enrolment.json` after it.
fn enrolment_path(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".enrolment.json");
    name.into()
}

/// Runs `tenderhall seal` and writes its answer to `out`.
///
/// # Errors
/// When a file cannot be read or written, the policy is not the announced one, or the bid cannot be sealed.
pub fn seal(args: &SealArgs, out: &mut dyn Write) -> Result<()> {
    let policy = read_policy(args)?;
    let key = BidderKey::read_file_text(&args.passphrase.read(&args.key)?)
        .with_context(|| args.key.display().to_string())?;
    let (files, skipped) = read_folder(&args.input)?;
    let target = target(args, &policy)?;
    let own = keeps_shares(&policy).then(Identity::generate);
    let kept = if own.is_some() { SHARE_KEY } else { SECRET };
    let outputs = prepare_outputs(&args.out, kept)?;
    let recipient = own.as_ref().map(Identity::to_public);
    let total = files.iter().map(|(_, bytes)| u64::try_from(bytes.len()).unwrap_or_default()).sum();
    let content = Content { form: read_form(args)?, files };
    let mut bar = Bar::new("密封 Sealing ", total, args.json);
    let sealed =
        seal_watched(&policy, &key, recipient.as_ref(), target, content, &mut |bytes| bar.advance(bytes))?;
    drop(bar);
    // Opened again before anything is written: a bid that cannot be opened must never be submitted.
    let manifest = open_again(&sealed, args.json)?;
    check_own_shares(&policy, &sealed.envelope, own.as_ref())?;
    let envelope_digest = sealed.envelope.digest()?;
    let envelope = sealed.envelope.canonical()?;
    let [kept_path, bid_path, envelope_path, submission_path] = &outputs;
    let mut written = vec![kept_path.clone(), bid_path.clone(), envelope_path.clone()];
    let kept_text = match &own {
        Some(own) => identity_text(own),
        None => format!("{}\n", sealed.secret.expose_secret()).into(),
    };
    write_new(kept_path, kept_text.expose_secret().as_bytes(), 0o400)?;
    write_new(bid_path, &sealed.ciphertext, 0o644)?;
    write_new(envelope_path, &envelope, 0o644)?;
    if sealed.envelope.payload.size <= INLINE_LIMIT {
        let submission = serde_json::json!({
            "envelope": sealed.envelope, "ciphertext": base64_text(&sealed.ciphertext)
        });
        write_new(submission_path, submission.to_string().as_bytes(), 0o644)?;
        written.push(submission_path.clone());
    }
    let price = manifest.price()?.map(|price| price.to_string());
    let report = SealReport {
        tender: manifest.tender,
        lot: manifest.lot,
        part: manifest.part,
        bidder: manifest.bidder,
        revision: manifest.revision,
        policy_digest: policy.digest(),
        envelope_digest,
        bid_key: manifest.bid_key,
        price,
        files: manifest.files,
        skipped,
        ciphertext_bytes: sealed.envelope.payload.size,
        ciphertext_sha256: sealed.envelope.payload.sha256,
        shares: sealed.envelope.shares.len(),
        written,
    };
    if args.json { print_json(out, &report) } else { print_seal(out, &report, &args.out) }
}

/// Opens what was sealed, keeping nothing of it.
fn open_again(sealed: &SealedBid, quiet: bool) -> Result<Manifest> {
    let mut bar = Bar::new("复核 Checking", sealed.envelope.payload.size, quiet);
    let mut source = Watched { source: sealed.ciphertext.as_slice(), bar: &mut bar };
    let nothing = &mut |_: &FileEntry, _: &[u8]| Ok::<_, SealError>(());
    Ok(open_stream(&sealed.envelope, &mut source, &sealed.secret, nothing)?)
}

/// Whether the bidder holds shares beside others.
fn keeps_shares(policy: &CheckedPolicy) -> bool {
    policy.policy().expected_shares().iter().any(|(_, member)| member.as_str() == BIDDER)
}

/// What the bidder will have to release must open with the key it keeps.
fn check_own_shares(policy: &CheckedPolicy, envelope: &Envelope, own: Option<&Identity>) -> Result<()> {
    let Some(own) = own else { return Ok(()) };
    for share in envelope.shares.iter().filter(|share| share.member.as_str() == BIDDER) {
        let clause = policy.policy().clauses.get(usize::try_from(share.clause)?);
        open_share(share, clause.map(Vec::as_slice).unwrap_or_default(), own)?;
    }
    Ok(())
}

/// Runs `tenderhall open` and writes its answer to `out`.
///
/// # Errors
/// When a file cannot be read or written, or signature, secret, ciphertext and envelope do not belong together.
pub fn open(args: &OpenArgs, out: &mut dyn Write) -> Result<()> {
    let limit = u64::try_from(ENVELOPE_LIMIT)?;
    let envelope = Envelope::read(&read_file(&args.envelope, limit)?)
        .with_context(|| args.envelope.display().to_string())?;
    let signer = envelope.verify_signature()?;
    if let Some(expected) = &args.key
        && read_public_key(expected)? != signer
    {
        return Err(super::Flaw::Signer.because(public_key_text(&signer)).into());
    }
    let secret = read_bid_secret(&args.secret, args.passphrase.passphrase_file.as_deref())?;
    let through = |label, each: &mut dyn FnMut(&FileEntry, &[u8]) -> Result<()>| {
        let mut bar = Bar::new(label, envelope.payload.size, args.json);
        let source = File::open(&args.bid).with_context(|| args.bid.display().to_string())?;
        open_stream(&envelope, &mut Watched { source, bar: &mut bar }, &secret, each)
    };
    // All of it is checked before any of it is written.
    let manifest = through("核验 Checking", &mut |_, _| Ok(()))?;
    let mut written = Vec::new();
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        written.extend(manifest.files.iter().map(|file| folder.join(&file.name)));
        written.iter().try_for_each(|path| refuse_existing(path))?;
        let mut files = Unpacked { folder, file: None };
        through("写出 Writing ", &mut |entry, piece| files.take(entry, piece))?;
        files.end()?;
    }
    let report = OpenReport {
        envelope_digest: envelope.digest()?,
        signed_by: public_key_text(&signer),
        manifest,
        written,
    };
    if args.json { print_json(out, &report) } else { print_open(out, &report) }
}

/// The files of an opened bid on their way into a folder.
struct Unpacked<'f> {
    folder: &'f Path,
    file: Option<File>,
}

impl Unpacked<'_> {
    /// The next piece; an empty one begins a file.
    fn take(&mut self, entry: &FileEntry, piece: &[u8]) -> Result<()> {
        if piece.is_empty() {
            self.end()?;
            self.file = Some(new_file(&self.folder.join(&entry.name), 0o600)?);
        }
        match &mut self.file {
            Some(file) => file.write_all(piece).with_context(|| entry.name.clone()),
            None => Ok(()),
        }
    }

    /// The last file goes down to the disk.
    fn end(&mut self) -> Result<()> {
        self.file.take().map_or(Ok(()), |file| Ok(file.sync_all()?))
    }
}

/// The policy from its file or from the hall, compared with what the caller knows of it.
fn read_policy(args: &SealArgs) -> Result<CheckedPolicy> {
    let bytes = match (&args.policy, &args.server, &args.tender) {
        (Some(path), _, _) => read_file(path, u64::try_from(2 * POLICY_LIMIT)?)?,
        (None, Some(server), Some(tender)) => fetch_policy(server, tender, args.token.as_ref())?,
        _ => bail!("缺少 --policy 或 --server 与 --tender / --policy, or --server with --tender, is needed"),
    };
    // Both the hall's answer and the bare policy are taken.
    let policy = match serde_json::from_slice::<SealPolicyAnswer>(&bytes) {
        Ok(answer) => {
            let policy = CheckedPolicy::new(answer.policy)?;
            ensure!(
                policy.digest() == answer.policy_digest,
                "策略与其摘要不符 / The policy is not that of the digest given with it"
            );
            policy
        }
        Err(_) => CheckedPolicy::read(&bytes).context("密封策略无法使用 / The seal policy cannot be used")?,
    };
    if let Some(tender) = &args.tender {
        ensure!(
            policy.policy().tender.as_str() == tender,
            "策略属于另一招标项目 {} / The policy is for tender {}",
            policy.policy().tender,
            policy.policy().tender
        );
    }
    if let Some(expected) = args.policy_digest {
        ensure!(
            policy.digest() == expected,
            "策略摘要与公告不符：{} / The policy digest is not that of the notice: {}",
            policy.digest(),
            policy.digest()
        );
    }
    Ok(policy)
}

fn fetch_policy(server: &str, tender: &str, token: Option<&SecretString>) -> Result<Vec<u8>> {
    let tender: IdText = tender.parse().map_err(|cause: &str| anyhow::anyhow!("--tender: {cause}"))?;
    Hall::new(server, token).get(&format!("/api/v1/tenders/{tender}/seal-policy"))
}

/// Part, revision and `prev` of this bid, with a fresh nonce.
fn target(args: &SealArgs, policy: &CheckedPolicy) -> Result<Target> {
    let part = match (&args.part, policy.policy().parts.as_slice()) {
        (Some(part), _) => part.clone(),
        (None, [only]) => only.clone(),
        (None, parts) => {
            let names: Vec<_> = parts.iter().map(Word::as_str).collect();
            bail!("请用 --part 指明组成部分 / Name the part with --part: {}", names.join(", "))
        }
    };
    let (revision, prev) = match &args.replaces {
        None => (1, None),
        Some(path) => {
            let last = Envelope::read(&read_file(path, u64::try_from(ENVELOPE_LIMIT)?)?)?;
            let same = last.tender == policy.policy().tender
                && last.lot == policy.policy().lot
                && last.part == part
                && last.bidder == args.bidder;
            ensure!(same, "--replaces 不是同一投标的信封 / --replaces is not an envelope of the same bid");
            let next = last.revision.checked_add(1).context("版本号已尽 / No further revision")?;
            (next, Some(last.digest()?))
        }
    };
    Ok(Target { part, bidder: args.bidder.clone(), revision, prev, nonce: Nonce(rand::random()) })
}

fn read_form(args: &SealArgs) -> Result<super::plaintext::Form> {
    let mut form: super::plaintext::Form = match &args.form {
        Some(path) => serde_json::from_slice(&read_file(path, u64::try_from(POLICY_LIMIT)?)?)
            .with_context(|| path.display().to_string())?,
        None => super::plaintext::Form::new(),
    };
    if let Some(price) = &args.price {
        let amount = in_yuan(price, false).map_err(|cause| anyhow::anyhow!("--price: {cause}"))?;
        let twice = form.insert("price".into(), serde_json::to_value(Money::from(amount))?).is_some();
        ensure!(!twice, "报价在 --price 与 --form 中重复 / The price stands in --price and in --form");
    }
    Ok(form)
}

type Named = Vec<(String, Vec<u8>)>;

/// The folder's plain files by name; hidden ones are passed over and reported, all else is refused.
fn read_folder(folder: &Path) -> Result<(Named, Vec<String>)> {
    let (mut files, mut skipped, mut total) = (Vec::new(), Vec::new(), 0_u64);
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            bail!("文件名不是 UTF-8 / A file name is not UTF-8: {}", entry.path().display())
        };
        if name.starts_with('.') {
            skipped.push(name);
            continue;
        }
        let plain = entry.file_type()?.is_file() && is_file_name(&name);
        ensure!(
            plain,
            "不是可用的普通文件 / Not a plain file with a usable name: {}",
            entry.path().display()
        );
        let bytes = read_file(&entry.path(), INPUT_LIMIT)?;
        total += u64::try_from(bytes.len())?;
        files.push((name, bytes));
        ensure!(
            total <= INPUT_LIMIT && files.len() <= FILE_LIMIT,
            "文件过多或过大 / Too many or too large files"
        );
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    skipped.sort();
    Ok((files, skipped))
}

/// Makes the folder and refuses if any output is already there.
fn prepare_outputs(folder: &Path, kept: &str) -> Result<[PathBuf; 4]> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let paths = [kept, BID, ENVELOPE, SUBMISSION].map(|name| folder.join(name));
    paths.iter().try_for_each(|path| refuse_existing(path))?;
    Ok(paths)
}

pub(crate) fn refuse_existing(path: &Path) -> Result<()> {
    ensure!(
        fs::symlink_metadata(path).is_err(),
        "文件已存在，不予覆盖 / Already there and not overwritten: {}",
        path.display()
    );
    Ok(())
}

pub(crate) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).with_context(|| path.display().to_string())?;
    let fits = u64::try_from(bytes.len())? <= limit;
    ensure!(fits, "超过 {limit} 字节 / Over {limit} bytes: {}", path.display());
    Ok(bytes)
}

/// Reads a file of secrets that nobody but its owner can read.
pub(crate) fn read_secret_bytes(path: &Path) -> Result<Vec<u8>> {
    let mode = fs::metadata(path).with_context(|| path.display().to_string())?.mode();
    ensure!(
        mode & 0o077 == 0,
        "他人可读密钥文件，请先执行 chmod 400 {0} / Others can read the key file; first: chmod 400 {0}",
        path.display()
    );
    read_file(path, SECRET_FILE_LIMIT)
}

/// Reads the first line of a secret file that is no comment, as `age-keygen` writes it.
fn read_bid_secret(path: &Path, passphrase_file: Option<&Path>) -> Result<SecretString> {
    let text = key_text(path, read_file(path, SECRET_FILE_LIMIT)?, passphrase_file)?;
    let line = text.expose_secret().lines().find(|line| !line.starts_with('#'));
    Ok(line.unwrap_or_default().to_owned().into())
}

/// Writes a file that must not exist yet, down to the disk.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file = new_file(path, mode)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| cannot_write(path))
}

/// A file that must not exist yet.
pub(crate) fn new_file(path: &Path, mode: u32) -> Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("无法写入 / Cannot write: {}", path.display())
}

pub(crate) fn print_json<T: Serialize>(out: &mut dyn Write, report: &T) -> Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
    Ok(())
}

fn print_files(out: &mut dyn Write, files: &[FileEntry]) -> Result<()> {
    for file in files {
        writeln!(out, "文件 File         {}  {} bytes  sha256 {}", file.name, file.size, file.sha256)?;
    }
    Ok(())
}

fn print_seal(out: &mut dyn Write, report: &SealReport, folder: &Path) -> Result<()> {
    writeln!(out, "招标项目 Tender   {} / {} / {}", report.tender, report.lot, report.part)?;
    writeln!(out, "投标人 Bidder     {}", report.bidder)?;
    writeln!(out, "版本 Revision     {}", report.revision)?;
    if let Some(price) = &report.price {
        writeln!(out, "报价 Price        {price} CNY")?;
    }
    print_files(out, &report.files)?;
    for name in &report.skipped {
        writeln!(out, "略过 Skipped      {name}")?;
    }
    writeln!(out, "策略 Policy       {}", report.policy_digest)?;
    writeln!(out, "信封 Envelope     sha256:{}", report.envelope_digest)?;
    writeln!(
        out,
        "密文 Ciphertext   {} bytes  sha256 {}",
        report.ciphertext_bytes, report.ciphertext_sha256
    )?;
    for path in &report.written {
        writeln!(out, "已写 Written      {}", path.display())?;
    }
    let (tender, sealed) = (&report.tender, folder.display());
    writeln!(out, "递交 Hand in      tenderhall submit --server URL --tender {tender} --sealed {sealed}")?;
    if report.shares > 0 {
        writeln!(out, "请核对策略摘要与公告一致；share.key 用于开标时释放本单位份额，不得交给任何人。")?;
        writeln!(
            out,
            "Compare the policy digest with the notice. share.key opens your own shares at the opening: give it to"
        )?;
        writeln!(out, "nobody. Without it the bid opens only where the document has the remedy.")?;
        return Ok(());
    }
    writeln!(out, "请核对策略摘要与公告一致；secret.txt 在开标前不得交给任何人，遗失即无法解密。")?;
    writeln!(
        out,
        "Compare the policy digest with the notice. Give secret.txt to nobody before the opening;"
    )?;
    writeln!(out, "without it the bid cannot be opened.")?;
    Ok(())
}

fn print_open(out: &mut dyn Write, report: &OpenReport) -> Result<()> {
    let manifest = &report.manifest;
    writeln!(out, "招标项目 Tender   {} / {} / {}", manifest.tender, manifest.lot, manifest.part)?;
    writeln!(out, "投标人 Bidder     {}", manifest.bidder)?;
    writeln!(out, "版本 Revision     {}", manifest.revision)?;
    if let Some(price) = manifest.price()? {
        writeln!(out, "报价 Price        {price} CNY")?;
    }
    writeln!(out, "表单 Form         {}", serde_json::Value::Object(manifest.form.clone()))?;
    print_files(out, &manifest.files)?;
    writeln!(out, "签名公钥 Signed by {}", report.signed_by)?;
    writeln!(out, "信封 Envelope     sha256:{}", report.envelope_digest)?;
    for path in &report.written {
        writeln!(out, "已写 Written      {}", path.display())?;
    }
    Ok(())
}
