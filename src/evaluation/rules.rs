//! What is found about bids and what it comes to. Pure: chance and time are handed in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    evaluation::model::{
        LowPriceDecision, LowPriceReview, LowPriceVote, NewQualification, NewSheet, QualificationVerdict, RankedBid,
        RejectedBid, RejectedBy, RepeatedPrices, Report, Sheet, TieDraw,
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
            wrong.add(format!("/bids/{at}/reason"), "不通过须说明理由（1 至 1000 字） / a reason of 1 to 1000 characters");
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
                let reason = Say::new(format!("资格审查不通过：{reason}"), format!("Not qualified: {reason}"));
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
                wrong.add(format!("/technical/fail/{at}/bidId"), "未知、已否决或重复的投标 / unknown, rejected or repeated bid");
            }
            if !(1..=LONGEST_REASON).contains(&failed.reason.trim().chars().count()) {
                wrong.add(format!("/technical/fail/{at}/reason"), "须说明理由（1 至 1000 字） / a reason of 1 to 1000 characters");
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
            wrong.add(format!("/marks/{at}/bidId"), "未知、已否决或重复的投标 / unknown, rejected or repeated bid");
        }
        for factor in factors.marked() {
            match bid.marks.get(&factor.key) {
                None => wrong.add(format!("/marks/{at}/marks/{}", factor.key), "缺少该因素的评分 / this factor is not marked"),
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
                reason: said_by_members("评标委员会半数以上认定不合格", "Failed by more than half of the committee", reasons),
            });
        }
    }
    Ok(rejected)
}

fn said_by_members(zh: &str, en: &str, reasons: &[(u32, &str)]) -> Say {
    let all = |name: &str, colon: &str, between: &str| {
        reasons.iter().map(|(member, why)| format!("{name}{member}{colon}{why}")).collect::<Vec<_>>().join(between)
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
pub fn low_price_decisions(review: &LowPriceReview, votes: &[LowPriceVote], members: u32) -> Vec<LowPriceDecision> {
    let decide = |id: &str| {
        let bid: BidId = id.parse().ok()?;
        let cast: Vec<&LowPriceVote> = votes.iter().filter(|vote| vote.bid == bid).collect();
        let most = |accepted| {
            let same = cast.iter().filter(|vote| vote.accepted == accepted).count();
            u32::try_from(same).is_ok_and(|same| same.saturating_mul(2) > members)
        };
        let accepted = if most(true) { true } else if most(false) { false } else { return None };
        let reasons: Vec<String> = cast.iter().map(|vote| format!("评委{}：{}", vote.member, vote.reason)).collect();
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
    let decided: BTreeSet<String> = review.decisions.iter().map(|decision| decision.bid.to_string()).collect();
    let waiting: Vec<&str> =
        review.caught.iter().map(|quote| quote.id.as_str()).filter(|id| !decided.contains(*id)).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let detail = Say::new(
        format!("{}份投标报价异常低，须由评审委员会就其说明作出决定。", waiting.len()),
        format!("{} bids are abnormally low; the committee must decide on their explanations.", waiting.len()),
    );
    Err(Refusal::new(Code::LowPriceOpen, detail).by_rule(low_price::ground()).with("bids", serde_json::json!(waiting)))
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
        let above = |bid: &&RejectedBid| bid.price.is_some_and(|price| price.value() > findings.ceiling.value());
        let above = rejected.iter().filter(|bid| bid.by == RejectedBy::System).filter(above);
        offers.extend(above.filter_map(|bid| {
            Some(Offer { id: bid.bid.to_string(), price: bid.price?.amount, deduction_percent: None, other_score: None })
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
        benchmark: scoring.benchmark.map(|benchmark| benchmark.printed()).transpose().map_err(Problem::internal)?,
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
fn sum_sheets(findings: &Findings<'_>, effective: &[&OpenedBid]) -> Result<HashMap<BidId, ItemScores>, Problem> {
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

fn offer(findings: &Findings<'_>, bid: &OpenedBid, other: Option<&ItemScores>) -> Result<Option<Offer>, Problem> {
    let Some(price) = bid.price else { return Ok(None) };
    let other_score = other
        .map(|scores| Marks::parse(&scores.sum.normalize().to_string()))
        .transpose()
        .map_err(|why| Problem::internal(anyhow::anyhow!("a sum of marks: {why}")))?;
    let purchase = matches!(findings.method.text(), MethodText::GpComprehensive(_));
    let small = purchase && bid.form.as_ref().and_then(|form| form.get(SMALL_ENTERPRISE)) == Some(&Value::Bool(true));
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
