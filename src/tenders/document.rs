//! The tender document 招标文件 as data, checked when it is written, not when it is used. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    kernel::{Code, FieldError, Money, Problem, Rejection, Say},
    law::{EvaluationMethod, Object, Procedure},
    scoring::{
        factors::{Factor, Factors, Regime},
        low_price::Lines,
        method::{Marks, Method, MethodText},
    },
};

/// How equal totals are parted at the top of the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ties {
    /// The lower price first; equal prices by a recorded draw.
    LowerPriceThenDraw,
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
    /// Deduction for small and micro enterprises in percent (purchases that are not reserved, EV-2a).
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
        Factors::check(self.evaluation.factors.clone(), regime_of(procedure), "/document/evaluation/factors")
    }
}

fn regime_of(procedure: &Procedure) -> Regime {
    match procedure.object {
        Object::Works => Regime::Works,
        Object::Goods => Regime::Goods,
        Object::Services => Regime::Services,
    }
}

/// Checks a document against the procedure it is written for: method, factors, weights, lengths.
///
/// # Errors
/// 422 with a pointer for each place that is wrong.
pub fn check(document: &TenderDocument, procedure: &Procedure) -> Result<(), Rejection> {
    let method = document.method()?;
    let factors = document.factors(procedure)?;
    let mut errors = Vec::new();
    check_method(document, procedure, &method, &factors, &mut errors);
    check_texts(document, &mut errors);
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
    Err(Rejection { code: Code::InvalidRequest, detail, errors })
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
        MethodText::EngComprehensive(_) => EvaluationMethod::EngComprehensive,
        MethodText::GpComprehensive(_) => EvaluationMethod::GpComprehensive,
    };
    if !procedure.evaluation_methods.contains(&kind) {
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
