//! Between when and when each event of a procedure is lawful, and the refusal that says so.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Event, Facts, Guard, Late, Procedure, State, Step};
use crate::{
    kernel::{
        Code, LegalGround, Problem, Refusal, Say,
        time::{hall_date, hall_instant, in_hall_zone},
    },
    law::{
        book::{Law, LawGap, Window},
        counting::CannotCount,
        model::{Bound, Quantity, Rule},
    },
};

/// Between when and when one event of a procedure is lawful, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Milestone {
    /// The step it belongs to.
    pub step: State,
    /// The event that is limited.
    pub event: Event,
    /// The rule, its source and article.
    pub rule: LegalGround,
    /// The rule's name.
    pub name: Say,
    /// The event from which is counted.
    pub from: Event,
    /// When that was, if it was yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_at: Option<DateTime<Utc>>,
    /// From this instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<DateTime<Utc>>,
    /// Before this instant: 24:00 of `latestOn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<DateTime<Utc>>,
    /// The day of `earliest` in the hall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest_on: Option<NaiveDate>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_on: Option<NaiveDate>,
    /// When the event came, or is planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub happened: Option<DateTime<Utc>>,
    /// The year whose calendar is missing, so that no day can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar_missing: Option<i32>,
}

impl Law {
    /// Every guard of the procedure with the days it leaves, in the order of the steps.
    ///
    /// A guard whose starting event has not come yet has no days; one that needs a calendar not yet published
    /// says so.
    ///
    /// # Errors
    /// A rule that is not in force: a mistake of configuration.
    pub fn timeline(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        facts: &Facts,
    ) -> Result<Vec<Milestone>, LawGap> {
        procedure.guards().map(|(step, guard)| self.milestone(step, guard, on, facts)).collect()
    }

    fn milestone(
        &self,
        step: &Step,
        guard: &Guard,
        on: NaiveDate,
        facts: &Facts,
    ) -> Result<Milestone, LawGap> {
        let rule = self.rule(&guard.rule, on)?;
        let from_at = facts.get(&guard.from).copied();
        let (window, calendar_missing) = match from_at.map(|at| self.guard_window(rule, at, on)) {
            None => (Window::default(), None),
            Some(Ok(window)) => (window, None),
            Some(Err(LawGap::Count(CannotCount::CalendarUnavailable { year }))) => {
                (Window::default(), Some(year))
            }
            Some(Err(gap)) => return Err(gap),
        };
        Ok(Milestone {
            step: step.state,
            event: guard.to,
            rule: rule.ground(),
            name: rule.name.clone(),
            from: guard.from,
            from_at,
            earliest: window.earliest,
            latest: window.latest,
            earliest_on: window.earliest.map(hall_date),
            latest_on: window.latest.map(last_day_before),
            happened: facts.get(&guard.to).copied(),
            calendar_missing,
        })
    }

    fn guard_window(&self, rule: &Rule, from: DateTime<Utc>, on: NaiveDate) -> Result<Window, LawGap> {
        match rule.quantity {
            Quantity::Statement => Ok(Window { earliest: Some(from), latest: None }),
            _ => self.window(&rule.key(), hall_date(from), on),
        }
    }

    /// Between when and when all guards together let `event` come, with the rule on either side.
    ///
    /// # Errors
    /// A missing starting event (`wrong-state`), a missing calendar, or a mistake of configuration.
    pub fn bounds(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        event: Event,
        facts: &Facts,
    ) -> Result<Bounds, Problem> {
        let mut bounds = Bounds::default();
        for (_, guard) in procedure.guards().filter(|(_, guard)| guard.to == event) {
            let rule = self.rule(&guard.rule, on)?;
            let from = *facts.get(&guard.from).ok_or_else(|| not_yet(rule, guard.from))?;
            let window = self.guard_window(rule, from, on)?;
            if let Some(at) =
                window.earliest.filter(|at| bounds.earliest.as_ref().is_none_or(|(so, _)| at > so))
            {
                bounds.earliest = Some((at, rule.clone()));
            }
            if let Some(at) = window.latest.filter(|at| bounds.latest.as_ref().is_none_or(|(so, ..)| at < so))
            {
                bounds.latest = Some((at, rule.clone(), guard.late));
            }
        }
        Ok(bounds)
    }

    /// Judges the time `at` of an act by all guards that limit it.
    ///
    /// `Ok` carries the rule of a duty that is fulfilled too late, which is recorded and not refused.
    ///
    /// # Errors
    /// `too-early` or `too-late` (for a deadline that is being set: `law-refuses`) with rule, article and the
    /// nearest lawful time; a deadline on a day that is not worked, by the centre's setting (TG-3); else as
    /// [`Self::bounds`].
    pub fn permit(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        event: Event,
        at: DateTime<Utc>,
        facts: &Facts,
    ) -> Result<Option<LegalGround>, Problem> {
        let bounds = self.bounds(procedure, on, event, facts)?;
        let code = |code| if event == Event::Deadline { Code::LawRefuses } else { code };
        if let Some((earliest, rule)) = bounds.earliest.filter(|(earliest, _)| at < *earliest) {
            return Err(out_of_time(code(Code::TooEarly), &rule, earliest).into());
        }
        if event == Event::Deadline {
            self.deadline_is_worked(at)?;
        }
        match bounds.latest.filter(|(latest, ..)| at >= *latest) {
            None => Ok(None),
            Some((latest, rule, Late::Record)) => Ok(Some(rule.ground_until(latest))),
            Some((latest, rule, Late::Refuse)) => Err(out_of_time(code(Code::TooLate), &rule, latest).into()),
        }
    }
}

impl Law {
    /// Refuses a deadline on a day without work, where the centre's setting says so (TG-3): objections at the opening
    /// are answered on the spot. [`Self::permit`] asks it of every deadline; of a postponed one nothing else is asked.
    ///
    /// # Errors
    /// `law-refuses` with the next working day; `calendar-unavailable` for a year without calendar.
    pub fn deadline_is_worked(&self, deadline: DateTime<Utc>) -> Result<(), Problem> {
        let (calendar, day) = (self.calendar(), hall_date(deadline));
        if !self.settings().deadline_on_working_day || calendar.works(day)? {
            return Ok(());
        }
        let next = calendar.first_working_from(day)?;
        let detail = Say::new(
            format!("本中心规定截止日须为工作日，{day} 不是工作日；其后第一个工作日为 {next}。"),
            format!("The centre sets deadlines on working days; {day} is none, the next is {next}."),
        );
        let ground = LegalGround {
            earliest: Some(hall_instant(next, NaiveTime::MIN)),
            ..Self::setting_ground("deadlineOnWorkingDay")
        };
        Err(Refusal::new(Code::LawRefuses, detail).by_rule(ground).into())
    }
}

/// The lawful time of one event by all its guards, with the rule on either side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounds {
    /// First lawful instant.
    pub earliest: Option<(DateTime<Utc>, Rule)>,
    /// First instant that is too late.
    pub latest: Option<(DateTime<Utc>, Rule, Late)>,
}

fn last_day_before(at: DateTime<Utc>) -> NaiveDate {
    hall_date(at - TimeDelta::microseconds(1))
}

fn not_yet(rule: &Rule, missing: Event) -> Refusal {
    let detail = Say::new(
        format!("前置事项尚未发生（{missing}），无法计算“{}”。", rule.name.zh),
        format!("Something has to happen first ({missing}) before \"{}\" can be told.", rule.name.en),
    );
    Refusal::new(Code::WrongState, detail).by_rule(rule.ground()).with("missing", missing.as_ref().into())
}

/// A refusal that quotes the rule and tells the nearest lawful time.
fn out_of_time(code: Code, rule: &Rule, nearest: DateTime<Utc>) -> Refusal {
    let forward = !matches!(code, Code::TooLate);
    let (day, time) = if forward {
        (hall_date(nearest), in_hall_zone(nearest))
    } else {
        (last_day_before(nearest), in_hall_zone(nearest))
    };
    let place = rule.place();
    let detail = if forward {
        Say::new(
            format!("{}（{}）。最早可为 {day}（{time} 起）。", rule.text.zh, place.zh),
            format!("{} ({}). Earliest: {day} (from {time}).", rule.text.en, place.en),
        )
    } else {
        Say::new(
            format!("{}（{}）。最迟为 {day}。", rule.text.zh, place.zh),
            format!("{} ({}). The last day was {day}.", rule.text.en, place.en),
        )
    };
    Refusal::new(code, detail).by_rule(rule.ground_until(nearest))
}

/// Whether a rule can stand as a guard: a period, or a statement that orders two events.
pub(in crate::law) fn can_guard(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Period(_) | Quantity::Statement)
}

/// Whether a rule is a highest amount.
pub(in crate::law) fn is_cap(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Cap(Bound::AtMost, _))
}
