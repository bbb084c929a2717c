//! The `tenderhall` program.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};
use tenderhall::{
    app::{
        Application, Options, Sandbox, bench,
        lawbook::{self, LawCommand},
        router, site, story,
    },
    bids::command::{self as counter, SubmitArgs},
    identity,
    ledger::{
        self,
        command::{self as record, VerifyLogArgs, WitnessCommand},
    },
    opening::{
        command::{self, CanaryArgs, ReleaseArgs},
        verify,
    },
    platform::{
        db::Db,
        migrations,
        policy_file::PolicySource,
        settings::{self, Settings},
        telemetry,
    },
    seal::command::{self as desk, KeygenArgs, OpenArgs, SealArgs},
};

/// Gives freed memory back, where the C library's keeps a heap for every thread that was ever busy.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;
/// The allocator's `mi_option_purge_delay` in milliseconds, a number its bindings do not name.
const PURGE_DELAY: std::ffi::c_int = 15;

/// The trading hall of a public-resource trading centre 公共资源交易中心.
#[derive(Parser)]
#[command(name = "tenderhall", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a production hall; on an empty folder, found it first.
    Serve(Instance),
    /// Run a sandbox with sample accounts and play the story.
    Demo(Demo),
    /// Bring the schema of the database in `database.owner_url` up to date.
    Migrate(Place),
    /// Administrators.
    Admin {
        #[command(subcommand)]
        command: Admin,
    },
    /// Editions of the law: check a folder, or say what it changes.
    Law {
        #[command(subcommand)]
        command: LawCommand,
    },
    /// 生成签名密钥 / Make a bidder's signing key.
    Keygen(KeygenArgs),
    /// 密封投标文件 / Seal a bid on the bidder's own machine.
    Seal(SealArgs),
    /// 递交投标 / Hand a sealed bid in and keep the receipt; large ones are uploaded, and go on where the line broke.
    Submit(SubmitArgs),
    /// 离线开启投标 / Open a sealed bid with its secret, without the hall.
    Open(OpenArgs),
    /// 验证本人密钥可用 / Prove that an officer's key can read.
    Canary(CanaryArgs),
    /// 截止后释放份额 / Release one's shares of bids after the close.
    Release(ReleaseArgs),
    /// 见证 / The witness of a log, on the supervisor's own machine.
    Witness {
        #[command(subcommand)]
        command: WitnessCommand,
    },
    /// 核验 / Check receipts, openings and the log without trusting the hall.
    Verify {
        #[command(subcommand)]
        command: Verify,
    },
    /// The hall's own verifiable log.
    Log {
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Measure speed and memory, each figure beside a reference of the same run.
    Bench(bench::BenchArgs),
    /// A reference of `bench`, in a process of its own.
    #[command(hide = true)]
    BareHandler(bench::Task),
    /// Print the OpenAPI description.
    Openapi,
    /// Print the reference of all settings (`docs/config.md`).
    Config,
}

#[derive(Subcommand)]
enum Verify {
    /// 核验回执 / Check a receipt; needs no network.
    Receipt(verify::ReceiptArgs),
    /// 核验开标 / Open every bid again and compare with the published record.
    Opening(verify::OpeningArgs),
    /// 核验日志 / Check a whole log: tree, signature, witnesses, readable entries, checkpoints kept from before.
    Log(VerifyLogArgs),
}

#[derive(Subcommand)]
enum Admin {
    /// Create an administrator and print a password for the first login.
    Create {
        /// Login name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Subcommand)]
enum LogCommand {
    /// Begin the next log, where the present one cannot go on: its database is an older copy, or its key is lost.
    /// Stop the hall first.
    Succeed {
        /// Why; entry 0 of the next log says it.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// File with the newest checkpoint known elsewhere, such as the witness's `checkpoint` (default: the newest
        /// that this instance has given out).
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Place {
    /// Folder that holds everything the instance keeps.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder that replaces the policy compiled in (default: ./config, where it exists).
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
}

#[derive(Args)]
struct Instance {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    place: Place,
    /// Address for metrics; none are kept without it.
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
}

#[derive(Args)]
struct Demo {
    #[command(flatten)]
    instance: Instance,
    /// Hall time at which a new sandbox begins (RFC 3339); no story is played then.
    #[arg(long, value_name = "TIME")]
    start: Option<DateTime<Utc>>,
    /// Password of all sandbox accounts; made up and printed without it.
    #[arg(long, value_name = "WORD")]
    password: Option<String>,
    /// Exit when the story is done.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    give_memory_back_at_once();
    match obey(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tenderhall: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What a start or a large answer needed is given back then, not when its thread is busy the next time; and no page of two
/// mebibytes is filled for a few kilobytes, which the allocator asks for and which made a hall at rest a third larger. The
/// private cluster inherits the latter; PostgreSQL asks for no such pages by itself.
#[expect(unsafe_code, reason = "neither an option of the allocator nor one of the process has another door")]
fn give_memory_back_at_once() {
    // SAFETY: stores a number in a table of the allocator that is there from the start.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) };
    // SAFETY: takes numbers only. Where the kernel knows no such pages it refuses, and there is nothing to prevent.
    let _refused = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
}

/// What waits for files or another machine runs here; only the hall itself gets a runtime.
fn obey(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(instance) => run(serve(instance))?,
        Command::Demo(demo) => return run(play(demo)),
        Command::Migrate(place) => run(migrate(&place))?,
        Command::Admin { command: Admin::Create { name, place } } => run(create_admin(&name, &place))?,
        Command::Law { command } => say(&lawbook::answer(&command)?)?,
        Command::Bench(args) => return bench::run(&args),
        Command::BareHandler(task) => run(bench::serve_bare(task))?,
        Command::Keygen(args) => desk::keygen(&args, &mut std::io::stdout().lock())?,
        Command::Seal(args) => desk::seal(&args, &mut std::io::stdout().lock())?,
        Command::Submit(args) => counter::submit(&args, &mut std::io::stdout().lock())?,
        Command::Open(args) => desk::open(&args, &mut std::io::stdout().lock())?,
        Command::Canary(args) => command::canary(&args, &mut std::io::stdout().lock())?,
        Command::Release(args) => command::release(&args, &mut std::io::stdout().lock())?,
        Command::Witness { command } => record::witness(&command, &mut std::io::stdout().lock())?,
        Command::Verify { command: Verify::Receipt(args) } => {
            verify::receipt(&args, &mut std::io::stdout().lock())?;
        }
        Command::Verify { command: Verify::Opening(args) } => {
            verify::opening(&args, &mut std::io::stdout().lock())?;
        }
        Command::Verify { command: Verify::Log(args) } => {
            record::verify(&args, &mut std::io::stdout().lock())?
        }
        Command::Log { command: LogCommand::Succeed { reason, checkpoint, place } } => {
            run(succeed(&reason, checkpoint.as_deref(), &place))?;
        }
        Command::Openapi => say(&router::description()?.to_pretty_json()?)?,
        Command::Config => say(settings::reference().trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

async fn serve(instance: Instance) -> anyhow::Result<()> {
    let application = Application::build(options(instance, None)?).await?;
    announce(&application)?;
    application.run().await
}

async fn play(demo: Demo) -> anyhow::Result<ExitCode> {
    let made_up = demo.password.is_none();
    let password = demo.password.unwrap_or_else(|| hex::encode(rand::random::<[u8; 8]>()));
    let start = demo.start.map_or_else(story::begins_at, Ok)?;
    let options = options(demo.instance, Some(Sandbox { start: Some(start), password: password.clone() }))?;
    let notes = options.data.join("story.jsonl");
    let application = Application::build(options).await?;
    announce(&application)?;
    if made_up {
        say(&format!("password {password}"))?;
    }
    let mut came_out = true;
    if demo.start.is_none() {
        came_out = story::play(application.address(), &password, &notes).await?;
    }
    if demo.once {
        application.stop().await;
    } else {
        application.run().await?;
    }
    Ok(if came_out { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(instance: Instance, sandbox: Option<Sandbox>) -> anyhow::Result<Options> {
    let policy = policy(&instance.place)?;
    let mut settings = settings(&policy)?;
    // Who watches a story wants its steps, not a line for each request; an explicit wish still wins.
    if sandbox.is_some() && std::env::var_os("TENDERHALL__TELEMETRY__LEVEL").is_none() {
        "warn".clone_into(&mut settings.telemetry.level);
    }
    telemetry::start_log(&settings.telemetry)?;
    Ok(Options {
        listen: instance.listen,
        data: data(&instance.place)?,
        policy,
        settings,
        metrics_listen: instance.metrics_listen,
        sandbox,
    })
}

fn data(place: &Place) -> anyhow::Result<PathBuf> {
    place.data.clone().map_or_else(site::default_data, Ok)
}

fn policy(place: &Place) -> anyhow::Result<PolicySource> {
    let beside = Path::new("config");
    match &place.config {
        Some(folder) => {
            anyhow::ensure!(folder.is_dir(), "there is no folder {}", folder.display());
            Ok(PolicySource::Folder(folder.clone()))
        }
        None if beside.is_dir() => Ok(PolicySource::Folder(beside.to_owned())),
        None => Ok(PolicySource::BuiltIn),
    }
}

fn settings(policy: &PolicySource) -> anyhow::Result<Settings> {
    Ok(Settings::load(policy, std::env::vars())?)
}

async fn migrate(place: &Place) -> anyhow::Result<()> {
    let settings = settings(&policy(place)?)?;
    let owner = settings.owner_url()?.context(
        "database.owner_url is not set. A private cluster is migrated by `serve` itself; for a server of your own \
         set TENDERHALL__DATABASE__OWNER_URL to its URL as the role that owns the tables",
    )?;
    for name in migrations::run(&owner).await? {
        say(&name)?;
    }
    Ok(())
}

async fn create_admin(name: &str, place: &Place) -> anyhow::Result<()> {
    let settings = settings(&policy(place)?)?;
    let site = site::Site::open_or_join(&data(place)?, &settings).await?;
    let db = Db::connect(&site.url, 1)?;
    let created = identity::admin::create(&db, name).await.map_err(site::plain);
    drop(db);
    site.close().await;
    say(&created?)
}

async fn succeed(reason: &str, checkpoint: Option<&Path>, place: &Place) -> anyhow::Result<()> {
    let settings = settings(&policy(place)?)?;
    let data = data(place)?;
    let handed_in = checkpoint.map(std::fs::read_to_string).transpose().context("--checkpoint")?;
    let site = site::Site::open_or_join(&data, &settings).await?;
    let db = Db::connect(&site.url, 1)?;
    let begun = ledger::log::succeed(&db, &data, handed_in, reason).await;
    drop(db);
    site.close().await;
    say(&format!("{} begins at the next start", begun?))
}

/// The first line on stdout; programs that start the hall wait for it.
fn announce(application: &Application) -> anyhow::Result<()> {
    say(&format!("listening http://{}", application.address()))
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
