//! The evaluation methods as anybody may read them: what each is for, what law fixes, what the document chooses.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::preview::MethodName;
use crate::{
    kernel::{Problem, Say},
    law::{Law, LawGap, reading::RuleView},
};

/// Words and examples; the numbers of law are added from the rules named.
const METHODS: &str = include_str!("methods.json");

/// A parameter of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParameterView {
    /// Its name in `parameters`.
    pub name: String,
    /// What it means.
    pub meaning: Say,
    /// Which values are taken.
    pub bounds: Say,
    /// What holds where it is left out; absent where it must be given, or only with another parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Say>,
    /// Whether it must always be given.
    pub required: bool,
}

/// A method.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MethodView {
    /// Its name on the wire.
    pub name: MethodName,
    /// Its name in law and practice.
    pub title: Say,
    /// What it is for and how it orders offers.
    pub purpose: Say,
    /// Rules of law it stands on, as in force on the day, each with instrument, article and confidence mark; empty on
    /// a day before them.
    pub rules: Vec<RuleView>,
    /// What no law fixes: the document chooses it, or the hall's documented default holds.
    pub chosen_by_document: Say,
    /// Its parameters.
    pub parameters: Vec<ParameterView>,
    /// What its offers state beside id, price, statement and declaration.
    pub offer_members: Vec<String>,
    /// A request that can be sent to `POST /api/v1/evaluation/preview` as it stands.
    #[schema(value_type = Object)]
    pub example: Value,
}

/// All methods, by the law of a day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MethodsAnswer {
    /// The day.
    pub on: NaiveDate,
    /// The methods.
    pub methods: Vec<MethodView>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    name: MethodName,
    title: Say,
    purpose: Say,
    rules: Vec<String>,
    chosen_by_document: Say,
    parameters: Vec<ParameterView>,
    offer_members: Vec<String>,
    example: Value,
}

/// All methods with the rules in force on `on`.
///
/// # Errors
/// A fault where the words compiled in cannot be read.
pub fn methods(law: &Law, on: NaiveDate) -> Result<MethodsAnswer, Problem> {
    let written: Vec<Written> = serde_json::from_str(METHODS).map_err(Problem::internal)?;
    let methods = written.into_iter().map(|method| view(law, on, method)).collect::<Result<_, _>>()?;
    Ok(MethodsAnswer { on, methods })
}

fn view(law: &Law, on: NaiveDate, written: Written) -> Result<MethodView, Problem> {
    let mut rules = Vec::new();
    for key in &written.rules {
        match law.rule(key, on) {
            Ok(rule) => rules.push(RuleView::from(rule)),
            Err(LawGap::UnknownRule { .. }) => {}
            Err(gap) => return Err(gap.into()),
        }
    }
    let Written { name, title, purpose, chosen_by_document, parameters, offer_members, example, .. } =
        written;
    Ok(MethodView { name, title, purpose, rules, chosen_by_document, parameters, offer_members, example })
}
