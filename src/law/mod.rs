//! The law: calendar, periods, caps and procedures, by the day they are in force.
//!
//! Owns `config/calendar`, `config/law` and `config/procedures`, the types they become, and `law_changes`: every
//! edition and year of the calendar that the hall has had. A [`Law`] is a pure function of such texts; only
//! [`lawbook`] and [`store`] ask the database which are in force, and [`http`] which day today is. It must not know
//! any room that uses it; rooms ask it by rule id and never write a statutory number themselves.
//!
//! A statutory number is a [`Rule`] with instrument and article; what no law fixes is one of the [`Settings`]
//! and never shown as law. The law of the room itself: CNT-1 to CNT-8 (see [`counting`]).

pub mod book;
pub mod calendar;
pub mod changes;
pub mod counting;
mod edition;
pub mod http;
pub mod lawbook;
pub mod model;
pub mod preview;
pub mod procedure;
pub mod reading;
pub mod store;
mod wording;

pub use book::{Law, LawGap, Window};
pub use calendar::Calendar;
pub use counting::{CannotCount, Counted, CountedDay, Direction, Place, Roll, Unit, count};
pub use lawbook::Lawbook;
pub use model::{Bound, Cap, Mark, Period, Quantity, Rule, Settings, share_of};
pub use procedure::{
    Bounds, Committee, EvaluationMethod, Event, Facts, Guard, Milestone, Object, Procedure, QualificationBy,
    Regime, State, Step,
};

use crate::platform::policy_file::BuiltInFile;

/// The edition compiled into the program.
pub const BUILT_IN: &[BuiltInFile] = &[
    ("calendar/2015.toml", include_str!("../../config/calendar/2015.toml")),
    ("calendar/2024.toml", include_str!("../../config/calendar/2024.toml")),
    ("calendar/2025.toml", include_str!("../../config/calendar/2025.toml")),
    ("calendar/2026.toml", include_str!("../../config/calendar/2026.toml")),
    ("law/challenges.toml", include_str!("../../config/law/challenges.toml")),
    ("law/engineering.toml", include_str!("../../config/law/engineering.toml")),
    ("law/experts.toml", include_str!("../../config/law/experts.toml")),
    ("law/evaluation.toml", include_str!("../../config/law/evaluation.toml")),
    ("law/land-and-minerals.toml", include_str!("../../config/law/land-and-minerals.toml")),
    ("law/procurement.toml", include_str!("../../config/law/procurement.toml")),
    ("law/procurement-methods.toml", include_str!("../../config/law/procurement-methods.toml")),
    ("law/property.toml", include_str!("../../config/law/property.toml")),
    ("law/rooms.toml", include_str!("../../config/law/rooms.toml")),
    ("law/scope-and-penalties.toml", include_str!("../../config/law/scope-and-penalties.toml")),
    ("law/settings.toml", include_str!("../../config/law/settings.toml")),
    ("procedures/engineering-open.toml", include_str!("../../config/procedures/engineering-open.toml")),
    (
        "procedures/procurement-open-goods.toml",
        include_str!("../../config/procedures/procurement-open-goods.toml"),
    ),
];
