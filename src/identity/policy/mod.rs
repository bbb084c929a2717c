//! Who may do what: role × action × relation × phase, read from one reviewed file.
//!
//! Pure. `config/authorization.csv` is compiled in and parsed once, strictly; what it does not list is denied.
//! Among the rows that fit a caller, `deny` beats `allow`, `allow` beats `hide`, and `hide` answers 404 in place
//! of 403, for things whose existence is secret. Every caller is also one of the public.

mod duty;
mod matrix;
mod object;
mod words;

pub use duty::Duty;
pub(super) use duty::oversees;
pub use matrix::check_matrix;
pub use object::{Object, Parties};
pub use words::{Action, Phase, Relation};

use matrix::MATRIX;
use words::{Effect, Grade};

use crate::kernel::{Actor, Code, Problem, Rejection, Role, actor::AccountActor};

/// Authorises an act on a thing whose existence `read` decides: whoever may read it is forbidden an act that is not
/// theirs, and everyone else is told that there is nothing.
///
/// # Errors
/// As [`authorize`].
pub fn authorize_known(
    actor: &Actor,
    read: Action,
    action: Action,
    object: &Object<'_>,
) -> Result<(), Problem> {
    authorize(actor, read, object)?;
    authorize(actor, action, object).map_err(|problem| match problem.code() {
        Code::NotFound if *actor == Actor::Public => Rejection::unauthenticated().into(),
        Code::NotFound => Rejection::forbidden().into(),
        _ => problem,
    })
}

/// Decides by the matrix whether `actor` may do `action` on `object`. Who may not know that the object exists
/// gets 404; else an account gets 403 and a caller without a token 401.
///
/// # Errors
/// `not-found`, `forbidden` or `unauthenticated`, as above; a fault when the matrix itself is unusable.
pub fn authorize(actor: &Actor, action: Action, object: &Object<'_>) -> Result<(), Problem> {
    let matrix = MATRIX.as_ref().map_err(|error| Problem::internal(anyhow::anyhow!("{error}")))?;
    let effects: Vec<Effect> = standings(actor, object)
        .into_iter()
        .filter_map(|(grade, relation)| matrix.get(&(action, grade, relation, object.phase)).copied())
        .collect();
    if effects.contains(&Effect::Allow) && !effects.contains(&Effect::Deny) {
        return Ok(());
    }
    Err(if effects.contains(&Effect::Hide) {
        Rejection::not_found()
    } else if *actor == Actor::Public {
        Rejection::unauthenticated()
    } else {
        Rejection::forbidden()
    }
    .into())
}

/// All (grade, relation) pairs in which the actor meets the object.
fn standings(actor: &Actor, object: &Object<'_>) -> Vec<(Grade, Relation)> {
    let mut found = vec![(Grade::Public, Relation::Public)];
    match actor {
        Actor::Public => {}
        Actor::Hall(_) => found.push((Grade::Hall, Relation::Public)),
        Actor::Account(account) => {
            for role in &account.roles {
                found.extend(
                    relations(account, *role, object).into_iter().map(|one| (Grade::Role(*role), one)),
                );
            }
        }
    }
    found
}

pub(super) fn relations(account: &AccountActor, role: Role, object: &Object<'_>) -> Vec<Relation> {
    let mut found = Vec::new();
    if object.own {
        found.push(Relation::Own);
    }
    if object.member {
        found.push(Relation::Member);
    }
    if object.centre.is_some() && account.centre.as_deref() == object.centre {
        found.push(Relation::Centre);
    }
    if let Some(parties) = object.parties {
        if parties.purchaser == account.organisation {
            found.push(Relation::Purchaser);
        }
        if parties.agency.unwrap_or(parties.purchaser) == account.organisation {
            found.push(Relation::Agency);
        }
        if account.centre.is_some() && account.centre == parties.centre_code {
            found.push(Relation::Centre);
        }
        if account.region.as_deref().is_some_and(|region| oversees(role, region, parties)) {
            found.push(Relation::Duty);
        }
    }
    if found.is_empty() {
        found.push(Relation::Other);
    }
    found
}

#[cfg(test)]
mod tests;
