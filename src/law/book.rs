//! The law as a whole: rules, settings, calendar and procedures, looked up by the day they are judged by.
//!
//! A project is judged by the rules in force on the day of its first notice; `on` is that day everywhere here.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

use crate::kernel::{LegalGround, Problem, id::EditionId, time::hall_instant};

use super::{
    calendar::Calendar,
    counting::{CannotCount, Counted, Direction, Place, Roll, Unit, count},
    model::{Bound, Cap, Period, Quantity, Reached, Rule, Settings},
    procedure::Procedure,
};

/// Why the law gives no answer. All but the first are mistakes of configuration or code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LawGap {
    /// The period cannot be counted.
    #[error(transparent)]
    Count(#[from] CannotCount),
    /// No rule of that name is in force on that day.
    #[error("no rule {rule} is in force on {on}")]
    UnknownRule {
        /// Id, with part if it has one.
        rule: String,
        /// The day.
        on: NaiveDate,
    },
    /// No procedure of that id is in force on that day.
    #[error("no procedure {id} is in force on {on}")]
    UnknownProcedure {
        /// Its id.
        id: String,
        /// The day.
        on: NaiveDate,
    },
    /// The rule says something else than was asked of it.
    #[error("rule {rule} sets no {wanted}")]
    NotThat {
        /// Id, with part if it has one.
        rule: String,
        /// What was asked, such as "earliest day".
        wanted: &'static str,
    },
}

impl From<LawGap> for Problem {
    fn from(gap: LawGap) -> Self {
        match gap {
            LawGap::Count(why) => why.into(),
            gap => Self::internal(gap),
        }
    }
}

/// Between when and when an act is lawful: from `earliest` on, before `latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The act may come at this instant or later.
    pub earliest: Option<DateTime<Utc>>,
    /// The act must come before this instant, which is 24:00 of the last day.
    pub latest: Option<DateTime<Utc>>,
}

/// Everything `config/law`, `config/calendar` and `config/procedures` say, checked as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Law {
    pub(super) rules: BTreeMap<String, Vec<Rule>>,
    pub(super) procedures: BTreeMap<String, Vec<Arc<Procedure>>>,
    pub(super) edition: Option<EditionId>,
    pub(super) settings: Settings,
    pub(super) calendar: Calendar,
}

impl Law {
    /// The edition it was read from, where it is one the hall keeps.
    pub fn edition(&self) -> Option<EditionId> {
        self.edition
    }

    /// The same law by another calendar.
    #[must_use]
    pub fn with_calendar(&self, calendar: Calendar) -> Self {
        Self { calendar, ..self.clone() }
    }

    /// The working-day calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The centre's settings; not law.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What a refusal by a setting shows: source "setting", no article.
    pub fn setting_ground(name: &str) -> LegalGround {
        LegalGround { id: name.to_owned(), source: "setting".to_owned(), article: None, earliest: None }
    }

    /// All rules in force on `on`, by id and part.
    pub fn rules(&self, on: NaiveDate) -> impl Iterator<Item = &Rule> {
        self.rules.values().flatten().filter(move |rule| rule.in_force(on))
    }

    /// All rules in all versions, by id and part.
    pub fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values().flatten()
    }

    /// All procedures in all versions, by id.
    pub fn all_procedures(&self) -> impl Iterator<Item = &Arc<Procedure>> {
        self.procedures.values().flatten()
    }

    /// The rule `ENG-4` or `ENG-25/publicity` as in force on `on`.
    ///
    /// # Errors
    /// [`LawGap::UnknownRule`].
    pub fn rule(&self, key: &str, on: NaiveDate) -> Result<&Rule, LawGap> {
        self.rules
            .get(key)
            .and_then(|versions| versions.iter().find(|rule| rule.in_force(on)))
            .ok_or_else(|| LawGap::UnknownRule { rule: key.to_owned(), on })
    }

    /// What a refusal by the rule shows. An id whose numbers all are parts, such as `ENG-25`, is grounded on the
    /// first of them: what is shown is instrument and article, not the number.
    ///
    /// # Errors
    /// [`LawGap::UnknownRule`].
    pub fn ground(&self, key: &str, on: NaiveDate) -> Result<LegalGround, LawGap> {
        self.rule(key, on).map(Rule::ground).or_else(|gap| {
            let part = self.rules(on).find(|rule| rule.id == key);
            part.map(Rule::ground).ok_or(gap)
        })
    }

    /// All procedures in force on `on`.
    pub fn procedures(&self, on: NaiveDate) -> impl Iterator<Item = &Arc<Procedure>> {
        self.procedures.values().flatten().filter(move |procedure| procedure.in_force(on))
    }

    /// The procedure `id` as in force on `on`.
    ///
    /// # Errors
    /// [`LawGap::UnknownProcedure`].
    pub fn procedure(&self, id: &str, on: NaiveDate) -> Result<&Arc<Procedure>, LawGap> {
        self.procedures
            .get(id)
            .and_then(|versions| versions.iter().find(|procedure| procedure.in_force(on)))
            .ok_or_else(|| LawGap::UnknownProcedure { id: id.to_owned(), on })
    }

    /// Counts a period from `from` with the hall's calendar and its setting for weekends.
    ///
    /// # Errors
    /// See [`count`].
    pub fn count(
        &self,
        from: NaiveDate,
        length: u32,
        unit: Unit,
        direction: Direction,
    ) -> Result<Counted, CannotCount> {
        let roll = if self.settings.roll_weekends { Roll::HolidaysAndWeekends } else { Roll::Holidays };
        count(&self.calendar, from, length, unit, direction, roll)
    }

    /// When a counted period ends for an act done at `place`.
    ///
    /// # Errors
    /// A calendar that is missing.
    pub fn end_of(
        &self,
        counted: &Counted,
        direction: Direction,
        place: Place,
    ) -> Result<DateTime<Utc>, CannotCount> {
        match (place, self.settings.counter_closes) {
            (Place::Counter, Some(closes)) => counted.at_counter(&self.calendar, direction, closes),
            _ => Ok(counted.ends_at),
        }
    }

    /// Between when and when the rule lets an act come, counted from `from`.
    ///
    /// # Errors
    /// An unknown rule, one that is no period, or a calendar that is missing.
    pub fn window(&self, key: &str, from: NaiveDate, on: NaiveDate) -> Result<Window, LawGap> {
        match self.rule(key, on)?.quantity {
            Quantity::Period(period) => Ok(self.period_window(period, from)?),
            _ => Err(not_that(key, "period")),
        }
    }

    fn period_window(&self, period: Period, from: NaiveDate) -> Result<Window, CannotCount> {
        let counted = self.count(from, period.nearest(), period.unit, period.direction)?;
        let (starts, ends) = (hall_instant(counted.ends_on, NaiveTime::MIN), counted.ends_at);
        Ok(match (period.direction, period.bound) {
            (Direction::Forward, Bound::AtLeast | Bound::MoreThan | Bound::Exactly) => {
                let earliest = if period.reached == Reached::OnLastDay { starts } else { ends };
                Window { earliest: Some(earliest), latest: None }
            }
            (Direction::Forward, Bound::AtMost | Bound::LessThan)
            | (Direction::Backward, Bound::AtLeast | Bound::MoreThan | Bound::Exactly) => {
                Window { earliest: None, latest: Some(ends) }
            }
            (Direction::Backward, Bound::AtMost | Bound::LessThan) => {
                Window { earliest: Some(starts), latest: None }
            }
        })
    }

    /// The first instant the rule allows, counted from `from`.
    ///
    /// # Errors
    /// As [`Self::window`], and a rule that only limits from above.
    pub fn earliest(&self, key: &str, from: NaiveDate, on: NaiveDate) -> Result<DateTime<Utc>, LawGap> {
        self.window(key, from, on)?.earliest.ok_or_else(|| not_that(key, "earliest time"))
    }

    /// The instant before which the rule wants the act done, counted from `from`: 24:00 of its last day.
    ///
    /// # Errors
    /// As [`Self::window`], and a rule that only limits from below.
    pub fn latest(&self, key: &str, from: NaiveDate, on: NaiveDate) -> Result<DateTime<Utc>, LawGap> {
        self.window(key, from, on)?.latest.ok_or_else(|| not_that(key, "latest time"))
    }

    /// The first day to which a deadline may be moved when an act that must come `n` days before it, such as a
    /// clarification (ENG-7, GPB-4), comes on `act`.
    ///
    /// # Errors
    /// As [`Self::window`], and a rule that does not count back from a deadline.
    pub fn deadline_after(&self, key: &str, act: NaiveDate, on: NaiveDate) -> Result<NaiveDate, LawGap> {
        match self.rule(key, on)?.quantity {
            Quantity::Period(period)
                if period.direction == Direction::Backward && period.bound.is_floor() =>
            {
                let roll = if self.settings.deadline_on_working_day {
                    Roll::HolidaysAndWeekends
                } else {
                    Roll::Never
                };
                let (length, unit) = (period.nearest(), period.unit);
                Ok(count(&self.calendar, act, length, unit, Direction::Forward, roll)?.ends_on)
            }
            _ => Err(not_that(key, "distance before a deadline")),
        }
    }

    /// The highest amount that the caps of `keys` together leave over `base`, and the rule that decides.
    ///
    /// # Errors
    /// An unknown rule, or one that is no cap; [`LawGap::NotThat`] also for an empty list.
    pub fn lowest_cap(
        &self,
        keys: &[String],
        base: Decimal,
        on: NaiveDate,
    ) -> Result<(Decimal, LegalGround), LawGap> {
        let mut lowest: Option<(Decimal, LegalGround)> = None;
        for key in keys {
            let rule = self.rule(key, on)?;
            let highest = match rule.quantity {
                Quantity::Cap(Bound::AtMost, cap) => cap.over(base),
                _ => None,
            };
            let highest = highest.ok_or_else(|| not_that(key, "highest amount"))?;
            if lowest.as_ref().is_none_or(|(so_far, _)| highest < *so_far) {
                lowest = Some((highest, rule.ground()));
            }
        }
        lowest.ok_or_else(|| not_that("(none)", "highest amount"))
    }

    /// A single cap, such as [`Cap::Percent`].
    ///
    /// # Errors
    /// An unknown rule, or one that is no cap.
    pub fn cap(&self, key: &str, on: NaiveDate) -> Result<Cap, LawGap> {
        match self.rule(key, on)?.quantity {
            Quantity::Cap(_, cap) => Ok(cap),
            _ => Err(not_that(key, "cap")),
        }
    }

    /// A number of persons, bids or candidates, and whether only odd ones are lawful.
    ///
    /// # Errors
    /// An unknown rule, or one that is no number.
    pub fn number(&self, key: &str, on: NaiveDate) -> Result<(u32, bool), LawGap> {
        match self.rule(key, on)?.quantity {
            Quantity::Count { n, odd, .. } => Ok((n, odd)),
            _ => Err(not_that(key, "number")),
        }
    }

    /// [`Self::number`] where there is one: a rule that only a later program asks for is not in force in an edition
    /// that does not know it.
    ///
    /// # Errors
    /// A rule that is no number.
    pub fn number_if_any(&self, key: &str, on: NaiveDate) -> Result<Option<u32>, LawGap> {
        match self.number(key, on) {
            Ok((n, _)) => Ok(Some(n)),
            Err(LawGap::UnknownRule { .. }) => Ok(None),
            Err(gap) => Err(gap),
        }
    }

    /// A share as numerator and denominator.
    ///
    /// # Errors
    /// An unknown rule, or one that is no share.
    pub fn share(&self, key: &str, on: NaiveDate) -> Result<(u32, u32), LawGap> {
        match self.rule(key, on)?.quantity {
            Quantity::Share { n, of, .. } => Ok((n, of)),
            _ => Err(not_that(key, "share")),
        }
    }
}

pub(super) fn not_that(rule: &str, wanted: &'static str) -> LawGap {
    LawGap::NotThat { rule: rule.to_owned(), wanted }
}
