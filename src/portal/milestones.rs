//! The timeline of a tender: what the public may know of its steps, and the lawful limits of each.
//!
//! Pure. Steps behind the opening appear once everybody may know that they came.

use chrono::{DateTime, Utc};

use super::{
    reader::Reader,
    view::{Bound, BoundSense, Progress, Timeline, TimelineRow},
};
use crate::{
    kernel::Problem,
    law::{Event, procedure::Milestone},
    tenders::{Setting, Tender, TenderPhase},
};

/// A step of the timeline: its name, the event that begins it, and the one that ends it.
type Step = (&'static str, Event, Option<Event>);

/// The steps in order with their lawful limits.
///
/// # Errors
/// A rule that is not in force: a mistake of configuration.
pub(super) fn timeline(
    reader: &Reader,
    tender: &Tender,
    setting: &Setting,
    now: DateTime<Utc>,
) -> Result<Timeline, Problem> {
    let law = setting.law.timeline(&setting.procedure, setting.on, &setting.facts)?;
    let w = reader.w;
    let mut rows = vec![act(w.step_registered, setting.project.registered_at, None, now)];
    if let Some(published) = tender.published_at {
        rows.push(act(w.step_notice, published, Some(tender.deadline), now));
    }
    let mut deadline = act(w.deadline, tender.deadline, None, now);
    deadline.bound = bound(reader, &law, Event::Deadline);
    deadline.is_deadline = true;
    rows.push(deadline);
    if let Some(began) = tender.opening_began_at {
        rows.push(act(w.step_opening, began, Some(tender.opened_at.unwrap_or(now.max(began))), now));
    }
    if evaluation_is_public(tender, setting) {
        let steps: [Step; 6] = [
            (w.step_evaluation, Event::EvaluationStarted, Some(Event::ReportSigned)),
            (w.step_candidates, Event::CandidatesPublished, Some(Event::PublicityEnd)),
            (w.step_award, Event::AwardDecided, None),
            (w.step_notices, Event::AwardNotice, None),
            (w.step_contract, Event::ContractSigned, None),
            (w.step_contract_notice, Event::ContractPublished, None),
        ];
        rows.extend(steps.into_iter().filter_map(|step| later(reader, step, &law, setting, now)));
    }
    if let Some((_, at)) = &tender.ended {
        let mut end = act(w.stopped, *at, None, now);
        end.state = Progress::Stopped;
        for row in rows.iter_mut().filter(|row| row.state != Progress::Done) {
            row.state = Progress::Stopped;
        }
        rows.push(end);
    }
    Ok(Timeline { now, rows })
}

/// Whether everybody may know how the evaluation went: its candidates are out, or its result.
pub(super) fn evaluation_is_public(tender: &Tender, setting: &Setting) -> bool {
    let candidates = setting.facts.contains_key(&Event::CandidatesPublished);
    let over = matches!(
        tender.phase,
        TenderPhase::Candidates | TenderPhase::Awarded | TenderPhase::Contracted | TenderPhase::Concluded
    );
    over && (candidates || result_is_public(setting))
}

/// Whether everybody may know who won: the result notice is out. The decision alone is not announced yet.
pub(super) fn result_is_public(setting: &Setting) -> bool {
    [Event::ResultPublished, Event::AwardNotice].iter().any(|event| setting.facts.contains_key(event))
}

fn act(label: &str, from: DateTime<Utc>, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TimelineRow {
    let state = if until.unwrap_or(from) <= now {
        Progress::Done
    } else if from <= now {
        Progress::Now
    } else {
        Progress::Coming
    };
    TimelineRow { label: label.to_owned(), from, until, state, bound: None, is_deadline: false }
}

/// A step that came, or one that is still to come whose limit is known: then it stands at its limit.
fn later(
    reader: &Reader,
    step: Step,
    law: &[Milestone],
    setting: &Setting,
    now: DateTime<Utc>,
) -> Option<TimelineRow> {
    let (label, begins, ends) = step;
    let bound = bound(reader, law, ends.filter(|_| begins == Event::CandidatesPublished).unwrap_or(begins));
    let bound = bound.or_else(|| self::bound(reader, law, begins));
    // A decision that is not announced yet stands as still to come.
    let told = begins != Event::AwardDecided || result_is_public(setting);
    let mut row = match setting.facts.get(&begins).filter(|_| told) {
        Some(at) => act(label, *at, ends.and_then(|end| setting.facts.get(&end).copied()), now),
        None => {
            let mut coming = act(label, bound.as_ref()?.at, None, now);
            coming.state = Progress::Coming;
            coming
        }
    };
    row.bound = bound;
    Some(row)
}

/// The strictest limit of an event: the earliest "not after" where the law sets one, else the latest "not before".
fn bound(reader: &Reader, law: &[Milestone], event: Event) -> Option<Bound> {
    let stones = || law.iter().filter(|stone| stone.event == event);
    let earliest =
        stones().filter_map(|stone| Some((stone.earliest?, &stone.rule))).max_by_key(|(at, _)| *at);
    let latest = stones().filter_map(|stone| Some((stone.latest?, &stone.rule))).min_by_key(|(at, _)| *at);
    match (latest, earliest) {
        (Some((at, rule)), _) => Some(Bound { at, sense: BoundSense::NotAfter, ground: reader.ground(rule) }),
        (None, Some((at, rule))) => {
            Some(Bound { at, sense: BoundSense::NotBefore, ground: reader.ground(rule) })
        }
        (None, None) => None,
    }
}
