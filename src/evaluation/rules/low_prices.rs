//! The abnormally-low check 异常低价 (C.5) and the committee's votes on it.

use std::collections::BTreeSet;

use crate::{
    evaluation::model::{LowPriceDecision, LowPriceReview, LowPriceVote},
    kernel::{Code, Problem, Refusal, Say, id::BidId, money::Amount},
    opening::OpenedBid,
    scoring::low_price::{self, Lines},
};

/// The abnormally-low check over the original quotes of conforming bids (C.5), by the lines of the document where the
/// law of the project knows such lines at all.
///
/// # Errors
/// Never within the grammar of amounts.
pub fn low_price_review(
    conforming: &[&OpenedBid],
    ceiling: Amount,
    lines: Option<Lines>,
) -> Result<LowPriceReview, Problem> {
    let Some(lines) = lines else { return Ok(LowPriceReview::default()) };
    let quotes: Vec<(String, Amount)> =
        conforming.iter().filter_map(|bid| Some((bid.bid.to_string(), bid.price?.amount))).collect();
    let caught = low_price::abnormally_low(&quotes, ceiling, lines).map_err(Problem::internal)?;
    Ok(LowPriceReview { applies: true, caught, decisions: Vec::new() })
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
