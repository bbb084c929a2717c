//! Bids that take no part in the ranking, each with who said so and the ground.

use std::collections::{BTreeSet, HashMap};

use super::conclusion::Findings;
use crate::{
    evaluation::model::{QualificationVerdict, RejectedBid, RejectedBy, Sheet},
    kernel::{LegalGround, Money, Say, id::BidId},
    opening::{OpenedBid, Outcome},
    scoring::{
        low_price,
        sheets::{SheetFault, Vote, passes_by_majority},
    },
};

/// The rules that rejections stand on, as the law of the tender's day has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// Bids that must be rejected or are invalid (条例 art 51; 财政部令87 art 63).
    pub invalid: LegalGround,
    /// Review of qualification by the purchaser (财政部令87 art 44).
    pub qualification: LegalGround,
}

pub(super) fn open(bids: &[OpenedBid]) -> impl Iterator<Item = &OpenedBid> {
    bids.iter().filter(|bid| bid.outcome == Outcome::Opened)
}

/// Bids that take no part from the start on: not qualified, without a price, or above the ceiling by their original
/// quote. In the order of receipt, one ground each. Without a ceiling prices are sealed yet and nobody judges them.
pub fn screen(
    opened: &[OpenedBid],
    ceiling: Option<Money>,
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
            if let Some(reason) = failed.get(&bid.bid) {
                let reason =
                    Say::new(format!("资格审查不通过：{reason}"), format!("Not qualified: {reason}"));
                return Some(rejected(bid, RejectedBy::Purchaser, &grounds.qualification, reason));
            }
            by_price(bid, ceiling?, grounds)
        })
        .collect()
}

fn rejected(bid: &OpenedBid, by: RejectedBy, ground: &LegalGround, reason: Say) -> RejectedBid {
    RejectedBid { bid: bid.bid, bidder: bid.bidder, price: bid.price, by, ground: ground.clone(), reason }
}

/// What the system rejects by the price alone.
fn by_price(bid: &OpenedBid, ceiling: Money, grounds: &Grounds) -> Option<RejectedBid> {
    let reason = price_fault(bid.price, ceiling)?;
    Some(rejected(bid, RejectedBy::System, &grounds.invalid, reason))
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
    let mut failed = Vec::new();
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
            let reason = said_by_members(
                "评标委员会半数以上认定不合格",
                "Failed by more than half of the committee",
                reasons,
            );
            failed.push(rejected(bid, RejectedBy::Committee, &grounds.invalid, reason));
        }
    }
    Ok(failed)
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

/// Screening, then the committee's votes, then prices that were sealed at the screening, then unexplained low prices; in the
/// order of receipt.
pub(super) fn all_rejections(findings: &Findings<'_>) -> Result<Vec<RejectedBid>, SheetFault> {
    let in_question = standing(findings.opened, findings.screening);
    let mut rejected = findings.screening.to_vec();
    rejected.extend(failed_by_committee(findings.members, findings.sheets, &in_question, &findings.grounds)?);
    let priced = standing(findings.opened, &rejected);
    rejected.extend(priced.iter().filter_map(|bid| by_price(bid, findings.ceiling, &findings.grounds)));
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
