//! Opening 开标: the deadline comes, secrets are released, and all bids open at once or not at all.
//!
//! Owns `openings`, `opening_shares`, `opening_recoveries` and `opened_bids`. Invariants: fewer bids than the law asks
//! release nothing and stay sealed for ever; no bid is decrypted before the window is over or every bid can be opened
//! with its bidder, so that nobody decides on releasing after seeing another's price; the first clause of the policy
//! whose members have all released opens a bid, and only with the secret that the bid was sealed with; past a bidder
//! nobody opens but by the document's remedy or an order of the supervision office, with a published reason; a bid not
//! opened by its bidder's fault is revoked 撤销, by others' fault taken as withdrawn, never silently dropped; the record
//! is made once. Of divided bids 双信封 each stage is such an opening of its own parts: no share of a part is taken before its
//! stage has begun, and what an earlier stage ended stays sealed for ever.
//!
//! Must not judge bids: that is `evaluation`'s. Law: 招标投标法 arts 28, 34, 36; 招标投标法实施条例 art 44;
//! 财政部令87 arts 39–42; 电子招标投标办法 arts 29–31. The window's length is a setting of the centre.

pub mod archive;
pub mod command;
pub mod conclusion;
pub mod decrypt;
pub mod http;
pub mod jobs;
pub mod model;
pub mod recovery;
pub mod rules;
pub mod service;
pub mod shares;
pub mod stages;
pub mod store;
pub mod verify;

pub use model::{OpenedBid, Opening, Outcome};
pub use service::{benchmark_draw, opened_bids, waits};
pub use store::find;
