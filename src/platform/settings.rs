//! How one instance runs: typed settings from `config/base.toml`, an environment's overlay and variables.
//!
//! Layers, later ones win key by key: the defaults below, `base.toml`, `environments/NAME.toml` where
//! `TENDERHALL_ENVIRONMENT=NAME`, and `TENDERHALL__SECTION__KEY` variables. An unknown key or a value that does
//! not fit stops the start with file, key and line. Secrets are never settings: a `*_file` names where one lies.
//!
//! Policy (thresholds, periods, rooms) is not here but beside it, in the files of the rooms it belongs to.

use std::{net::IpAddr, path::Path, path::PathBuf};

use serde::Deserialize;

use super::{
    http::origin::Network,
    policy_file::{BuiltInFile, PolicyError, PolicyFile, PolicySource},
};
use crate::kernel::note::WitnessKey;

/// Prefix of environment variables that overlay settings.
const PREFIX: &str = "TENDERHALL__";

/// The edition of the settings that is compiled in.
pub const BUILT_IN: &[BuiltInFile] = &[("base.toml", include_str!("../../config/base.toml"))];

/// One line of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// `section.key`
    pub key: &'static str,
    /// Type as written in the program.
    pub kind: &'static str,
    /// Default as written in the program.
    pub default: &'static str,
    /// What it means.
    pub text: &'static [&'static str],
}

/// Makes a section's struct, its defaults and its lines of the reference from one list.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident in $section:literal { $($(#[doc = $text:literal])+ $key:ident: $kind:ty = $default:expr;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[doc = $text])+ pub $key: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $name {
            /// The section's lines of the reference.
            pub const REFERENCE: &'static [Described] = &[
                $(Described {
                    key: concat!($section, ".", stringify!($key)),
                    kind: stringify!($kind),
                    default: stringify!($default),
                    text: &[$($text),+],
                },)*
            ];
        }
    };
}

section! {
    /// Which PostgreSQL, and how much of it.
    Database in "database" {
        /// URL of a server of your own, as the role that owns no table. Without it a private cluster is run below the data folder.
        url: Option<String> = None;
        /// File that holds that URL, where it carries a password.
        url_file: Option<PathBuf> = None;
        /// URL of the same database as the role that owns the tables; with it the start migrates, without it `tenderhall migrate` must have run.
        owner_url: Option<String> = None;
        /// File that holds the owner's URL.
        owner_url_file: Option<PathBuf> = None;
        /// Connections of the pool (2 to 200).
        pool: usize = 8;
        /// Memory of the private cluster for pages of its tables, in MiB (16 to 65535); it is taken as it fills.
        cache_mib: u16 = 512;
        /// Folder that holds `initdb` and `postgres`, where they lie in no usual place.
        binaries: Option<PathBuf> = None;
    }
}

section! {
    /// The HTTP server.
    Http in "http" {
        /// Threads that serve requests (1 to 64).
        workers: usize = 2;
        /// Connections at once, per worker (16 to 100000).
        max_connections: usize = 4096;
        /// Seconds a client may take to send the head of a request (1 to 60).
        request_head_seconds: u64 = 10;
        /// Seconds a connection may idle between requests (1 to 600).
        keep_alive_seconds: u64 = 30;
        /// Seconds that requests in flight get to end after SIGTERM (1 to 300).
        drain_seconds: u64 = 20;
        /// Reverse proxies whose `X-Forwarded-For` is believed, such as `["10.0.0.0/8", "::1"]`. Behind a proxy that is not named here all callers share its address, and with it the limit on failed logins.
        trusted_proxies: Vec<Network> = Vec::new();
    }
}

section! {
    /// Outgoing e-mail.
    Mail in "mail" {
        /// `file` writes `DIR/mail/*.eml`, `smtp` delivers.
        transport: MailTransport = MailTransport::File;
        /// SMTP server.
        host: String = "localhost".to_owned();
        /// Its port; 465 speaks TLS from the first byte, every other port by STARTTLS.
        port: u16 = 587;
        /// `required`, or `none` for a server on this machine's loopback only.
        tls: MailTls = MailTls::Required;
        /// Sender.
        from: String = "tenderhall@localhost".to_owned();
        /// Login name, where the server wants one.
        username: Option<String> = None;
        /// File that holds the password.
        password_file: Option<PathBuf> = None;
        /// PEM file of a certificate authority to trust beside the public ones.
        ca_file: Option<PathBuf> = None;
    }
}

section! {
    /// The log of operations on stderr.
    Telemetry in "telemetry" {
        /// `text` for people, `json` for collectors.
        format: LogFormat = LogFormat::Text;
        /// Filter of `tracing-subscriber`, such as `info` or `info,tenderhall::platform::jobs=debug`; libraries never log more than `info`.
        level: String = "info".to_owned();
    }
}

section! {
    /// The watch over the clock. Choices of the hall, no law.
    Clock in "clock" {
        /// Seconds from one tick of an instance to the next (1 to 60).
        tick_seconds: u64 = 10;
        /// Milliseconds by which the database's clock may differ from the median of the instances', or jump, before closes and openings wait for the supervision office (100 to 60000).
        drift_milliseconds: u64 = 2000;
        /// Seconds without a tick of any instance after which they wait too, unless the last one was stopped in good order (at least three ticks, at most 3600).
        silence_seconds: u64 = 120;
        /// Days for which ticks are kept (1 to 3650): as long as an outage before a deadline may have to be shown.
        keep_days: u64 = 30;
    }
}

section! {
    /// The verifiable log.
    Log in "log" {
        /// Seconds from one checkpoint to the next (1 to 60). At each the log grows by eight leaves or a multiple, busy or not; a shorter beat proves a receipt sooner and keeps more padding.
        beat_seconds: u64 = 10;
        /// Witnesses whose cosignatures count, as `tenderhall witness keygen` prints their keys.
        witnesses: Vec<WitnessKey> = Vec::new();
        /// Minutes after which a cosignature is too old for the green light (1 to 1440).
        witness_minutes: u64 = 10;
    }
}

/// How e-mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Into files, for development.
    File,
    /// To a server.
    Smtp,
}

/// Whether the way to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Always, with a certificate that is checked.
    Required,
    /// Not; only to this machine itself.
    None,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line a person can read.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything an instance is told about how to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[database]`
    pub database: Database,
    /// `[http]`
    pub http: Http,
    /// `[mail]`
    pub mail: Mail,
    /// `[clock]`
    pub clock: Clock,
    /// `[log]`
    pub log: Log,
    /// `[telemetry]`
    pub telemetry: Telemetry,
}

impl Settings {
    /// Reads all layers. `variables` are the process's environment.
    ///
    /// # Errors
    /// The first unknown key, unusable value or missing file, with file, key and line.
    pub fn load(
        source: &PolicySource,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, PolicyError> {
        let mut variables: Vec<(String, String)> = variables.into_iter().collect();
        // The order in which a process sees its variables is nobody's promise.
        variables.sort();
        let mut layers = Layers::default();
        layers.add(source.read(BUILT_IN, "base.toml")?)?;
        if let Some((_, name)) = variables.iter().find(|(key, _)| key == "TENDERHALL_ENVIRONMENT") {
            layers.add(source.read(BUILT_IN, &format!("environments/{name}.toml"))?)?;
        }
        for (key, value) in variables.iter().filter(|(key, _)| key.starts_with(PREFIX)) {
            layers.add(variable(key, value)?)?;
        }
        layers.settle()
    }

    /// The URL of the application's role, when a server is given.
    ///
    /// # Errors
    /// When `url_file` cannot be read.
    pub fn database_url(&self) -> anyhow::Result<Option<String>> {
        either(self.database.url.as_ref(), self.database.url_file.as_deref())
    }

    /// The URL of the owner's role, when given.
    ///
    /// # Errors
    /// When `owner_url_file` cannot be read.
    pub fn owner_url(&self) -> anyhow::Result<Option<String>> {
        either(self.database.owner_url.as_ref(), self.database.owner_url_file.as_deref())
    }
}

fn either(value: Option<&String>, file: Option<&Path>) -> anyhow::Result<Option<String>> {
    file.map(secret).transpose().map(|read| read.or_else(|| value.cloned()))
}

/// Reads a secret from its file, without the line's end.
///
/// # Errors
/// When the file cannot be read; the error names it and never its content.
pub fn secret(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| anyhow::anyhow!("cannot read the secret in {}: {error}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Files and variables in the order of their weight; each has been parsed by itself.
#[derive(Default)]
struct Layers {
    files: Vec<PolicyFile>,
    merged: toml::Table,
}

impl Layers {
    /// Takes one more layer. Each is parsed by itself first, so that an error knows its file and line.
    fn add(&mut self, file: PolicyFile) -> Result<(), PolicyError> {
        file.parse::<Settings>()?;
        merge(&mut self.merged, file.parse()?);
        self.files.push(file);
        Ok(())
    }

    fn settle(self) -> Result<Settings, PolicyError> {
        let settings: Settings =
            self.merged.clone().try_into().map_err(|error: toml::de::Error| PolicyError {
                file: "settings".to_owned(),
                line: None,
                key: None,
                message: error.message().to_owned(),
            })?;
        for (key, fits, message) in demands(&settings) {
            if !fits {
                return Err(self.refuse(key, message));
            }
        }
        Ok(settings)
    }

    /// Points to the last layer that spoke of `key`.
    fn refuse(&self, key: &str, message: &str) -> PolicyError {
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        let place =
            self.files.iter().rev().find_map(|file| Some((file, line_of(&file.text, section, name)?)));
        PolicyError {
            file: place.map_or_else(|| "settings".to_owned(), |(file, _)| file.name.clone()),
            line: place.map(|(_, line)| line),
            key: Some(key.to_owned()),
            message: message.to_owned(),
        }
    }
}

fn line_of(text: &str, section: &str, name: &str) -> Option<usize> {
    let header = format!("[{section}]");
    let mut inside = false;
    text.lines().zip(1..).find_map(|(line, number)| {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line == header;
        }
        let says = line.split_once('=').is_some_and(|(key, _)| key.trim() == name);
        (inside && says).then_some(number)
    })
}

/// What the types alone cannot say.
fn demands(settings: &Settings) -> [(&'static str, bool, &'static str); 16] {
    let Settings { database, http, mail, log, clock, .. } = settings;
    [
        ("database.pool", (2..=200).contains(&database.pool), "must lie between 2 and 200"),
        ("database.cache_mib", database.cache_mib >= 16, "must lie between 16 and 65535"),
        ("http.workers", (1..=64).contains(&http.workers), "must lie between 1 and 64"),
        (
            "http.max_connections",
            (16..=100_000).contains(&http.max_connections),
            "must lie between 16 and 100000",
        ),
        (
            "http.request_head_seconds",
            (1..=60).contains(&http.request_head_seconds),
            "must lie between 1 and 60",
        ),
        (
            "http.keep_alive_seconds",
            (1..=600).contains(&http.keep_alive_seconds),
            "must lie between 1 and 600",
        ),
        ("http.drain_seconds", (1..=300).contains(&http.drain_seconds), "must lie between 1 and 300"),
        ("clock.tick_seconds", (1..=60).contains(&clock.tick_seconds), "must lie between 1 and 60"),
        (
            "clock.drift_milliseconds",
            (100..=60_000).contains(&clock.drift_milliseconds),
            "must lie between 100 and 60000",
        ),
        (
            "clock.silence_seconds",
            (clock.tick_seconds.saturating_mul(3)..=3600).contains(&clock.silence_seconds),
            "must lie between three ticks and 3600",
        ),
        ("clock.keep_days", (1..=3650).contains(&clock.keep_days), "must lie between 1 and 3650"),
        ("log.beat_seconds", (1..=60).contains(&log.beat_seconds), "must lie between 1 and 60"),
        ("log.witness_minutes", (1..=1440).contains(&log.witness_minutes), "must lie between 1 and 1440"),
        (
            "mail.tls",
            mail.tls == MailTls::Required || is_loopback(&mail.host),
            "`none` is for a server on this machine's loopback only; set `required`",
        ),
        (
            "mail.from",
            mail.from.parse::<lettre::message::Mailbox>().is_ok(),
            "must be an address such as `Tenderhall <hall@example.org>`",
        ),
        (
            "mail.username",
            mail.username.is_some() == mail.password_file.is_some(),
            "goes together with `password_file`: set both or none",
        ),
    ]
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// A variable as a file of one key. Its value is read as TOML where that fits the setting, else as plain text.
fn variable(name: &str, value: &str) -> Result<PolicyFile, PolicyError> {
    let label = format!("environment variable {name}");
    let path = name.trim_start_matches(PREFIX).to_ascii_lowercase();
    let Some((section, key)) = path.split_once("__") else {
        let message = "must be of the form TENDERHALL__SECTION__KEY".to_owned();
        return Err(PolicyError { file: label, line: None, key: None, message });
    };
    let with =
        |value: &str| PolicyFile { name: label.clone(), text: format!("[{section}]\n{key} = {value}\n") };
    let as_toml = with(value);
    let as_text = with(&toml::Value::String(value.to_owned()).to_string());
    Ok(if as_toml.parse::<Settings>().is_err() && as_text.parse::<Settings>().is_ok() {
        as_text
    } else if as_toml.parse::<toml::Table>().is_ok() {
        as_toml
    } else {
        as_text
    })
}

/// The reference of all settings as Markdown; `docs/config.md` holds exactly this.
pub fn reference() -> String {
    let mut out = String::from(
        "# Settings\n\n\
         Generated by `tenderhall config`; do not edit.\n\n\
         Layers, later ones win key by key: the defaults below, `config/base.toml`, `config/environments/NAME.toml` \
         where `TENDERHALL_ENVIRONMENT=NAME`, and variables `TENDERHALL__SECTION__KEY`. `--config DIR` (or a folder \
         `config` beside the service) replaces the files that are compiled in. Unknown keys are refused with file, \
         key and line. Secrets stand in files that a `*_file` setting names.\n",
    );
    for (section, lines) in [
        ("database", Database::REFERENCE),
        ("http", Http::REFERENCE),
        ("mail", Mail::REFERENCE),
        ("clock", Clock::REFERENCE),
        ("log", Log::REFERENCE),
        ("telemetry", Telemetry::REFERENCE),
    ] {
        out.push_str(&format!(
            "\n## `[{section}]`\n\n| key | type | default | meaning |\n|---|---|---|---|\n"
        ));
        for line in lines {
            let key = line.key.rsplit('.').next().unwrap_or(line.key);
            let text: Vec<&str> = line.text.iter().map(|text| text.trim()).collect();
            out.push_str(&format!(
                "| `{key}` | {} | {} | {} |\n",
                plain_kind(line.kind),
                plain_default(line.default),
                text.join(" ").replace('|', "\\|")
            ));
        }
    }
    out
}

fn plain_kind(kind: &str) -> String {
    let inner = kind.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>')).unwrap_or(kind);
    match inner {
        "String" => "text",
        "PathBuf" => "path",
        "MailTransport" => "`file`, `smtp`",
        "MailTls" => "`required`, `none`",
        "LogFormat" => "`text`, `json`",
        "Vec<Network>" => "list of networks",
        "Vec<WitnessKey>" => "list of keys",
        _ => "whole number",
    }
    .to_owned()
}

fn plain_default(default: &str) -> String {
    if matches!(default, "None" | "Vec::new()") {
        return "none".to_owned();
    }
    let value = default.trim_end_matches(".to_owned()").trim_matches('"');
    let value = value.rsplit("::").next().unwrap_or(value);
    format!("`{}`", value.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Settings, PolicyError> {
        Settings::load(
            &PolicySource::BuiltIn,
            pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())),
        )
    }

    fn layer(text: &str) -> Result<Settings, PolicyError> {
        let mut layers = Layers::default();
        layers.add(PolicyFile { name: "config/base.toml".into(), text: text.into() })?;
        layers.settle()
    }

    #[test]
    fn the_compiled_in_file_says_what_the_defaults_say() {
        assert_eq!(load(&[]).unwrap(), Settings::default());
    }

    #[test]
    fn a_variable_wins_and_text_that_looks_like_a_number_stays_text() {
        let settings = load(&[
            ("TENDERHALL__HTTP__WORKERS", "3"),
            ("TENDERHALL__DATABASE__URL", "postgresql://hall@db.example/hall"),
            ("TENDERHALL__MAIL__FROM", "hall@example.org"),
            ("TENDERHALL__TELEMETRY__LEVEL", "true"),
        ])
        .unwrap();
        assert_eq!(settings.http.workers, 3);
        assert_eq!(settings.database.url.as_deref(), Some("postgresql://hall@db.example/hall"));
        assert_eq!(settings.telemetry.level, "true");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = layer("[http]\nworkers = 2\nworker = 2\n").unwrap_err();
        assert_eq!((error.line, error.file.as_str()), (Some(3), "config/base.toml"));
        assert!(error.to_string().contains("worker"), "{error}");
        let error = load(&[("TENDERHALL__HTTP__WORKER", "3")]).unwrap_err();
        assert!(error.file.contains("TENDERHALL__HTTP__WORKER"), "{error}");
        assert!(load(&[("TENDERHALL__HTP__WORKERS", "3")]).is_err());
    }

    #[test]
    fn a_value_out_of_bounds_is_refused_with_its_line() {
        let error = layer("[http]\nkeep_alive_seconds = 30\nworkers = 0\n").unwrap_err();
        assert_eq!((error.line, error.key.as_deref()), (Some(3), Some("http.workers")));
        let error = load(&[("TENDERHALL__HTTP__WORKERS", "0")]).unwrap_err();
        assert!(error.file.contains("TENDERHALL__HTTP__WORKERS"), "{error}");
    }

    #[test]
    fn a_list_of_networks_comes_from_a_variable_or_is_refused_with_its_place() {
        let settings = load(&[("TENDERHALL__HTTP__TRUSTED_PROXIES", "[\"10.0.0.0/8\", \"::1\"]")]).unwrap();
        assert_eq!(settings.http.trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
        let error = layer("[http]\ntrusted_proxies = [\"10.0.0.1/8\"]\n").unwrap_err();
        assert_eq!(error.line, Some(2));
        assert!(error.to_string().contains("10.0.0.1/8"), "{error}");
    }

    #[test]
    fn mail_without_tls_stays_on_the_machine() {
        assert!(layer("[mail]\ntls = \"none\"\nhost = \"127.0.0.1\"\n").is_ok());
        let error = layer("[mail]\nhost = \"mail.example.org\"\ntls = \"none\"\n").unwrap_err();
        assert_eq!((error.line, error.key.as_deref()), (Some(3), Some("mail.tls")));
    }

    #[test]
    fn the_reference_names_every_setting_with_its_default() {
        let text = reference();
        assert!(text.contains("| `workers` | whole number | `2` |"), "{text}");
        assert!(text.contains("| `tls` | `required`, `none` | `required` |"), "{text}");
        assert!(text.contains("| `password_file` | path | none |"), "{text}");
    }
}
