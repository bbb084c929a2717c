//! A publication and its parts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{
    Category, RegionCode, Say,
    id::{NoticeId, ProjectId, TenderId},
    time,
};

/// What is published.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum NoticeKind {
    /// 招标公告 / 采购公告
    TenderNotice,
    /// 澄清修改公告
    Clarification,
    /// 延期公告
    Postponement,
    /// 终止公告
    Termination,
    /// 流标 / 废标公告
    Failure,
    /// 开标记录
    OpeningRecord,
    /// 中标候选人公示
    Candidates,
    /// 中标结果公告
    AwardResult,
    /// 合同公告
    Contract,
}

impl NoticeKind {
    /// Its name among the publications of every class, as lists of kinds say it.
    pub fn name(self) -> Say {
        match self {
            Self::TenderNotice => {
                Say::new("招标（采购、出让、转让）公告", "Notice of tender, purchase or transfer")
            }
            Self::Clarification => Say::new("澄清（更正）公告", "Clarification or correction"),
            Self::Failure => Say::new("流标（废标）公告", "Failure"),
            Self::AwardResult => Say::new("中标（成交）结果公告", "Award result"),
            Self::Postponement
            | Self::Termination
            | Self::OpeningRecord
            | Self::Candidates
            | Self::Contract => self.name_in(Category::Engineering),
        }
    }

    /// Its name in one class of transaction: each law has its own word (招标公告和公示信息发布管理办法 art 2 for works,
    /// 财办库〔2020〕50号 for purchases).
    pub fn name_in(self, category: Category) -> Say {
        match (self, category) {
            (Self::TenderNotice, Category::Engineering) => Say::new("招标公告", "Tender notice"),
            (Self::TenderNotice, Category::Procurement) => Say::new("采购公告", "Procurement notice"),
            (Self::TenderNotice, Category::LandMineral) => Say::new("出让公告", "Notice of assignment"),
            (Self::TenderNotice, Category::Property) => Say::new("转让公告", "Notice of transfer"),
            (Self::Clarification, Category::Engineering) => Say::new("澄清修改公告", "Clarification"),
            (Self::Clarification, _) => Say::new("更正公告", "Correction notice"),
            (Self::Postponement, _) => Say::new("延期公告", "Postponement"),
            (Self::Termination, _) => Say::new("终止公告", "Termination"),
            (Self::Failure, Category::Procurement) => Say::new("废标公告", "Failed procurement"),
            (Self::Failure, _) => Say::new("流标公告", "Failure"),
            (Self::OpeningRecord, _) => Say::new("开标记录", "Opening record"),
            (Self::Candidates, _) => Say::new("中标候选人公示", "Candidates"),
            (Self::AwardResult, Category::Engineering | Category::Procurement) => {
                Say::new("中标结果公告", "Award result")
            }
            (Self::AwardResult, _) => Say::new("成交结果公告", "Result of the transfer"),
            (Self::Contract, _) => Say::new("合同公告", "Contract notice"),
        }
    }
}

/// One labelled fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// What it is.
    pub label: Say,
    /// Its value in both languages.
    pub value: Say,
}

/// One part of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Section {
    /// Its heading.
    pub heading: Say,
    /// Labelled facts.
    pub facts: Vec<Fact>,
    /// Paragraphs.
    pub text: Vec<Say>,
}

impl Section {
    /// An empty part.
    pub fn new(zh: &str, en: &str) -> Self {
        Self { heading: Say::new(zh, en), facts: Vec::new(), text: Vec::new() }
    }

    /// Adds a fact that reads the same in both languages.
    #[must_use]
    pub fn fact(self, zh: &str, en: &str, value: impl std::fmt::Display) -> Self {
        let value = value.to_string();
        self.say(zh, en, Say::new(value.clone(), value))
    }

    /// Adds a fact that reads differently.
    #[must_use]
    pub fn say(mut self, zh: &str, en: &str, value: Say) -> Self {
        self.facts.push(Fact { label: Say::new(zh, en), value });
        self
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn paragraph(mut self, text: Say) -> Self {
        self.text.push(text);
        self
    }
}

/// A publication about to come out.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What it is.
    pub kind: NoticeKind,
    /// The project.
    pub project: ProjectId,
    /// The tender, if it is about one.
    pub tender: Option<TenderId>,
    /// Centre of the project.
    pub centre_code: String,
    /// Region of the project.
    pub region_code: RegionCode,
    /// Class.
    pub category: Category,
    /// Title.
    pub title: Say,
    /// Parts.
    pub sections: Vec<Section>,
    /// End of the publicity or notice period, if the law gives one.
    pub period_ends_at: Option<DateTime<Utc>>,
}

/// A publication as it came out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Opaque id.
    pub id: NoticeId,
    /// What it is.
    pub kind: NoticeKind,
    /// The project.
    pub project_id: ProjectId,
    /// The tender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tender_id: Option<TenderId>,
    /// Centre.
    pub centre_code: String,
    /// Region.
    pub region_code: RegionCode,
    /// Class.
    pub category: Category,
    /// Title.
    pub title: Say,
    /// Parts.
    pub sections: Vec<Section>,
    /// When it came out.
    pub published_at: DateTime<Utc>,
    /// End of its period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_ends_at: Option<DateTime<Utc>>,
}

/// A line of the list of publications.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeLine {
    /// Opaque id.
    pub id: NoticeId,
    /// What it is.
    pub kind: NoticeKind,
    /// The project.
    pub project_id: ProjectId,
    /// The tender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tender_id: Option<TenderId>,
    /// Region.
    pub region_code: RegionCode,
    /// Class.
    pub category: Category,
    /// Title.
    pub title: Say,
    /// When it came out.
    pub published_at: DateTime<Utc>,
    /// End of its period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_ends_at: Option<DateTime<Utc>>,
}

/// Filters of the list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct NoticeFilter {
    /// Words to find; two characters or more each.
    pub q: Option<String>,
    /// Kind of publication.
    pub kind: Option<NoticeKind>,
    /// Class.
    pub category: Option<Category>,
    /// Region code.
    pub region: Option<String>,
    /// Tender.
    pub tender: Option<TenderId>,
    /// Project.
    pub project: Option<ProjectId>,
    /// Published from this instant on.
    #[serde(default, deserialize_with = "time::read_some")]
    pub from: Option<DateTime<Utc>>,
    /// Published before this instant.
    #[serde(default, deserialize_with = "time::read_some")]
    pub to: Option<DateTime<Utc>>,
    /// Cursor from `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}
