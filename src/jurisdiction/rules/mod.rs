//! RT-1…RT-10: the one pure decision where a project must trade.
//!
//! Evaluation order: catalogue → level → category → platform presence → what keeps a project at the league's centre
//! or brings it there (AMB-7, AMB-8, RT-10). One result, one deciding rule, and every
//! rule that held. Readings where the source is silent:
//! * RT-1…RT-3 and RT-8 hold or not by level, category and figures alone, also in a region whose venue RT-5
//!   decides; RT-5 speaks of the city's own projects, so at league level only RT-4 holds.
//! * RT-6 and RT-7 are asked only when neither RT-5 nor a threshold has decided; RT-8 then decides, through
//!   whichever of the two held.
//! * AMB-7, AMB-8 and RT-10 are asked only of a project that the other rules leave to a county; of those that hold
//!   together the first decides.

mod figures;
mod question;
mod reasons;
mod split;

use chrono::NaiveDate;
use figures::Figures;
pub use figures::in_yuan;
use question::{
    catalogue_on, outside_the_table, rejection, wrong_choice, wrong_class, wrong_item, wrong_region,
};
use reasons::{
    arithmetic, at_league_level, chosen, minerals, no_threshold, not_evaluated, stays, suspected,
    thresholds_do_not_apply, under_regime,
};
use rust_decimal::Decimal;
pub use split::{Split, split_of};

use super::{
    Jurisdiction,
    model::{
        CatalogueEdition, Centre, ChosenPlace, Level, Measure, OUTSIDE_THE_CATALOGUE, Region, RouteRule,
        Scope, Test, VenueDecision, VenueQuestion,
    },
};
use crate::kernel::{Rejection, Say, money::Amount};

/// Decides where a project must trade. `today` is the hall's day and counts when the question has no day of
/// acceptance (AMB-12).
///
/// # Errors
/// 422 with pointers: unknown region, county level with the league's own code, a missing figure of the category,
/// a catalogue item that is unknown or of another category, or a day before the routing table or the catalogue was
/// in force.
pub fn decide(
    jurisdiction: &Jurisdiction,
    question: &VenueQuestion,
    today: NaiveDate,
) -> Result<VenueDecision, Rejection> {
    let date = question.accepted_on.unwrap_or(today);
    let case = Case::accept(jurisdiction, question, date)?;
    let mut reasoning = Reasoning::default();
    let verdict = case.verdict(&mut reasoning);
    reasoning.say(verdict.sentence());
    let Reasoning { mut fired, reasons } = reasoning;
    fired.sort_unstable();
    Ok(VenueDecision {
        scope: verdict.scope,
        centre_code: verdict.centre.map(|centre| centre.code.clone()),
        rule_id: verdict.rule,
        fired,
        reasons,
        table_version: jurisdiction.table_version().to_owned(),
    })
}

/// Sum of a project's lots: the figure that routing compares, never a single lot's (AMB-5, AMB-11).
///
/// # Errors
/// 422 when the sum has more than 14 digits before the decimal point.
pub fn total_of_lots(lots: &[Amount]) -> Result<Amount, Rejection> {
    // Decimal holds 28 digits, an amount 16: a sum of fewer than 10¹² lots cannot overflow.
    let sum: Decimal = lots.iter().map(|lot| lot.value()).sum();
    Amount::new(sum).map_err(|why| Rejection::at("/lots", "invalid", Say::new("标段金额合计过大。", why)))
}

/// What held and why, as it is found.
#[derive(Default)]
struct Reasoning {
    fired: Vec<RouteRule>,
    reasons: Vec<Say>,
}

impl Reasoning {
    fn fire(&mut self, rule: RouteRule, reason: Say) {
        self.fired.push(rule);
        self.reasons.push(reason);
    }

    fn say(&mut self, reason: Say) {
        self.reasons.push(reason);
    }
}

/// The result before it is written down.
struct Verdict<'a> {
    rule: RouteRule,
    scope: Scope,
    centre: Option<&'a Centre>,
}

impl Verdict<'_> {
    fn sentence(&self) -> Say {
        let rule = self.rule.as_ref();
        match self.centre {
            Some(Centre { code, name, .. }) => Say::new(
                ["结论（", rule, "）：应进入", &name.zh, "（", code, "）交易。"].concat(),
                ["Result (", rule, "): the project must trade at ", &name.en, " (", code, ")."].concat(),
            ),
            None => Say::new(
                format!("结论（{rule}）：不要求进场交易，可自愿进场。"),
                format!("Result ({rule}): no centre is required; voluntary entry is allowed."),
            ),
        }
    }
}

/// A question that can be answered.
struct Case<'a> {
    jurisdiction: &'a Jurisdiction,
    question: &'a VenueQuestion,
    region: &'a Region,
    catalogue: &'a CatalogueEdition,
    figures: Figures<'a>,
    date: NaiveDate,
}

impl<'a> Case<'a> {
    fn accept(
        jurisdiction: &'a Jurisdiction,
        question: &'a VenueQuestion,
        date: NaiveDate,
    ) -> Result<Self, Rejection> {
        let region = jurisdiction.region(&question.region_code);
        let catalogue = catalogue_on(jurisdiction, date);
        let mut wrong = Vec::new();
        wrong.extend(wrong_region(question, region));
        let figures = Figures::read(jurisdiction, question, &mut wrong);
        wrong.extend(wrong_class(jurisdiction, question));
        wrong.extend(wrong_choice(question));
        if let Some(catalogue) = catalogue {
            wrong.extend(wrong_item(question, catalogue));
        } else {
            wrong.push(outside_the_table(jurisdiction, date));
        }
        match (region, catalogue) {
            (Some(region), Some(catalogue)) if wrong.is_empty() => {
                Ok(Self { jurisdiction, question, region, catalogue, figures, date })
            }
            _ => Err(rejection(wrong)),
        }
    }

    fn league(&self, rule: RouteRule) -> Verdict<'a> {
        Verdict { rule, scope: Scope::League, centre: Some(self.jurisdiction.league_centre()) }
    }

    fn verdict(&self, reasoning: &mut Reasoning) -> Verdict<'a> {
        let by_rule = self.by_rule(reasoning);
        self.kept_or_brought(by_rule, reasoning)
    }

    fn by_rule(&self, reasoning: &mut Reasoning) -> Verdict<'a> {
        if self.question.catalogue_item.as_deref() == Some(OUTSIDE_THE_CATALOGUE) {
            reasoning.fire(RouteRule::Rt9, self.not_in_the_catalogue());
            return Verdict { rule: RouteRule::Rt9, scope: Scope::NotRequired, centre: None };
        }
        if self.question.level == Level::League {
            reasoning.fire(RouteRule::Rt4, at_league_level());
            return self.league(RouteRule::Rt4);
        }
        self.apply_category(reasoning);
        let by_category = reasoning.fired.first().copied();
        if self.region.shares_league_centre {
            reasoning.fire(RouteRule::Rt5, self.one_centre());
            return self.league(RouteRule::Rt5);
        }
        match by_category {
            Some(threshold) if threshold != RouteRule::Rt8 => self.league(threshold),
            _ if self.sends_minerals() => {
                reasoning.fire(RouteRule::Amb13, minerals());
                self.league(RouteRule::Amb13)
            }
            without_threshold => self.by_presence(without_threshold, reasoning),
        }
    }

    /// AMB-7, AMB-8 and RT-10, for what the other rules leave to a county.
    fn kept_or_brought(&self, by_rule: Verdict<'a>, reasoning: &mut Reasoning) -> Verdict<'a> {
        let county = matches!(by_rule.scope, Scope::Own | Scope::Nearby);
        if county && self.question.split_suspected {
            reasoning.fire(RouteRule::Amb7, suspected());
            return self.league(RouteRule::Amb7);
        }
        if county && self.question.stays_at_league {
            reasoning.fire(RouteRule::Amb8, stays());
            return self.league(RouteRule::Amb8);
        }
        let Some(choice) = &self.question.voluntary else { return by_rule };
        match choice.at {
            ChosenPlace::League if by_rule.scope != Scope::League => {
                reasoning.fire(RouteRule::Rt10, chosen(choice));
                self.league(RouteRule::Rt10)
            }
            ChosenPlace::Region if by_rule.scope == Scope::NotRequired => {
                reasoning.fire(RouteRule::Rt10, chosen(choice));
                self.by_presence(Some(RouteRule::Rt10), reasoning)
            }
            ChosenPlace::League | ChosenPlace::Region => by_rule,
        }
    }

    /// AMB-13, where the setting is on and the project's class is one of mineral rights.
    fn sends_minerals(&self) -> bool {
        let class = self.question.industry_code.as_ref().and_then(|code| self.jurisdiction.class(code));
        self.jurisdiction.mineral_to_league() && class.is_some_and(|class| class.mineral)
    }

    /// RT-1…RT-3, or RT-8 for the two categories without a threshold.
    fn apply_category(&self, reasoning: &mut Reasoning) {
        reasoning.reasons.extend(self.figures.conversion());
        if let Some(regime) = self.question.regime {
            reasoning.say(under_regime(regime));
        }
        let test = self.question.test();
        for measure in test.measures() {
            reasoning.reasons.extend(self.figures.phases(*measure));
            self.compare(*measure, self.figures.of(*measure), reasoning);
        }
        if test == Test::None {
            reasoning.fire(RouteRule::Rt8, thresholds_do_not_apply(self.question.category));
        }
    }

    fn compare(&self, measure: Measure, figure: Option<Decimal>, reasoning: &mut Reasoning) {
        let Some(threshold) = self.jurisdiction.threshold(measure, self.date) else {
            return reasoning.say(no_threshold(measure, self.date));
        };
        let Some(figure) = figure else { return reasoning.say(not_evaluated(threshold)) };
        let holds = figure >= threshold.at_least;
        let sentence = arithmetic(threshold, figure, holds);
        if holds { reasoning.fire(threshold.rule, sentence) } else { reasoning.say(sentence) }
    }

    /// RT-6 or RT-7; `decided` is RT-8 where that rule leads here.
    fn by_presence(&self, decided: Option<RouteRule>, reasoning: &mut Reasoning) -> Verdict<'a> {
        if let Some(centre) = self.platform_of(self.region) {
            reasoning.fire(RouteRule::Rt6, self.own_platform());
            return Verdict {
                rule: decided.unwrap_or(RouteRule::Rt6),
                scope: Scope::Own,
                centre: Some(centre),
            };
        }
        let rule = decided.unwrap_or(RouteRule::Rt7);
        let mut neighbours = self.region.neighbours.iter().filter_map(|code| self.jurisdiction.region(code));
        let nearby = neighbours.find_map(|region| Some((region, self.platform_of(region)?)));
        reasoning.fire(RouteRule::Rt7, self.no_platform(nearby.map(|(region, _)| region)));
        match nearby {
            Some((_, centre)) => Verdict { rule, scope: Scope::Nearby, centre: Some(centre) },
            None => Verdict { rule, scope: Scope::League, centre: Some(self.jurisdiction.league_centre()) },
        }
    }

    /// The centre of a region that has a platform of its own on the day of the case.
    fn platform_of(&self, region: &Region) -> Option<&'a Centre> {
        if region.has_platform_on(self.date) {
            self.jurisdiction.centre_of_region(&region.code)
        } else {
            None
        }
    }

    // Sentences that speak of the case.

    fn not_in_the_catalogue(&self) -> Say {
        let edition = &self.catalogue.edition;
        Say::new(
            format!("RT-9：登记为公共资源交易目录（{edition}版）以外的项目。"),
            format!("RT-9: registered as outside the catalogue (edition {edition})."),
        )
    }

    fn one_centre(&self) -> Say {
        let Region { code, name, .. } = self.region;
        Say::new(
            format!("RT-5：{}（{code}）与盟本级共用一个中心（盟市合一）。", name.zh),
            format!("RT-5: {} ({code}) and the league share one centre.", name.en),
        )
    }

    fn own_platform(&self) -> Say {
        let (Region { code, name, .. }, date) = (self.region, self.date);
        Say::new(
            format!("RT-6：进场登记受理日{date}，{}（{code}）有本级交易平台。", name.zh),
            format!("RT-6: on the day of acceptance {date}, {} ({code}) has a platform of its own.", name.en),
        )
    }

    fn no_platform(&self, nearby: Option<&Region>) -> Say {
        let (Region { code, name, .. }, date) = (self.region, self.date);
        let zh = format!("RT-7：进场登记受理日{date}，{}（{code}）没有本级交易平台", name.zh);
        let en = format!("RT-7: on the day of acceptance {date}, {} ({code}) has no platform", name.en);
        match nearby {
            Some(Region { code, name, .. }) => Say::new(
                format!("{zh}；就近、跨区进场，邻近地区中首个有平台的是{}（{code}）。", name.zh),
                format!("{en}; the first of its neighbours that has one is {} ({code}).", name.en),
            ),
            None => Say::new(
                format!("{zh}，邻近地区也没有，因此进入盟中心。"),
                format!("{en}, nor has any of its neighbours; so the league's centre it is."),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
