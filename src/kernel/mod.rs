//! Pure words that every room speaks: money, areas, codes, ids, actors, times, signed notes
//! and the three kinds of "no".
//!
//! Owns no table and no configuration, does no I/O but to ask the machine for its time and for chance; may use nothing of this crate outside itself.

pub mod actor;
pub mod allowed;
pub mod category;
pub mod chance;
pub mod codes;
pub mod id;
pub mod money;
pub mod note;
pub mod problem;
pub mod region;
pub mod say;
pub mod time;
pub mod typed;

pub use actor::{Actor, OrganisationKind, Role};
pub use allowed::AllowedAction;
pub use category::Category;
pub use chance::Seed;
pub use codes::Uscc;
pub use money::{Area, Money};
pub use problem::{Code, Fault, FieldError, LegalGround, Problem, Refusal, Rejection};
pub use region::RegionCode;
pub use say::Say;
