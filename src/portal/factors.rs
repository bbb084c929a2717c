//! The scores of the factors that members mark, bidder by bidder: what a total is made of.

use super::{
    reader::Reader,
    results::{figure, name_of},
    view::{FactorHead, FactorRow, FactorTable},
};
use crate::{
    evaluation::{RankedBid, model::ReportView},
    scoring::factors::{Factor, Judgement, matter_name},
};

/// The table of `rows` over the document's factors; `None` where the committee marked none.
pub(super) fn table(
    reader: &Reader,
    factors: &[Factor],
    told: &ReportView,
    rows: &[&RankedBid],
) -> Option<FactorTable> {
    told.report.ranked.iter().find(|bid| !bid.items.is_empty())?;
    Some(FactorTable {
        heads: factors.iter().map(|factor| head(reader, factor)).collect(),
        rows: rows
            .iter()
            .map(|bid| FactorRow {
                rank: usize::try_from(bid.rank).unwrap_or(usize::MAX),
                bidder: name_of(&told.bidders, bid.bidder),
                scores: factors.iter().map(|factor| score(bid, factor)).collect(),
                total: figure(bid.total),
            })
            .collect(),
    })
}

fn head(reader: &Reader, factor: &Factor) -> FactorHead {
    FactorHead {
        name: matter_name(&factor.matter)
            .map_or_else(|| factor.key.clone(), |name| capital(&reader.says(&name))),
        weight: factor.weight.to_string(),
        judged: match factor.judged {
            Judgement::Computed => reader.w.judged_computed,
            Judgement::Objective => reader.w.judged_objective,
            Judgement::Subjective => reader.w.judged_subjective,
        },
    }
}

/// The word as a heading begins it.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn score(bid: &RankedBid, factor: &Factor) -> String {
    if factor.judged == Judgement::Computed {
        return figure(bid.price_score);
    }
    let item = bid.items.iter().find(|item| item.factor == factor.key);
    item.map_or_else(|| "—".to_owned(), |item| item.score.to_string())
}
