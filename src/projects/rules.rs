//! Form checks of a registration and the guards of its acts. Pure.

use std::cmp::Reverse;

use crate::{
    identity::Action,
    jurisdiction::{codes::ForeignAmount, model::Test},
    kernel::{AllowedAction, Code, FieldError, Money, Problem, Refusal, Rejection, Say},
    projects::model::{Approval, ApprovalKind, Lot, NewProject, Project},
};

/// Checks what the types cannot: lengths, one amount by document, unique lots.
///
/// # Errors
/// 422 with a pointer for every place that is wrong.
pub fn check_registration(new: &NewProject, test: Test) -> Result<(), Rejection> {
    let mut errors = Vec::new();
    check_name(&new.name, &mut errors);
    check_approvals(&new.approvals, test, new.investment, new.budget, &mut errors);
    check_parity(new.foreign.as_ref(), &new.approvals, test, &mut errors);
    check_lots(&new.lots, &mut errors);
    check_budget_item(new.budget_item.as_deref(), &mut errors);
    if new.phase_no.is_some_and(|no| !(1..=99).contains(&no)) {
        errors.push(FieldError::new("/phaseNo", "invalid", "须在 1 至 99 之间 / 1 to 99"));
    }
    all_right(errors)
}

/// A budget item has 1 to 100 characters.
pub fn check_budget_item(item: Option<&str>, errors: &mut Vec<FieldError>) {
    if item.is_some_and(|item| !(1..=100).contains(&item.trim().chars().count())) {
        errors.push(FieldError::new("/budgetItem", "length", "须为 1 至 100 字 / 1 to 100 characters"));
    }
}

/// Days by which a parity may be older than the approving document: it is published on working days only, and no
/// holiday leaves a longer gap.
const PARITY_DAYS: i64 = 15;

/// AMB-1: the parity is that of the approving document's day, or the last one published before it.
pub fn check_parity(
    foreign: Option<&ForeignAmount>,
    approvals: &[Approval],
    test: Test,
    errors: &mut Vec<FieldError>,
) {
    let (Some(foreign), Some(document)) = (foreign, leading(approvals, test == Test::Purchase)) else {
        return;
    };
    let age = (document.date - foreign.rate_on).num_days();
    if !(0..=PARITY_DAYS).contains(&age) {
        let day = document.date;
        let detail = format!(
            "须为批复日 {day} 或此前最近公布日的中间价 / the parity of {day}, or the last published before it"
        );
        errors.push(FieldError::new("/foreign/rateOn", "out-of-range", detail));
    }
}

/// 422 with the collected places, or nothing.
///
/// # Errors
/// When there is any place.
pub fn all_right(errors: Vec<FieldError>) -> Result<(), Rejection> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Rejection {
        code: Code::InvalidRequest,
        detail: Say::new("登记内容不符合要求，见 errors。", "The registration does not fit; see errors."),
        errors,
    })
}

/// A name has 2 to 200 characters.
pub fn check_name(name: &str, errors: &mut Vec<FieldError>) {
    if !(2..=200).contains(&name.trim().chars().count()) {
        errors.push(FieldError::new(
            "/name",
            "length",
            "名称须为 2 至 200 字 / a name has 2 to 200 characters",
        ));
    }
}

/// AMB-3: the figure that routes is the one of the document that ranks first.
pub fn check_approvals(
    approvals: &[Approval],
    test: Test,
    investment: Option<Money>,
    budget: Option<Money>,
    errors: &mut Vec<FieldError>,
) {
    for (at, approval) in approvals.iter().enumerate() {
        if !(1..=100).contains(&approval.document_no.trim().chars().count()) {
            let detail = "文号须为 1 至 100 字 / a document number has 1 to 100 characters";
            errors.push(FieldError::new(format!("/approvals/{at}/documentNo"), "length", detail));
        }
    }
    let (pointer, figure, document) = match test {
        Test::Works => ("/investment", investment, leading(approvals, false)),
        Test::Purchase => ("/budget", budget, leading(approvals, true)),
        Test::None if approvals.is_empty() => ("", None, None),
        Test::None => return,
    };
    match (figure, document) {
        (_, None) => {
            let detail = "缺少确定金额的批复文件 / no document approves the amount";
            errors.push(FieldError::new("/approvals", "required", detail));
        }
        (None, Some(_)) => {
            errors.push(FieldError::new(pointer, "required", "须填此金额 / this amount is needed"))
        }
        (Some(figure), Some(document)) if figure != document.amount => {
            let approved = document.amount;
            let detail = format!("须等于批复金额 {approved} / must equal the approved amount {approved}");
            errors.push(FieldError::new(pointer, "not-as-approved", detail));
        }
        (Some(_), Some(_)) => {}
    }
}

/// The document that ranks first for an investment, or the budget's; the later of equals.
pub fn leading(approvals: &[Approval], budget: bool) -> Option<&Approval> {
    approvals
        .iter()
        .filter(|approval| (approval.kind == ApprovalKind::Budget) == budget)
        .min_by_key(|approval| (approval.kind, Reverse(approval.date)))
}

fn check_lots(lots: &[Lot], errors: &mut Vec<FieldError>) {
    for (at, lot) in lots.iter().enumerate() {
        if !(1..=999).contains(&lot.no) || lots.iter().take(at).any(|earlier| earlier.no == lot.no) {
            let detail = "标段号须在 1 至 999 且不重复 / lot numbers are 1 to 999 and unique";
            errors.push(FieldError::new(format!("/lots/{at}/no"), "invalid", detail));
        }
        if !(1..=200).contains(&lot.name.trim().chars().count()) {
            let detail = "名称须为 1 至 200 字 / a name has 1 to 200 characters";
            errors.push(FieldError::new(format!("/lots/{at}/name"), "length", detail));
        }
    }
}

/// AMB-8: amounts, mandate and venue stand still from the first notice on.
///
/// # Errors
/// `wrong-state` after the first notice.
pub fn before_first_notice(project: &Project) -> Result<(), Problem> {
    let Some(day) = project.frozen_on() else { return Ok(()) };
    let detail = Say::new(
        format!("首次公告已于 {day} 发布，项目登记内容已冻结。"),
        format!("The first notice was published on {day}; the registration is frozen."),
    );
    Err(Refusal::new(Code::WrongState, detail).into())
}

/// The form check is made once by each centre where the project trades.
///
/// # Errors
/// `wrong-state` when it was made before.
pub fn not_accepted_yet(project: &Project) -> Result<(), Problem> {
    let Some(day) = project.accepted_on.filter(|_| project.is_accepted()) else { return Ok(()) };
    let detail =
        Say::new(format!("进场登记已于 {day} 受理。"), format!("The registration was accepted on {day}."));
    Err(Refusal::new(Code::WrongState, detail).into())
}

/// AMB-7: only what is held can be cleared.
///
/// # Errors
/// `wrong-state` when nothing is held.
pub fn is_held(project: &Project) -> Result<(), Problem> {
    if project.split_suspected {
        return Ok(());
    }
    let detail =
        Say::new("该项目没有待排除的拆分嫌疑。", "The project is not held as suspected of being split.");
    Err(Refusal::new(Code::WrongState, detail).into())
}

/// AMB-8: only who is kept at the league's centre can ask to leave it, and only before the first notice.
///
/// # Errors
/// `wrong-state` otherwise.
pub fn is_kept_at_league(project: &Project) -> Result<(), Problem> {
    before_first_notice(project)?;
    if project.stays_at_league {
        return Ok(());
    }
    let detail = Say::new(
        "该项目并非因金额下降而留在盟中心。",
        "The project is not at the league's centre because its figure sank.",
    );
    Err(Refusal::new(Code::WrongState, detail).into())
}

/// What must hold of a project for an act.
type Guard = fn(&Project) -> Result<(), Problem>;

/// What the caller may do, given what `authorize` says of each act.
pub fn allowed_actions(project: &Project, may: impl Fn(Action) -> Result<(), Problem>) -> Vec<AllowedAction> {
    let guards: [(&str, Action, Guard); 5] = [
        ("change", Action::ProjectAmend, before_first_notice),
        ("accept", Action::ProjectAccept, not_accepted_yet),
        ("clearSplit", Action::SplitClear, is_held),
        ("applyForVenue", Action::VenueApply, is_kept_at_league),
        ("decideVenue", Action::VenueDecide, is_kept_at_league),
    ];
    guards
        .into_iter()
        .map(|(name, action, guard)| {
            AllowedAction::from_guard(name, &may(action).and_then(|()| guard(project)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::kernel::money::Amount;

    fn money(text: &str) -> Money {
        Amount::parse(text).unwrap().into()
    }

    fn approval(kind: ApprovalKind, amount: &str) -> Approval {
        let date = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        Approval { kind, document_no: "1".into(), date, amount: money(amount) }
    }

    #[test]
    fn the_design_estimate_outranks_the_initiation() {
        let approvals = [
            approval(ApprovalKind::Initiation, "19000000.00"),
            approval(ApprovalKind::DesignEstimate, "21000000.00"),
        ];
        let errors_for = |figure: &str| {
            let mut errors = Vec::new();
            check_approvals(&approvals, Test::Works, Some(money(figure)), None, &mut errors);
            errors
        };
        assert!(errors_for("21000000.00").is_empty());
        assert_eq!(errors_for("19000000.00")[0].code, "not-as-approved");
    }

    #[test]
    fn a_budget_is_not_an_investment() {
        let mut errors = Vec::new();
        let approvals = [approval(ApprovalKind::Budget, "1150000.00")];
        check_approvals(&approvals, Test::Purchase, None, Some(money("1150000.00")), &mut errors);
        assert!(errors.is_empty());
        check_approvals(&approvals, Test::Works, Some(money("1150000.00")), None, &mut errors);
        assert_eq!(errors[0].pointer, "/approvals");
    }
}
