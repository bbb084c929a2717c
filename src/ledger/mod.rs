//! The record 台账: every act, written in the transaction that makes it.
//!
//! Owns `log_pending` and `log_object`, and the verifiable log over them: `log_book`, `log_leaf`, `log_hash`,
//! `log_checkpoint` and `log_cosig`. An entry names who acted, what was done, to which rows with which
//! content, why, and in which request; its leaf commits to all of it without showing it. The database refuses
//! to commit a changed row of an audited table without its entry. Rows are only ever inserted; who owns the tables
//! may take an entry's body and salt away, and nothing else.
//!
//! The sequencer gives entries their place in a tree by RFC 6962 and signs it; decision 0014 says what that proves,
//! what it needs a witness for, and what the growth of the tree tells.
//!
//! Must not know what an act means: rooms hand over [`Entry`] values.

pub mod audit;
pub mod checkpoint;
pub mod command;
pub mod entry;
pub mod evidence;
pub mod http;
pub mod light;
pub mod log;
pub mod merkle;
pub mod published;
pub mod sequencer;
pub mod store;
pub mod tile;
pub mod tree;
pub mod witness;

pub use entry::{Entry, Subject, record_leaf};
pub use log::Log;
pub use sequencer::Sequencer;
pub use store::{HistoryRow, Sheet, Shown, history, laid_open, of_tender, record, record_batch};
