//! The program as a whole: start, routes, scheduled work, stop. The only place that knows every room.
//!
//! Owns no table and decides nothing: it reads settings, opens the database, founds the hall, hands each room
//! what it needs and lets them go in the right order. Its own routes are those of no room: health, the table of
//! problem codes, the API's description and the sandbox clock.

pub mod bench;
mod client;
pub mod clock;
mod examples;
pub mod health;
pub mod lawbook;
mod notebook;
pub mod router;
pub mod site;
pub mod startup;
pub mod stop;
pub mod story;
mod work;
mod works;

pub use site::{Options, Sandbox};
pub use startup::Application;
