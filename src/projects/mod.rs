//! Projects 项目: registration 进场登记, approvals, lots, the agency's mandate and where the project must trade.
//!
//! Owns `projects`, `project_approvals`, `project_lots`, `venue_decisions`, `split_suspects`, `venue_applications`
//! and `code_counters`. A venue decision is immutable and the last one is in force; a change of amounts before the
//! first notice adds one, the first notice freezes it, and when every round has ended without an award the next is
//! judged anew (AMB-8). Must not know of tenders: they tell it of their first notice and of the end of their rounds.

pub mod held;
pub mod http;
pub mod model;
pub mod rules;
pub mod serials;
pub mod service;
pub mod store;
pub mod venue;

pub use model::{Project, ProjectView};
pub use service::{freeze_at_first_notice, law_of, load, lock, open_round};
pub use venue::judge_anew;
