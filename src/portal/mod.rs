//! Pages for people: what anybody may look at without a token.
//!
//! Owns no table and decides nothing. It reads through [`Readings`], which answers with the plain
//! structs of [`view`], and turns them into HTML on the server. What is not lawful to show yet never
//! reaches a view model, so no template can leak it. It must not reach past the service functions of
//! the rooms below, and it writes nothing: what a signed-in person changes, [`sign_in`] and the scripts ask of the
//! rooms like any other caller.
//!
//! Invariants: every page but that of [`bid`] is complete without script; no inline style or script, so that the content
//! policy of [`http`] can forbid both; every word comes from [`words`] in both languages or is the data's own.
//!
//! Law: publications are free to read and the same for everybody (招标投标法实施条例 15; 电子招标投标办法
//! (order 20) 49).

pub mod answers;
pub mod assets;
pub mod bid;
mod board;
mod draws;
mod factors;
mod further;
pub mod http;
mod marks;
mod milestones;
mod page;
pub mod password;
mod prices;
mod project;
pub mod question;
pub mod reader;
pub mod readings;
mod results;
pub mod sign_in;
pub mod statutes;
mod strip;
mod timeline;
pub mod trial;
pub mod view;
pub mod words;

#[cfg(test)]
mod preview;
#[cfg(test)]
mod sample;

pub use http::{Reading, Readings};
pub use reader::{HallFacts, Reader};
pub use readings::HallReadings;
pub use timeline::{Layout, timeline_svg};
