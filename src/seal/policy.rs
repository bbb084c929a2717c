//! Seal policy: who must come together to open a bid, agreed before the notice and printed on it by digest.
//!
//! There is no deadline inside: deadlines move, keys do not. A clause is a set of holders who together can
//! open a bid; any one clause is enough. `bidder` is always known; every other member has age recipients.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::flaw::{Flaw, SealError, ensure};
use super::shares::has_shares;
use super::wire::{Digest, IdText, V1, Word, canonical, read_json, sha256};

/// Domain line of the policy digest.
pub const POLICY_DOMAIN: &str = "tenderhall-seal-policy-v1\n";
/// Longest policy document, in bytes.
pub const POLICY_LIMIT: usize = 64 * 1024;
/// The member that is the bidder itself.
pub const BIDDER: &str = "bidder";
/// The member that hosts: the mandated agency, or the purchaser where there is none.
pub const AGENCY: &str = "agency";
/// The member that is the trading centre.
pub const CENTRE: &str = "centre";
/// The member that is the supervision office.
pub const SUPERVISOR: &str = "supervisor";
/// The three bodies that hold shares beside the bidder, in the order of their clause.
pub const BODIES: [&str; 3] = [AGENCY, CENTRE, SUPERVISOR];
/// Ciphertext limit of one part while it travels in the submission itself: 1 MiB.
pub const INLINE_LIMIT: u64 = 1024 * 1024;
/// Highest `max_part_bytes` a policy may name: 1 TiB, so that numbers stay exact in every JSON reader.
const MAX_LIMIT: u64 = 1 << 40;
const MAX_MEMBERS: usize = 16;
const MAX_RECIPIENTS: usize = 16;
const MAX_PARTS: usize = 16;
const MAX_CLAUSES: usize = 16;
const MAX_HOLDERS: usize = 6;

/// Cryptographic suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Suite {
    /// age v1 files to X25519 recipients.
    #[serde(rename = "age-x25519-v1")]
    AgeX25519V1,
}

/// A holder of shares other than the bidder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShareHolder)]
pub struct Member {
    /// age recipients of the member's officers; any one of them can read the member's share.
    pub recipients: Vec<String>,
}

/// The policy as written. [`CheckedPolicy`] is the one to work with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SealPolicy)]
pub struct Policy {
    /// Always 1.
    pub v: V1,
    /// Tender.
    pub tender: IdText,
    /// Lot of the tender.
    pub lot: IdText,
    /// 1, 2, …: a new number whenever holders change before the deadline.
    pub policy_no: u32,
    /// Suite.
    pub suite: Suite,
    /// Holders besides the bidder.
    #[serde(deserialize_with = "unique_members")]
    #[schema(value_type = BTreeMap<String, Member>)]
    pub members: BTreeMap<Word, Member>,
    /// Parts a bid consists of, each in its own envelope.
    pub parts: Vec<Word>,
    /// Sets of holders, any one of which opens a bid.
    pub clauses: Vec<Vec<Word>>,
    /// Most bytes of one part's ciphertext.
    pub max_part_bytes: u64,
}

/// A map that refuses a repeated member; serde would keep the last one silently.
fn unique_members<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Word, Member>, D::Error> {
    struct Members;
    impl<'de> de::Visitor<'de> for Members {
        type Value = BTreeMap<Word, Member>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object of members")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut members = BTreeMap::new();
            while let Some((name, member)) = entries.next_entry::<Word, Member>()? {
                if members.insert(name, member).is_some() {
                    return Err(de::Error::custom("a member repeats"));
                }
            }
            Ok(members)
        }
    }
    from.deserialize_map(Members)
}

fn distinct(words: &[Word]) -> bool {
    words.iter().collect::<BTreeSet<_>>().len() == words.len()
}

/// Whether `text` is an age X25519 recipient in its one canonical spelling.
pub fn is_recipient(text: &str) -> bool {
    text.len() == 62 && text.parse::<age::x25519::Recipient>().is_ok_and(|key| key.to_string() == text)
}

impl Policy {
    /// The policy of a tender whose bidders keep their own secrets: one clause, one part, no shares.
    ///
    /// # Errors
    /// Never for the words used here; the type keeps the caller from a hidden panic.
    pub fn bidder_only(tender: IdText, lot: IdText, policy_no: u32) -> Result<CheckedPolicy, SealError> {
        let word = |text: &str| text.parse::<Word>().map_err(|cause| Flaw::Malformed.because(cause));
        CheckedPolicy::new(Self {
            v: V1,
            tender,
            lot,
            policy_no,
            suite: Suite::AgeX25519V1,
            members: BTreeMap::new(),
            parts: vec![word("whole")?],
            clauses: vec![vec![word(BIDDER)?]],
            max_part_bytes: INLINE_LIMIT,
        })
    }

    /// The policy of a tender whose bids are shared out: bidder and agency, bidder and centre, or all three bodies.
    ///
    /// # Errors
    /// [`Flaw::Members`] for a body without usable recipients.
    pub fn shared(
        tender: IdText,
        lot: IdText,
        policy_no: u32,
        bodies: [Vec<String>; 3],
    ) -> Result<CheckedPolicy, SealError> {
        let word = |text: &str| text.parse::<Word>().map_err(|cause| Flaw::Malformed.because(cause));
        let clause = |names: &[&str]| names.iter().copied().map(word).collect::<Result<Vec<_>, _>>();
        let members = BODIES.into_iter().zip(bodies);
        CheckedPolicy::new(Self {
            v: V1,
            tender,
            lot,
            policy_no,
            suite: Suite::AgeX25519V1,
            members: members
                .map(|(name, recipients)| Ok((word(name)?, Member { recipients })))
                .collect::<Result<_, SealError>>()?,
            parts: vec![word("whole")?],
            clauses: vec![clause(&[BIDDER, AGENCY])?, clause(&[BIDDER, CENTRE])?, clause(&BODIES)?],
            max_part_bytes: INLINE_LIMIT,
        })
    }

    fn check(&self) -> Result<(), SealError> {
        ensure(self.policy_no >= 1, Flaw::Malformed)?;
        ensure((1..=MAX_LIMIT).contains(&self.max_part_bytes), Flaw::Limit)?;
        ensure((1..=MAX_PARTS).contains(&self.parts.len()) && distinct(&self.parts), Flaw::Parts)?;
        ensure(self.members.len() <= MAX_MEMBERS, Flaw::Members)?;
        for (name, member) in &self.members {
            let keys = &member.recipients;
            let unique = keys.iter().collect::<BTreeSet<_>>().len() == keys.len();
            let held = (1..=MAX_RECIPIENTS).contains(&keys.len()) && keys.iter().all(|key| is_recipient(key));
            ensure(name.as_str() != BIDDER && unique && held, Flaw::Members)?;
        }
        ensure((1..=MAX_CLAUSES).contains(&self.clauses.len()), Flaw::Clauses)?;
        for clause in &self.clauses {
            let known = |name: &Word| name.as_str() == BIDDER || self.members.contains_key(name);
            ensure((1..=MAX_HOLDERS).contains(&clause.len()), Flaw::Clauses)?;
            ensure(distinct(clause) && clause.iter().all(known), Flaw::Clauses)?;
        }
        Ok(())
    }

    /// The `(clause, member)` pairs an envelope must carry shares for, in their order.
    ///
    /// A clause of the bidder alone has none: the bidder keeps the secret itself.
    pub fn expected_shares(&self) -> Vec<(usize, &Word)> {
        let clauses = self.clauses.iter().enumerate().filter(|(_, clause)| has_shares(clause));
        clauses.flat_map(|(at, clause)| clause.iter().map(move |member| (at, member))).collect()
    }
}

/// A policy whose rules hold, with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPolicy {
    policy: Policy,
    digest: Digest,
}

impl CheckedPolicy {
    /// Checks every bound and computes the digest.
    ///
    /// # Errors
    /// [`Flaw::Members`], [`Flaw::Parts`], [`Flaw::Clauses`], [`Flaw::Limit`], [`Flaw::TooLarge`].
    pub fn new(policy: Policy) -> Result<Self, SealError> {
        policy.check()?;
        let text = canonical(&policy)?;
        ensure(text.len() <= POLICY_LIMIT, Flaw::TooLarge)?;
        let digest = Digest(sha256(&[POLICY_DOMAIN.as_bytes(), &text]));
        Ok(Self { policy, digest })
    }

    /// Reads a policy document, canonical or not; the digest is over the canonical form.
    ///
    /// # Errors
    /// As [`CheckedPolicy::new`], and [`Flaw::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, SealError> {
        Self::new(read_json(bytes, POLICY_LIMIT)?)
    }

    /// The same policy for bids of these parts, of at most `max_part_bytes` of ciphertext each.
    ///
    /// # Errors
    /// [`Flaw::Parts`], [`Flaw::Limit`].
    pub fn for_bids(self, parts: Vec<Word>, max_part_bytes: u64) -> Result<Self, SealError> {
        Self::new(Policy { parts, max_part_bytes, ..self.policy })
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// `SHA-256("tenderhall-seal-policy-v1\n" ‖ JCS)`, the number printed on the notice.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The canonical bytes that the digest covers.
    ///
    /// # Errors
    /// None in practice: a checked policy has a canonical form.
    pub fn canonical(&self) -> Result<Vec<u8>, SealError> {
        canonical(&self.policy)
    }
}

/// What the seal-policy call answers: the policy and its digest to compare with the notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SealPolicyAnswer {
    /// The policy, in the member names of its own format.
    pub policy: Policy,
    /// Its digest.
    pub policy_digest: Digest,
}

impl From<&CheckedPolicy> for SealPolicyAnswer {
    fn from(checked: &CheckedPolicy) -> Self {
        Self { policy: checked.policy.clone(), policy_digest: checked.digest }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    fn full() -> Value {
        json!({"v":1,"tender":"T-1","lot":"1","policy_no":1,"suite":"age-x25519-v1",
            "members":{"agency":{"recipients":[KEY]},"centre":{"recipients":[KEY]}},
            "parts":["technical","price"],"clauses":[["bidder","agency"],["agency","centre"],["bidder"]],
            "max_part_bytes":209715200})
    }

    fn flaw(change: impl Fn(&mut Value)) -> Flaw {
        let mut value = full();
        change(&mut value);
        CheckedPolicy::read(value.to_string().as_bytes()).unwrap_err().flaw
    }

    #[test]
    fn the_general_form_holds_and_names_its_shares() {
        let checked = CheckedPolicy::read(full().to_string().as_bytes()).unwrap();
        let shares: Vec<_> =
            checked.policy().expected_shares().into_iter().map(|(at, name)| format!("{at} {name}")).collect();
        assert_eq!(shares, ["0 bidder", "0 agency", "1 agency", "1 centre"]);
        let simple = Policy::bidder_only("T-1".parse().unwrap(), "1".parse().unwrap(), 1).unwrap();
        assert!(simple.policy().expected_shares().is_empty());
        let parts = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        let divided = simple.clone().for_bids(parts(&["technical", "price"]), INLINE_LIMIT).unwrap();
        assert_ne!(divided.digest(), simple.digest());
        assert_eq!(simple.clone().for_bids(parts(&["whole"]), INLINE_LIMIT).unwrap(), simple);
        assert_eq!(simple.for_bids(parts(&["price", "price"]), INLINE_LIMIT).unwrap_err().flaw, Flaw::Parts);
    }

    #[test]
    fn every_rule_is_kept() {
        assert_eq!(flaw(|p| p["v"] = json!(2)), Flaw::Malformed);
        assert_eq!(flaw(|p| p["deadline"] = json!("x")), Flaw::Malformed);
        assert_eq!(flaw(|p| p["policy_no"] = json!(0)), Flaw::Malformed);
        assert_eq!(flaw(|p| p["suite"] = json!("age-sm2")), Flaw::Malformed);
        assert_eq!(flaw(|p| p["members"]["agency"]["x"] = json!(1)), Flaw::Malformed);
        assert_eq!(flaw(|p| p["members"]["bidder"] = json!({"recipients":[KEY]})), Flaw::Members);
        assert_eq!(flaw(|p| p["members"]["agency"]["recipients"] = json!([])), Flaw::Members);
        assert_eq!(flaw(|p| p["members"]["agency"]["recipients"] = json!([KEY, KEY])), Flaw::Members);
        assert_eq!(flaw(|p| p["members"]["agency"]["recipients"] = json!(["age1x"])), Flaw::Members);
        assert_eq!(flaw(|p| p["parts"] = json!([])), Flaw::Parts);
        assert_eq!(flaw(|p| p["parts"] = json!(["price", "price"])), Flaw::Parts);
        assert_eq!(flaw(|p| p["clauses"] = json!([])), Flaw::Clauses);
        assert_eq!(flaw(|p| p["clauses"] = json!([[]])), Flaw::Clauses);
        assert_eq!(flaw(|p| p["clauses"] = json!([["bidder", "bidder"]])), Flaw::Clauses);
        assert_eq!(flaw(|p| p["clauses"] = json!([["stranger"]])), Flaw::Clauses);
        assert_eq!(flaw(|p| p["max_part_bytes"] = json!(0)), Flaw::Limit);
        let twice = full().to_string().replacen("\"agency\":", "\"centre\":", 1);
        assert_eq!(CheckedPolicy::read(twice.as_bytes()).unwrap_err().flaw, Flaw::Malformed);
        assert_eq!(CheckedPolicy::read(&vec![b' '; POLICY_LIMIT + 1]).unwrap_err().flaw, Flaw::TooLarge);
    }
}
