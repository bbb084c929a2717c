//! Supervision 监督: award records as supervising bodies read them, their findings, and a project's whole history.
//!
//! Owns `award_reviews`, in [`lawmaking`] the decision over changes of the law, and in [`clock`] that over the hall's clock. Invariants: a body sees and reviews what lies within its duty and region and does not learn
//! that anything else exists; a finding changes no award and is never taken back; entries of the record that tell of
//! bids show only once their opening has begun, and nothing (no number, no gap, no cursor) tells how many wait.
//!
//! Must not act for a party. Law: 招标投标法 art 7; 招标投标法实施条例 art 4; 政府采购法 arts 13, 59, 68, 69.

pub mod clock;
pub mod http;
pub mod lawmaking;
pub mod model;
pub mod service;
pub mod store;
