//! Bidders of the sandbox: they seal as `tenderhall seal` does, and hand in over HTTP.

use age::x25519::Identity;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::Rng as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tenderhall::{
    identity::sandbox::sandbox_signing_key,
    seal::{BidderKey, CheckedPolicy, Content, Digest, Envelope, Nonce, Target, seal_for_clauses},
};
use uuid::Uuid;

use super::{Answer, Client, client::PASSWORD};

/// A bidding program of the sandbox.
pub struct Bidder<'a> {
    client: &'a Client,
    pub login: String,
    pub organisation: String,
    key: BidderKey,
}

/// A sealed bid and what its bidder keeps.
pub struct SealedBid {
    pub envelope: Envelope,
    pub ciphertext: Vec<u8>,
    pub secret: String,
    /// Opens the bidder's own shares, where bids are shared out.
    pub own: Identity,
}

impl SealedBid {
    /// Body of the submission.
    pub fn body(&self) -> Value {
        json!({"envelope": self.envelope, "ciphertext": STANDARD.encode(&self.ciphertext)})
    }

    /// `prev` of the next revision.
    pub fn digest(&self) -> Digest {
        self.envelope.digest().unwrap()
    }
}

impl Client {
    /// `bidder.NNNN`
    pub fn bidder(&self, number: u32) -> Bidder<'_> {
        let login = format!("bidder.{number:04}");
        let query = "SELECT organisation_id FROM accounts WHERE login = $1";
        let organisation = self.sql().value::<Uuid>(query, &[&login]).to_string();
        let key = BidderKey::from_seed(&sandbox_signing_key(PASSWORD, &login));
        Bidder { client: self, login, organisation, key }
    }

    /// The seal policy of a published tender.
    pub fn seal_policy(&self, tender: &str) -> CheckedPolicy {
        let answer = self.public().get(&format!("/api/v1/tenders/{tender}/seal-policy")).expect(200);
        CheckedPolicy::new(serde_json::from_value(answer["policy"].clone()).unwrap()).unwrap()
    }
}

impl Bidder<'_> {
    /// Seals a first bid at `price`.
    pub fn seal(&self, policy: &CheckedPolicy, price: &str) -> SealedBid {
        self.seal_revision(policy, price, 1, None)
    }

    /// Seals revision `revision` after the one with digest `prev`.
    pub fn seal_revision(
        &self,
        policy: &CheckedPolicy,
        price: &str,
        revision: u32,
        prev: Option<Digest>,
    ) -> SealedBid {
        let mut content = Content::default();
        content.form.insert("price".to_owned(), json!({"amount": price, "currency": "CNY"}));
        content.form.insert("termDays".to_owned(), json!(240));
        self.seal_all(policy, content, revision, prev)
    }

    /// Seals a first bid that says this.
    pub fn seal_content(&self, policy: &CheckedPolicy, content: Content) -> SealedBid {
        self.seal_all(policy, content, 1, None)
    }

    fn seal_all(
        &self,
        policy: &CheckedPolicy,
        content: Content,
        revision: u32,
        prev: Option<Digest>,
    ) -> SealedBid {
        let mut nonce = [0; 32];
        rand::rng().fill_bytes(&mut nonce);
        let target = Target {
            part: "whole".parse().unwrap(),
            bidder: self.organisation.parse().unwrap(),
            revision,
            prev,
            nonce: Nonce(nonce),
        };
        let own = Identity::generate();
        let sealed = seal_for_clauses(policy, &self.key, Some(&own.to_public()), target, content).unwrap();
        SealedBid {
            envelope: sealed.envelope,
            ciphertext: sealed.ciphertext,
            secret: sealed.secret.expose_secret().to_owned(),
            own,
        }
    }

    /// Signs an envelope that a test has changed.
    pub fn sign(&self, envelope: Envelope) -> Envelope {
        envelope.sign(&self.key).unwrap()
    }

    /// Hands a bid in under an idempotency key.
    pub fn submit(&self, tender: &str, bid: &SealedBid, key: &str) -> Answer {
        let caller = self.client.as_(&self.login).with("Idempotency-Key", key);
        caller.post(&format!("/api/v1/tenders/{tender}/bids"), &bid.body())
    }

    /// Hands a bid in to a service that may be gone.
    pub fn try_submit(&self, tender: &str, bid: &SealedBid, key: &str) -> Result<Answer, ureq::Error> {
        let caller = self.client.as_(&self.login).with("Idempotency-Key", key);
        let body = bid.body().to_string().into_bytes();
        caller.attempt("POST", &format!("/api/v1/tenders/{tender}/bids"), Some("application/json"), body)
    }
}
