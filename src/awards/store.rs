//! Candidates, awards, contracts, reports and deposits in the database.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl,
    Queryable, QueryableByName, Selectable, SelectableHelper, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    awards::model::{Award, CandidateList, Contract, Deposit, DepositCounts, Told, WrittenReport},
    kernel::{
        Money, Problem,
        id::{AwardId, BidId, NoticeId, OrganisationId, ProjectId, TenderId},
    },
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
    },
    schema::{awards, candidate_lists, contracts, deposits, written_reports},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = candidate_lists)]
struct ListRow {
    id: Uuid,
    tender_id: TenderId,
    notice_id: NoticeId,
    report_hash: Vec<u8>,
    candidates: Value,
    published_by: Uuid,
    published_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

/// Keeps a published list.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_list(tx: &mut Tx<'_>, list: &CandidateList) -> Result<(), Problem> {
    let row = ListRow {
        id: list.id,
        tender_id: list.tender,
        notice_id: list.notice,
        report_hash: list.report_hash.to_vec(),
        candidates: json!(list.candidates),
        published_by: list.published_by,
        published_at: list.published_at,
        ends_at: list.ends_at,
    };
    diesel::insert_into(candidate_lists::table).values(&row).execute(tx.conn()).await?;
    Ok(())
}

/// The published candidates of a tender, if any were.
///
/// # Errors
/// When the database is away.
pub async fn list_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Option<CandidateList>, Problem> {
    let query =
        candidate_lists::table.filter(candidate_lists::tender_id.eq(tender)).select(ListRow::as_select());
    let row: Option<ListRow> = query.first(conn).await.optional()?;
    row.map(|row| {
        Ok(CandidateList {
            id: row.id,
            tender: row.tender_id,
            notice: row.notice_id,
            report_hash: row
                .report_hash
                .try_into()
                .map_err(unreadable::<Vec<u8>>("candidate_lists.report_hash"))?,
            candidates: serde_json::from_value(row.candidates)
                .map_err(unreadable("candidate_lists.candidates"))?,
            published_by: row.published_by,
            published_at: row.published_at,
            ends_at: row.ends_at,
        })
    })
    .transpose()
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = awards, treat_none_as_default_value = false)]
struct AwardRow {
    id: AwardId,
    tender_id: TenderId,
    project_id: ProjectId,
    centre_code: String,
    region_code: String,
    category: String,
    bid_id: BidId,
    winner_id: OrganisationId,
    price: Decimal,
    term_days: i32,
    reason: Option<String>,
    decided_by: Uuid,
    decided_at: DateTime<Utc>,
    result_notice_id: Option<NoticeId>,
    notified_by: Option<Uuid>,
    notified_at: Option<DateTime<Utc>>,
    loser_letters: Option<i32>,
    version: i64,
}

impl TryFrom<AwardRow> for Award {
    type Error = Problem;

    fn try_from(row: AwardRow) -> Result<Self, Problem> {
        let told = match (row.result_notice_id, row.notified_by, row.notified_at, row.loser_letters) {
            (Some(notice), Some(by), Some(at), Some(loser_letters)) => {
                Some(Told { notice, by, at, loser_letters })
            }
            _ => None,
        };
        Ok(Self {
            id: row.id,
            tender: row.tender_id,
            project: row.project_id,
            centre_code: row.centre_code,
            region_code: row.region_code,
            category: row.category.parse().map_err(unreadable("awards.category"))?,
            bid: row.bid_id,
            winner: row.winner_id,
            price: Money::yuan(row.price).map_err(unreadable("awards.price"))?,
            term_days: row.term_days,
            reason: row.reason,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            told,
            version: row.version,
        })
    }
}

/// Writes a decision.
///
/// # Errors
/// The database's own, so that the service can name a second award.
pub async fn insert_award(tx: &mut Tx<'_>, award: &Award) -> Result<(), diesel::result::Error> {
    let row = AwardRow {
        id: award.id,
        tender_id: award.tender,
        project_id: award.project,
        centre_code: award.centre_code.clone(),
        region_code: award.region_code.clone(),
        category: award.category.to_string(),
        bid_id: award.bid,
        winner_id: award.winner,
        price: award.price.value(),
        term_days: award.term_days,
        reason: award.reason.clone(),
        decided_by: award.decided_by,
        decided_at: award.decided_at,
        result_notice_id: award.told.map(|told| told.notice),
        notified_by: award.told.map(|told| told.by),
        notified_at: award.told.map(|told| told.at),
        loser_letters: award.told.map(|told| told.loser_letters),
        version: award.version,
    };
    diesel::insert_into(awards::table).values(&row).execute(tx.conn()).await.map(drop)
}

#[derive(AsChangeset)]
#[diesel(table_name = awards, treat_none_as_null = true)]
struct AwardChange {
    result_notice_id: Option<NoticeId>,
    notified_by: Option<Uuid>,
    notified_at: Option<DateTime<Utc>>,
    loser_letters: Option<i32>,
    version: i64,
}

/// Saves what may change of an award and counts its version up. The decision itself never changes.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update_award(tx: &mut Tx<'_>, award: &mut Award) -> Result<(), Problem> {
    award.version += 1;
    let change = AwardChange {
        result_notice_id: award.told.map(|told| told.notice),
        notified_by: award.told.map(|told| told.by),
        notified_at: award.told.map(|told| told.at),
        loser_letters: award.told.map(|told| told.loser_letters),
        version: award.version,
    };
    diesel::update(awards::table.find(award.id)).set(change).execute(tx.conn()).await?;
    Ok(())
}

/// An award by its id, for the rooms above.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, id: AwardId) -> Result<Option<Award>, Problem> {
    let row: Option<AwardRow> =
        awards::table.find(id).select(AwardRow::as_select()).first(conn).await.optional()?;
    row.map(Award::try_from).transpose()
}

/// The award of a tender, once decided.
///
/// # Errors
/// When the database is away.
pub async fn award_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Option<Award>, Problem> {
    let query = awards::table.filter(awards::tender_id.eq(tender)).select(AwardRow::as_select());
    let row: Option<AwardRow> = query.first(conn).await.optional()?;
    row.map(Award::try_from).transpose()
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = contracts, treat_none_as_default_value = false)]
struct ContractRow {
    id: Uuid,
    award_id: AwardId,
    tender_id: TenderId,
    subject: String,
    amount: Decimal,
    term_days: i32,
    performance_bond: Option<Decimal>,
    signed_on: NaiveDate,
    drawn_by: Uuid,
    drawn_at: DateTime<Utc>,
    signed_by: Option<Uuid>,
    signed_at: Option<DateTime<Utc>>,
    published_at: Option<DateTime<Utc>>,
    notice_id: Option<NoticeId>,
    filed_by: Option<Uuid>,
    filed_at: Option<DateTime<Utc>>,
    version: i64,
}

impl TryFrom<ContractRow> for Contract {
    type Error = Problem;

    fn try_from(row: ContractRow) -> Result<Self, Problem> {
        let bond = row.performance_bond.map(Money::yuan).transpose();
        Ok(Self {
            id: row.id,
            award: row.award_id,
            tender: row.tender_id,
            subject: row.subject,
            amount: Money::yuan(row.amount).map_err(unreadable("contracts.amount"))?,
            term_days: row.term_days,
            performance_bond: bond.map_err(unreadable("contracts.performance_bond"))?,
            signed_on: row.signed_on,
            drawn_by: row.drawn_by,
            drawn_at: row.drawn_at,
            signature: row.signed_by.zip(row.signed_at),
            publication: row.notice_id.zip(row.published_at),
            filing: row.filed_by.zip(row.filed_at),
            version: row.version,
        })
    }
}

/// Writes a contract as drawn up.
///
/// # Errors
/// The database's own, so that the service can name a second contract.
pub async fn insert_contract(tx: &mut Tx<'_>, contract: &Contract) -> Result<(), diesel::result::Error> {
    let row = ContractRow {
        id: contract.id,
        award_id: contract.award,
        tender_id: contract.tender,
        subject: contract.subject.clone(),
        amount: contract.amount.value(),
        term_days: contract.term_days,
        performance_bond: contract.performance_bond.map(Money::value),
        signed_on: contract.signed_on,
        drawn_by: contract.drawn_by,
        drawn_at: contract.drawn_at,
        signed_by: contract.signature.map(|(by, _)| by),
        signed_at: contract.signature.map(|(_, at)| at),
        published_at: contract.publication.map(|(_, at)| at),
        notice_id: contract.publication.map(|(notice, _)| notice),
        filed_by: contract.filing.map(|(by, _)| by),
        filed_at: contract.filing.map(|(_, at)| at),
        version: contract.version,
    };
    diesel::insert_into(contracts::table).values(&row).execute(tx.conn()).await.map(drop)
}

#[derive(AsChangeset)]
#[diesel(table_name = contracts, treat_none_as_null = true)]
struct ContractChange {
    signed_by: Option<Uuid>,
    signed_at: Option<DateTime<Utc>>,
    published_at: Option<DateTime<Utc>>,
    notice_id: Option<NoticeId>,
    filed_by: Option<Uuid>,
    filed_at: Option<DateTime<Utc>>,
    version: i64,
}

/// Saves what may change of a contract and counts its version up. Its terms never change.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update_contract(tx: &mut Tx<'_>, contract: &mut Contract) -> Result<(), Problem> {
    contract.version += 1;
    let change = ContractChange {
        signed_by: contract.signature.map(|(by, _)| by),
        signed_at: contract.signature.map(|(_, at)| at),
        published_at: contract.publication.map(|(_, at)| at),
        notice_id: contract.publication.map(|(notice, _)| notice),
        filed_by: contract.filing.map(|(by, _)| by),
        filed_at: contract.filing.map(|(_, at)| at),
        version: contract.version,
    };
    diesel::update(contracts::table.find(contract.id)).set(change).execute(tx.conn()).await?;
    Ok(())
}

/// The contract of a tender, once drawn up.
///
/// # Errors
/// When the database is away.
pub async fn contract_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Option<Contract>, Problem> {
    let query = contracts::table.filter(contracts::tender_id.eq(tender)).select(ContractRow::as_select());
    let row: Option<ContractRow> = query.first(conn).await.optional()?;
    row.map(Contract::try_from).transpose()
}

/// Keeps the written report and answers its row id.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_report(
    tx: &mut Tx<'_>,
    tender: TenderId,
    summary: &str,
    by: Uuid,
    at: DateTime<Utc>,
) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    diesel::insert_into(written_reports::table)
        .values((
            written_reports::id.eq(id),
            written_reports::tender_id.eq(tender),
            written_reports::summary.eq(summary),
            written_reports::made_by.eq(by),
            written_reports::made_at.eq(at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// The written report of a tender, once made.
///
/// # Errors
/// When the database is away.
pub async fn report_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Option<WrittenReport>, Problem> {
    let row: Option<(String, DateTime<Utc>)> = written_reports::table
        .filter(written_reports::tender_id.eq(tender))
        .select((written_reports::summary, written_reports::made_at))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(summary, made_at)| WrittenReport { summary, made_at }))
}

#[derive(QueryableByName)]
struct RowId {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

/// Records deposits (bidder, kind, amount) in one statement and answers their row ids.
///
/// # Errors
/// When the database is away; inside, the database's own, so that the service can name a second record.
pub async fn insert_deposits(
    tx: &mut Tx<'_>,
    tender: TenderId,
    items: &[(OrganisationId, String, Money)],
    by: Uuid,
    at: DateTime<Utc>,
) -> Result<Result<Vec<Uuid>, diesel::result::Error>, Problem> {
    let rows = diesel::sql_query(
        "INSERT INTO deposits (id, tender_id, bidder_id, kind, amount, recorded_by, recorded_at)
         SELECT id, $5, bidder, kind, amount, $6, $7
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[]) AS item (id, bidder, kind, amount)
         RETURNING id",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(items.iter().map(|_| Uuid::new_v4()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(
        items.iter().map(|(bidder, ..)| *bidder).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(items.iter().map(|(_, kind, _)| kind).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Numeric>, _>(
        items.iter().map(|(_, _, amount)| amount.value()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Uuid, _>(by)
    .bind::<sql_types::Timestamptz, _>(at)
    .get_results::<RowId>(tx.conn())
    .await;
    Ok(rows.map(|rows| rows.into_iter().map(|row| row.id).collect()))
}

/// Marks every deposit still held as returned, except that of `kept`, and answers the row ids.
///
/// # Errors
/// When the database is away.
pub async fn return_deposits(
    tx: &mut Tx<'_>,
    tender: TenderId,
    kept: Option<OrganisationId>,
    at: DateTime<Utc>,
) -> Result<Vec<Uuid>, Problem> {
    let held = deposits::table.filter(
        deposits::tender_id
            .eq(tender)
            .and(deposits::returned_at.is_null())
            .and(deposits::bidder_id.ne(kept.unwrap_or(OrganisationId(Uuid::nil())))),
    );
    Ok(diesel::update(held)
        .set(deposits::returned_at.eq(Some(at)))
        .returning(deposits::id)
        .get_results(tx.conn())
        .await?)
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = sql_types::BigInt)]
    recorded: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    guarantees: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    returned: i64,
}

/// How many deposits of a tender are recorded and returned.
///
/// # Errors
/// When the database is away.
pub async fn deposit_counts(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<DepositCounts, Problem> {
    let Counts { recorded, guarantees, returned } = diesel::sql_query(
        "SELECT count(*) AS recorded, count(*) FILTER (WHERE kind = 'guarantee') AS guarantees,
                count(returned_at) AS returned
           FROM deposits WHERE tender_id = $1",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .get_result(conn)
    .await?;
    Ok(DepositCounts { recorded, guarantees, returned })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deposits)]
struct DepositRow {
    id: Uuid,
    bidder_id: OrganisationId,
    kind: String,
    amount: Decimal,
    recorded_at: DateTime<Utc>,
    returned_at: Option<DateTime<Utc>>,
}

/// One page of a tender's deposits, newest first; one row more than `limit` tells that there are further.
///
/// # Errors
/// When the database is away.
pub async fn deposits(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Deposit>, Problem> {
    let mut query = deposits::table
        .filter(deposits::tender_id.eq(tender))
        .select(DepositRow::as_select())
        .order((deposits::recorded_at.desc(), deposits::id.desc()))
        .limit(limit + 1)
        .into_boxed();
    if let Some(Cursor { at, id }) = cursor {
        let tie = deposits::recorded_at.lt(at).or(deposits::id.lt(id));
        query = query.filter(deposits::recorded_at.le(at).and(tie));
    }
    let rows: Vec<DepositRow> = query.load(conn).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Deposit {
                id: row.id,
                bidder_id: row.bidder_id,
                kind: row.kind.parse().map_err(unreadable("deposits.kind"))?,
                amount: Money::yuan(row.amount).map_err(unreadable("deposits.amount"))?,
                recorded_at: row.recorded_at,
                returned_at: row.returned_at,
            })
        })
        .collect()
}
