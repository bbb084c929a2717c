//! Projects 项目: registration 进场登记, approvals, lots, the agency's mandate and where the project must trade.
//!
//! Owns `projects`, `project_approvals`, `project_lots` and `venue_decisions`. A venue decision is immutable and
//! the last one is in force; a change of amounts before the first notice adds one, the first notice freezes it
//! (AMB-8). Must not know of tenders: they tell it of their first notice.

pub mod http;
pub mod model;
pub mod rules;
pub mod service;
pub mod store;

pub use model::{Project, ProjectView};
pub use service::{freeze_at_first_notice, law_of, load, lock};
