//! Pure decisions: in time or late, which revision may follow, what is wrong with an envelope, the root of the close.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    bids::model::{AtClose, BidState, LastBid},
    identity::SigningKey,
    kernel::{
        AllowedAction, Code, FieldError, LegalGround, Problem, Refusal, Rejection, Say,
        id::{BidId, OrganisationId},
        time::in_hall_zone,
    },
    seal::{Digest, Envelope, Flaw, SealError, TaggedDigest},
    tenders::{Part, Stages, TenderPhase},
};

/// How an intake stands at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Bids are taken in and may be withdrawn: t < T.
    Open,
    /// t ≥ T: refused, with a signed receipt (招标投标法 28).
    Late,
    /// Not a matter of time: the tender ended, or was not published.
    Shut(TenderPhase),
}

/// The gate at `at`, as read behind the intake's lock.
pub fn gate(phase: TenderPhase, deadline: DateTime<Utc>, at: DateTime<Utc>) -> Gate {
    match phase {
        TenderPhase::Draft | TenderPhase::Failed | TenderPhase::Terminated => Gate::Shut(phase),
        TenderPhase::Published if at < deadline => Gate::Open,
        _ => Gate::Late,
    }
}

fn ground(article: &str) -> LegalGround {
    let id = format!("TBL {article}");
    LegalGround { id, source: "招标投标法".into(), article: Some(article.into()), earliest: None }
}

/// The refusal of what came at or after the deadline, with its signed receipt.
pub fn late(receipt: &str) -> Refusal {
    let detail = Say::new(
        "已到投标截止时间，不予受理；receipt 为签名回执。",
        "The deadline has been reached; the signed receipt stands in receipt.",
    );
    Refusal::new(Code::BidLate, detail).by_rule(ground("28")).with("receipt", json!(receipt))
}

/// The refusal of a tender that takes no bids whatever the time.
pub fn shut(phase: TenderPhase) -> Refusal {
    phase.refuse(&Say::new("投标", "submit a bid"))
}

/// The signing key must be the bidder's own and valid at `at`.
///
/// # Errors
/// `bid-signer`.
pub fn signer_stands(
    key: Option<&SigningKey>,
    bidder: OrganisationId,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    if key.is_some_and(|key| key.organisation == bidder && key.is_valid_at(at)) {
        return Ok(());
    }
    let at = in_hall_zone(at);
    let detail = Say::new(
        format!("签名公钥未登记于该投标人，或于 {at} 不在有效期。"),
        format!("The signing key is not enrolled for this bidder, or not valid at {at}."),
    );
    let error = FieldError::new("/envelope/sig/key", "signer", format!("{} / {}", detail.zh, detail.en));
    Err(Rejection { code: Code::BidSigner, detail, errors: vec![error] }.into())
}

/// A bid that comes in is sealed for the policy in force; `replaced_by` is that policy where it is not the first. Bids that
/// came in before keep theirs.
///
/// # Errors
/// `bid-policy-replaced` with the digest of the policy in force.
pub fn for_policy_in_force(envelope: &Envelope, replaced_by: Option<Digest>) -> Result<(), Refusal> {
    let Some(in_force) = replaced_by.filter(|digest| *digest != envelope.policy_digest) else {
        return Ok(());
    };
    let detail = Say::new(
        "密封策略已更换，新递交的投标须按现行策略密封；此前已收的投标仍然有效。",
        "A later seal policy is in force and new bids are sealed for it; a bid taken in before keeps its place.",
    );
    Err(Refusal::new(Code::BidPolicyReplaced, detail).with("policyDigest", json!(in_force)))
}

/// The next revision must follow the last one, withdrawn or not, with a fresh key and nonce.
///
/// # Errors
/// `bid-revision` naming the revision and `prev` that are due; `bid-policy` for a key or nonce used before.
pub fn follows(envelope: &Envelope, last: Option<&LastBid>) -> Result<(), Problem> {
    let last = last.map(|bid| &bid.last);
    envelope.check_revision(last).map_err(|error| match error.flaw {
        Flaw::Revision | Flaw::Prev => {
            let due = last.map_or(1, |last| last.revision.saturating_add(1));
            let prev = last.map(|last| TaggedDigest::from(last.digest).to_string());
            Refusal::new(Code::BidRevision, error.flaw.say())
                .with("dueRevision", json!(due))
                .with("duePrev", json!(prev))
                .into()
        }
        _ => flawed(&error, "/envelope"),
    })
}

/// The problem that a flaw of a document at `pointer` means.
pub fn flawed(error: &SealError, pointer: &str) -> Problem {
    let detail = error.flaw.say();
    let code = match error.flaw {
        Flaw::PayloadTooLarge => Code::PayloadTooLarge,
        Flaw::Algorithm | Flaw::PublicKey | Flaw::Signature => Code::BidSignature,
        Flaw::PayloadSize | Flaw::PayloadHash | Flaw::PayloadFormat => Code::BidPayload,
        Flaw::Tender | Flaw::Lot | Flaw::Bid | Flaw::EnvelopeDigest => Code::BidTarget,
        Flaw::Bidder => Code::BidBidder,
        Flaw::Part | Flaw::PolicyDigest | Flaw::BidKey | Flaw::BidKeyReused | Flaw::Nonce | Flaw::Shares => {
            Code::BidPolicy
        }
        _ => Code::InvalidRequest,
    };
    let at = format!("{pointer}{}", error.flaw.pointer());
    let place = FieldError::new(at, error.flaw.name(), format!("{} / {}", detail.zh, detail.en));
    Rejection { code, detail, errors: vec![place] }.into()
}

/// The refusal of a ciphertext or one-time key that another bid of the tender already has.
pub fn duplicate() -> Refusal {
    let detail = Say::new(
        "该密文、密钥或信封已被受理过；请重新密封后提交。",
        "This ciphertext, key or envelope has been taken in before; seal anew.",
    );
    Refusal::new(Code::BidDuplicate, detail)
}

/// What a bidder may do next with a bid.
///
/// With `missing` parts it may hand these in; without them there is no bid at the deadline.
pub fn allowed_actions(
    state: BidState,
    gate: Gate,
    deadline: DateTime<Utc>,
    missing: &[Part],
) -> Vec<AllowedAction> {
    let open = match gate {
        Gate::Open => Ok(()),
        Gate::Late => {
            let detail = Say::new("已到投标截止时间。", "The deadline has been reached.");
            Err(Refusal::new(Code::BidLate, detail).by_rule(ground("29")))
        }
        Gate::Shut(phase) => Err(shut(phase)),
    };
    let stands = |states: &[BidState]| {
        if states.contains(&state) {
            return Ok(());
        }
        let detail = Say::new("该版投标已不在有效状态。", "This revision does not stand any more.");
        Err(Refusal::new(Code::WrongState, detail))
    };
    let act = |name: &str, states: &[BidState]| {
        let guard = open.clone().and_then(|()| stands(states)).map_err(Problem::from);
        AllowedAction::from_guard(name, &guard).until(deadline, "TBL 29")
    };
    let mut actions = vec![
        act("withdraw", &[BidState::Accepted]),
        act("replace", &[BidState::Accepted, BidState::Withdrawn]),
    ];
    if !missing.is_empty() {
        let guard = open.clone().map_err(Problem::from);
        actions.push(AllowedAction::from_guard("submitMissingParts", &guard).until(deadline, "O20 27"));
    }
    actions
}

/// The bids that stand at a close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorted {
    /// Bidders of whom every part is there: the number of bids.
    pub bids: usize,
    /// Parts of the others, which are taken as withdrawn.
    pub incomplete: Vec<BidId>,
}

/// Who has submitted a bid: whoever has all its parts in (电子招标投标办法 art 27). A bid that is not divided is complete.
pub fn sort_out(standing: &[AtClose], stages: &Stages) -> Sorted {
    let mut sets: BTreeMap<OrganisationId, Vec<Part>> = BTreeMap::new();
    for one in standing {
        sets.entry(one.bidder).or_default().push(one.part);
    }
    sets.retain(|_, parts| stages.missing(parts).is_empty());
    let incomplete = standing.iter().filter(|one| !sets.contains_key(&one.bidder)).map(|one| one.id);
    Sorted { incomplete: incomplete.collect(), bids: sets.len() }
}

/// Merkle tree hash of RFC 6962 over the envelopes' digests in order of acceptance.
pub fn merkle_root(digests: &[[u8; 32]]) -> [u8; 32] {
    match digests {
        [] => Sha256::digest([]).into(),
        [only] => Sha256::new().chain_update([0]).chain_update(only).finalize().into(),
        many => {
            // The largest power of two below the number.
            let half = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(half);
            Sha256::new()
                .chain_update([1])
                .chain_update(merkle_root(left))
                .chain_update(merkle_root(right))
                .finalize()
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn in_time_is_strictly_before_the_deadline() {
        let deadline = DateTime::from_timestamp(1_773_624_600, 0).unwrap();
        let before = deadline - TimeDelta::microseconds(1);
        assert_eq!(gate(TenderPhase::Published, deadline, before), Gate::Open);
        assert_eq!(gate(TenderPhase::Published, deadline, deadline), Gate::Late);
        for phase in TenderPhase::iter().filter(|phase| *phase != TenderPhase::Published) {
            assert_ne!(gate(phase, deadline, before), Gate::Open, "{phase}");
        }
    }

    #[test]
    fn a_bid_is_whoever_has_every_part_in() {
        use uuid::Uuid;
        let one = |n: u128, bidder: u128, part| AtClose {
            id: BidId(Uuid::from_u128(n)),
            bidder: OrganisationId(Uuid::from_u128(bidder)),
            part,
            digest: [0; 32],
        };
        let stages = Stages::new(Some(&[vec![Part::Technical], vec![Part::Price]]));
        let standing = [
            one(1, 7, Part::Price),
            one(2, 8, Part::Technical),
            one(3, 7, Part::Technical),
            one(4, 9, Part::Price),
        ];
        let sorted = sort_out(&standing, &stages);
        assert_eq!(sorted, Sorted { bids: 1, incomplete: vec![standing[1].id, standing[3].id] });
        let whole = sort_out(&[one(1, 7, Part::Whole), one(2, 8, Part::Whole)], &Stages::new(None));
        assert_eq!(whole, Sorted { bids: 2, incomplete: Vec::new() });
        assert_eq!(sort_out(&[], &stages).bids, 0);
    }

    #[test]
    fn the_root_is_that_of_rfc_6962() {
        let leaf = |n: u8| [n; 32];
        let hash = |prefix: u8, parts: &[[u8; 32]]| -> [u8; 32] {
            let mut hash = Sha256::new().chain_update([prefix]);
            for part in parts {
                hash.update(part);
            }
            hash.finalize().into()
        };
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex::encode(merkle_root(&[])), empty);
        assert_eq!(merkle_root(&[leaf(1)]), hash(0, &[leaf(1)]));
        let [a, b, c] = [leaf(1), leaf(2), leaf(3)].map(|one| hash(0, &[one]));
        assert_eq!(merkle_root(&[leaf(1), leaf(2), leaf(3)]), hash(1, &[hash(1, &[a, b]), c]));
        let [d, e] = [leaf(4), leaf(5)].map(|one| hash(0, &[one]));
        let four = hash(1, &[hash(1, &[a, b]), hash(1, &[c, d])]);
        assert_eq!(merkle_root(&[1, 2, 3, 4, 5].map(leaf)), hash(1, &[four, e]));
    }

    #[test]
    fn every_flaw_of_an_envelope_is_a_no_and_never_a_fault() {
        for flaw in Flaw::iter() {
            assert!(matches!(flawed(&flaw.into(), "/envelope"), Problem::Rejection(_)), "{}", flaw.name());
        }
    }
}
