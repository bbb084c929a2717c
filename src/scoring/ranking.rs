//! From totals or prices to an order: equals by the next merit, and what is equal in all by a recorded draw.
//!
//! The draw itself is made elsewhere and handed in; here it can only settle the tie it was made for.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// What ranking looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contender {
    /// The offer's id.
    pub id: String,
    /// What is compared, one after the other: the greater stands before.
    pub merits: [Decimal; 3],
}

impl Contender {
    /// By total, then the lower price, then the technical score (令87 art 57; 财库〔2014〕214号 art 25).
    pub fn by_score(id: &str, total: Decimal, price: Decimal, technical: Decimal) -> Self {
        Self { id: id.to_owned(), merits: [total, -price, technical] }
    }

    /// By the lower evaluated price, then the technical score.
    pub fn by_price(id: &str, evaluated: Decimal, technical: Decimal) -> Self {
        Self { id: id.to_owned(), merits: [-evaluated, technical, Decimal::ZERO] }
    }

    /// By the higher quality score.
    pub fn by_quality(id: &str, quality: Decimal) -> Self {
        Self { id: id.to_owned(), merits: [quality, Decimal::ZERO, Decimal::ZERO] }
    }
}

/// Offers of one rank. More than one: a tie that a recorded draw separates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TieGroup {
    /// Rank of every offer in the group; one more than the number of offers before it.
    pub rank: usize,
    /// Their ids, ascending: the order in which a draw lists them.
    pub ids: Vec<String>,
}

/// Orders by merits, the greater before; what is equal in all stands in one group.
pub fn rank(mut contenders: Vec<Contender>) -> Vec<TieGroup> {
    contenders.sort_by(|left, right| right.merits.cmp(&left.merits).then_with(|| left.id.cmp(&right.id)));
    let mut groups: Vec<TieGroup> = Vec::new();
    let mut before: Option<[Decimal; 3]> = None;
    for (place, Contender { id, merits }) in contenders.into_iter().enumerate() {
        match groups.last_mut().filter(|_| before == Some(merits)) {
            Some(group) => group.ids.push(id),
            None => groups.push(TieGroup { rank: place + 1, ids: vec![id] }),
        }
        before = Some(merits);
    }
    groups
}

/// Why the first places cannot be named yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undrawn {
    /// A tie that no recorded draw covers.
    #[error("the tie at rank {rank} awaits a draw")]
    Missing {
        /// Rank of the tied group.
        rank: usize,
    },
    /// The recorded order does not name exactly the tied offers, each once.
    #[error("the draw recorded for rank {rank} does not name the tied offers")]
    Foreign {
        /// Rank of the tied group.
        rank: usize,
    },
}

/// The first `places` offers in order. `draws` holds, by rank of a tied group, the order a recorded draw gave;
/// ties below the places asked for need none.
///
/// # Errors
/// A tie among the places without a draw, or a draw that names other offers.
pub fn candidates(
    groups: &[TieGroup],
    draws: &BTreeMap<usize, Vec<String>>,
    places: usize,
) -> Result<Vec<String>, Undrawn> {
    let mut order = Vec::new();
    for group in groups.iter().filter(|group| group.rank <= places) {
        if group.ids.len() == 1 {
            order.extend(group.ids.iter().cloned());
            continue;
        }
        let drawn = draws.get(&group.rank).ok_or(Undrawn::Missing { rank: group.rank })?;
        let mut sorted = drawn.clone();
        sorted.sort();
        if sorted != group.ids {
            return Err(Undrawn::Foreign { rank: group.rank });
        }
        order.extend(drawn.iter().cloned());
    }
    order.truncate(places);
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_draw_settles_exactly_its_tie() {
        let contender = |id: &str, total: i64, price: i64| {
            Contender::by_score(id, Decimal::new(total, 2), Decimal::from(price), Decimal::ZERO)
        };
        let groups = rank(vec![
            contender("z", 9000, 7),
            contender("y", 9000, 7),
            contender("x", 9000, 6),
            contender("w", 100, 1),
            contender("v", 100, 1),
        ]);
        assert_eq!(groups.iter().map(|it| it.rank).collect::<Vec<_>>(), [1, 2, 4]);
        let drawn = |order: [&str; 2]| BTreeMap::from([(2, order.map(str::to_owned).to_vec())]);
        assert_eq!(candidates(&groups, &drawn(["z", "y"]), 3).unwrap(), ["x", "z", "y"]);
        assert_eq!(candidates(&groups, &BTreeMap::new(), 3), Err(Undrawn::Missing { rank: 2 }));
        assert_eq!(candidates(&groups, &drawn(["z", "w"]), 3), Err(Undrawn::Foreign { rank: 2 }));
        assert_eq!(candidates(&groups, &drawn(["z", "z"]), 3), Err(Undrawn::Foreign { rank: 2 }));
        assert_eq!(candidates(&groups, &BTreeMap::new(), 1).unwrap(), ["x"]);
    }
}
