//! The ground every room stands on: configuration files, database, HTTP plumbing, jobs, outbox, mail, telemetry.
//!
//! Knows nothing of tenders. May use `kernel` only.

pub mod cluster;
pub mod db;
pub mod http;
pub mod migrations;
pub mod policy_file;
