//! The ground every room stands on: configuration files, seeds of keys, database, HTTP plumbing, jobs, outbox, mail, telemetry.
//!
//! Knows nothing of tenders. May use `kernel` only.

pub mod bell;
pub mod clock;
pub mod cluster;
pub mod db;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod migrations;
pub mod outbox;
pub mod policy_file;
pub mod seed;
pub mod settings;
pub mod statement;
pub mod telemetry;
