//! The procedures of `procedures/*.toml`: every rule they name is held against the rules.

use std::ops::Range;

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use super::Rules;
use crate::{
    kernel::{Category, Say},
    law::{
        model::{Cap, Quantity, Rule},
        procedure::{
            CommitteeRules, EvaluationMethod, Event, Guard, Late, Object, Procedure, QualificationBy, Regime,
            State, Step, can_guard, is_cap,
        },
    },
    platform::policy_file::{PolicyError, PolicyFile},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawProcedure {
    id: Spanned<String>,
    name: Say,
    regime: Regime,
    category: Category,
    object: Object,
    effective_from: NaiveDate,
    effective_to: Option<Spanned<NaiveDate>>,
    minimum_bids: Spanned<String>,
    minimum_qualified: Option<Spanned<String>>,
    maximum_candidates: Option<Spanned<String>>,
    deposit_caps: Vec<Spanned<String>>,
    performance_bond_cap: Spanned<String>,
    publicity: Spanned<bool>,
    qualification_by: Spanned<QualificationBy>,
    committee: Spanned<CommitteeRules>,
    evaluation_methods: Spanned<Vec<EvaluationMethod>>,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    state: Spanned<State>,
    name: Say,
    gate: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    guards: Vec<RawGuard>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGuard {
    rule: Spanned<String>,
    from: Event,
    to: Spanned<Event>,
    #[serde(default)]
    late: Late,
}

/// What a procedure may name its rules for, and the days it is in force.
struct Named<'a> {
    file: &'a PolicyFile,
    rules: &'a Rules,
    from: NaiveDate,
    to: Option<NaiveDate>,
}

impl Named<'_> {
    /// Checks that the rule named is in force as long as the procedure is, and `fits` what it is named for.
    fn rule(
        &self,
        key: &str,
        span: Range<usize>,
        name: &str,
        fits: fn(&Rule) -> bool,
        wanted: &str,
    ) -> Result<(), PolicyError> {
        let wrong = |why: String| self.file.error_at(span.clone(), key, why);
        let versions = self.rules.get(name).ok_or_else(|| wrong(format!("there is no rule {name}")))?;
        let mut day = self.from;
        loop {
            let version = versions.iter().find(|rule| rule.in_force(day));
            let version = version.ok_or_else(|| wrong(format!("rule {name} is not in force on {day}")))?;
            if !fits(version) {
                return Err(wrong(format!("rule {name} is no {wanted}")));
            }
            match version.effective_to.and_then(|last| last.succ_opt()) {
                Some(next) if self.to.is_none_or(|last| next <= last) => day = next,
                _ => return Ok(()),
            }
        }
    }

    fn spanned(
        &self,
        key: &str,
        name: &Spanned<String>,
        fits: fn(&Rule) -> bool,
        wanted: &str,
    ) -> Result<(), PolicyError> {
        self.rule(key, name.span(), name.get_ref(), fits, wanted)
    }
}

fn is_count(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Count { .. })
}

fn is_share(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Share { .. })
}

fn is_amount(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Cap(_, Cap::Yuan(_)))
}

pub(super) fn read_procedure(
    file: &PolicyFile,
    rules: &Rules,
) -> Result<(Procedure, Range<usize>), PolicyError> {
    let raw: RawProcedure = file.parse()?;
    let to = raw.effective_to.as_ref().map(|to| *to.get_ref());
    if let Some(last) = raw.effective_to.as_ref().filter(|last| *last.get_ref() < raw.effective_from) {
        let why = format!("is in force to {}, before it begins on {}", last.get_ref(), raw.effective_from);
        return Err(file.error_at(last.span(), "effectiveTo", why));
    }
    let named = Named { file, rules, from: raw.effective_from, to };
    check_numbers(&named, &raw)?;
    let id_span = raw.id.span();
    let steps = read_steps(&named, raw.steps)?;
    let has = |state| steps.iter().any(|step| step.state == state);
    if has(State::CandidatesPublished) != *raw.publicity.get_ref() {
        let why = "must be true exactly where the procedure has a step S60 (publicity of candidates)";
        return Err(file.error_at(raw.publicity.span(), "publicity", why));
    }
    let purchaser = *raw.qualification_by.get_ref() == QualificationBy::Purchaser;
    if has(State::QualificationReviewed) != purchaser || raw.minimum_qualified.is_some() != purchaser {
        let why = "\"purchaser\", a step S45 and minimumQualified belong together";
        return Err(file.error_at(raw.qualification_by.span(), "qualificationBy", why));
    }
    let procedure = Procedure {
        id: raw.id.into_inner(),
        name: raw.name,
        regime: raw.regime,
        category: raw.category,
        object: raw.object,
        effective_from: raw.effective_from,
        effective_to: to,
        minimum_bids: raw.minimum_bids.into_inner(),
        minimum_qualified: raw.minimum_qualified.map(Spanned::into_inner),
        maximum_candidates: raw.maximum_candidates.map(Spanned::into_inner),
        deposit_caps: raw.deposit_caps.into_iter().map(Spanned::into_inner).collect(),
        performance_bond_cap: raw.performance_bond_cap.into_inner(),
        publicity: raw.publicity.into_inner(),
        qualification_by: raw.qualification_by.into_inner(),
        committee: raw.committee.into_inner(),
        evaluation_methods: raw.evaluation_methods.into_inner(),
        steps,
    };
    Ok((procedure, id_span))
}

fn check_numbers(named: &Named<'_>, raw: &RawProcedure) -> Result<(), PolicyError> {
    named.spanned("minimumBids", &raw.minimum_bids, is_count, "number")?;
    named.spanned("performanceBondCap", &raw.performance_bond_cap, is_cap, "highest amount")?;
    let optional =
        [("minimumQualified", &raw.minimum_qualified), ("maximumCandidates", &raw.maximum_candidates)];
    for (key, rule) in optional.into_iter().filter_map(|(key, rule)| Some((key, rule.as_ref()?))) {
        named.spanned(key, rule, is_count, "number")?;
    }
    for (at, rule) in raw.deposit_caps.iter().enumerate() {
        named.spanned(&format!("depositCaps[{at}]"), rule, is_cap, "highest amount")?;
    }
    if raw.evaluation_methods.get_ref().is_empty() {
        let why = "a procedure allows at least one evaluation method";
        return Err(named.file.error_at(raw.evaluation_methods.span(), "evaluationMethods", why));
    }
    let (span, committee) = (raw.committee.span(), raw.committee.get_ref());
    named.rule("committee.size", span.clone(), &committee.size, is_count, "number")?;
    named.rule("committee.experts", span.clone(), &committee.experts, is_share, "share")?;
    if let Some(rule) = &committee.large {
        named.rule("committee.large", span.clone(), rule, is_count, "number")?;
    }
    if let Some(rule) = &committee.large_from {
        named.rule("committee.largeFrom", span, rule, is_amount, "amount")?;
    }
    Ok(())
}

fn read_steps(named: &Named<'_>, raw: Vec<RawStep>) -> Result<Vec<Step>, PolicyError> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, step) in raw.into_iter().enumerate() {
        let state = *step.state.get_ref();
        if let Some(before) = steps.last().filter(|before| before.state >= state) {
            let why = format!("step {state} cannot follow step {}", before.state);
            return Err(named.file.error_at(step.state.span(), &format!("steps[{at}].state"), why));
        }
        let mut guards = Vec::new();
        for (index, guard) in step.guards.into_iter().enumerate() {
            let key = format!("steps[{at}].guards[{index}]");
            named.spanned(&format!("{key}.rule"), &guard.rule, can_guard, "period and orders no events")?;
            if guard.from == *guard.to.get_ref() {
                let why = "a guard ties two different events";
                return Err(named.file.error_at(guard.to.span(), &format!("{key}.to"), why));
            }
            let to = guard.to.into_inner();
            guards.push(Guard { rule: guard.rule.into_inner(), from: guard.from, to, late: guard.late });
        }
        steps.push(Step { state, name: step.name, gate: step.gate, optional: step.optional, guards });
    }
    Ok(steps)
}
