//! Statutory publications 公告公示: immutable once out, the same text for everybody.
//!
//! Owns `notices`. A room that publishes hands over a [`Draft`] inside its own transaction, so that an act and
//! its publication cannot part; this room knows nothing of what the text means. Law: 招标公告和公示信息发布管理办法,
//! 政府采购信息发布管理办法.

pub mod http;
pub mod model;
pub mod search;
pub mod store;

pub use model::{Draft, Notice, NoticeKind, Section};
pub use store::publish;
