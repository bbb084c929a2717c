//! The one side a person has in a project.

use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    identity::sides::Side,
    kernel::{
        Problem,
        id::{AccountId, ProjectId},
    },
    platform::statement::statement,
};

#[derive(QueryableByName)]
struct SideRow {
    #[diesel(sql_type = sql_types::Text)]
    side: String,
}

/// Takes a side for the person behind an account, unless that person has one already.
pub async fn add_side(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
    account: AccountId,
    side: Side,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO project_sides (project_id, person, account_id, side)
         SELECT $1, coalesce(a.person_key, a.id), a.id, $3 FROM accounts a WHERE a.id = $2
         ON CONFLICT ON CONSTRAINT project_sides_one_side DO NOTHING",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(side.as_ref())
    .execute(conn)
    .await?;
    Ok(())
}

/// The side that the person behind an account has in a project.
pub async fn side_of(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
    account: AccountId,
) -> Result<Option<String>, Problem> {
    let row = statement(
        "SELECT s.side FROM project_sides s JOIN accounts a ON s.person = coalesce(a.person_key, a.id)
          WHERE s.project_id = $1 AND a.id = $2",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Uuid, _>(account)
    .get_result::<SideRow>(conn)
    .await
    .optional()?;
    Ok(row.map(|row| row.side))
}
