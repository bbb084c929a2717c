//! 投标: bids from the sealed envelope to the signed receipt.
//!
//! Owns what a bid is made of and how it is taken in, withdrawn and kept closed until the opening. Must not
//! open, judge or count bids for anybody before the opening begins. Law: 招标投标法 articles 28, 29 and 36
//! (kept unopened, withdrawable before the deadline, late bids refused); 电子招标投标办法 articles 25–27.

pub mod seal;
