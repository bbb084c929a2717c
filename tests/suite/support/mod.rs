//! What the tests stand on.

pub mod answer;
pub mod app;
pub mod bidding;
pub mod client;
pub mod contract;
pub mod db;
pub mod faked;
pub mod host;
pub mod office;
pub mod officers;
pub mod program;
pub mod rush;
pub mod scratch;
pub mod works;

pub use answer::Answer;
pub use app::TestApp;
pub use client::Client;
pub use db::TestDb;
