//! What a hall owes its bidders while it is killed, runs several times over, or has the whole rush at the deadline.
//!
//! Each has a short form that always runs, and a long one for the night: `scripts/test --long`.

mod instances;
mod kills;
