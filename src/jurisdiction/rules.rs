//! RT-1…RT-9: the one pure decision where a project must trade.
//!
//! Evaluation order: catalogue → level → category → platform presence. One result, one deciding rule, and every
//! rule that held. Readings where the source is silent:
//! * RT-1…RT-3 and RT-8 hold or not by level, category and figures alone, also in a region whose venue RT-5
//!   decides; RT-5 speaks of the city's own projects, so at league level only RT-4 holds.
//! * RT-6 and RT-7 are asked only when neither RT-5 nor a threshold has decided; RT-8 then decides, through
//!   whichever of the two held.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{
    Jurisdiction,
    model::{
        CatalogueEdition, Category, Centre, Level, Measure, OUTSIDE_THE_CATALOGUE, Region, RegionKind,
        RouteRule, Scope, Threshold, VenueDecision, VenueQuestion,
    },
};
use crate::kernel::{Code, FieldError, Rejection, Say, money::Amount};

/// Longest code of a catalogue item that is looked up, in characters.
const ITEM_CODE_LENGTH: usize = 64;

/// Decides where a project must trade. `today` is the hall's day and counts when the question has no day of
/// acceptance (AMB-12).
///
/// # Errors
/// 422 with pointers: unknown region, county level with the league's own code, a missing figure of the category,
/// a catalogue item that is unknown or of another category, or a day before the routing table or the catalogue was in force.
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
        let rule = self.rule;
        match self.centre {
            Some(Centre { code, name, .. }) => Say::new(
                format!("结论（{rule}）：应进入{}（{code}）交易。", name.zh),
                format!("Result ({rule}): the project must trade at {} ({code}).", name.en),
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
        wrong.extend(missing_figure(question));
        if let Some(catalogue) = catalogue {
            wrong.extend(wrong_item(question, catalogue));
        } else {
            wrong.push(outside_the_table(jurisdiction, date));
        }
        match (region, catalogue) {
            (Some(region), Some(catalogue)) if wrong.is_empty() => {
                Ok(Self { jurisdiction, question, region, catalogue, date })
            }
            _ => Err(rejection(wrong)),
        }
    }

    fn verdict(&self, reasoning: &mut Reasoning) -> Verdict<'a> {
        let league =
            |rule| Verdict { rule, scope: Scope::League, centre: Some(self.jurisdiction.league_centre()) };
        if self.question.catalogue_item.as_deref() == Some(OUTSIDE_THE_CATALOGUE) {
            reasoning.fire(RouteRule::Rt9, self.not_in_the_catalogue());
            return Verdict { rule: RouteRule::Rt9, scope: Scope::NotRequired, centre: None };
        }
        if self.question.level == Level::League {
            reasoning.fire(RouteRule::Rt4, at_league_level());
            return league(RouteRule::Rt4);
        }
        self.apply_category(reasoning);
        let by_category = reasoning.fired.first().copied();
        if self.region.shares_league_centre {
            reasoning.fire(RouteRule::Rt5, self.one_centre());
            return league(RouteRule::Rt5);
        }
        match by_category {
            Some(threshold) if threshold != RouteRule::Rt8 => league(threshold),
            without_threshold => self.by_presence(without_threshold, reasoning),
        }
    }

    /// RT-1…RT-3, or RT-8 for the two categories without a threshold.
    fn apply_category(&self, reasoning: &mut Reasoning) {
        let question = self.question;
        match question.category {
            Category::Engineering => {
                self.compare(Measure::Investment, question.investment.map(Amount::value), reasoning);
                self.compare(Measure::FloorArea, question.floor_area.map(|area| area.value()), reasoning);
            }
            Category::Procurement => {
                self.compare(Measure::Budget, question.budget.map(Amount::value), reasoning);
            }
            Category::LandMineral | Category::Property => {
                reasoning.fire(RouteRule::Rt8, thresholds_do_not_apply(question.category));
            }
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

// What makes a question unusable.

struct Wrong {
    pointer: &'static str,
    word: &'static str,
    say: Say,
}

fn wrong_region(question: &VenueQuestion, region: Option<&Region>) -> Option<Wrong> {
    let code = &question.region_code;
    let Some(region) = region else {
        return Some(Wrong {
            pointer: "/regionCode",
            word: "unknown",
            say: Say::new(
                format!("本平台未收录行政区划代码{code}。"),
                format!("The hall serves no region {code}."),
            ),
        });
    };
    (question.level == Level::County && region.kind == RegionKind::League).then(|| Wrong {
        pointer: "/level",
        word: "contradiction",
        say: Say::new(
            format!("{code}是盟本级代码，不能用于旗县级项目。"),
            format!("{code} is the league itself and no region of a county project."),
        ),
    })
}

fn missing_figure(question: &VenueQuestion) -> Option<Wrong> {
    let missing = |pointer, say| Some(Wrong { pointer, word: "required", say });
    match question.category {
        Category::Engineering if question.investment.is_none() => missing(
            "/investment",
            Say::new(
                "工程类项目须填写批准的总投资。",
                "An engineering project needs its approved investment.",
            ),
        ),
        Category::Procurement if question.budget.is_none() => {
            missing("/budget", Say::new("采购类项目须填写预算金额。", "A purchase needs its budget."))
        }
        _ => None,
    }
}

/// A code that the edition does not know is a slip until the registration says otherwise: taking it for a project
/// outside the catalogue would let a typing error free a project of its centre.
fn wrong_item(question: &VenueQuestion, catalogue: &CatalogueEdition) -> Option<Wrong> {
    let code = question.catalogue_item.as_deref().filter(|code| *code != OUTSIDE_THE_CATALOGUE)?;
    let (word, say) = match catalogue.item(code) {
        Some(item) if item.category == question.category => return None,
        Some(item) => {
            let (listed, asked) = (item.category.name(), question.category.name());
            let zh = format!("目录项{code}属于{}，不属于{}。", listed.zh, asked.zh);
            ("contradiction", Say::new(zh, format!("{code} is an item of {}, not {}.", listed.en, asked.en)))
        }
        None if code.trim().is_empty()
            || code.chars().count() > ITEM_CODE_LENGTH
            || code.chars().any(char::is_control) =>
        {
            let zh = format!("目录项代码须为1至{ITEM_CODE_LENGTH}个可见字符。");
            ("invalid", Say::new(zh, format!("Expected 1 to {ITEM_CODE_LENGTH} visible characters.")))
        }
        None => {
            let edition = &catalogue.edition;
            let zh = format!(
                "公共资源交易目录（{edition}版）没有“{code}”这一项；确属目录以外的，请填 {OUTSIDE_THE_CATALOGUE}。"
            );
            let en = format!(
                "The catalogue (edition {edition}) has no item \"{code}\"; \
                 where the project is outside it, say {OUTSIDE_THE_CATALOGUE}."
            );
            ("unknown", Say::new(zh, en))
        }
    };
    Some(Wrong { pointer: "/catalogueItem", word, say })
}

fn catalogue_on(jurisdiction: &Jurisdiction, date: NaiveDate) -> Option<&CatalogueEdition> {
    if date < jurisdiction.effective_from() { None } else { jurisdiction.catalogue_on(date) }
}

fn outside_the_table(jurisdiction: &Jurisdiction, date: NaiveDate) -> Wrong {
    let first = jurisdiction.effective_from();
    Wrong {
        pointer: "/acceptedOn",
        word: "out-of-range",
        say: Say::new(
            format!("{date}没有施行中的进场规则或交易目录；规则自{first}起施行。"),
            format!("No routing table and catalogue in force on {date}; the table begins on {first}."),
        ),
    }
}

fn rejection(wrong: Vec<Wrong>) -> Rejection {
    let mut sentences = wrong.iter().map(|one| one.say.clone());
    let detail = match (sentences.next(), sentences.next()) {
        (Some(only), None) => only,
        _ => Say::new("请求中有多处内容无效。", "Several members of the request are not usable."),
    };
    let errors = wrong
        .into_iter()
        .map(|one| FieldError::new(one.pointer, one.word, format!("{} / {}", one.say.zh, one.say.en)))
        .collect();
    Rejection { code: Code::InvalidRequest, detail, errors }
}

// Sentences that speak of figures.

fn at_league_level() -> Say {
    Say::new(
        "RT-4：盟本级项目全部进入盟中心。",
        "RT-4: every project of the league itself trades at its centre.",
    )
}

fn thresholds_do_not_apply(category: Category) -> Say {
    let Say { zh, en } = category.name();
    Say::new(
        format!("RT-8：{zh}不适用投资、面积和预算标准。"),
        format!("RT-8: the thresholds of investment, floor area and budget do not apply to {en}."),
    )
}

fn what(measure: Measure) -> Say {
    match measure {
        Measure::Investment => Say::new("总投资", "investment"),
        Measure::FloorArea => Say::new("建筑面积", "floor area"),
        Measure::Budget => Say::new("预算金额", "budget"),
    }
}

fn unit(measure: Measure) -> Say {
    match measure {
        Measure::Investment | Measure::Budget => Say::new("元", "yuan"),
        Measure::FloorArea => Say::new("平方米", "m²"),
    }
}

fn no_threshold(measure: Measure, date: NaiveDate) -> Say {
    let Say { zh, en } = what(measure);
    Say::new(format!("{date}没有施行中的{zh}标准。"), format!("No threshold of {en} is in force on {date}."))
}

fn not_evaluated(threshold: &Threshold) -> Say {
    let (rule, Say { zh, en }) = (threshold.rule, what(threshold.measure));
    Say::new(
        format!("未填写{zh}，不判断{rule}（不视为零）。"),
        format!("No {en} was given, so {rule} is not evaluated (it is not taken as zero)."),
    )
}

fn arithmetic(threshold: &Threshold, figure: Decimal, holds: bool) -> Say {
    let (rule, name, unit) = (threshold.rule, what(threshold.measure), unit(threshold.measure));
    let (figure, bound) = (grouped(figure), grouped(threshold.at_least));
    let (sign, zh, en) = if holds {
        ("≥", "达到标准（含本数）", "the threshold is reached (the bound is included)")
    } else {
        ("<", "未达到标准", "the threshold is not reached")
    };
    Say::new(
        format!("{rule}：{} {figure} {} {sign} {bound} {}，{zh}。", name.zh, unit.zh, unit.zh),
        format!("{rule}: {} {figure} {} {sign} {bound} {}, {en}.", name.en, unit.en, unit.en),
    )
}

/// Two decimal places and commas between thousands, as in `20,000,000.00`.
fn grouped(value: Decimal) -> String {
    let text = format!("{value:.2}");
    let whole = text.find('.').unwrap_or(text.len());
    let mut out = String::with_capacity(text.len() + whole / 3);
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        kernel::{Area, RegionCode},
        platform::policy_file::PolicySource,
    };

    const TODAY: &str = "2026-02-09";

    static HALL: LazyLock<Jurisdiction> = LazyLock::new(|| {
        Jurisdiction::load(&PolicySource::BuiltIn).unwrap_or_else(|error| panic!("{error}"))
    });

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn ask(region: &str, level: Level, category: Category) -> VenueQuestion {
        VenueQuestion {
            region_code: RegionCode::try_from(region.to_owned()).unwrap(),
            level,
            category,
            catalogue_item: None,
            investment: None,
            floor_area: None,
            budget: None,
            accepted_on: None,
        }
    }

    fn works(region: &str, investment: &str, floor_area: &str) -> VenueQuestion {
        VenueQuestion {
            investment: Some(Amount::parse(investment).unwrap()),
            floor_area: (!floor_area.is_empty()).then(|| Area::parse(floor_area).unwrap()),
            ..ask(region, Level::County, Category::Engineering)
        }
    }

    fn purchase(region: &str, budget: &str) -> VenueQuestion {
        VenueQuestion {
            budget: Some(Amount::parse(budget).unwrap()),
            ..ask(region, Level::County, Category::Procurement)
        }
    }

    fn on(date: &str, question: VenueQuestion) -> VenueQuestion {
        VenueQuestion { accepted_on: Some(day(date)), ..question }
    }

    /// `scope centre rule fired…` in one line, so that a case is one line too.
    fn line(question: &VenueQuestion) -> String {
        match decide(&HALL, question, day(TODAY)) {
            Ok(decision) => {
                let fired: Vec<String> = decision.fired.iter().map(RouteRule::to_string).collect();
                let centre = decision.centre_code.unwrap_or_else(|| "-".to_owned());
                format!("{} {centre} {} [{}]", decision.scope, decision.rule_id, fired.join(" "))
            }
            Err(rejection) => {
                assert_eq!(rejection.code, Code::InvalidRequest);
                let errors: Vec<String> = rejection
                    .errors
                    .iter()
                    .map(|error| format!("{} {}", error.pointer, error.code))
                    .collect();
                format!("422 {}", errors.join(", "))
            }
        }
    }

    fn expect(cases: &[(VenueQuestion, &str)]) {
        for (question, expected) in cases {
            assert_eq!(line(question), *expected, "{question:?}");
        }
    }

    #[test]
    fn the_boundary_table() {
        expect(&[
            (works("152527", "20000000.00", "3000.00"), "league 152500 RT-1 [RT-1]"),
            (works("152527", "5000000.00", "10000.00"), "league 152500 RT-2 [RT-2]"),
            (purchase("152522", "5000000.00"), "league 152500 RT-3 [RT-3]"),
            (
                VenueQuestion {
                    investment: Some(Amount::parse("80000000.00").unwrap()),
                    ..ask("152522", Level::County, Category::LandMineral)
                },
                "own 152522 RT-8 [RT-6 RT-8]",
            ),
            // Row 10: 2000 万元 times 10000 is 20,000,000.00 yuan; the page converts, the rule sees yuan.
            (works("152527", "20000000", ""), "league 152500 RT-1 [RT-1]"),
        ]);
    }

    #[test]
    fn one_fen_decides_about_the_investment() {
        expect(&[
            (works("152527", "19999999.99", ""), "own 152527 RT-6 [RT-6]"),
            (works("152527", "20000000.00", ""), "league 152500 RT-1 [RT-1]"),
            (works("152527", "20000000.01", ""), "league 152500 RT-1 [RT-1]"),
            (works("152528", "19999999.99", ""), "nearby 152527 RT-7 [RT-7]"),
            (works("152528", "20000000.00", ""), "league 152500 RT-1 [RT-1]"),
            (works("152527", "0", ""), "own 152527 RT-6 [RT-6]"),
            (works("152527", "99999999999999.99", ""), "league 152500 RT-1 [RT-1]"),
        ]);
    }

    #[test]
    fn a_hundredth_of_a_square_metre_decides_about_the_floor_area() {
        expect(&[
            (works("152527", "1.00", "9999.99"), "own 152527 RT-6 [RT-6]"),
            (works("152527", "1.00", "10000.00"), "league 152500 RT-2 [RT-2]"),
            (works("152527", "1.00", "10000.01"), "league 152500 RT-2 [RT-2]"),
            (works("152527", "1.00", "0"), "own 152527 RT-6 [RT-6]"),
            (works("152527", "20000000.00", "10000.00"), "league 152500 RT-1 [RT-1 RT-2]"),
            (works("152527", "20000000.00", "9999.99"), "league 152500 RT-1 [RT-1]"),
            (works("152527", "19999999.99", "10000.00"), "league 152500 RT-2 [RT-2]"),
            (works("152527", "19999999.99", "9999.99"), "own 152527 RT-6 [RT-6]"),
        ]);
    }

    #[test]
    fn one_fen_decides_about_the_budget() {
        expect(&[
            (purchase("152522", "4999999.99"), "own 152522 RT-6 [RT-6]"),
            (purchase("152522", "5000000.00"), "league 152500 RT-3 [RT-3]"),
            (purchase("152522", "5000000.01"), "league 152500 RT-3 [RT-3]"),
            (purchase("152523", "4999999.99"), "nearby 152501 RT-7 [RT-7]"),
            (purchase("152527", "1150000.00"), "own 152527 RT-6 [RT-6]"),
        ]);
    }

    #[test]
    fn figures_of_another_category_decide_nothing() {
        let with_budget = VenueQuestion {
            budget: Some(Amount::parse("20000000.00").unwrap()),
            ..works("152527", "19999999.99", "")
        };
        let with_works = VenueQuestion {
            investment: Some(Amount::parse("20000000.00").unwrap()),
            floor_area: Some(Area::parse("10000.00").unwrap()),
            ..purchase("152527", "4999999.99")
        };
        let property = VenueQuestion {
            budget: Some(Amount::parse("20000000.00").unwrap()),
            ..ask("152527", Level::County, Category::Property)
        };
        expect(&[
            (with_budget, "own 152527 RT-6 [RT-6]"),
            (with_works, "own 152527 RT-6 [RT-6]"),
            (property, "own 152527 RT-8 [RT-6 RT-8]"),
        ]);
    }

    #[test]
    fn each_of_the_13_regions_below_every_threshold() {
        for (region, expected) in [
            ("152501", "own 152501 RT-6 [RT-6]"),
            ("152502", "league 152500 RT-5 [RT-5]"),
            ("152522", "own 152522 RT-6 [RT-6]"),
            ("152523", "nearby 152501 RT-7 [RT-7]"),
            ("152524", "nearby 152501 RT-7 [RT-7]"),
            ("152525", "nearby 152526 RT-7 [RT-7]"),
            ("152526", "own 152526 RT-6 [RT-6]"),
            ("152527", "own 152527 RT-6 [RT-6]"),
            ("152528", "nearby 152527 RT-7 [RT-7]"),
            ("152529", "nearby 152527 RT-7 [RT-7]"),
            ("152530", "nearby 152527 RT-7 [RT-7]"),
            ("152531", "nearby 152527 RT-7 [RT-7]"),
            ("152571", "own 152571 RT-6 [RT-6]"),
        ] {
            expect(&[
                (works(region, "19999999.99", "9999.99"), expected),
                (purchase(region, "4999999.99"), expected),
            ]);
        }
    }

    #[test]
    fn land_and_property_follow_the_platform_by_rt_8() {
        for category in [Category::LandMineral, Category::Property] {
            expect(&[
                (ask("152501", Level::County, category), "own 152501 RT-8 [RT-6 RT-8]"),
                (ask("152525", Level::County, category), "nearby 152526 RT-8 [RT-7 RT-8]"),
                (ask("152502", Level::County, category), "league 152500 RT-5 [RT-5 RT-8]"),
                (on("2014-12-31", ask("152501", Level::County, category)), "league 152500 RT-8 [RT-7 RT-8]"),
            ]);
        }
    }

    #[test]
    fn the_league_city_always_shares_the_league_centre() {
        expect(&[
            (works("152502", "1.00", ""), "league 152500 RT-5 [RT-5]"),
            (works("152502", "20000000.00", "10000.00"), "league 152500 RT-5 [RT-1 RT-2 RT-5]"),
            (purchase("152502", "5000000.00"), "league 152500 RT-5 [RT-3 RT-5]"),
            (on("2014-02-01", works("152502", "1.00", "")), "league 152500 RT-5 [RT-5]"),
        ]);
    }

    #[test]
    fn the_league_level_is_rt_4_wherever_the_region() {
        for region in ["152500", "152501", "152502", "152525", "152571"] {
            let league = |question| VenueQuestion { level: Level::League, ..question };
            expect(&[
                (league(works(region, "1.00", "")), "league 152500 RT-4 [RT-4]"),
                (league(works(region, "20000000.00", "10000.00")), "league 152500 RT-4 [RT-4]"),
                (league(purchase(region, "1.00")), "league 152500 RT-4 [RT-4]"),
                (ask(region, Level::League, Category::LandMineral), "league 152500 RT-4 [RT-4]"),
                (ask(region, Level::League, Category::Property), "league 152500 RT-4 [RT-4]"),
            ]);
        }
    }

    #[test]
    fn the_day_of_acceptance_decides_about_the_platform() {
        let small = || works("152527", "1.00", "");
        expect(&[
            (on("2014-12-31", small()), "league 152500 RT-7 [RT-7]"),
            (on("2015-01-01", small()), "own 152527 RT-6 [RT-6]"),
            (on("2015-01-02", small()), "own 152527 RT-6 [RT-6]"),
            (on("2014-12-31", works("152530", "1.00", "")), "league 152500 RT-7 [RT-7]"),
            (on("2015-01-01", works("152530", "1.00", "")), "nearby 152527 RT-7 [RT-7]"),
            (on("2014-12-31", works("152527", "20000000.00", "")), "league 152500 RT-1 [RT-1]"),
            (on("2014-01-31", small()), "422 /acceptedOn out-of-range"),
            (on("2014-02-01", small()), "league 152500 RT-7 [RT-7]"),
        ]);
        let before = decide(&HALL, &small(), day("2014-12-31")).unwrap();
        assert_eq!(before.rule_id, RouteRule::Rt7, "without a day of acceptance, today counts");
    }

    #[test]
    fn table_and_catalogue_must_both_be_in_force() {
        let pointer = |hall: &Jurisdiction, date: &str| {
            let asked = on(date, works("152527", "1.00", ""));
            decide(hall, &asked, day(TODAY)).err().map(|no| no.errors[0].pointer.clone())
        };
        let mut later_table = HALL.clone();
        later_table.effective_from = day("2014-06-01");
        let mut later_catalogue = HALL.clone();
        later_catalogue.catalogue[0].in_force.from = day("2014-06-01");
        for hall in [&later_table, &later_catalogue] {
            assert_eq!(pointer(hall, "2014-05-31").as_deref(), Some("/acceptedOn"));
            assert_eq!(pointer(hall, "2014-06-01"), None);
        }
    }

    #[test]
    fn the_first_neighbour_with_a_platform_that_day_is_taken() {
        let mut hall = HALL.clone();
        let erenhot = hall.regions.iter_mut().find(|region| region.code.as_str() == "152501").unwrap();
        erenhot.platform[0].to = Some(day("2020-06-30"));
        let at = |date: &str| decide(&hall, &on(date, works("152523", "1.00", "")), day(TODAY)).unwrap();
        assert_eq!(at("2020-06-30").centre_code.as_deref(), Some("152501"));
        assert_eq!(at("2020-07-01").centre_code.as_deref(), Some("152522"));
    }

    #[test]
    fn lots_are_summed_before_they_are_compared() {
        let routed = |lots: &[&str]| {
            let lots: Vec<Amount> = lots.iter().map(|lot| Amount::parse(lot).unwrap()).collect();
            let total = total_of_lots(&lots).unwrap().to_string();
            line(&works("152527", &total, ""))
        };
        assert_eq!(routed(&["6000000.00", "7000000.00", "7000000.00"]), "league 152500 RT-1 [RT-1]");
        assert_eq!(routed(&["6000000.00", "7000000.00", "6999999.99"]), "own 152527 RT-6 [RT-6]");
        assert_eq!(routed(&["6666666.66", "6666666.67", "6666666.67"]), "league 152500 RT-1 [RT-1]");
        assert_eq!(routed(&["19999999.99", "0.01"]), "league 152500 RT-1 [RT-1]");
        let most = Amount::parse("99999999999999.99").unwrap();
        assert_eq!(total_of_lots(&[most, most]).unwrap_err().code, Code::InvalidRequest);
    }

    #[test]
    fn questions_that_cannot_be_answered_are_pointed_at() {
        let without = ask("152527", Level::County, Category::Engineering);
        let nothing = ask("110000", Level::County, Category::Procurement);
        expect(&[
            (works("110000", "1.00", ""), "422 /regionCode unknown"),
            (works("152503", "1.00", ""), "422 /regionCode unknown"),
            (works("152500", "1.00", ""), "422 /level contradiction"),
            (without.clone(), "422 /investment required"),
            (VenueQuestion { level: Level::League, ..without.clone() }, "422 /investment required"),
            (
                VenueQuestion { floor_area: Some(Area::parse("10000").unwrap()), ..without },
                "422 /investment required",
            ),
            (ask("152527", Level::County, Category::Procurement), "422 /budget required"),
            (nothing, "422 /regionCode unknown, /budget required"),
        ]);
    }

    #[test]
    fn the_catalogue_comes_first() {
        let item = |code: &str| VenueQuestion {
            catalogue_item: Some(code.to_owned()),
            ..works("152527", "20000000.00", "")
        };
        expect(&[
            (item("ENG-005"), "league 152500 RT-1 [RT-1]"),
            (item("PROC-001"), "422 /catalogueItem contradiction"),
            (item("none"), "notRequired - RT-9 [RT-9]"),
            (VenueQuestion { level: Level::League, ..item("none") }, "notRequired - RT-9 [RT-9]"),
            (item("ENG-05"), "422 /catalogueItem unknown"),
            (item("eng-005"), "422 /catalogueItem unknown"),
            (VenueQuestion { level: Level::League, ..item("NO-SUCH-ITEM") }, "422 /catalogueItem unknown"),
            (item(""), "422 /catalogueItem invalid"),
            (item("  "), "422 /catalogueItem invalid"),
            (item("a\nb"), "422 /catalogueItem invalid"),
            (item(&"x".repeat(65)), "422 /catalogueItem invalid"),
        ]);
    }

    #[test]
    fn the_reasons_show_the_arithmetic_in_both_languages() {
        let decision = decide(&HALL, &works("152527", "19999999.99", ""), day(TODAY)).unwrap();
        let expected = [
            (
                "RT-1：总投资 19,999,999.99 元 < 20,000,000.00 元，未达到标准。",
                "RT-1: investment 19,999,999.99 yuan < 20,000,000.00 yuan, the threshold is not reached.",
            ),
            (
                "未填写建筑面积，不判断RT-2（不视为零）。",
                "No floor area was given, so RT-2 is not evaluated (it is not taken as zero).",
            ),
            (
                "RT-6：进场登记受理日2026-02-09，太仆寺旗（152527）有本级交易平台。",
                "RT-6: on the day of acceptance 2026-02-09, Taibus Banner (152527) has a platform of its own.",
            ),
            (
                "结论（RT-6）：应进入太仆寺旗公共资源交易中心（152527）交易。",
                "Result (RT-6): the project must trade at Taibus Banner Public Resource Trading Centre (152527).",
            ),
        ];
        assert_eq!(decision.reasons, expected.map(|(zh, en)| Say::new(zh, en)));
        assert_eq!(decision.table_version, HALL.table_version());
        let league = decide(&HALL, &works("152527", "20000000", "10000"), day(TODAY)).unwrap();
        assert!(league.reasons[0].zh.contains("20,000,000.00 元 ≥ 20,000,000.00 元"), "{:?}", league.reasons);
        assert!(league.reasons[1].en.contains("10,000.00 m² ≥ 10,000.00 m²"), "{:?}", league.reasons);
    }

    #[test]
    fn thousands_are_grouped() {
        for (value, text) in
            [(0, "0.00"), (99_999, "999.99"), (100_000, "1,000.00"), (2_000_000_000, "20,000,000.00")]
        {
            assert_eq!(grouped(Decimal::new(value, 2)), text);
        }
    }

    /// A second implementation, written from the article with integers and plain ifs; knows nothing of `config/`.
    mod naive {
        pub struct Input {
            pub region: u32,
            pub league_level: bool,
            /// 0 engineering, 1 procurement, 2 land and minerals, 3 property.
            pub category: u8,
            pub investment_fen: Option<u64>,
            pub area_hundredths: Option<u64>,
            pub budget_fen: Option<u64>,
            /// yyyymmdd
            pub date: u32,
        }

        fn platform(region: u32, date: u32) -> bool {
            if date < 20_150_101 {
                return false;
            }
            region == 152501 || region == 152522 || region == 152526 || region == 152527 || region == 152571
        }

        fn neighbours(region: u32) -> [u32; 2] {
            if region == 152523 {
                return [152501, 152522];
            }
            if region == 152524 {
                return [152501, 0];
            }
            if region == 152525 {
                return [152526, 152571];
            }
            if region == 152528 || region == 152529 || region == 152530 || region == 152531 {
                return [152527, 0];
            }
            [0, 0]
        }

        pub fn line(input: &Input) -> String {
            let mut fired = Vec::new();
            if input.category == 0 && input.investment_fen.is_none() {
                return "422 /investment required".into();
            }
            if input.category == 1 && input.budget_fen.is_none() {
                return "422 /budget required".into();
            }
            if input.league_level {
                return "league 152500 RT-4 [RT-4]".into();
            }
            if input.category == 0 && input.investment_fen.unwrap() >= 2_000_000_000 {
                fired.push("RT-1");
            }
            if input.category == 0 && input.area_hundredths.is_some_and(|area| area >= 1_000_000) {
                fired.push("RT-2");
            }
            if input.category == 1 && input.budget_fen.unwrap() >= 500_000_000 {
                fired.push("RT-3");
            }
            let above = !fired.is_empty();
            let mut centre = 152500;
            let mut scope = "league";
            let mut rule = if above { fired[0] } else { "" };
            if input.region == 152502 {
                fired.push("RT-5");
                rule = "RT-5";
            } else if !above {
                if platform(input.region, input.date) {
                    fired.push("RT-6");
                    rule = "RT-6";
                    scope = "own";
                    centre = input.region;
                } else {
                    fired.push("RT-7");
                    rule = "RT-7";
                    let [first, second] = neighbours(input.region);
                    if platform(first, input.date) {
                        scope = "nearby";
                        centre = first;
                    } else if platform(second, input.date) {
                        scope = "nearby";
                        centre = second;
                    }
                }
            }
            if input.category >= 2 {
                fired.push("RT-8");
                if input.region != 152502 {
                    rule = "RT-8";
                }
            }
            format!("{scope} {centre} {rule} [{}]", fired.join(" "))
        }
    }

    /// Figures crowd around the bound, where mistakes live.
    fn around(bound: u64) -> impl Strategy<Value = Option<u64>> {
        prop_oneof![
            1 => Just(None),
            4 => (bound - 2..=bound + 2).prop_map(Some),
            2 => (0..=bound * 3).prop_map(Some),
        ]
    }

    fn hundredths(value: u64) -> String {
        format!("{}.{:02}", value / 100, value % 100)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn agrees_with_the_naive_implementation(
            region in prop::sample::select(vec![
                152501_u32, 152502, 152522, 152523, 152524, 152525, 152526, 152527, 152528, 152529, 152530, 152531,
                152571,
            ]),
            league_level in prop::bool::weighted(0.2),
            category in 0_u8..4,
            investment_fen in around(2_000_000_000),
            area_hundredths in around(1_000_000),
            budget_fen in around(500_000_000),
            days in prop_oneof![-3_i64..=3, -333_i64..=4_000],
        ) {
            let date = day("2015-01-01") + chrono::TimeDelta::days(days);
            let amount = |fen: u64| Amount::parse(&hundredths(fen)).unwrap();
            let question = VenueQuestion {
                investment: investment_fen.map(amount),
                floor_area: area_hundredths.map(|area| Area::parse(&hundredths(area)).unwrap()),
                budget: budget_fen.map(amount),
                accepted_on: Some(date),
                ..ask(
                    &region.to_string(),
                    if league_level { Level::League } else { Level::County },
                    [Category::Engineering, Category::Procurement, Category::LandMineral, Category::Property]
                        [usize::from(category)],
                )
            };
            let input = naive::Input {
                region,
                league_level,
                category,
                investment_fen,
                area_hundredths,
                budget_fen,
                date: date.format("%Y%m%d").to_string().parse().unwrap(),
            };
            prop_assert_eq!(line(&question), naive::line(&input));
        }
    }
}
