//! Tenderhall: the software of a public-resource trading centre (公共资源交易中心).
//!
//! The crate is a house. Each folder is a room named in the words of the trade; arrows point down only.
//! `docs/architecture.md` holds the map and walks one bid through it.

pub mod access;
pub mod app;
pub mod awards;
pub mod bids;
pub mod evaluation;
pub mod experts;
pub mod holders;
pub mod identity;
pub mod jurisdiction;
pub mod kernel;
pub mod law;
pub mod ledger;
pub mod notices;
pub mod opening;
pub mod platform;
pub mod portal;
pub mod projects;
pub mod rooms;
pub(crate) mod schema;
pub mod scoring;
pub mod seal;
pub mod supervision;
pub mod tenders;
pub mod timekeeping;
