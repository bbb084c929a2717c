//! Use cases of supervising bodies.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    awards::{self, Award, CandidatesView, contracts, view::award_view},
    evaluation,
    identity::{Action, Duty, Object, Side, authorize, cards, claim_side},
    kernel::{
        Actor, AllowedAction, Problem, Rejection, Say,
        id::{AwardId, ProjectId, TenderId},
        problem::fitting,
    },
    law::Lawbook,
    ledger::{self, Entry, HistoryRow, Shown},
    notices::{self, model::NoticeFilter},
    opening,
    platform::{
        db::Tx,
        http::{Cursor, Page, PageQuery, Reply, paging},
    },
    projects::{self, Project},
    supervision::{
        model::{
            AwardFilter, AwardLine, AwardRecord, EvaluationPart, HistoryLine, HistoryQuery, LogLine,
            NewReview, ReviewView,
        },
        store::{self, ReviewRow, Wanted},
    },
    tenders::{self, Tender},
};

/// Most publications an award record lists.
const MOST_NOTICES: i64 = 200;

/// One page of the awards within the caller's duty.
///
/// # Errors
/// 401, 403 for whoever supervises nothing, 422.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    filter: &AwardFilter,
) -> Result<Page<AwardLine>, Problem> {
    let duty = match Duty::of(actor) {
        Some(duty) => duty,
        None if *actor == Actor::Public => return Err(Rejection::unauthenticated().into()),
        None => return Err(Rejection::forbidden().into()),
    };
    let (cursor, limit) = PageQuery { cursor: filter.cursor.clone(), limit: filter.limit }.checked()?;
    let (from, to) = filter.period()?;
    let wanted = Wanted { centre: filter.centre.clone(), from, to, reviewed: filter.reviewed };
    let rows = store::awards(conn, &duty, &wanted, cursor, limit).await?;
    Ok(Page::from_rows(rows, limit, |line| Cursor { at: line.decided_at, id: line.id.0 }))
}

/// The award with tender and project, where `action` on it is the caller's.
async fn load(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    action: Action,
    id: AwardId,
) -> Result<(Award, Tender, Project), Problem> {
    let award = awards::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let tender = tenders::load(conn, award.tender).await?;
    let project = projects::load(conn, award.project).await?;
    let parties = project.parties();
    let object = Object::of(&parties, tender.authority());
    authorize(actor, Action::AwardRecordRead, &object)?;
    authorize(actor, action, &object)?;
    Ok((award, tender, project))
}

/// Everything that led to an award, in one document.
///
/// # Errors
/// 404 outside the caller's duty.
pub async fn record(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: AwardId,
    now: DateTime<Utc>,
) -> Result<AwardRecord, Problem> {
    let (award, tender, project) = load(conn, actor, Action::AwardRecordRead, id).await?;
    let result = evaluation::result(conn, tender.id).await?;
    let result = result
        .ok_or_else(|| Problem::internal(anyhow::anyhow!("award {id} without a finished evaluation")))?;
    let filter =
        NoticeFilter { tender: Some(tender.id), limit: Some(MOST_NOTICES), ..NoticeFilter::default() };
    let contract = awards::store::contract_of(conn, tender.id).await?;
    let parties = project.parties();
    let may = authorize(actor, Action::AwardReview, &Object::of(&parties, tender.authority()));
    Ok(AwardRecord {
        id,
        project: projects::service::read(conn, actor, project.id).await?.0,
        tender: tenders::view::read(conn, actor, law, tender.id, now).await?.0,
        notices: notices::store::list(conn, &filter).await?.0,
        opening: opening::service::record(conn, actor, tender.id).await?,
        evaluation: EvaluationPart::from(result),
        candidates: awards::store::list_of(conn, tender.id).await?.map(CandidatesView::from),
        award: award_view(conn, &award).await?,
        contract: contract.map(|contract| contracts::view_of(&contract, &award, &project, &tender)),
        written_report: awards::store::report_of(conn, tender.id).await?,
        deposits: awards::store::deposit_counts(conn, tender.id).await?,
        events: tenders::store::events(conn, tender.id).await?,
        log: ledger::of_tender(conn, tender.id).await?.into_iter().map(log_line).collect(),
        reviews: store::reviews(conn, id).await?,
        allowed_actions: vec![AllowedAction::from_guard("review", &may)],
    })
}

fn log_line(row: HistoryRow) -> LogLine {
    LogLine { at: row.at, act: row.act, leaf: hex::encode(row.leaf) }
}

/// A supervising body makes a finding on an award within its duty. It stands beside the award and changes nothing.
///
/// # Errors
/// 401, 404 outside the caller's duty, 409 on another side of the project (SOD-1), 422.
pub async fn review(tx: &mut Tx<'_>, actor: &Actor, id: AwardId, asked: NewReview) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let (award, tender, project) = load(tx.conn(), actor, Action::AwardReview, id).await?;
    let remark = fitting(&asked.remark, "/remark", 4000)?;
    claim_side(tx, project.id, account.account, Side::Supervisor).await?;
    let now = tx.hall_now().await?;
    let row = ReviewRow {
        id: Uuid::new_v4(),
        award_id: award.id,
        organisation_id: account.organisation,
        account_id: account.account.0,
        finding: asked.finding.to_string(),
        remark: remark.clone(),
        made_at: now,
    };
    store::insert_review(tx, &row).await?;
    let entry =
        Entry::new("award.reviewed").project(project.id).tender(tender.id).row("award_reviews", row.id);
    ledger::record(tx, actor, now, entry.because(&remark).facts(json!({"finding": asked.finding}))).await?;
    let name = cards(tx.conn(), &[account.organisation]).await?.remove(&account.organisation);
    let view = ReviewView {
        id: row.id,
        award_id: id,
        organisation_id: account.organisation,
        organisation: name.map(|card| card.name()).unwrap_or_default(),
        finding: asked.finding,
        remark,
        made_at: now,
    };
    Reply::created(format!("/api/v1/awards/{id}"), &view)
}

/// A project's entries of the record in the order of writing. Entries that tell of bids show only for tenders whose
/// opening has begun; a page is counted among the shown ones and its cursor is a leaf, so that nothing tells of more.
///
/// # Errors
/// 404 outside the caller's duty, 422.
pub async fn history(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: ProjectId,
    query: &HistoryQuery,
) -> Result<Page<HistoryLine>, Problem> {
    let project = projects::load(conn, id).await?;
    authorize(actor, Action::HistoryRead, &Object::of(&project.parties(), project.phase()))?;
    let (_, limit) =
        PageQuery { cursor: None, limit: query.limit.or(Some(paging::DEFAULT_ROWS)) }.checked()?;
    let after = query.after.as_deref().map(leaf_of).transpose()?;
    let tenders = tenders::store::of_project(conn, id).await?;
    let all: Vec<TenderId> = tenders.iter().map(|tender| tender.id).collect();
    let opened: Vec<TenderId> =
        tenders.iter().filter(|tender| tender.opening_began_at.is_some()).map(|tender| tender.id).collect();
    let shown = Shown { project: id, tenders: &all, opened: &opened };
    let rows = ledger::history(conn, &shown, after, limit + 1).await?.ok_or_else(no_such_leaf)?;
    Ok(page_of(rows, limit))
}

/// One row more than `limit` tells that there are further.
fn page_of(mut rows: Vec<HistoryRow>, limit: i64) -> Page<HistoryLine> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let items: Vec<HistoryLine> = rows
        .into_iter()
        .map(|row| HistoryLine { at: row.at, act: row.act, body: row.body, leaf: hex::encode(row.leaf) })
        .collect();
    let next = items.last().filter(|_| more).map(|line| line.leaf.clone());
    Page { items, next }
}

fn leaf_of(text: &str) -> Result<[u8; 32], Rejection> {
    let mut leaf = [0; 32];
    hex::decode_to_slice(text, &mut leaf).map_err(|_| no_such_leaf())?;
    Ok(leaf)
}

fn no_such_leaf() -> Rejection {
    Rejection::at("?after", "invalid", Say::new("游标无效。", "The cursor is not valid."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_with_the_leaf_of_its_last_entry_and_the_last_page_with_none() {
        let row = |leaf: u8| HistoryRow {
            at: DateTime::<Utc>::UNIX_EPOCH,
            act: "tender.published".into(),
            body: None,
            leaf: vec![leaf; 32],
        };
        let page = page_of(vec![row(1), row(2), row(3)], 2);
        assert_eq!(page.items.len(), 2);
        assert_eq!(page.next.as_deref().map(leaf_of), Some(Ok([2; 32])));
        assert_eq!(page_of(vec![row(1), row(2)], 2).next, None);
        assert!(leaf_of("17").is_err());
    }
}
