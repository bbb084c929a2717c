//! Organisations, accounts and keys as the room speaks of them.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::{
    OrganisationKind, RegionCode, Role, Say, Uscc,
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

/// An organisation as the administrator sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationEntry {
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
    /// Where the hall's letters to it go.
    pub email: String,
    /// Hall time at which it was added.
    pub created_at: DateTime<Utc>,
    /// Counts its changes; the `ETag`.
    #[serde(skip)]
    pub version: i64,
}

/// What is to be put right of an organisation, and why. What is left out stays; kind and id never change.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganisationChange {
    /// Its name, 1 to 200 characters in each language. Records show organisations by the name they have now.
    #[serde(default)]
    pub name: Option<Say>,
    /// 统一社会信用代码: where none is known yet, or to put right one under which nothing stands so far.
    #[serde(default)]
    pub uscc: Option<Uscc>,
    /// Its region; a supervising body's duty reaches as far.
    #[serde(default)]
    pub region_code: Option<RegionCode>,
    /// The centre it runs; for a centre only.
    #[serde(default)]
    pub centre_code: Option<RegionCode>,
    /// Where the hall's letters to it go from now on; the address up to now is told.
    #[serde(default)]
    #[schema(format = "email")]
    pub email: Option<String>,
    /// 1 to 500 characters, kept in the record.
    pub reason: String,
}

/// An organisation to add.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganisationToAdd {
    /// What kind of body it is.
    pub kind: OrganisationKind,
    /// Its name, 1 to 200 characters in each language.
    pub name: Say,
    /// 统一社会信用代码
    #[serde(default)]
    pub uscc: Option<Uscc>,
    /// Its region; a supervising body's duty reaches as far.
    pub region_code: RegionCode,
    /// The centre it runs; for a centre only.
    #[serde(default)]
    pub centre_code: Option<RegionCode>,
    /// Where the hall's letters to it go.
    #[schema(format = "email")]
    pub email: String,
}

/// Who logs in with an account.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum AccountKind {
    /// By password.
    Person,
    /// By client credentials.
    Program,
}

/// An account as the administrator sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountEntry {
    /// Its id.
    pub id: AccountId,
    /// Login name, or client id of a program.
    pub login: String,
    /// Name people read.
    pub display_name: String,
    /// Who logs in with it.
    pub kind: AccountKind,
    /// Organisation acted for.
    pub organisation_id: OrganisationId,
    /// Roles it holds now.
    pub roles: Vec<Role>,
    /// Hall time at which it was added.
    pub created_at: DateTime<Utc>,
    /// Hall time at which it was disabled; none while it can log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<DateTime<Utc>>,
    /// Whether its password is still the one the hall made up, which lets it do nothing but choose its own.
    pub first_password: bool,
}

/// An account to add.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountToAdd {
    /// 2 to 64 small letters, digits or `. _ -`, the first a letter or digit.
    #[schema(pattern = "^[a-z0-9][a-z0-9._-]{1,63}$")]
    pub login: String,
    /// Name people read, 1 to 100 characters.
    pub display_name: String,
    /// Who logs in with it; experts, supervisors and the centre's people are never programs.
    pub kind: AccountKind,
    /// Organisation it acts for.
    pub organisation_id: OrganisationId,
    /// Its role, which goes with the kind of the organisation; an expert's organisation is the unit where the expert
    /// works.
    pub role: Role,
    /// Another account of the same person: one person has one side in a project, whatever the account.
    #[serde(default)]
    pub same_person_as: Option<AccountId>,
}

/// An account with its new password or secret, which is shown this once and kept nowhere.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewCredential {
    /// The account.
    pub account: AccountEntry,
    /// Password of a person, who has to choose an own one before anything else; client secret of a program.
    pub secret: String,
}

/// Why the administrator acts.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountReason {
    /// 1 to 500 characters, kept in the record.
    pub reason: String,
}

/// A role to give or to end, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleAct {
    /// The role; one to give goes with the kind of the organisation and is of the side of those that are held.
    pub role: Role,
    /// 1 to 500 characters, kept in the record.
    pub reason: String,
}

/// A role that an account holds or has held.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleHeld {
    /// Id of its giving.
    pub id: Uuid,
    /// The role.
    pub role: Role,
    /// Hall time from which it is held.
    pub given_at: DateTime<Utc>,
    /// Hall time at which it ended; none while it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// A password for another. No `Debug`: it holds secrets.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordChange {
    /// The password up to now.
    pub old_password: String,
    /// The password from now on: at least 8 characters, at most 1024 bytes.
    pub new_password: String,
}

/// What a new password has ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionsEnded {
    /// Sessions that could still be gone on with; all tokens end, the caller's own too.
    pub sessions_ended: usize,
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
