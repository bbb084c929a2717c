//! Award lists and findings in the database.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, Insertable, JoinOnDsl, QueryDsl, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{
    identity::Duty,
    kernel::{
        Money, Problem, Say,
        id::{AwardId, OrganisationId, ProjectId, TenderId},
    },
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
    },
    schema::{award_reviews, organisations},
    supervision::model::{AwardLine, ReviewView},
};

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: AwardId,
    #[diesel(sql_type = sql_types::Uuid)]
    tender_id: TenderId,
    #[diesel(sql_type = sql_types::Text)]
    code: String,
    #[diesel(sql_type = sql_types::Text)]
    title: String,
    #[diesel(sql_type = sql_types::Text)]
    phase: String,
    #[diesel(sql_type = sql_types::Uuid)]
    project_id: ProjectId,
    #[diesel(sql_type = sql_types::Text)]
    centre_code: String,
    #[diesel(sql_type = sql_types::Text)]
    region_code: String,
    #[diesel(sql_type = sql_types::Text)]
    category: String,
    #[diesel(sql_type = sql_types::Text)]
    name_zh: String,
    #[diesel(sql_type = sql_types::Text)]
    name_en: String,
    #[diesel(sql_type = sql_types::Numeric)]
    price: Decimal,
    #[diesel(sql_type = sql_types::Timestamptz)]
    decided_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::BigInt)]
    late_duties: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    reviews: i64,
}

impl TryFrom<LineRow> for AwardLine {
    type Error = Problem;

    fn try_from(row: LineRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            tender_id: row.tender_id,
            code: row.code,
            title: row.title,
            phase: row.phase.parse().map_err(unreadable("tenders.phase"))?,
            project_id: row.project_id,
            centre_code: row.centre_code,
            region_code: row.region_code,
            category: row.category.parse().map_err(unreadable("awards.category"))?,
            winner: Say::new(row.name_zh, row.name_en),
            price: Money::yuan(row.price).map_err(unreadable("awards.price"))?,
            decided_at: row.decided_at,
            late_duties: row.late_duties,
            reviews: row.reviews,
        })
    }
}

/// What a list of awards is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Centre code.
    pub centre: Option<String>,
    /// Decided from then on.
    pub from: Option<DateTime<Utc>>,
    /// Decided before then.
    pub to: Option<DateTime<Utc>>,
    /// Whether any finding was made.
    pub reviewed: Option<bool>,
}

/// One page of awards within a duty, newest first; one row more than `limit` tells that there are further.
///
/// # Errors
/// When the database is away.
pub async fn awards(
    conn: &mut AsyncPgConnection,
    duty: &Duty,
    wanted: &Wanted,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<AwardLine>, Problem> {
    let rows: Vec<LineRow> = diesel::sql_query(
        "SELECT a.id, a.tender_id, t.code, t.title, t.phase, a.project_id, a.centre_code, a.region_code, a.category,
                o.name_zh, o.name_en, a.price, a.decided_at,
                (SELECT count(*) FROM tender_events e
                  WHERE e.tender_id = a.tender_id AND e.late_rule IS NOT NULL) AS late_duties,
                (SELECT count(*) FROM award_reviews r WHERE r.award_id = a.id) AS reviews
           FROM awards a JOIN tenders t ON t.id = a.tender_id JOIN organisations o ON o.id = a.winner_id
          WHERE starts_with(a.region_code, $1) AND a.category = ANY($2)
            AND ($3 IS NULL OR a.centre_code = $3)
            AND ($4 IS NULL OR a.decided_at >= $4) AND ($5 IS NULL OR a.decided_at < $5)
            AND ($6 IS NULL OR $6 = EXISTS (SELECT 1 FROM award_reviews r WHERE r.award_id = a.id))
            AND ($7 IS NULL OR (a.decided_at, a.id) < ($7, $8))
          ORDER BY a.decided_at DESC, a.id DESC LIMIT $9",
    )
    .bind::<sql_types::Text, _>(&duty.region_stem)
    .bind::<sql_types::Array<sql_types::Text>, _>(duty.categories.iter().map(AsRef::as_ref).collect::<Vec<&str>>())
    .bind::<sql_types::Nullable<sql_types::Text>, _>(wanted.centre.as_deref())
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(wanted.from)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(wanted.to)
    .bind::<sql_types::Nullable<sql_types::Bool>, _>(wanted.reviewed)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(cursor.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(cursor.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit + 1)
    .get_results(conn)
    .await?;
    rows.into_iter().map(AwardLine::try_from).collect()
}

/// A finding about to be kept.
#[derive(Insertable)]
#[diesel(table_name = award_reviews)]
pub struct ReviewRow {
    /// Row id.
    pub id: Uuid,
    /// The award.
    pub award_id: AwardId,
    /// The supervising body.
    pub organisation_id: OrganisationId,
    /// Its account.
    pub account_id: Uuid,
    /// What was found.
    pub finding: String,
    /// Why.
    pub remark: String,
    /// When.
    pub made_at: DateTime<Utc>,
}

/// Keeps a finding.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_review(tx: &mut Tx<'_>, review: &ReviewRow) -> Result<(), Problem> {
    diesel::insert_into(award_reviews::table).values(review).execute(tx.conn()).await?;
    Ok(())
}

type ReviewColumns = (Uuid, OrganisationId, String, String, String, String, DateTime<Utc>);

/// Findings on an award, first to last.
///
/// # Errors
/// When the database is away.
pub async fn reviews(conn: &mut AsyncPgConnection, award: AwardId) -> Result<Vec<ReviewView>, Problem> {
    let rows: Vec<ReviewColumns> = award_reviews::table
        .inner_join(organisations::table.on(organisations::id.eq(award_reviews::organisation_id)))
        .filter(award_reviews::award_id.eq(award))
        .order((award_reviews::made_at, award_reviews::id))
        .select((
            award_reviews::id,
            award_reviews::organisation_id,
            organisations::name_zh,
            organisations::name_en,
            award_reviews::finding,
            award_reviews::remark,
            award_reviews::made_at,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(id, organisation_id, zh, en, finding, remark, made_at)| {
            Ok(ReviewView {
                id,
                award_id: award,
                organisation_id,
                organisation: Say::new(zh, en),
                finding: finding.parse().map_err(unreadable("award_reviews.finding"))?,
                remark,
                made_at,
            })
        })
        .collect()
}
