//! Which limits of tenders under way another calendar would move.

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::AsyncPgConnection;

use super::model::{Limit, MovedDeadline};
use crate::{
    kernel::{Problem, Say, time::hall_date},
    law::{Calendar, Event, Lawbook, procedure::Milestone},
    tenders::{self, Setting, Tender},
};

/// Every limit that moves, tender by tender in the order of their numbers. What has happened already stays judged as
/// it was.
///
/// # Errors
/// When the database is away.
pub async fn deadlines(
    conn: &mut AsyncPgConnection,
    book: &Lawbook,
    calendar: &Calendar,
    now: DateTime<Utc>,
) -> Result<Vec<MovedDeadline>, Problem> {
    let mut found = Vec::new();
    for tender in tenders::store::under_way(conn).await? {
        let setting = tenders::setting(conn, book, &tender, hall_date(now)).await?;
        found.extend(of_tender(&tender, &setting, calendar, now)?);
    }
    Ok(found)
}

fn of_tender(
    tender: &Tender,
    setting: &Setting,
    calendar: &Calendar,
    now: DateTime<Utc>,
) -> Result<Vec<MovedDeadline>, Problem> {
    let Setting { law, procedure, on, facts, .. } = setting;
    let new = law.with_calendar(calendar.clone());
    let before = law.timeline(procedure, *on, facts)?;
    let after = new.timeline(procedure, *on, facts)?;
    let still_open = |stone: &Milestone| stone.happened.is_none_or(|at| at > now);
    let pairs = before.iter().zip(&after).filter(|(old, _)| still_open(old));
    let mut found: Vec<MovedDeadline> = pairs.flat_map(|(old, new)| of_stone(tender, old, new)).collect();
    if tender.deadline > now && new.settings().deadline_on_working_day {
        found.extend(chosen_day(tender, law.calendar(), calendar));
    }
    Ok(found)
}

fn of_stone(tender: &Tender, old: &Milestone, new: &Milestone) -> Vec<MovedDeadline> {
    let ends =
        [(Limit::Earliest, old.earliest_on, new.earliest_on), (Limit::Latest, old.latest_on, new.latest_on)];
    let moved = ends.into_iter().filter(|(_, from, to)| from != to);
    let line = |(limit, from, to): (Limit, Option<NaiveDate>, Option<NaiveDate>)| MovedDeadline {
        event: old.event,
        rule: old.rule.id.clone(),
        name: old.name.clone(),
        ..about(tender, limit, from, to)
    };
    moved.map(line).collect()
}

fn about(tender: &Tender, limit: Limit, from: Option<NaiveDate>, to: Option<NaiveDate>) -> MovedDeadline {
    MovedDeadline {
        tender_id: tender.id,
        tender_code: tender.code.to_string(),
        title: tender.title.clone(),
        event: Event::Deadline,
        rule: "deadlineOnWorkingDay".to_owned(),
        name: Say::new("截止日须为工作日", "Deadlines on working days"),
        limit,
        from,
        to,
    }
}

/// A chosen deadline that was on a working day and would not be.
fn chosen_day(tender: &Tender, old: &Calendar, new: &Calendar) -> Option<MovedDeadline> {
    let day = hall_date(tender.deadline);
    let lost = old.works(day) == Ok(true) && new.works(day) != Ok(true);
    lost.then(|| about(tender, Limit::ChosenDay, Some(day), new.first_working_from(day).ok()))
}
