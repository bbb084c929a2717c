//! What other rooms may ask about organisations.

use std::collections::HashMap;

use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use strum::IntoEnumIterator as _;

use super::policy::{Parties, oversees};
use crate::{
    kernel::{OrganisationKind, Problem, Role, Say, id::OrganisationId},
    platform::db::unreadable,
};

#[derive(QueryableByName)]
struct Kind {
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
}

/// The kind of an organisation; `None` when there is no such organisation.
///
/// # Errors
/// When the database is away.
pub async fn kind_of(
    conn: &mut AsyncPgConnection,
    organisation: OrganisationId,
) -> Result<Option<OrganisationKind>, Problem> {
    let row = diesel::sql_query("SELECT kind FROM organisations WHERE id = $1")
        .bind::<sql_types::Uuid, _>(organisation)
        .get_result::<Kind>(conn)
        .await
        .optional()?;
    row.map(|row| row.kind.parse().map_err(unreadable("organisations.kind"))).transpose()
}

/// What may be shown of an organisation wherever it may be named.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Card {
    /// Its id.
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: OrganisationId,
    /// Name in Chinese.
    #[diesel(sql_type = sql_types::Text)]
    pub name_zh: String,
    /// Name in English.
    #[diesel(sql_type = sql_types::Text)]
    pub name_en: String,
    /// Unified social credit code; empty while it is not known.
    #[diesel(sql_type = sql_types::Text)]
    pub uscc: String,
    /// Address for the hall's letters.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    pub email: Option<String>,
}

impl Card {
    /// The name in both languages.
    pub fn name(&self) -> Say {
        Say::new(&self.name_zh, &self.name_en)
    }
}

/// Cards of organisations by id; unknown ids are left out.
///
/// # Errors
/// When the database is away.
pub async fn cards(
    conn: &mut AsyncPgConnection,
    ids: &[OrganisationId],
) -> Result<HashMap<OrganisationId, Card>, Problem> {
    let rows = diesel::sql_query("SELECT id, name_zh, name_en, coalesce(uscc, '') AS uscc, email FROM organisations WHERE id = ANY($1)")
        .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
        .get_results::<Card>(conn)
        .await?;
    Ok(rows.into_iter().map(|card| (card.id, card)).collect())
}

/// Cards of the organisations that run a centre, by id.
///
/// # Errors
/// When the database is away.
pub async fn desks(conn: &mut AsyncPgConnection, centre: &str) -> Result<Vec<Card>, Problem> {
    Ok(diesel::sql_query(
        "SELECT id, name_zh, name_en, coalesce(uscc, '') AS uscc, email FROM organisations
          WHERE kind = 'centre' AND centre_code = $1 ORDER BY id",
    )
    .bind::<sql_types::Text, _>(centre)
    .get_results::<Card>(conn)
    .await?)
}

/// Cards of all whom a doubt about the hall's one clock concerns: every centre, and every supervision office 公管办.
///
/// # Errors
/// When the database is away.
pub async fn clock_desks(conn: &mut AsyncPgConnection) -> Result<Vec<Card>, Problem> {
    Ok(diesel::sql_query(
        "SELECT o.id, o.name_zh, o.name_en, coalesce(o.uscc, '') AS uscc, o.email FROM organisations o
          WHERE o.kind = 'centre' OR EXISTS (
                SELECT FROM accounts a JOIN account_roles r ON r.account_id = a.id AND r.ended_at IS NULL
                 WHERE a.organisation_id = o.id AND a.disabled_at IS NULL AND r.role = $1)
          ORDER BY o.id",
    )
    .bind::<sql_types::Text, _>(Role::SupervisorOffice.as_ref())
    .get_results::<Card>(conn)
    .await?)
}

/// Cards of everybody who may hand bids in to the hall, by id. Who reads what goes to all of them learns nothing of who
/// bids.
///
/// # Errors
/// When the database is away.
pub async fn bidders(conn: &mut AsyncPgConnection) -> Result<Vec<Card>, Problem> {
    Ok(diesel::sql_query(
        "SELECT o.id, o.name_zh, o.name_en, coalesce(o.uscc, '') AS uscc, o.email FROM organisations o
          WHERE EXISTS (
                SELECT FROM accounts a JOIN account_roles r ON r.account_id = a.id AND r.ended_at IS NULL
                 WHERE a.organisation_id = o.id AND a.disabled_at IS NULL AND r.role = $1)
          ORDER BY o.id",
    )
    .bind::<sql_types::Text, _>(Role::Bidder.as_ref())
    .get_results::<Card>(conn)
    .await?)
}

#[derive(QueryableByName)]
struct Overseer {
    #[diesel(sql_type = sql_types::Uuid)]
    organisation_id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    region_code: String,
    #[diesel(sql_type = sql_types::Text)]
    role: String,
}

/// The supervision office 公管办 whose duty a project lies in; the nearest where several do.
///
/// # Errors
/// When the database is away.
pub async fn supervision_office(
    conn: &mut AsyncPgConnection,
    parties: &Parties,
) -> Result<Option<OrganisationId>, Problem> {
    let rows = diesel::sql_query(
        "SELECT DISTINCT a.organisation_id, o.region_code, r.role
           FROM accounts a JOIN organisations o ON o.id = a.organisation_id
           JOIN account_roles r ON r.account_id = a.id AND r.ended_at IS NULL
          WHERE r.role = $1 AND a.disabled_at IS NULL",
    )
    .bind::<sql_types::Text, _>(Role::SupervisorOffice.as_ref())
    .get_results::<Overseer>(conn)
    .await?;
    let within = rows.into_iter().filter(|row| oversees(Role::SupervisorOffice, &row.region_code, parties));
    // The more digits a division shares with all below it, the nearer it is: 152527 before 152500.
    let nearest = within.max_by_key(|row| (row.region_code.trim_end_matches('0').len(), row.organisation_id));
    Ok(nearest.map(|row| row.organisation_id))
}

/// Cards of the supervising bodies within whose duty a project lies, by id. Agrees with the relation `duty` of the
/// matrix.
///
/// # Errors
/// When the database is away.
pub async fn overseers(conn: &mut AsyncPgConnection, parties: &Parties) -> Result<Vec<Card>, Problem> {
    let roles: Vec<String> =
        Role::iter().filter(|role| role.supervises()).map(|role| role.to_string()).collect();
    let rows = diesel::sql_query(
        "SELECT DISTINCT a.organisation_id, o.region_code, r.role
           FROM accounts a JOIN organisations o ON o.id = a.organisation_id
           JOIN account_roles r ON r.account_id = a.id AND r.ended_at IS NULL
          WHERE r.role = ANY($1) AND a.disabled_at IS NULL",
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(roles)
    .get_results::<Overseer>(conn)
    .await?;
    let mut bodies = Vec::new();
    for row in rows {
        let role = row.role.parse().map_err(unreadable("account_roles.role"))?;
        if oversees(role, &row.region_code, parties) {
            bodies.push(row.organisation_id);
        }
    }
    let mut cards: Vec<Card> = cards(conn, &bodies).await?.into_values().collect();
    cards.sort_unstable_by_key(|card| card.id);
    Ok(cards)
}
