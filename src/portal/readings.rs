//! The pages' readings of the hall, as the public: the rooms' own guards say what may be seen and when.
//!
//! Everything that is not public for its phase is asked of the room that guards it, as `Actor::Public`; what the
//! room refuses leaves no trace on the page. An address that names nothing public is `NotFound`.

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use diesel_async::AsyncPgConnection;
use sha2::{Digest, Sha256};
use strum::IntoEnumIterator;

use super::{
    answers,
    http::{NoticeQuery, ProjectQuery, Reading, Readings},
    project,
    question::{DeadlineQuestion, VenueQuestion},
    reader::{HallFacts, Reader},
    statutes::{self, CalendarView, LawQuery, LawView, ProjectLawView},
    trial::{self, TrialView, Typed},
    view::{
        Choice, DeadlineView, Fact, HomeView, Link, NoticeLine, NoticePart, NoticeView, NoticesView,
        OpeningLine, Progress, ProjectView, RecordLight, VenueView,
    },
    words::Words,
};
use crate::{
    jurisdiction::{self, Jurisdictions},
    kernel::{
        Category, Code, Problem, RegionCode, Rejection, Say,
        id::{NoticeId, TenderId},
        say::Language,
        time::{hall_date, hall_instant, is_writable, machine_now},
    },
    law::Lawbook,
    ledger::{
        Log,
        light::{Light, light},
    },
    notices::{self, Notice, NoticeKind, model::NoticeFilter},
    platform::{
        db::{Db, read_hall_now},
        http::{Cursor, Page},
    },
    projects,
    tenders::{
        TenderPhase,
        store::{self as tender_store, BoardLine},
    },
};

/// How far the board looks ahead, and back on days without an opening before it or after it.
const AHEAD: Days = Days::new(30);
const BEHIND: Days = Days::new(90);
/// Lines of the board beside today's.
const BOARD_LINES: usize = 4;
/// Notices on the home page.
const LATEST: i64 = 8;
/// Notices of a page of the list.
const LISTED: i64 = 20;

/// Pages over the rooms of a running hall.
pub struct HallReadings {
    /// The database.
    pub db: Db,
    /// The law.
    pub law: Lawbook,
    /// Regions, centres and the routing table.
    pub jurisdiction: Jurisdictions,
    /// The verifiable log.
    pub log: Arc<Log>,
    /// Whether the hall is a sandbox; every page says so.
    pub sandbox: bool,
}

impl Readings for HallReadings {
    fn hall(&self) -> HallFacts {
        HallFacts { name: self.jurisdiction.latest().league_centre().name.clone(), sandbox: self.sandbox }
    }

    fn home<'a>(&'a self, reader: &'a Reader) -> Reading<'a, HomeView> {
        Box::pin(async move {
            let mut conn = self.db.read().await?;
            let now = read_hall_now(&mut conn).await?;
            let today = hall_date(now);
            let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
            let until = today.checked_add_days(AHEAD).unwrap_or(tomorrow);
            let board = tender_store::board(&mut conn, midnight(today), midnight(tomorrow)).await?;
            let mut ahead = tender_store::board(&mut conn, midnight(tomorrow), midnight(until)).await?;
            ahead.retain(|line| line.phase == TenderPhase::Published);
            ahead.truncate(BOARD_LINES);
            let mut past = Vec::new();
            if board.is_empty() && ahead.is_empty() {
                let since = today.checked_sub_days(BEHIND).unwrap_or(today);
                past = tender_store::board(&mut conn, midnight(since), midnight(today)).await?;
                past.reverse();
                past.truncate(BOARD_LINES);
            }
            let filter = NoticeFilter { limit: Some(LATEST), ..NoticeFilter::default() };
            let (mut latest, limit) = notices::store::list(&mut conn, &filter).await?;
            latest.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(HomeView {
                today,
                openings: board.into_iter().map(|line| board_line(line, now, reader)).collect(),
                ahead: ahead.into_iter().map(|line| board_line(line, now, reader)).collect(),
                past: past.into_iter().map(|line| board_line(line, now, reader)).collect(),
                boards: self.boards(reader),
                notices: self.lines(&mut conn, &latest, now, reader).await?,
                record: self.record(&mut conn).await?,
            })
        })
    }

    fn notices<'a>(&'a self, reader: &'a Reader, query: &'a NoticeQuery) -> Reading<'a, NoticesView> {
        Box::pin(async move {
            let filter = filter_of(query)?;
            let mut conn = self.db.read().await?;
            let now = read_hall_now(&mut conn).await?;
            let (rows, limit) = notices::store::list(&mut conn, &filter).await?;
            let page = Page::from_rows(rows, limit, |line| Cursor { at: line.published_at, id: line.id.0 });
            Ok(NoticesView {
                kinds: NoticeKind::iter()
                    .map(|kind| {
                        let name = filter.category.map_or_else(|| kind.name(), |class| kind.name_in(class));
                        Choice::new(kind.as_ref(), reader.says(&name))
                    })
                    .collect(),
                categories: Category::iter()
                    .map(|category| Choice::new(category.as_ref(), category_word(category, reader)))
                    .collect(),
                regions: self.regions(reader),
                notices: self.lines(&mut conn, &page.items, now, reader).await?,
                older: page.next,
            })
        })
    }

    fn notice<'a>(&'a self, reader: &'a Reader, id: &'a str) -> Reading<'a, NoticeView> {
        Box::pin(async move {
            let id: NoticeId = id.parse().map_err(|_| Rejection::not_found())?;
            let mut conn = self.db.read().await?;
            let now = read_hall_now(&mut conn).await?;
            let notice = notices::store::find(&mut conn, id).await?;
            let project = projects::load(&mut conn, notice.project_id).await?;
            let (corrects, corrected_by) = corrections(&mut conn, &notice, reader).await?;
            // The very bytes that the API answers, so that anybody can check them.
            let bytes = serde_json::to_vec(&notice).map_err(Problem::internal)?;
            let line = notices::model::NoticeLine::from(notice.clone());
            let mut lines = self.lines(&mut conn, &[line], now, reader).await?;
            Ok(NoticeView {
                line: lines.pop().ok_or_else(Rejection::not_found)?,
                publisher: self
                    .jurisdiction
                    .latest()
                    .centre(&notice.centre_code)
                    .map(|centre| reader.says(&centre.name))
                    .unwrap_or_default(),
                project: Some(Link { href: format!("/projects/{}", project.id), text: project.name }),
                parts: notice.sections.iter().map(|section| part(section, reader)).collect(),
                files: Vec::new(),
                corrects,
                corrected_by,
                digest: hex::encode(Sha256::digest(&bytes)),
            })
        })
    }

    fn project<'a>(
        &'a self,
        reader: &'a Reader,
        id: &'a str,
        query: &'a ProjectQuery,
    ) -> Reading<'a, ProjectView> {
        Box::pin(async move {
            let id = id.parse().map_err(|_| Rejection::not_found())?;
            let mut conn = self.db.read().await?;
            project::read(self, &mut conn, reader, id, query).await
        })
    }

    fn regions(&self, reader: &Reader) -> Vec<Choice> {
        answers::region_choices(&self.jurisdiction.latest(), reader)
    }

    fn currencies(&self, reader: &Reader) -> Vec<Choice> {
        answers::currency_choices(&self.jurisdiction.latest(), reader)
    }

    fn venue<'a>(&'a self, reader: &'a Reader, question: &'a VenueQuestion) -> Reading<'a, VenueView> {
        Box::pin(async move {
            let mut conn = self.db.read().await?;
            let on = match question.accepted_on {
                Some(day) => day,
                None => hall_date(read_hall_now(&mut conn).await?),
            };
            let jurisdiction = self.jurisdiction.in_force(&mut conn).await?;
            let decision = jurisdiction::decide(&jurisdiction, question, on)?;
            Ok(answers::venue_view(&jurisdiction, question, &decision, on, reader))
        })
    }

    fn law<'a>(&'a self, reader: &'a Reader, query: &'a LawQuery) -> Reading<'a, LawView> {
        Box::pin(async move {
            let mut conn = self.db.read().await?;
            let today = hall_date(read_hall_now(&mut conn).await?);
            let on = match query.on.trim() {
                "" => today,
                text => text.parse().ok().filter(is_writable).ok_or_else(|| {
                    Rejection::at("?on", "invalid", Say::new(reader.w.date_shape, reader.w.date_shape))
                })?,
            };
            let law = self.law.in_force(&mut conn).await?;
            Ok(LawView { year: today.year(), ..statutes::law_view(&law, on, &query.q, reader) })
        })
    }

    fn trial<'a>(&'a self, reader: &'a Reader, typed: &'a Typed) -> Reading<'a, TrialView> {
        Box::pin(async move {
            let mut conn = self.db.read().await?;
            let today = hall_date(read_hall_now(&mut conn).await?);
            let law = self.law.in_force(&mut conn).await?;
            trial::trial_view(&law, today, typed, reader)
        })
    }

    fn calendar<'a>(&'a self, reader: &'a Reader, year: Option<i32>) -> Reading<'a, CalendarView> {
        Box::pin(async move {
            let mut conn = self.db.read().await?;
            let today = hall_date(read_hall_now(&mut conn).await?);
            let law = self.law.in_force(&mut conn).await?;
            let year = year.unwrap_or(today.year());
            let view = statutes::calendar_view(law.calendar(), year, today, reader);
            view.ok_or_else(|| Rejection::not_found().into())
        })
    }

    fn project_law<'a>(
        &'a self,
        reader: &'a Reader,
        id: &'a str,
        query: &'a ProjectQuery,
    ) -> Reading<'a, ProjectLawView> {
        Box::pin(async move {
            let id = id.parse().map_err(|_| Rejection::not_found())?;
            let mut conn = self.db.read().await?;
            project::law(self, &mut conn, reader, id, query).await
        })
    }

    fn deadline<'a>(
        &'a self,
        reader: &'a Reader,
        question: &'a DeadlineQuestion,
    ) -> Reading<'a, DeadlineView> {
        Box::pin(async move {
            let law = self.law.in_force(&mut *self.db.read().await?).await?;
            answers::deadline_view(&law, question, reader)
        })
    }
}

impl HallReadings {
    /// Notices as lines, each with its deadline while that is ahead.
    pub(super) async fn lines(
        &self,
        conn: &mut AsyncPgConnection,
        notices: &[notices::model::NoticeLine],
        now: DateTime<Utc>,
        reader: &Reader,
    ) -> Result<Vec<NoticeLine>, Problem> {
        let inviting = |notice: &&notices::model::NoticeLine| notice.kind == NoticeKind::TenderNotice;
        let tenders: Vec<TenderId> =
            notices.iter().filter(inviting).filter_map(|notice| notice.tender_id).collect();
        let deadlines = tender_store::open_deadlines(conn, &tenders).await?;
        Ok(notices
            .iter()
            .map(|notice| NoticeLine {
                id: notice.id.to_string(),
                title: notice.title.zh.clone(),
                kind: reader.says(&notice.kind.name_in(notice.category)),
                category: category_word(notice.category, reader).to_owned(),
                region: self.region(&notice.region_code, reader),
                published: notice.published_at,
                deadline: Some(notice)
                    .filter(inviting)
                    .and_then(|notice| deadlines.get(&notice.tender_id?).copied())
                    .filter(|deadline| *deadline > now),
            })
            .collect())
    }

    /// The witness light, on the machine's clock as witnesses have it.
    async fn record(&self, conn: &mut AsyncPgConnection) -> Result<RecordLight, Problem> {
        let now = machine_now();
        let Light { state, at } = light(conn, &self.log, now).await?;
        let minutes = at.map_or(0, |at| (now - at).num_minutes().max(0));
        Ok(RecordLight { state, at, minutes: usize::try_from(minutes).unwrap_or(usize::MAX) })
    }

    /// The lobby screen of every centre, by the short name of its place.
    fn boards(&self, reader: &Reader) -> Vec<Link> {
        let latest = self.jurisdiction.latest();
        let link = |centre: &jurisdiction::model::Centre| Link {
            href: reader.href(&format!("/board/{}", centre.code)),
            text: self.region(&centre.region, reader),
        };
        latest.centres().iter().map(link).collect()
    }

    /// A region's name, or its code where the hall does not serve it.
    pub(super) fn region(&self, code: &RegionCode, reader: &Reader) -> String {
        self.jurisdiction
            .latest()
            .region(code)
            .map_or_else(|| code.as_str().to_owned(), |region| reader.says(&region.name))
    }
}

/// The category in the page's words.
pub(super) fn category_word(category: Category, reader: &Reader) -> &'static str {
    match category {
        Category::Engineering => reader.w.engineering,
        Category::Procurement => reader.w.procurement,
        Category::LandMineral => reader.w.land_mineral,
        Category::Property => reader.w.property,
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    hall_instant(day, NaiveTime::MIN)
}

fn board_line(line: BoardLine, now: DateTime<Utc>, reader: &Reader) -> OpeningLine {
    OpeningLine {
        at: line.deadline,
        title: line.title,
        project: line.project.to_string(),
        room: line.room.map(|room| reader.says(&room)).unwrap_or_default(),
        state: match line.phase {
            TenderPhase::Draft | TenderPhase::Published | TenderPhase::Closed if now < line.deadline => {
                Progress::Coming
            }
            TenderPhase::Draft | TenderPhase::Published | TenderPhase::Closed | TenderPhase::Opening => {
                Progress::Now
            }
            TenderPhase::Failed | TenderPhase::Terminated => Progress::Stopped,
            _ => Progress::Done,
        },
    }
}

/// The filter as the room of notices reads it. `until` is a day and included.
fn filter_of(query: &NoticeQuery) -> Result<NoticeFilter, Rejection> {
    let word = |language| Words::of(language).bad_filter;
    let bad = || Rejection::new(Code::InvalidRequest, Say::new(word(Language::Zh), word(Language::En)));
    let day = |text: &str| match text.trim() {
        "" => Ok(None),
        text => text.parse::<NaiveDate>().ok().filter(is_writable).map(Some).ok_or_else(bad),
    };
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(NoticeFilter {
        q: given(&query.q),
        kind: given(&query.kind).map(|word| word.parse()).transpose().map_err(|_| bad())?,
        category: given(&query.category).map(|word| word.parse()).transpose().map_err(|_| bad())?,
        region: given(&query.region),
        from: day(&query.from)?.map(midnight),
        to: day(&query.until)?.and_then(|day| day.checked_add_days(Days::new(1))).map(midnight),
        cursor: given(&query.cursor),
        limit: Some(LISTED),
        ..NoticeFilter::default()
    })
}

fn part(section: &notices::Section, reader: &Reader) -> NoticePart {
    NoticePart {
        heading: reader.says(&section.heading),
        paragraphs: section.text.iter().map(|text| reader.says(text)).collect(),
        facts: section
            .facts
            .iter()
            .map(|fact| {
                let value = reader.says(&fact.value);
                let figure = value.parse::<rust_decimal::Decimal>().is_ok();
                Fact { term: reader.says(&fact.label), value: reader.value(&value), figure }
            })
            .collect(),
    }
}

/// The notice that this one changes, and those that change this one: clarifications and postponements change the
/// notice of their tender.
async fn corrections(
    conn: &mut AsyncPgConnection,
    notice: &Notice,
    reader: &Reader,
) -> Result<(Option<Link>, Vec<Link>), Problem> {
    let changes = |kind| matches!(kind, NoticeKind::Clarification | NoticeKind::Postponement);
    let Some(tender) =
        notice.tender_id.filter(|_| notice.kind == NoticeKind::TenderNotice || changes(notice.kind))
    else {
        return Ok((None, Vec::new()));
    };
    let filter = NoticeFilter { tender: Some(tender), limit: Some(100), ..NoticeFilter::default() };
    let (others, _) = notices::store::list(conn, &filter).await?;
    let link = |other: &notices::model::NoticeLine| Link {
        href: format!("/notices/{}", other.id),
        text: format!("{} · {}", other.title.zh, reader.says(&other.kind.name_in(other.category))),
    };
    if changes(notice.kind) {
        let first = others.iter().find(|other| other.kind == NoticeKind::TenderNotice);
        return Ok((first.map(link), Vec::new()));
    }
    Ok((None, others.iter().rev().filter(|other| changes(other.kind)).map(link).collect()))
}
