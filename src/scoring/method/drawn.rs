//! What a benchmark of works leaves to chance: drawn in public once the bids are open, so that neither the buyer who
//! wrote the document nor the bidders who knew it can aim at it (rules C.7).
//!
//! One seed decides all. V3: λ is the candidate `c` with the lowest HMAC-SHA256(seed, "floatPercent|c"). V6 and V7: the
//! bids are ordered by HMAC-SHA256(seed, bid id); of those that the evaluation leaves standing, the first, or the
//! first so many, are taken. So the draw is over before anybody has judged a bid.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Averaging, EngComprehensive, Marks, Method, MethodText};
use crate::kernel::{Say, Seed};

/// The recorded draw. Anyone can make it again from the seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BenchmarkDraw {
    /// 32 random bytes in hexadecimal.
    pub seed: String,
    /// λ in percent, of a floating benchmark: the candidate `c` with the lowest HMAC-SHA256(seed, `floatPercent|c`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_percent: Option<Marks>,
    /// The opened bids by HMAC-SHA256(seed, bid id), where bids are drawn: effective bids are taken in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
}

impl BenchmarkDraw {
    /// What was drawn and how, for the opening record and the report.
    pub fn told(&self, method: &Method) -> Say {
        let seed = &self.seed;
        if let (Some(drawn), MethodText::EngComprehensive(works)) = (self.float_percent, method.text()) {
            let among = works.float_choices.iter().flatten().map(Marks::to_string).collect::<Vec<_>>();
            return Say::new(
                format!(
                    "开标时公开抽取 λ：候选 {}（%），取 HMAC-SHA256(种子 {seed}, \"floatPercent|候选值\") 最小者：{drawn}%",
                    among.join("、")
                ),
                format!(
                    "λ drawn at the opening among {} (%): the lowest HMAC-SHA256(seed {seed}, \"floatPercent|candidate\"): \
                     {drawn}%",
                    among.join(", ")
                ),
            );
        }
        Say::new(
            format!("开标时公开抽取投标次序：按 HMAC-SHA256(种子 {seed}, 投标编号) 升序，依次取有效投标"),
            format!(
                "Order of the bids drawn at the opening by HMAC-SHA256(seed {seed}, bid id) ascending; effective bids \
                 are taken in it"
            ),
        )
    }
}

impl Method {
    /// Whether the opening draws something for the benchmark.
    pub fn awaits_draw(&self) -> bool {
        self.chance().is_some()
    }

    fn chance(&self) -> Option<&EngComprehensive> {
        let MethodText::EngComprehensive(works) = self.text() else { return None };
        let drawn = match works.benchmark {
            Averaging::Floating => works.float_percent.is_none(),
            Averaging::ThreePart => works.three_part.as_ref().is_some_and(|parts| parts.draw),
            Averaging::RandomSample => true,
            Averaging::Mean | Averaging::TrimmedMean | Averaging::Composite | Averaging::Midpoint => false,
        };
        drawn.then_some(&**works)
    }

    /// Draws what the benchmark leaves to chance among `opened` bids; `None` where it leaves nothing.
    pub fn draw(&self, seed: Seed, opened: &[String]) -> Option<BenchmarkDraw> {
        let works = self.chance()?;
        let hex = seed.to_hex();
        if works.benchmark == Averaging::Floating {
            let choices = works.float_choices.iter().flatten().copied();
            let float_percent = choices.min_by_key(|choice| seed.place(&format!("floatPercent|{choice}")));
            return Some(BenchmarkDraw { seed: hex, float_percent, order: Vec::new() });
        }
        let mut order = opened.to_vec();
        order.sort_by_key(|id| seed.place(id));
        Some(BenchmarkDraw { seed: hex, float_percent: None, order })
    }

    /// The method with what was drawn, over the bids that stand.
    #[must_use]
    pub fn with_draw(&self, draw: &BenchmarkDraw, standing: &BTreeSet<String>) -> Self {
        let Some(works) = self.chance() else { return self.clone() };
        let mut works = works.clone();
        let mut taken = draw.order.iter().filter(|id| standing.contains(*id)).cloned();
        match works.benchmark {
            Averaging::Floating => works.float_percent = draw.float_percent,
            Averaging::ThreePart => {
                if let Some(parts) = &mut works.three_part {
                    parts.drawn = taken.next();
                }
            }
            _ => {
                if let Some(sample) = &mut works.sample {
                    sample.drawn = Some(taken.take(sample.size()).collect());
                }
            }
        }
        Self(MethodText::EngComprehensive(Box::new(works)))
    }
}
