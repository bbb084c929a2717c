//! `tenderhall law`: whether a folder of policy can be used, and what a new edition changes.

use std::path::{Path, PathBuf};

use crate::{
    jurisdiction::{self, Jurisdiction},
    law::{
        self, Law,
        changes::{Change, changes},
        lawbook::Configuration,
    },
    platform::{
        policy_file::{PolicyError, PolicySource},
        settings::Settings,
    },
};

/// The texts of law and jurisdiction that a configuration brings.
///
/// # Errors
/// A missing or unreadable file, or a year of the calendar that cannot be used.
pub fn configuration(source: &PolicySource) -> Result<Configuration, PolicyError> {
    let mut texts = source.texts(law::BUILT_IN)?;
    texts.extend(source.texts(jurisdiction::BUILT_IN)?);
    Configuration::divide(texts)
}

/// What to do with editions of the law.
#[derive(Debug, clap::Subcommand)]
pub enum LawCommand {
    /// Check that a folder of policy is whole and contradicts itself nowhere.
    Check {
        /// Folder laid out like `config/`.
        #[arg(value_name = "DIR", default_value = "config")]
        folder: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say in words what an edition changes over another, and for whom: calendars, rules, procedures, settings, and
    /// where projects trade.
    Diff {
        /// Folder of the edition in force.
        old: PathBuf,
        /// Folder of the new edition.
        new: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What the command has to say.
///
/// # Errors
/// The first thing in a folder that cannot be used, by file, line and key.
pub fn answer(command: &LawCommand) -> Result<String, PolicyError> {
    match command {
        LawCommand::Check { folder, json } => {
            let edition = Edition::load(folder)?;
            Ok(if *json { edition.to_json().to_string() } else { edition.to_text() })
        }
        LawCommand::Diff { old, new, json } => {
            let (old, new) = (Edition::load(old)?, Edition::load(new)?);
            let mut found = changes(&old.law, &new.law);
            found.extend(jurisdiction::changes::changes(&old.jurisdiction, &new.jurisdiction));
            Ok(if *json { in_json(&found) } else { in_words(&found) })
        }
    }
}

/// A folder of policy, read as the service reads it.
struct Edition {
    law: Law,
    jurisdiction: Jurisdiction,
    digest: String,
}

impl Edition {
    fn load(folder: &Path) -> Result<Self, PolicyError> {
        let source = PolicySource::Folder(folder.to_owned());
        let law = Law::load(&source)?;
        let jurisdiction = Jurisdiction::load(&source)?;
        Settings::load(&source, [])?;
        Ok(Self { law, jurisdiction, digest: hex::encode(configuration(&source)?.digest()) })
    }

    fn to_text(&self) -> String {
        let years: Vec<String> = self.years().map(|year| year.to_string()).collect();
        [
            format!("规则 rules          {}", self.law.all_rules().count()),
            format!("程序 procedures     {}", self.law.all_procedures().count()),
            format!("日历 calendars      {}", years.join(" ")),
            format!("版本 edition        sha256:{}", self.digest),
        ]
        .join("\n")
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "rules": self.law.all_rules().count(),
            "procedures": self.law.all_procedures().count(),
            "calendars": self.years().collect::<Vec<_>>(),
            "edition": format!("sha256:{}", self.digest),
        })
    }

    fn years(&self) -> impl Iterator<Item = i32> {
        self.law.calendar().years().map(|year| year.year)
    }
}

fn in_json(found: &[Change]) -> String {
    let lines = found.iter().map(|one| serde_json::json!({"about": one.about, "says": one.says}).to_string());
    lines.collect::<Vec<_>>().join("\n")
}

fn in_words(found: &[Change]) -> String {
    if found.is_empty() {
        return "无变动 / Nothing changes.".to_owned();
    }
    let lines = found.iter().map(|one| format!("{}\n    {}\n    {}", one.about, one.says.zh, one.says.en));
    lines.collect::<Vec<_>>().join("\n")
}
