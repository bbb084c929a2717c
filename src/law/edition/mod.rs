//! Reading the law from its files and refusing contradictions, with file, line, key and a sentence.

mod procedures;
mod rules;

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use procedures::read_procedure;
use rules::read_rules;

use super::{
    BUILT_IN,
    book::Law,
    calendar::{Calendar, CalendarYear},
    model::{Rule, Settings},
    procedure::Procedure,
};
use crate::platform::policy_file::{PolicyError, PolicySource};

const SETTINGS: &str = "law/settings.toml";
/// The most that `maxBidMebibytes` may say: the numbers of a kept bid go no further.
const MOST_BID_MEBIBYTES: u32 = 1024;

/// Settings that older editions lack, and how the hall acted before it asked for them.
const EARLIER: &[(&str, &str)] = &[
    ("reportCandidates", "3"),
    ("outageWindowMinutes", "60"),
    ("outageMinutes", "5"),
    ("maxBidMebibytes", "1"),
    ("resealHours", "48"),
];

type Rules = BTreeMap<String, Vec<Rule>>;

impl Law {
    /// Reads and checks everything the room owns.
    ///
    /// # Errors
    /// The first thing that cannot be used or contradicts another, by file, line and key.
    pub fn load(source: &PolicySource) -> Result<Self, PolicyError> {
        let calendar = read_calendar(source)?;
        let settings = source.read_with(BUILT_IN, SETTINGS, EARLIER)?.parse()?;
        let rules = read_rules(source)?;
        let mut procedures: BTreeMap<String, Vec<Arc<Procedure>>> = BTreeMap::new();
        for path in source.list(BUILT_IN, "procedures")? {
            let file = source.read(BUILT_IN, &path)?;
            let (procedure, id_span) = read_procedure(&file, &rules)?;
            let versions = procedures.entry(procedure.id.clone()).or_default();
            let other = versions.iter().find(|other| {
                overlap(
                    (procedure.effective_from, procedure.effective_to),
                    (other.effective_from, other.effective_to),
                )
            });
            if other.is_some() {
                let why =
                    format!("another version of procedure {} is in force on the same days", procedure.id);
                return Err(file.error_at(id_span, "id", why));
            }
            versions.push(Arc::new(procedure));
        }
        let settings = check_settings(source, settings)?;
        Ok(Self { rules, procedures, settings, calendar, edition: None })
    }
}

fn read_calendar(source: &PolicySource) -> Result<Calendar, PolicyError> {
    let mut calendar = Calendar::default();
    for path in source.list(BUILT_IN, "calendar")? {
        let file = source.read(BUILT_IN, &path)?;
        let year = CalendarYear::read(&file)?;
        let number = year.year;
        if !calendar.add(year) {
            return Err(file.error("year", format!("the calendar of {number} is given by another file too")));
        }
    }
    Ok(calendar)
}

fn check_settings(source: &PolicySource, settings: Settings) -> Result<Settings, PolicyError> {
    let positive = [
        ("decryptionWindowMinutes", settings.decryption_window_minutes),
        ("bidValidityDays", settings.bid_validity_days),
        ("reportCandidates", settings.report_candidates),
        ("outageWindowMinutes", settings.outage_window_minutes),
        ("outageMinutes", settings.outage_minutes),
        ("resealHours", settings.reseal_hours),
        ("engineeringRetentionYears", settings.engineering_retention_years),
        ("maxBidMebibytes", settings.max_bid_mebibytes),
    ];
    if settings.max_bid_mebibytes > MOST_BID_MEBIBYTES {
        let most = format!("must be {MOST_BID_MEBIBYTES} at most");
        return Err(source.read(BUILT_IN, SETTINGS)?.error("maxBidMebibytes", most));
    }
    match positive.iter().find(|(_, value)| *value == 0) {
        None => Ok(settings),
        Some((key, _)) => Err(source.read(BUILT_IN, SETTINGS)?.error(key, "must be 1 or more")),
    }
}

fn overlap(one: (NaiveDate, Option<NaiveDate>), other: (NaiveDate, Option<NaiveDate>)) -> bool {
    other.1.is_none_or(|last| one.0 <= last) && one.1.is_none_or(|last| other.0 <= last)
}

#[cfg(test)]
mod tests;
