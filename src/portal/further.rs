//! What else bears on a venue, as people type it into the calculator: the law it is bought under (AMB-6), a foreign
//! currency (AMB-1), further phases (AMB-9), an item outside the catalogue (RT-9) and a choice to come (RT-10). Pure.

use super::{
    question::{CalculatorForm, Notes, amount, area, noted, optional_day},
    words::Words,
};
use crate::{
    jurisdiction::{
        codes::ForeignAmount,
        model::{ChosenPlace, Measure, OUTSIDE_THE_CATALOGUE, OtherPhase, VenueQuestion, VoluntaryEntry},
    },
    kernel::{codes::CurrencyCode, money::Rate},
    law::Regime,
};

/// Longest text of a field, in characters.
const LONGEST: usize = 1000;

impl CalculatorForm {
    /// Whether anything beyond the plain question was sent, so that its fields stand open.
    pub fn is_further(&self) -> bool {
        [
            &self.regime,
            &self.currency,
            &self.phases_amount,
            &self.phases_area,
            &self.catalogue,
            &self.voluntary,
        ]
        .iter()
        .any(|field| !field.trim().is_empty())
    }

    /// Under which law works are bought; absent means that of the category.
    pub(super) fn regime(&self) -> Option<Regime> {
        match self.regime.as_str() {
            "tendering" => Some(Regime::Tendering),
            "procurement" => Some(Regime::Procurement),
            _ => None,
        }
    }

    /// Puts what else was typed into a question whose figures are read already, or notes what cannot be used.
    pub(super) fn read_further(&self, question: &mut VenueQuestion, notes: &mut Notes, w: &'static Words) {
        let main = question.test().measures().first().copied();
        if let Some(main) = main {
            if !self.currency.is_empty() {
                question.foreign = self.foreign(question, main, notes, w);
            }
            question.other_phases.extend(self.phases(main, notes, w));
        }
        if self.catalogue == OUTSIDE_THE_CATALOGUE {
            question.catalogue_item = Some(OUTSIDE_THE_CATALOGUE.to_owned());
        }
        let at = match self.voluntary.as_str() {
            "league" => ChosenPlace::League,
            "region" => ChosenPlace::Region,
            _ => return,
        };
        if at == ChosenPlace::Region && self.catalogue != OUTSIDE_THE_CATALOGUE {
            notes.insert("voluntary", w.voluntary_outside.to_owned());
        }
        let reason = text(notes, "voluntaryReason", &self.voluntary_reason, LONGEST, w);
        question.voluntary = reason.map(|reason| VoluntaryEntry { at, reason });
    }

    /// The main figure was typed in the currency chosen: it moves out of the yuan of the question.
    fn foreign(
        &self,
        question: &mut VenueQuestion,
        main: Measure,
        notes: &mut Notes,
        w: &'static Words,
    ) -> Option<ForeignAmount> {
        let amount = match main {
            Measure::Budget => question.budget.take(),
            Measure::Investment | Measure::FloorArea => question.investment.take(),
        };
        let currency = CurrencyCode::try_from(self.currency.clone()).ok();
        let currency = noted(notes, "currency", currency, w.choose_one);
        let rate = noted(notes, "rate", Rate::parse(self.rate.trim()).ok(), w.rate_shape);
        let rate_on = optional_day(notes, "rateOn", &self.rate_on, w);
        if rate_on.is_none() {
            notes.entry("rateOn").or_insert_with(|| w.required.to_owned());
        }
        let rate_source = text(notes, "rateSource", &self.rate_source, 200, w);
        Some(ForeignAmount {
            amount: amount?,
            currency: currency?,
            rate: rate?,
            rate_on: rate_on?,
            rate_source: rate_source?,
        })
    }

    /// All further phases without an approval of their own as one, since they only add up.
    fn phases(&self, main: Measure, notes: &mut Notes, w: &'static Words) -> Option<OtherPhase> {
        let more = !self.phases_amount.trim().is_empty();
        let sum = more
            .then(|| amount(notes, "phasesAmount", &self.phases_amount, &self.phases_amount_unit, w))
            .flatten();
        let floor_area = match main {
            Measure::Budget => None,
            Measure::Investment | Measure::FloorArea => area(notes, "phasesArea", &self.phases_area, w),
        };
        let (investment, budget) = if main == Measure::Budget { (None, sum) } else { (sum, None) };
        (sum.is_some() || floor_area.is_some()).then_some(OtherPhase {
            own_approval: false,
            investment,
            floor_area,
            budget,
        })
    }
}

fn text(
    notes: &mut Notes,
    field: &'static str,
    typed: &str,
    most: usize,
    w: &'static Words,
) -> Option<String> {
    let typed = typed.trim();
    let fits = (1..=most).contains(&typed.chars().count());
    noted(notes, field, fits.then(|| typed.to_owned()), w.required)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::say::Language;

    fn works() -> CalculatorForm {
        CalculatorForm {
            region: "152527".into(),
            level: "county".into(),
            category: "engineering".into(),
            investment: "280".into(),
            investment_unit: "wan".into(),
            ..CalculatorForm::default()
        }
    }

    fn read(form: &CalculatorForm) -> Result<VenueQuestion, Notes> {
        form.venue(Words::of(Language::En))
    }

    #[test]
    fn a_figure_in_dollars_leaves_the_yuan_with_its_parity() {
        let mut form = works();
        form.currency = "USD".into();
        assert_eq!(
            read(&form).unwrap_err().into_keys().collect::<Vec<_>>(),
            ["rate", "rateOn", "rateSource"]
        );
        form.rate = "7.1528".into();
        form.rate_on = "2026-01-20".into();
        form.rate_source = "中国外汇交易中心".into();
        let question = read(&form).unwrap();
        let foreign = question.foreign.unwrap();
        assert_eq!((question.investment, foreign.amount.to_string().as_str()), (None, "2800000.00"));
        assert_eq!(
            (foreign.rate.to_string().as_str(), foreign.currency.to_string().as_str()),
            ("7.1528", "USD")
        );
    }

    #[test]
    fn works_bought_by_another_method_are_asked_for_their_budget() {
        let mut form = works();
        form.regime = "procurement".into();
        assert_eq!(read(&form).unwrap_err().into_keys().collect::<Vec<_>>(), ["budget"]);
        form.budget = "500".into();
        form.budget_unit = "wan".into();
        let question = read(&form).unwrap();
        assert_eq!((question.regime, question.investment), (Some(Regime::Procurement), None));
        assert_eq!(question.budget.unwrap().to_string(), "5000000.00");
    }

    #[test]
    fn phases_add_up_and_a_choice_needs_its_reason() {
        let mut form = works();
        form.phases_amount = "1720".into();
        form.phases_amount_unit = "wan".into();
        form.phases_area = "1,000".into();
        let question = read(&form).unwrap();
        assert_eq!(question.added_by_phases(Measure::Investment).to_string(), "17200000.00");
        assert_eq!(question.added_by_phases(Measure::FloorArea).to_string(), "1000.00");
        form.voluntary = "region".into();
        assert_eq!(
            read(&form).unwrap_err().into_keys().collect::<Vec<_>>(),
            ["voluntary", "voluntaryReason"]
        );
        form.catalogue = "none".into();
        form.voluntary_reason = "统一监管".into();
        assert_eq!(read(&form).unwrap().voluntary.unwrap().at, ChosenPlace::Region);
    }
}
