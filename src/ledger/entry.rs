//! One entry of the record and its leaf.
//!
//! `leaf = SHA-256(0x00 ‖ JCS(skeleton))` (RFC 6962 leaf hash) where the skeleton holds
//! `bodyCommit = SHA-256(salt ‖ JCS(body))`. Personal data stands only in the body, so that deleting body and
//! salt leaves the tree whole.

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::kernel::{
    Actor, Problem,
    id::{ProjectId, RequestId, TenderId},
};

/// A row an entry stands for: a table's name and the row's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Audited table.
    pub relation: &'static str,
    /// Its `id`.
    pub row: Uuid,
    /// Hash of the row as written (`audit_content`), where the statement that wrote it has told.
    pub content: Option<Vec<u8>>,
}

/// An act as a room hands it over.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Verb in the words of the trade, such as `tender.published`.
    pub act: &'static str,
    /// Project it belongs to.
    pub project: Option<ProjectId>,
    /// Tender it belongs to.
    pub tender: Option<TenderId>,
    /// Tells of a bid: hidden from everyone until the opening has begun.
    pub tells_of_bid: bool,
    /// Audited rows it changed.
    pub subjects: Vec<Subject>,
    /// Why, in the actor's words or the rule's.
    pub reason: Option<String>,
    /// Facts worth keeping beside the rows.
    pub facts: Value,
    /// The request it answers, when the transaction serves several at once.
    pub request: Option<RequestId>,
}

impl Entry {
    /// An act without further facts.
    pub fn new(act: &'static str) -> Self {
        Self {
            act,
            project: None,
            tender: None,
            tells_of_bid: false,
            subjects: Vec::new(),
            reason: None,
            facts: Value::Null,
            request: None,
        }
    }

    /// Sets the project.
    #[must_use]
    pub fn project(mut self, project: ProjectId) -> Self {
        self.project = Some(project);
        self
    }

    /// Sets the tender.
    #[must_use]
    pub fn tender(mut self, tender: TenderId) -> Self {
        self.tender = Some(tender);
        self
    }

    /// Adds a changed row.
    #[must_use]
    pub fn row(mut self, relation: &'static str, row: Uuid) -> Self {
        self.subjects.push(Subject { relation, row, content: None });
        self
    }

    /// Adds a changed row whose content the statement that wrote it has told.
    #[must_use]
    pub fn written(mut self, relation: &'static str, row: Uuid, content: Vec<u8>) -> Self {
        self.subjects.push(Subject { relation, row, content: Some(content) });
        self
    }

    /// Gives the reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Gives further facts.
    #[must_use]
    pub fn facts(mut self, facts: Value) -> Self {
        self.facts = facts;
        self
    }

    /// Names the request it answers, when the transaction serves several at once.
    #[must_use]
    pub fn asked_by(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// Marks the entry as one that tells of a bid.
    #[must_use]
    pub fn of_bid(mut self) -> Self {
        self.tells_of_bid = true;
        self
    }
}

/// What is written for one entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// Public part: class of act, time, commitment to the body; no tender where a bid is told of.
    pub skeleton: Value,
    /// Full part.
    pub body: Value,
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// Leaf hash.
    pub leaf: [u8; 32],
}

/// Seals an entry, with the contents of all its rows, into skeleton, body and leaf.
///
/// # Errors
/// When canonical JSON cannot be written, which is a fault.
pub fn record_leaf(
    entry: &Entry,
    actor: &Actor,
    request: Uuid,
    at: DateTime<Utc>,
    salt: [u8; 32],
) -> Result<Sealed, Problem> {
    let object = |subject: &Subject| {
        let content = subject.content.as_ref().map(hex::encode);
        json!({"table": subject.relation, "row": subject.row, "content": content})
    };
    let objects: Vec<Value> = entry.subjects.iter().map(object).collect();
    let body = json!({
        "act": entry.act, "actor": actor_json(actor), "at": precise(at), "request": request,
        "project": entry.project, "tender": entry.tender, "objects": objects, "reason": entry.reason,
        "facts": entry.facts,
    });
    let commit = commitment(&salt, &body)?;
    let skeleton = if entry.tells_of_bid {
        // Before an opening even the minute's neighbours must not tell one bid from another.
        json!({"v": 1, "class": "bid", "at": precise(to_minute(at)), "bodyCommit": commit})
    } else {
        json!({"v": 1, "class": entry.act, "at": precise(at), "tender": entry.tender, "bodyCommit": commit})
    };
    let mut leaf = Sha256::new();
    leaf.update([0]);
    leaf.update(canonical(&skeleton)?);
    Ok(Sealed { skeleton, body, salt, leaf: leaf.finalize().into() })
}

/// What a skeleton commits to its body by: `SHA-256(salt ‖ JCS(body))` in hexadecimal.
pub(super) fn commitment(salt: &[u8], body: &Value) -> Result<String, Problem> {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(canonical(body)?);
    Ok(hex::encode(hash.finalize()))
}

fn canonical(value: &Value) -> Result<Vec<u8>, Problem> {
    serde_json_canonicalizer::to_vec(value).map_err(Problem::internal)
}

fn precise(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn to_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0) - TimeDelta::seconds(i64::from(at.second()))
}

fn actor_json(actor: &Actor) -> Value {
    match actor {
        Actor::Public => json!({"kind": "public"}),
        Actor::Hall(job) => json!({"kind": "hall", "job": job}),
        Actor::Account(account) => {
            json!({"kind": "account", "account": account.account, "organisation": account.organisation})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leaf_commits_to_the_body_and_a_bid_hides_its_tender() {
        let at = DateTime::from_timestamp_micros(1_700_000_034_123_456).unwrap();
        let tender = TenderId(Uuid::from_u128(7));
        let entry = Entry::new("bid.accepted").tender(tender).of_bid();
        let entry = entry.written("bids", Uuid::from_u128(1), vec![1; 32]);
        let seal = |entry: &Entry| record_leaf(entry, &Actor::Public, Uuid::nil(), at, [9; 32]).unwrap();
        let sealed = seal(&entry);
        assert!(!sealed.skeleton.to_string().contains(&tender.to_string()));
        assert!(sealed.skeleton["at"].as_str().unwrap().ends_with(":00.000000Z"));
        assert_ne!(sealed.leaf, seal(&entry.clone().because("other")).leaf);
        let other = Entry::new("bid.accepted").tender(tender).of_bid();
        assert_ne!(sealed.leaf, seal(&other.written("bids", Uuid::from_u128(1), vec![2; 32])).leaf);
    }
}
