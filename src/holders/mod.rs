//! Holders of shares 持有人: officers' keys, the seal policies made of them, and the proof that officers can still read.
//!
//! Owns `seal_keys`, `seal_policies` and `seal_canaries`. Invariants: a key is enrolled by its officer and vouched for
//! by a signing key of the officer's organisation; a policy is made of what is enrolled when it is settled and does not
//! change after it, but another may follow it before the deadline, and bids keep the one they were sealed for; an
//! organisation counts only with two persons' keys, so that one lost key blocks nothing.
//! Revoking a key takes it out of policies to come; bids sealed already keep their other holders.
//!
//! Must not know of tenders' documents, bids or openings: who may ask and when is for the rooms above.
//! Law: 电子招标投标办法 arts 29–31. Formats: [`crate::seal`].

pub mod http;
pub mod model;
pub mod rules;
pub mod service;
mod store;

pub use model::{Body, Health, Light, Policies, PolicyState, Settled};
pub use service::{Shape, bodies, bodies_held, health, policies_of, policy_of, settle};
