//! The preview's answer, laid open for reading.

use super::{Answer, Place};
use crate::{
    portal::reader::{Reader, grouped},
    scoring::{
        preview::{Preview, PreviewResult},
        score::Outcome,
    },
};

/// The answer in the reader's language.
pub(super) fn answer(found: &Preview, reader: &Reader) -> Answer {
    let w = reader.w;
    Answer {
        outcome: match found.outcome {
            Outcome::Ranked => w.outcome_ranked,
            Outcome::DrawNeeded => w.outcome_draw,
            Outcome::TooFew => w.outcome_few,
            Outcome::NoEffectiveOffer => w.outcome_none,
        }
        .to_owned(),
        benchmark: found.benchmark.as_deref().map(grouped),
        scored: found.results.iter().any(|result| result.total.is_some()),
        places: found.results.iter().map(|result| place(result, reader)).collect(),
        workings: found.workings.iter().map(|line| reader.says(line)).collect(),
    }
}

fn place(result: &PreviewResult, reader: &Reader) -> Place {
    let w = reader.w;
    let text = |value: &Option<String>| value.as_deref().map(grouped).unwrap_or_default();
    let mut working: Vec<String> = result.excluded.iter().map(|out| reader.says(&out.reason)).collect();
    working.extend(result.preference.iter().flat_map(|given| &given.reasons).map(|why| reader.says(why)));
    working.extend(result.working.clone());
    if result.tied {
        working.push(w.trial_tied.to_owned());
    }
    match result.entered {
        Some(true) => working.push(w.trial_entered.to_owned()),
        Some(false) => working.push(w.trial_eliminated.to_owned()),
        None => {}
    }
    Place {
        rank: result.rank.map(|rank| rank.to_string()).unwrap_or_default(),
        id: result.id.clone(),
        adjusted: text(&result.adjusted_price),
        score: result.price_score.clone().unwrap_or_default(),
        total: result.total.clone().unwrap_or_default(),
        working,
        leads: result.rank == Some(1),
    }
}
