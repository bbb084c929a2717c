//! Changes of the law as entered and answered.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{
        AllowedAction, Say,
        id::{AccountId, EditionId, TenderId},
        time,
    },
    law::{
        Event,
        changes::Change,
        store::{ChangeOf, ChangeState},
    },
};

/// Files that an edition changes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEdition {
    /// Path below the folder of policy, such as `law/engineering.toml` → its whole new text, or null to take the file
    /// away. Files that are not named stay as they are.
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub files: BTreeMap<String, Option<String>>,
}

/// A year of the calendar as the State Council arranges it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalendarText {
    /// The year.
    #[schema(minimum = 1949, maximum = 9999)]
    pub year: i32,
    /// Edition of the year's calendar, such as `2027-1`; shown beside computed dates.
    pub version: String,
    /// How many working days the arrangement leaves; checked against the days listed.
    #[schema(minimum = 0, maximum = 366)]
    pub working_days: u32,
    /// The notice that arranges the year.
    pub source: Say,
    /// Days off. Saturdays and Sundays rest without being listed.
    #[schema(max_items = 100)]
    pub off: Vec<OffText>,
    /// Saturdays and Sundays that are worked.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub work: Vec<WorkText>,
}

/// A holiday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OffText {
    /// Its first day.
    #[serde(deserialize_with = "time::read")]
    pub from: NaiveDate,
    /// Its last day.
    #[serde(deserialize_with = "time::read")]
    pub to: NaiveDate,
    /// Its name.
    pub name: Say,
}

/// A day that is worked to make up for a holiday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkText {
    /// The day.
    #[serde(deserialize_with = "time::read")]
    pub date: NaiveDate,
    /// The holiday it makes up for.
    pub name: Say,
}

/// The approval of a change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// `confirmation` of the list that was read.
    pub confirmation: String,
}

/// Why a change is sent back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentBack {
    /// The reason, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// What a change is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LawChangeKind {
    /// Rules, procedures, settings, regions, routing, catalogue and centres.
    Edition,
    /// One year of the calendar.
    Calendar,
}

impl From<ChangeOf> for LawChangeKind {
    fn from(of: ChangeOf) -> Self {
        match of {
            ChangeOf::Edition => Self::Edition,
            ChangeOf::Calendar(_) => Self::Calendar,
        }
    }
}

/// One change of the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LawChangeLine {
    /// Its id; projects name the edition they were frozen to by it.
    pub id: EditionId,
    /// What it is of.
    pub kind: LawChangeKind,
    /// The year, of a calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// SHA-256 over the texts, in hexadecimal.
    pub digest: String,
    /// How far it has come.
    pub state: ChangeState,
    /// It came with the program or its configuration, and nobody entered it.
    pub at_start: bool,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Who entered it; told to those who enter or supervise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered_by: Option<AccountId>,
    /// When it was decided; an adopted one is in force from then on, until a later one of its kind and year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<DateTime<Utc>>,
    /// Who decided; told to those who enter or supervise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<AccountId>,
    /// Why it was sent back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its place in the order of adoptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i32>,
}

/// One change in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaidChange {
    /// Rule, procedure, day, year or setting.
    pub about: String,
    /// What changes, for whom.
    pub says: Say,
}

impl From<Change> for SaidChange {
    fn from(change: Change) -> Self {
        Self { about: change.about, says: change.says }
    }
}

/// A limit of a tender under way that a calendar moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovedDeadline {
    /// The tender.
    pub tender_id: TenderId,
    /// Its number.
    pub tender_code: String,
    /// Its title.
    pub title: String,
    /// The act whose time is limited.
    pub event: Event,
    /// The rule or setting that limits it.
    pub rule: String,
    /// Its name.
    pub name: Say,
    /// Which end of the lawful time moves.
    pub limit: Limit,
    /// The day as it stands; absent where the calendar of its year was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// The day it moves to; absent where the calendar of its year would be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

/// Which end of a lawful time is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// The first day.
    Earliest,
    /// The last day.
    Latest,
    /// The chosen day itself would no longer be worked, and has to be postponed by its tenderee; `to` is the next
    /// working day.
    ChosenDay,
}

/// What a change changes and moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Said {
    /// In words, beside what is in force.
    pub changes: Vec<SaidChange>,
    /// Every limit of a tender under way that moves.
    pub moved: Vec<MovedDeadline>,
    /// Digest of both lists; the approval names it.
    pub confirmation: String,
}

/// A change with what it changes and moves while it waits.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LawChangeView {
    /// The change.
    #[serde(flatten)]
    pub line: LawChangeLine,
    /// What it changes and moves; of a change that waits, or has just come into force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What the caller may do.
    pub allowed_actions: Vec<AllowedAction>,
}

/// The texts of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LawFiles {
    /// Path below the folder of policy → text.
    pub files: BTreeMap<String, String>,
}
