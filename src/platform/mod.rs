//! The ground every room stands on: configuration files, database, HTTP plumbing, jobs, outbox, mail, telemetry.
//!
//! Knows nothing of tenders. May use `kernel` only.

pub mod db;
pub mod http;
pub mod policy_file;
