//! Editions that hold, and what each mistake in one is answered with.

use std::{collections::BTreeSet, sync::Arc};

use super::*;
use crate::law::{model::Quantity, procedure::Regime};

/// The built-in edition in a folder of its own, with one replacement in one file.
fn load_changed(path: &str, old: &str, new: &str) -> Result<Law, PolicyError> {
    let root = std::env::temp_dir().join(format!("tenderhall-law-{}", uuid::Uuid::new_v4()));
    for (name, text) in BUILT_IN {
        let file = root.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        if *name == path {
            assert!(text.contains(old), "{path} holds no {old}");
            std::fs::write(file, text.replacen(old, new, 1)).unwrap();
        } else {
            std::fs::write(file, text).unwrap();
        }
    }
    let law = Law::load(&PolicySource::Folder(root.clone()));
    std::fs::remove_dir_all(root).unwrap();
    law
}

/// The line on which `needle` stands in a built-in file after a replacement.
fn line_of(path: &str, old: &str, new: &str, needle: &str) -> usize {
    let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == path).unwrap();
    let text = text.replacen(old, new, 1);
    text.lines().position(|line| line.contains(needle)).unwrap() + 1
}

#[test]
fn the_built_in_edition_is_sound() {
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let on = "2026-02-24".parse().unwrap();
    assert!(law.rules(on).count() >= 60);
    assert_eq!(law.procedures(on).count(), 2);
    for year in [2025, 2026] {
        assert_eq!(law.calendar().year(year).unwrap().working_days(), 248);
    }
}

#[test]
fn contradictory_rules_are_refused_with_file_line_key_and_sentence() {
    const LAW: &str = "law/engineering.toml";
    let cases = [
        (
            ("id = \"ENG-7\"", "id = \"ENG-4\" # again"),
            "again",
            "id",
            "rule ENG-4: is in force on the same days as another",
        ),
        (("article = \"24\"\n", ""), "id = \"ENG-4\"", "article", "rule ENG-4: no article is named"),
        (
            ("article = \"24\"", "article = \" \""),
            "article = \" \"",
            "article",
            "rule ENG-4: no article is named",
        ),
        (("mark = \"V\"", "mark = \"D\""), "mark = \"D\"", "mark", "rule ENG-3: a default without a law"),
        (("n = 20\n", ""), "id = \"ENG-4\"", "n", "rule ENG-4: has a unit, but no number"),
        (("n = 20\n", "n = 0\n"), "n = 0", "n", "rule ENG-4: a period is 1 to 3660 long"),
        (("of = 3", "of = 1"), "of = 1", "of", "rule ENG-19: a share needs"),
        (("amount = \"800000.00\"", "amount = \"8e5\""), "8e5", "amount", "rule ENG-10: expected digits"),
        (
            (
                "effectiveFrom = \"2000-01-01\"",
                "effectiveFrom = \"2000-01-01\"\neffectiveTo = \"1999-12-31\"",
            ),
            "effectiveTo",
            "effectiveTo",
            "rule ENG-4: is in force to 1999-12-31, before it begins on 2000-01-01",
        ),
    ];
    for ((old, new), needle, key, sentence) in cases {
        let error = load_changed(LAW, old, new).unwrap_err();
        assert!(error.file.ends_with(LAW), "{error}");
        assert!(error.key.as_deref().is_some_and(|found| found.ends_with(&format!("].{key}"))), "{error}");
        assert!(error.message.starts_with(sentence), "{error}");
        assert_eq!(error.line, Some(line_of(LAW, old, new, needle)), "{error}");
    }
}

#[test]
fn a_floor_above_a_ceiling_is_refused() {
    // Publicity of at least 4 days, publication within 3: contradictory only on one subject.
    let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == "law/engineering.toml").unwrap();
    let both = text.replace("subject = \"candidatesPublicity\"", "subject = \"candidatesPublication\"");
    assert!(load_changed("law/engineering.toml", text, &both).is_ok(), "3 is at least 3 and at most 3");
    let apart = both.replace(
        "n = 3\nunit = \"calendarDay\"\nbound = \"atLeast\"",
        "n = 4\nunit = \"calendarDay\"\nbound = \"atLeast\"",
    );
    let error = load_changed("law/engineering.toml", text, &apart).unwrap_err();
    let line = apart.lines().position(|line| line == "n = 4").unwrap() + 1;
    assert_eq!(error.line, Some(line));
    let sentence = "leaves no lawful value for `candidatesPublication` beside rule ENG-25/publish";
    assert!(error.message.contains(sentence), "{error}");
}

#[test]
fn a_rule_may_follow_another_in_time() {
    let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == "law/engineering.toml").unwrap();
    let old = text.split("\n\n").find(|rule| rule.contains("id = \"ENG-4\"")).unwrap();
    let ended = old.replace("\"2000-01-01\"", "\"2000-01-01\"\neffectiveTo = \"2026-06-30\"");
    let later = old.replace("\"2000-01-01\"", "\"2026-07-01\"").replace("n = 20", "n = 30");
    let law = load_changed("law/engineering.toml", old, &format!("{ended}\n\n{later}")).unwrap();
    let length = |on: &str| match law.rule("ENG-4", on.parse().unwrap()).unwrap().quantity {
        Quantity::Period(period) => period.length,
        other => panic!("{other:?}"),
    };
    assert_eq!((length("2026-06-30"), length("2026-07-01")), (20, 30));
    let error = load_changed("law/engineering.toml", old, &ended).unwrap_err();
    assert!(error.message.contains("rule ENG-4 is not in force on 2026-07-01"), "{error}");
    assert!(error.file.ends_with("procedures/engineering-open.toml"), "{error}");
}

#[test]
fn contradictory_procedures_are_refused_with_file_line_and_key() {
    const OPEN: &str = "procedures/engineering-open.toml";
    let cases = [
        (
            ("rule = \"ENG-4\"", "rule = \"ENG-99\""),
            "ENG-99",
            "steps[7].guards[0].rule",
            "there is no rule ENG-99",
        ),
        (
            ("minimumBids = \"ENG-17\"", "minimumBids = \"ENG-4\""),
            "minimumBids",
            "minimumBids",
            "rule ENG-4 is no number",
        ),
        (("[\"ENG-9\"", "[\"ENG-17\""), "depositCaps", "depositCaps[0]", "rule ENG-17 is no highest amount"),
        (
            ("state = \"S10\"", "state = \"S00\""),
            "unused",
            "steps[2].state",
            "step S00 cannot follow step S05",
        ),
        (("publicity = true", "publicity = false"), "publicity", "publicity", "must be true exactly where"),
        (
            ("\"committee\"", "\"purchaser\""),
            "qualificationBy",
            "qualificationBy",
            "\"purchaser\", a step S45",
        ),
        (
            ("\"2013-05-01\"", "\"2011-01-01\""),
            "minimumBids",
            "minimumBids",
            "rule ENG-17 is not in force on 2011-01-01",
        ),
        (
            ("to = \"deadline\"", "to = \"documentsIssued\""),
            "unused",
            "steps[7].guards[0].to",
            "a guard ties two",
        ),
        (("state = \"S10\"", "state = \"S11\""), "S11", "steps[2].state", "unknown variant"),
    ];
    for ((old, new), needle, key, sentence) in cases {
        let error = load_changed(OPEN, old, new).unwrap_err();
        assert!(error.file.ends_with(OPEN), "{error}");
        assert_eq!(error.key.as_deref(), Some(key), "{error}");
        assert!(error.message.starts_with(sentence), "{error}");
        if needle != "unused" {
            assert_eq!(error.line, Some(line_of(OPEN, old, new, needle)), "{error}");
        }
    }
}

/// The ids of the domain's list of rules, by the last number of each letter group.
const LISTED: [(&str, u32); 23] = [
    ("ENG", 41),
    ("GP", 22),
    ("GPB", 19),
    ("GPN", 6),
    ("GPI", 1),
    ("GPS", 3),
    ("GPC", 5),
    ("GPF", 7),
    ("LND", 13),
    ("MIN", 7),
    ("AUC", 1),
    ("SOA", 14),
    ("CNT", 10),
    ("EX", 21),
    ("RM", 20),
    ("CH", 12),
    ("RT", 11),
    ("AMB", 15),
    ("TG", 16),
    ("SOD", 11),
    ("GS", 10),
    ("DT", 19),
    ("J", 71),
];

/// Whole groups that hold no number of the law, and where they are kept.
const NO_LAW: [(&str, &str); 4] = [
    ("SOD-", "who may do what: config/authorization.csv and `identity::sides`"),
    ("GS-", "items of the approvals hall, not built yet"),
    ("DT-", "vectors: `counting` counts them"),
    ("J-", "what the article promises: each is a test, not a rule"),
];

/// The ids that count by letters, or otherwise.
const OTHERWISE: [(&str, &[&str]); 4] = [
    ("EV-0", &["a", "b", "c", "d", "e", "f", "g"]),
    ("EV-2", &["a", "b", "c", "d", "e", "f", "g", "h"]),
    ("C.", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]),
    ("EV-9", &["a", "b", "c", "d", "e", "f", "g"]),
];

/// Listed, and not among the rules, and why.
const ELSEWHERE: [(&str, &str); 93] = [
    ("GP-2", "thresholds that a province sets: configuration of a region, once its figures are verified"),
    ("MIN-7", "a practice of 2024, not a rule of law"),
    ("CNT-1", "counting is the room's own law, in `counting`"),
    ("CNT-2", "in `counting`"),
    ("CNT-3", "in `counting`, and the setting `rollWeekends`"),
    ("CNT-4", "in `counting`"),
    ("CNT-5", "in `counting`"),
    ("CNT-6", "in `counting`"),
    ("CNT-7", "in `counting`, and the setting `counterCloses`"),
    ("CNT-8", "in `calendar`"),
    ("CNT-9", "in `counting`"),
    ("EX-5", "the setting `engineeringDrawWindowHours`"),
    ("EX-7", "with each procedure's committee: ENG-19, GPB-10, GPN-1, GPC-2, LND-5"),
    ("EX-8", "no law: how the hall draws"),
    ("EX-10", "the setting `drawBackups`"),
    ("EX-12", "no law: how the hall draws"),
    ("EX-18", "no law: a setting of the pool, once it assesses"),
    ("EX-21", "no law: a setting of the pool, once it counts"),
    ("RM-1", "no law: the database keeps bookings apart"),
    ("RM-4", "no law: setup_minutes and cleanup_minutes of a centre"),
    ("RM-5", "no law: how the hall books"),
    ("RM-6", "no law: states of a booking"),
    ("RM-7", "no law: auto_confirm of a centre"),
    ("RM-8", "no law: how the hall postpones"),
    ("RM-9", "no law: how the hall books"),
    ("RM-10", "no law: the article's green channel"),
    ("RM-11", "no law: how the hall books"),
    ("RM-12", "no law: opens and closes of a centre"),
    ("RM-13", "no law: how the hall books"),
    ("RM-14", "no law: the article's storage room"),
    ("RM-15", "no law: the article's door control"),
    ("RM-17", "no law: how the hall draws"),
    ("RM-18", "no law: how the hall books"),
    ("RM-19", "no law: how the hall books"),
    ("RM-20", "no law: figures of the board"),
    ("RT-1", "a rule of the league: config/routing.toml"),
    ("RT-2", "a rule of the league: config/routing.toml"),
    ("RT-3", "a rule of the league: config/routing.toml"),
    ("RT-4", "a rule of the league, without a number: `jurisdiction::rules`"),
    ("RT-5", "shares_league_centre of config/regions.toml"),
    ("RT-6", "platform of config/regions.toml"),
    ("RT-7", "neighbours of config/regions.toml"),
    ("RT-8", "a rule of the league, without a number: `jurisdiction::rules`"),
    ("RT-9", "config/catalogue"),
    ("RT-10", "no law: `jurisdiction::rules`"),
    ("RT-11", "no law: how decisions are kept, `projects::venue`"),
    ("AMB-1", "no law: config/codes/currencies.toml"),
    ("AMB-2", "a reading: an amount counts as approved"),
    ("AMB-3", "a reading: `projects` takes the approval that precedes"),
    ("AMB-4", "a reading: no area is no test"),
    ("AMB-5", "a reading: `jurisdiction` is asked for the project, never a lot"),
    ("AMB-6", "a reading: `VenueQuestion::test`"),
    ("AMB-7", "no law says how splitting is found: `jurisdiction::rules::split`"),
    ("AMB-8", "no law: `projects::venue`"),
    ("AMB-9", "a reading: other phases of a `VenueQuestion`"),
    ("AMB-10", "CNT-1: every threshold of config/routing.toml is inclusive"),
    ("AMB-11", "a reading: `total_of_lots`"),
    ("AMB-12", "a reading: platform on the day of acceptance"),
    ("AMB-13", "the setting mineralToLeague of config/routing.toml"),
    ("AMB-14", "a reading: a city at county level as any other"),
    ("AMB-15", "config/authorization.csv: no role holds both"),
    ("TG-1", "steps and guards of config/procedures"),
    ("TG-2", "steps and guards of config/procedures"),
    ("TG-3", "steps and guards of config/procedures, and the setting deadlineOnWorkingDay"),
    ("TG-4", "ENG-7 and GPB-4"),
    ("TG-5", "the close, `bids`; ENG-8"),
    ("TG-6", "ENG-17 and GPB-8"),
    ("TG-7", "ENG-19, GPB-9 and GPB-10"),
    ("TG-8", "EV-0g, and `evaluation` sums"),
    ("TG-9", "ENG-24 and ENG-25"),
    ("TG-10", "ENG-25/publicity"),
    ("TG-11", "steps and guards of config/procedures"),
    ("TG-12", "steps and guards of config/procedures"),
    ("TG-13", "steps and guards of config/procedures"),
    ("TG-14", "steps and guards of config/procedures"),
    ("TG-15", "no law: rounds of a tender"),
    ("TG-16", "with objections, not built yet"),
    ("EV-0a", "no law: how `scoring` rounds"),
    ("EV-0b", "no law: how `scoring` sums, `sheets`"),
    ("EV-2g", "no law: how preferences come together, the document's choice"),
    ("EV-2h", "no law: the document's choice"),
    ("C.2", "EV-2a to EV-2h"),
    ("C.5", "ALP"),
    ("C.7", "no law: the document's benchmark"),
    ("C.9", "EV-9a to EV-9g"),
    ("C.10", "ENG-9, ENG-10, GPB-6 and the caps of performance bonds"),
    ("EV-9a", "with auctions, not built yet"),
    ("EV-9b", "with auctions, not built yet"),
    ("EV-9c", "with auctions, not built yet"),
    ("EV-9d", "with auctions, not built yet"),
    ("EV-9e", "with auctions, not built yet"),
    ("EV-9f", "with auctions, not built yet"),
    ("EV-9g", "with auctions, not built yet"),
];

#[test]
fn every_listed_rule_is_data_or_says_why_not() {
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let held: BTreeSet<&str> = law.all_rules().map(|rule| rule.id.as_str()).collect();
    let counted = LISTED
        .into_iter()
        .flat_map(|(letters, last)| (1..=last).map(move |number| format!("{letters}-{number}")));
    let otherwise =
        OTHERWISE.into_iter().flat_map(|(before, ends)| ends.iter().map(move |end| format!("{before}{end}")));
    let listed: BTreeSet<String> = counted.chain(otherwise).chain(["ALP".to_owned()]).collect();
    for id in &listed {
        let elsewhere = ELSEWHERE.iter().any(|(other, _)| other == id)
            || NO_LAW.iter().any(|(group, _)| id.starts_with(group));
        assert_ne!(held.contains(id.as_str()), elsewhere, "{id}");
    }
    let stray: Vec<_> = ELSEWHERE.iter().filter(|(id, _)| !listed.contains(*id)).collect();
    assert!(stray.is_empty(), "a reason for what is not listed: {stray:?}");
}

#[test]
fn what_did_not_exist_yet_judges_nobody() {
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let on = |day: &str| day.parse::<NaiveDate>().unwrap();
    let judged = |id: &str, day: &str| law.rules(on(day)).any(|rule| rule.id == id);
    for (id, in_2015, in_2026) in [
        ("ENG-4", true, true),
        ("GPB-1", true, true),
        // 令87 of 2017, 令101 of 2020, 令110 of 2022, and the emergency rules, published before they count.
        ("GPB-10", false, true),
        ("GP-17", false, true),
        ("GPF-1", false, true),
        ("GP-22", false, false),
        // 财库〔2026〕2号 on abnormally low prices, 国办发〔2025〕34号 on domestic products.
        ("ALP", false, true),
        ("EV-2f", false, true),
    ] {
        assert_eq!((judged(id, "2015-06-01"), judged(id, "2026-09-30")), (in_2015, in_2026), "{id}");
    }
    assert!(judged("GP-22", "2026-10-01"));
    assert_eq!(law.procedures(on("2015-06-01")).filter(|one| one.regime == Regime::Procurement).count(), 0);
}

/// The built-in edition as an earlier program adopted it: without one line of one file, or without some rule.
fn adopted_without(path: &str, gone: &str) -> PolicySource {
    let texts = BUILT_IN.iter().map(|(name, text)| {
        let text = if *name == path {
            assert!(text.contains(gone), "{path} holds no {gone}");
            text.replacen(gone, "", 1)
        } else {
            (*text).to_owned()
        };
        ((*name).to_owned(), text)
    });
    PolicySource::Adopted(Arc::new(texts.collect()))
}

#[test]
fn an_older_edition_lacks_what_was_asked_for_later_and_an_entered_one_does_not() {
    let old = adopted_without(SETTINGS, "reportCandidates = 3\n");
    assert_eq!(Law::load(&old).unwrap().settings().report_candidates, 3);
    let PolicySource::Adopted(texts) = &old else { panic!("{old:?}") };
    let entered = Law::load(&PolicySource::Kept(Arc::clone(texts))).unwrap_err();
    assert!(entered.to_string().contains("reportCandidates"), "{entered}");
    // What was asked for from the first edition on is a mistake wherever it is missing.
    let broken = adopted_without(SETTINGS, "drawBackups = 2\n");
    assert!(Law::load(&broken).unwrap_err().to_string().contains("drawBackups"));

    // A rule it does not know is not in force in it.
    let (path, text) = BUILT_IN.iter().find(|(name, _)| *name == "law/procurement-methods.toml").unwrap();
    let rule = text.split("\n\n").find(|rule| rule.contains("\"offersTwo\"") && rule.contains("GPN-4"));
    let law = Law::load(&adopted_without(path, rule.unwrap())).unwrap();
    let on = "2026-02-24".parse().unwrap();
    assert_eq!(law.number_if_any("GPN-4/offersTwo", on).unwrap(), None);
    assert_eq!(law.number_if_any("GPN-4/offers", on).unwrap(), Some(3));
}

#[test]
fn a_rule_whose_text_was_read_names_its_article() {
    let (old, new) = ("article = \"24\"", "article = \"-\"");
    let error = load_changed("law/engineering.toml", old, new).unwrap_err().to_string();
    assert!(error.contains("key `rules[1].article`: rule ENG-4: the text was read"), "{error}");
}
