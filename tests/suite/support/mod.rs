//! What the tests stand on.

pub mod db;
pub mod host;
pub mod scratch;

pub use db::TestDb;
