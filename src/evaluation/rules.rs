//! What is found about bids and what it comes to. Pure: chance and time are handed in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    evaluation::model::{
        LowPriceDecision, LowPriceReview, LowPriceVote, NewQualification, NewSheet, QualificationVerdict,
        RankedBid, RejectedBid, RejectedBy, RepeatedPrices, Report, Sheet, TieDraw,
    },
    experts::Seed,
    kernel::{
        Code, FieldError, LegalGround, Money, Problem, Refusal, Rejection, Say,
        id::{BidId, TenderId},
        money::Amount,
    },
    opening::{OpenedBid, Outcome},
    scoring::{
        factors::Factors,
        low_price::{self, Lines},
        method::{Marks, Method, MethodText},
        ranking,
        scoring::{Exclusion, Offer, Scored, score},
        sheets::{self, ItemScores, SheetFault, Vote, item_scores, passes_by_majority},
    },
    tenders::document::Technical,
};

/// Name of the form's member by which a bidder declares itself a small or micro enterprise 《中小企业声明函》.
pub const SMALL_ENTERPRISE: &str = "smallEnterprise";
/// Longest reason of a verdict, in characters.
const LONGEST_REASON: usize = 1000;
/// At most so many places are shown of what is wrong with one sheet.
const MOST_COMPLAINTS: usize = 50;

/// The rules that rejections stand on, as the law of the tender's day has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// Bids that must be rejected or are invalid (条例 art 51; 财政部令87 art 63).
    pub invalid: LegalGround,
    /// Review of qualification by the purchaser (财政部令87 art 44).
    pub qualification: LegalGround,
}

/// Checks that the purchaser's review covers every opened bid once, with a reason for each that fails.
///
/// # Errors
/// 422 with pointers.
pub fn check_qualification(asked: &NewQualification, opened: &[OpenedBid]) -> Result<(), Rejection> {
    let expected: BTreeSet<BidId> = open(opened).map(|bid| bid.bid).collect();
    let mut wrong = Wrong::default();
    let mut seen = BTreeSet::new();
    for (at, verdict) in asked.bids.iter().enumerate() {
        if !expected.contains(&verdict.bid_id) || !seen.insert(verdict.bid_id) {
            wrong.add(format!("/bids/{at}/bidId"), "未知或重复的投标 / unknown or repeated bid");
        }
        let reason = verdict.reason.as_deref().map_or(0, |reason| reason.trim().chars().count());
        if (!verdict.passes && reason == 0) || reason > LONGEST_REASON {
            wrong.add(
                format!("/bids/{at}/reason"),
                "不通过须说明理由（1 至 1000 字） / a reason of 1 to 1000 characters",
            );
        }
    }
    if seen.len() < expected.len() {
        wrong.add("/bids".to_owned(), "须逐一审查全部已解密的投标 / every opened bid needs a verdict");
    }
    wrong.finish()
}

/// Complaints about one request.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn add(&mut self, pointer: String, detail: &str) {
        if self.0.len() < MOST_COMPLAINTS {
            self.0.push(FieldError::new(pointer, "invalid", detail));
        }
    }

    fn finish(self) -> Result<(), Rejection> {
        if self.0.is_empty() {
            return Ok(());
        }
        let detail = Say::new("内容不符合要求，见 errors。", "The content does not fit; see errors.");
        Err(Rejection { code: Code::InvalidRequest, detail, errors: self.0 })
    }
}

fn open(bids: &[OpenedBid]) -> impl Iterator<Item = &OpenedBid> {
    bids.iter().filter(|bid| bid.outcome == Outcome::Opened)
}

/// Bids that take no part from the start on: not qualified, without a price, or above the ceiling by their original
/// quote. In the order of receipt, one ground each.
pub fn screen(
    opened: &[OpenedBid],
    ceiling: Money,
    qualification: &[QualificationVerdict],
    grounds: &Grounds,
) -> Vec<RejectedBid> {
    let failed: HashMap<BidId, &str> = qualification
        .iter()
        .filter(|verdict| !verdict.passes)
        .map(|verdict| (verdict.bid_id, verdict.reason.as_deref().unwrap_or_default()))
        .collect();
    open(opened)
        .filter_map(|bid| {
            let rejected = |by, ground: &LegalGround, reason| RejectedBid {
                bid: bid.bid,
                bidder: bid.bidder,
                price: bid.price,
                by,
                ground: ground.clone(),
                reason,
            };
            if let Some(reason) = failed.get(&bid.bid) {
                let reason =
                    Say::new(format!("资格审查不通过：{reason}"), format!("Not qualified: {reason}"));
                return Some(rejected(RejectedBy::Purchaser, &grounds.qualification, reason));
            }
            let reason = price_fault(bid.price, ceiling)?;
            Some(rejected(RejectedBy::System, &grounds.invalid, reason))
        })
        .collect()
}

fn price_fault(price: Option<Money>, ceiling: Money) -> Option<Say> {
    match price {
        None => Some(Say::new("没有报价", "No price is stated")),
        Some(price) if price.value().is_zero() => Some(Say::new("报价为零", "The price is zero")),
        Some(price) if price.value() > ceiling.value() => Some(Say::new(
            format!("报价{price}高于最高限价{ceiling}"),
            format!("The price {price} is above the ceiling {ceiling}"),
        )),
        Some(_) => None,
    }
}

/// Opened bids that nothing has rejected yet, in the order of receipt.
pub fn standing<'a>(opened: &'a [OpenedBid], screening: &[RejectedBid]) -> Vec<&'a OpenedBid> {
    let out: BTreeSet<BidId> = screening.iter().map(|rejected| rejected.bid).collect();
    open(opened).filter(|bid| !out.contains(&bid.bid)).collect()
}

/// Checks a member's sheet: pass or fail where the document judges so, marks of every standing bid where it marks.
///
/// # Errors
/// 422 with pointers.
pub fn check_sheet(
    sheet: &NewSheet,
    technical: Technical,
    factors: &Factors,
    standing: &[&OpenedBid],
) -> Result<(), Rejection> {
    let expected: BTreeSet<BidId> = standing.iter().map(|bid| bid.bid).collect();
    let mut wrong = Wrong::default();
    match (technical, &sheet.technical, &sheet.marks) {
        (Technical::PassFail, None, _) => {
            wrong.add("/technical".to_owned(), "本项目技术部分为合格制 / pass or fail is needed");
        }
        (Technical::PassFail, _, Some(_)) => {
            wrong.add("/marks".to_owned(), "本项目不打分 / this tender is not marked");
        }
        (Technical::Marked, _, None) => {
            wrong.add("/marks".to_owned(), "须对每份投标打分 / marks are needed");
        }
        _ => {}
    }
    if let Some(technical) = &sheet.technical {
        let mut seen = BTreeSet::new();
        for (at, failed) in technical.fail.iter().enumerate() {
            if !expected.contains(&failed.bid_id) || !seen.insert(failed.bid_id) {
                wrong.add(
                    format!("/technical/fail/{at}/bidId"),
                    "未知、已否决或重复的投标 / unknown, rejected or repeated bid",
                );
            }
            if !(1..=LONGEST_REASON).contains(&failed.reason.trim().chars().count()) {
                wrong.add(
                    format!("/technical/fail/{at}/reason"),
                    "须说明理由（1 至 1000 字） / a reason of 1 to 1000 characters",
                );
            }
        }
    }
    if let Some(marks) = &sheet.marks {
        check_marks(marks, factors, &expected, &mut wrong);
    }
    wrong.finish()
}

fn check_marks(
    marks: &[crate::evaluation::model::BidMarks],
    factors: &Factors,
    expected: &BTreeSet<BidId>,
    wrong: &mut Wrong,
) {
    let mut seen = BTreeSet::new();
    for (at, bid) in marks.iter().enumerate() {
        if !expected.contains(&bid.bid_id) || !seen.insert(bid.bid_id) {
            wrong.add(
                format!("/marks/{at}/bidId"),
                "未知、已否决或重复的投标 / unknown, rejected or repeated bid",
            );
        }
        for factor in factors.marked() {
            match bid.marks.get(&factor.key) {
                None => wrong.add(
                    format!("/marks/{at}/marks/{}", factor.key),
                    "缺少该因素的评分 / this factor is not marked",
                ),
                Some(mark) if *mark > factor.weight => wrong.add(
                    format!("/marks/{at}/marks/{}", factor.key),
                    &format!("不得高于分值{weight} / at most {weight}", weight = factor.weight),
                ),
                Some(_) => {}
            }
        }
        for key in bid.marks.keys().filter(|key| !factors.marked().any(|factor| factor.key == **key)) {
            wrong.add(format!("/marks/{at}/marks/{key}"), "没有此评审因素 / there is no such factor");
        }
    }
    if seen.len() < expected.len() {
        wrong.add("/marks".to_owned(), "须对全部有效投标打分 / every bid that is still in needs marks");
    }
}

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

/// Standing bids that more than half of the whole committee fail, with all reasons given.
///
/// # Errors
/// A sheet is missing or one too many.
pub fn failed_by_committee(
    members: &[u32],
    sheets: &[Sheet],
    standing: &[&OpenedBid],
    grounds: &Grounds,
) -> Result<Vec<RejectedBid>, SheetFault> {
    let committee: Vec<String> = members.iter().map(u32::to_string).collect();
    let mut against: HashMap<BidId, Vec<(u32, &str)>> = HashMap::new();
    for sheet in sheets {
        for failed in sheet.content.technical.iter().flat_map(|technical| &technical.fail) {
            against.entry(failed.bid_id).or_default().push((sheet.member, failed.reason.trim()));
        }
    }
    let mut rejected = Vec::new();
    for bid in standing {
        // A bid that nobody fails passes by every vote.
        let Some(reasons) = against.get(&bid.bid) else { continue };
        let votes: Vec<Vote> = sheets
            .iter()
            .map(|sheet| Vote {
                member: sheet.member.to_string(),
                passes: !reasons.iter().any(|(member, _)| *member == sheet.member),
            })
            .collect();
        if !passes_by_majority(&committee, &votes)? {
            rejected.push(RejectedBid {
                bid: bid.bid,
                bidder: bid.bidder,
                price: bid.price,
                by: RejectedBy::Committee,
                ground: grounds.invalid.clone(),
                reason: said_by_members(
                    "评标委员会半数以上认定不合格",
                    "Failed by more than half of the committee",
                    reasons,
                ),
            });
        }
    }
    Ok(rejected)
}

fn said_by_members(zh: &str, en: &str, reasons: &[(u32, &str)]) -> Say {
    let all = |name: &str, colon: &str, between: &str| {
        reasons
            .iter()
            .map(|(member, why)| format!("{name}{member}{colon}{why}"))
            .collect::<Vec<_>>()
            .join(between)
    };
    Say::new(format!("{zh}（{}）", all("评委", "：", "；")), format!("{en} ({})", all("member ", ": ", "; ")))
}

/// The abnormally-low check over the original quotes of conforming bids (C.5).
///
/// # Errors
/// Never within the grammar of amounts.
pub fn low_price_review(
    conforming: &[&OpenedBid],
    ceiling: Amount,
    lines: Lines,
    on: chrono::NaiveDate,
) -> Result<LowPriceReview, Problem> {
    let quotes: Vec<(String, Amount)> =
        conforming.iter().filter_map(|bid| Some((bid.bid.to_string(), bid.price?.amount))).collect();
    let caught = low_price::abnormally_low(&quotes, ceiling, lines, on).map_err(Problem::internal)?;
    let applies = low_price::IN_FORCE_FROM.is_some_and(|first| on >= first);
    Ok(LowPriceReview { applies, caught, decisions: Vec::new() })
}

/// The committee's decisions by the votes of more than half of it, in the order of the caught bids.
pub fn low_price_decisions(
    review: &LowPriceReview,
    votes: &[LowPriceVote],
    members: u32,
) -> Vec<LowPriceDecision> {
    let decide = |id: &str| {
        let bid: BidId = id.parse().ok()?;
        let cast: Vec<&LowPriceVote> = votes.iter().filter(|vote| vote.bid == bid).collect();
        let most = |accepted| {
            let same = cast.iter().filter(|vote| vote.accepted == accepted).count();
            u32::try_from(same).is_ok_and(|same| same.saturating_mul(2) > members)
        };
        let accepted = if most(true) {
            true
        } else if most(false) {
            false
        } else {
            return None;
        };
        let reasons: Vec<String> =
            cast.iter().map(|vote| format!("评委{}：{}", vote.member, vote.reason)).collect();
        let decided_at = cast.iter().map(|vote| vote.at).max()?;
        Some(LowPriceDecision { bid, accepted, reason: reasons.join("；"), decided_at })
    };
    review.caught.iter().filter_map(|quote| decide(&quote.id)).collect()
}

/// The refusal while a caught bid awaits its decision.
///
/// # Errors
/// `low-price-open` with the bids.
pub fn low_price_closed(review: &LowPriceReview) -> Result<(), Refusal> {
    let decided: BTreeSet<String> =
        review.decisions.iter().map(|decision| decision.bid.to_string()).collect();
    let waiting: Vec<&str> =
        review.caught.iter().map(|quote| quote.id.as_str()).filter(|id| !decided.contains(*id)).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let detail = Say::new(
        format!("{}份投标报价异常低，须由评审委员会就其说明作出决定。", waiting.len()),
        format!(
            "{} bids are abnormally low; the committee must decide on their explanations.",
            waiting.len()
        ),
    );
    Err(Refusal::new(Code::LowPriceOpen, detail)
        .by_rule(low_price::ground())
        .with("bids", serde_json::json!(waiting)))
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
    /// The document's factors.
    pub factors: &'a Factors,
    /// Deduction for small enterprises in percent, where the document grants it.
    pub small_enterprise: Option<Marks>,
    /// Members by number.
    pub members: &'a [u32],
    /// Their sheets.
    pub sheets: &'a [Sheet],
    /// Hash of each sheet by the member's number.
    pub sheet_hashes: BTreeMap<u32, String>,
    /// Bids out from the start.
    pub screening: &'a [RejectedBid],
    /// The review of low prices with all its decisions.
    pub low_price: LowPriceReview,
    /// Most candidates.
    pub most_candidates: usize,
    /// Fewest effective bids of an evaluation that holds.
    pub least_effective: usize,
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
    if effective.is_empty() || effective.len() < findings.least_effective {
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
        offers.extend(above.filter_map(|bid| {
            Some(Offer {
                id: bid.bid.to_string(),
                price: bid.price?.amount,
                deduction_percent: None,
                other_score: None,
            })
        }));
    }
    let scoring = score(findings.method, &offers)?;
    debug_assert!(scoring.excluded.iter().all(|(_, why)| *why == Exclusion::AboveCeiling));
    let (places, draws) = place(&scoring.groups, findings.most_candidates, seed);
    let order: BTreeMap<usize, Vec<String>> = draws.clone();
    let candidates = ranking::candidates(&scoring.groups, &order, findings.most_candidates)
        .map_err(|error| Problem::internal(anyhow::anyhow!("{error}")))?;
    let bidders: HashMap<BidId, &OpenedBid> = effective.iter().map(|bid| (bid.bid, *bid)).collect();
    let mut ranked = scoring
        .ranked
        .iter()
        .map(|scored| ranked_bid(scored, &places, &bidders, &others))
        .collect::<Result<Vec<_>, Problem>>()?;
    ranked.sort_by_key(|bid| (bid.rank, bid.bid));
    let tie_draws = tie_draws(&scoring.groups, draws, seed)?;
    let mut workings = scoring.workings;
    workings.extend(tie_draws.iter().map(tell_draw));
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
        sheets: findings.sheet_hashes.clone(),
    })))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn bid_id(text: &str) -> Result<BidId, Problem> {
    text.parse().map_err(Problem::internal)
}

/// Screening, then the committee's votes, then unexplained low prices; in the order of receipt.
fn all_rejections(findings: &Findings<'_>) -> Result<Vec<RejectedBid>, SheetFault> {
    let in_question = standing(findings.opened, findings.screening);
    let mut rejected = findings.screening.to_vec();
    rejected.extend(failed_by_committee(findings.members, findings.sheets, &in_question, &findings.grounds)?);
    for decision in findings.low_price.decisions.iter().filter(|decision| !decision.accepted) {
        if rejected.iter().any(|known| known.bid == decision.bid) {
            continue;
        }
        if let Some(bid) = findings.opened.iter().find(|bid| bid.bid == decision.bid) {
            rejected.push(RejectedBid {
                bid: bid.bid,
                bidder: bid.bidder,
                price: bid.price,
                by: RejectedBy::LowPrice,
                ground: low_price::ground(),
                reason: Say::new(
                    format!("报价异常低且未能证明其合理性（{}）", decision.reason),
                    format!("Abnormally low without sufficient proof ({})", decision.reason),
                ),
            });
        }
    }
    let seq: HashMap<BidId, i64> = findings.opened.iter().map(|bid| (bid.bid, bid.seq)).collect();
    rejected.sort_by_key(|bid| seq.get(&bid.bid).copied());
    Ok(rejected)
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
    let other_score = other
        .map(|scores| Marks::parse(&scores.sum.normalize().to_string()))
        .transpose()
        .map_err(|why| Problem::internal(anyhow::anyhow!("a sum of marks: {why}")))?;
    let purchase = matches!(findings.method.text(), MethodText::GpComprehensive(_));
    let small =
        purchase && bid.form.as_ref().and_then(|form| form.get(SMALL_ENTERPRISE)) == Some(&Value::Bool(true));
    Ok(Some(Offer {
        id: bid.bid.to_string(),
        price: price.amount,
        deduction_percent: findings.small_enterprise.filter(|_| small),
        other_score,
    }))
}

/// Rank and whether drawn, by the offer's id.
type Places = HashMap<String, (u32, bool)>;

/// Parts the ties among the first `most` places by the seed; ties below keep their common rank.
fn place(groups: &[ranking::TieGroup], most: usize, seed: &Seed) -> (Places, BTreeMap<usize, Vec<String>>) {
    let mut places = Places::new();
    let mut draws = BTreeMap::new();
    for group in groups {
        if group.ids.len() > 1 && group.rank <= most {
            let mut order = group.ids.clone();
            order.sort_by_key(|id| seed.place(id));
            for (id, after) in order.iter().zip(0_usize..) {
                places.insert(id.clone(), (count(group.rank + after), true));
            }
            draws.insert(group.rank, order);
        } else {
            places.extend(group.ids.iter().map(|id| (id.clone(), (count(group.rank), false))));
        }
    }
    (places, draws)
}

fn tie_draws(
    groups: &[ranking::TieGroup],
    draws: BTreeMap<usize, Vec<String>>,
    seed: &Seed,
) -> Result<Vec<TieDraw>, Problem> {
    let ids = |list: &[String]| list.iter().map(|id| bid_id(id)).collect::<Result<Vec<_>, _>>();
    draws
        .into_iter()
        .map(|(rank, drawn)| {
            let tied = groups.iter().find(|group| group.rank == rank).map_or(&[][..], |group| &group.ids);
            Ok(TieDraw { rank: count(rank), seed: seed.to_hex(), tied: ids(tied)?, drawn: ids(&drawn)? })
        })
        .collect()
}

fn tell_draw(draw: &TieDraw) -> Say {
    let order = |between: &str| draw.drawn.iter().map(BidId::to_string).collect::<Vec<_>>().join(between);
    Say::new(
        format!(
            "第{}名总分和报价均相同{}家，抽签：按 HMAC-SHA256(种子 {}, 投标编号) 升序，结果 {}",
            draw.rank,
            draw.tied.len(),
            draw.seed,
            order("、")
        ),
        format!(
            "Rank {}: {} equal in total and price; drawn by HMAC-SHA256(seed {}, bid id) ascending: {}",
            draw.rank,
            draw.tied.len(),
            draw.seed,
            order(", ")
        ),
    )
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

/// How many of the opened prices repeat.
pub fn repeated_prices(opened: &[OpenedBid]) -> RepeatedPrices {
    let mut by_price: BTreeMap<Decimal, u32> = BTreeMap::new();
    for price in open(opened).filter_map(|bid| bid.price) {
        *by_price.entry(price.value()).or_default() += 1;
    }
    let repeated: Vec<u32> = by_price.into_values().filter(|bids| *bids > 1).collect();
    RepeatedPrices {
        prices: count(repeated.len()),
        bids: repeated.iter().sum(),
        most: repeated.into_iter().max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{
        evaluation::model::{BidMarks, DefaultVerdict, FailedBid, TechnicalSheet},
        kernel::id::OrganisationId,
        scoring::factors::Regime,
    };

    const MEMBERS: [u32; 5] = [1, 2, 3, 4, 5];

    fn yuan(text: &str) -> Money {
        Money::from(Amount::parse(text).unwrap())
    }

    fn bid(n: u128, price: Option<&str>) -> OpenedBid {
        OpenedBid {
            bid: BidId(Uuid::from_u128(n)),
            bidder: OrganisationId(Uuid::from_u128(100 + n)),
            seq: i64::try_from(n).unwrap(),
            received_at: DateTime::UNIX_EPOCH,
            released_at: Some(DateTime::UNIX_EPOCH),
            outcome: Outcome::Opened,
            price: price.map(yuan),
            form: Some(json!({})),
            files: None,
            failure: None,
        }
    }

    fn id(n: u128) -> BidId {
        BidId(Uuid::from_u128(n))
    }

    fn grounds() -> Grounds {
        let ground = |id: &str| LegalGround {
            id: id.into(),
            source: "法".into(),
            article: Some("1".into()),
            earliest: None,
        };
        Grounds { invalid: ground("ENG-22"), qualification: ground("GPB-9") }
    }

    fn factors(list: serde_json::Value, regime: Regime) -> Factors {
        Factors::check(serde_json::from_value(list).unwrap(), regime, "").unwrap()
    }

    fn price_only() -> Factors {
        factors(
            json!([{"key": "price", "matter": "price", "weight": "100", "judged": "computed"}]),
            Regime::Works,
        )
    }

    fn goods() -> Factors {
        let list = json!([
            {"key": "price", "matter": "price", "weight": "30", "judged": "computed"},
            {"key": "compliance", "matter": "technicalCompliance", "weight": "40", "judged": "objective"},
            {"key": "service", "matter": "afterSales", "weight": "30", "judged": "subjective"},
        ]);
        factors(list, Regime::Goods)
    }

    fn works_method() -> Method {
        let parameters = json!({
            "benchmark": "trimmedMean", "ceiling": "200.00", "fullMarks": "100", "kAbove": "1", "kBelow": "0.5",
            "scoreDecimals": 4,
        });
        Method::read(json!({"method": "engComprehensive", "parameters": parameters}), "").unwrap()
    }

    fn goods_method() -> Method {
        Method::read(json!({"method": "gpComprehensive", "parameters": {"priceWeight": "30"}}), "").unwrap()
    }

    fn fails(member: u32, failed: &[u128]) -> Sheet {
        let fail = failed.iter().map(|n| FailedBid { bid_id: id(*n), reason: format!("缺{n}") }).collect();
        let technical = Some(TechnicalSheet { default: DefaultVerdict::Pass, fail });
        sheet(member, NewSheet { technical, marks: None })
    }

    fn sheet(member: u32, content: NewSheet) -> Sheet {
        Sheet { tender: TenderId(Uuid::nil()), member, document_hash: String::new(), content }
    }

    fn marks(member: u32, rows: &[(u128, &str, &str)]) -> Sheet {
        let mark = |text: &str| Marks::parse(text).unwrap();
        let rows = rows
            .iter()
            .map(|(n, compliance, service)| BidMarks {
                bid_id: id(*n),
                marks: BTreeMap::from([
                    ("compliance".into(), mark(compliance)),
                    ("service".into(), mark(service)),
                ]),
            })
            .collect();
        sheet(member, NewSheet { technical: None, marks: Some(rows) })
    }

    /// EX C1: means of the members' marks are 62.40, 57.10 and 60.10.
    fn c1_sheets() -> Vec<Sheet> {
        MEMBERS
            .into_iter()
            .zip(["22.40", "22.41", "22.39", "22.42", "22.40"])
            .map(|(member, service)| {
                marks(member, &[(1, "40", service), (2, "35.00", "22.10"), (3, "38", "22.10")])
            })
            .collect()
    }

    fn c1_bids() -> Vec<OpenedBid> {
        let mut bids = vec![bid(1, Some("1000000")), bid(2, Some("950000")), bid(3, Some("1100000"))];
        bids[2].form = Some(json!({"smallEnterprise": true}));
        bids
    }

    struct Case {
        opened: Vec<OpenedBid>,
        ceiling: Money,
        method: Method,
        factors: Factors,
        sheets: Vec<Sheet>,
        least: usize,
        low_price: LowPriceReview,
    }

    impl Case {
        fn works(opened: Vec<OpenedBid>, sheets: Vec<Sheet>) -> Self {
            let (ceiling, method, factors) = (yuan("200"), works_method(), price_only());
            Self { opened, ceiling, method, factors, sheets, least: 1, low_price: LowPriceReview::default() }
        }

        fn goods(sheets: Vec<Sheet>) -> Self {
            let (ceiling, method, factors) = (yuan("1150000"), goods_method(), goods());
            Self {
                opened: c1_bids(),
                ceiling,
                method,
                factors,
                sheets,
                least: 3,
                low_price: LowPriceReview::default(),
            }
        }

        fn conclude(&self, seed: u8) -> Result<Conclusion, Problem> {
            let screening = screen(&self.opened, self.ceiling, &[], &grounds());
            let findings = Findings {
                tender: TenderId(Uuid::nil()),
                opened: &self.opened,
                ceiling: self.ceiling,
                method: &self.method,
                factors: &self.factors,
                small_enterprise: Some(Marks::parse("10").unwrap()),
                members: &MEMBERS,
                sheets: &self.sheets,
                sheet_hashes: BTreeMap::new(),
                screening: &screening,
                low_price: self.low_price.clone(),
                most_candidates: 3,
                least_effective: self.least,
                grounds: grounds(),
            };
            conclude(&findings, &Seed([seed; 32]))
        }

        fn report(&self, seed: u8) -> Report {
            match self.conclude(seed).unwrap() {
                Conclusion::Report(report) => *report,
                Conclusion::TooFew(left) => panic!("{left} left"),
            }
        }
    }

    #[test]
    fn the_goods_example_comes_out_to_the_last_digit_through_five_sheets() {
        let report = Case::goods(c1_sheets()).report(0);
        let table: Vec<_> = report
            .ranked
            .iter()
            .map(|bid| {
                (
                    bid.bid,
                    bid.rank,
                    bid.price_score.to_string(),
                    bid.other_score.to_string(),
                    bid.total.to_string(),
                )
            })
            .collect();
        let row = |n, rank, price: &str, other: &str, total: &str| {
            (id(n), rank, price.into(), other.into(), total.into())
        };
        assert_eq!(
            table,
            [
                row(1, 1, "28.50", "62.40", "90.90"),
                row(3, 2, "28.79", "60.10", "88.89"),
                row(2, 3, "30.00", "57.10", "87.10")
            ]
        );
        assert_eq!(report.candidates, [id(1), id(3), id(2)]);
        let adjusted = report.ranked[1].adjusted_price.map(|price| price.normalize().to_string());
        assert_eq!(adjusted.as_deref(), Some("990000"));
        assert_eq!((report.benchmark.as_deref(), report.rejected.len()), (Some("950000.00"), 0));
    }

    #[test]
    fn unequal_objective_marks_and_missing_sheets_block_the_report() {
        let mut sheets = c1_sheets();
        sheets[4] = marks(5, &[(1, "39.99", "22.40"), (2, "35", "22.10"), (3, "38", "22.10")]);
        let problem = Case::goods(sheets).conclude(0).unwrap_err();
        assert_eq!(problem.code(), Code::ObjectiveScoresUnequal);
        let four = &c1_sheets()[..4];
        let refusal = all_signed(&MEMBERS, four).unwrap_err();
        assert_eq!(refusal.code, Code::SheetsUnfit);
        assert!(refusal.detail.zh.ends_with('5'), "{}", refusal.detail.zh);
        assert_eq!(Case::goods(four.to_vec()).conclude(0).unwrap_err().code(), Code::SheetsUnfit);
    }

    #[test]
    fn the_price_alone_rejects_above_the_ceiling_and_without_a_price() {
        let mut opened = vec![
            bid(1, Some("200")),
            bid(2, Some("200.01")),
            bid(3, None),
            bid(4, Some("0")),
            bid(5, Some("1")),
        ];
        opened[4].outcome = Outcome::Revoked;
        let out = screen(&opened, yuan("200"), &[], &grounds());
        let found: Vec<_> = out.iter().map(|one| (one.bid, one.by, one.ground.id.as_str())).collect();
        let by = RejectedBy::System;
        assert_eq!(found, [(id(2), by, "ENG-22"), (id(3), by, "ENG-22"), (id(4), by, "ENG-22")]);
        assert_eq!(standing(&opened, &out).iter().map(|bid| bid.bid).collect::<Vec<_>>(), [id(1)]);
        let verdict =
            QualificationVerdict { bid_id: id(1), passes: false, reason: Some("无营业执照".into()) };
        let out = screen(&opened, yuan("200"), &[verdict], &grounds());
        assert_eq!((out[0].by, out[0].ground.id.as_str()), (RejectedBy::Purchaser, "GPB-9"));
        assert!(out[0].reason.zh.contains("无营业执照"));
    }

    #[test]
    fn more_than_half_of_the_committee_rejects_and_a_bid_above_the_ceiling_moves_no_benchmark() {
        let mut opened: Vec<_> = [100, 110, 120, 130, 140, 150]
            .into_iter()
            .zip(1..)
            .map(|(price, n)| bid(n, Some(&format!("{price}.00"))))
            .collect();
        opened.push(bid(7, Some("200.01")));
        let sheets = vec![fails(1, &[2, 3]), fails(2, &[2, 3]), fails(3, &[2]), fails(4, &[]), fails(5, &[])];
        let report = Case::works(opened, sheets).report(0);
        let rejected: Vec<_> = report.rejected.iter().map(|one| (one.bid, one.by)).collect();
        assert_eq!(rejected, [(id(2), RejectedBy::Committee), (id(7), RejectedBy::System)]);
        assert!(report.rejected[0].reason.zh.contains("评委3：缺2"), "{}", report.rejected[0].reason.zh);
        // 100 and 150 are left out; (120 + 130 + 140) ÷ 3 = 130.
        assert_eq!((report.effective, report.benchmark.as_deref()), (5, Some("130.00")));
        assert_eq!((report.ranked[0].bid, report.ranked[0].total.to_string().as_str()), (id(4), "100.0000"));
        assert!(report.workings[0].zh.contains("否决1个"), "{}", report.workings[0].zh);
    }

    #[test]
    fn equals_among_the_candidates_are_drawn_and_the_draw_can_be_made_again() {
        let prices = ["130", "131", "129", "129", "100", "150"];
        let opened: Vec<_> = prices.into_iter().zip(1..).map(|(price, n)| bid(n, Some(price))).collect();
        let case = Case::works(opened, MEMBERS.map(|member| fails(member, &[])).to_vec());
        let report = case.report(1);
        // (130 + 131 + 129 + 129) ÷ 4 = 129.75: 129 loses 0.289, 130 loses 0.193.
        assert_eq!(report.ranked.iter().map(|bid| bid.rank).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(report.ranked[0].bid, id(1));
        let draw = &report.tie_draws[0];
        assert_eq!((draw.rank, &draw.tied), (2, &vec![id(3), id(4)]));
        let mut again = draw.tied.clone();
        let seed = Seed(hex::decode(&draw.seed).unwrap().try_into().unwrap());
        again.sort_by_key(|bid| seed.place(&bid.to_string()));
        assert_eq!(again, draw.drawn);
        assert_eq!(report.candidates, [&[id(1)], draw.drawn.as_slice()].concat());
        assert!(report.ranked[1].drawn && !report.ranked[0].drawn);
        assert_eq!(case.report(1).tie_draws, report.tie_draws);
        let other =
            (2..40).map(|seed| case.report(seed).candidates).find(|order| *order != report.candidates);
        assert!(other.is_some(), "chance decides");
        assert_eq!(repeated_prices(&case.opened), RepeatedPrices { prices: 1, bids: 2, most: 2 });
    }

    #[test]
    fn a_low_price_waits_for_more_than_half_of_the_committee() {
        let on = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let mut case = Case::goods(c1_sheets());
        case.opened[1].price = Some(yuan("400000"));
        let conforming: Vec<_> = case.opened.iter().collect();
        let ceiling = yuan("1150000").amount;
        let mut review = low_price_review(&conforming, ceiling, Lines::default(), on).unwrap();
        assert_eq!(
            review.caught.iter().map(|quote| quote.id.clone()).collect::<Vec<_>>(),
            [id(2).to_string()]
        );
        let refusal = low_price_closed(&review).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.extra["bids"][0].as_str()),
            (Code::LowPriceOpen, Some(id(2).to_string().as_str()))
        );
        let vote = |member, accepted| LowPriceVote {
            bid: id(2),
            member,
            accepted,
            reason: "无证明".into(),
            at: DateTime::UNIX_EPOCH,
        };
        let mut votes = vec![vote(1, false), vote(2, true), vote(3, false)];
        assert!(low_price_decisions(&review, &votes, 5).is_empty(), "two of five are no majority");
        votes.push(vote(4, false));
        review.decisions = low_price_decisions(&review, &votes, 5);
        assert!(low_price_closed(&review).is_ok());
        case.low_price = review;
        assert!(
            matches!(case.conclude(0).unwrap(), Conclusion::TooFew(2)),
            "two responding bids end a purchase"
        );
        case.least = 1;
        let report = case.report(0);
        assert_eq!(
            (report.rejected[0].by, report.rejected[0].ground.id.as_str()),
            (RejectedBy::LowPrice, "ALP")
        );
        let before = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        let review =
            low_price_review(&case.opened.iter().collect::<Vec<_>>(), ceiling, Lines::default(), before)
                .unwrap();
        assert_eq!(review, LowPriceReview::default());
    }

    #[test]
    fn a_sheet_covers_what_is_still_in_and_nothing_else() {
        let opened = c1_bids();
        let all: Vec<_> = opened.iter().collect();
        let pointers =
            |content: &NewSheet, technical, factors: &Factors, standing: &[&OpenedBid]| -> Vec<String> {
                match check_sheet(content, technical, factors, standing) {
                    Ok(()) => Vec::new(),
                    Err(rejection) => rejection.errors.into_iter().map(|error| error.pointer).collect(),
                }
            };
        let good = marks(1, &[(1, "40", "1"), (2, "0", "30.00"), (3, "1", "1")]).content;
        assert!(pointers(&good, Technical::Marked, &goods(), &all).is_empty());
        assert_eq!(pointers(&good, Technical::Marked, &goods(), &all[..2]), ["/marks/2/bidId"]);
        let bad = marks(1, &[(1, "40.01", "1"), (1, "1", "1")]).content;
        let wanted = ["/marks/0/marks/compliance", "/marks/1/bidId", "/marks"];
        assert_eq!(pointers(&bad, Technical::Marked, &goods(), &all), wanted);
        let pass = fails(1, &[1]).content;
        assert!(pointers(&pass, Technical::PassFail, &price_only(), &all).is_empty());
        assert_eq!(pointers(&pass, Technical::Marked, &goods(), &all), ["/marks"]);
        assert_eq!(pointers(&good, Technical::PassFail, &price_only(), &all)[0], "/technical");
        let twice = fails(1, &[1, 1, 9]).content;
        let wanted = ["/technical/fail/1/bidId", "/technical/fail/2/bidId"];
        assert_eq!(pointers(&twice, Technical::PassFail, &price_only(), &all), wanted);
        let read = serde_json::from_value::<NewSheet>(json!({"technical": {"default": "pass", "fail": []}}));
        assert!(read.is_ok_and(|sheet| sheet.marks.is_none()));
    }

    #[test]
    fn a_review_covers_every_opened_bid_and_says_why_not() {
        let opened = c1_bids();
        let verdict = |n, passes, reason: Option<&str>| QualificationVerdict {
            bid_id: id(n),
            passes,
            reason: reason.map(str::to_owned),
        };
        let check = |bids| check_qualification(&NewQualification { bids }, &opened);
        assert!(
            check(vec![verdict(1, true, None), verdict(2, true, None), verdict(3, false, Some("x"))]).is_ok()
        );
        let wrong = check(vec![verdict(1, false, Some(" ")), verdict(1, true, None)]).unwrap_err();
        let pointers: Vec<_> = wrong.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/bids/0/reason", "/bids/1/bidId", "/bids"]);
    }

    #[test]
    fn fifteen_hundred_bids_are_summed_in_moments() {
        let opened: Vec<_> =
            (1..=1525).map(|n| bid(n, Some(&format!("{}.{:02}", 100 + n % 50, n % 100)))).collect();
        let case = Case::works(opened, MEMBERS.map(|member| fails(member, &[5, 6, 7])).to_vec());
        let begun = std::time::Instant::now();
        let report = case.report(0);
        assert_eq!((report.effective, report.rejected.len()), (1522, 3));
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
