//! A supervising body's duty: which categories, in which place.

use strum::IntoEnumIterator;

use super::object::Parties;
use crate::kernel::{Actor, Category, Role};

/// Whether a project lies within the duty of a body of `region` that holds `role`.
pub(in crate::identity) fn oversees(role: Role, region: &str, parties: &Parties) -> bool {
    reaches(region, &parties.region_code) && has_duty(role, parties.category)
}

/// Whether a body of `region` supervises in `place`: the same division, or one above it.
fn reaches(region: &str, place: &str) -> bool {
    place.starts_with(stem(region))
}

/// The digits that a division and all below it share (GB/T 2260 writes the levels as pairs of digits, with `00` for
/// "all below").
fn stem(region: &str) -> &str {
    region.strip_suffix("0000").or_else(|| region.strip_suffix("00")).unwrap_or(region)
}

/// What a supervising account may look into, for lists that the database filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// First digits of the codes of the regions it reaches.
    pub region_stem: String,
    /// Classes of trade it covers.
    pub categories: Vec<Category>,
}

impl Duty {
    /// The duty of an actor; `None` for whoever supervises nothing. Agrees with the relation `duty` of the matrix.
    pub fn of(actor: &Actor) -> Option<Self> {
        let account = actor.account()?;
        let categories: Vec<Category> = Category::iter()
            .filter(|category| account.roles.iter().any(|role| has_duty(*role, *category)))
            .collect();
        let region = account.region.as_deref().filter(|_| !categories.is_empty())?;
        Some(Self { region_stem: stem(region).to_owned(), categories })
    }
}

/// Whether the duty of a supervising role covers a class of trade (政府采购法 13; 招标投标法实施条例 4).
fn has_duty(role: Role, category: Category) -> bool {
    match role {
        Role::SupervisorFinance => category == Category::Procurement,
        Role::SupervisorIndustry => category != Category::Procurement,
        other => other.supervises(),
    }
}
