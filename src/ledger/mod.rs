//! The record 台账: every act, written in the transaction that makes it.
//!
//! Owns `log_pending` and `log_object`. An entry names who acted, what was done, to which rows with which
//! content, why, and in which request; its leaf commits to all of it without showing it. The database refuses
//! to commit a changed row of an audited table without its entry. Rows are only ever inserted.
//!
//! Must not know what an act means: rooms hand over [`Entry`] values.

pub mod entry;
pub mod store;

pub use entry::{Entry, Subject, record_leaf};
pub use store::{HistoryRow, Sheet, Shown, history, of_tender, record, record_batch};
