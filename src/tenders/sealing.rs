//! Who holds shares of a tender's bids, and whether they can read.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    holders::{
        self, Body, Light,
        model::{Canaries, CanaryAnswer},
    },
    identity::Action,
    kernel::{Actor, Problem, id::TenderId},
    ledger::Entry,
    platform::{db::Tx, http::Reply},
    projects::{self, Project},
    seal::CheckedPolicy,
    tenders::{Tender, service},
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
    let id = tender.id;
    let shape = holders::Shape {
        parts: tender.document.stages().words()?,
        max_part_bytes: tender.document.max_part_bytes(),
    };
    let (settled, entry) = match bodies {
        None => holders::service::settle_alone(tx, id, shape, now, entry).await?,
        Some(bodies) => holders::settle(tx, id, bodies, shape, now, entry).await?,
    };
    Ok((settled.policy, entry))
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
    let tender = service::load(conn, id).await?;
    let project = projects::load(conn, tender.project).await?;
    service::permit(actor, Action::CanaryProve, &project, &tender)?;
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
    let tender = service::load(tx.conn(), id).await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    service::permit(actor, Action::CanaryProve, &project, &tender)?;
    let entry = Entry::new("seal.canary.proved").project(tender.project).tender(id);
    Reply::ok(&holders::service::prove(tx, actor, entry, id, tender.deadline, asked).await?)
}
