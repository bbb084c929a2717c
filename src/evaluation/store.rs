//! Evaluations in the database.

use chrono::{DateTime, Utc};
use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    evaluation::model::{
        Evaluation, LowPriceVote, QualificationVerdict, ReportSignature, Sheet, SignedSheet,
    },
    kernel::{
        Problem,
        id::{AccountId, BidId, TenderId},
    },
    platform::db::{Tx, unreadable},
    schema::{evaluations, low_price_votes, qualification_reviews, report_signatures, score_sheets},
};

fn to_json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(Problem::internal)
}

fn number_of(member: u32) -> Result<i32, Problem> {
    i32::try_from(member).map_err(Problem::internal)
}

fn member_of(number: i32) -> Result<u32, Problem> {
    u32::try_from(number).map_err(unreadable("number of a member"))
}

/// Keeps the purchaser's review and answers its row id.
///
/// # Errors
/// The database's own, so that the service can name a second review.
pub async fn insert_review(
    tx: &mut Tx<'_>,
    tender: TenderId,
    verdicts: Value,
    by: AccountId,
    at: DateTime<Utc>,
) -> Result<Uuid, diesel::result::Error> {
    let id = Uuid::new_v4();
    diesel::insert_into(qualification_reviews::table)
        .values((
            qualification_reviews::id.eq(id),
            qualification_reviews::tender_id.eq(tender),
            qualification_reviews::verdicts.eq(verdicts),
            qualification_reviews::reviewed_at.eq(at),
            qualification_reviews::reviewed_by.eq(by),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// The purchaser's verdicts, once given.
///
/// # Errors
/// When the database is away.
pub async fn review(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Option<Vec<QualificationVerdict>>, Problem> {
    let kept: Option<Value> = qualification_reviews::table
        .filter(qualification_reviews::tender_id.eq(tender))
        .select(qualification_reviews::verdicts)
        .first(conn)
        .await
        .optional()?;
    kept.map(|json| serde_json::from_value(json).map_err(unreadable("qualification_reviews.verdicts")))
        .transpose()
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = evaluations, treat_none_as_default_value = false, treat_none_as_null = true)]
struct EvaluationRow {
    id: Uuid,
    tender_id: TenderId,
    started_at: DateTime<Utc>,
    started_by: Uuid,
    members: i32,
    screening: Value,
    low_price: Option<Value>,
    report: Option<Value>,
    report_hash: Option<Vec<u8>>,
    reported_at: Option<DateTime<Utc>>,
    signed_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    delivered_late: Option<String>,
    version: i64,
}

impl TryFrom<EvaluationRow> for Evaluation {
    type Error = Problem;

    fn try_from(row: EvaluationRow) -> Result<Self, Problem> {
        let report = match (row.report, row.report_hash, row.reported_at) {
            (Some(report), Some(hash), Some(at)) => Some((
                serde_json::from_value(report).map_err(unreadable("evaluations.report"))?,
                hash.try_into().map_err(unreadable("evaluations.report_hash"))?,
                at,
            )),
            _ => None,
        };
        Ok(Self {
            id: row.id,
            tender: row.tender_id,
            started_at: row.started_at,
            started_by: row.started_by,
            members: member_of(row.members)?,
            screening: serde_json::from_value(row.screening).map_err(unreadable("evaluations.screening"))?,
            low_price: row
                .low_price
                .map(serde_json::from_value)
                .transpose()
                .map_err(unreadable("evaluations.low_price"))?,
            report,
            signed_at: row.signed_at,
            delivered: row.delivered_at.map(|at| (at, row.delivered_late)),
            version: row.version,
        })
    }
}

impl TryFrom<&Evaluation> for EvaluationRow {
    type Error = Problem;

    fn try_from(evaluation: &Evaluation) -> Result<Self, Problem> {
        let report = evaluation.report.as_ref();
        let delivered = evaluation.delivered.as_ref();
        Ok(Self {
            id: evaluation.id,
            tender_id: evaluation.tender,
            started_at: evaluation.started_at,
            started_by: evaluation.started_by,
            members: number_of(evaluation.members)?,
            screening: to_json(&evaluation.screening)?,
            low_price: evaluation.low_price.as_ref().map(to_json).transpose()?,
            report: report.map(|(report, ..)| to_json(report)).transpose()?,
            report_hash: report.map(|(_, hash, _)| hash.to_vec()),
            reported_at: report.map(|(.., at)| *at),
            signed_at: evaluation.signed_at,
            delivered_at: delivered.map(|(at, _)| *at),
            delivered_late: delivered.and_then(|(_, late)| late.clone()),
            version: evaluation.version,
        })
    }
}

/// Writes the beginning of an evaluation.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert(tx: &mut Tx<'_>, evaluation: &Evaluation) -> Result<(), Problem> {
    let row = EvaluationRow::try_from(evaluation)?;
    diesel::insert_into(evaluations::table).values(row).execute(tx.conn()).await?;
    Ok(())
}

/// Saves an evaluation and counts its version up.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update(tx: &mut Tx<'_>, evaluation: &mut Evaluation) -> Result<(), Problem> {
    evaluation.version += 1;
    let row = EvaluationRow::try_from(&*evaluation)?;
    diesel::update(evaluations::table.find(evaluation.id)).set(row).execute(tx.conn()).await?;
    Ok(())
}

/// The evaluation of a tender, once it has begun.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Option<Evaluation>, Problem> {
    let row: Option<EvaluationRow> = evaluations::table
        .filter(evaluations::tender_id.eq(tender))
        .select(EvaluationRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(Evaluation::try_from).transpose()
}

/// Keeps a signed sheet and answers its row id.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_sheet(
    tx: &mut Tx<'_>,
    tender: TenderId,
    seat: Uuid,
    signed: SignedSheet,
    hash: &[u8; 32],
) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    diesel::insert_into(score_sheets::table)
        .values((
            score_sheets::id.eq(id),
            score_sheets::tender_id.eq(tender),
            score_sheets::seat_id.eq(seat),
            score_sheets::number.eq(number_of(signed.member)?),
            score_sheets::sheet.eq(signed.sheet),
            score_sheets::sheet_hash.eq(hash.as_slice()),
            score_sheets::signed_at.eq(signed.signed_at),
            score_sheets::revision.eq(number_of(signed.revision)?),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Number, sheet, its hash, time and number of a signing.
type Signing = (i32, Value, Vec<u8>, DateTime<Utc>, i32);

/// The sheet of each member that counts, by the member's number, as kept: the last one signed.
///
/// # Errors
/// When the database is away.
pub async fn signed_sheets(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Vec<SignedSheet>, Problem> {
    let rows: Vec<Signing> = score_sheets::table
        .filter(score_sheets::tender_id.eq(tender))
        .distinct_on(score_sheets::number)
        .order((score_sheets::number, score_sheets::revision.desc()))
        .select((
            score_sheets::number,
            score_sheets::sheet,
            score_sheets::sheet_hash,
            score_sheets::signed_at,
            score_sheets::revision,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(number, sheet, hash, signed_at, revision)| {
            Ok(SignedSheet {
                member: member_of(number)?,
                sheet,
                sheet_hash: hex::encode(hash),
                signed_at,
                revision: u32::try_from(revision).map_err(unreadable("score_sheets.revision"))?,
            })
        })
        .collect()
}

/// What kept sheets say.
///
/// # Errors
/// A fault when a sheet is not one.
pub fn read_sheets(signed: &[SignedSheet]) -> Result<Vec<Sheet>, Problem> {
    signed
        .iter()
        .map(|one| serde_json::from_value(one.sheet.clone()).map_err(unreadable("score_sheets.sheet")))
        .collect()
}

/// Keeps a vote on a low price and answers its row id.
///
/// # Errors
/// The database's own, so that the service can name a second vote.
pub async fn insert_vote(
    tx: &mut Tx<'_>,
    tender: TenderId,
    seat: Uuid,
    number: i32,
    vote: &LowPriceVote,
) -> Result<Uuid, diesel::result::Error> {
    let id = Uuid::new_v4();
    diesel::insert_into(low_price_votes::table)
        .values((
            low_price_votes::id.eq(id),
            low_price_votes::tender_id.eq(tender),
            low_price_votes::bid_id.eq(vote.bid),
            low_price_votes::seat_id.eq(seat),
            low_price_votes::number.eq(number),
            low_price_votes::accepted.eq(vote.accepted),
            low_price_votes::reason.eq(&vote.reason),
            low_price_votes::voted_at.eq(vote.at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// All votes on low prices, by member.
///
/// # Errors
/// When the database is away.
pub async fn votes(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<LowPriceVote>, Problem> {
    let rows: Vec<(BidId, i32, bool, String, DateTime<Utc>)> = low_price_votes::table
        .filter(low_price_votes::tender_id.eq(tender))
        .order((low_price_votes::bid_id, low_price_votes::number))
        .select((
            low_price_votes::bid_id,
            low_price_votes::number,
            low_price_votes::accepted,
            low_price_votes::reason,
            low_price_votes::voted_at,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(bid, number, accepted, reason, at)| {
            Ok(LowPriceVote { bid, member: member_of(number)?, accepted, reason, at })
        })
        .collect()
}

/// Keeps a signature or dissent under the report and answers its row id.
///
/// # Errors
/// The database's own, so that the service can name a second signature.
pub async fn insert_signature(
    tx: &mut Tx<'_>,
    tender: TenderId,
    seat: Uuid,
    number: i32,
    hash: &[u8; 32],
    dissent: Option<&str>,
    at: DateTime<Utc>,
) -> Result<Uuid, diesel::result::Error> {
    let id = Uuid::new_v4();
    diesel::insert_into(report_signatures::table)
        .values((
            report_signatures::id.eq(id),
            report_signatures::tender_id.eq(tender),
            report_signatures::seat_id.eq(seat),
            report_signatures::number.eq(number),
            report_signatures::report_hash.eq(hash.as_slice()),
            report_signatures::dissent.eq(dissent),
            report_signatures::signed_at.eq(at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Signatures and dissents by number.
///
/// # Errors
/// When the database is away.
pub async fn signatures(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Vec<ReportSignature>, Problem> {
    let rows: Vec<(i32, Option<String>, DateTime<Utc>)> = report_signatures::table
        .filter(report_signatures::tender_id.eq(tender))
        .order(report_signatures::number)
        .select((report_signatures::number, report_signatures::dissent, report_signatures::signed_at))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(number, dissent, signed_at)| {
            Ok(ReportSignature { member: member_of(number)?, dissent, signed_at })
        })
        .collect()
}
