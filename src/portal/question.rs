//! What people ask the calculators: forms as typed text, read into exact questions or into notes beside fields.
//!
//! Pure. Units are turned into yuan by decimal digits alone: 2000 万元 is 20,000,000.00, never a float.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::words::Words;
use crate::{
    jurisdiction::model::Level,
    kernel::{
        Area, Category, RegionCode,
        money::{Amount, read_amount},
        time::is_writable,
    },
    law::{Direction, Place, Regime, Unit},
};
pub use crate::{jurisdiction::model::VenueQuestion, law::preview::DeadlineRequest as DeadlineQuestion};

/// Longest count of the page in days; the API counts further.
const LONGEST: i64 = 1000;

/// Notes beside fields, by the field's name.
pub type Notes = BTreeMap<&'static str, String>;

/// The query of `/calculators` as typed; unknown names are ignored, as in any address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CalculatorForm {
    /// `venue` or `deadline`: which form was sent; empty on a first visit.
    pub ask: String,
    /// Region code.
    pub region: String,
    /// `county` or `league`.
    pub level: String,
    /// Category in the API's words.
    pub category: String,
    /// Amount as typed.
    pub investment: String,
    /// `yuan` or `wan`.
    pub investment_unit: String,
    /// Square metres as typed.
    pub floor_area: String,
    /// Amount as typed.
    pub budget: String,
    /// `yuan` or `wan`.
    pub budget_unit: String,
    /// Day as typed.
    pub accepted_on: String,
    /// `tendering` or `procurement`; empty means the law of the category.
    pub regime: String,
    /// Code of a foreign currency; empty means yuan.
    pub currency: String,
    /// Parity as typed.
    pub rate: String,
    /// Day as typed.
    pub rate_on: String,
    /// Where the parity was published.
    pub rate_source: String,
    /// Sum of the further phases as typed.
    pub phases_amount: String,
    /// `yuan` or `wan`.
    pub phases_amount_unit: String,
    /// Square metres of the further phases as typed.
    pub phases_area: String,
    /// `none` where the project is outside the catalogue.
    pub catalogue: String,
    /// `league` or `region`: where the purchaser chooses to trade.
    pub voluntary: String,
    /// Why it does.
    pub voluntary_reason: String,
    /// Day as typed.
    pub from: String,
    /// Days as typed.
    pub length: String,
    /// `workingDay` or `calendarDay`.
    pub unit: String,
    /// `forward` or `backward`.
    pub direction: String,
    /// `online` or `counter`.
    pub place: String,
}

impl CalculatorForm {
    /// The venue question, or a note for each field that cannot be used.
    ///
    /// # Errors
    /// The notes by field name, in the reader's words.
    pub fn venue(&self, w: &'static Words) -> Result<VenueQuestion, Notes> {
        let mut notes = Notes::new();
        let region =
            noted(&mut notes, "region", RegionCode::try_from(self.region.clone()).ok(), w.choose_one);
        let level = match self.level.as_str() {
            "league" => Level::League,
            _ => Level::County,
        };
        let category = self.category.parse().ok();
        let category = noted(&mut notes, "category", category, w.choose_one);
        let regime =
            self.regime().filter(|_| matches!(category, Some(Category::Engineering | Category::Procurement)));
        let by_category = match category {
            Some(Category::Engineering) => Some(Regime::Tendering),
            Some(Category::Procurement) => Some(Regime::Procurement),
            _ => None,
        };
        let works = regime.or(by_category) == Some(Regime::Tendering);
        let buys = regime.or(by_category) == Some(Regime::Procurement);
        let investment = if works {
            amount(&mut notes, "investment", &self.investment, &self.investment_unit, w)
        } else {
            None
        };
        let budget =
            if buys { amount(&mut notes, "budget", &self.budget, &self.budget_unit, w) } else { None };
        let floor_area = if works { area(&mut notes, "floorArea", &self.floor_area, w) } else { None };
        let accepted_on = optional_day(&mut notes, "acceptedOn", &self.accepted_on, w);
        if level == Level::County && region.as_ref().is_some_and(|code| code.as_str().ends_with("00")) {
            notes.insert("region", w.county_needs_county.to_owned());
        }
        let (Some(region_code), Some(category)) = (region, category) else { return Err(notes) };
        let mut question = VenueQuestion {
            regime,
            investment,
            floor_area,
            budget,
            accepted_on,
            ..VenueQuestion::new(region_code, level, category)
        };
        self.read_further(&mut question, &mut notes, w);
        if notes.is_empty() { Ok(question) } else { Err(notes) }
    }

    /// The deadline question, or a note for each field that cannot be used.
    ///
    /// # Errors
    /// The notes by field name, in the reader's words.
    pub fn deadline(&self, w: &'static Words) -> Result<DeadlineQuestion, Notes> {
        let mut notes = Notes::new();
        let from = noted(&mut notes, "from", self.from.trim().parse().ok().filter(is_writable), w.date_shape);
        let length = self.length.trim().parse().ok().filter(|days| (1..=LONGEST).contains(days));
        let length = noted(&mut notes, "length", length, w.length_shape);
        let unit = if self.unit == "calendarDay" { Unit::CalendarDay } else { Unit::WorkingDay };
        let direction = if self.direction == "backward" { Direction::Backward } else { Direction::Forward };
        let place = if self.place == "counter" { Place::Counter } else { Place::Online };
        match (from, length) {
            (Some(from), Some(length)) => Ok(DeadlineQuestion { from, length, unit, direction, place }),
            _ => Err(notes),
        }
    }
}

pub(super) fn noted<T>(notes: &mut Notes, field: &'static str, value: Option<T>, note: &str) -> Option<T> {
    if value.is_none() {
        notes.insert(field, note.to_owned());
    }
    value
}

pub(super) fn amount(
    notes: &mut Notes,
    field: &'static str,
    text: &str,
    unit: &str,
    w: &'static Words,
) -> Option<Amount> {
    if text.trim().is_empty() {
        notes.insert(field, w.required.to_owned());
        return None;
    }
    noted(notes, field, in_yuan(text, unit == "wan"), w.amount_example)
}

pub(super) fn area(notes: &mut Notes, field: &'static str, text: &str, w: &'static Words) -> Option<Area> {
    if text.trim().is_empty() {
        return None;
    }
    noted(notes, field, ungrouped(text).and_then(|plain| Area::parse(&plain).ok()), w.amount_example)
}

pub(super) fn optional_day(
    notes: &mut Notes,
    field: &'static str,
    text: &str,
    w: &'static Words,
) -> Option<NaiveDate> {
    if text.trim().is_empty() {
        return None;
    }
    noted(notes, field, text.trim().parse().ok().filter(is_writable), w.date_shape)
}

/// An amount as people type it, in yuan. `wan` counts in 万元 (10,000 yuan) with up to six decimals, so that
/// every fen can be said; anything finer than a fen is refused rather than rounded.
///
/// Thousands may be set apart with commas where they stand right.
pub fn in_yuan(text: &str, wan: bool) -> Option<Amount> {
    let (text, wan) = unit_typed(text).unwrap_or((text, wan));
    let plain = ungrouped(text)?;
    if !wan {
        return Amount::parse(&plain).ok();
    }
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    // The grammar for the whole part is the kernel's; the point then moves four places to the right.
    read_amount(whole).ok()?;
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || fraction.len() > 6 || (plain.contains('.') && fraction.is_empty()) {
        return None;
    }
    let value: Decimal = plain.parse().ok()?;
    Amount::new(value.checked_mul(Decimal::from(10_000))?).ok()
}

/// The number and whether it counts in 万元, where the unit was typed behind it; what is typed beats what is chosen.
pub fn unit_typed(text: &str) -> Option<(&str, bool)> {
    let text = text.trim();
    let wan = ["万元", "萬元", "万", "萬"].iter().find_map(|unit| text.strip_suffix(unit));
    wan.map(|number| (number, true)).or_else(|| text.strip_suffix('元').map(|number| (number, false)))
}

/// Takes away spaces around and commas that set thousands apart; `None` when a comma stands elsewhere.
fn ungrouped(text: &str) -> Option<String> {
    let text = text.trim().replace('，', ",");
    if !text.contains(',') {
        return Some(text);
    }
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut groups = whole.split(',');
    let head = groups.next().unwrap_or_default();
    let well_set = (1..=3).contains(&head.len()) && groups.all(|group| group.len() == 3);
    let digits = whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    if !well_set || !digits || fraction.is_some_and(|part| part.contains(',')) {
        return None;
    }
    Some(text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::say::Language;

    fn yuan(text: &str, wan: bool) -> Option<String> {
        in_yuan(text, wan).map(|amount| amount.to_string())
    }

    #[test]
    fn wan_becomes_yuan_digit_by_digit() {
        assert_eq!(yuan("2000", true).as_deref(), Some("20000000.00"));
        assert_eq!(yuan("1835.0534", true).as_deref(), Some("18350534.00"));
        assert_eq!(yuan("0.000001", true).as_deref(), Some("0.01"));
        assert_eq!(yuan("1,999.999999", true).as_deref(), Some("19999999.99"));
        assert_eq!(yuan(" 20,000,000.00 ", false).as_deref(), Some("20000000.00"));
        assert_eq!(yuan("9999999999.99", true).as_deref(), Some("99999999999900.00"));
        for (text, wan) in
            [("2000万元", false), ("2000 万", true), ("20,000,000元", true), ("2000萬元", false)]
        {
            assert_eq!(yuan(text, wan).as_deref(), Some("20000000.00"), "{text}");
        }
    }

    #[test]
    fn what_is_finer_than_a_fen_or_no_plain_number_is_refused() {
        for (text, wan) in [
            ("0.0000001", true),
            ("2e3", true),
            ("2000.", true),
            (".5", true),
            ("+1", true),
            ("02000", true),
            ("2,00", true),
            ("1,0000", false),
            ("1.000,00", false),
            ("1.234", false),
            ("二千", true),
            ("万元", true),
            ("2000万万", true),
            ("2000元万元", false),
            ("99999999999999", true),
            ("", true),
        ] {
            assert_eq!(yuan(text, wan), None, "{text}");
        }
    }

    #[test]
    fn the_form_reads_the_boundary_case_in_wan() {
        let form = CalculatorForm {
            region: "152527".into(),
            level: "county".into(),
            category: "engineering".into(),
            investment: "2000".into(),
            investment_unit: "wan".into(),
            ..CalculatorForm::default()
        };
        let question = form.venue(Words::of(Language::Zh)).unwrap();
        assert_eq!(question.investment.unwrap().to_string(), "20000000.00");
        assert_eq!((question.floor_area, question.accepted_on), (None, None));
    }

    #[test]
    fn every_wrong_field_gets_its_note() {
        let form = CalculatorForm {
            region: "152500".into(),
            category: "engineering".into(),
            floor_area: "large".into(),
            accepted_on: "16/3/2026".into(),
            ..CalculatorForm::default()
        };
        let notes = form.venue(Words::of(Language::En)).unwrap_err();
        assert_eq!(
            notes.keys().copied().collect::<Vec<_>>(),
            ["acceptedOn", "floorArea", "investment", "region"]
        );
        let notes = CalculatorForm { length: "0".into(), ..CalculatorForm::default() };
        assert_eq!(notes.deadline(Words::of(Language::En)).unwrap_err().len(), 2);
    }
}
