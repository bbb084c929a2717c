//! From sheets and prices to the report.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use serde_json::Value;

use super::{
    rejections::{Grounds, all_rejections, open, standing},
    ties::{Places, place, tell_draw, tie_draws},
};
use crate::{
    evaluation::model::{LowPriceReview, RankedBid, RejectedBid, RejectedBy, Report, Sheet},
    kernel::{
        Money, Problem, Refusal, Say, Seed,
        id::{BidId, TenderId},
        money::Amount,
    },
    opening::OpenedBid,
    scoring::{
        arithmetic::{self, Exact},
        factors::Factors,
        method::{BenchmarkDraw, Marks, Method},
        numbers::Numbers,
        policy, ranking,
        score::{Deviation, Exclusion, Offer, Scored, score},
        sheets::{self, ItemScores, SheetFault, item_scores},
    },
    tenders::document::Ties,
};

/// Decimals of an amount of money.
const FEN: u32 = 2;

/// Name of the form's member by which a bidder declares itself a small or micro enterprise 《中小企业声明函》.
pub const SMALL_ENTERPRISE: &str = "smallEnterprise";

/// The refusal while members' sheets are missing.
///
/// # Errors
/// `sheets-unfit` naming the numbers without a sheet.
pub fn all_signed(members: &[u32], sheets: &[Sheet]) -> Result<(), Refusal> {
    let missing: Vec<String> = members
        .iter()
        .filter(|member| !sheets.iter().any(|sheet| sheet.member == **member))
        .map(u32::to_string)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(SheetFault::Missing { members: missing }.into()) }
}

/// Everything a report is made from.
pub struct Findings<'a> {
    /// The tender.
    pub tender: TenderId,
    /// The opening record.
    pub opened: &'a [OpenedBid],
    /// Highest price.
    pub ceiling: Money,
    /// The price method.
    pub method: &'a Method,
    /// What the opening drew for its benchmark.
    pub draw: Option<BenchmarkDraw>,
    /// The document's factors.
    pub factors: &'a Factors,
    /// How equals are parted.
    pub ties: Ties,
    /// Preference for small enterprises in percent, where the document grants it.
    pub small_enterprise: Option<Marks>,
    /// Members by number.
    pub members: &'a [u32],
    /// Their sheets.
    pub sheets: &'a [Sheet],
    /// Hash of each sheet by the member's number.
    pub sheet_hashes: BTreeMap<u32, String>,
    /// Members that put objective marks right after all had signed; the report says so (令87 art 64).
    pub corrected: Vec<u32>,
    /// Bids out from the start.
    pub screening: &'a [RejectedBid],
    /// The review of low prices with all its decisions.
    pub low_price: LowPriceReview,
    /// Most candidates, and the fewest effective bids of an evaluation that holds.
    pub numbers: Numbers,
    /// The rules.
    pub grounds: Grounds,
}

/// What findings come to.
#[derive(Debug)]
pub enum Conclusion {
    /// A report to be signed.
    Report(Box<Report>),
    /// Too few effective bids: the number left.
    TooFew(usize),
}

/// Sums the sheets, scores the prices, ranks, and draws among equals where it matters.
///
/// # Errors
/// `objective-scores-unequal`, `sheets-unfit`; a fault for numbers beyond exact arithmetic.
pub fn conclude(findings: &Findings<'_>, seed: &Seed) -> Result<Conclusion, Problem> {
    let rejected = all_rejections(findings).map_err(Refusal::from)?;
    let effective = standing(findings.opened, &rejected);
    if effective.is_empty() || effective.len() < findings.numbers.least {
        return Ok(Conclusion::TooFew(effective.len()));
    }
    let others = sum_sheets(findings, &effective)?;
    let mut offers = Vec::with_capacity(effective.len());
    for bid in &effective {
        offers.extend(offer(findings, bid, others.get(&bid.bid))?);
    }
    // Scored with the others, so that the workings tell what the ceiling did; the method leaves them out.
    if findings.method.ceiling().is_some() {
        let above =
            |bid: &&RejectedBid| bid.price.is_some_and(|price| price.value() > findings.ceiling.value());
        let above = rejected.iter().filter(|bid| bid.by == RejectedBy::System).filter(above);
        offers.extend(above.filter_map(|bid| Some(Offer::new(bid.bid.to_string(), bid.price?.amount))));
    }
    let method = drawn_method(findings, &effective)?;
    let scoring = score(&method, findings.numbers, &offers)?;
    debug_assert!(scoring.excluded.iter().all(|(_, why)| *why == Exclusion::AboveCeiling));
    let most = findings.numbers.candidates;
    let (places, draws) = place(&scoring.groups, most, seed);
    let order: BTreeMap<usize, Vec<String>> = draws.clone();
    let candidates = ranking::candidates(&scoring.groups, &order, most)
        .map_err(|error| Problem::internal(anyhow::anyhow!("{error}")))?;
    let bidders: HashMap<BidId, &OpenedBid> = effective.iter().map(|bid| (bid.bid, *bid)).collect();
    let mut ranked = scoring
        .ranked
        .iter()
        .map(|scored| ranked_bid(scored, &places, &bidders, &others))
        .collect::<Result<Vec<_>, Problem>>()?;
    ranked.sort_by_key(|bid| (bid.rank, bid.bid));
    let tie_draws = tie_draws(&scoring.groups, draws, seed)?;
    let mut workings: Vec<Say> = findings.draw.iter().map(|draw| draw.told(findings.method)).collect();
    workings.extend(tell_corrected(&findings.corrected));
    workings.extend(scoring.workings);
    workings.extend(tie_draws.iter().map(|draw| tell_draw(draw, findings.method.scores())));
    Ok(Conclusion::Report(Box::new(Report {
        tender: findings.tender,
        received: count(findings.opened.len()),
        opened: count(open(findings.opened).count()),
        effective: count(effective.len()),
        ranked,
        rejected,
        benchmark: scoring
            .benchmark
            .map(|benchmark| benchmark.printed())
            .transpose()
            .map_err(Problem::internal)?,
        workings,
        candidates: candidates.iter().map(|id| bid_id(id)).collect::<Result<_, _>>()?,
        low_price: findings.low_price.clone(),
        tie_draws,
        benchmark_draw: findings.draw.clone(),
        sheets: findings.sheet_hashes.clone(),
    })))
}

fn tell_corrected(members: &[u32]) -> Option<Say> {
    let numbers: Vec<String> = members.iter().map(u32::to_string).collect();
    (!numbers.is_empty()).then(|| {
        Say::new(
            format!("评委{}改正了不一致的客观评审因素评分（财政部令第87号第64条）", numbers.join("、")),
            format!(
                "Members {} put unequal marks of objective factors right (Order 87, art. 64)",
                numbers.join(", ")
            ),
        )
    })
}

/// The method with what the opening drew, over the bids that stand.
fn drawn_method(findings: &Findings<'_>, effective: &[&OpenedBid]) -> Result<Method, Problem> {
    match &findings.draw {
        Some(draw) => {
            let standing: BTreeSet<String> = effective.iter().map(|bid| bid.bid.to_string()).collect();
            Ok(findings.method.with_draw(draw, &standing))
        }
        None if findings.method.awaits_draw() => {
            Err(Problem::internal(anyhow::anyhow!("the opening drew nothing for the benchmark")))
        }
        None => Ok(findings.method.clone()),
    }
}

/// Stored item scores of every effective bid; empty where nothing is marked.
fn sum_sheets(
    findings: &Findings<'_>,
    effective: &[&OpenedBid],
) -> Result<HashMap<BidId, ItemScores>, Problem> {
    if findings.factors.marked().next().is_none() {
        return Ok(HashMap::new());
    }
    let committee: Vec<String> = findings.members.iter().map(u32::to_string).collect();
    let mut by_bid: HashMap<BidId, Vec<sheets::Sheet>> = HashMap::new();
    for sheet in findings.sheets {
        for bid in sheet.content.marks.iter().flatten() {
            let one = sheets::Sheet { member: sheet.member.to_string(), marks: bid.marks.clone() };
            by_bid.entry(bid.bid_id).or_default().push(one);
        }
    }
    let places = findings.method.score_decimals();
    effective
        .iter()
        .map(|bid| {
            let own = by_bid.remove(&bid.bid).unwrap_or_default();
            let scores = item_scores(findings.factors, &committee, &own, places).map_err(Refusal::from)?;
            Ok((bid.bid, scores))
        })
        .collect()
}

fn offer(
    findings: &Findings<'_>,
    bid: &OpenedBid,
    other: Option<&ItemScores>,
) -> Result<Option<Offer>, Problem> {
    let Some(price) = bid.price else { return Ok(None) };
    let other_score = other.map(|scores| marks_of(scores.sum)).transpose()?;
    let small = bid.form.as_ref().and_then(|form| form.get(SMALL_ENTERPRISE)) == Some(&Value::Bool(true));
    let preference = findings.small_enterprise.filter(|_| small);
    let adds = policy::adds(findings.method);
    Ok(Some(Offer {
        deduction_percent: preference.filter(|_| !adds),
        addition_percent: preference.filter(|_| adds),
        technical_score: technical_score(findings, other)?,
        other_score,
        deviations: deviations(findings, bid.bid)?,
        ..Offer::new(bid.bid.to_string(), price.amount)
    }))
}

fn marks_of(sum: Decimal) -> Result<Marks, Problem> {
    Marks::parse(&sum.normalize().to_string())
        .map_err(|why| Problem::internal(anyhow::anyhow!("a sum of marks: {why}")))
}

/// The technical part of the scores, where the document parts equals by it.
fn technical_score(findings: &Findings<'_>, scores: Option<&ItemScores>) -> Result<Option<Marks>, Problem> {
    if findings.ties != Ties::LowerPriceThenTechnical {
        return Ok(None);
    }
    let technical = |key: &str| findings.factors.all().iter().any(|it| it.key == key && it.is_technical());
    let items = scores.iter().flat_map(|scores| &scores.items).filter(|item| technical(&item.factor));
    marks_of(items.map(|item| item.score).sum()).map(Some)
}

/// What the committee adds to a bid: of each quantified matter the mean over all members, as with marks (EV-0b).
fn deviations(findings: &Findings<'_>, bid: BidId) -> Result<Vec<Deviation>, Problem> {
    let members = Decimal::from(findings.members.len());
    let mut found = Vec::new();
    for matter in findings.method.quantified() {
        let stated = findings.sheets.iter().flat_map(|sheet| sheet.content.deviations.iter().flatten());
        let amounts = stated.filter(|one| one.bid_id == bid).filter_map(|one| one.amounts.get(&matter.key));
        let sum = arithmetic::sum(amounts.map(|amount| amount.value())).map_err(Problem::internal)?;
        let mean = Exact::of(sum)
            .and_then(|sum| sum.divided_by(Exact::of(members)?)?.half_up(FEN))
            .map_err(Problem::internal)?;
        if !mean.is_zero() {
            let amount = Amount::new(mean).map_err(|why| Problem::internal(anyhow::anyhow!("{why}")))?;
            found.push(Deviation { what: matter.what.clone(), amount });
        }
    }
    Ok(found)
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(super) fn bid_id(text: &str) -> Result<BidId, Problem> {
    text.parse().map_err(Problem::internal)
}

fn ranked_bid(
    scored: &Scored,
    places: &Places,
    bidders: &HashMap<BidId, &OpenedBid>,
    others: &HashMap<BidId, ItemScores>,
) -> Result<RankedBid, Problem> {
    let bid = bid_id(&scored.id)?;
    let missing = || Problem::internal(anyhow::anyhow!("a scored offer that was never opened"));
    let opened = bidders.get(&bid).ok_or_else(missing)?;
    let (rank, drawn) = places.get(&scored.id).copied().ok_or_else(missing)?;
    let other = others.get(&bid);
    Ok(RankedBid {
        bid,
        bidder: opened.bidder,
        rank,
        price: opened.price.ok_or_else(missing)?,
        adjusted_price: scored.adjusted_price,
        price_score: scored.price_score,
        items: other.map(|scores| scores.items.clone()).unwrap_or_default(),
        other_score: other.map_or(Decimal::ZERO, |scores| scores.sum),
        total: scored.total,
        drawn,
        working: scored.working.clone(),
    })
}
