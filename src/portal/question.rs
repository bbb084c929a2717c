//! What people ask the calculators: forms as typed text, read into exact questions or into notes beside fields.
//!
//! Pure. Amounts are read by [`crate::kernel::typed`].

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::words::Words;
use crate::{
    jurisdiction::model::Level,
    kernel::{
        Area, Category, RegionCode,
        money::Amount,
        time::is_writable,
        typed::{in_yuan, ungrouped},
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
    noted(notes, field, in_yuan(text, unit == "wan").ok(), w.amount_example)
}

pub(super) fn area(notes: &mut Notes, field: &'static str, text: &str, w: &'static Words) -> Option<Area> {
    if text.trim().is_empty() {
        return None;
    }
    noted(notes, field, ungrouped(text).and_then(|plain| Area::parse(&plain)).ok(), w.amount_example)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::say::Language;

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
