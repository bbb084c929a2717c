//! 上传: ciphertexts too large for a submission come before it, in chunks, in any order, as often as the line breaks.
//!
//! Owns `bid_uploads` and `bid_chunks`. Must not open, judge or count anything of them for others than their bidder. Law:
//! 电子招标投标办法 articles 26–27: what is on its way at the deadline is no bid; only the submission makes it one.
//!
//! Invariants:
//! * An upload is hashed when its last chunk has come and does not change any more: the submission compares two numbers.
//! * It serves one bid, which owns it from then on; what serves none is removed after the deadline.
//! * Nothing is held in memory but the chunks on their way in or out.

pub mod http;
pub mod model;
mod rules;
pub mod service;
mod store;

pub use service::{pour, serve};
