//! The draw itself: who may be drawn, and in which order chance puts them. Pure.
//!
//! Order within a specialty: HMAC-SHA256(seed, specialty ‖ "|" ‖ pseudonym), ascending as bytes. Slots are filled
//! in the order of the request; who is drawn for one is passed over for the next.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::{
    Code, Refusal, Say, Seed,
    id::{AccountId, DrawId, OrganisationId},
};

/// So many experts of one specialty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrawSlot {
    /// A word of the hall's list of specialties.
    #[schema(example = "municipalWorks")]
    pub specialty: String,
    /// How many, 1 to 25.
    #[schema(minimum = 1, maximum = 25)]
    pub count: u32,
}

/// An expert of one of the wanted specialties, as looked up for a draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The expert.
    pub expert: Uuid,
    /// The account.
    pub account: AccountId,
    /// Unit by organisation, where known.
    pub unit: Option<OrganisationId>,
    /// Unit by name.
    pub unit_name: String,
    /// Specialties.
    pub specialties: Vec<String>,
    /// Whether the expert is active in the pool.
    pub active: bool,
    /// Sits on another committee whose work is not done (EX-21).
    pub busy: bool,
    /// The person takes another side in the project (SOD-1).
    pub other_side: bool,
    /// Was drawn for this tender before.
    pub drawn_before: bool,
}

/// A body whose people are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// By id, where it is an organisation of the hall.
    pub organisation: Option<OrganisationId>,
    /// By name.
    pub name: String,
}

impl Body {
    /// Whether an expert's unit is this body: the same organisation, or the same name but for spaces.
    pub fn is_unit(&self, unit: Option<OrganisationId>, unit_name: &str) -> bool {
        let plain = |name: &str| -> String { name.chars().filter(|c| !c.is_whitespace()).collect() };
        (self.organisation.is_some() && self.organisation == unit) || plain(&self.name) == plain(unit_name)
    }
}

/// Why somebody is not in the pool of a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExclusionReason {
    /// Paused in or removed from the pool.
    NotActive,
    /// Works for the purchaser or the agency (EX-14).
    OwnUnit,
    /// Works for a unit that the purchaser named (EX-9).
    AvoidedUnit,
    /// Sits on another committee.
    Busy,
    /// Takes another side in the project.
    OtherSide,
    /// Was drawn for this tender before.
    DrawnBefore,
}

/// Somebody in the pool, under a pseudonym that belongs to this draw alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolEntry {
    /// What chance is drawn over.
    pub pseudonym: String,
    /// The expert.
    pub expert: Uuid,
    /// The account.
    pub account: AccountId,
    /// Specialties.
    pub specialties: Vec<String>,
}

/// Somebody left out, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeftOut)]
pub struct Exclusion {
    /// The expert.
    pub expert: Uuid,
    /// Why.
    pub reason: ExclusionReason,
}

/// Name of an expert within one draw: it tells nothing outside it.
pub fn pseudonym(draw: DrawId, expert: Uuid) -> String {
    let digest = Sha256::digest(format!("tenderhall-draw-pseudonym-v1\n{draw}\n{expert}"));
    hex::encode(digest.iter().take(10).copied().collect::<Vec<u8>>())
}

/// Freezes the pool, ordered by pseudonym, and says who is left out and why.
pub fn freeze(
    draw: DrawId,
    candidates: &[Candidate],
    own: &[Body],
    avoided: &[Body],
) -> (Vec<PoolEntry>, Vec<Exclusion>) {
    let mut pool = Vec::new();
    let mut out = Vec::new();
    for candidate in candidates {
        match exclusion(candidate, own, avoided) {
            Some(reason) => out.push(Exclusion { expert: candidate.expert, reason }),
            None => pool.push(PoolEntry {
                pseudonym: pseudonym(draw, candidate.expert),
                expert: candidate.expert,
                account: candidate.account,
                specialties: candidate.specialties.clone(),
            }),
        }
    }
    pool.sort_by(|left, right| left.pseudonym.cmp(&right.pseudonym));
    out.sort_by_key(|one| one.expert);
    (pool, out)
}

fn exclusion(candidate: &Candidate, own: &[Body], avoided: &[Body]) -> Option<ExclusionReason> {
    let works_for =
        |bodies: &[Body]| bodies.iter().any(|body| body.is_unit(candidate.unit, &candidate.unit_name));
    [
        (!candidate.active, ExclusionReason::NotActive),
        (candidate.drawn_before, ExclusionReason::DrawnBefore),
        (works_for(own), ExclusionReason::OwnUnit),
        (works_for(avoided), ExclusionReason::AvoidedUnit),
        (candidate.other_side, ExclusionReason::OtherSide),
        (candidate.busy, ExclusionReason::Busy),
    ]
    .into_iter()
    .find_map(|(holds, reason)| holds.then_some(reason))
}

/// One drawn person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// From the pool.
    pub expert: Uuid,
    /// The account.
    pub account: AccountId,
    /// Drawn for.
    pub specialty: String,
    /// Place in the specialty's order, from 1; the first `count` sit, the others are substitutes.
    pub rank: u32,
    /// Whether a substitute.
    pub reserve: bool,
}

/// Makes the draw: members for every slot first, then up to `reserves` substitutes for each.
///
/// # Errors
/// `pool-too-small` naming the specialty that cannot be filled.
pub fn draw(
    pool: &[PoolEntry],
    slots: &[DrawSlot],
    reserves: u32,
    seed: &Seed,
) -> Result<Vec<Drawn>, Refusal> {
    let mut taken = BTreeSet::new();
    let mut drawn = Vec::new();
    for reserve in [false, true] {
        for slot in slots {
            let wanted = if reserve { reserves } else { slot.count };
            let already = if reserve { slot.count } else { 0 };
            let mut ordered: Vec<&PoolEntry> = pool
                .iter()
                .filter(|entry| !taken.contains(&entry.expert) && entry.specialties.contains(&slot.specialty))
                .collect();
            ordered.sort_by_key(|entry| seed.place(&format!("{}|{}", slot.specialty, entry.pseudonym)));
            let available = u32::try_from(ordered.len()).unwrap_or(u32::MAX);
            if !reserve && available < wanted {
                return Err(too_small(&slot.specialty, wanted, available));
            }
            for (entry, place) in ordered.into_iter().zip(1..=wanted) {
                taken.insert(entry.expert);
                drawn.push(Drawn {
                    expert: entry.expert,
                    account: entry.account,
                    specialty: slot.specialty.clone(),
                    rank: already + place,
                    reserve,
                });
            }
        }
    }
    Ok(drawn)
}

fn too_small(specialty: &str, wanted: u32, available: u32) -> Refusal {
    let detail = Say::new(
        format!("专业“{specialty}”可抽取的专家不足：需要 {wanted} 人，可抽取 {available} 人。"),
        format!("Too few experts of {specialty} may be drawn: {wanted} wanted, {available} left."),
    );
    Refusal::new(Code::PoolTooSmall, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(n: u128, specialty: &str) -> Candidate {
        Candidate {
            expert: Uuid::from_u128(n),
            account: AccountId(Uuid::from_u128(1000 + n)),
            unit: None,
            unit_name: format!("单位{n}"),
            specialties: vec![specialty.to_owned()],
            active: true,
            busy: false,
            other_side: false,
            drawn_before: false,
        }
    }

    fn body(name: &str) -> Body {
        Body { organisation: None, name: name.to_owned() }
    }

    fn slots() -> Vec<DrawSlot> {
        vec![
            DrawSlot { specialty: "municipalWorks".into(), count: 3 },
            DrawSlot { specialty: "cost".into(), count: 2 },
        ]
    }

    fn many() -> Vec<Candidate> {
        (1..=20).map(|n| candidate(n, if n % 2 == 0 { "cost" } else { "municipalWorks" })).collect()
    }

    #[test]
    fn a_draw_can_be_made_again_and_hangs_on_the_seed() {
        let draw_id = DrawId(Uuid::from_u128(9));
        let (pool, _) = freeze(draw_id, &many(), &[], &[]);
        let mut backwards = many();
        backwards.reverse();
        assert_eq!(freeze(draw_id, &backwards, &[], &[]).0, pool, "the pool is ordered whatever comes in");
        let once = draw(&pool, &slots(), 2, &Seed([7; 32])).unwrap();
        assert_eq!(draw(&pool, &slots(), 2, &Seed([7; 32])).unwrap(), once);
        assert_ne!(draw(&pool, &slots(), 2, &Seed([8; 32])).unwrap(), once);
        let members: Vec<_> = once.iter().filter(|one| !one.reserve).collect();
        assert_eq!(members.len(), 5);
        assert_eq!(once.len(), 9, "two substitutes a specialty");
        let people: BTreeSet<_> = once.iter().map(|one| one.expert).collect();
        assert_eq!(people.len(), once.len(), "nobody sits twice");
        // The order that anyone makes again from pool and seed by hand.
        let first = pool
            .iter()
            .filter(|entry| entry.specialties == ["municipalWorks"])
            .min_by_key(|entry| Seed([7; 32]).place(&format!("municipalWorks|{}", entry.pseudonym)))
            .unwrap();
        assert_eq!(members[0].expert, first.expert);
    }

    #[test]
    fn who_may_not_sit_is_left_out_with_the_reason() {
        use ExclusionReason as R;
        let mut all = many();
        all[0].active = false;
        all[1].unit_name = "甲 采购中心".into();
        all[2].unit = Some(OrganisationId(Uuid::from_u128(77)));
        all[3].busy = true;
        all[4].other_side = true;
        all[5].drawn_before = true;
        let named =
            Body { organisation: Some(OrganisationId(Uuid::from_u128(77))), name: "乙公司".into() };
        let (pool, out) = freeze(DrawId(Uuid::nil()), &all, &[body("甲采购中心")], &[named]);
        assert_eq!(pool.len(), 14);
        let reasons: Vec<_> = out.iter().map(|one| one.reason).collect();
        assert_eq!(
            reasons,
            [R::NotActive, R::OwnUnit, R::AvoidedUnit, R::Busy, R::OtherSide, R::DrawnBefore]
        );
        assert!(pool.iter().all(|entry| out.iter().all(|left| left.expert != entry.expert)));
    }

    #[test]
    fn a_pool_too_small_is_refused_and_names_the_specialty() {
        let (pool, _) = freeze(DrawId(Uuid::nil()), &[candidate(1, "cost"), candidate(2, "cost")], &[], &[]);
        let refusal = draw(&pool, &slots(), 2, &Seed([1; 32])).unwrap_err();
        assert_eq!(refusal.code, Code::PoolTooSmall);
        assert!(refusal.detail.en.contains("municipalWorks"), "{}", refusal.detail.en);
        let cost = [DrawSlot { specialty: "cost".into(), count: 2 }];
        assert_eq!(draw(&pool, &cost, 2, &Seed([1; 32])).unwrap().len(), 2, "substitutes as far as they go");
    }

    #[test]
    fn an_expert_of_two_specialties_is_drawn_once() {
        let mut all = vec![candidate(1, "cost"), candidate(2, "cost"), candidate(3, "municipalWorks")];
        all[0].specialties = vec!["municipalWorks".into(), "cost".into()];
        let (pool, _) = freeze(DrawId(Uuid::nil()), &all, &[], &[]);
        let slots = [
            DrawSlot { specialty: "municipalWorks".into(), count: 2 },
            DrawSlot { specialty: "cost".into(), count: 1 },
        ];
        let drawn = draw(&pool, &slots, 0, &Seed([3; 32])).unwrap();
        assert_eq!(drawn[2].expert, Uuid::from_u128(2));
    }
}
