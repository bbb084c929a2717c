//! What the pages show, as plain values in the reader's language.
//!
//! Whoever fills these has already asked what is lawful to show: a field that is `None` is not shown and
//! leaves no trace. Amounts stay [`Decimal`] and times stay instants, so that nothing is rounded on the way.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::ledger::light::LightState;

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

/// One row of the opening record.
#[derive(Debug, Clone)]
pub struct OpeningRow {
    /// Number in the record.
    pub number: usize,
    /// The bidder's name.
    pub bidder: String,
    /// Its credit code.
    pub uscc: String,
    /// When the sealed bid came in.
    pub received: DateTime<Utc>,
    /// When its secret came in.
    pub decrypted: Option<DateTime<Utc>>,
    /// The deposit as recorded; absent where it is not public.
    pub security: Option<String>,
    /// The price read out.
    pub price: Option<Decimal>,
    /// What became of it.
    pub outcome: BidOutcome,
}

/// The opening record; exists only once the opening allows it.
#[derive(Debug, Clone)]
pub struct OpeningView {
    /// Bids received by the deadline.
    pub received: usize,
    /// Opened.
    pub opened: usize,
    /// 撤回, before the deadline; absent where it is not public.
    pub withdrawn: Option<usize>,
    /// 撤销, after the deadline.
    pub revoked: usize,
    /// This page of rows.
    pub rows: Vec<OpeningRow>,
    /// Which page.
    pub pages: Pages,
    /// What the reader looked for in the table.
    pub find: String,
}

impl OpeningView {
    /// Whether deposits are shown at all.
    pub fn shows_security(&self) -> bool {
        self.rows.iter().any(|row| row.security.is_some())
    }
}

/// The benchmark of an average-based method, with its numbers.
#[derive(Debug, Clone)]
pub struct Benchmark {
    /// Sum of the prices in the mean.
    pub sum: Decimal,
    /// How many prices are in the mean.
    pub count: usize,
    /// The benchmark as computed, unrounded as far as it is kept.
    pub value: Decimal,
    /// Whether digits follow that are not shown.
    pub goes_on: bool,
    /// The highest price left out, with its bidder.
    pub highest: Option<(String, Decimal)>,
    /// The lowest price left out, with its bidder.
    pub lowest: Option<(String, Decimal)>,
}

/// One row of a ranking by distance from a benchmark (rules C.7).
#[derive(Debug, Clone)]
pub struct DeviationRow {
    /// Rank from 1.
    pub rank: usize,
    /// Bidder.
    pub bidder: String,
    /// Price.
    pub price: Decimal,
    /// δ in percent with its sign, such as `+0.000449`.
    pub deviation: String,
    /// The score worked out, such as `100 − 0.000449 × 1`.
    pub working: String,
    /// The score.
    pub score: String,
    /// Why it stands where it stands among equals, such as a recorded draw.
    pub tie: Option<String>,
}

/// One row of a ranking by the lowest price's ratio plus other factors (rules C.1).
#[derive(Debug, Clone)]
pub struct RatioRow {
    /// Rank from 1.
    pub rank: usize,
    /// Bidder.
    pub bidder: String,
    /// Price as quoted.
    pub price: Decimal,
    /// Price used for scoring after policy deductions.
    pub adjusted: Decimal,
    /// The price score worked out, such as `950,000.00 ÷ 1,000,000.00 × 30`.
    pub working: String,
    /// The price score.
    pub price_score: String,
    /// Mean of the members' other scores, worked out, such as `(62.40 + 62.20 + …) ÷ 5 = 62.40`.
    pub other: String,
    /// Total.
    pub total: String,
}

/// One row of a ranking by the price alone (rules C.3).
#[derive(Debug, Clone)]
pub struct PriceRow {
    /// Rank from 1.
    pub rank: usize,
    /// Bidder.
    pub bidder: String,
    /// Price as quoted.
    pub price: Decimal,
    /// The adjusted price worked out.
    pub working: String,
    /// Price after policy deductions.
    pub adjusted: Decimal,
    /// Why it stands where it stands among equals, such as a recorded draw.
    pub tie: Option<String>,
}

/// The ranking by whichever method.
#[derive(Debug, Clone)]
pub enum Ranking {
    /// Distance from a benchmark (rules C.7).
    Deviation {
        /// The benchmark with its numbers.
        benchmark: Benchmark,
        /// This page of rows.
        rows: Vec<DeviationRow>,
    },
    /// Ratio to the lowest price plus other factors (rules C.1).
    Ratio {
        /// The lowest adjusted price.
        benchmark: Decimal,
        /// This page of rows.
        rows: Vec<RatioRow>,
    },
    /// The lowest adjusted price (rules C.3).
    Price {
        /// This page of rows.
        rows: Vec<PriceRow>,
    },
}

/// Where the prices lie, for the picture: whole yuan are enough for drawing.
#[derive(Debug, Clone)]
pub struct PriceSpread {
    /// Every effective price.
    pub prices: Vec<Decimal>,
    /// The benchmark.
    pub benchmark: Decimal,
    /// The winner's or first-ranked price.
    pub first: Decimal,
}

/// A bid set aside with its ground.
#[derive(Debug, Clone)]
pub struct SetAside {
    /// Bidder.
    pub bidder: String,
    /// Price, where one was read.
    pub price: Option<Decimal>,
    /// The ground in a sentence.
    pub ground: String,
    /// Its rule with instrument and article.
    pub rule: String,
}

/// Head of a column of scores.
#[derive(Debug, Clone)]
pub struct FactorHead {
    /// What the factor looks at.
    pub name: String,
    /// Its points.
    pub weight: String,
    /// How its marks come about, in a word.
    pub judged: &'static str,
}

/// One bidder's scores, factor by factor.
#[derive(Debug, Clone)]
pub struct FactorRow {
    /// Rank from 1.
    pub rank: usize,
    /// Bidder.
    pub bidder: String,
    /// The stored score of each factor, in the order of the heads.
    pub scores: Vec<String>,
    /// Their sum.
    pub total: String,
}

/// What the totals of a marked evaluation are made of.
#[derive(Debug, Clone)]
pub struct FactorTable {
    /// The document's factors in its order.
    pub heads: Vec<FactorHead>,
    /// The bidders of this page.
    pub rows: Vec<FactorRow>,
}

/// One bid in a draw among equals.
#[derive(Debug, Clone)]
pub struct DrawnLot {
    /// The rank it drew.
    pub place: u32,
    /// Bidder.
    pub bidder: String,
    /// Id of the bid, as it went into the draw.
    pub bid: String,
    /// The number it drew, in hexadecimal; the lowest comes first.
    pub number: String,
}

/// A recorded draw among bids equal in total and price, with everything that it takes to make it again.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Rank of the tied group.
    pub rank: u32,
    /// The seed in hexadecimal.
    pub seed: String,
    /// Digest of the report that holds the draw.
    pub report: String,
    /// When the report was made.
    pub made: String,
    /// A command that computes the first bid's number.
    pub command: String,
    /// The tied bids in the order drawn.
    pub lots: Vec<DrawnLot>,
}

/// The evaluation laid open.
#[derive(Debug, Clone)]
pub struct EvaluationView {
    /// The method in a sentence.
    pub method: String,
    /// Its parameters as frozen in the document.
    pub parameters: Vec<Fact>,
    /// The formulas in general form.
    pub formulas: Vec<String>,
    /// Bids set aside before the benchmark.
    pub set_aside: Vec<SetAside>,
    /// The ranking.
    pub ranking: Ranking,
    /// What the totals are made of, where the committee marks.
    pub factors: Option<FactorTable>,
    /// Draws among equals.
    pub draws: Vec<Drawn>,
    /// Which part of it.
    pub pages: Pages,
    /// The bidder looked for, or empty: then only that bidder's rows are here.
    pub find: String,
    /// Where the prices lie; best left out below ten bids.
    pub spread: Option<PriceSpread>,
}

/// One candidate.
#[derive(Debug, Clone)]
pub struct CandidateRow {
    /// Rank from 1.
    pub rank: usize,
    /// Bidder.
    pub bidder: String,
    /// Price.
    pub price: Decimal,
    /// Score.
    pub score: String,
}

/// The candidates and their publicity (ENG-25).
#[derive(Debug, Clone)]
pub struct CandidatesView {
    /// At most three.
    pub rows: Vec<CandidateRow>,
    /// When they were published.
    pub published: DateTime<Utc>,
    /// When publicity ends.
    pub ends: DateTime<Utc>,
    /// How to object, or how many objections there were.
    pub objections: String,
}

/// The award.
#[derive(Debug, Clone)]
pub struct AwardView {
    /// Winner.
    pub winner: String,
    /// Price.
    pub price: Decimal,
    /// When it was decided.
    pub decided: DateTime<Utc>,
    /// When winner and losers were told, in one act.
    pub told: Option<DateTime<Utc>>,
    /// Further facts, such as the members' names of a purchase.
    pub facts: Vec<Fact>,
}

/// The contract.
#[derive(Debug, Clone)]
pub struct ContractView {
    /// Day of signing.
    pub signed: NaiveDate,
    /// Contract price.
    pub price: Decimal,
    /// Latest lawful day of signing.
    pub latest: Option<NaiveDate>,
    /// When it was published.
    pub published: Option<DateTime<Utc>>,
    /// Address of its publication.
    pub notice: Option<String>,
    /// Further facts.
    pub facts: Vec<Fact>,
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
