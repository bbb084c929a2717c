//! The law as anybody may read it: what is in force on a day, why, since and until when; and the calendar of a year.

use chrono::NaiveDate;
use serde::Serialize;

use crate::kernel::{Category, Say};

use super::{
    book::Law,
    calendar::CalendarYear,
    model::{Mark, Rule, Settings},
    procedure::{Procedure, Regime},
};

/// One rule of law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// `ENG-4`, or `ENG-25/publicity` where one id has several numbers. Refusals name it.
    pub key: String,
    /// Short name.
    pub name: Say,
    /// What it says, in short.
    pub text: Say,
    /// Its number with unit and bound; absent where it commands without one.
    pub number: Option<Say>,
    /// The instrument.
    pub source: String,
    /// The article.
    pub article: String,
    /// `V`: the text was read; `Vs`: a secondary source; `K`: known.
    pub mark: Mark,
    /// First day in force.
    pub effective_from: NaiveDate,
    /// Last day in force; absent while no end is known.
    pub effective_to: Option<NaiveDate>,
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        Self {
            key: rule.key(),
            name: rule.name.clone(),
            text: rule.text.clone(),
            number: rule.number(),
            source: rule.source.clone(),
            article: rule.article.clone(),
            mark: rule.mark,
            effective_from: rule.effective_from,
            effective_to: rule.effective_to,
        }
    }
}

/// A procedure that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcedureView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Say,
    /// The legal system.
    pub regime: Regime,
    /// The hall's category.
    pub category: Category,
    /// First day in force.
    pub effective_from: NaiveDate,
    /// Last day in force; absent while no end is known.
    pub effective_to: Option<NaiveDate>,
    /// The rules that time or bound it.
    pub rules: Vec<String>,
}

impl From<&Procedure> for ProcedureView {
    fn from(procedure: &Procedure) -> Self {
        Self {
            id: procedure.id.clone(),
            name: procedure.name.clone(),
            regime: procedure.regime,
            category: procedure.category,
            effective_from: procedure.effective_from,
            effective_to: procedure.effective_to,
            rules: procedure.rules_named(),
        }
    }
}

/// The law of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LawAnswer {
    /// The day.
    pub on: NaiveDate,
    /// Rules of law in force, by key.
    pub rules: Vec<RuleView>,
    /// Procedures that may begin.
    pub procedures: Vec<ProcedureView>,
    /// What the centre chose where no law fixes a value. Not law.
    pub settings: Settings,
    /// Years whose calendar is published; a period that leaves them cannot be counted.
    pub calendar_years: Vec<i32>,
}

/// What is in force on `on`.
pub fn in_force(law: &Law, on: NaiveDate) -> LawAnswer {
    LawAnswer {
        on,
        rules: law.rules(on).map(RuleView::from).collect(),
        procedures: law.procedures(on).map(|one| ProcedureView::from(one.as_ref())).collect(),
        settings: *law.settings(),
        calendar_years: law.calendar().years().map(|year| year.year).collect(),
    }
}

/// A day that is not what its weekday makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpecialDay {
    /// The day.
    pub date: NaiveDate,
    /// The holiday, or the one it makes up for.
    pub name: Say,
}

/// One year of the working-day calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarAnswer {
    /// The year.
    pub year: i32,
    /// Edition of the data.
    pub version: String,
    /// The notice that arranges the year.
    pub source: Say,
    /// Number of working days.
    pub working_days: usize,
    /// Days off by the arrangement.
    pub off: Vec<SpecialDay>,
    /// Saturdays and Sundays that are worked.
    pub worked: Vec<SpecialDay>,
}

impl From<&CalendarYear> for CalendarAnswer {
    fn from(year: &CalendarYear) -> Self {
        let special = |(date, name): (NaiveDate, &Say)| SpecialDay { date, name: name.clone() };
        Self {
            year: year.year,
            version: year.version.clone(),
            source: year.source.clone(),
            working_days: year.working_days(),
            off: year.off().map(special).collect(),
            worked: year.worked().map(special).collect(),
        }
    }
}
