//! The page of a project, put together from the rooms as the public may read them.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use super::{
    answers,
    bid::policy_note,
    http::ProjectQuery,
    milestones,
    reader::Reader,
    readings::{HallReadings, category_word},
    results,
    statutes::{self, ProjectLawView},
    view::{Countdown, Fact, Link, Progress, ProjectView, RoomRow, VenueView},
};
use crate::{
    holders,
    identity::{Action, cards},
    jurisdiction::VenueQuestion,
    kernel::{Actor, Category, Problem, Rejection, id::ProjectId, time::hall_date},
    law::store as law_store,
    notices::{self, model::NoticeFilter},
    opening,
    platform::{clock, db::unreadable},
    projects::{self, Project, model::ProjectView as Registered},
    rooms,
    tenders::{self, Setting, Tender, TenderPhase},
};

/// Notices shown of one project.
const NOTICES: i64 = 100;

/// Reads the page of the lot that `query` names, else of the first; of a lot the last round.
///
/// # Errors
/// `NotFound` for what is not public.
pub(super) async fn read(
    hall: &HallReadings,
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    id: ProjectId,
    query: &ProjectQuery,
) -> Result<ProjectView, Problem> {
    let (registered, _) = projects::service::read(conn, &Actor::Public, id).await?;
    let project = projects::load(conn, id).await?;
    let clock = clock::reading(conn).await?;
    let mut shown = public_lots(conn, &project).await?;
    let links = lot_links(&shown, id, reader);
    let at = wanted_lot(&shown, query)?;
    let filter = NoticeFilter { project: Some(id), limit: Some(NOTICES), ..NoticeFilter::default() };
    let (lines, _) = notices::store::list(conn, &filter).await?;
    let mut view = ProjectView {
        id: id.to_string(),
        title: registered.name.clone(),
        stage: reader.w.step_registered.to_owned(),
        progress: Progress::Now,
        facts: facts(hall, conn, reader, &registered).await?,
        lots: links,
        venue: venue(hall, reader, &registered)?,
        countdown: None,
        bid: None,
        policy_note: None,
        timeline: None,
        rooms: Vec::new(),
        opening: None,
        evaluation: None,
        candidates: None,
        award: None,
        contract: None,
        notices: hall.lines(conn, &lines, clock.now, reader).await?,
    };
    if at < shown.len() {
        let tender = shown.swap_remove(at);
        let setting = tenders::setting(conn, &hall.law, &tender, hall_date(clock.now)).await?;
        let deadline = tender.deadline;
        let waits = opening::waits(conn, &tender, clock.now).await?;
        view.countdown = Some(Countdown { deadline, now: clock.now, runs: !clock.held, waits });
        let open = tender.phase == TenderPhase::Published && clock.now < deadline;
        if open {
            view.bid = Some(format!("/tenders/{}/bid", tender.id));
            let settled = holders::policy_of(conn, tender.id).await?;
            view.policy_note = policy_note(reader, &holders::health(conn, &settled).await?);
        }
        of_tender(conn, reader, &mut view, &tender, &setting, clock.now).await?;
        results::add(conn, reader, &mut view, &hall.law, (&tender, &setting), clock.now, query).await?;
    }
    Ok(view)
}

/// The public tenders of a project, of each lot its last round.
async fn public_lots(conn: &mut AsyncPgConnection, project: &Project) -> Result<Vec<Tender>, Problem> {
    let mut lots: Vec<Tender> = tenders::store::of_project(conn, project.id).await?;
    lots.retain(|tender| tenders::permit(&Actor::Public, Action::TenderRead, project, tender).is_ok());
    // In the order of rounds: a later round stands for its lot.
    let mut shown: Vec<Tender> = Vec::new();
    for tender in lots {
        shown.retain(|earlier| earlier.lot_no != tender.lot_no);
        shown.push(tender);
    }
    Ok(shown)
}

/// Where the lot that `query` names stands among those shown.
fn wanted_lot(shown: &[Tender], query: &ProjectQuery) -> Result<usize, Rejection> {
    match query.lot.and_then(|lot| i32::try_from(lot).ok()) {
        Some(lot) => shown.iter().position(|tender| tender.lot_no == lot).ok_or_else(Rejection::not_found),
        None => Ok(0),
    }
}

/// Reads the page of the law that judges a lot.
///
/// # Errors
/// `NotFound` for what is not public, or has no notice yet.
pub(super) async fn law(
    hall: &HallReadings,
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    id: ProjectId,
    query: &ProjectQuery,
) -> Result<ProjectLawView, Problem> {
    projects::service::read(conn, &Actor::Public, id).await?;
    let project = projects::load(conn, id).await?;
    let shown = public_lots(conn, &project).await?;
    let tender = shown.get(wanted_lot(&shown, query)?).ok_or_else(Rejection::not_found)?;
    let now = clock::reading(conn).await?.now;
    let setting = tenders::setting(conn, &hall.law, tender, hall_date(now)).await?;
    let edition = match setting.law.edition() {
        Some(edition) => law_store::find(conn, edition).await?,
        None => None,
    };
    let digest = edition.map(|edition| hex::encode(edition.digest)).unwrap_or_default();
    statutes::project_law_view(&setting, &digest, reader)
}

/// What every phase may show of a tender.
async fn of_tender(
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    view: &mut ProjectView,
    tender: &Tender,
    setting: &Setting,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    view.stage = reader.says(&tender.phase.name());
    view.progress = match tender.phase {
        TenderPhase::Failed | TenderPhase::Terminated => Progress::Stopped,
        TenderPhase::Contracted | TenderPhase::Concluded => Progress::Done,
        _ => Progress::Now,
    };
    view.facts.extend(tender_facts(reader, tender, setting));
    view.rooms = opening_room(conn, reader, tender, now).await?;
    view.timeline = Some(milestones::timeline(reader, tender, setting, now)?);
    Ok(())
}

fn lot_links(shown: &[Tender], id: ProjectId, reader: &Reader) -> Vec<Link> {
    if shown.len() < 2 {
        return Vec::new();
    }
    let link = |tender: &Tender| Link {
        href: format!("/projects/{id}?lot={}", tender.lot_no),
        text: format!("{} {}", reader.w.lot_word, tender.lot_no),
    };
    shown.iter().map(link).collect()
}

async fn facts(
    hall: &HallReadings,
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    project: &Registered,
) -> Result<Vec<Fact>, Problem> {
    let w = reader.w;
    let parties: Vec<_> = [Some(project.purchaser_id), project.agency_id].into_iter().flatten().collect();
    let names = cards(conn, &parties).await?;
    let name = |party| names.get(&party).map(|card| reader.says(&card.name())).unwrap_or_default();
    let money = |amount: crate::kernel::Money| reader.money(&amount.value());
    let mut facts = vec![
        Fact::text(w.fact_code, project.code.as_str()),
        Fact::text(
            match project.category {
                Category::Engineering => w.fact_owner,
                _ => w.fact_purchaser,
            },
            name(project.purchaser_id),
        ),
    ];
    facts.extend(
        project
            .particulars
            .investment_code
            .as_ref()
            .map(|code| Fact::text(w.fact_investment_code, code.as_str())),
    );
    facts.extend(project.agency_id.map(|agency| Fact::text(w.fact_agency, name(agency))));
    facts.push(Fact::text(w.filter_category, category_word(project.category, reader)));
    facts.push(Fact::text(w.filter_region, hall.region(&project.region_code, reader)));
    let jurisdiction = hall.jurisdiction.latest();
    let centre = project.centre_code.as_deref().and_then(|code| jurisdiction.centre(code));
    facts.extend(centre.map(|centre| Fact::text(w.fact_centre, reader.says(&centre.name))));
    facts.extend(project.investment.map(|amount| Fact::figure(w.fact_investment, money(amount))));
    facts.extend(project.floor_area.map(|area| Fact::figure(w.fact_floor_area, reader.money(&area.value()))));
    facts.extend(project.budget.map(|amount| Fact::figure(w.fact_budget, money(amount))));
    Ok(facts)
}

fn tender_facts(reader: &Reader, tender: &Tender, setting: &Setting) -> Vec<Fact> {
    let w = reader.w;
    let document = &tender.document;
    let mut facts = vec![
        Fact::text(w.fact_tender, tender.code.as_str()),
        Fact::text(w.fact_procedure, reader.says(&setting.procedure.name)),
        Fact::figure(w.fact_ceiling, reader.money(&document.ceiling.value())),
    ];
    facts.extend(tender.section_code().map(|code| Fact::text(w.fact_section, code.as_str())));
    facts.extend(tender.document_code.as_ref().map(|code| Fact::text(w.fact_document, code.as_str())));
    facts.extend(tender.deal_code.as_ref().map(|code| Fact::text(w.fact_deal, code.as_str())));
    facts.extend(document.deposit.map(|amount| Fact::figure(w.fact_deposit, reader.money(&amount.value()))));
    let term = match setting.project.category {
        Category::Engineering => w.fact_term_works,
        _ => w.fact_term,
    };
    facts.push(Fact::figure(term, document.term_days.to_string()));
    if tender.round > 1 {
        facts.push(Fact::figure(w.fact_round, tender.round.to_string()));
    }
    facts.extend(tender.ended.as_ref().map(|(reason, _)| Fact::text(w.fact_ended, reason)));
    facts
}

/// The decision in force: the last.
fn venue(hall: &HallReadings, reader: &Reader, project: &Registered) -> Result<Option<VenueView>, Problem> {
    let Some(kept) = project.venue.last() else { return Ok(None) };
    let question: VenueQuestion =
        serde_json::from_value(kept.question.clone()).map_err(unreadable("venue_decisions.question"))?;
    let on = question.accepted_on.unwrap_or_else(|| hall_date(kept.decided_at));
    let view = answers::venue_view(&hall.jurisdiction.latest(), &question, &kept.decision, on, reader);
    Ok(Some(VenueView { decided: Some(kept.decided_at), ..view }))
}

/// The room of the opening, as the notice names it. Rooms of draw and evaluation are nobody's to know.
async fn opening_room(
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    tender: &Tender,
    now: DateTime<Utc>,
) -> Result<Vec<RoomRow>, Problem> {
    let Some(place) = tenders::store::place_at(conn, tender.id, tender.deadline).await? else {
        return Ok(Vec::new());
    };
    let bookings = rooms::bookings_of(conn, tender.id).await?;
    let slots = bookings.iter().filter_map(rooms::Booking::opening);
    let until = slots.filter(|slot| slot.during.from == place.opens_at).map(|slot| slot.during.to).max();
    let until = until.unwrap_or(place.opens_at);
    let state = match tender.phase {
        TenderPhase::Failed | TenderPhase::Terminated => Progress::Stopped,
        _ if now < place.opens_at => Progress::Coming,
        TenderPhase::Published | TenderPhase::Closed | TenderPhase::Opening => Progress::Now,
        _ => Progress::Done,
    };
    Ok(vec![RoomRow {
        room: reader.says(&place.room_name),
        purpose: reader.w.for_opening.to_owned(),
        from: place.opens_at,
        until,
        state,
    }])
}
