//! Awards 定标: candidates, publicity, award, notices, contract, written report and the return of deposits.
//!
//! Owns `candidate_lists`, `awards`, `contracts`, `written_reports` and `deposits`. Invariants: the award goes to
//! rank 1 and to nobody else (an abandonment is a later act with its own ground); no award before the publicity of
//! candidates is over; winner and losers are told in one act; a contract says what bid and document say. Every date
//! comes from the procedure's guards; a duty fulfilled late is recorded with its rule, never refused.
//!
//! Must not score or reject bids: that is `evaluation`'s. Law: 招标投标法 arts 43, 45–47; 招标投标法实施条例 arts 53–58;
//! 政府采购法 arts 46, 47; 政府采购法实施条例 arts 33, 43, 48, 50; 财政部令87 arts 68–71 — the numbers by way of `law`.

mod act;
pub mod contracts;
pub mod deposits;
pub mod http;
pub mod model;
pub mod publication;
pub mod rules;
pub mod service;
pub mod store;
pub mod view;

pub use model::{Award, AwardDocument, CandidatesView, ContractView, DepositCounts};
pub use store::find;
