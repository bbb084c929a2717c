//! The routing table's thresholds: each rule compares what it is made for, and one at a time.

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use super::read_period;
use crate::{
    jurisdiction::model::{Category, Measure, RouteRule, Threshold},
    kernel::money::read_amount,
    platform::policy_file::{PolicyError, PolicyFile},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ThresholdToml {
    rule: Spanned<RouteRule>,
    category: Category,
    measure: Measure,
    at_least: Spanned<String>,
    unit: Unit,
    effective_from: Spanned<NaiveDate>,
    effective_to: Option<Spanned<NaiveDate>>,
    source: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase")]
enum Unit {
    Yuan,
    SquareMetre,
}

/// What each threshold rule compares; anything else in the table contradicts the rule.
fn meaning(rule: RouteRule) -> Option<(Category, Measure, Unit)> {
    match rule {
        RouteRule::Rt1 => Some((Category::Engineering, Measure::Investment, Unit::Yuan)),
        RouteRule::Rt2 => Some((Category::Engineering, Measure::FloorArea, Unit::SquareMetre)),
        RouteRule::Rt3 => Some((Category::Procurement, Measure::Budget, Unit::Yuan)),
        _ => None,
    }
}

pub(super) fn read_thresholds(
    file: &PolicyFile,
    rows: &[ThresholdToml],
) -> Result<Vec<Threshold>, PolicyError> {
    let mut thresholds: Vec<Threshold> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let threshold = read_threshold(file, row, at)?;
        let clash = thresholds
            .iter()
            .enumerate()
            .find(|(_, other)| other.rule == threshold.rule && other.in_force.overlaps(&threshold.in_force));
        if let Some((earlier, other)) = clash {
            return Err(file.error_at(
                row.effective_from.span(),
                &format!("thresholds[{at}].effectiveFrom"),
                format!(
                    "overlapping dates: thresholds[{earlier}] of {} is in force on some of these days and says {}",
                    other.rule, other.at_least
                ),
            ));
        }
        thresholds.push(threshold);
    }
    Ok(thresholds)
}

fn read_threshold(file: &PolicyFile, row: &ThresholdToml, at: usize) -> Result<Threshold, PolicyError> {
    let key = |name: &str| format!("thresholds[{at}].{name}");
    let rule = *row.rule.get_ref();
    match meaning(rule) {
        None => {
            let message = format!("{rule} has no threshold; only RT-1, RT-2 and RT-3 have");
            return Err(file.error_at(row.rule.span(), &key("rule"), message));
        }
        Some(expected) if expected != (row.category, row.measure, row.unit) => {
            let message = format!(
                "contradiction: {rule} compares {:?} of {} in {:?}",
                expected.1, expected.0, expected.2
            );
            return Err(file.error_at(row.rule.span(), &key("rule"), message));
        }
        Some(_) => {}
    }
    let at_least = read_amount(row.at_least.get_ref())
        .map_err(|why| file.error_at(row.at_least.span(), &key("atLeast"), why))?;
    if at_least.is_zero() {
        let message = "contradiction: a bound of zero holds for every project and is no threshold";
        return Err(file.error_at(row.at_least.span(), &key("atLeast"), message));
    }
    Ok(Threshold {
        rule,
        measure: row.measure,
        at_least,
        in_force: read_period(file, &key("effectiveTo"), &row.effective_from, row.effective_to.as_ref())?,
        source: row.source.clone(),
    })
}
