//! Draws among bids equal in total and price, where a place matters.

use std::collections::{BTreeMap, HashMap};

use super::conclusion::{bid_id, count};
use crate::{
    evaluation::model::TieDraw,
    kernel::{Problem, Say, Seed, id::BidId},
    scoring::ranking,
};

/// Rank and whether drawn, by the offer's id.
pub(super) type Places = HashMap<String, (u32, bool)>;

/// Parts the ties among the first `most` places by the seed; ties below keep their common rank.
pub(super) fn place(
    groups: &[ranking::TieGroup],
    most: usize,
    seed: &Seed,
) -> (Places, BTreeMap<usize, Vec<String>>) {
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

pub(super) fn tie_draws(
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

pub(super) fn tell_draw(draw: &TieDraw, scored: bool) -> Say {
    let (equal_zh, equal_en) = if scored {
        ("总分和报价均相同", "equal in total and price")
    } else {
        ("评审价格相同", "equal in adjusted price")
    };
    let order = |between: &str| draw.drawn.iter().map(BidId::to_string).collect::<Vec<_>>().join(between);
    Say::new(
        format!(
            "第{}名{equal_zh}{}家，抽签：按 HMAC-SHA256(种子 {}, 投标编号) 升序，结果 {}",
            draw.rank,
            draw.tied.len(),
            draw.seed,
            order("、")
        ),
        format!(
            "Rank {}: {} {equal_en}; drawn by HMAC-SHA256(seed {}, bid id) ascending: {}",
            draw.rank,
            draw.tied.len(),
            draw.seed,
            order(", ")
        ),
    )
}
