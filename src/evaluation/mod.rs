//! Evaluation 评审: qualification, the committee's sheets, the review of low prices, and the report.
//!
//! Owns `qualification_reviews`, `evaluations`, `score_sheets`, `low_price_votes` and `report_signatures`.
//! Invariants: nothing begins before the opening record, a committee that is lawful and all there, and, in
//! purchases, the purchaser's review; each member signs one sheet and sees no other's before the report; of divided
//! bids the price opens only when every sheet is signed, and for those who passed; the system sums, nobody types a
//! total; the report is made once and signed as it is; every rejection names its ground.
//!
//! Must not know who the members are but by number, nor choose a winner: names are `experts`', awards `awards`'.
//! Law: 招标投标法 arts 37, 40, 44; 招标投标法实施条例 arts 48–53; 政府采购法 art 36; 政府采购法实施条例 art 43;
//! 财政部令87 arts 44–47, 55–57, 63–66, 68; 财库〔2026〕2号.

pub mod http;
pub mod members;
pub mod model;
pub mod rules;
pub mod service;
pub mod store;
pub mod view;

pub use model::{EvaluationResult, Member, RankedBid, RejectedBid};
pub use view::result;
