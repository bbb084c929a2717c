//! From totals to an order: equal totals by price, equal prices by a recorded draw.
//!
//! The draw itself is made elsewhere and handed in; here it can only settle the tie it was made for.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// Candidates that an evaluation recommends at most; a tie among them needs a draw.
pub const MOST_CANDIDATES: usize = 3;

/// What ranking looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contender {
    /// The offer's id.
    pub id: String,
    /// Total score.
    pub total: Decimal,
    /// Original quote in yuan (投标报价).
    pub price: Decimal,
}

/// Offers of one rank. More than one: a tie that a recorded draw separates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TieGroup {
    /// Rank of every offer in the group; one more than the number of offers before it.
    pub rank: usize,
    /// Their total.
    pub total: Decimal,
    /// Their original quote.
    pub price: Decimal,
    /// Their ids, ascending: the order in which a draw lists them.
    pub ids: Vec<String>,
}

/// Orders by total descending, then price ascending; what is equal in both stands in one group (令87 art 57).
pub fn rank(mut contenders: Vec<Contender>) -> Vec<TieGroup> {
    contenders.sort_by(|left, right| {
        (right.total.cmp(&left.total))
            .then_with(|| left.price.cmp(&right.price))
            .then_with(|| left.id.cmp(&right.id))
    });
    let mut groups: Vec<TieGroup> = Vec::new();
    for (before, contender) in contenders.into_iter().enumerate() {
        match groups.last_mut() {
            Some(group) if group.total == contender.total && group.price == contender.price => {
                group.ids.push(contender.id);
            }
            _ => groups.push(TieGroup {
                rank: before + 1,
                total: contender.total,
                price: contender.price,
                ids: vec![contender.id],
            }),
        }
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
        let contender = |id: &str, total: i64, price: i64| Contender {
            id: id.to_owned(),
            total: Decimal::new(total, 2),
            price: Decimal::from(price),
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
