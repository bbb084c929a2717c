//! Use cases of holders, and what the rooms above need of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use rand::Rng as _;
use serde_json::json;
use uuid::Uuid;

use crate::{
    holders::{
        model::{
            Body, Canaries, Canary, CanaryAnswer, CanaryLine, Health, Light, Policies, PolicyLine,
            RevokeSealKey, SealKey, SealKeyView, Settled,
        },
        rules,
        store::{self, NewCanary},
    },
    identity::{self, Action, Object, Parties, Phase, authorize},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        actor::AccountActor,
        id::{OrganisationId, TenderId},
    },
    ledger::{self, Entry},
    platform::{
        db::Tx,
        http::{Page, Reply},
        jobs,
    },
    seal::{
        Flaw, KeyEnrolment, Policy, SealError, Word,
        policy::{AGENCY, BODIES, CENTRE, SUPERVISOR},
        shares::encrypt,
        wire::{IdText, base64_text, sha256},
    },
};

/// The one lot inside a tender's envelopes: a tender is the procedure of one lot.
pub const LOT: &str = "1";

/// Event that a key was revoked; tenders whose policies name it hear of it by this.
pub const KEY_REVOKED_EVENT: &str = "seal.keyRevoked";

/// Enrols the caller's own key, vouched for by a signing key of its organisation.
///
/// # Errors
/// 403 for another organisation or officer, 409 for a known key, 422 with pointers for what does not hold.
pub async fn enrol(tx: &mut Tx<'_>, actor: &Actor, asked: KeyEnrolment) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?;
    let mine = asked.organisation.as_str() == account.organisation.to_string()
        && asked.officer.as_str() == account.account.to_string();
    authorize(actor, Action::SealKeyEnrol, &Object::none().own(mine))?;
    let now = tx.hall_now().await?;
    let signer = asked.check().map_err(|error| flawed(&error))?;
    if identity::signing_key(tx.conn(), account.organisation, &signer, now).await?.is_none() {
        let detail = Say::new(
            "签名公钥未登记于本单位，或不在有效期。",
            "The signing key is not enrolled for this organisation, or not valid now.",
        );
        return Err(Rejection::at("/sig/key", "signer", detail).into());
    }
    let key = SealKey {
        id: Uuid::new_v4(),
        organisation: account.organisation,
        officer: account.account,
        recipient: asked.recipient.clone(),
        enrolment: asked,
        enrolled_at: now,
        revoked_at: None,
    };
    store::insert_key(tx, &key).await?;
    let entry = Entry::new("seal.key.enrolled")
        .row("seal_keys", key.id)
        .facts(json!({"organisation": key.organisation, "recipient": key.recipient}));
    ledger::record(tx, actor, now, entry).await?;
    let place = format!("/api/v1/seal-keys?organisation={}", key.organisation);
    Reply::created(place, &SealKeyView::from(key))
}

fn flawed(error: &SealError) -> Rejection {
    let pointer = error.flaw.pointer();
    Rejection::at(if pointer.is_empty() { "/sig" } else { pointer }, error.flaw.name(), error.flaw.say())
}

/// Takes a key of the caller's own organisation out of policies to come: lost, stolen, or its officer has left.
///
/// # Errors
/// 403, 404 for another organisation's, 409 when it is revoked already, 422.
pub async fn revoke(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Uuid,
    asked: &RevokeSealKey,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?;
    let key = store::lock_key(tx, id).await?.ok_or_else(Rejection::not_found)?;
    authorize(actor, Action::SealKeyEnrol, &Object::none().own(key.organisation == account.organisation))?;
    let reason = asked.reason.trim();
    if !(1..=1000).contains(&reason.chars().count()) {
        let detail = Say::new("请说明理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters.");
        return Err(Rejection::at("/reason", "length", detail).into());
    }
    if key.revoked_at.is_some() {
        return Err(Refusal::new(
            Code::WrongState,
            Say::new("该公钥已注销。", "This key is revoked already."),
        )
        .into());
    }
    let now = tx.hall_now().await?;
    store::revoke_key(tx, id, account.account, now, reason).await?;
    let entry = Entry::new("seal.key.revoked").row("seal_keys", id).because(reason);
    ledger::record(tx, actor, now, entry).await?;
    jobs::schedule(tx, KEY_REVOKED_EVENT, &format!("revoked {id}"), now, json!({"key": id})).await?;
    Reply::ok(&SealKeyView::from(SealKey { revoked_at: Some(now), ..key }))
}

/// Keys of an organisation's officers, public as the policies that name them.
///
/// # Errors
/// 404 when there is no such organisation.
pub async fn keys(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    organisation: OrganisationId,
) -> Result<Page<SealKeyView>, Problem> {
    authorize(actor, Action::SealKeysRead, &Object::none())?;
    identity::organisation(conn, organisation).await?.ok_or_else(Rejection::not_found)?;
    let keys = store::keys_of(conn, organisation).await?;
    Ok(Page { items: keys.into_iter().map(SealKeyView::from).collect(), next: None })
}

/// The members that hold shares of a project's bids, with the organisations that have the duty.
async fn members(
    conn: &mut AsyncPgConnection,
    parties: &Parties,
) -> Result<[(&'static str, Option<OrganisationId>); 3], Problem> {
    let centre = match &parties.centre_code {
        Some(code) => identity::desks(conn, code).await?.first().map(|desk| desk.id),
        None => None,
    };
    Ok([
        (AGENCY, Some(parties.agency.unwrap_or(parties.purchaser))),
        (CENTRE, centre),
        (SUPERVISOR, identity::supervision_office(conn, parties).await?),
    ])
}

/// The bodies that would hold shares of a project's bids, with the keys of officers who can release them.
///
/// # Errors
/// When the database is away.
pub async fn bodies(conn: &mut AsyncPgConnection, parties: &Parties) -> Result<Vec<Body>, Problem> {
    let members = members(conn, parties).await?;
    let mut bodies = Vec::with_capacity(members.len());
    for (member, organisation) in members {
        bodies.push(body(conn, (member, organisation), parties).await?);
    }
    Ok(bodies)
}

/// The same, for a policy that is settled in this transaction: a revocation that is under way comes first and is seen, and
/// one that comes later finds the policy to which it does harm.
///
/// # Errors
/// When the database is away.
pub async fn bodies_held(tx: &mut Tx<'_>, parties: &Parties) -> Result<Vec<Body>, Problem> {
    let members = members(tx.conn(), parties).await?;
    let organisations: Vec<OrganisationId> = members.into_iter().filter_map(|(_, body)| body).collect();
    store::hold_keys(tx, &organisations).await?;
    bodies(tx.conn(), parties).await
}

async fn body(
    conn: &mut AsyncPgConnection,
    (member, organisation): (&'static str, Option<OrganisationId>),
    parties: &Parties,
) -> Result<Body, Problem> {
    let mut keys = match organisation {
        Some(organisation) => store::keys_of(conn, organisation).await?,
        None => Vec::new(),
    };
    keys.retain(|key| key.revoked_at.is_none());
    let mut there = Vec::with_capacity(keys.len());
    for key in keys {
        // An officer who has left or moved cannot release, nor one whose role has ended or is another body's.
        let officer = identity::account_actor(conn, key.officer).await?;
        if officer
            .is_some_and(|officer| Some(officer.organisation) == organisation && releases(officer, parties))
        {
            there.push(key);
        }
    }
    let officers: Vec<_> = there.iter().map(|key| key.officer).collect();
    let persons: BTreeSet<Uuid> = identity::accounts(conn, &officers)
        .await?
        .into_values()
        .map(|account| account.person_key.unwrap_or(account.id.0))
        .collect();
    Ok(Body { member, organisation, keys: there, persons: persons.len() })
}

/// Whether the matrix lets an officer release shares of a project's bids, none of which is its own: at the opening it is
/// asked in the same way.
fn releases(officer: AccountActor, parties: &Parties) -> bool {
    let opening = Object::of(parties, Phase::Opening);
    authorize(&Actor::Account(officer), Action::ShareRelease, &opening).is_ok()
}

fn word(text: impl std::fmt::Display) -> Result<IdText, Problem> {
    text.to_string().parse().map_err(|why: &str| Problem::internal(anyhow::anyhow!(why)))
}

/// The policy of a tender where the bidder alone holds the secret.
///
/// # Errors
/// Never for the ids of the hall.
pub fn bidder_alone(tender: TenderId) -> Result<Settled, Problem> {
    let policy = Policy::bidder_only(word(tender)?, word(LOT)?, 1).map_err(Problem::internal)?;
    Ok(Settled { policy, holders: BTreeMap::new() })
}

/// What the bids of a tender are like, as their seal policy says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Their parts.
    pub parts: Vec<Word>,
    /// Most bytes of ciphertext of a part.
    pub max_part_bytes: u64,
}

/// Settles the policy of a tender where the bidder alone holds the secret. That of bids that are not divided and travel
/// with their submissions is made of ids alone and kept nowhere; any other is kept, in a row that is named in `entry`.
///
/// # Errors
/// When the database is away.
pub async fn settle_alone(
    tx: &mut Tx<'_>,
    tender: TenderId,
    shape: Shape,
    now: DateTime<Utc>,
    entry: Entry,
) -> Result<(Settled, Entry), Problem> {
    let plain = bidder_alone(tender)?;
    let policy =
        plain.policy.clone().for_bids(shape.parts, shape.max_part_bytes).map_err(Problem::internal)?;
    if policy.digest() == plain.policy.digest() {
        return Ok((plain, entry));
    }
    let settled = Settled { policy, holders: plain.holders };
    let row = store::insert_policy(tx, tender, &settled, now).await?;
    Ok((settled, entry.row("seal_policies", row)))
}

/// Settles policy number `no` of a tender whose bids are shared out, and puts a canary out for every officer. The rows
/// are named in `entry`, which the caller records.
///
/// # Errors
/// `seal-keys-missing`; when the database is away.
pub async fn settle(
    tx: &mut Tx<'_>,
    (tender, no): (TenderId, u32),
    bodies: &[Body],
    shape: Shape,
    now: DateTime<Utc>,
    entry: Entry,
) -> Result<(Settled, Entry), Problem> {
    rules::complete(bodies)?;
    let recipients = |member: &str| -> Vec<String> {
        let body = bodies.iter().find(|body| body.member == member);
        body.map(|body| body.keys.iter().map(|key| key.recipient.clone()).collect()).unwrap_or_default()
    };
    let policy = Policy::shared(word(tender)?, word(LOT)?, no, BODIES.map(recipients))
        .and_then(|policy| policy.for_bids(shape.parts, shape.max_part_bytes))
        .map_err(Problem::internal)?;
    let holders =
        bodies.iter().filter_map(|body| Some((body.member.to_owned(), body.organisation?))).collect();
    let settled = Settled { policy, holders };
    let mut entry = entry.row("seal_policies", store::insert_policy(tx, tender, &settled, now).await?);
    let mut canaries = Vec::new();
    for body in bodies {
        for key in &body.keys {
            canaries.push(put_out(body.member, key).map_err(Problem::internal)?);
        }
    }
    store::insert_canaries(tx, (tender, no), &canaries, now).await?;
    for canary in &canaries {
        entry = entry.row("seal_canaries", canary.id);
    }
    Ok((settled, entry))
}

/// 32 random bytes to one key alone; only their hash stays with the hall.
fn put_out(member: &'static str, key: &SealKey) -> Result<NewCanary, SealError> {
    let mut answer = [0; 32];
    rand::rng().fill_bytes(&mut answer);
    let recipient = key.recipient.parse().map_err(|_| Flaw::Recipient)?;
    Ok(NewCanary {
        id: Uuid::new_v4(),
        key: key.id,
        member,
        canary: encrypt(&[recipient], &answer)?,
        answer_sha256: sha256(&[&answer]),
    })
}

/// The policy that bids of a tender are sealed for: as it was settled last, or that of the bidder alone.
///
/// # Errors
/// When the database is away.
pub async fn policy_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Settled, Problem> {
    Ok(policies_of(conn, tender).await?.current().clone())
}

/// Every policy of a tender.
///
/// # Errors
/// When the database is away.
pub async fn policies_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Policies, Problem> {
    let mut kept = store::policies_of(conn, tender).await?;
    let current = match kept.pop() {
        Some(last) => last,
        None => bidder_alone(tender)?,
    };
    Ok(Policies::new(kept, current))
}

/// How a policy stands, by the keys of it that are not revoked.
///
/// # Errors
/// When the database is away.
pub async fn health(conn: &mut AsyncPgConnection, settled: &Settled) -> Result<Health, Problem> {
    let policy = settled.policy.policy();
    let named: Vec<&str> =
        policy.members.values().flat_map(|member| &member.recipients).map(String::as_str).collect();
    Ok(rules::health(policy, &store::usable(conn, &named).await?))
}

/// The current policy of a tender as its answer shows it.
pub fn line(settled: &Settled, health: &Health) -> PolicyLine {
    PolicyLine {
        policy_no: settled.policy.policy().policy_no,
        policy_digest: settled.policy.digest(),
        state: health.state,
        lost: health.lost.iter().cloned().collect(),
    }
}

/// Tenders that may have lost something by the revocation of a key.
///
/// # Errors
/// When the database is away.
pub async fn tenders_of_key(conn: &mut AsyncPgConnection, key: Uuid) -> Result<Vec<TenderId>, Problem> {
    store::tenders_of_key(conn, key).await
}

/// The light of a tender's officers; none where the bidder alone holds the secret.
///
/// # Errors
/// When the database is away.
pub async fn light(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    deadline: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Light>, Problem> {
    let canaries = store::canaries(conn, tender).await?;
    Ok((!canaries.is_empty()).then(|| rules::light(&canaries, deadline, now)))
}

/// The canaries of a tender for whoever may know of them; the files themselves only of the caller's own keys.
///
/// # Errors
/// 404 where there is none.
pub async fn canaries(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    tender: TenderId,
    deadline: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Canaries, Problem> {
    let canaries = store::canaries(conn, tender).await?;
    if canaries.is_empty() {
        return Err(Rejection::not_found().into());
    }
    Ok(shown(canaries, actor, deadline, now))
}

fn shown(canaries: Vec<Canary>, actor: &Actor, deadline: DateTime<Utc>, now: DateTime<Utc>) -> Canaries {
    let caller = actor.account().map(|account| account.account);
    let light = rules::light(&canaries, deadline, now);
    let line = |one: Canary| CanaryLine {
        key_id: one.key,
        member: one.member,
        proved_at: one.proved_at,
        revoked: one.revoked,
        canary: (caller == Some(one.officer)).then(|| base64_text(&one.canary)),
    };
    Canaries { light, due_at: rules::due_at(deadline), items: canaries.into_iter().map(line).collect() }
}

/// An officer proves to read: what came out of its canary is what was put in.
///
/// # Errors
/// 404 for another's canary, 422 `secret-does-not-fit` for another answer.
pub async fn prove(
    tx: &mut Tx<'_>,
    actor: &Actor,
    entry: Entry,
    tender: TenderId,
    deadline: DateTime<Utc>,
    asked: &CanaryAnswer,
) -> Result<Canaries, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?;
    let canaries = store::canaries(tx.conn(), tender).await?;
    let canary = canaries
        .iter()
        .find(|one| one.key == asked.key_id && one.officer == account.account)
        .ok_or_else(Rejection::not_found)?;
    let answer = hex::decode(&asked.answer).unwrap_or_default();
    if sha256(&[&answer]).as_slice() != canary.answer_sha256 {
        let detail = Say::new("与该经办人的验证文件不符。", "This is not what the canary holds.");
        let mut rejection = Rejection::at("/answer", "secret-does-not-fit", detail);
        rejection.code = Code::SecretDoesNotFit;
        return Err(rejection.into());
    }
    let now = tx.hall_now().await?;
    if store::set_proved(tx, canary.id, now).await? {
        ledger::record(tx, actor, now, entry.row("seal_canaries", canary.id)).await?;
    }
    Ok(shown(store::canaries(tx.conn(), tender).await?, actor, deadline, now))
}
