//! A scoring method as a tender document writes it down: read from text, checked whole, then only read.
//!
//! Frozen with the document (EV-0e). The wire form is `{"method": …, "parameters": {…}}`, the same in a stored
//! document and in a preview.

mod drawn;
mod purchase;
mod works;

pub use super::marks::Marks;
pub use drawn::BenchmarkDraw;
pub use purchase::{
    EntryOrder, FrameworkEntry, FrameworkSecondRound, GpComprehensive, GpConsultation, GpLowestPrice,
    Inquiry, Negotiation, TiePrice,
};
pub use works::{Averaging, Composite, EngComprehensive, EngLowestEvaluated, Quantified, Sample, ThreePart};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::complaints::Complaints;
use crate::{
    kernel::{Rejection, money::Amount},
    platform::http::body::read_value,
};

/// What parts offers that are equal in score or evaluated price, and in price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum TieBreak {
    /// A recorded draw.
    Draw,
    /// The higher technical score, then a recorded draw.
    Technical,
}

/// A method by name with its parameters, as yet unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "method", content = "parameters", rename_all = "camelCase", deny_unknown_fields)]
pub enum MethodText {
    /// 综合评估法(工程)
    EngComprehensive(Box<EngComprehensive>),
    /// 经评审的最低投标价法(工程)
    EngLowestEvaluated(EngLowestEvaluated),
    /// 综合评分法(政府采购)
    GpComprehensive(GpComprehensive),
    /// 竞争性磋商综合评分法(政府采购)
    GpConsultation(GpConsultation),
    /// 最低评标价法(政府采购)
    GpLowestPrice(GpLowestPrice),
    /// 竞争性谈判(政府采购)
    Negotiation(Negotiation),
    /// 询价(政府采购)
    Inquiry(Inquiry),
    /// 框架协议第一阶段入围
    FrameworkEntry(FrameworkEntry),
    /// 框架协议第二阶段二次竞价
    FrameworkSecondRound(FrameworkSecondRound),
}

/// A method whose parameters hold together; serialises as [`MethodText`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Method(MethodText);

impl Method {
    /// Reads and checks the JSON form. `at` is the JSON pointer of `json` in the caller's document, `""` at its
    /// root.
    ///
    /// # Errors
    /// 422 with a pointer for each parameter that is missing, unknown or out of bounds.
    pub fn read(json: serde_json::Value, at: &str) -> Result<Self, Rejection> {
        let text: MethodText = read_value(json, at)?;
        Self::check(text, at)
    }

    /// Checks parameters that are already typed; `at` as in [`Method::read`].
    ///
    /// # Errors
    /// 422 with a pointer for each parameter out of bounds.
    pub fn check(text: MethodText, at: &str) -> Result<Self, Rejection> {
        let mut wrong = Complaints::new(format!("{at}/parameters"));
        let method = Self(text);
        check_shared(&method, &mut wrong);
        match &method.0 {
            MethodText::EngComprehensive(it) => it.check(&mut wrong),
            MethodText::GpComprehensive(it) => check_points("priceWeight", it.price_weight, &mut wrong),
            MethodText::GpConsultation(it) => check_points("priceWeight", it.price_weight, &mut wrong),
            MethodText::FrameworkEntry(it) => it.check(&mut wrong),
            MethodText::EngLowestEvaluated(it) => it.check(&mut wrong),
            MethodText::GpLowestPrice(_)
            | MethodText::Negotiation(_)
            | MethodText::Inquiry(_)
            | MethodText::FrameworkSecondRound(_) => {}
        }
        wrong.or(method)
    }

    /// The checked parameters.
    pub fn text(&self) -> &MethodText {
        &self.0
    }

    /// Highest price of the method, if the document sets one.
    pub fn ceiling(&self) -> Option<Amount> {
        match &self.0 {
            MethodText::EngComprehensive(it) => it.ceiling,
            MethodText::EngLowestEvaluated(it) => it.ceiling,
            MethodText::GpComprehensive(it) => it.ceiling,
            MethodText::GpConsultation(it) => it.ceiling,
            MethodText::GpLowestPrice(it) => it.ceiling,
            MethodText::Negotiation(it) => it.ceiling,
            MethodText::Inquiry(it) => it.ceiling,
            MethodText::FrameworkEntry(it) => it.ceiling,
            MethodText::FrameworkSecondRound(_) => None,
        }
    }

    /// Points of the price item: all of them where the price alone decides.
    pub fn price_points(&self) -> Marks {
        match &self.0 {
            MethodText::EngComprehensive(it) => it.full_marks,
            MethodText::GpComprehensive(it) => it.price_weight,
            MethodText::GpConsultation(it) => it.price_weight,
            _ => Marks::HUNDRED,
        }
    }

    /// Whether offers get scores, or are ordered by price or quality alone.
    pub fn scores(&self) -> bool {
        matches!(
            self.0,
            MethodText::EngComprehensive(_) | MethodText::GpComprehensive(_) | MethodText::GpConsultation(_)
        )
    }

    /// Whether policy takes something off a price before offers are compared.
    pub fn deducts(&self) -> bool {
        match &self.0 {
            MethodText::EngComprehensive(_) | MethodText::FrameworkSecondRound(_) => false,
            MethodText::FrameworkEntry(it) => it.order == EntryOrder::PriceFirst,
            _ => true,
        }
    }

    /// Matters that the committee puts into money.
    pub fn quantified(&self) -> &[Quantified] {
        match &self.0 {
            MethodText::EngLowestEvaluated(it) => it.quantified.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether it is a method of 招标投标法 for works.
    pub fn is_for_works(&self) -> bool {
        matches!(self.0, MethodText::EngComprehensive(_) | MethodText::EngLowestEvaluated(_))
    }

    /// Decimals of a stored score.
    pub fn score_decimals(&self) -> u32 {
        self.given_decimals().unwrap_or(2)
    }

    fn given_decimals(&self) -> Option<u32> {
        match &self.0 {
            MethodText::EngComprehensive(it) => it.score_decimals,
            MethodText::GpComprehensive(it) => it.score_decimals,
            MethodText::GpConsultation(it) => it.score_decimals,
            _ => None,
        }
    }

    /// What the document says that parts equal offers, where it says so.
    pub fn chosen_tie_break(&self) -> Option<TieBreak> {
        match &self.0 {
            MethodText::EngComprehensive(it) => it.ties,
            MethodText::EngLowestEvaluated(it) => it.ties,
            MethodText::GpConsultation(_) => Some(TieBreak::Technical),
            MethodText::GpComprehensive(it) => it.ties,
            MethodText::GpLowestPrice(it) => it.ties,
            MethodText::Negotiation(it) => it.ties,
            MethodText::Inquiry(it) => it.ties,
            MethodText::FrameworkEntry(_) => None,
            MethodText::FrameworkSecondRound(it) => it.ties,
        }
    }

    /// What parts equal offers. A consultation's order is the law's (214 art 25); elsewhere the document chooses.
    pub fn tie_break(&self) -> TieBreak {
        let usual = if self.is_for_works() { TieBreak::Technical } else { TieBreak::Draw };
        self.chosen_tie_break().unwrap_or(usual)
    }
}

fn check_shared(method: &Method, wrong: &mut Complaints) {
    if method.ceiling().is_some_and(|most| most.value().is_zero()) {
        wrong.add("ceiling", "最高限价须大于0", "must be above 0");
    }
    if method.given_decimals().is_some_and(|places| !(2..=4).contains(&places)) {
        wrong.add("scoreDecimals", "得分保留2至4位小数", "scores keep 2 to 4 decimals");
    }
}

fn check_points(name: &str, points: Marks, wrong: &mut Complaints) {
    if points.value().is_zero() || points > Marks::HUNDRED {
        wrong.add(name, "分值须大于0且不超过100", "must be above 0 and at most 100");
    }
}

#[cfg(test)]
mod tests;
