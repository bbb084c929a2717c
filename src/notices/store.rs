//! Publications in the database.

use chrono::{DateTime, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, PgArrayExpressionMethods,
    QueryDsl, Queryable, Selectable, SelectableHelper, TextExpressionMethods, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use crate::{
    kernel::{
        Actor, Problem, RegionCode, Rejection, Say,
        id::{NoticeId, ProjectId, TenderId},
    },
    ledger::{self, Entry},
    notices::{
        model::{Draft, Notice, NoticeFilter, NoticeLine, Section},
        search,
    },
    platform::{
        db::{Tx, unreadable},
        http::{Cursor, PageQuery},
    },
    schema::notices,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = notices, treat_none_as_default_value = false)]
struct NoticeRow {
    id: NoticeId,
    kind: String,
    project_id: ProjectId,
    tender_id: Option<TenderId>,
    centre_code: String,
    region_code: String,
    category: String,
    title: Value,
    sections: Value,
    published_at: DateTime<Utc>,
    period_ends_at: Option<DateTime<Utc>>,
    grams: Vec<String>,
}

impl TryFrom<NoticeRow> for Notice {
    type Error = Problem;

    fn try_from(row: NoticeRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            kind: row.kind.parse().map_err(unreadable("notices.kind"))?,
            project_id: row.project_id,
            tender_id: row.tender_id,
            centre_code: row.centre_code,
            region_code: RegionCode::try_from(row.region_code).map_err(unreadable("notices.region_code"))?,
            category: row.category.parse().map_err(unreadable("notices.category"))?,
            title: serde_json::from_value(row.title).map_err(unreadable("notices.title"))?,
            sections: serde_json::from_value(row.sections).map_err(unreadable("notices.sections"))?,
            published_at: row.published_at,
            period_ends_at: row.period_ends_at,
        })
    }
}

impl From<Notice> for NoticeLine {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id,
            kind: notice.kind,
            project_id: notice.project_id,
            tender_id: notice.tender_id,
            region_code: notice.region_code,
            category: notice.category,
            title: notice.title,
            published_at: notice.published_at,
            period_ends_at: notice.period_ends_at,
        }
    }
}

/// Publishes `draft` at `now` in the caller's transaction, with its own entry in the record.
///
/// # Errors
/// When the database is away.
pub async fn publish(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
    draft: Draft,
) -> Result<NoticeId, Problem> {
    let id = NoticeId::random();
    let row = NoticeRow {
        id,
        kind: draft.kind.to_string(),
        project_id: draft.project,
        tender_id: draft.tender,
        centre_code: draft.centre_code,
        region_code: draft.region_code.to_string(),
        category: draft.category.to_string(),
        title: json!(draft.title),
        published_at: now,
        period_ends_at: draft.period_ends_at,
        grams: search::grams(&whole_text(&draft.title, &draft.sections)),
        sections: json!(draft.sections),
    };
    diesel::insert_into(notices::table).values(&row).execute(tx.conn()).await?;
    let mut entry = Entry::new("notice.published").project(draft.project).row("notices", id.0);
    entry.tender = draft.tender;
    ledger::record(tx, actor, now, entry.facts(json!({"kind": draft.kind}))).await?;
    Ok(id)
}

fn whole_text(title: &Say, sections: &[Section]) -> String {
    let mut text = format!("{} {}", title.zh, title.en);
    let says = sections.iter().flat_map(|section| {
        section
            .facts
            .iter()
            .map(|fact| &fact.value)
            .chain(&section.text)
            .chain(std::iter::once(&section.heading))
    });
    for say in says {
        text.push(' ');
        text.push_str(&say.zh);
        text.push(' ');
        text.push_str(&say.en);
    }
    text
}

/// One publication.
///
/// # Errors
/// 404 when it is absent.
pub async fn find(conn: &mut AsyncPgConnection, id: NoticeId) -> Result<Notice, Problem> {
    let row = notices::table.find(id).select(NoticeRow::as_select()).first(conn).await.optional()?;
    row.map_or_else(|| Err(Rejection::not_found().into()), Notice::try_from)
}

/// One page of publications, newest first; one row more than the limit tells that there are further.
///
/// # Errors
/// 422 for a cursor or limit that cannot be.
pub async fn list(
    conn: &mut AsyncPgConnection,
    filter: &NoticeFilter,
) -> Result<(Vec<NoticeLine>, i64), Problem> {
    let (cursor, limit) = PageQuery { cursor: filter.cursor.clone(), limit: filter.limit }.checked()?;
    let mut query = notices::table
        .select(NoticeRow::as_select())
        .order((notices::published_at.desc(), notices::id.desc()))
        .limit(limit + 1)
        .into_boxed();
    for word in search::words(filter.q.as_deref().unwrap_or_default()) {
        let pairs = search::grams(&word);
        query = query.filter(notices::grams.contains(pairs));
        if word.chars().count() > 2 {
            // Pairs may stand apart; from three characters on the text itself decides.
            let text = diesel::dsl::sql::<sql_types::Text>("lower(title::text || sections::text)");
            query = query.filter(text.like(format!("%{word}%")));
        }
    }
    if let Some(kind) = filter.kind {
        query = query.filter(notices::kind.eq(kind.to_string()));
    }
    if let Some(category) = filter.category {
        query = query.filter(notices::category.eq(category.to_string()));
    }
    if let Some(region) = &filter.region {
        query = query.filter(notices::region_code.eq(region.clone()));
    }
    if let Some(tender) = filter.tender {
        query = query.filter(notices::tender_id.eq(tender));
    }
    if let Some(project) = filter.project {
        query = query.filter(notices::project_id.eq(project));
    }
    if let Some(from) = filter.from {
        query = query.filter(notices::published_at.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(notices::published_at.lt(to));
    }
    if let Some(Cursor { at, id }) = cursor {
        let tie = notices::published_at.lt(at).or(notices::id.lt(NoticeId(id)));
        query = query.filter(notices::published_at.le(at).and(tie));
    }
    let rows: Vec<NoticeRow> = query.load(conn).await?;
    let lines =
        rows.into_iter().map(|row| Notice::try_from(row).map(NoticeLine::from)).collect::<Result<_, _>>()?;
    Ok((lines, limit))
}
