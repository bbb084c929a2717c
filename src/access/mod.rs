//! Doors 门禁: who may come into which room when, what was answered at every door, and where belongings stay.
//!
//! Owns `access_keys`, `access_passes`, `locker_deposits`, `door_passes` with their pages, and by [`recording`] also
//! `recordings` and `alarms`. Nothing is listed beforehand: the right to come in is worked out at the door from
//! bookings, roles, the committee and the matrix ([`rules`]), in one statement for all doors that ask at the same
//! time ([`porter`]). Every answer is in the log before it is given, and a page of the log is in the record.
//!
//! Must not know of bids: whoever comes for a bidder is let in from the deadline on, whether it has bid or not, and
//! lists name neither bidders nor experts (`docs/decisions/0012-at-the-door.md`). It reads tenders, seats and reports
//! where the answer hangs on them, and changes none. The law leaves doors to the centre (RM-14, RM-15 are rules of
//! the hall); recordings stand on 财政部令87 art 39 and 政府采购代理机构管理暂行办法 art 14.

pub mod http;
pub mod model;
pub mod porter;
pub mod recording;
pub mod rules;
pub mod service;
pub mod store;

pub use porter::Porter;
