//! The whole, as its users meet it.

use std::{fs, path::PathBuf, sync::Arc};

use strum::IntoEnumIterator;

use crate::{
    jurisdiction::{
        BUILT_IN, Jurisdiction,
        model::{Category, Level, Measure, RegionKind, RoomKind, VenueQuestion},
        rules::decide,
    },
    kernel::{RegionCode, codes::TradeClass},
    platform::policy_file::{PolicyError, PolicySource, PolicyTexts},
};

/// A folder holding the built-in edition with one piece of one file replaced; gone when dropped.
struct Edited(PathBuf);

impl Edited {
    fn new(path: &str, old: &str, new: &str) -> Self {
        let root = std::env::temp_dir().join(format!("tenderhall-jurisdiction-{}", uuid::Uuid::new_v4()));
        for folder in ["catalogue", "centres", "codes"] {
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
    let hall = Edited::new(path, "unit = \"yuan\"\neffectiveFrom = \"2014-02-01\"", follow).load().unwrap();
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

/// AMB-13: where the setting is on, the mineral rights of a county go to the league and its land stays.
#[test]
fn mineral_rights_go_to_the_league_where_the_hall_says_so() {
    let question = |class: &str| VenueQuestion {
        industry_code: Some(TradeClass::try_from(class.to_owned()).unwrap()),
        ..VenueQuestion::new(
            RegionCode::try_from("152522".to_owned()).unwrap(),
            Level::County,
            Category::LandMineral,
        )
    };
    let hall = built_in();
    let of = |mineral: bool| {
        let mut all = hall.classes().codes.iter();
        let class = all.find(|one| one.category == Category::LandMineral && one.mineral == mineral).unwrap();
        question(class.code.as_str())
    };
    let today = "2026-02-09".parse().unwrap();
    let venue = |hall: &Jurisdiction, question: &VenueQuestion| {
        let decided = decide(hall, question, today).unwrap();
        (decided.rule_id.to_string(), decided.centre_code.unwrap())
    };
    let own = ("RT-8".to_owned(), "152522".to_owned());
    assert_eq!((venue(&hall, &of(true)), venue(&hall, &of(false))), (own.clone(), own.clone()));
    let on = Edited::new("routing.toml", "mineralToLeague = false", "mineralToLeague = true").load().unwrap();
    assert_eq!(venue(&on, &of(true)), ("AMB-13".to_owned(), "152500".to_owned()));
    assert_eq!(venue(&on, &of(false)), own);
    let unsaid = VenueQuestion { industry_code: None, ..of(true) };
    let pointer = decide(&on, &unsaid, today).unwrap_err().errors.remove(0).pointer;
    assert_eq!(pointer, "/industryCode", "land or minerals must be said");
}

#[test]
fn an_edition_of_an_earlier_program_routes_as_it_did() {
    let texts = |gone: &str| -> PolicyTexts {
        let kept = BUILT_IN.iter().filter(|(name, _)| !name.starts_with("codes/"));
        kept.map(|(name, text)| ((*name).to_owned(), text.replace(gone, ""))).collect()
    };
    let old = Arc::new(texts("mineralToLeague = false\n"));
    let hall = Jurisdiction::load(&PolicySource::Adopted(Arc::clone(&old))).unwrap();
    assert!(
        !hall.mineral_to_league() && hall.classes().codes.is_empty() && hall.currencies().codes.is_empty()
    );
    assert_eq!(hall.regions().len(), built_in().regions().len());
    assert!(Jurisdiction::load(&PolicySource::Kept(old)).is_err(), "one that is entered now is whole");
    let broken = PolicySource::Adopted(Arc::new(texts("version = \"2014.1\"\n")));
    assert!(Jurisdiction::load(&broken).is_err(), "what was always asked for is missed");
}
