//! Officers' keys, holders and canaries as they are kept and answered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    kernel::id::{AccountId, OrganisationId},
    seal::{CheckedPolicy, Digest, KeyEnrolment, Policy},
};

/// An enrolled key of an officer.
#[derive(Debug, Clone, PartialEq)]
pub struct SealKey {
    /// Id of the enrolment.
    pub id: Uuid,
    /// Whose shares it reads.
    pub organisation: OrganisationId,
    /// The officer.
    pub officer: AccountId,
    /// The age recipient.
    pub recipient: String,
    /// What was signed.
    pub enrolment: KeyEnrolment,
    /// When.
    pub enrolled_at: DateTime<Utc>,
    /// From when on it is in no new policy.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// An officer's key on the wire.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SealKeyView {
    /// Id of the enrolment.
    pub id: Uuid,
    /// Whose shares it reads.
    pub organisation_id: OrganisationId,
    /// The age recipient.
    pub recipient: String,
    /// The signed enrolment.
    pub enrolment: KeyEnrolment,
    /// When it was enrolled.
    pub enrolled_at: DateTime<Utc>,
    /// From when on it is in no new policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<SealKey> for SealKeyView {
    fn from(key: SealKey) -> Self {
        Self {
            id: key.id,
            organisation_id: key.organisation,
            recipient: key.recipient,
            enrolment: key.enrolment,
            enrolled_at: key.enrolled_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// Body of `POST /api/v1/seal-keys/{id}/revoke`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeSealKey {
    /// Why, 1 to 1000 characters, kept in the record.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// One of the bodies that hold shares beside the bidder, as it stands before a policy is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// Its name in the policy.
    pub member: &'static str,
    /// The organisation; none where nobody has the duty.
    pub organisation: Option<OrganisationId>,
    /// Its keys of officers who are there, in the order of enrolment.
    pub keys: Vec<SealKey>,
    /// How many persons hold them.
    pub persons: usize,
}

/// A tender's policy with the organisations behind its members.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The policy.
    pub policy: CheckedPolicy,
    /// Which organisation is which member.
    pub holders: BTreeMap<String, OrganisationId>,
}

impl Settled {
    /// The member that an organisation is; one organisation can be several.
    pub fn members_of(&self, organisation: OrganisationId) -> impl Iterator<Item = &str> {
        let held = self.holders.iter().filter(move |(_, holder)| **holder == organisation);
        held.map(|(member, _)| member.as_str())
    }
}

/// Every policy of a tender, in the order of their numbers: bids are sealed for the last, and each is opened by the one
/// that its envelope names.
#[derive(Debug, Clone, PartialEq)]
pub struct Policies {
    /// Those that came before the current one.
    earlier: Vec<Settled>,
    current: Settled,
}

impl Policies {
    /// `current` after `earlier`.
    pub fn new(earlier: Vec<Settled>, current: Settled) -> Self {
        Self { earlier, current }
    }

    /// The one that bids are sealed for.
    pub fn current(&self) -> &Settled {
        &self.current
    }

    /// All of them, the first one first.
    pub fn all(&self) -> impl Iterator<Item = &Settled> {
        self.earlier.iter().chain([&self.current])
    }

    /// The one with this digest.
    pub fn named(&self, digest: Digest) -> Option<&Settled> {
        self.all().find(|settled| settled.policy.digest() == digest)
    }

    /// The one that an envelope with this digest is judged by: no bid was taken in that names none of them, and against
    /// the current one such an envelope does not hold.
    pub fn judging(&self, digest: Digest) -> &Settled {
        self.named(digest).unwrap_or(&self.current)
    }
}

/// What a policy is still worth, by the keys that its officers have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
#[schema(as = SealPolicyState)]
pub enum PolicyState {
    /// Every body has a key left.
    Whole,
    /// A body has none left; at least one clause still opens bids without it.
    Weakened,
    /// No clause is left that could open a bid.
    Broken,
}

/// How a policy stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// What it is still worth.
    pub state: PolicyState,
    /// Members that have lost every key.
    pub lost: BTreeSet<String>,
}

/// The policy that bids of a tender are sealed for, as its answer shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SealPolicyLine)]
pub struct PolicyLine {
    /// 1 for the first.
    pub policy_no: u32,
    /// Its digest, as the notice prints it.
    pub policy_digest: Digest,
    /// What it is still worth, by the keys that are not revoked at this moment. Once bids are open it says nothing about
    /// them: an officer may revoke a key that has done its work.
    pub state: PolicyState,
    /// Members that have lost every key: `agency`, `centre`, `supervisor`.
    pub lost: Vec<String>,
}

/// One of a tender's policies, and what it is still worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SealPolicyStanding)]
pub struct PolicyStanding {
    /// The policy, in the member names of its own format.
    pub policy: Policy,
    /// Its digest, as the notice prints it.
    pub policy_digest: Digest,
    /// What it is still worth to bids that were sealed for it, by the keys that are not revoked at this moment.
    pub state: PolicyState,
    /// Members that have lost every key: `agency`, `centre`, `supervisor`.
    pub lost: Vec<String>,
}

impl PolicyStanding {
    /// A policy that stands like this.
    pub fn new(settled: &Settled, health: Health) -> Self {
        Self {
            policy: settled.policy.policy().clone(),
            policy_digest: settled.policy.digest(),
            state: health.state,
            lost: health.lost.into_iter().collect(),
        }
    }
}

/// A canary of one officer for one tender.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// Row id.
    pub id: Uuid,
    /// The officer's key.
    pub key: Uuid,
    /// The officer.
    pub officer: AccountId,
    /// The member it is an officer of.
    pub member: String,
    /// The age file.
    pub canary: Vec<u8>,
    /// SHA-256 of what must come out of it.
    pub answer_sha256: Vec<u8>,
    /// When the officer proved to read it.
    pub proved_at: Option<DateTime<Utc>>,
    /// Whether the key was revoked since.
    pub revoked: bool,
}

/// Whether the officers of a tender can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SealLight)]
pub enum Light {
    /// Every officer has proved it.
    Green,
    /// Not yet, and there is time.
    Waiting,
    /// Somebody has not, and the time for it is over.
    Red,
}

/// An officer's state among the canaries of a tender.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CanaryLine {
    /// The key.
    pub key_id: Uuid,
    /// The member it is an officer of.
    pub member: String,
    /// When the officer proved to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved_at: Option<DateTime<Utc>>,
    /// Whether the key was revoked since the notice.
    pub revoked: bool,
    /// The canary, an age file in base64; of the caller's own keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
}

/// Answer of `GET /api/v1/tenders/{id}/canaries`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Canaries {
    /// Whether all can read.
    pub light: Light,
    /// By when every officer has to have proved it.
    pub due_at: DateTime<Utc>,
    /// Every officer's key of the policy.
    pub items: Vec<CanaryLine>,
}

/// Body of `POST /api/v1/tenders/{id}/canaries`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CanaryAnswer {
    /// The key.
    pub key_id: Uuid,
    /// What came out of its canary: 64 hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub answer: String,
}
