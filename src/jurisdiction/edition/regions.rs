//! Regions 行政区划: neighbours, platforms by date, the one league.

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use super::read_period;
use crate::{
    jurisdiction::model::{Centre, HallStatus, Period, Region, RegionKind},
    kernel::{RegionCode, Say},
    platform::policy_file::{PolicyError, PolicyFile},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionsToml {
    standard: String,
    std_version: String,
    regions: Vec<RegionToml>,
}

impl RegionsToml {
    pub(super) fn standard(&self) -> (String, String) {
        (self.standard.clone(), self.std_version.clone())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RegionToml {
    code: Spanned<RegionCode>,
    zh: String,
    en: String,
    kind: RegionKind,
    hall_status: HallStatus,
    shares_league_centre: Option<Spanned<bool>>,
    #[serde(default)]
    platform: Vec<PresenceToml>,
    #[serde(default)]
    neighbours: Vec<Spanned<RegionCode>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PresenceToml {
    platform_from: Spanned<NaiveDate>,
    platform_to: Option<Spanned<NaiveDate>>,
}

pub(super) fn read_regions(file: &PolicyFile, raw: &RegionsToml) -> Result<Vec<Region>, PolicyError> {
    let mut regions: Vec<Region> = Vec::new();
    for (at, row) in raw.regions.iter().enumerate() {
        let code = row.code.get_ref();
        if regions.iter().any(|region| region.code == *code) {
            return Err(file.error_at(
                row.code.span(),
                &format!("regions[{at}].code"),
                format!("{code} is listed twice"),
            ));
        }
        check_neighbours(file, raw, row, at)?;
        regions.push(Region {
            code: code.clone(),
            name: Say::new(&row.zh, &row.en),
            kind: row.kind,
            hall: row.hall_status,
            shares_league_centre: shares(file, row, at)?,
            platform: read_presence(file, row, at)?,
            neighbours: row.neighbours.iter().map(|code| code.get_ref().clone()).collect(),
        });
    }
    Ok(regions)
}

fn check_neighbours(
    file: &PolicyFile,
    raw: &RegionsToml,
    row: &RegionToml,
    at: usize,
) -> Result<(), PolicyError> {
    for (place, neighbour) in row.neighbours.iter().enumerate() {
        let code = neighbour.get_ref();
        let known = raw.regions.iter().any(|other| other.code.get_ref() == code);
        let complaint = if !known {
            format!("unknown neighbour {code}: no region of this file has that code")
        } else if code == row.code.get_ref() {
            format!("{code} cannot be its own neighbour")
        } else {
            continue;
        };
        return Err(file.error_at(
            neighbour.span(),
            &format!("regions[{at}].neighbours[{place}]"),
            complaint,
        ));
    }
    Ok(())
}

fn shares(file: &PolicyFile, row: &RegionToml, at: usize) -> Result<bool, PolicyError> {
    let Some(shares) = &row.shares_league_centre else { return Ok(false) };
    if *shares.get_ref() && (row.kind == RegionKind::League || !row.platform.is_empty()) {
        return Err(file.error_at(
            shares.span(),
            &format!("regions[{at}].sharesLeagueCentre"),
            "a region that shares the league's centre is not the league and has no platform of its own",
        ));
    }
    Ok(*shares.get_ref())
}

fn read_presence(file: &PolicyFile, row: &RegionToml, at: usize) -> Result<Vec<Period>, PolicyError> {
    let mut periods: Vec<Period> = Vec::new();
    for (place, presence) in row.platform.iter().enumerate() {
        let key = format!("regions[{at}].platform[{place}]");
        let period = read_period(
            file,
            &format!("{key}.platformTo"),
            &presence.platform_from,
            presence.platform_to.as_ref(),
        )?;
        if periods.iter().any(|other| other.overlaps(&period)) {
            return Err(file.error_at(
                presence.platform_from.span(),
                &format!("{key}.platformFrom"),
                "overlapping dates: the region already has a platform on some of these days",
            ));
        }
        periods.push(period);
    }
    Ok(periods)
}

pub(super) fn the_league<'a>(
    file: &PolicyFile,
    raw: &RegionsToml,
    regions: &'a [Region],
) -> Result<&'a Region, PolicyError> {
    let mut leagues = regions.iter().enumerate().filter(|(_, region)| region.kind == RegionKind::League);
    let Some((_, league)) = leagues.next() else {
        return Err(file.error("regions", "no region is of kind \"league\""));
    };
    if let Some((at, second)) = leagues.next() {
        let span = raw.regions.get(at).map_or(0..0, |row| row.code.span());
        return Err(file.error_at(
            span,
            &format!("regions[{at}].kind"),
            format!("{} is a second league beside {}", second.code, league.code),
        ));
    }
    Ok(league)
}

/// The league's centre, once it is sure that no platform lacks one.
pub(super) fn platforms_have_centres(
    file: &PolicyFile,
    raw: &RegionsToml,
    league: &Region,
    centres: &[Centre],
) -> Result<Centre, PolicyError> {
    let centre_in = |code: &RegionCode| centres.iter().find(|centre| centre.region == *code);
    for (at, row) in raw.regions.iter().enumerate() {
        let Some(presence) = row.platform.first() else { continue };
        if centre_in(row.code.get_ref()).is_none() {
            return Err(file.error_at(
                presence.platform_from.span(),
                &format!("regions[{at}].platform"),
                format!("{} has a platform, but no file of centres/ stands in it", row.code.get_ref()),
            ));
        }
    }
    centre_in(&league.code)
        .cloned()
        .ok_or_else(|| file.error("regions", format!("the league {} has no file in centres/", league.code)))
}
