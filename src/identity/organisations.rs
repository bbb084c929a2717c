//! What other rooms may ask about organisations.

use std::collections::HashMap;

use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    kernel::{OrganisationKind, Problem, Say, id::OrganisationId},
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
