//! What a buyer tries a scoring rule on before publishing it: `POST /api/v1/evaluation/preview`.
//!
//! Public, keeps nothing, reads no table: the same [`score`] that real evaluations use, put into strings.

use actix_web::post;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arithmetic::yuan,
    method::{EngComprehensive, GpComprehensive, Method},
    score::{Exclusion, Offer, Outcome, Scored, Scoring, score},
};
use crate::{
    kernel::{Problem, Rejection, Say},
    platform::http::{Body, Problems, Reply},
};

/// Name of a scoring method on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum MethodName {
    /// 综合评估法(工程)
    EngComprehensive,
    /// 综合评分法(政府采购)
    GpComprehensive,
}

/// Parameters of either method, for the OpenAPI document.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the JSON; reading is the method's own")]
enum Parameters {
    /// Of `engComprehensive`.
    Works(EngComprehensive),
    /// Of `gpComprehensive`.
    Purchase(GpComprehensive),
}

/// A method and offers to try it on.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "method": "engComprehensive",
    "parameters": {
        "benchmark": "trimmedMean", "ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1", "kBelow": "0.5",
        "scoreDecimals": 2
    },
    "offers": [{"id": "A", "price": "9500000.00"}, {"id": "B", "price": "9800000.00"}]
}))]
pub struct PreviewRequest {
    /// The method.
    pub method: MethodName,
    /// The method's parameters.
    #[schema(value_type = Parameters)]
    pub parameters: serde_json::Value,
    /// 1 to 5000 offers with unique ids.
    #[schema(min_items = 1, max_items = 5000)]
    pub offers: Vec<Offer>,
}

/// Why an offer takes no part, as a word and as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Excluded {
    /// Stable word.
    pub code: Exclusion,
    /// The reason.
    pub reason: Say,
}

/// One offer's result; an excluded offer carries its id and the reason alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewResult {
    /// The offer's id.
    pub id: String,
    /// Price after policy deduction in yuan, exact; purchases only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted_price: Option<String>,
    /// Stored price score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_score: Option<String>,
    /// Price score plus the other items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// 1 for the best; tied offers share a rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Present and true when only a draw separates the offer from another.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub tied: bool,
    /// The score's arithmetic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working: Option<String>,
    /// Present when the offer takes no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Excluded>,
}

/// Scores and order of all offers, with the arithmetic laid open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Preview {
    /// B in yuan, cut after seven decimals and at least two shown; scores use the exact quotient. Absent without
    /// effective offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// Best first, then the excluded offers.
    pub results: Vec<PreviewResult>,
    /// What the order means for the procedure.
    pub outcome: Outcome,
    /// The arithmetic of the whole, line by line.
    pub workings: Vec<Say>,
}

/// Tries a method on offers.
///
/// # Errors
/// 422 with a pointer for each parameter or offer that does not fit.
pub fn preview(request: PreviewRequest) -> Result<Preview, Problem> {
    let text = serde_json::json!({"method": request.method, "parameters": request.parameters});
    let method = Method::read(text, "")?;
    let scoring = score(&method, &request.offers)?;
    told(&method, scoring).map_err(Problem::from)
}

fn told(method: &Method, scoring: Scoring) -> Result<Preview, Rejection> {
    let benchmark = match scoring.benchmark.map(|benchmark| benchmark.printed()) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(error)) => {
            return Err(Rejection::at(
                "/offers",
                "invalid",
                Say::new("数值超出精确计算的范围", error.to_string()),
            ));
        }
    };
    let ceiling = method.ceiling().map_or_else(String::new, |ceiling| ceiling.to_string());
    let excluded = scoring.excluded.into_iter().map(|(id, code)| left_out(id, code, &ceiling));
    let results = scoring.ranked.into_iter().map(PreviewResult::from).chain(excluded).collect();
    Ok(Preview { benchmark, results, outcome: scoring.outcome, workings: scoring.workings })
}

impl From<Scored> for PreviewResult {
    fn from(scored: Scored) -> Self {
        Self {
            id: scored.id,
            adjusted_price: scored.adjusted_price.map(yuan),
            price_score: Some(scored.price_score.to_string()),
            total: Some(scored.total.to_string()),
            rank: Some(scored.rank),
            tied: scored.tied,
            working: Some(scored.working),
            excluded: None,
        }
    }
}

fn left_out(id: String, code: Exclusion, ceiling: &str) -> PreviewResult {
    let reason = match code {
        Exclusion::AboveCeiling => Say::new(
            format!("报价高于最高限价{ceiling}，在计算基准价之前否决"),
            format!("The price is above the ceiling {ceiling}; rejected before the benchmark"),
        ),
    };
    PreviewResult {
        id,
        adjusted_price: None,
        price_score: None,
        total: None,
        rank: None,
        tied: false,
        working: None,
        excluded: Some(Excluded { code, reason }),
    }
}

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(preview_evaluation);
}

/// 试算评分方法 Tries a scoring method on offers; public, keeps nothing.
#[utoipa::path(
    tag = "evaluation",
    operation_id = "previewEvaluation",
    request_body = PreviewRequest,
    responses(
        (status = 200, description = "Scores, order and arithmetic", body = Preview),
        Problems,
    )
)]
#[post("/api/v1/evaluation/preview")]
pub async fn preview_evaluation(body: Body<PreviewRequest>) -> Result<Reply, Problem> {
    Reply::ok(&preview(body.value)?)
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use serde_json::{Value, json};

    use super::*;
    use crate::platform::http::body::parse;

    /// The answer as JSON, or the pointers of what was wrong.
    fn ask(body: &Value) -> Result<Value, Vec<String>> {
        let text = body.to_string();
        let answer = parse::<PreviewRequest>(text.as_bytes()).map_err(Problem::from).and_then(preview);
        match answer {
            Ok(answer) => Ok(serde_json::to_value(answer).unwrap()),
            Err(Problem::Rejection(rejection)) => {
                assert_eq!(rejection.code.status(), 422);
                Err(rejection.errors.into_iter().map(|error| error.pointer).collect())
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[actix_web::test]
    async fn the_handler_answers_as_the_function() {
        let app = App::new().service(preview_evaluation);
        let app = actix_web::test::init_service(app).await;
        let request = actix_web::test::TestRequest::post()
            .uri("/api/v1/evaluation/preview")
            .set_json(works())
            .to_request();
        let said: Value = actix_web::test::call_and_read_body_json(&app, request).await;
        assert_eq!(Ok(said), ask(&works()));
    }

    fn works() -> Value {
        json!({
            "method": "engComprehensive",
            "parameters": {
                "benchmark": "trimmedMean", "ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1",
                "kBelow": "0.5", "scoreDecimals": 2
            },
            "offers": [
                {"id": "A", "price": "9500000.00"}, {"id": "B", "price": "9800000.00"},
                {"id": "C", "price": "9200000.00"}, {"id": "D", "price": "9650000.00"},
                {"id": "E", "price": "10000000.00"}, {"id": "F", "price": "10200000.01"}
            ]
        })
    }

    #[test]
    fn works_are_previewed_with_the_arithmetic_laid_open() {
        let said = ask(&works()).unwrap();
        assert_eq!(said["benchmark"], "9650000.00");
        assert_eq!(said["outcome"], "ranked");
        assert_eq!(
            said["results"][0],
            json!({"id": "D", "priceScore": "40.00", "total": "40.00", "rank": 1,
                   "working": "40 − 1 × 100 × (9650000.00 × 3 − 28950000.00) ÷ 28950000.00 = 40 → 40.00"})
        );
        assert_eq!(said["results"][1]["id"], "A");
        assert_eq!(said["results"][5]["excluded"]["code"], "aboveCeiling");
        assert!(said["results"][5].get("total").is_none());
        assert_eq!(
            said["workings"][0]["en"],
            "6 offers; 1 above the ceiling 10200000.00, rejected before the benchmark: F (10200000.01); 5 effective"
        );
        assert!(said["workings"].as_array().unwrap().iter().all(|line| line["zh"] != "" && line["en"] != ""));
    }

    #[test]
    fn a_purchase_is_previewed() {
        let said = ask(&json!({
            "method": "gpComprehensive", "parameters": {"priceWeight": "30"},
            "offers": [
                {"id": "A", "price": "1000000.00", "otherScore": "62.40"},
                {"id": "B", "price": "950000.00", "otherScore": "57.10"},
                {"id": "C", "price": "1100000.00", "deductionPercent": "10", "otherScore": "60.10"}
            ]
        }))
        .unwrap();
        assert_eq!(said["results"][1]["id"], "C");
        assert_eq!(said["results"][1]["adjustedPrice"], "990000.00");
        assert_eq!(said["results"][1]["priceScore"], "28.79");
        assert_eq!(said["results"][1]["total"], "88.89");
        assert_eq!(said["results"][1]["rank"], 2);
    }

    #[test]
    fn a_tie_is_shown_and_awaits_a_draw() {
        let mut body = works();
        body["offers"] =
            json!([{"id": "x", "price": "1"}, {"id": "y", "price": "1.00"}, {"id": "z", "price": "2"}]);
        let said = ask(&body).unwrap();
        assert_eq!(said["outcome"], "drawNeeded");
        assert_eq!((&said["results"][1]["rank"], &said["results"][1]["tied"]), (&json!(1), &json!(true)));
        assert_eq!(said["results"][2]["rank"], 3);
    }

    #[test]
    fn each_wrong_place_has_its_pointer() {
        type Change = fn(&mut Value);
        let cases: [(&str, Change); 14] = [
            ("/method", |it| it["method"] = json!("lowest")),
            ("/parameters/kAbove", |it| it["parameters"]["kAbove"] = json!(1)),
            ("/parameters/fullMarks", |it| it["parameters"]["fullMarks"] = json!("0")),
            ("/parameters/scoreDecimals", |it| it["parameters"]["scoreDecimals"] = json!(1)),
            ("/parameters/priceWeight", |it| it["parameters"]["priceWeight"] = json!("30")),
            ("/parameters/benchmark", |it| it["parameters"]["benchmark"] = json!("median")),
            ("/parameters", |it| it["parameters"] = json!({})),
            ("/parameters", |it| it["parameters"] = json!("none")),
            ("/offers", |it| it["offers"] = json!([])),
            ("/offers/1/id", |it| it["offers"][1]["id"] = json!("A")),
            ("/offers/2/price", |it| it["offers"][2]["price"] = json!(9200000)),
            ("/offers/2/price", |it| it["offers"][2]["price"] = json!("9.2e6")),
            ("/offers/3/colour", |it| it["offers"][3]["colour"] = json!("red")),
            ("/surprise", |it| it["surprise"] = json!(1)),
        ];
        for (pointer, change) in cases {
            let mut body = works();
            change(&mut body);
            assert_eq!(ask(&body).unwrap_err(), [pointer]);
        }
    }

    #[test]
    fn five_thousand_offers_are_scored_and_one_more_is_refused() {
        let offers = |count: usize| -> Value {
            (0..count)
                .map(|at| json!({"id": at.to_string(), "price": format!("{}", 9_000_000 + at)}))
                .collect()
        };
        let mut body = works();
        body["offers"] = offers(5000);
        assert_eq!(ask(&body).unwrap()["results"].as_array().unwrap().len(), 5000);
        body["offers"] = offers(5001);
        assert_eq!(ask(&body).unwrap_err(), ["/offers"]);
    }
}
