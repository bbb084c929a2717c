//! Form checks of a registration and the guards of its acts. Pure.

use std::cmp::Reverse;

use crate::{
    kernel::{AllowedAction, Category, Code, FieldError, Money, Problem, Refusal, Rejection, Say},
    projects::model::{Approval, ApprovalKind, Lot, NewProject, Project},
};

/// Checks what the types cannot: lengths, one amount by document, unique lots.
///
/// # Errors
/// 422 with a pointer for every place that is wrong.
pub fn check_registration(new: &NewProject) -> Result<(), Rejection> {
    let mut errors = Vec::new();
    check_name(&new.name, &mut errors);
    check_approvals(&new.approvals, new.category, new.investment, new.budget, &mut errors);
    check_lots(&new.lots, &mut errors);
    if new.industry_code.as_ref().is_some_and(|code| code.len() > 10) {
        errors.push(FieldError::new("/industryCode", "too-long", "最多 10 个字符 / at most 10 characters"));
    }
    all_right(errors)
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
    category: Category,
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
    let (pointer, figure, document) = match category {
        Category::Engineering => ("/investment", investment, leading(approvals, false)),
        Category::Procurement => ("/budget", budget, leading(approvals, true)),
        Category::LandMineral | Category::Property if approvals.is_empty() => ("", None, None),
        Category::LandMineral | Category::Property => return,
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
fn leading(approvals: &[Approval], budget: bool) -> Option<&Approval> {
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
    let Some(day) = project.first_notice_on else { return Ok(()) };
    let detail = Say::new(
        format!("首次公告已于 {day} 发布，项目登记内容已冻结。"),
        format!("The first notice was published on {day}; the registration is frozen."),
    );
    Err(Refusal::new(Code::WrongState, detail).into())
}

/// The form check is made once.
///
/// # Errors
/// `wrong-state` when it was made before.
pub fn not_accepted_yet(project: &Project) -> Result<(), Problem> {
    let Some(day) = project.accepted_on else { return Ok(()) };
    let detail =
        Say::new(format!("进场登记已于 {day} 受理。"), format!("The registration was accepted on {day}."));
    Err(Refusal::new(Code::WrongState, detail).into())
}

/// What the caller may do, given what `authorize` says of each act.
pub fn allowed_actions(
    project: &Project,
    may_change: Result<(), Problem>,
    may_accept: Result<(), Problem>,
) -> Vec<AllowedAction> {
    vec![
        AllowedAction::from_guard("change", &may_change.and_then(|()| before_first_notice(project))),
        AllowedAction::from_guard("accept", &may_accept.and_then(|()| not_accepted_yet(project))),
    ]
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
            check_approvals(&approvals, Category::Engineering, Some(money(figure)), None, &mut errors);
            errors
        };
        assert!(errors_for("21000000.00").is_empty());
        assert_eq!(errors_for("19000000.00")[0].code, "not-as-approved");
    }

    #[test]
    fn a_budget_is_not_an_investment() {
        let mut errors = Vec::new();
        let approvals = [approval(ApprovalKind::Budget, "1150000.00")];
        check_approvals(&approvals, Category::Procurement, None, Some(money("1150000.00")), &mut errors);
        assert!(errors.is_empty());
        check_approvals(&approvals, Category::Engineering, Some(money("1150000.00")), None, &mut errors);
        assert_eq!(errors[0].pointer, "/approvals");
    }
}
