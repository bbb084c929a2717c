//! Tenders 招标项目(标段): the procedure, the document, the dates and the phase of one lot's tendering.
//!
//! Owns `tenders`, `tender_events`, `tender_intake`, `tender_places` and `tender_clarifications`. One row holds the
//! deadline; every notice is made from it. The document is data with a hash: the purchaser approves a hash, and
//! only that hash is published. What happened when stands in `tender_events`, from which the law's periods are
//! counted; rooms above add their own events and move the phase through [`service::advance`].
//!
//! Must not know of bids, openings or evaluations. Law: 招标投标法 arts 23, 24, 34; 招标投标法实施条例 arts 16, 21, 26, 27;
//! 政府采购法 art 35; 财政部令87 arts 12, 16, 27 — all by way of `law`.

pub mod document;
pub mod http;
pub mod intake;
pub mod lifecycle;
pub mod matter;
pub mod model;
pub mod parts;
mod policy_change;
pub mod publication;
pub mod sealing;
pub mod service;
pub mod store;
pub mod view;

pub use document::TenderDocument;
pub use lifecycle::TenderPhase;
pub use matter::Matter;
pub use model::{Place, Tender};
pub use parts::{Part, Stages};
pub use service::{
    Setting, advance, end, fix_place, give_up_place, load, lock, note, permit, permitted, setting,
};
pub use store::titles;
