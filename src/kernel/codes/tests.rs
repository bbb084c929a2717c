//! Worked examples, and the promise of the check characters: no single slip passes, and what was meant is found.

use proptest::prelude::*;

use super::*;

const DEAL: &str = "A01-12152500MB1X252501-20260309-000001-Y";

fn wrong<T: TryFrom<String, Error = WrongCode>>(text: &str) -> WrongCode {
    T::try_from(text.to_owned()).err().unwrap_or_else(|| panic!("{text} holds"))
}

fn right<T: TryFrom<String, Error = WrongCode>>(text: &str) -> T {
    T::try_from(text.to_owned()).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn published_examples_hold_and_a_changed_digit_does_not() {
    right::<Uscc>("91350100M000100Y43");
    let centre = right::<Uscc>("12152500MB1X252501");
    assert_eq!(centre.organisation().unwrap().as_str(), "MB1X25250");
    assert!(wrong::<Uscc>("91350100M000100Y44").maybe.contains(&"91350100M000100Y43".to_owned()));
    assert_eq!(wrong::<Uscc>("91350100I000100Y43").at, Some(9));
    assert!(wrong::<Uscc>("9135010M").at.is_none());
    assert!(wrong::<OrganisationCode>("MB1X25251").to_string().contains("“0”"));
    right::<DealCode>(DEAL);
    let day = "2026-03-09".parse().unwrap();
    assert_eq!(DealCode::of(&right("A01"), &centre, day, 1).unwrap().as_str(), DEAL);
    assert!(DealCode::of(&right("A01"), &centre, day, 1_000_000).is_err(), "no seventh digit");
}

#[test]
fn each_number_holds_the_one_before_it() {
    let project = ProjectCode::of(&right("1525000001"), 17).unwrap();
    let tender = project.tender(2).unwrap();
    let section = tender.section(3).unwrap();
    let document = section.document(1).unwrap();
    assert_eq!(document.as_str(), "E1525000001000017002003001");
    let lengths = [project.as_str(), tender.as_str(), section.as_str(), document.as_str()].map(str::len);
    assert_eq!(lengths, [17, 20, 23, 26]);
    assert!(project.tender(1000).is_err() && section.document(1000).is_err());
    assert_eq!(wrong::<ProjectCode>("E1525000001000017").at, Some(1));
    assert_eq!(wrong::<TenderCode>("E15250000010000I7002").at, Some(16));
}

#[test]
fn the_place_of_a_wrong_character_is_named() {
    right::<InvestmentCode>("2026-152525-48-01-000001");
    for (text, at) in [
        ("2026-152525-48-01-00000I", 24),
        ("2026 152525-48-01-000001", 5),
        ("3026-152525-48-01-000001", 1),
        ("2026-052525-48-01-000001", 6),
        ("二026-152525-48-01-000001", 1),
    ] {
        assert_eq!(wrong::<InvestmentCode>(text).at, Some(at), "{text}");
    }
    assert!(wrong::<InvestmentCode>("2026-152525-48-01-00001").at.is_none());
    for good in ["E47", "E4710", "A011", "T96"] {
        right::<IndustryCode>(good);
    }
    for (bad, at) in [("E4", None), ("U47", Some(1)), ("E47100", None), ("e47", Some(1))] {
        assert_eq!(wrong::<IndustryCode>(bad).at, at, "{bad}");
    }
    for good in ["A", "B02", "C1804", "A02010100"] {
        right::<ProcurementCategory>(good);
    }
    for bad in ["D01", "A0", "A0201010101", ""] {
        wrong::<ProcurementCategory>(bad);
    }
    right::<CurrencyCode>("USD");
    assert_eq!(wrong::<CurrencyCode>("Usd").at, Some(2));
    assert_eq!(wrong::<TradeClass>("A0O").at, Some(3));
}

#[test]
fn a_code_in_json_is_refused_with_the_reason() {
    let said =
        serde_json::from_str::<DealCode>(&format!("\"{}\"", DEAL.replace("Y", "Z"))).unwrap_err().to_string();
    assert!(said.contains("“Y”") && said.contains(DEAL), "{said}");
    assert!(serde_json::from_str::<DealCode>(&format!("\"{DEAL}\"")).is_ok());
}

#[test]
fn a_day_and_a_platform_are_held_to_their_own_grammar() {
    // Both are written with the check that MOD 37-2 gives them.
    for (stem, says) in [
        ("A01-12152500MB1X252501-20260230-000001-", "no day"),
        ("A01-12152500MB1X252502-20260309-000001-", "no credit code"),
    ] {
        let why = (b'0'..=b'Z').map(char::from).chain(['*']).find_map(|check| {
            let why = DealCode::try_from(format!("{stem}{check}")).unwrap_err().to_string();
            (!why.contains("check character") && !why.contains("must be")).then_some(why)
        });
        assert!(why.as_ref().is_some_and(|why| why.contains(says)), "{why:?}");
    }
}

fn deals() -> impl Strategy<Value = String> {
    let class = prop::sample::select(vec!["A01", "A02", "B02", "D03", "Z90"]);
    let platform = prop::sample::select(vec!["12152500MB1X252501", "91350100M000100Y43"]);
    (class, platform, 0..20_000_u64, 0..1_000_000_i64).prop_map(|(class, platform, day, serial)| {
        let day = chrono::NaiveDate::from_ymd_opt(2014, 2, 1).unwrap() + chrono::Days::new(day);
        DealCode::of(&right(class), &right(platform), day, serial).unwrap().into()
    })
}

/// `text` with the character at `at` replaced, or with it and its neighbour changed over.
fn slip(text: &str, at: usize, letter: Option<char>) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    match letter {
        Some(letter) => letters[at % text.len()] = letter,
        None => letters.swap(at % (text.len() - 1), at % (text.len() - 1) + 1),
    }
    letters.into_iter().collect()
}

proptest! {
    /// ISO 7064 MOD 37-2 sees every altered character and every two neighbours changed over.
    #[test]
    fn no_slip_passes_and_the_original_is_among_what_may_be_meant(
        deal in deals(), at in 0..400_usize, letter in prop::option::of("[0-9A-Z*]"),
    ) {
        let letter = letter.and_then(|text| text.chars().next());
        let typed = slip(&deal, at, letter);
        prop_assume!(typed != deal);
        let why = wrong::<DealCode>(&typed);
        prop_assert!(why.maybe.len() <= MOST_CANDIDATES);
        prop_assert!(why.maybe.contains(&deal), "{typed} for {deal}: {:?}", why.maybe);
        if letter.is_none() {
            // Neighbours changed over come before altered characters.
            let swaps = why.maybe.iter().take_while(|code| code.chars().zip(typed.chars()).filter(|(a, b)| a != b).count() == 2);
            prop_assert!(swaps.into_iter().any(|code| *code == deal));
        }
    }

    #[test]
    fn a_credit_code_with_one_slip_is_found_again(
        code in prop::sample::select(vec!["12152500MB1X252501", "91350100M000100Y43", "911525257G888273XG"]),
        at in 0..180_usize, letter in prop::option::of("[0-9A-HJ-NPQRTUWXY]"),
    ) {
        let typed = slip(code, at, letter.and_then(|text| text.chars().next()));
        prop_assume!(typed != code);
        // The sum of GB 32100 has a weight of 3ⁿ mod 31: it sees every altered character and most swaps.
        if let Err(why) = Uscc::try_from(typed.clone()) {
            prop_assert!(why.maybe.iter().any(|one| one == code), "{typed} for {code}: {:?}", why.maybe);
        } else {
            prop_assert!(typed == code, "{typed} passes for {code}");
        }
    }
}
