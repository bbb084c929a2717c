//! What the pages show, as plain values in the reader's language.
//!
//! Whoever fills these has already asked what is lawful to show: a field that is `None` is not shown and
//! leaves no trace. Amounts stay [`Decimal`](rust_decimal::Decimal) and times stay instants, so that nothing is rounded on
//! the way.

mod results;

use chrono::{DateTime, NaiveDate, Utc};

use crate::ledger::light::LightState;

pub use results::{
    AwardView, Benchmark, CandidateRow, CandidatesView, ContractView, DeviationRow, Drawn, DrawnLot,
    EvaluationView, FactorHead, FactorRow, FactorTable, OpeningRow, OpeningView, PriceRow, PriceSpread,
    Ranking, RatioRow, SetAside,
};

/// How far a step, a room or an opening is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Over, as it should be.
    Done,
    /// Under way.
    Now,
    /// Still to come.
    Coming,
    /// Suspended, terminated or failed.
    Stopped,
}

/// What became of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It was not evaluated, for want of a figure.
    NotAsked,
}

/// What became of a bid. 撤回 (before the deadline) and 撤销 (after it) are two states everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BidOutcome {
    /// 已开启
    Opened,
    /// 撤回
    Withdrawn,
    /// 撤销
    Revoked,
    /// 否决
    Rejected,
}

/// One line of today's board.
#[derive(Debug, Clone)]
pub struct OpeningLine {
    /// When the opening begins.
    pub at: DateTime<Utc>,
    /// The project's title.
    pub title: String,
    /// Id of the project, for the link.
    pub project: String,
    /// Name of the room.
    pub room: String,
    /// How far it is.
    pub state: Progress,
}

/// One line of a list of notices.
#[derive(Debug, Clone)]
pub struct NoticeLine {
    /// Id, for the link.
    pub id: String,
    /// Title as published.
    pub title: String,
    /// Kind, such as 招标公告.
    pub kind: String,
    /// Category, such as 工程建设.
    pub category: String,
    /// Region, such as 太仆寺旗.
    pub region: String,
    /// When it was published.
    pub published: DateTime<Utc>,
    /// The bid deadline, where the notice opens one that is still ahead.
    pub deadline: Option<DateTime<Utc>>,
}

/// `/`
#[derive(Debug, Clone)]
pub struct HomeView {
    /// Today in the hall.
    pub today: NaiveDate,
    /// Today's openings, by time.
    pub openings: Vec<OpeningLine>,
    /// The next openings on later days.
    pub ahead: Vec<OpeningLine>,
    /// The last openings, newest first, where there is none today and none to come.
    pub past: Vec<OpeningLine>,
    /// Lobby screens of the centres.
    pub boards: Vec<Link>,
    /// The latest notices, newest first; eight are a good number.
    pub notices: Vec<NoticeLine>,
    /// Whether a witness has confirmed the log lately.
    pub record: RecordLight,
}

/// The witness light 见证灯.
#[derive(Debug, Clone)]
pub struct RecordLight {
    /// Its colour.
    pub state: LightState,
    /// When a witness has signed last.
    pub at: Option<DateTime<Utc>>,
    /// Minutes since.
    pub minutes: usize,
}

/// One choice of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Value that travels.
    pub value: String,
    /// What the reader sees.
    pub label: String,
}

impl Choice {
    /// Pairs value and label.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// `/notices`
#[derive(Debug, Clone)]
pub struct NoticesView {
    /// Kinds one can filter by.
    pub kinds: Vec<Choice>,
    /// Categories one can filter by.
    pub categories: Vec<Choice>,
    /// Regions one can filter by.
    pub regions: Vec<Choice>,
    /// This page of notices, newest first.
    pub notices: Vec<NoticeLine>,
    /// Cursor of the next older page.
    pub older: Option<String>,
}

/// A term and its value. `figure` sets the value in tabular numerals.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The term.
    pub term: String,
    /// The value as read.
    pub value: String,
    /// Whether the value is a figure.
    pub figure: bool,
}

impl Fact {
    /// A fact in words.
    pub fn text(term: impl Into<String>, value: impl Into<String>) -> Self {
        Self { term: term.into(), value: value.into(), figure: false }
    }

    /// A fact that is a figure.
    pub fn figure(term: impl Into<String>, value: impl Into<String>) -> Self {
        Self { term: term.into(), value: value.into(), figure: true }
    }
}

/// A link with its text.
#[derive(Debug, Clone)]
pub struct Link {
    /// Address.
    pub href: String,
    /// Text.
    pub text: String,
}

/// A headed part of a notice: paragraphs, then facts.
#[derive(Debug, Clone)]
pub struct NoticePart {
    /// Heading.
    pub heading: String,
    /// Paragraphs in order.
    pub paragraphs: Vec<String>,
    /// Facts after them.
    pub facts: Vec<Fact>,
}

/// `/notices/{id}`
#[derive(Debug, Clone)]
pub struct NoticeView {
    /// The line it has in lists.
    pub line: NoticeLine,
    /// Who published it.
    pub publisher: String,
    /// The project it belongs to.
    pub project: Option<Link>,
    /// The text.
    pub parts: Vec<NoticePart>,
    /// Files that belong to it.
    pub files: Vec<Link>,
    /// The earlier notice it corrects.
    pub corrects: Option<Link>,
    /// Later corrections.
    pub corrected_by: Vec<Link>,
    /// SHA-256 of the content, hex.
    pub digest: String,
}

/// Where a project trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VenueScope {
    /// The league's centre.
    League,
    /// The region's own centre.
    Own,
    /// A neighbour's centre.
    Nearby,
    /// Nowhere by duty.
    NotRequired,
}

/// One comparison of a venue decision, such as `24,000,000.00 ≥ 20,000,000.00`.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Rule id, such as `RT-1`.
    pub rule: String,
    /// What is compared, in words.
    pub what: String,
    /// The arithmetic, each part as shown: left, sign, right. Empty left or sign for a comparison in words.
    pub left: String,
    /// `≥` or the like.
    pub sign: String,
    /// The threshold.
    pub right: String,
    /// What came out.
    pub verdict: Verdict,
    /// The source, such as an article; a setting says that it is one.
    pub source: String,
}

/// A venue decision laid open.
#[derive(Debug, Clone)]
pub struct VenueView {
    /// Kind of result.
    pub scope: VenueScope,
    /// Name of the centre; empty where none is required.
    pub centre: String,
    /// The rule that decided.
    pub rule: String,
    /// Every comparison in the order of the rules.
    pub comparisons: Vec<Comparison>,
    /// Reasons in sentences.
    pub reasons: Vec<String>,
    /// Version of the table of thresholds.
    pub table_version: String,
    /// When it was decided; absent for a preview.
    pub decided: Option<DateTime<Utc>>,
}

/// Which way a lawful limit points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundSense {
    /// The step may not come before it.
    NotBefore,
    /// The step may not come after it.
    NotAfter,
}

/// A lawful limit of a step.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The instant.
    pub at: DateTime<Utc>,
    /// Which way it points.
    pub sense: BoundSense,
    /// Rule and article, such as `ENG-4 · 招标投标法 24`.
    pub ground: String,
}

/// One row of the timeline: an act (`until` absent) or a period.
#[derive(Debug, Clone)]
pub struct TimelineRow {
    /// Name of the step.
    pub label: String,
    /// When it happens or begins.
    pub from: DateTime<Utc>,
    /// When the period ends.
    pub until: Option<DateTime<Utc>>,
    /// How far it is.
    pub state: Progress,
    /// Its lawful limit.
    pub bound: Option<Bound>,
    /// Whether this is the bid deadline, which the picture draws across all rows.
    pub is_deadline: bool,
}

/// The timeline of one lot.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Now in the hall.
    pub now: DateTime<Utc>,
    /// Steps in order.
    pub rows: Vec<TimelineRow>,
}

/// The countdown to the bid deadline.
#[derive(Debug, Clone)]
pub struct Countdown {
    /// The deadline.
    pub deadline: DateTime<Utc>,
    /// Now in the hall.
    pub now: DateTime<Utc>,
    /// Whether hall time runs; a sandbox may hold it.
    pub runs: bool,
    /// Whether the opening waits for a decision over the hall's clock.
    pub waits: bool,
}

/// One booked room.
#[derive(Debug, Clone)]
pub struct RoomRow {
    /// Name of the room.
    pub room: String,
    /// What for.
    pub purpose: String,
    /// From.
    pub from: DateTime<Utc>,
    /// Until.
    pub until: DateTime<Utc>,
    /// How far it is.
    pub state: Progress,
}

/// Which part of a long table is shown. Pages count from 1.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    /// This page.
    pub page: usize,
    /// How many there are, at least 1.
    pub pages: usize,
    /// Number of the first row shown, from 1; 0 when there is none.
    pub first: usize,
    /// Number of the last row shown.
    pub last: usize,
    /// Rows in all.
    pub total: usize,
}

impl Pages {
    /// The part of `total` rows on `page` (clamped into what there is), `size` rows a page.
    pub fn of(total: usize, page: usize, size: usize) -> Self {
        let size = size.max(1);
        let pages = total.div_ceil(size).max(1);
        let page = page.clamp(1, pages);
        let skipped = (page - 1) * size;
        Self {
            page,
            pages,
            first: if total == 0 { 0 } else { skipped + 1 },
            last: (skipped + size).min(total),
            total,
        }
    }

    /// How many rows come before this page.
    pub fn skipped(&self) -> usize {
        self.first.saturating_sub(1)
    }
}

/// `/projects/{id}`, one lot of it.
#[derive(Debug, Clone)]
pub struct ProjectView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Where it stands, in a word or two.
    pub stage: String,
    /// The same as a state.
    pub progress: Progress,
    /// Facts of the registration.
    pub facts: Vec<Fact>,
    /// The other lots, where there are several.
    pub lots: Vec<Link>,
    /// The venue decision in force.
    pub venue: Option<VenueView>,
    /// The countdown, from the notice on.
    pub countdown: Option<Countdown>,
    /// The page on which bids are sealed, while they are taken: the same for everybody.
    pub bid: Option<String>,
    /// What a body's loss of its keys means for bids, while they are taken: the same for everybody.
    pub policy_note: Option<String>,
    /// The timeline, from the notice on.
    pub timeline: Option<Timeline>,
    /// Rooms.
    pub rooms: Vec<RoomRow>,
    /// The opening record.
    pub opening: Option<OpeningView>,
    /// The evaluation.
    pub evaluation: Option<EvaluationView>,
    /// The candidates.
    pub candidates: Option<CandidatesView>,
    /// The award.
    pub award: Option<AwardView>,
    /// The contract.
    pub contract: Option<ContractView>,
    /// Notices of the project, newest first.
    pub notices: Vec<NoticeLine>,
}

/// What a day is in a count of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayRole {
    /// The day the count starts from; not counted (CNT-2).
    Start,
    /// The n-th day counted.
    Counted(u32),
    /// A day that a count of working days passes over.
    Skipped,
    /// A day over which the end rolls forward (CNT-3).
    Rolled,
    /// The last day: the n-th day, or the day the end rolled to.
    End(Option<u32>),
}

/// One day of a count.
#[derive(Debug, Clone)]
pub struct CountedDay {
    /// The day.
    pub date: NaiveDate,
    /// What it is in the count.
    pub role: DayRole,
    /// Why, such as 春节 or 调休上班; absent for an ordinary day.
    pub note: Option<String>,
}

/// A count of days laid open.
#[derive(Debug, Clone)]
pub struct DeadlineView {
    /// The last day.
    pub ends_on: NaiveDate,
    /// Whether the count goes forward.
    pub forward: bool,
    /// The instant it ends, where the count goes forward or the act is done at a counter.
    pub ends_at: Option<DateTime<Utc>>,
    /// Every day from first to last by date, without gaps.
    pub days: Vec<CountedDay>,
    /// The rules of counting that were used, in sentences.
    pub reasons: Vec<String>,
}

/// An error page.
#[derive(Debug, Clone)]
pub struct ErrorView {
    /// HTTP status.
    pub status: u16,
    /// Title.
    pub title: String,
    /// What to do.
    pub text: String,
    /// Number of the request, for the centre's staff.
    pub request: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_every_row_once_and_stay_inside() {
        let last = Pages::of(1528, 16, 100);
        assert_eq!((last.first, last.last, last.pages), (1501, 1528, 16));
        assert_eq!(Pages::of(1528, 99, 100).page, 16);
        let none = Pages::of(0, 3, 100);
        assert_eq!((none.page, none.pages, none.first, none.last, none.skipped()), (1, 1, 0, 0, 0));
        assert_eq!(Pages::of(1528, 2, 100).skipped(), 100);
    }
}
