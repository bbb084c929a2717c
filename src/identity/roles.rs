//! Which roles go with what: the kind of a body, the kind of an account, and each other.
//!
//! An account stands on one side. The rooms take an account's side from its roles, and who reads in a project takes no
//! side there: roles of two sides in one account would show both at once. A person who stands on another side in other
//! projects has an account for that, and SOD-1 keeps the person to one side in each project.

use super::{
    model::AccountKind,
    sides::{Side, one_side_only},
};
use crate::kernel::{OrganisationKind, Refusal, Rejection, Role, Say, problem::LegalGround};

/// A role belongs to a kind of body, and programs act only for those who take part in the trade.
///
/// # Errors
/// 422 that points to role or kind.
pub fn check_role(role: Role, account: AccountKind, organisation: OrganisationKind) -> Result<(), Rejection> {
    use OrganisationKind as Kind;
    let goes = match role {
        Role::Operator | Role::Admin => organisation == Kind::Centre,
        Role::Purchaser => organisation == Kind::Purchaser,
        Role::Agency => organisation == Kind::Agency,
        Role::Bidder => organisation == Kind::Enterprise,
        // An expert's organisation is the unit where the expert works, whatever it is.
        Role::Expert => true,
        _ => organisation == Kind::SupervisingBody,
    };
    if !goes {
        let detail =
            Say::new("该角色与主体类型不符。", "The role does not go with the kind of the organisation.");
        return Err(Rejection::at("/role", "invalid", detail));
    }
    let trades = matches!(role, Role::Purchaser | Role::Agency | Role::Bidder);
    if account == AccountKind::Program && !trades {
        let detail = Say::new("该角色不能由程序担任。", "No program may hold this role.");
        return Err(Rejection::at("/kind", "invalid", detail));
    }
    Ok(())
}

/// Whether `role` may come to an account that holds `held`: all of them are of one side, and an administrator has none
/// (SOD-9).
///
/// # Errors
/// `one-side-only` by SOD-1 or SOD-9.
pub fn check_beside(held: &[Role], role: Role) -> Result<(), Refusal> {
    let administers = |role: &Role| Side::of(*role).is_none();
    if held.is_empty() || held.iter().all(|one| Side::of(*one) == Side::of(role)) {
        return Ok(());
    }
    let apart = administers(&role) || held.iter().any(administers);
    let mut refusal = one_side_only();
    let id = if apart { "SOD-9" } else { "SOD-1" };
    refusal.detail = if apart {
        Say::new(
            "系统管理员账户不得兼有业务角色；请为该人员另设账户。",
            "An administrator's account holds no role of the trade: give the person an account of its own for it.",
        )
    } else {
        Say::new(
            "一个账户只代表一种身份；请为该人员另设账户（samePersonAs），同一项目中仍只能有一种身份。",
            "An account stands on one side: give the person another account (samePersonAs); in one project the person \
             still has one side.",
        )
    };
    let rule = LegalGround { id: id.into(), source: "setting".into(), article: None, earliest: None };
    Err(refusal.by_rule(rule))
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_role_goes_with_one_kind_of_body_and_an_experts_with_any() {
        use OrganisationKind::{Agency, Centre, Enterprise, Purchaser, SupervisingBody};
        for role in Role::iter() {
            let kinds: Vec<_> = [Enterprise, Agency, Purchaser, Centre, SupervisingBody]
                .into_iter()
                .filter(|kind| check_role(role, AccountKind::Person, *kind).is_ok())
                .collect();
            assert_eq!(kinds.len(), if role == Role::Expert { 5 } else { 1 }, "{role}: {kinds:?}");
        }
        assert!(check_role(Role::Bidder, AccountKind::Program, Enterprise).is_ok());
        let program = check_role(Role::Expert, AccountKind::Program, Enterprise).unwrap_err();
        assert_eq!(program.errors[0].pointer, "/kind");
    }

    #[test]
    fn roles_of_two_sides_do_not_meet_in_one_account() {
        let rule =
            |held: &[Role], role| check_beside(held, role).err().and_then(|no| no.rule).map(|rule| rule.id);
        assert_eq!(rule(&[], Role::Admin), None);
        assert_eq!(rule(&[Role::SupervisorFinance], Role::SupervisorAudit), None);
        assert_eq!(rule(&[Role::Purchaser], Role::Expert).as_deref(), Some("SOD-1"));
        assert_eq!(rule(&[Role::Expert], Role::SupervisorIndustry).as_deref(), Some("SOD-1"));
        assert_eq!(rule(&[Role::Operator], Role::Admin).as_deref(), Some("SOD-9"));
        assert_eq!(rule(&[Role::Admin], Role::Expert).as_deref(), Some("SOD-9"));
    }
}
