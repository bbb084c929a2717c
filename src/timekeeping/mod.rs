//! Timekeeping 时钟监测: whether the hall's one clock, the primary database's, can be trusted, and when the hall was away.
//!
//! Owns `clock_ticks` and `clock_suspicions`. Every instance writes a tick at each beat: the database's wall time, its
//! own, its machine's `CLOCK_BOOTTIME`, and the machine's own error where it tells one. From ticks alone [`rules`] says
//! whether the clock drifts, has jumped, or was not watched.
//!
//! Invariants: the watch is over machine clocks, never over hall time, which a sandbox moves by hand; a suspicion is
//! raised once and stands until the supervision office decides it; while it stands bids are taken as ever (refusing
//! them would harm the honest), and nothing closes or opens by itself; reading the skew costs a bid nothing.
//!
//! Must not know a tender: which acts wait is told from above ([`crate::platform::jobs::Jobs::hold_back`]).
//! Law: none fixes any of this; every number is a setting. What it protects: 招标投标法 arts 28 and 34.

pub mod http;
mod machine;
pub mod model;
pub mod rules;
mod skew;
pub mod store;
mod watch;

pub use skew::Skew;
pub use watch::{Watch, work};
