//! What bidders do on their own machines and with the hall: seal, submit, release.

use std::sync::{Mutex, PoisonError};

use anyhow::anyhow;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::app::client::{Client, text};
use crate::{
    identity::sandbox::sandbox_signing_key,
    seal::{
        BidderKey, CheckedPolicy, Content, Nonce, Target,
        plaintext::Form,
        policy::SealPolicyAnswer,
        seal,
        wire::{Word, base64_text},
    },
};

/// Clients that seal and submit at the same time.
const WORKERS: usize = 6;

/// A bid to be made.
pub(super) struct Offer {
    /// Name of the story's part, for its steps.
    pub(super) story: &'static str,
    /// Login of the bidder's program.
    pub(super) login: String,
    /// What it states.
    pub(super) form: Form,
}

impl Offer {
    fn step(&self, act: &str) -> String {
        format!("{}.{act}.{}", self.story, self.login)
    }
}

/// The policy every bid of a tender is sealed for, as the hall publishes it.
pub(in crate::app) fn policy(client: &Client, tender: &str) -> anyhow::Result<CheckedPolicy> {
    let answer = client.get("", &format!("/api/v1/tenders/{tender}/seal-policy"))?;
    let answer: SealPolicyAnswer = serde_json::from_value(answer)?;
    Ok(CheckedPolicy::new(answer.policy)?)
}

/// Seals and submits every offer, several at a time.
pub(super) fn submit_all(
    client: &Client,
    tender: &str,
    policy: &CheckedPolicy,
    offers: &[Offer],
) -> anyhow::Result<()> {
    let queue = Mutex::new(offers.iter());
    let work = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(offer) = next else { return Ok(()) };
            submit(client, tender, policy, offer)?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS.min(offers.len())).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow!("a client ended abnormally"))?)
    })
}

/// The sealed bid is kept before it is sent: sent again after a crash, it is the same to the byte.
fn submit(client: &Client, tender: &str, policy: &CheckedPolicy, offer: &Offer) -> anyhow::Result<()> {
    let kept = client.once(&offer.step("seal"), || seal_offer(client, policy, offer))?;
    let submission = kept.get("submission").cloned().unwrap_or_default();
    client.act(
        &offer.step("submit"),
        &offer.login,
        &format!("/api/v1/tenders/{tender}/bids"),
        &submission,
    )?;
    Ok(())
}

fn seal_offer(client: &Client, policy: &CheckedPolicy, offer: &Offer) -> anyhow::Result<Value> {
    let key = BidderKey::from_seed(&sandbox_signing_key(client.password(), &offer.login));
    let word = |text: &str| text.parse::<Word>().map_err(anyhow::Error::msg);
    let target = Target {
        part: word("whole")?,
        bidder: client.organisation(&offer.login)?.parse().map_err(anyhow::Error::msg)?,
        revision: 1,
        prev: None,
        nonce: Nonce(rand::random()),
    };
    let letter = format!("投标函\n{}\n{}\n", offer.login, serde_json::to_string(&offer.form)?);
    let content =
        Content { form: offer.form.clone(), files: vec![("投标函.txt".to_owned(), letter.into_bytes())] };
    let sealed = seal(policy, &key, target, content)?;
    Ok(json!({
        "submission": {"envelope": sealed.envelope, "ciphertext": base64_text(&sealed.ciphertext)},
        "secret": sealed.secret.expose_secret(),
    }))
}

/// A bidder releases the secret of its bid.
pub(super) fn release(client: &Client, tender: &str, story: &'static str, login: &str) -> anyhow::Result<()> {
    let offer = Offer { story, login: login.to_owned(), form: Form::new() };
    let missing = || Err(anyhow!("the notebook has lost it"));
    let kept = client.once(&offer.step("seal"), missing)?;
    let taken = client.once(&offer.step("submit"), missing)?;
    let share = json!({
        "bidId": text(&taken, "/bidId")?,
        "clause": 0,
        "member": "bidder",
        "share": text(&kept, "/secret")?,
    });
    client.act(&offer.step("release"), login, &format!("/api/v1/tenders/{tender}/opening/shares"), &share)?;
    Ok(())
}

/// Secret and ciphertext in base64 of the bid that a bidder sealed.
pub(super) fn kept(client: &Client, story: &str, login: &str) -> anyhow::Result<(String, String)> {
    let kept = client.once(&format!("{story}.seal.{login}"), || Err(anyhow!("no such bid")))?;
    Ok((text(&kept, "/secret")?.to_owned(), text(&kept, "/submission/ciphertext")?.to_owned()))
}

/// Id of the bid that a bidder handed in, as the hall answered.
pub(super) fn bid_of(client: &Client, story: &str, login: &str) -> anyhow::Result<String> {
    let taken = client.once(&format!("{story}.submit.{login}"), || Err(anyhow!("no such bid")))?;
    Ok(text(&taken, "/bidId")?.to_owned())
}
