//! What the page of a project shows from the opening on: bids, benchmark and ranking, candidates, award, contract.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{BidOutcome, Fact, Pages};

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
