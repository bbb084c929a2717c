//! Reads one edition of the routing policy and proves it consistent before anybody is routed by it.
//!
//! The raw shapes mirror the TOML files; each check names file, key and line.

mod catalogue;
mod centres;
mod codes;
mod regions;
mod thresholds;

use catalogue::read_catalogue;
use centres::read_centres;
use chrono::NaiveDate;
use codes::{read_classes, read_currencies};
use regions::{RegionsToml, platforms_have_centres, read_regions, the_league};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use thresholds::{ThresholdToml, read_thresholds};
use toml::Spanned;

use super::{BUILT_IN, Jurisdiction, codes::CodeTable, model::Period};
use crate::platform::policy_file::{PolicyError, PolicyFile, PolicySource};

/// Settings that older editions lack, and how the hall routed before it asked for them.
const EARLIER: &[(&str, &str)] = &[("mineralToLeague", "false")];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoutingToml {
    version: Spanned<String>,
    effective_from: NaiveDate,
    mineral_to_league: bool,
    thresholds: Vec<ThresholdToml>,
}

impl Jurisdiction {
    /// Reads and checks the whole edition.
    ///
    /// # Errors
    /// File, key and line of the first thing that is missing, malformed or contradicts another.
    pub fn load(source: &PolicySource) -> Result<Self, PolicyError> {
        let regions_file = source.read(BUILT_IN, "regions.toml")?;
        let routing_file = source.read_with(BUILT_IN, "routing.toml", EARLIER)?;
        let catalogue_files = read_all(source, "catalogue")?;
        let centre_files = read_all(source, "centres")?;

        let raw_regions: RegionsToml = regions_file.parse()?;
        let regions = read_regions(&regions_file, &raw_regions)?;
        let centres = read_centres(&centre_files, &regions)?;
        let league = the_league(&regions_file, &raw_regions, &regions)?.clone();
        let league_centre = platforms_have_centres(&regions_file, &raw_regions, &league, &centres)?;
        let routing: RoutingToml = routing_file.parse()?;
        if routing.version.get_ref().trim().is_empty() {
            return Err(routing_file.error_at(routing.version.span(), "version", "must not be empty"));
        }
        let deciding = [&regions_file, &routing_file].into_iter().chain(&catalogue_files);
        Ok(Self {
            table_version: format!("{}-{}", routing.version.get_ref(), digest(deciding)),
            effective_from: routing.effective_from,
            league,
            league_centre,
            thresholds: read_thresholds(&routing_file, &routing.thresholds)?,
            catalogue: read_catalogue(&catalogue_files)?,
            region_standard: raw_regions.standard(),
            mineral_to_league: routing.mineral_to_league,
            classes: table(source, "codes/trade-classes.toml", read_classes)?,
            currencies: table(source, "codes/currencies.toml", read_currencies)?,
            regions,
            centres,
        })
    }
}

/// A table of codes; an edition adopted before there was one lists none, so that every code is unknown in it.
fn table<T>(
    source: &PolicySource,
    path: &str,
    read: fn(&PolicyFile) -> Result<CodeTable<T>, PolicyError>,
) -> Result<CodeTable<T>, PolicyError> {
    if source.lacks(path) { Ok(CodeTable::none()) } else { read(&source.read(BUILT_IN, path)?) }
}

fn read_all(source: &PolicySource, folder: &str) -> Result<Vec<PolicyFile>, PolicyError> {
    source.list(BUILT_IN, folder)?.iter().map(|path| source.read(BUILT_IN, path)).collect()
}

/// First eight hexadecimal digits of SHA-256 over the deciding texts, each preceded by its length.
fn digest<'a>(files: impl Iterator<Item = &'a PolicyFile>) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.text.len().to_string());
        hash.update(b"\n");
        hash.update(&file.text);
    }
    hex::encode(hash.finalize()).chars().take(8).collect()
}

pub(super) fn read_period(
    file: &PolicyFile,
    key: &str,
    from: &Spanned<NaiveDate>,
    to: Option<&Spanned<NaiveDate>>,
) -> Result<Period, PolicyError> {
    let first = *from.get_ref();
    if let Some(to) = to
        && *to.get_ref() < first
    {
        return Err(file.error_at(
            to.span(),
            key,
            format!("ends on {} before it begins on {first}", to.get_ref()),
        ));
    }
    Ok(Period { from: first, to: to.map(|to| *to.get_ref()) })
}

pub(super) fn check_count(
    file: &PolicyFile,
    key: &str,
    declared: &Spanned<usize>,
    found: usize,
    what: &str,
) -> Result<(), PolicyError> {
    let expected = *declared.get_ref();
    if expected == found {
        return Ok(());
    }
    Err(file.error_at(
        declared.span(),
        key,
        format!("count mismatch: {expected} {what} declared, {found} listed"),
    ))
}

#[cfg(test)]
mod tests;
