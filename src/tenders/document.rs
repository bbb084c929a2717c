//! The tender document 招标文件 as data, checked when it is written, not when it is used. Pure.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    kernel::{Code, FieldError, Money, Problem, Rejection, Say},
    law::{EvaluationMethod, Law, Object, Procedure, Regime},
    scoring::{
        factors::{Factor, Factors},
        low_price::Lines,
        method::{Marks, Method, MethodText, TieBreak},
        policy::{Policy, Preferences},
        weights,
    },
    seal::policy::INLINE_LIMIT,
    tenders::parts::{self, Part, Stages},
};

/// How equal totals are parted at the top of the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ties {
    /// The lower price first; equal prices by a recorded draw.
    LowerPriceThenDraw,
    /// The lower price first, then the higher technical score; what is equal in both by a recorded draw.
    LowerPriceThenTechnical,
}

/// 技术部分 judged by pass or fail, by the votes of more than half of the committee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Technical {
    /// Each member says pass or fail.
    PassFail,
    /// Marked by factors.
    Marked,
}

/// How bids are evaluated; frozen with the document (EV-0e).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvaluationRule {
    /// The price method with its parameters.
    pub price: MethodText,
    /// All factors with weights that sum to 100, the price among them.
    pub factors: Vec<Factor>,
    /// Whether the technical part is passed or marked.
    pub technical: Technical,
    /// How ties are parted.
    pub ties: Ties,
    /// Preference for small and micro enterprises in percent where nothing is reserved: taken off the price of a purchase
    /// (EV-2a) or of works by lowest evaluated price (EV-2b), added to the price score of other works (EV-2d).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small_enterprise_percent: Option<Marks>,
    /// Lines of the abnormally-low check (C.5); absent means the lawful ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_price_lines: Option<Lines>,
    /// Members of the committee; absent means the least the law allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 3, maximum = 25)]
    pub committee_size: Option<u32>,
}

/// Whether a purchase is reserved for small and medium enterprises, with the ground (财库〔2020〕46号).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetAside {
    /// Reserved or not.
    pub reserved: bool,
    /// The ground, such as `财库〔2020〕46号第六条第（三）项`; needed when it is not reserved.
    #[schema(max_length = 500)]
    pub ground: String,
}

/// Bids are shared out: any one of the clauses bidder and agency, bidder and centre, or agency, centre and supervision
/// office together opens them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SharedSealing {
    /// 补救方案 (电子招标投标办法 art 31): whether the three bodies open the bid of a bidder who does not come to the
    /// opening. Where it is false they do so only by order of the supervision office.
    pub remedy: bool,
}

/// The document of a tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenderDocument {
    /// 招标内容: what is bought or built.
    #[schema(min_length = 1, max_length = 20000)]
    pub scope: String,
    /// 资格要求, one sentence each.
    #[schema(min_items = 1, max_items = 100)]
    pub qualification: Vec<String>,
    /// 最高投标限价; for a purchase at most the budget.
    pub ceiling: Money,
    /// 投标保证金; absent means none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit: Option<Money>,
    /// 投标有效期 in calendar days; absent means the centre's setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 365)]
    pub validity_days: Option<u32>,
    /// 工期 / 交货期 in calendar days.
    #[schema(minimum = 1, maximum = 3650)]
    pub term_days: u32,
    /// 履约保证金 in percent of the contract; absent means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_bond_percent: Option<Marks>,
    /// How bids are evaluated.
    pub evaluation: EvaluationRule,
    /// Needed for a purchase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAside>,
    /// How bids are shared out; absent means that each bidder alone holds the secret of its bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealing: Option<SharedSealing>,
    /// 投标文件大小上限: most MiB of a sealed bid; absent means 1, what a submission carries by itself. The centre's settings
    /// bound it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub max_bid_mebibytes: Option<u32>,
    /// 双信封: the parts of a bid, each sealed by itself, by the stage in which they open. Two stages, the second the price
    /// alone, opened for those who passed the first. Absent means that a bid is one envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 2, max_items = 2)]
    pub stages: Option<Vec<Vec<Part>>>,
    /// Main terms of the contract.
    #[schema(min_length = 1, max_length = 20000)]
    pub contract_terms: String,
}

impl TenderDocument {
    /// SHA-256 over the canonical JSON (RFC 8785): what the purchaser approves.
    ///
    /// # Errors
    /// When canonical JSON cannot be written, which is a fault.
    pub fn hash(&self) -> Result<[u8; 32], Problem> {
        let canonical = serde_json_canonicalizer::to_vec(self).map_err(Problem::internal)?;
        Ok(Sha256::digest(canonical).into())
    }

    /// The document as stored.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a fault.
    pub fn to_json(&self) -> Result<Value, Problem> {
        serde_json::to_value(self).map_err(Problem::internal)
    }

    /// Most bytes of a sealed bid, as its seal policy says it.
    pub fn max_part_bytes(&self) -> u64 {
        self.max_bid_mebibytes.map_or(INLINE_LIMIT, |mebibytes| u64::from(mebibytes) * 1024 * 1024)
    }

    /// The parts of a bid and the stages in which they open.
    pub fn stages(&self) -> Stages {
        Stages::new(self.stages.as_deref())
    }

    /// The price method, checked.
    ///
    /// # Errors
    /// 422 with pointers.
    pub fn method(&self) -> Result<Method, Rejection> {
        Method::check(self.evaluation.price.clone(), "/document/evaluation/price")
    }

    /// The factors, checked for the procedure's law.
    ///
    /// # Errors
    /// 422 with pointers.
    pub fn factors(&self, procedure: &Procedure) -> Result<Factors, Rejection> {
        Factors::check(self.evaluation.factors.clone(), procedure.object, "/document/evaluation/factors")
    }
}

/// Checks a document against the procedure it is written for and the law of the day: method, factors, weights,
/// preferences, lengths. What passes here can be carried through evaluation and award.
///
/// # Errors
/// 422 with a pointer for each place that is wrong.
pub fn check(
    document: &TenderDocument,
    procedure: &Procedure,
    law: &Law,
    on: NaiveDate,
) -> Result<(), Problem> {
    let method = document.method()?;
    let factors = document.factors(procedure)?;
    check_by_law(document, procedure, &method, law, on)?;
    let mut errors = Vec::new();
    check_method(document, procedure, &method, &factors, &mut errors);
    check_texts(document, &mut errors);
    let most = law.settings().max_bid_mebibytes;
    if document.max_bid_mebibytes.is_some_and(|mebibytes| !(1..=most).contains(&mebibytes)) {
        let detail = format!("须为 1 至 {most} MiB / 1 to {most} MiB");
        push(&mut errors, "/document/maxBidMebibytes", &detail);
    }
    errors.extend(document.stages.iter().flat_map(|named| parts::check(named, procedure.regime)));
    if procedure.object != Object::Works {
        match &document.set_aside {
            None => push(
                &mut errors,
                "/document/setAside",
                "须说明是否面向中小企业预留 / say whether it is reserved",
            ),
            Some(aside) if !aside.reserved && aside.ground.trim().is_empty() => {
                push(
                    &mut errors,
                    "/document/setAside/ground",
                    "不预留须写明依据 / not reserving needs a ground",
                );
            }
            Some(_) => {}
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let detail = Say::new("招标文件不符合要求，见 errors。", "The document does not fit; see errors.");
    Err(Rejection { code: Code::InvalidRequest, detail, errors }.into())
}

/// Numbers that law bounds on the day: the weight of the price, the deduction, the lines of low prices.
fn check_by_law(
    document: &TenderDocument,
    procedure: &Procedure,
    method: &Method,
    law: &Law,
    on: NaiveDate,
) -> Result<(), Problem> {
    weights::check(law, on, procedure.object, method, "/document/evaluation/price")?;
    let evaluation = &document.evaluation;
    if let Some(small) = evaluation.small_enterprise_percent {
        let preferences = Preferences {
            small_percent: Some(small),
            reserved: document.set_aside.as_ref().is_some_and(|aside| aside.reserved),
            ..Preferences::default()
        };
        let place = "/document/evaluation/smallEnterprisePercent";
        Policy::check(law, on, procedure.object, method, &preferences, "").map_err(
            |problem| match problem {
                Problem::Rejection(mut wrong) => {
                    wrong.errors.iter_mut().for_each(|error| place.clone_into(&mut error.pointer));
                    Problem::Rejection(wrong)
                }
                other => other,
            },
        )?;
    }
    if let Some(lines) = evaluation.low_price_lines {
        let place = "/document/evaluation/lowPriceLines";
        if procedure.regime != Regime::Procurement {
            let detail = Say::new(
                "异常低价审查只适用于政府采购（财库〔2026〕2号）",
                "the check of low prices belongs to government purchases (财库〔2026〕2号)",
            );
            return Err(Rejection::at(place, "contradiction", detail).into());
        }
        lines.check(law, on, place)?;
    }
    Ok(())
}

/// What a document may not say although the method itself knows it: what the opening draws, and what would mean nothing
/// beside the rest of the document.
fn check_carried(
    document: &TenderDocument,
    method: &Method,
    factors: &Factors,
    errors: &mut Vec<FieldError>,
) {
    let mut refuse = |place: &str, detail: &str| {
        errors.push(FieldError::new(format!("/document/evaluation/{place}"), "contradiction", detail));
    };
    if let MethodText::EngComprehensive(works) = method.text() {
        if works.float_percent.is_some() {
            refuse(
                "price/parameters/floatPercent",
                "λ 须在开标时从公布的候选值（floatChoices）中公开抽取，不得事先写定（C.7 V3） / \
                 λ is drawn in public at the opening from the candidates of floatChoices, never fixed before (C.7 V3)",
            );
        }
        if works.three_part.as_ref().is_some_and(|parts| parts.drawn.is_some()) {
            refuse(
                "price/parameters/threePart/drawn",
                "开标前尚无投标可抽；须抽取的，写 draw（C.7 V6） / no bid can be drawn before the opening; say draw (C.7 V6)",
            );
        }
        if works.sample.as_ref().is_some_and(|sample| sample.drawn.is_some()) {
            refuse(
                "price/parameters/sample/drawn",
                "开标前尚无投标可抽，只写抽取家数（C.7 V7） / no bid can be drawn before the opening; say how many (C.7 V7)",
            );
        }
        if works.addition_above_full && document.evaluation.small_enterprise_percent.is_none() {
            refuse(
                "price/parameters/additionAboveFull",
                "未给予小微企业加分，没有可以超过满分的加分（EV-2d、EV-2h） / \
                 nothing is added where no preference is granted (EV-2d, EV-2h)",
            );
        }
    }
    let technical = document.evaluation.ties == Ties::LowerPriceThenTechnical;
    if method.chosen_tie_break().is_some_and(|by| (by == TieBreak::Technical) != technical)
        || (technical && method.tie_break() != TieBreak::Technical)
    {
        refuse(
            "price/parameters/ties",
            "须与 ties 一致（C.7） / must say the same as the document's ties (C.7)",
        );
    }
    if technical && !factors.marked().any(Factor::is_technical) {
        refuse(
            "ties",
            "没有技术评分因素，不能以技术得分区分（C.7） / no technical factor is marked that could part equals (C.7)",
        );
    }
}

fn push(errors: &mut Vec<FieldError>, pointer: &str, detail: &str) {
    errors.push(FieldError::new(pointer, "invalid", detail));
}

fn check_method(
    document: &TenderDocument,
    procedure: &Procedure,
    method: &Method,
    factors: &Factors,
    errors: &mut Vec<FieldError>,
) {
    let kind = match method.text() {
        MethodText::EngComprehensive(_) => Some(EvaluationMethod::EngComprehensive),
        MethodText::EngLowestEvaluated(_) => Some(EvaluationMethod::EngLowestEvaluated),
        MethodText::GpComprehensive(_) => Some(EvaluationMethod::GpComprehensive),
        MethodText::GpLowestPrice(_) => Some(EvaluationMethod::GpLowestPrice),
        MethodText::GpConsultation(_)
        | MethodText::Negotiation(_)
        | MethodText::Inquiry(_)
        | MethodText::FrameworkEntry(_)
        | MethodText::FrameworkSecondRound(_) => None,
    };
    if kind.is_some_and(|kind| procedure.evaluation_methods.contains(&kind)) {
        check_carried(document, method, factors, errors);
    } else {
        push(
            errors,
            "/document/evaluation/price/method",
            "该采购方式不能用此评审方法 / not a method of this procedure",
        );
    }
    if method.ceiling().is_some_and(|most| most != document.ceiling.amount) {
        push(
            errors,
            "/document/evaluation/price/parameters/ceiling",
            "须等于最高限价 / must equal the ceiling",
        );
    }
    let price = factors.all().iter().find(|factor| factor.matter == "price");
    if price.is_none_or(|factor| factor.weight.value() != method.price_points().value()) {
        push(
            errors,
            "/document/evaluation/factors",
            "报价权重须与计价方法一致 / the price weight must equal the method's",
        );
    }
    let marked = factors.marked().next().is_some();
    if (document.evaluation.technical == Technical::Marked) != marked {
        push(
            errors,
            "/document/evaluation/technical",
            "技术部分打分须有评分因素，合格制则不得有 / marks need factors, pass or fail has none",
        );
    }
}

fn check_texts(document: &TenderDocument, errors: &mut Vec<FieldError>) {
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    if !fits(&document.scope, 20_000) {
        push(errors, "/document/scope", "须为 1 至 20000 字 / 1 to 20000 characters");
    }
    if !fits(&document.contract_terms, 20_000) {
        push(errors, "/document/contractTerms", "须为 1 至 20000 字 / 1 to 20000 characters");
    }
    if document.qualification.is_empty()
        || document.qualification.len() > 100
        || document.qualification.iter().any(|line| !fits(line, 2000))
    {
        push(errors, "/document/qualification", "须有 1 至 100 条资格要求 / 1 to 100 requirements");
    }
    if document.validity_days.is_some_and(|days| !(1..=365).contains(&days)) {
        push(errors, "/document/validityDays", "须为 1 至 365 日 / 1 to 365 days");
    }
    if !(1..=3650).contains(&document.term_days) {
        push(errors, "/document/termDays", "须为 1 至 3650 日 / 1 to 3650 days");
    }
}

#[cfg(test)]
mod tests;
