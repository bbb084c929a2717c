//! One entry laid open, for whoever has to know what the log holds before acting on it.

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    audit::Keys,
    checkpoint::Proof,
    entry::commitment,
    merkle::{Hash, leaf_hash},
};

/// An entry with everything its leaf commits to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LogEvidence)]
pub struct Evidence {
    /// Leaf hash in hexadecimal, by which `GET /api/v1/log/proof/{leaf}` proves its place.
    pub leaf: String,
    /// Public part.
    pub skeleton: Value,
    /// Full part.
    pub body: Value,
    /// Salt of the commitment, in hexadecimal.
    pub salt: String,
}

/// That an entry stands in the log, and who has confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmed {
    /// Leaves of the checkpoint it stands under.
    pub size: u64,
    /// Witnesses, and the time each has stated in seconds since 1970.
    pub witnesses: Vec<(String, u64)>,
}

impl Evidence {
    /// The leaf, if skeleton and body are what it commits to.
    fn leaf(&self) -> anyhow::Result<Hash> {
        let salt = hex::decode(&self.salt)?;
        let committed = self.skeleton.get("bodyCommit").and_then(Value::as_str);
        ensure!(
            committed == Some(commitment(&salt, &self.body)?.as_str()),
            "the entry's body is another one"
        );
        let leaf = leaf_hash(&serde_json_canonicalizer::to_vec(&self.skeleton)?);
        ensure!(hex::encode(leaf) == self.leaf, "the entry is not that of its leaf");
        Ok(leaf)
    }

    /// Checks that the entry stands where `proof` says, in the log of `keys`, and that one of their witnesses has
    /// confirmed it at `since` or later (seconds since 1970).
    ///
    /// # Errors
    /// What does not hold.
    pub fn confirmed(&self, proof: &Proof, keys: &Keys, since: u64) -> anyhow::Result<Confirmed> {
        let checkpoint = proof.verify(self.leaf()?, &keys.log)?;
        let signed = |key: &crate::kernel::note::WitnessKey| {
            let cosignature = key.cosignature(&proof.note).ok()?;
            (cosignature.time >= since).then(|| (key.name().to_string(), cosignature.time))
        };
        let witnesses: Vec<_> = keys.witnesses.iter().filter_map(signed).collect();
        ensure!(!witnesses.is_empty(), "no witness of the keys has confirmed it since");
        Ok(Confirmed { size: checkpoint.head.size, witnesses })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        kernel::note::{NoteSigner, WitnessSigner},
        ledger::{checkpoint::Checkpoint, merkle::Head},
    };

    #[test]
    fn an_entry_counts_with_its_proof_and_a_witness_after_the_time() {
        let body = json!({"act": "tender.closed", "facts": {"count": 3}});
        let salt = [7; 32];
        let skeleton = json!({"v": 1, "class": "bid", "bodyCommit": commitment(&salt, &body).unwrap()});
        let leaf = leaf_hash(&serde_json_canonicalizer::to_vec(&skeleton).unwrap());
        let evidence = Evidence { leaf: hex::encode(leaf), skeleton, body, salt: hex::encode(salt) };
        let log = NoteSigner::from_seed("hall/log1".parse().unwrap(), &[1; 32]);
        let witness = WitnessSigner::from_seed("office/witness1".parse().unwrap(), &[2; 32]);
        let head = Head { size: 1, root: leaf };
        let text = Checkpoint { origin: log.key().name().clone(), head }.text();
        let note = format!("{}{}", log.sign(&text), witness.cosign(&text, 1000));
        let proof = Proof { extra: None, index: 0, path: Vec::new(), note };
        let keys = Keys { log: log.key().clone(), witnesses: vec![witness.key().clone()] };
        let found = evidence.confirmed(&proof, &keys, 1000).unwrap();
        assert_eq!((found.size, found.witnesses.len()), (1, 1));
        assert!(evidence.confirmed(&proof, &keys, 1001).is_err(), "confirmed before the time");
        let unwatched = Keys { witnesses: Vec::new(), ..keys.clone() };
        assert!(evidence.confirmed(&proof, &unwatched, 0).is_err(), "confirmed by nobody");
        for changed in [
            Evidence { body: json!({"act": "tender.closed", "facts": {"count": 4}}), ..evidence.clone() },
            Evidence { skeleton: json!({"v": 1, "class": "bid"}), ..evidence.clone() },
            Evidence { salt: hex::encode([8; 32]), ..evidence.clone() },
            Evidence { leaf: hex::encode([9; 32]), ..evidence.clone() },
        ] {
            assert!(changed.confirmed(&proof, &keys, 0).is_err(), "{changed:?}");
        }
    }
}
