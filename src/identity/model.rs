//! Organisations, accounts and keys as the room speaks of them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::id::OrganisationId;

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
