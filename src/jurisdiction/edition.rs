//! Reads one edition of the routing policy and proves it consistent before anybody is routed by it.
//!
//! The raw shapes mirror the TOML files; each check names file, key and line.

use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use strum::IntoEnumIterator;
use toml::Spanned;

use super::{
    BUILT_IN, Jurisdiction,
    model::{
        CatalogueEdition, CatalogueItem, Category, Centre, HallStatus, Measure, Period, Region, RegionKind,
        Room, RoomKind, RoomSettings, RouteRule, Threshold,
    },
};
use crate::{
    kernel::{RegionCode, Say, money::read_amount},
    platform::policy_file::{PolicyError, PolicyFile, PolicySource},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionsToml {
    regions: Vec<RegionToml>,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoutingToml {
    version: Spanned<String>,
    effective_from: NaiveDate,
    thresholds: Vec<ThresholdToml>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ThresholdToml {
    rule: Spanned<RouteRule>,
    category: Category,
    measure: Measure,
    at_least: Spanned<String>,
    unit: Unit,
    effective_from: Spanned<NaiveDate>,
    effective_to: Option<Spanned<NaiveDate>>,
    source: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase")]
enum Unit {
    Yuan,
    SquareMetre,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CatalogueToml {
    edition: String,
    effective_from: Spanned<NaiveDate>,
    effective_to: Option<Spanned<NaiveDate>>,
    expect: ExpectToml,
    classes: Vec<ClassToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectToml {
    classes: Spanned<usize>,
    items: Spanned<usize>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassToml {
    class: Spanned<Category>,
    items: Vec<ItemToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemToml {
    code: Spanned<String>,
    zh: String,
    en: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CentreToml {
    code: Spanned<String>,
    region: Spanned<RegionCode>,
    zh: String,
    en: String,
    address_zh: String,
    address_en: String,
    rooms: SettingsToml,
    inventory: InventoryToml,
    room: Vec<RoomToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsToml {
    auto_confirm: bool,
    setup_minutes: u16,
    cleanup_minutes: u16,
    opens: Spanned<String>,
    closes: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InventoryToml {
    source: String,
    opening: Spanned<usize>,
    evaluation: Spanned<usize>,
    draw: Spanned<usize>,
    rest: Spanned<usize>,
    control: Spanned<usize>,
    storage: Spanned<usize>,
    complaint: Spanned<usize>,
}

impl InventoryToml {
    fn of(&self, kind: RoomKind) -> &Spanned<usize> {
        match kind {
            RoomKind::Opening => &self.opening,
            RoomKind::Evaluation => &self.evaluation,
            RoomKind::Draw => &self.draw,
            RoomKind::Rest => &self.rest,
            RoomKind::Control => &self.control,
            RoomKind::Storage => &self.storage,
            RoomKind::Complaint => &self.complaint,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomToml {
    code: Spanned<String>,
    kind: RoomKind,
    zh: String,
    en: String,
    capacity: Spanned<u16>,
}

impl Jurisdiction {
    /// Reads and checks the whole edition.
    ///
    /// # Errors
    /// File, key and line of the first thing that is missing, malformed or contradicts another.
    pub fn load(source: &PolicySource) -> Result<Self, PolicyError> {
        let regions_file = source.read(BUILT_IN, "regions.toml")?;
        let routing_file = source.read(BUILT_IN, "routing.toml")?;
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
            regions,
            centres,
        })
    }
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

fn read_period(
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

// Regions.

fn read_regions(file: &PolicyFile, raw: &RegionsToml) -> Result<Vec<Region>, PolicyError> {
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

fn the_league<'a>(
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
fn platforms_have_centres(
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

// Thresholds.

/// What each threshold rule compares; anything else in the table contradicts the rule.
fn meaning(rule: RouteRule) -> Option<(Category, Measure, Unit)> {
    match rule {
        RouteRule::Rt1 => Some((Category::Engineering, Measure::Investment, Unit::Yuan)),
        RouteRule::Rt2 => Some((Category::Engineering, Measure::FloorArea, Unit::SquareMetre)),
        RouteRule::Rt3 => Some((Category::Procurement, Measure::Budget, Unit::Yuan)),
        _ => None,
    }
}

fn read_thresholds(file: &PolicyFile, rows: &[ThresholdToml]) -> Result<Vec<Threshold>, PolicyError> {
    let mut thresholds: Vec<Threshold> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let threshold = read_threshold(file, row, at)?;
        let clash = thresholds
            .iter()
            .enumerate()
            .find(|(_, other)| other.rule == threshold.rule && other.in_force.overlaps(&threshold.in_force));
        if let Some((earlier, other)) = clash {
            return Err(file.error_at(
                row.effective_from.span(),
                &format!("thresholds[{at}].effectiveFrom"),
                format!(
                    "overlapping dates: thresholds[{earlier}] of {} is in force on some of these days and says {}",
                    other.rule, other.at_least
                ),
            ));
        }
        thresholds.push(threshold);
    }
    Ok(thresholds)
}

fn read_threshold(file: &PolicyFile, row: &ThresholdToml, at: usize) -> Result<Threshold, PolicyError> {
    let key = |name: &str| format!("thresholds[{at}].{name}");
    let rule = *row.rule.get_ref();
    match meaning(rule) {
        None => {
            let message = format!("{rule} has no threshold; only RT-1, RT-2 and RT-3 have");
            return Err(file.error_at(row.rule.span(), &key("rule"), message));
        }
        Some(expected) if expected != (row.category, row.measure, row.unit) => {
            let message = format!(
                "contradiction: {rule} compares {:?} of {} in {:?}",
                expected.1, expected.0, expected.2
            );
            return Err(file.error_at(row.rule.span(), &key("rule"), message));
        }
        Some(_) => {}
    }
    let at_least = read_amount(row.at_least.get_ref())
        .map_err(|why| file.error_at(row.at_least.span(), &key("atLeast"), why))?;
    if at_least.is_zero() {
        let message = "contradiction: a bound of zero holds for every project and is no threshold";
        return Err(file.error_at(row.at_least.span(), &key("atLeast"), message));
    }
    Ok(Threshold {
        rule,
        measure: row.measure,
        at_least,
        in_force: read_period(file, &key("effectiveTo"), &row.effective_from, row.effective_to.as_ref())?,
        source: row.source.clone(),
    })
}

// Catalogue.

fn read_catalogue(files: &[PolicyFile]) -> Result<Vec<CatalogueEdition>, PolicyError> {
    let mut editions: Vec<CatalogueEdition> = Vec::new();
    for file in files {
        let raw: CatalogueToml = file.parse()?;
        let in_force = read_period(file, "effectiveTo", &raw.effective_from, raw.effective_to.as_ref())?;
        if let Some(other) = editions.iter().find(|other| other.in_force.overlaps(&in_force)) {
            return Err(file.error_at(
                raw.effective_from.span(),
                "effectiveFrom",
                format!("overlapping dates: edition {} is in force on some of these days", other.edition),
            ));
        }
        let items = read_items(file, &raw)?;
        editions.push(CatalogueEdition { edition: raw.edition, in_force, items });
    }
    Ok(editions)
}

fn read_items(file: &PolicyFile, raw: &CatalogueToml) -> Result<Vec<CatalogueItem>, PolicyError> {
    let mut items: Vec<CatalogueItem> = Vec::new();
    let mut classes: Vec<Category> = Vec::new();
    for (at, class) in raw.classes.iter().enumerate() {
        let category = *class.class.get_ref();
        if classes.contains(&category) {
            let message = format!("{category} is listed twice");
            return Err(file.error_at(class.class.span(), &format!("classes[{at}].class"), message));
        }
        classes.push(category);
        for (place, item) in class.items.iter().enumerate() {
            let code = item.code.get_ref();
            if items.iter().any(|other| other.code == *code) {
                let key = format!("classes[{at}].items[{place}].code");
                return Err(file.error_at(item.code.span(), &key, format!("{code} is listed twice")));
            }
            items.push(CatalogueItem {
                code: code.clone(),
                category,
                name: Say::new(&item.zh, &item.en),
                source: item.source.clone(),
            });
        }
    }
    check_count(file, "expect.classes", &raw.expect.classes, classes.len(), "classes")?;
    check_count(file, "expect.items", &raw.expect.items, items.len(), "items")?;
    Ok(items)
}

fn check_count(
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

// Centres.

fn read_centres(files: &[PolicyFile], regions: &[Region]) -> Result<Vec<Centre>, PolicyError> {
    let mut centres: Vec<Centre> = Vec::new();
    for file in files {
        let raw: CentreToml = file.parse()?;
        let (code, region) = (raw.code.get_ref(), raw.region.get_ref());
        if !regions.iter().any(|known| known.code == *region) {
            let message = format!("unknown region {region}: regions.toml has no such code");
            return Err(file.error_at(raw.region.span(), "region", message));
        }
        if let Some(other) = centres.iter().find(|other| other.region == *region) {
            let message = format!("a second centre in region {region} beside {}", other.code);
            return Err(file.error_at(raw.region.span(), "region", message));
        }
        if code.is_empty() || centres.iter().any(|other| other.code == *code) {
            let message = format!("\"{code}\" is empty or the code of another centre");
            return Err(file.error_at(raw.code.span(), "code", message));
        }
        let rooms = read_rooms(file, &raw)?;
        centres.push(Centre {
            code: code.clone(),
            region: region.clone(),
            name: Say::new(&raw.zh, &raw.en),
            address: Say::new(&raw.address_zh, &raw.address_en),
            settings: read_settings(file, &raw.rooms)?,
            rooms,
            source: raw.inventory.source,
        });
    }
    Ok(centres)
}

fn read_settings(file: &PolicyFile, raw: &SettingsToml) -> Result<RoomSettings, PolicyError> {
    let opens = read_hour(file, "rooms.opens", raw.opens.get_ref(), raw.opens.span())?;
    let closes = read_hour(file, "rooms.closes", raw.closes.get_ref(), raw.closes.span())?;
    if closes <= opens {
        return Err(file.error_at(raw.closes.span(), "rooms.closes", "must be later than rooms.opens"));
    }
    Ok(RoomSettings {
        auto_confirm: raw.auto_confirm,
        setup_minutes: raw.setup_minutes,
        cleanup_minutes: raw.cleanup_minutes,
        opens,
        closes,
    })
}

fn read_hour(file: &PolicyFile, key: &str, text: &str, span: Range<usize>) -> Result<NaiveTime, PolicyError> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| file.error_at(span, key, "expected hours and minutes, such as \"08:30\""))
}

fn read_rooms(file: &PolicyFile, raw: &CentreToml) -> Result<Vec<Room>, PolicyError> {
    let mut rooms: Vec<Room> = Vec::new();
    for (at, row) in raw.room.iter().enumerate() {
        let code = row.code.get_ref();
        if rooms.iter().any(|other| other.code == *code) {
            return Err(file.error_at(
                row.code.span(),
                &format!("room[{at}].code"),
                format!("{code} is listed twice"),
            ));
        }
        if *row.capacity.get_ref() == 0 {
            return Err(file.error_at(
                row.capacity.span(),
                &format!("room[{at}].capacity"),
                "a room holds at least one person",
            ));
        }
        rooms.push(Room {
            code: code.clone(),
            kind: row.kind,
            name: Say::new(&row.zh, &row.en),
            capacity: *row.capacity.get_ref(),
        });
    }
    for kind in RoomKind::iter() {
        let found = rooms.iter().filter(|room| room.kind == kind).count();
        check_count(file, &format!("inventory.{kind}"), raw.inventory.of(kind), found, "rooms")?;
    }
    Ok(rooms)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    /// A folder holding the built-in edition with one piece of one file replaced; gone when dropped.
    struct Edited(PathBuf);

    impl Edited {
        fn new(path: &str, old: &str, new: &str) -> Self {
            let root = std::env::temp_dir().join(format!("tenderhall-jurisdiction-{}", uuid::Uuid::new_v4()));
            for folder in ["catalogue", "centres"] {
                fs::create_dir_all(root.join(folder)).unwrap();
            }
            for (name, text) in BUILT_IN {
                let text = if *name == path {
                    assert!(text.contains(old), "{old:?} is not in {path}");
                    text.replacen(old, new, 1)
                } else {
                    (*text).to_owned()
                };
                fs::write(root.join(name), text).unwrap();
            }
            Self(root)
        }

        fn load(&self) -> Result<Jurisdiction, PolicyError> {
            Jurisdiction::load(&PolicySource::Folder(self.0.clone()))
        }
    }

    impl Drop for Edited {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn built_in() -> Jurisdiction {
        Jurisdiction::load(&PolicySource::BuiltIn).unwrap_or_else(|error| panic!("{error}"))
    }

    /// 1-based line of the `nth` line (from 0) of the built-in `path` that contains `needle`.
    fn line(path: &str, needle: &str, nth: usize) -> usize {
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == path).unwrap();
        text.lines().enumerate().filter(|(_, line)| line.contains(needle)).nth(nth).unwrap().0 + 1
    }

    /// Loads the edited edition and asserts file, key, line and a part of the message.
    fn fails(path: &str, edit: (&str, &str), key: &str, at: Option<usize>, says: &str) {
        let error = Edited::new(path, edit.0, edit.1).load().expect_err("the edit must be refused");
        assert!(error.file.ends_with(path), "{error}");
        assert_eq!(error.key.as_deref(), Some(key), "{error}");
        assert_eq!(error.line, at, "{error}");
        assert!(error.message.contains(says), "{error}");
    }

    #[test]
    fn the_built_in_edition_has_the_regions_and_the_catalogue_of_the_article() {
        let hall = built_in();
        assert_eq!(hall.regions().len(), 14);
        let with_platform: Vec<&str> = hall
            .regions()
            .iter()
            .filter(|region| region.kind != RegionKind::League && !region.platform.is_empty())
            .map(|region| region.code.as_str())
            .collect();
        assert_eq!(with_platform, ["152501", "152522", "152526", "152527", "152571"]);
        let edition = hall.catalogue_on(hall.effective_from()).unwrap();
        assert_eq!(edition.items.len(), 152);
        for category in Category::iter() {
            assert!(edition.items.iter().any(|item| item.category == category));
        }
        assert!(edition.items.iter().all(|item| item.source == "sample"));
        let municipal = edition.item("ENG-005").unwrap();
        assert_eq!((municipal.category, municipal.name.zh.as_str()), (Category::Engineering, "市政工程施工"));
    }

    #[test]
    fn the_league_centre_has_the_29_rooms_of_the_article() {
        let hall = built_in();
        let counts: Vec<usize> = RoomKind::iter().map(|kind| hall.league_centre().count(kind)).collect();
        assert_eq!(counts, [8, 8, 2, 8, 1, 1, 1]);
        assert_eq!(hall.rooms_of("152500").len(), 29);
        assert_eq!(hall.centre("152500"), Some(hall.league_centre()));
        assert!(hall.rooms_of("152502").is_empty());
        for centre in hall.centres() {
            assert!(!centre.settings.auto_confirm);
            assert_eq!((centre.settings.setup_minutes, centre.settings.cleanup_minutes), (30, 15));
        }
    }

    #[test]
    fn the_city_that_shares_the_league_centre_is_served_by_it() {
        let hall = built_in();
        let centre_of = |code: &str| {
            hall.centre_of_region(&RegionCode::try_from(code.to_owned()).unwrap()).map(|centre| &*centre.code)
        };
        assert_eq!(centre_of("152502"), Some("152500"));
        assert_eq!(centre_of("152527"), Some("152527"));
        assert_eq!(centre_of("152525"), None);
        assert_eq!(centre_of("110000"), None);
    }

    #[test]
    fn the_table_version_follows_the_deciding_files_and_nothing_else() {
        let version = built_in().table_version;
        assert!(version.starts_with("2014.1-"), "{version}");
        let raised = Edited::new("routing.toml", "\"20000000.00\"", "\"30000000.00\"").load().unwrap();
        assert_ne!(raised.table_version, version);
        let room = Edited::new("centres/152527.toml", "capacity = 40", "capacity = 41").load().unwrap();
        assert_eq!(room.table_version, version);
    }

    #[test]
    fn regions_that_do_not_fit_are_named() {
        let path = "regions.toml";
        let neighbour = line(path, "[\"152501\", \"152522\"]", 0);
        fails(
            path,
            ("[\"152501\", \"152522\"]", "[\"152501\", \"159999\"]"),
            "regions[4].neighbours[1]",
            Some(neighbour),
            "unknown neighbour 159999",
        );
        fails(
            path,
            ("[\"152501\", \"152522\"]", "[\"152523\"]"),
            "regions[4].neighbours[0]",
            Some(neighbour),
            "its own neighbour",
        );
        fails(
            path,
            ("code = \"152531\"", "code = \"152530\""),
            "regions[12].code",
            Some(line(path, "code = \"152531\"", 0)),
            "listed twice",
        );
        fails(
            path,
            (
                "{ platformFrom = \"2014-09-01\" }",
                "{ platformFrom = \"2014-09-01\", platformTo = \"2014-08-31\" }",
            ),
            "regions[0].platform[0].platformTo",
            Some(line(path, "2014-09-01", 0)),
            "before it begins",
        );
        fails(
            path,
            (
                "{ platformFrom = \"2014-09-01\" }",
                "{ platformFrom = \"2014-09-01\", platformTo = \"2014-12-31\" }, { platformFrom = \"2014-12-31\" }",
            ),
            "regions[0].platform[1].platformFrom",
            Some(line(path, "2014-09-01", 0)),
            "overlapping dates",
        );
        fails(
            path,
            (
                "sharesLeagueCentre = true",
                "sharesLeagueCentre = true\nplatform = [{ platformFrom = \"2015-01-01\" }]",
            ),
            "regions[2].sharesLeagueCentre",
            Some(line(path, "sharesLeagueCentre = true", 0)),
            "no platform of its own",
        );
        fails(
            path,
            ("neighbours = [\"152501\"]", "platform = [{ platformFrom = \"2016-01-01\" }]"),
            "regions[5].platform",
            Some(line(path, "neighbours = [\"152501\"]", 0)),
            "no file of centres/",
        );
        fails(path, ("kind = \"league\"", "kind = \"banner\""), "regions", None, "no region is of kind");
        fails(
            path,
            ("kind = \"county\"", "kind = \"league\""),
            "regions[12].kind",
            Some(line(path, "code = \"152531\"", 0)),
            "second league",
        );
    }

    #[test]
    fn malformed_values_are_named_by_key_and_line() {
        let path = "regions.toml";
        fails(
            path,
            ("kind = \"county\"", "kind = \"duchy\""),
            "regions[12].kind",
            Some(line(path, "kind = \"county\"", 0)),
            "duchy",
        );
        fails(
            path,
            ("code = \"152531\"", "code = \"15253\""),
            "regions[12].code",
            Some(line(path, "code = \"152531\"", 0)),
            "six digits",
        );
        let error = Edited::new(path, "kind = \"county\"", "kind = \"county\"\ncolour = 1")
            .load()
            .expect_err("unknown key");
        assert!(error.message.contains("colour"), "{error}");
        assert_eq!(error.line, Some(line(path, "kind = \"county\"", 0) + 1));
    }

    #[test]
    fn thresholds_that_contradict_are_named() {
        let path = "routing.toml";
        let first = line(path, "rule = \"RT-1\"", 0);
        fails(
            path,
            ("measure = \"investment\"", "measure = \"budget\""),
            "thresholds[0].rule",
            Some(first),
            "contradiction: RT-1 compares Investment of engineering",
        );
        fails(path, ("\"RT-1\"", "\"RT-4\""), "thresholds[0].rule", Some(first), "RT-4 has no threshold");
        fails(
            path,
            ("\"20000000.00\"", "\"0.00\""),
            "thresholds[0].atLeast",
            Some(line(path, "atLeast", 1)),
            "bound of zero",
        );
        fails(
            path,
            ("\"20000000.00\"", "\"2e7\""),
            "thresholds[0].atLeast",
            Some(line(path, "atLeast", 1)),
            "digits",
        );
        let second = "[[thresholds]]\nrule = \"RT-1\"\ncategory = \"engineering\"\nmeasure = \"investment\"\n\
                      atLeast = \"30000000.00\"\nunit = \"yuan\"\neffectiveFrom = \"2020-01-01\"\nsource = \"x\"\n\n";
        let third = "[[thresholds]]\nrule = \"RT-3\"";
        fails(
            path,
            (third, &format!("{second}{third}")),
            "thresholds[2].effectiveFrom",
            Some(line(path, "rule = \"RT-3\"", 0) - 1 + 6),
            "thresholds[0] of RT-1 is in force on some of these days and says 20000000.00",
        );
        fails(
            path,
            ("version = \"2014.1\"", "version = \" \""),
            "version",
            Some(line(path, "version = ", 0)),
            "empty",
        );
    }

    #[test]
    fn a_threshold_may_follow_another_without_overlap() {
        let path = "routing.toml";
        let follow = "unit = \"yuan\"\neffectiveFrom = \"2014-02-01\"\neffectiveTo = \"2019-12-31\"\nsource = \"x\"\n\n\
                      [[thresholds]]\nrule = \"RT-1\"\ncategory = \"engineering\"\nmeasure = \"investment\"\n\
                      atLeast = \"30000000.00\"\nunit = \"yuan\"\neffectiveFrom = \"2020-01-01\"";
        let hall =
            Edited::new(path, "unit = \"yuan\"\neffectiveFrom = \"2014-02-01\"", follow).load().unwrap();
        let bound = |day: &str| {
            hall.threshold(Measure::Investment, day.parse().unwrap()).map(|one| one.at_least.to_string())
        };
        assert_eq!(bound("2019-12-31").as_deref(), Some("20000000.00"));
        assert_eq!(bound("2020-01-01").as_deref(), Some("30000000.00"));
        assert_eq!(bound("2014-01-31"), None);
    }

    #[test]
    fn a_catalogue_with_other_counts_is_refused() {
        let path = "catalogue/2014.toml";
        fails(
            path,
            ("items = 152", "items = 151"),
            "expect.items",
            Some(line(path, "items = 152", 0)),
            "151 items declared, 152 listed",
        );
        fails(
            path,
            ("classes = 4", "classes = 5"),
            "expect.classes",
            Some(line(path, "classes = 4", 0)),
            "5 classes declared, 4 listed",
        );
        fails(
            path,
            ("\"ENG-002\"", "\"ENG-001\""),
            "classes[0].items[1].code",
            Some(line(path, "ENG-002", 0)),
            "listed twice",
        );
        fails(
            path,
            ("class = \"property\"", "class = \"engineering\""),
            "classes[3].class",
            Some(line(path, "class = \"property\"", 0)),
            "listed twice",
        );
    }

    #[test]
    fn two_catalogue_editions_may_not_overlap() {
        let edited = Edited::new("routing.toml", "version", "version");
        let (_, text) = BUILT_IN.iter().find(|(name, _)| name.starts_with("catalogue/")).unwrap();
        fs::write(edited.0.join("catalogue/2020.toml"), text.replace("2014-02-01", "2020-01-01")).unwrap();
        let error = edited.load().unwrap_err();
        assert!(error.file.ends_with("catalogue/2020.toml"), "{error}");
        assert_eq!(error.key.as_deref(), Some("effectiveFrom"));
        assert!(error.message.contains("overlapping dates"), "{error}");
    }

    #[test]
    fn centres_that_do_not_fit_are_named() {
        let path = "centres/152527.toml";
        let region = line(path, "region = ", 0);
        fails(
            path,
            ("region = \"152527\"", "region = \"150000\""),
            "region",
            Some(region),
            "unknown region 150000",
        );
        fails(path, ("region = \"152527\"", "region = \"152526\""), "region", Some(region), "second centre");
        fails(
            path,
            ("code = \"152527\"", "code = \"152526\""),
            "code",
            Some(line(path, "code = ", 0)),
            "another centre",
        );
        fails(
            path,
            ("opening = 2", "opening = 3"),
            "inventory.opening",
            Some(line(path, "opening = 2", 0)),
            "3 rooms declared, 2 listed",
        );
        fails(
            path,
            ("\"opening-2\"", "\"opening-1\""),
            "room[1].code",
            Some(line(path, "\"opening-2\"", 0)),
            "listed twice",
        );
        fails(
            path,
            ("capacity = 40", "capacity = 0"),
            "room[0].capacity",
            Some(line(path, "capacity = 40", 0)),
            "at least one person",
        );
        fails(
            path,
            ("closes = \"17:00\"", "closes = \"08:30\""),
            "rooms.closes",
            Some(line(path, "closes", 0)),
            "later than",
        );
        fails(
            path,
            ("opens = \"08:30\"", "opens = \"half past\""),
            "rooms.opens",
            Some(line(path, "opens", 0)),
            "08:30",
        );
    }

    #[test]
    fn a_league_centre_with_28_rooms_is_refused() {
        let path = "centres/152500.toml";
        let room = "[[room]]\ncode = \"complaint-1\"\nkind = \"complaint\"\nzh = \"投诉室\"\nen = \"Complaint room\"\ncapacity = 8\n";
        fails(
            path,
            (room, ""),
            "inventory.complaint",
            Some(line(path, "complaint = 1", 0)),
            "1 rooms declared, 0 listed",
        );
    }

    #[test]
    fn a_league_without_a_centre_file_is_refused() {
        let edited = Edited::new("regions.toml", "platform = [{ platformFrom = \"2014-09-01\" }]\n", "");
        fs::remove_file(edited.0.join("centres/152500.toml")).unwrap();
        let error = edited.load().unwrap_err();
        assert!(error.message.contains("the league 152500 has no file"), "{error}");
    }
}
