//! Proposals by an outage in the database.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::model::{Decision, Proposal};
use crate::{
    kernel::{
        Problem,
        id::{AccountId, TenderId},
    },
    platform::db::{Tx, unreadable},
};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    tender_id: Uuid,
    #[diesel(sql_type = sql_types::Timestamptz)]
    deadline_from: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    deadline_to: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Text)]
    reason: String,
    #[diesel(sql_type = sql_types::Jsonb)]
    evidence: Value,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Jsonb>)]
    slots: Option<Value>,
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::Uuid)]
    proposed_by: Uuid,
    #[diesel(sql_type = sql_types::Timestamptz)]
    proposed_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    decided_by: Option<Uuid>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    decision: Option<String>,
}

const COLUMNS: &str = "id, tender_id, deadline_from, deadline_to, reason, evidence, slots, state, proposed_by, proposed_at, \
                       decided_by, decided_at, decision";

impl TryFrom<Row> for Proposal {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let decision = match (row.decided_by, row.decided_at, row.decision) {
            (Some(by), Some(at), Some(reason)) => Some(Decision { by: AccountId(by), at, reason }),
            _ => None,
        };
        let slots = row.slots.map(serde_json::from_value).transpose();
        Ok(Self {
            id: row.id,
            tender: TenderId(row.tender_id),
            from: row.deadline_from,
            to: row.deadline_to,
            reason: row.reason,
            evidence: serde_json::from_value(row.evidence)
                .map_err(unreadable("outage_postponements.evidence"))?,
            slots: slots.map_err(unreadable("outage_postponements.slots"))?,
            state: row.state.parse().map_err(unreadable("outage_postponements.state"))?,
            proposed_by: AccountId(row.proposed_by),
            proposed_at: row.proposed_at,
            decision,
        })
    }
}

/// Keeps a proposal.
///
/// # Errors
/// The database's own inside, so that the service can name a second proposal.
pub async fn insert(tx: &mut Tx<'_>, new: &Proposal) -> Result<Result<(), diesel::result::Error>, Problem> {
    let slots = new.slots.as_ref().map(serde_json::to_value).transpose().map_err(Problem::internal)?;
    Ok(diesel::sql_query(
        "INSERT INTO outage_postponements
            (id, tender_id, deadline_from, deadline_to, reason, evidence, slots, state, proposed_by, proposed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind::<sql_types::Uuid, _>(new.id)
    .bind::<sql_types::Uuid, _>(new.tender.0)
    .bind::<sql_types::Timestamptz, _>(new.from)
    .bind::<sql_types::Timestamptz, _>(new.to)
    .bind::<sql_types::Text, _>(&new.reason)
    .bind::<sql_types::Jsonb, _>(json!(new.evidence))
    .bind::<sql_types::Nullable<sql_types::Jsonb>, _>(slots)
    .bind::<sql_types::Text, _>(new.state.as_ref())
    .bind::<sql_types::Uuid, _>(new.proposed_by.0)
    .bind::<sql_types::Timestamptz, _>(new.proposed_at)
    .execute(tx.conn())
    .await
    .map(drop))
}

/// Keeps the decision over a proposal.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn decide(tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), Problem> {
    let decision = proposal.decision.as_ref();
    diesel::sql_query(
        "UPDATE outage_postponements SET state = $2, decided_by = $3, decided_at = $4, decision = $5 WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(proposal.id)
    .bind::<sql_types::Text, _>(proposal.state.as_ref())
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(decision.map(|decision| decision.by.0))
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(decision.map(|decision| decision.at))
    .bind::<sql_types::Nullable<sql_types::Text>, _>(decision.map(|decision| decision.reason.as_str()))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The tender of a proposal.
///
/// # Errors
/// When the database is away.
pub async fn tender_of(conn: &mut AsyncPgConnection, id: Uuid) -> Result<Option<TenderId>, Problem> {
    Ok(load(conn, "id = $1", id).await?.pop().map(|proposal| proposal.tender))
}

/// A proposal with its row held to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Proposal>, Problem> {
    Ok(load(tx.conn(), "id = $1 FOR NO KEY UPDATE", id).await?.pop())
}

/// The proposals of a tender, first to last.
///
/// # Errors
/// When the database is away.
pub async fn of_tender(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Proposal>, Problem> {
    load(conn, "tender_id = $1 ORDER BY proposed_at, id", tender.0).await
}

async fn load(
    conn: &mut AsyncPgConnection,
    condition: &'static str,
    id: Uuid,
) -> Result<Vec<Proposal>, Problem> {
    let rows: Vec<Row> =
        diesel::sql_query(format!("SELECT {COLUMNS} FROM outage_postponements WHERE {condition}"))
            .bind::<sql_types::Uuid, _>(id)
            .get_results(conn)
            .await?;
    rows.into_iter().map(Proposal::try_from).collect()
}
