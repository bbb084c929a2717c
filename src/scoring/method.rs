//! A scoring method as a tender document writes it down: read from text, checked whole, then only read.
//!
//! Frozen with the document (EV-0e). The wire form is `{"method": …, "parameters": {…}}`, the same in a stored
//! document and in a preview.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    kernel::{Code, FieldError, Rejection, Say, money::Amount},
    platform::http::body::read_value,
};

/// Regular expression of marks, weights, percentages and factors on the wire.
pub const MARKS_PATTERN: &str = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$";

/// Marks, a weight in points, a percentage or a factor: 0 to 999.9999, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks(Decimal);

impl Marks {
    /// Reads the wire grammar [`MARKS_PATTERN`].
    ///
    /// # Errors
    /// A sentence that says what is wrong with `text`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (whole, fraction) =
            text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(
                "expected 1 to 3 digits without leading zeros before the point, such as \"40\" or \"0.5\"",
            );
        }
        if fraction.is_some_and(|part| !digits(part, 4)) {
            return Err("expected 1 to 4 digits after the decimal point");
        }
        text.parse().map(Self).map_err(|_| "not a decimal number")
    }

    /// The number.
    pub fn value(self) -> Decimal {
        self.0
    }

    /// Decimal places that matter: 1.50 has one.
    pub fn places(self) -> u32 {
        self.0.normalize().scale()
    }
}

impl fmt::Display for Marks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// Strings by the grammar; a JSON number is refused with the reason.
struct MarksText;

impl de::Visitor<'_> for MarksText {
    type Value = Marks;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a decimal as a string, such as \"40\" or \"0.5\" (JSON numbers lose digits)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Marks, E> {
        Marks::parse(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MarksText)
    }
}

impl PartialSchema for Marks {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(MARKS_PATTERN))
            .description(Some("Marks, weight in points, percentage or factor as an exact decimal string"))
            .examples([serde_json::json!("40")])
            .into()
    }
}

impl ToSchema for Marks {}

/// How the benchmark B of a works tender is found (rules C.7; the document chooses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Averaging {
    /// V1: the arithmetic mean of the effective offers.
    Mean,
    /// V2: one highest and one lowest effective offer left out, then the mean, from `trimFrom` offers on.
    TrimmedMean,
}

/// 综合评估法 of works with an average-based benchmark: F − k·|δ|, δ in percent of B.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EngComprehensive {
    /// How B is found.
    pub benchmark: Averaging,
    /// Highest price 最高投标限价 in yuan; an offer above it is rejected before B. Absent = none was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// F: points of the price item, above 0 and at most 100.
    pub full_marks: Marks,
    /// k₊: points lost for each percent above B.
    pub k_above: Marks,
    /// k₋: points lost for each percent below B.
    pub k_below: Marks,
    /// Decimals of the stored score, 2 to 4 (EV-0a); default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_decimals: Option<u32>,
    /// For `trimmedMean`: from how many effective offers on the extremes go out, 3 to 5000; default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trim_from: Option<usize>,
    /// The least price score; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<Marks>,
}

/// 综合评分法 of government purchases: lowest adjusted price ÷ own adjusted price × weight (令87 art 55).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GpComprehensive {
    /// Weight of the price in points of 100, above 0 (goods at least 30, services at least 10).
    pub price_weight: Marks,
    /// Highest price or budget in yuan; an original quote above it is invalid (令87 art 63). Absent = not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// Decimals of the stored score, 2 to 4 (EV-0a); default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_decimals: Option<u32>,
}

/// A method by name with its parameters, as yet unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "method", content = "parameters", rename_all = "camelCase", deny_unknown_fields)]
pub enum MethodText {
    /// 综合评估法(工程)
    EngComprehensive(EngComprehensive),
    /// 综合评分法(政府采购)
    GpComprehensive(GpComprehensive),
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
        match &text {
            MethodText::EngComprehensive(works) => check_works(works, &mut wrong),
            MethodText::GpComprehensive(purchase) => check_purchase(purchase, &mut wrong),
        }
        wrong.or(Self(text))
    }

    /// The checked parameters.
    pub fn text(&self) -> &MethodText {
        &self.0
    }

    /// Highest price of the method, if the document sets one.
    pub fn ceiling(&self) -> Option<Amount> {
        match &self.0 {
            MethodText::EngComprehensive(works) => works.ceiling,
            MethodText::GpComprehensive(purchase) => purchase.ceiling,
        }
    }

    /// Points of the price item.
    pub fn price_points(&self) -> Marks {
        match &self.0 {
            MethodText::EngComprehensive(works) => works.full_marks,
            MethodText::GpComprehensive(purchase) => purchase.price_weight,
        }
    }

    /// Decimals of a stored score.
    pub fn score_decimals(&self) -> u32 {
        let given = match &self.0 {
            MethodText::EngComprehensive(works) => works.score_decimals,
            MethodText::GpComprehensive(purchase) => purchase.score_decimals,
        };
        given.unwrap_or(2)
    }
}

fn check_works(works: &EngComprehensive, wrong: &mut Complaints) {
    check_points("fullMarks", works.full_marks, wrong);
    check_decimals(works.score_decimals, wrong);
    check_ceiling(works.ceiling, wrong);
    for (name, factor) in [("kAbove", works.k_above), ("kBelow", works.k_below)] {
        if factor.value() > Decimal::ONE_HUNDRED {
            wrong.add(name, "每偏离1%扣分不得超过100分", "at most 100 points may be lost for each percent");
        }
    }
    if let Some(from) = works.trim_from {
        if works.benchmark != Averaging::TrimmedMean {
            wrong.add("trimFrom", "只有去极值平均法才有此参数", "only trimmedMean has this parameter");
        } else if !(3..=5000).contains(&from) {
            wrong.add("trimFrom", "去极值的最少家数须在3至5000之间", "must lie between 3 and 5000");
        }
    }
    if let Some(least) = works.min_score {
        if least > works.full_marks {
            wrong.add("minScore", "最低分不得高于满分", "must not exceed fullMarks");
        } else if least.places() > works.score_decimals.unwrap_or(2) {
            wrong.add(
                "minScore",
                "最低分的小数位数不得多于得分小数位数",
                "has more decimals than scores have",
            );
        }
    }
}

fn check_purchase(purchase: &GpComprehensive, wrong: &mut Complaints) {
    check_points("priceWeight", purchase.price_weight, wrong);
    check_decimals(purchase.score_decimals, wrong);
    check_ceiling(purchase.ceiling, wrong);
}

fn check_points(name: &str, points: Marks, wrong: &mut Complaints) {
    if points.value().is_zero() || points.value() > Decimal::ONE_HUNDRED {
        wrong.add(name, "分值须大于0且不超过100", "must be above 0 and at most 100");
    }
}

fn check_decimals(decimals: Option<u32>, wrong: &mut Complaints) {
    if decimals.is_some_and(|places| !(2..=4).contains(&places)) {
        wrong.add("scoreDecimals", "得分保留2至4位小数", "scores keep 2 to 4 decimals");
    }
}

fn check_ceiling(ceiling: Option<Amount>, wrong: &mut Complaints) {
    if ceiling.is_some_and(|most| most.value().is_zero()) {
        wrong.add("ceiling", "最高限价须大于0", "must be above 0");
    }
}

/// Everything wrong with one object, gathered before the answer.
#[derive(Debug)]
pub(super) struct Complaints {
    at: String,
    errors: Vec<FieldError>,
    first: Option<Say>,
}

impl Complaints {
    /// About the object at JSON pointer `at`.
    pub(super) fn new(at: String) -> Self {
        Self { at, errors: Vec::new(), first: None }
    }

    /// `place` below the object is invalid.
    pub(super) fn add(&mut self, place: impl fmt::Display, zh: &str, en: &str) {
        self.push(format!("{}/{place}", self.at), zh, en);
    }

    /// The object as a whole is invalid.
    pub(super) fn add_whole(&mut self, zh: &str, en: &str) {
        self.push(self.at.clone(), zh, en);
    }

    fn push(&mut self, pointer: String, zh: &str, en: &str) {
        self.errors.push(FieldError::new(pointer, "invalid", format!("{zh} / {en}")));
        self.first.get_or_insert_with(|| Say::new(zh, en));
    }

    /// `value`, unless something was wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Rejection> {
        match self.first {
            None => Ok(value),
            Some(detail) => Err(Rejection { code: Code::InvalidRequest, detail, errors: self.errors }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn works(change: impl FnOnce(&mut Value)) -> Result<Method, Rejection> {
        let mut parameters = json!({
            "benchmark": "trimmedMean", "ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1",
            "kBelow": "0.5", "scoreDecimals": 2
        });
        change(&mut parameters);
        Method::read(json!({"method": "engComprehensive", "parameters": parameters}), "/document")
    }

    fn pointers(answer: Result<Method, Rejection>) -> Vec<String> {
        answer.unwrap_err().errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn a_method_goes_out_as_it_came_in() {
        let method = works(|_| ()).unwrap();
        let written = serde_json::to_value(&method).unwrap();
        assert_eq!(Method::read(written.clone(), "").unwrap(), method);
        assert_eq!(written["parameters"]["kBelow"], "0.5");
    }

    #[test]
    fn each_wrong_parameter_is_pointed_at() {
        assert_eq!(
            pointers(works(|it| it["scoreDecimals"] = json!(5))),
            ["/document/parameters/scoreDecimals"]
        );
        assert_eq!(pointers(works(|it| it["trimFrom"] = json!(2))), ["/document/parameters/trimFrom"]);
        assert_eq!(pointers(works(|it| it["kAbove"] = json!("1e2"))), ["/document/parameters/kAbove"]);
        assert_eq!(pointers(works(|it| it["kAbove"] = json!(1))), ["/document/parameters/kAbove"]);
        assert_eq!(pointers(works(|it| it["lambda"] = json!("1"))), ["/document/parameters/lambda"]);
        assert_eq!(pointers(works(|it| it["ceiling"] = json!("0.00"))), ["/document/parameters/ceiling"]);
        assert_eq!(pointers(works(|it| it["minScore"] = json!("0.125"))), ["/document/parameters/minScore"]);
        let both = works(|it| {
            it["fullMarks"] = json!("100.01");
            it["benchmark"] = json!("mean");
            it["trimFrom"] = json!(5);
        });
        assert_eq!(pointers(both), ["/document/parameters/fullMarks", "/document/parameters/trimFrom"]);
        let unknown = Method::read(json!({"method": "lowestPrice", "parameters": {}}), "");
        assert_eq!(pointers(unknown), ["/method"]);
    }

    #[test]
    fn marks_are_plain_decimals() {
        for good in ["0", "0.5", "40", "100", "60.10", "999.9999"] {
            assert_eq!(Marks::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "-1", "+1", "01", ".5", "5.", "1.00001", "1000", "1e1", " 1", "１", "1_0"] {
            assert!(Marks::parse(bad).is_err(), "{bad}");
        }
    }
}
