//! Bidders of the sandbox: they seal as `tenderhall seal` does, and hand in over HTTP.

use age::x25519::Identity;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::Rng as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tenderhall::{
    identity::sandbox::sandbox_signing_key,
    seal::{BidderKey, CheckedPolicy, Content, Digest, Envelope, Nonce, Target, seal_for_clauses},
};
use uuid::Uuid;

use super::{Answer, Client, client::PASSWORD};

/// Bytes of a chunk of an upload.
pub const CHUNK: usize = 8 * 1024 * 1024;

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
        self.seal_files(policy, price, (revision, prev), Vec::new())
    }

    /// Seals a revision with files.
    pub fn seal_files(
        &self,
        policy: &CheckedPolicy,
        price: &str,
        revision: (u32, Option<Digest>),
        files: Vec<(String, Vec<u8>)>,
    ) -> SealedBid {
        let mut content = Content { files, ..Content::default() };
        content.form.insert("price".to_owned(), json!({"amount": price, "currency": "CNY"}));
        content.form.insert("termDays".to_owned(), json!(240));
        self.seal_content(policy, "whole", content, revision)
    }

    /// Seals a part of a divided bid: revision 1, or the one after the digest `prev` of revision 1.
    pub fn seal_part(
        &self,
        policy: &CheckedPolicy,
        part: &str,
        price: &str,
        prev: Option<Digest>,
    ) -> SealedBid {
        let mut content = Content::default();
        if part == "price" {
            content.form.insert("price".to_owned(), json!({"amount": price, "currency": "CNY"}));
        } else {
            content.form.insert("termDays".to_owned(), json!(200));
        }
        self.seal_content(policy, part, content, (if prev.is_some() { 2 } else { 1 }, prev))
    }

    /// Seals a revision of a part that says this.
    pub fn seal_content(
        &self,
        policy: &CheckedPolicy,
        part: &str,
        content: Content,
        (revision, prev): (u32, Option<Digest>),
    ) -> SealedBid {
        let mut nonce = [0; 32];
        rand::rng().fill_bytes(&mut nonce);
        let target = Target {
            part: part.parse().unwrap(),
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

    /// Begins an upload of `size` bytes.
    pub fn begin_upload(&self, tender: &str, size: usize) -> Answer {
        self.client
            .as_(&self.login)
            .post(&format!("/api/v1/tenders/{tender}/uploads"), &json!({"size": size}))
    }

    /// Uploads the whole ciphertext of a part of a divided bid; answers the upload's id.
    pub fn upload_part(&self, tender: &str, part: &str, ciphertext: &[u8]) -> String {
        let path = format!("/api/v1/tenders/{tender}/uploads");
        let body = json!({"size": ciphertext.len(), "part": part});
        let upload = self.client.as_(&self.login).post(&path, &body).expect(201).id();
        self.put_chunks(&upload, ciphertext);
        upload
    }

    /// Sends a chunk with its digest.
    pub fn put_chunk(&self, upload: &str, n: usize, bytes: &[u8]) -> Answer {
        let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)));
        self.put_chunk_as(upload, &n.to_string(), &digest, bytes)
    }

    /// Sends a chunk with whatever digest.
    pub fn put_chunk_as(&self, upload: &str, n: &str, digest: &str, bytes: &[u8]) -> Answer {
        let caller = self.client.as_(&self.login).with("Content-Digest", digest);
        let path = format!("/api/v1/uploads/{upload}/chunks/{n}");
        caller.send("PUT", &path, Some("application/octet-stream"), bytes.to_vec())
    }

    /// Uploads a whole ciphertext; answers the upload's id.
    pub fn upload(&self, tender: &str, ciphertext: &[u8]) -> String {
        let upload = self.begin_upload(tender, ciphertext.len()).expect(201).id();
        self.put_chunks(&upload, ciphertext);
        upload
    }

    fn put_chunks(&self, upload: &str, ciphertext: &[u8]) {
        for (n, chunk) in ciphertext.chunks(CHUNK).enumerate() {
            self.put_chunk(upload, n, chunk).expect(200);
        }
    }

    /// Hands a bid in whose ciphertext is uploaded.
    pub fn submit_uploaded(&self, tender: &str, bid: &SealedBid, upload: &str, key: &str) -> Answer {
        let caller = self.client.as_(&self.login).with("Idempotency-Key", key);
        let body = json!({"envelope": bid.envelope, "upload": upload});
        caller.post(&format!("/api/v1/tenders/{tender}/bids"), &body)
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
