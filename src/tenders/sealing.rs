//! Who holds shares of a tender's bids, whether they can read, and what is done when a body has lost every key.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    holders::{
        self, Body, Health, Light, PolicyState, Settled,
        model::{Canaries, CanaryAnswer, PolicyStanding},
        service::KEY_REVOKED_EVENT,
    },
    identity::{self, Action},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say, id::TenderId, problem::fitting, time::hall_date,
    },
    law::Lawbook,
    ledger::{self, Entry},
    notices::{self, NoticeKind, Section},
    platform::{
        db::Tx,
        http::{Page, Reply},
        jobs::{self, Jobs},
        outbox::{self, NewLetter},
    },
    projects::{self, Project},
    seal::CheckedPolicy,
    tenders::{
        Tender, intake,
        model::NewSealPolicy,
        policy_change::{self, Loss, Worth},
        publication, service, view,
    },
};

/// The bodies that would hold shares of the tender's bids; none where its document leaves the secret to the bidder.
///
/// # Errors
/// When the database is away.
pub(super) async fn bodies(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
    project: &Project,
) -> Result<Option<Vec<Body>>, Problem> {
    if tender.document.sealing.is_none() {
        return Ok(None);
    }
    holders::bodies(conn, &project.parties()).await.map(Some)
}

/// The same bodies for a policy that is settled in this transaction, their keys held.
///
/// # Errors
/// When the database is away.
pub(super) async fn bodies_held(
    tx: &mut Tx<'_>,
    tender: &Tender,
    project: &Project,
) -> Result<Option<Vec<Body>>, Problem> {
    if tender.document.sealing.is_none() {
        return Ok(None);
    }
    holders::bodies_held(tx, &project.parties()).await.map(Some)
}

/// The policy that bids are sealed for from the publication on; its rows are named in `entry`.
///
/// # Errors
/// `seal-keys-missing`; when the database is away.
pub(super) async fn settle(
    tx: &mut Tx<'_>,
    tender: &Tender,
    bodies: Option<&[Body]>,
    now: DateTime<Utc>,
    entry: Entry,
) -> Result<(CheckedPolicy, Entry), Problem> {
    let (settled, entry) = match bodies {
        None => holders::service::settle_alone(tx, tender.id, shape(tender)?, now, entry).await?,
        Some(bodies) => holders::settle(tx, (tender.id, 1), bodies, shape(tender)?, now, entry).await?,
    };
    Ok((settled.policy, entry))
}

fn shape(tender: &Tender) -> Result<holders::Shape, Problem> {
    Ok(holders::Shape {
        parts: tender.document.stages().words()?,
        max_part_bytes: tender.document.max_part_bytes(),
    })
}

/// A policy, and how it stands.
pub(super) struct Standing {
    /// The policy.
    pub(super) settled: Settled,
    /// By the keys that are left.
    pub(super) health: Health,
}

impl Standing {
    async fn of(conn: &mut AsyncPgConnection, settled: &Settled) -> Result<Self, Problem> {
        let health = holders::health(conn, settled).await?;
        Ok(Self { settled: settled.clone(), health })
    }

    fn policy_no(&self) -> u32 {
        self.settled.policy.policy().policy_no
    }

    fn is_broken(&self) -> bool {
        self.health.state == PolicyState::Broken
    }
}

/// Whether holders share the bids of a published tender.
fn shares_out(tender: &Tender) -> bool {
    tender.document.sealing.is_some() && tender.published_at.is_some()
}

/// The policy of a published tender whose bids are shared out, and how it stands.
///
/// # Errors
/// When the database is away.
pub(super) async fn standing(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
) -> Result<Option<Standing>, Problem> {
    if !shares_out(tender) {
        return Ok(None);
    }
    let settled = holders::policy_of(conn, tender.id).await?;
    Standing::of(conn, &settled).await.map(Some)
}

/// Every policy of a published tender whose bids are shared out, the present one last: bids may be in keep under each, and
/// whether there are any is nobody's to learn, so that all are treated alike.
async fn standings(conn: &mut AsyncPgConnection, tender: &Tender) -> Result<Vec<Standing>, Problem> {
    let mut standings = Vec::new();
    if shares_out(tender) {
        for settled in holders::policies_of(conn, tender.id).await?.all() {
            standings.push(Standing::of(conn, settled).await?);
        }
    }
    Ok(standings)
}

/// Every policy of a published tender, with what it is still worth.
///
/// # Errors
/// 404 before the publication.
pub async fn policies(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
) -> Result<Page<PolicyStanding>, Problem> {
    let (tender, _) = service::permitted(conn, actor, Action::TenderRead, id).await?;
    if tender.published_at.is_none() {
        return Err(Rejection::not_found().into());
    }
    let mut items = Vec::new();
    for settled in holders::policies_of(conn, id).await?.all() {
        items.push(PolicyStanding::new(settled, holders::health(conn, settled).await?));
    }
    Ok(Page { items, next: None })
}

/// The host settles another policy, where a body has lost every key of the present one. Bids that are in keep theirs.
///
/// # Errors
/// 403, 404; 409 after the deadline, `seal-policy-stands` while every body can read, `too-late` where bidders would lack the
/// time, `seal-keys-missing` until every body has two persons' keys again; 422.
pub async fn follow(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: &NewSealPolicy,
) -> Result<Reply, Problem> {
    let reason = fitting(&asked.reason, "/reason", 1000)?;
    let tender = service::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = service::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    let project = &setting.project;
    service::permit(actor, Action::SealPolicySettle, project, &tender)?;
    service::taking_bids(&tender, now)?;
    let standings = standings(tx.conn(), &tender).await?;
    let standing = standings.last().ok_or_else(bidders_alone)?;
    let hours = setting.law.settings().reseal_hours;
    holders::rules::may_follow(&standing.health, hours, tender.deadline, now)?;
    let bodies = bodies_held(tx, &tender, project).await?.unwrap_or_default();
    let before = &standing.settled.policy;
    let no = standing.policy_no().saturating_add(1);
    let worth = Worth::of(standings.iter().map(|one| (one.policy_no(), one.is_broken())));
    let entry = Entry::new("tender.sealPolicySettled").project(tender.project).tender(id).because(&reason);
    let (settled, entry) = holders::settle(tx, (id, no), &bodies, shape(&tender)?, now, entry).await?;
    intake::demand_policy(tx, id, settled.policy.digest()).await?;
    let facts = json!({"policyNo": no, "sealPolicy": settled.policy.digest(), "follows": before.digest(),
        "lost": standing.health.lost, "broken": worth.broken});
    ledger::record(tx, actor, now, entry.facts(facts)).await?;
    let sections = policy_change::policy_notice(&tender, &settled.policy, before.digest(), &worth, &reason);
    tell(tx, actor, (project, &tender), sections, now).await?;
    let body = policy_change::policy_letter(&tender, &worth);
    write_to_bidders(tx, &tender, &body, now).await?;
    view::answer(tx, actor, law, &tender, now).await
}

fn bidders_alone() -> Problem {
    let detail = Say::new(
        "本项目由投标人自持密钥，没有份额持有单位。",
        "Bidders of this tender keep their own secrets; nobody holds shares.",
    );
    Refusal::new(Code::WrongState, detail).into()
}

/// Publishes what changed of the policy among the changes of the tender's notice.
async fn tell(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (project, tender): (&Project, &Tender),
    sections: Vec<Section>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let draft = publication::draft(NoticeKind::Clarification, project, tender, sections);
    notices::publish(tx, actor, now, draft).await?;
    Ok(())
}

/// The same letter to everybody who may bid in this hall: neither the post nor who reads it tells who has.
async fn write_to_bidders(
    tx: &mut Tx<'_>,
    tender: &Tender,
    (subject, body): &(Say, Say),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let letters: Vec<NewLetter> = identity::bidders(tx.conn())
        .await?
        .into_iter()
        .filter_map(|card| card.email)
        .map(|recipient| NewLetter { recipient, subject: subject.clone(), body: body.clone() })
        .collect();
    outbox::post_all(tx, &letters, Some(tender.id.0), now).await
}

/// Job that tells everybody of a body that has lost every key.
const LOSS_JOB: &str = "tender.tellSealLoss";

#[derive(Deserialize)]
struct Revoked {
    key: Uuid,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lost {
    tender: TenderId,
    policy_no: u32,
    member: String,
}

/// Registers the handlers of what comes of a key that was revoked.
pub fn register(jobs: &mut Jobs) {
    jobs.on(KEY_REVOKED_EVENT, async |tx, job| {
        let Revoked { key } = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
        for id in holders::service::tenders_of_key(tx.conn(), key).await? {
            look_for_loss(tx, id).await?;
        }
        Ok(())
    });
    jobs.on(LOSS_JOB, async |tx, job| {
        tell_loss(tx, serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?).await
    });
}

/// How the policies of a tender stand, the present one last; none once it is closed. Past the deadline the close may wait
/// for a decision over the clock, and the deadline may move by it: whoever bids then has to know.
async fn endangered(tx: &mut Tx<'_>, tender: &Tender) -> Result<Vec<Standing>, Problem> {
    if service::still_open(tender).is_err() {
        return Ok(Vec::new());
    }
    standings(tx.conn(), tender).await
}

/// Has each loss of a body told once for each policy, by the key of its job: whichever of two keys went last, and whoever
/// sees it first.
async fn look_for_loss(tx: &mut Tx<'_>, id: TenderId) -> Result<(), Problem> {
    let tender = service::load(tx.conn(), id).await?;
    let now = tx.hall_now().await?;
    for standing in endangered(tx, &tender).await? {
        let policy_no = standing.policy_no();
        for member in standing.health.lost {
            let key = format!("seal loss {id} {policy_no} {member}");
            jobs::schedule(tx, LOSS_JOB, &key, now, json!(Lost { tender: id, policy_no, member })).await?;
        }
    }
    Ok(())
}

/// A body has no key left in a policy of a tender that is not closed: published, and written to everybody. Bids may be in
/// keep under an earlier policy too, and what the one that followed is worth says nothing about them.
async fn tell_loss(tx: &mut Tx<'_>, lost: Lost) -> Result<(), Problem> {
    let id = lost.tender;
    let tender = service::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let standings = endangered(tx, &tender).await?;
    let Some(standing) = standings.iter().find(|one| one.policy_no() == lost.policy_no) else {
        return Ok(());
    };
    let present = standings.last().filter(|one| one.policy_no() != lost.policy_no && !one.is_broken());
    let Standing { settled, health } = standing;
    let actor = Actor::Hall(LOSS_JOB);
    let entry = Entry::new("tender.sealPolicyWeakened").project(tender.project).tender(id);
    let facts = json!({"policyNo": lost.policy_no, "sealPolicy": settled.policy.digest(), "lost": health.lost,
        "state": health.state});
    ledger::record(tx, &actor, now, entry.facts(facts)).await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    let loss = Loss {
        policy: &settled.policy,
        health,
        member: &lost.member,
        present: present.map(Standing::policy_no),
    };
    tell(tx, &actor, (&project, &tender), policy_change::loss_notice(&tender, &loss), now).await?;
    write_to_bidders(tx, &tender, &policy_change::loss_letter(&tender, &loss), now).await
}

/// The light of the officers, for those who may know of it.
///
/// # Errors
/// When the database is away.
pub(super) async fn light(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    tender: &Tender,
    project: &Project,
    now: DateTime<Utc>,
) -> Result<Option<Light>, Problem> {
    if tender.document.sealing.is_none()
        || service::permit(actor, Action::CanaryProve, project, tender).is_err()
    {
        return Ok(None);
    }
    holders::service::light(conn, tender.id, tender.deadline, now).await
}

/// The canaries of a tender.
///
/// # Errors
/// 404 where there is none, or for whoever holds, runs and oversees nothing of it.
pub async fn canaries(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<Canaries, Problem> {
    let (tender, _) = service::permitted(conn, actor, Action::CanaryProve, id).await?;
    holders::service::canaries(conn, actor, id, tender.deadline, now).await
}

/// An officer proves to read.
///
/// # Errors
/// 404 for another's canary, 422 for another answer.
pub async fn prove(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TenderId,
    asked: &CanaryAnswer,
) -> Result<Reply, Problem> {
    let (tender, _) = service::permitted(tx.conn(), actor, Action::CanaryProve, id).await?;
    let entry = Entry::new("seal.canary.proved").project(tender.project).tender(id);
    Reply::ok(&holders::service::prove(tx, actor, entry, id, tender.deadline, asked).await?)
}
