//! Experts 评审专家: the pool, the random draw of a committee, avoidance, and who sits where.
//!
//! Owns `experts`, `draws` and `committee_seats`. Invariants: a draw freezes and orders its pool before any chance
//! comes in, takes 32 bytes of chance from the operating system, and keeps both, so that anyone who may see it can
//! make it again; who is left out is left out for a recorded reason; nobody but the expert concerned learns a name
//! before the result (EX-13) — the record too names a member by number, and commits to the person by the row.
//!
//! Must not know of bids or sheets: `evaluation` tells it which units bid. Law: 招标投标法 art 37; 招标投标法实施条例
//! arts 46, 48; 政府采购评审专家管理办法(财库〔2016〕198号) arts 12–18, 20; 财政部令87 arts 47, 48. The hours before an
//! opening and the number of substitutes are settings.

pub mod draw;
pub mod http;
pub mod model;
pub mod sandbox;
pub mod service;
pub mod store;
pub mod venue;

pub use model::{Seat, SeatState};
pub use service::{check_in, named, names_released, seat_of, seats};
