//! Organisations, as other rooms and as the administrator see them.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, result::Error as DieselError, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    identity::model::{Organisation, OrganisationEntry},
    kernel::{Code, OrganisationKind, Problem, Refusal, Say, id::OrganisationId},
    platform::{
        db::{OnConstraint, unreadable},
        http::Cursor,
        statement::statement,
    },
};

#[derive(QueryableByName)]
struct OrganisationRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    #[diesel(sql_type = sql_types::Text)]
    name_zh: String,
    #[diesel(sql_type = sql_types::Text)]
    name_en: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    uscc: Option<String>,
    #[diesel(sql_type = sql_types::Text)]
    region_code: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    centre_code: Option<String>,
    #[diesel(sql_type = sql_types::Text)]
    email: String,
}

/// The organisations of `ids` that exist.
pub async fn organisations(
    conn: &mut AsyncPgConnection,
    ids: &[OrganisationId],
) -> Result<Vec<Organisation>, Problem> {
    let rows = statement(
        "SELECT id, kind, name_zh, name_en, uscc, region_code, centre_code, email FROM organisations WHERE id = ANY($1)",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
    .get_results::<OrganisationRow>(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Organisation {
                id: row.id,
                kind: row.kind.parse::<OrganisationKind>().map_err(Problem::internal)?,
                name: Say::new(row.name_zh, row.name_en),
                uscc: row.uscc,
                region_code: row.region_code,
                centre_code: row.centre_code,
                email: row.email,
            })
        })
        .collect()
}

/// A new organisation.
pub struct NewOrganisation {
    pub id: OrganisationId,
    pub kind: OrganisationKind,
    pub name: Say,
    pub uscc: Option<String>,
    pub region_code: String,
    pub centre_code: Option<String>,
    pub email: String,
}

/// Inserts organisations in one statement.
pub async fn add_organisations(
    conn: &mut AsyncPgConnection,
    new: &[NewOrganisation],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO organisations (id, kind, name_zh, name_en, uscc, region_code, centre_code, email, created_at)
         SELECT *, $9 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                  $8::text[])",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(new.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.kind.as_ref()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.name.zh.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.name.en.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(
        new.iter().map(|one| one.uscc.as_deref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.region_code.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(
        new.iter().map(|one| one.centre_code.as_deref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.email.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Timestamptz, _>(now)
    .execute(conn)
    .await
    .on_constraint("organisations_uscc_unique", known_already)?;
    Ok(())
}

fn known_already() -> Refusal {
    Refusal::new(
        Code::Duplicate,
        Say::new("该统一社会信用代码已登记。", "This credit code is registered already."),
    )
}

/// Holds an organisation's row to the end of the transaction, where there is one.
pub async fn lock_organisation(conn: &mut AsyncPgConnection, id: OrganisationId) -> Result<(), Problem> {
    statement("SELECT FROM organisations WHERE id = $1 FOR NO KEY UPDATE")
        .bind::<sql_types::Uuid, _>(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Saves what may change of an organisation and counts its version up.
pub async fn update_organisation(
    conn: &mut AsyncPgConnection,
    changed: &OrganisationEntry,
) -> Result<(), Problem> {
    let saved = statement(
        "UPDATE organisations SET name_zh = $2, name_en = $3, uscc = $4, region_code = $5, centre_code = $6,
                                  email = $7, version = version + 1
          WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(changed.id)
    .bind::<sql_types::Text, _>(&changed.name.zh)
    .bind::<sql_types::Text, _>(&changed.name.en)
    .bind::<sql_types::Nullable<sql_types::Text>, _>(changed.uscc.as_deref())
    .bind::<sql_types::Text, _>(&changed.region_code)
    .bind::<sql_types::Nullable<sql_types::Text>, _>(changed.centre_code.as_deref())
    .bind::<sql_types::Text, _>(&changed.email)
    .execute(conn)
    .await;
    let violated = match &saved {
        Err(DieselError::DatabaseError(_, told)) => told.constraint_name(),
        _ => None,
    };
    match violated {
        Some("organisations_uscc_unique") => Err(known_already().into()),
        Some("organisation_code_stays") => {
            let detail = Say::new(
                "该主体已登记密钥、参与项目或投标，其统一社会信用代码不再更改；请另行登记正确的主体。",
                "This organisation has keys, projects or bids: its credit code does not change any more. Add the right \
                 organisation beside it.",
            );
            Err(Refusal::new(Code::WrongState, detail).into())
        }
        _ => Ok(saved.map(drop)?),
    }
}

#[derive(QueryableByName)]
struct OrganisationEntryRow {
    #[diesel(embed)]
    organisation: OrganisationRow,
    #[diesel(sql_type = sql_types::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::BigInt)]
    version: i64,
}

impl TryFrom<OrganisationEntryRow> for OrganisationEntry {
    type Error = Problem;

    fn try_from(row: OrganisationEntryRow) -> Result<Self, Problem> {
        let OrganisationEntryRow { organisation: row, created_at, version } = row;
        Ok(Self {
            id: row.id,
            kind: row.kind.parse().map_err(unreadable("organisations.kind"))?,
            name: Say::new(row.name_zh, row.name_en),
            uscc: row.uscc,
            region_code: row.region_code,
            centre_code: row.centre_code,
            email: row.email,
            created_at,
            version,
        })
    }
}

/// One organisation with all the administrator may see.
pub async fn organisation_entry(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
) -> Result<Option<OrganisationEntry>, Problem> {
    let row = statement(
        "SELECT id, kind, name_zh, name_en, uscc, region_code, centre_code, email, created_at, version
           FROM organisations WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(id)
    .get_result::<OrganisationEntryRow>(conn)
    .await
    .optional()?;
    row.map(OrganisationEntry::try_from).transpose()
}

/// Up to `limit + 1` organisations after the cursor, newest first.
pub async fn organisation_entries(
    conn: &mut AsyncPgConnection,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<OrganisationEntry>, Problem> {
    let rows = statement(
        "SELECT id, kind, name_zh, name_en, uscc, region_code, centre_code, email, created_at, version
           FROM organisations
          WHERE $1 IS NULL OR (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3",
    )
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(after.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(after.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit + 1)
    .get_results::<OrganisationEntryRow>(conn)
    .await?;
    rows.into_iter().map(OrganisationEntry::try_from).collect()
}
