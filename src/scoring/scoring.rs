//! From prices to scores to an order: one pure function for previews and for real evaluations alike.
//!
//! Every score is one fraction, rounded half-up once (EV-0a): with S the sum of n prices, B = S/n and
//! δ = (P − B)/B = (P·n − S)/S, so B itself is never rounded on the way. B is frozen once computed.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arithmetic::{self, Exact, TooLarge, yuan},
    method::{Averaging, Complaints, EngComprehensive, GpComprehensive, Marks, Method, MethodText},
    ranking::{Contender, MOST_CANDIDATES, TieGroup, rank},
    workings::{tell_average, tell_ceiling, tell_rounding},
};
use crate::kernel::{Rejection, Say, money::Amount};

/// Most offers one call scores.
pub const MOST_OFFERS: usize = 5000;
/// Longest id of an offer, in characters.
const LONGEST_ID: usize = 100;
/// `trimFrom` where the document is silent (rules C.7, V2).
pub(super) const TRIM_FROM: usize = 5;
/// Decimals of a benchmark in print; the scores never see the cut value.
pub(super) const BENCHMARK_PLACES: u32 = 7;
/// Decimals of an unrounded score in a working.
const WORKING_PLACES: u32 = 8;

/// An offer that passed the qualification and conformity reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offer {
    /// Unique within one call; 1 to 100 characters.
    pub id: String,
    /// Original quote in yuan, above 0. The contract and ties go by it, never by the adjusted price.
    pub price: Amount,
    /// Policy deduction in percent, 0 up to but not including 100 (EV-2a); purchases only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduction_percent: Option<Marks>,
    /// Sum of the stored scores of all other items; absent = 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_score: Option<Marks>,
}

/// The benchmark as an exact quotient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benchmark {
    /// Sum of the prices that entered it, in yuan.
    pub sum: Decimal,
    /// How many entered it.
    pub count: usize,
    /// Lowest and highest price left out, where the method trims.
    pub left_out: Option<(Decimal, Decimal)>,
}

impl Benchmark {
    /// The first seven decimals, cut and not rounded, at least two shown: for reading only.
    ///
    /// # Errors
    /// Never within the wire's grammars.
    pub fn printed(&self) -> Result<String, TooLarge> {
        Ok(yuan(self.cut()?.0))
    }

    /// The cut value and whether more decimals follow.
    ///
    /// # Errors
    /// Never within the wire's grammars.
    pub fn cut(&self) -> Result<(Decimal, bool), TooLarge> {
        Exact::of(self.sum)?.divided_by(Exact::of(Decimal::from(self.count))?)?.cut(BENCHMARK_PLACES)
    }
}

/// An effective offer with its scores and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// The offer's id.
    pub id: String,
    /// Original quote in yuan.
    pub price: Decimal,
    /// Price after policy deduction, exact; `None` where the method knows none.
    pub adjusted_price: Option<Decimal>,
    /// Stored price score.
    pub price_score: Decimal,
    /// Stored price score plus the other items.
    pub total: Decimal,
    /// 1 for the best; equal for tied offers, the next rank counts all before it.
    pub rank: usize,
    /// Same total and same price as another offer: only a draw separates them.
    pub tied: bool,
    /// The score's arithmetic in one line.
    pub working: String,
}

/// Why an offer takes no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exclusion {
    /// Original quote above the ceiling: rejected before the benchmark (条例 art 51; 令87 art 63).
    AboveCeiling,
}

/// What the order means for the procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The first three places are settled.
    Ranked,
    /// A tie within the first three places awaits a draw.
    DrawNeeded,
    /// Fewer than three effective offers: whether competition suffices is the committee's question.
    FewerThanThree,
    /// No effective offer.
    NoEffectiveOffer,
}

/// All that one scoring yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoring {
    /// Absent without effective offers.
    pub benchmark: Option<Benchmark>,
    /// Effective offers, best first; tied offers by id.
    pub ranked: Vec<Scored>,
    /// Offers left out with the reason, by id.
    pub excluded: Vec<(String, Exclusion)>,
    /// The order as groups, for [`super::ranking::candidates`].
    pub groups: Vec<TieGroup>,
    /// What the order means.
    pub outcome: Outcome,
    /// The arithmetic of the whole, line by line.
    pub workings: Vec<Say>,
}

/// Scores and orders offers by a method.
///
/// # Errors
/// 422 with pointers below `/offers` for ids, prices or scores that the method cannot take.
pub fn score(method: &Method, offers: &[Offer]) -> Result<Scoring, Rejection> {
    check_offers(method, offers)?;
    compute(method, offers).map_err(|error| {
        Rejection::at("/offers", "invalid", Say::new("数值超出精确计算的范围", error.to_string()))
    })
}

fn check_offers(method: &Method, offers: &[Offer]) -> Result<(), Rejection> {
    if offers.is_empty() || offers.len() > MOST_OFFERS {
        let detail = Say::new("报价数量须在1至5000之间", "between 1 and 5000 offers are expected");
        return Err(Rejection::at("/offers", "invalid", detail));
    }
    let mut wrong = Complaints::new("/offers".to_owned());
    let mut seen = BTreeSet::new();
    for (at, offer) in offers.iter().enumerate() {
        if offer.id.trim().is_empty() || offer.id.chars().count() > LONGEST_ID {
            wrong.add(format!("{at}/id"), "标识须为1至100个字符", "must have 1 to 100 characters");
        } else if !seen.insert(offer.id.as_str()) {
            wrong.add(format!("{at}/id"), "标识重复", "this id appears twice");
        }
        if offer.price.value().is_zero() {
            wrong.add(format!("{at}/price"), "报价须大于0", "must be above 0");
        }
        check_deduction(method, at, offer, &mut wrong);
        check_other_score(method, at, offer, &mut wrong);
    }
    wrong.or(())
}

fn check_deduction(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let Some(percent) = offer.deduction_percent.map(Marks::value) else { return };
    let place = format!("{at}/deductionPercent");
    if percent >= Decimal::ONE_HUNDRED {
        wrong.add(place, "价格扣除须小于100%", "must be below 100");
    } else if !percent.is_zero() && matches!(method.text(), MethodText::EngComprehensive(_)) {
        wrong.add(place, "工程综合评估法没有价格扣除", "engComprehensive knows no price deduction");
    }
}

fn check_other_score(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let Some(other) = offer.other_score else { return };
    let place = format!("{at}/otherScore");
    if other.value() + method.price_points().value() > Decimal::ONE_HUNDRED {
        wrong.add(place, "与价格分值之和不得超过100", "must leave the total at 100 or below");
    } else if other.places() > method.score_decimals() {
        wrong.add(place, "小数位数多于得分小数位数", "has more decimals than stored scores have");
    }
}

/// An offer with its score, before it has a place.
struct Valued {
    adjusted_price: Option<Decimal>,
    price_score: Decimal,
    total: Decimal,
    working: String,
}

fn compute(method: &Method, offers: &[Offer]) -> Result<Scoring, TooLarge> {
    let ceiling = method.ceiling().map(Amount::value);
    let (above, effective): (Vec<&Offer>, Vec<&Offer>) =
        offers.iter().partition(|offer| ceiling.is_some_and(|most| offer.price.value() > most));
    let mut workings = Vec::new();
    tell_ceiling(ceiling, offers.len(), &above, &mut workings);
    let mut excluded: Vec<_> =
        above.iter().map(|offer| (offer.id.clone(), Exclusion::AboveCeiling)).collect();
    excluded.sort();
    let priced = match method.text() {
        MethodText::EngComprehensive(works) => Priced::by_average(works, &effective, &mut workings)?,
        MethodText::GpComprehensive(purchase) => Priced::by_lowest(purchase, &effective, &mut workings)?,
    };
    let mut valued = HashMap::with_capacity(effective.len());
    let mut contenders = Vec::with_capacity(effective.len());
    if let Some(priced) = &priced {
        for offer in effective {
            let value = priced.value(method, offer)?;
            contenders.push(Contender {
                id: offer.id.clone(),
                total: value.total,
                price: offer.price.value(),
            });
            valued.insert(offer.id.as_str(), value);
        }
        tell_rounding(method, &mut workings);
    }
    let groups = rank(contenders);
    let ranked = placed(&groups, valued);
    let outcome = outcome(&groups, ranked.len());
    Ok(Scoring {
        benchmark: priced.map(|priced| priced.benchmark),
        ranked,
        excluded,
        groups,
        outcome,
        workings,
    })
}

fn placed(groups: &[TieGroup], mut valued: HashMap<&str, Valued>) -> Vec<Scored> {
    let mut ranked = Vec::with_capacity(valued.len());
    for group in groups {
        for id in &group.ids {
            let Some(value) = valued.remove(id.as_str()) else { continue };
            ranked.push(Scored {
                id: id.clone(),
                price: group.price,
                adjusted_price: value.adjusted_price,
                price_score: value.price_score,
                total: value.total,
                rank: group.rank,
                tied: group.ids.len() > 1,
                working: value.working,
            });
        }
    }
    ranked
}

fn outcome(groups: &[TieGroup], effective: usize) -> Outcome {
    match effective {
        0 => Outcome::NoEffectiveOffer,
        1 | 2 => Outcome::FewerThanThree,
        _ if groups.iter().any(|group| group.rank <= MOST_CANDIDATES && group.ids.len() > 1) => {
            Outcome::DrawNeeded
        }
        _ => Outcome::Ranked,
    }
}

/// The average-based benchmark over effective `prices`, trimmed as `works` says; `None` without prices.
///
/// # Errors
/// Never within the wire's grammars.
pub fn average(works: &EngComprehensive, prices: &[Decimal]) -> Result<Option<Benchmark>, TooLarge> {
    let (Some(lowest), Some(highest)) = (prices.iter().min().copied(), prices.iter().max().copied()) else {
        return Ok(None);
    };
    let mut sum = arithmetic::sum(prices.iter().copied())?;
    let mut count = prices.len();
    let trims = works.benchmark == Averaging::TrimmedMean && count >= works.trim_from.unwrap_or(TRIM_FROM);
    if trims {
        sum = arithmetic::sum([sum, -lowest, -highest])?;
        count -= 2;
    }
    Ok(Some(Benchmark { sum, count, left_out: trims.then_some((lowest, highest)) }))
}

/// The benchmark together with the rule that turns a price into a score.
struct Priced<'a> {
    benchmark: Benchmark,
    rule: Rule<'a>,
}

enum Rule<'a> {
    Average(&'a EngComprehensive),
    Lowest(&'a GpComprehensive),
}

impl<'a> Priced<'a> {
    /// V1 and V2 of rules C.7.
    fn by_average(
        works: &'a EngComprehensive,
        effective: &[&Offer],
        workings: &mut Vec<Say>,
    ) -> Result<Option<Self>, TooLarge> {
        let prices: Vec<Decimal> = effective.iter().map(|offer| offer.price.value()).collect();
        let Some(benchmark) = average(works, &prices)? else { return Ok(None) };
        tell_average(works, &benchmark, effective.len(), workings)?;
        Ok(Some(Self { benchmark, rule: Rule::Average(works) }))
    }

    /// Lowest adjusted price (令87 art 55); no price is ever left out (EV-0c).
    fn by_lowest(
        purchase: &'a GpComprehensive,
        effective: &[&Offer],
        workings: &mut Vec<Say>,
    ) -> Result<Option<Self>, TooLarge> {
        let adjusted: Vec<Decimal> =
            effective.iter().map(|offer| adjusted(offer)).collect::<Result<_, _>>()?;
        let Some(lowest) = adjusted.into_iter().min() else { return Ok(None) };
        workings.push(Say::new(
            format!("评标基准价 B = 最低评审价格 = {}", yuan(lowest)),
            format!("Benchmark B = lowest adjusted price = {}", yuan(lowest)),
        ));
        let weight = purchase.price_weight;
        workings.push(Say::new(
            format!("价格分 = B ÷ 评审价格 × {weight}"),
            format!("Price score = B ÷ adjusted price × {weight}"),
        ));
        let benchmark = Benchmark { sum: lowest, count: 1, left_out: None };
        Ok(Some(Self { benchmark, rule: Rule::Lowest(purchase) }))
    }

    fn value(&self, method: &Method, offer: &Offer) -> Result<Valued, TooLarge> {
        let places = method.score_decimals();
        let (adjusted_price, price_score, mut working) = match self.rule {
            Rule::Average(works) => {
                let (score, working) = self.by_deviation(works, places, offer.price.value())?;
                (None, score, working)
            }
            Rule::Lowest(purchase) => {
                let price = adjusted(offer)?;
                let (score, working) = self.by_quotient(purchase, places, offer, price)?;
                (Some(price), score, working)
            }
        };
        let mut total = price_score;
        if let Some(other) = offer.other_score {
            total += other.value();
            total.rescale(places);
            let _ = write!(working, "; {price_score} + {other} = {total}");
        }
        Ok(Valued { adjusted_price, price_score, total, working })
    }

    /// F − k·100·|P·n − S| ÷ S, at least the minimum.
    fn by_deviation(
        &self,
        works: &EngComprehensive,
        places: u32,
        price: Decimal,
    ) -> Result<(Decimal, String), TooLarge> {
        let Benchmark { sum, count, .. } = self.benchmark;
        let gap = arithmetic::sum([arithmetic::times(price, Decimal::from(count))?, -sum])?;
        let (factor, shown_gap) = if gap.is_sign_negative() {
            (works.k_below, format!("({} − {} × {count})", yuan(sum), yuan(price)))
        } else {
            (works.k_above, format!("({} × {count} − {})", yuan(price), yuan(sum)))
        };
        let lost = Exact::of(gap.abs())?
            .divided_by(Exact::of(sum)?)?
            .times(Exact::of(arithmetic::times(factor.value(), Decimal::ONE_HUNDRED)?)?)?;
        let exact = Exact::of(works.full_marks.value())?.minus(lost)?;
        let mut score = exact.half_up(places)?;
        let full = works.full_marks;
        let unrounded = exact.written_out(WORKING_PLACES)?;
        let mut working =
            format!("{full} − {factor} × 100 × {shown_gap} ÷ {} = {unrounded} → {score}", yuan(sum));
        let least = works.min_score.map_or(Decimal::ZERO, Marks::value);
        if score < least {
            score = least;
            score.rescale(places);
            let _ = write!(working, "; max({least}, …) → {score}");
        }
        Ok((score, working))
    }

    /// B ÷ P × weight.
    fn by_quotient(
        &self,
        purchase: &GpComprehensive,
        places: u32,
        offer: &Offer,
        price: Decimal,
    ) -> Result<(Decimal, String), TooLarge> {
        let weight = purchase.price_weight;
        let exact = Exact::of(self.benchmark.sum)?
            .divided_by(Exact::of(price)?)?
            .times(Exact::of(weight.value())?)?;
        let score = exact.half_up(places)?;
        let unrounded = exact.written_out(WORKING_PLACES)?;
        let quotient =
            format!("{} ÷ {} × {weight} = {unrounded} → {score}", yuan(self.benchmark.sum), yuan(price));
        let working = match offer.deduction_percent {
            Some(percent) if !percent.value().is_zero() => {
                format!("{} × (1 − {percent}%) = {}; {quotient}", offer.price, yuan(price))
            }
            _ => quotient,
        };
        Ok((score, working))
    }
}

/// Quote after the policy deduction, exact (EV-2a).
fn adjusted(offer: &Offer) -> Result<Decimal, TooLarge> {
    let percent = offer.deduction_percent.map_or(Decimal::ZERO, Marks::value);
    let kept = arithmetic::times(Decimal::ONE_HUNDRED - percent, Decimal::new(1, 2))?;
    arithmetic::times(offer.price.value(), kept).map(|price| price.normalize())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn offers(json: Value) -> Vec<Offer> {
        serde_json::from_value(json).unwrap()
    }

    fn method(json: Value) -> Method {
        Method::read(json, "").unwrap()
    }

    fn works(benchmark: &str) -> Method {
        method(json!({"method": "engComprehensive", "parameters": {
            "benchmark": benchmark, "ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1", "kBelow": "0.5"
        }}))
    }

    fn purchase(weight: &str) -> Method {
        method(json!({"method": "gpComprehensive", "parameters": {"priceWeight": weight}}))
    }

    /// id, price score, total, rank of every effective offer, best first.
    fn table(scoring: &Scoring) -> Vec<(String, String, String, usize)> {
        let row = |it: &Scored| (it.id.clone(), it.price_score.to_string(), it.total.to_string(), it.rank);
        scoring.ranked.iter().map(row).collect()
    }

    fn row(id: &str, price_score: &str, total: &str, rank: usize) -> (String, String, String, usize) {
        (id.to_owned(), price_score.to_owned(), total.to_owned(), rank)
    }

    #[test]
    fn goods_with_a_small_enterprise_come_out_to_the_last_digit() {
        let given = offers(json!([
            {"id": "A", "price": "1000000.00", "otherScore": "62.40"},
            {"id": "B", "price": "950000.00", "otherScore": "57.10"},
            {"id": "C", "price": "1100000.00", "deductionPercent": "10", "otherScore": "60.10"},
        ]));
        let scoring = score(&purchase("30"), &given).unwrap();
        assert_eq!(
            table(&scoring),
            [row("A", "28.50", "90.90", 1), row("C", "28.79", "88.89", 2), row("B", "30.00", "87.10", 3)]
        );
        assert_eq!(scoring.benchmark.unwrap().printed().unwrap(), "950000.00");
        let third = scoring.ranked.iter().find(|it| it.id == "C").unwrap();
        assert_eq!(yuan(third.adjusted_price.unwrap()), "990000.00");
        assert_eq!(
            third.working,
            "1100000.00 × (1 − 10%) = 990000.00; 950000.00 ÷ 990000.00 × 30 = 28.78787878… → 28.79; 28.79 + 60.10 = 88.89"
        );
        assert_eq!(scoring.outcome, Outcome::Ranked);
    }

    #[test]
    fn consultation_prices_come_out_to_the_last_digit() {
        let given = offers(json!([
            {"id": "1", "price": "480000"}, {"id": "2", "price": "500000"}, {"id": "3", "price": "560000"},
        ]));
        assert_eq!(
            table(&score(&purchase("20"), &given).unwrap()),
            [row("1", "20.00", "20.00", 1), row("2", "19.20", "19.20", 2), row("3", "17.14", "17.14", 3)]
        );
    }

    fn five() -> Vec<Offer> {
        offers(json!([
            {"id": "a", "price": "9500000"}, {"id": "b", "price": "9800000"}, {"id": "c", "price": "9200000"},
            {"id": "d", "price": "9650000"}, {"id": "e", "price": "10000000"},
        ]))
    }

    fn price_scores(scoring: &Scoring) -> Vec<String> {
        let mut rows: Vec<&Scored> = scoring.ranked.iter().collect();
        rows.sort_by_key(|it| &it.id);
        rows.into_iter().map(|it| it.price_score.to_string()).collect()
    }

    #[test]
    fn mean_and_trimmed_mean_come_out_to_the_last_digit() {
        let mean = score(&works("mean"), &five()).unwrap();
        assert_eq!(mean.benchmark.unwrap().printed().unwrap(), "9630000.00");
        assert_eq!(price_scores(&mean), ["39.33", "38.23", "37.77", "39.79", "36.16"]);
        let trimmed = score(&works("trimmedMean"), &five()).unwrap();
        assert_eq!(trimmed.benchmark.unwrap().printed().unwrap(), "9650000.00");
        assert_eq!(price_scores(&trimmed), ["39.22", "38.45", "37.67", "40.00", "36.37"]);
    }

    #[test]
    fn four_offers_are_not_trimmed_and_the_ceiling_itself_is_in() {
        let four: Vec<Offer> = five().into_iter().take(4).collect();
        assert_eq!(
            score(&works("trimmedMean"), &four).unwrap().benchmark,
            score(&works("mean"), &four).unwrap().benchmark
        );
        let edge =
            offers(json!([{"id": "in", "price": "10200000.00"}, {"id": "out", "price": "10200000.01"}]));
        let scoring = score(&works("mean"), &edge).unwrap();
        assert_eq!(scoring.excluded, [("out".to_owned(), Exclusion::AboveCeiling)]);
        assert_eq!(scoring.benchmark.unwrap().printed().unwrap(), "10200000.00");
        assert_eq!(scoring.outcome, Outcome::FewerThanThree);
        let none = score(&works("mean"), &edge[1..]).unwrap();
        assert_eq!((none.benchmark, none.outcome), (None, Outcome::NoEffectiveOffer));
    }

    #[test]
    fn a_score_never_falls_below_its_minimum() {
        let steep = |least: Value| {
            method(json!({"method": "engComprehensive", "parameters": {
                "benchmark": "mean", "fullMarks": "40", "kAbove": "5", "kBelow": "5", "minScore": least
            }}))
        };
        let far = offers(json!([{"id": "low", "price": "100"}, {"id": "high", "price": "300"}]));
        for (least, expected) in [(Value::Null, "0.00"), (json!("12.5"), "12.50")] {
            let scoring = score(&steep(least), &far).unwrap();
            assert!(scoring.ranked.iter().all(|it| it.price_score.to_string() == expected));
        }
    }

    /// Bidder and price in yuan of the recorded opening; those never decrypted have no price.
    fn opening() -> Vec<(String, Option<Decimal>)> {
        include_str!("../../demo/opening-1528.csv")
            .lines()
            .skip(1)
            .map(|line| {
                let bidder = line.split(',').nth(2).unwrap().to_owned();
                let price = line.rsplit(',').next().unwrap();
                let yuan = |text: &str| text.parse::<Decimal>().unwrap() * Decimal::new(10_000, 0);
                (bidder, (!price.is_empty()).then(|| yuan(price)))
            })
            .collect()
    }

    #[test]
    fn the_recorded_opening_of_1528_bids_is_scored_as_published() {
        let all = opening();
        assert_eq!(all.len(), 1528);
        let opened: Vec<Offer> = all
            .into_iter()
            .filter_map(|(id, price)| {
                let price = Amount::new(price?).unwrap();
                Some(Offer { id, price, deduction_percent: None, other_score: None })
            })
            .collect();
        assert_eq!(opened.len(), 1525);
        let method = method(json!({"method": "engComprehensive", "parameters": {
            "benchmark": "trimmedMean", "ceiling": "19000000.00", "fullMarks": "100", "kAbove": "1",
            "kBelow": "0.5", "scoreDecimals": 4
        }}));
        let scoring = score(&method, &opened).unwrap();
        assert_eq!(scoring.excluded, [("投标人0116".to_owned(), Exclusion::AboveCeiling)]);
        assert_eq!(scoring.ranked.len(), 1524);
        let benchmark = scoring.benchmark.unwrap();
        assert_eq!((benchmark.sum, benchmark.count), (Decimal::from(27_969_270_944_i64), 1522));
        assert_eq!(benchmark.printed().unwrap(), "18376656.3363994");
        let top: Vec<_> = scoring
            .ranked
            .iter()
            .take(5)
            .map(|it| (it.rank, it.id.as_str(), yuan(it.price), it.total.to_string(), it.tied))
            .collect();
        assert_eq!(
            top[..4],
            [
                (1, "投标人0887", "18376739.00".to_owned(), "99.9996".to_owned(), false),
                (2, "投标人1176", "18376846.00".to_owned(), "99.9990".to_owned(), false),
                (3, "投标人0399", "18376030.00".to_owned(), "99.9983".to_owned(), true),
                (3, "投标人1052", "18376030.00".to_owned(), "99.9983".to_owned(), true),
            ]
        );
        assert_eq!(top[4].0, 5);
        assert_eq!(scoring.outcome, Outcome::DrawNeeded);
        assert_eq!(
            scoring.ranked[0].working,
            "100 − 1 × 100 × (18376739.00 × 1522 − 27969270944.00) ÷ 27969270944.00 = 99.99955017… → 99.9996"
        );
    }

    #[test]
    fn each_unusable_offer_is_pointed_at() {
        let given = offers(json!([
            {"id": "A", "price": "100", "otherScore": "70.01"},
            {"id": "A", "price": "0"},
            {"id": " ", "price": "1", "deductionPercent": "100"},
            {"id": "D", "price": "1", "otherScore": "1.005"},
        ]));
        let rejection = score(&purchase("30"), &given).unwrap_err();
        let pointers: Vec<&str> = rejection.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/offers/0/otherScore",
                "/offers/1/id",
                "/offers/1/price",
                "/offers/2/id",
                "/offers/2/deductionPercent",
                "/offers/3/otherScore"
            ]
        );
        assert!(score(&purchase("30"), &[]).is_err());
        let deducted = offers(json!([{"id": "A", "price": "1", "deductionPercent": "3"}]));
        assert_eq!(
            score(&works("mean"), &deducted).unwrap_err().errors[0].pointer,
            "/offers/0/deductionPercent"
        );
    }

    #[test]
    fn the_largest_numbers_of_the_grammars_are_carried() {
        let most = (0..MOST_OFFERS)
            .map(|at| Offer {
                id: at.to_string(),
                price: Amount::parse(if at % 2 == 0 { "99999999999999.99" } else { "0.01" }).unwrap(),
                deduction_percent: None,
                other_score: None,
            })
            .collect::<Vec<_>>();
        let works = method(json!({"method": "engComprehensive", "parameters": {
            "benchmark": "mean", "fullMarks": "99.9999", "kAbove": "99.9999", "kBelow": "99.9999", "scoreDecimals": 4
        }}));
        assert_eq!(score(&works, &most).unwrap().ranked.len(), MOST_OFFERS);
        let deducted: Vec<Offer> = most
            .into_iter()
            .map(|offer| Offer { deduction_percent: Some(Marks::parse("10.0001").unwrap()), ..offer })
            .collect();
        let weight = method(json!({"method": "gpComprehensive", "parameters": {
            "priceWeight": "99.9999", "scoreDecimals": 4
        }}));
        assert_eq!(score(&weight, &deducted).unwrap().ranked.len(), MOST_OFFERS);
    }

    fn some_offers() -> impl Strategy<Value = Vec<Offer>> {
        prop::collection::vec(1_i64..1_020_000_000, 1..40).prop_map(|prices| {
            prices
                .into_iter()
                .enumerate()
                .map(|(at, fen)| Offer {
                    id: format!("{at:02}"),
                    price: Amount::new(Decimal::new(fen, 2)).unwrap(),
                    deduction_percent: None,
                    other_score: None,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_the_offers_does_not_matter(given in some_offers(), turn in 0_usize..40) {
            let mut turned = given.clone();
            turned.rotate_left(turn % given.len());
            turned.reverse();
            for method in [works("mean"), works("trimmedMean"), purchase("30")] {
                prop_assert_eq!(score(&method, &given).unwrap(), score(&method, &turned).unwrap());
            }
        }

        #[test]
        fn scores_depend_on_the_ratio_of_prices_alone(given in some_offers(), factor in 2_i64..1000) {
            let scaled: Vec<Offer> = given
                .iter()
                .map(|offer| {
                    let price = Amount::new(offer.price.value() * Decimal::from(factor)).unwrap();
                    Offer { price, ..offer.clone() }
                })
                .collect();
            let free = |benchmark: &str| method(json!({"method": "engComprehensive", "parameters": {
                "benchmark": benchmark, "fullMarks": "40", "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 4
            }}));
            for method in [free("mean"), free("trimmedMean"), purchase("30")] {
                let (left, right) = (score(&method, &given).unwrap(), score(&method, &scaled).unwrap());
                prop_assert_eq!(table(&left), table(&right));
            }
        }

        #[test]
        fn scores_stay_in_bounds_and_the_order_holds(given in some_offers()) {
            for method in [works("mean"), works("trimmedMean"), purchase("30")] {
                let scoring = score(&method, &given).unwrap();
                prop_assert_eq!(scoring.ranked.len() + scoring.excluded.len(), given.len());
                for it in &scoring.ranked {
                    prop_assert!(it.price_score >= Decimal::ZERO && it.price_score <= method.price_points().value());
                    prop_assert_eq!(it.price_score.scale(), 2);
                }
                for pair in scoring.ranked.windows(2) {
                    let (first, second) = (&pair[0], &pair[1]);
                    prop_assert!(first.total >= second.total && first.rank <= second.rank);
                    prop_assert!(first.total > second.total || first.price <= second.price);
                    prop_assert_eq!(first.rank == second.rank, first.total == second.total && first.price == second.price);
                }
            }
        }

        /// In a purchase a lower price never scores less, and the lowest takes all points.
        #[test]
        fn cheaper_never_scores_less_in_a_purchase(given in some_offers()) {
            let scoring = score(&purchase("30"), &given).unwrap();
            prop_assert_eq!(scoring.ranked[0].price_score, Decimal::from(30));
            prop_assert!(scoring.ranked.windows(2).all(|pair| pair[0].price <= pair[1].price));
        }
    }
}
