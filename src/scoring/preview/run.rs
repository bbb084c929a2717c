//! From a request to an answer: parameters by law, corrections, preferences, scoring, low prices.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{
    LowPriceAnswer, LowPriceTest, Preference, Preview, PreviewOffer, PreviewRequest, PreviewResult,
    securities::securities,
};
use crate::{
    kernel::{Problem, Rejection, Say, money::Amount},
    law::{Law, Object},
    platform::http::body::read_value,
    scoring::{
        arithmetic::TooLarge,
        bands::percent,
        complaints::Complaints,
        corrections::{self, Correction, Order},
        low_price::{Lines, abnormally_low},
        method::{Marks, Method, MethodText},
        numbers::Numbers,
        policy::{Declaration, Granted, Policy, Preferences, adds},
        score::{Exclusion, Offer, Scoring, score},
        weights,
    },
};

/// Tries a method on offers, by the law of the project's day or of `today`.
///
/// # Errors
/// 422 with a pointer for each parameter or offer that does not fit.
pub fn preview(law: &Law, today: NaiveDate, request: PreviewRequest) -> Result<Preview, Problem> {
    let on = request.project.and_then(|project| project.on).unwrap_or(today);
    let method = read_method(law, on, &request)?;
    if let Some(project) = request.project {
        weights::check(law, on, project.object, &method, "")?;
    }
    let corrections = corrected(&method, &request.offers)?;
    let mut offers: Vec<Offer> = request
        .offers
        .iter()
        .zip(&corrections)
        .map(|(offer, correction)| bare(offer, correction.as_ref()))
        .collect();
    let object = request.project.map(|project| project.object);
    let granted =
        prefer(law, on, object, &method, request.preferences.as_ref(), &request.offers, &mut offers)?;
    let scoring = score(&method, Numbers::of(law, on, &method)?, &offers)?;
    let low_price =
        request.low_price.map(|test| low_prices(law, on, &method, test, &offers, &scoring)).transpose()?;
    let mut preview = told(&method, scoring)?;
    preview.low_price = low_price;
    let ask = |test| securities(law, on, object, &method, test, &offers);
    preview.securities = request.securities.map(ask).transpose()?;
    let places: HashMap<&str, usize> =
        offers.iter().zip(0..).map(|(offer, at)| (offer.id.as_str(), at)).collect();
    for result in &mut preview.results {
        let Some(at) = places.get(result.id.as_str()) else { continue };
        result.correction = corrections.get(*at).cloned().flatten();
        result.preference = granted.get(*at).and_then(preference);
    }
    Ok(preview)
}

fn preference(granted: &Granted) -> Option<Preference> {
    let Granted { percent, reasons } = granted.clone();
    (!reasons.is_empty()).then(|| Preference { percent: percent.value().normalize().to_string(), reasons })
}

/// The method, with the law's least share of a framework filled in where the document sets none, and checked against it.
fn read_method(law: &Law, on: NaiveDate, request: &PreviewRequest) -> Result<Method, Problem> {
    let text = serde_json::json!({"method": request.method, "parameters": request.parameters});
    let mut text: MethodText = read_value(text, "")?;
    if let MethodText::FrameworkEntry(entry) = &mut text {
        let place = "/parameters/eliminatedPercent";
        let key = entry.least_share();
        let Some(least) = percent(law, key, on)? else {
            let detail = Say::new(
                format!("{on}尚无框架协议采购方式的规定"),
                format!("no law of {on} knows framework agreements"),
            );
            return Err(Rejection::at("/method", "invalid", detail).into());
        };
        let share = entry.eliminated_percent.get_or_insert(Marks::of(least.value));
        if share.value() < least.value {
            let (number, source, article) = (least.value, &least.rule.source, &least.rule.article);
            let detail = Say::new(
                format!("淘汰比例不得低于{number}%（{source} {article}）"),
                format!("must be at least {number} ({source} {article})"),
            );
            return Err(Rejection::at(place, "invalid", detail).into());
        }
    }
    Ok(Method::check(text, "")?)
}

fn corrected(method: &Method, offers: &[PreviewOffer]) -> Result<Vec<Option<Correction>>, Rejection> {
    let order = if method.is_for_works() { Order::Works } else { Order::Purchase };
    let mut wrong = Complaints::new("/offers".to_owned());
    let mut found = Vec::with_capacity(offers.len());
    for (at, offer) in offers.iter().enumerate() {
        let Some(stated) = &offer.statement else {
            found.push(None);
            continue;
        };
        corrections::check(stated, order, &format!("{at}/statement"), &mut wrong);
        found.push(Some(corrections::correct(offer.price, stated, order).map_err(too_large)?));
    }
    wrong.or(found)
}

fn too_large(error: TooLarge) -> Rejection {
    Rejection::at("/offers", "invalid", Say::new("数值超出精确计算的范围", error.to_string()))
}

fn bare(offer: &PreviewOffer, correction: Option<&Correction>) -> Offer {
    let refused = offer.statement.as_ref().is_some_and(|stated| stated.confirmed == Some(false))
        && correction.is_some_and(|correction| correction.changed);
    Offer {
        deduction_percent: offer.deduction_percent,
        addition_percent: offer.addition_percent,
        other_score: offer.other_score,
        technical_score: offer.technical_score,
        quality_score: offer.quality_score,
        deviations: offer.deviations.clone().unwrap_or_default(),
        below_cost: offer.below_cost.unwrap_or_default(),
        correction_refused: refused,
        agreement_price: offer.agreement_price,
        brand: offer.brand.clone(),
        ..Offer::new(&*offer.id, correction.map_or(offer.price, |correction| correction.price))
    }
}

/// Turns declarations into percentages; answers what each offer got, or nothing without preferences.
fn prefer(
    law: &Law,
    on: NaiveDate,
    object: Option<Object>,
    method: &Method,
    preferences: Option<&Preferences>,
    asked: &[PreviewOffer],
    offers: &mut [Offer],
) -> Result<Vec<Granted>, Problem> {
    let mut wrong = Complaints::new("/offers".to_owned());
    let Some(preferences) = preferences else {
        for (at, _) in asked.iter().enumerate().filter(|(_, offer)| offer.declaration.is_some()) {
            wrong.add(
                format!("{at}/declaration"),
                "没有扶持政策（preferences）时无此项",
                "means nothing without preferences",
            );
        }
        return Ok(wrong.or(Vec::new())?);
    };
    let Some(object) = object else {
        let detail = Say::new("扶持政策须有项目对象和日期", "preferences need the project's object and day");
        return Err(Rejection::at("/project", "required", detail).into());
    };
    for (at, offer) in asked.iter().enumerate() {
        for (name, given) in [
            ("deductionPercent", offer.deduction_percent.is_some()),
            ("additionPercent", offer.addition_percent.is_some()),
        ] {
            if given {
                wrong.add(format!("{at}/{name}"), "已由扶持政策计算", "is computed from the preferences");
            }
        }
    }
    wrong.or(())?;
    let policy = Policy::check(law, on, object, method, preferences, "/preferences")?;
    let takes_part = |offer: &Offer| {
        !offer.correction_refused && method.ceiling().is_none_or(|most| offer.price.value() <= most.value())
    };
    let competing: Vec<Option<Declaration>> = asked
        .iter()
        .zip(offers.iter())
        .filter(|(_, offer)| takes_part(offer))
        .map(|(asked, _)| asked.declaration)
        .collect();
    let mut granted = policy.grant(&competing).into_iter();
    let mut all = Vec::with_capacity(offers.len());
    for offer in offers {
        let own = if takes_part(offer) { granted.next() } else { None };
        let own = own.unwrap_or_else(Granted::nothing);
        if !own.percent.value().is_zero() {
            let place = if adds(method) { &mut offer.addition_percent } else { &mut offer.deduction_percent };
            *place = Some(own.percent);
        }
        all.push(own);
    }
    Ok(all)
}

/// The abnormally-low check over original quotes of effective offers.
fn low_prices(
    law: &Law,
    on: NaiveDate,
    method: &Method,
    test: LowPriceTest,
    offers: &[Offer],
    scoring: &Scoring,
) -> Result<LowPriceAnswer, Problem> {
    if method.is_for_works() {
        let detail = Say::new("异常低价审查只适用于政府采购", "the check belongs to government purchases");
        return Err(Rejection::at("/lowPrice", "invalid", detail).into());
    }
    let Some(most) = test.most.or(method.ceiling()) else {
        let detail = Say::new("须有最高限价或预算", "the ceiling or the budget is missing");
        return Err(Rejection::at("/lowPrice/most", "required", detail).into());
    };
    let lawful = Lines::lawful(law, on)?;
    let lines = match test.lines {
        Some(lines) => Some(lines.check(law, on, "/lowPrice/lines")?),
        None => lawful,
    };
    let Some(lines) = lines else { return Ok(LowPriceAnswer { applies: false, caught: Vec::new() }) };
    let out: HashMap<&str, Exclusion> =
        scoring.excluded.iter().map(|(id, why)| (id.as_str(), *why)).collect();
    let conforms = |offer: &&Offer| matches!(out.get(offer.id.as_str()), None | Some(Exclusion::SameBrand));
    let quotes: Vec<(String, Amount)> =
        offers.iter().filter(conforms).map(|offer| (offer.id.clone(), offer.price)).collect();
    let caught = abnormally_low(&quotes, most, lines).map_err(too_large)?;
    Ok(LowPriceAnswer { applies: true, caught })
}

fn told(method: &Method, scoring: Scoring) -> Result<Preview, Rejection> {
    let benchmark = scoring.benchmark.map(|benchmark| benchmark.printed()).transpose().map_err(too_large)?;
    let ceiling = method.ceiling().map_or_else(String::new, |ceiling| ceiling.to_string());
    let excluded = scoring.excluded.into_iter().map(|(id, code)| PreviewResult::left_out(id, code, &ceiling));
    let results = scoring.ranked.into_iter().map(PreviewResult::from).chain(excluded).collect();
    let (outcome, workings) = (scoring.outcome, scoring.workings);
    Ok(Preview { benchmark, results, outcome, low_price: None, securities: None, workings })
}
