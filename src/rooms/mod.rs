//! Rooms 场地 of the centres and who has booked them for which tender 场地预约.
//!
//! Owns `rooms`, `bookings`, `booking_slots`, `room_closures`, `key_projects`, `calendar_feeds` and
//! `outage_postponements`. A booking takes all
//! its slots or none. Slots of one room never overlap, time for setting up and cleaning included: the constraint
//! `booking_slots_no_overlap` says so, and rows of rooms are locked in the order of their ids before anything is asked
//! or written, so that nobody waits in a circle. A confirmed opening slot fixes the tender's place; the place is told to `tenders`, which owns it.
//!
//! A slot is taken into use, given back, missed or run over (`life`); a booking is changed by another that takes its
//! place (`change`); a room out of service takes no new slot (`closures`).
//!
//! Lock order of every act here: the tender, then the booking, then rooms by id. Must not read a tender's tables
//! nor know of bids. Law: 招标投标法 art 34 and 财政部令87 art 39 (an opening starts at the deadline, at the place
//! fixed beforehand), by way of `law`; buffers, hours and the rules RM-5, RM-9, RM-12, RM-13 are settings.

pub mod attendance;
pub mod board;
mod case;
pub mod change;
pub mod closures;
pub mod day_plan;
pub mod events;
pub mod feeds;
pub mod fitting;
pub mod green;
pub mod http;
mod letters;
pub mod life;
pub mod model;
pub mod outage;
pub mod plan;
pub mod planning;
pub mod postponement;
pub mod rules;
pub mod service;
pub mod store;
mod taking;
pub mod usage;
pub mod utilisation;
pub mod view;

pub use case::Policy;
pub use model::{Booking, BookingState, Slot, Span, Usage};
pub use service::{bookings_of, synchronise};
