//! 投标: bids from the sealed envelope to the signed receipt.
//!
//! Owns `bids`, `bid_ciphertexts` and `bid_receipts`, and by [`uploads`] what is too large for a submission: how what [`crate::seal`] describes is taken in, replaced, withdrawn and
//! kept closed until the opening. Must not open, judge or count bids for anybody before the opening begins. Law:
//! 招标投标法 articles 28, 29 and 36 (kept unopened, withdrawable before the deadline, late bids refused);
//! 电子招标投标办法 articles 25–27 (what is not sent complete by the deadline counts as withdrawn).
//!
//! Invariants:
//! * Whether a bid is in time is decided behind the lock of its tender's intake, by one reading of the clock after
//!   the wait: taken in exactly if t < T. Times never go back within a tender, `seq` strictly rises.
//! * A receipt leaves the hall only after its transaction has committed; its leaf stands in the record.
//! * The close waits for every submission under way, so the bids that stand then are all that were acknowledged.
//! * A divided bid is all its parts: who lacks one at the close has submitted none, and its parts are never opened.
//! * Nothing of a bid shows in the tender's row, version or public skeletons of the record.

pub mod command;
pub mod http;
pub mod intake;
pub mod model;
pub mod receipts;
pub mod rules;
pub mod service;
mod store;
pub mod uploads;

pub use intake::Intake;
pub use model::{BidState, Ciphertext, Outside, StandingBid};
pub use receipts::ReceiptKeys;
pub use service::{
    ciphertext, ciphertexts, close, envelopes, outsides, revoke, standing_bid, standing_bids, stood,
};
