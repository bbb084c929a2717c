//! Organisations, accounts and keys as the room speaks of them.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::{
    OrganisationKind, Role, Say,
    id::{AccountId, OrganisationId},
    time,
};

/// An organisation 主体.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// What kind of body it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub name: Say,
    /// 统一社会信用代码, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uscc: Option<String>,
    /// Its region, such as `152527`.
    pub region_code: String,
    /// The centre it runs, for a centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre_code: Option<String>,
    /// Where its notices go; not shown to others.
    #[serde(skip)]
    pub email: String,
}

/// The caller's own account.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The account.
    pub account: AccountId,
    /// Login name, or client id of a program.
    pub login: String,
    /// Name people read.
    pub display_name: String,
    /// Roles, sorted.
    pub roles: Vec<Role>,
    /// Organisation acted for.
    pub organisation: Organisation,
}

/// A public Ed25519 key an organisation signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Id of the enrolment.
    pub id: Uuid,
    /// Whose key it is.
    pub organisation: OrganisationId,
    /// The 32 bytes of the public key.
    pub public_key: [u8; 32],
    /// Hall time from which it signs.
    pub valid_from: DateTime<Utc>,
    /// Hall time until which it signs; none while it is good for now.
    pub valid_to: Option<DateTime<Utc>>,
}

impl SigningKey {
    /// Whether it was valid at `at` (from inclusive, to exclusive).
    pub fn is_valid_at(&self, at: DateTime<Utc>) -> bool {
        self.valid_from <= at && self.valid_to.is_none_or(|end| at < end)
    }
}

/// A signing key on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeyView {
    /// Id of the enrolment.
    pub id: Uuid,
    /// Whose key it is.
    pub organisation_id: OrganisationId,
    /// Standard base64 of the 32 bytes.
    pub public_key: String,
    /// Hall time from which it signs.
    pub valid_from: DateTime<Utc>,
    /// Hall time until which it signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<DateTime<Utc>>,
}

impl From<&SigningKey> for SigningKeyView {
    fn from(key: &SigningKey) -> Self {
        Self {
            id: key.id,
            organisation_id: key.organisation,
            public_key: STANDARD.encode(key.public_key),
            valid_from: key.valid_from,
            valid_to: key.valid_to,
        }
    }
}

/// A key to enrol, with the proof that the enroller holds its secret.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSigningKey {
    /// Standard base64 of the 32 bytes of an Ed25519 public key.
    #[schema(pattern = "^[A-Za-z0-9+/]{43}=$")]
    pub public_key: String,
    /// Standard base64 of the 64-byte signature by that key over the text `tenderhall-signing-key-v1`, a line
    /// feed, and the canonical JSON (RFC 8785) of `{"organisation": id, "publicKey": publicKey}`.
    #[schema(pattern = "^[A-Za-z0-9+/]{86}==$")]
    pub proof: String,
    /// Hall time from which it signs; now when absent, never earlier.
    #[serde(default, deserialize_with = "time::read_some")]
    pub valid_from: Option<DateTime<Utc>>,
    /// Hall time until which it signs.
    #[serde(default, deserialize_with = "time::read_some")]
    pub valid_to: Option<DateTime<Utc>>,
}

/// The text whose signature proves possession of a key.
pub fn enrolment_text(organisation: OrganisationId, public_key: &[u8; 32]) -> Vec<u8> {
    // Both values need no escaping and the names stand in order: this is the canonical JSON.
    let key = STANDARD.encode(public_key);
    format!("tenderhall-signing-key-v1\n{{\"organisation\":\"{organisation}\",\"publicKey\":\"{key}\"}}")
        .into_bytes()
}
