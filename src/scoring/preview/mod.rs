//! What a buyer tries a scoring rule on before publishing it: `POST /api/v1/evaluation/preview`.
//!
//! Public, keeps nothing: the same [`score`](super::score::score) that real evaluations use, put into strings, after
//! the corrections and preferences that a committee and a document would add to the bare offers.

mod answer;
mod run;
mod securities;

pub use answer::{Excluded, LowPriceAnswer, Preference, Preview, PreviewResult};
pub use run::preview;
pub use securities::{BondCap, SecuritiesAnswer, SecuritiesTest, SecurityCap};

use actix_web::{get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{AllOfBuilder, Ref, RefOr, Schema},
};

use super::{
    catalogue::{MethodsAnswer, methods},
    corrections::Statement,
    low_price::Lines,
    method::{Marks, MethodText},
    policy::{Declaration, Preferences},
    score::Deviation,
};
use crate::{
    kernel::{
        Problem,
        money::Amount,
        time::{self, hall_date},
    },
    law::{Lawbook, Object as Bought},
    platform::{
        db::{Db, read_hall_now},
        http::{Body, DayQuery, Problems, Reply},
    },
};

/// A made-up offer.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewOffer {
    /// Unique within one call; 1 to 100 characters.
    pub id: String,
    /// Quote in yuan, above 0: of a purchase that of the opening list 开标一览表. The contract and ties go by it or by
    /// its correction, never by the adjusted price.
    pub price: Amount,
    /// What else the bid says of its price; the answer says which figure counts.
    #[serde(default)]
    pub statement: Option<Statement>,
    /// What the bidder declares, for the preferences of the call.
    #[serde(default)]
    pub declaration: Option<Declaration>,
    /// Policy deduction in percent, 0 up to but not including 100 (EV-2a), where no preferences are given; methods that
    /// take something off the price.
    #[serde(default)]
    pub deduction_percent: Option<Marks>,
    /// Policy addition to the price score in percent of it (EV-2d), where no preferences are given;
    /// `engComprehensive`.
    #[serde(default)]
    pub addition_percent: Option<Marks>,
    /// Sum of the stored scores of all other items; absent = 0. Methods that score.
    #[serde(default)]
    pub other_score: Option<Marks>,
    /// The technical part of it, or alone where nothing else is scored; methods whose ties it parts.
    #[serde(default)]
    pub technical_score: Option<Marks>,
    /// Quality score; `frameworkEntry` by quality needs it.
    #[serde(default)]
    pub quality_score: Option<Marks>,
    /// Quantified deviations; `engLowestEvaluated`.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub deviations: Option<Vec<Deviation>>,
    /// Whether the committee found the bid below the bidder's own cost; `engLowestEvaluated`.
    #[serde(default)]
    pub below_cost: Option<bool>,
    /// The supplier's own price of the agreement in yuan; `frameworkSecondRound` needs it.
    #[serde(default)]
    pub agreement_price: Option<Amount>,
    /// Brand of the core product, 1 to 100 characters: offers of one brand count as one bidder (GPB-14);
    /// `gpComprehensive` and `gpLowestPrice`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub brand: Option<String>,
}

/// The project a rule is tried for: by it and the day the law bounds weights and preferences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriedProject {
    /// What is bought.
    pub object: Bought,
    /// Day of the first notice; by hall time today where it is left out.
    #[serde(default, deserialize_with = "time::read_some")]
    pub on: Option<NaiveDate>,
}

/// Asks for the abnormally-low check 异常低价; purchases only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LowPriceTest {
    /// Lines that the document raises; absent = the law's.
    #[serde(default)]
    pub lines: Option<Lines>,
    /// Highest price or budget in yuan; absent = the method's ceiling.
    #[serde(default)]
    pub most: Option<Amount>,
}

/// What every method is tried with, beside its name and parameters.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the JSON; PreviewRequest reads it")]
struct PreviewBody {
    /// 1 to 5000 offers with unique ids.
    #[schema(min_items = 1, max_items = 5000)]
    offers: Vec<PreviewOffer>,
    /// The project; absent = no law bounds the weight, so that a price factor can be tried alone.
    project: Option<TriedProject>,
    /// Preferences the document grants; they need the project.
    preferences: Option<Preferences>,
    /// Asks for the abnormally-low check.
    low_price: Option<LowPriceTest>,
    /// Asks for the caps of deposit and bond; they need the project.
    securities: Option<SecuritiesTest>,
}

/// A method and offers to try it on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewRequest {
    /// Name of the method.
    pub method: serde_json::Value,
    /// Its parameters.
    pub parameters: serde_json::Value,
    /// The offers.
    pub offers: Vec<PreviewOffer>,
    /// The project.
    #[serde(default)]
    pub project: Option<TriedProject>,
    /// Preferences the document grants.
    #[serde(default)]
    pub preferences: Option<Preferences>,
    /// Asks for the abnormally-low check.
    #[serde(default)]
    pub low_price: Option<LowPriceTest>,
    /// Asks for the caps of deposit and bond.
    #[serde(default)]
    pub securities: Option<SecuritiesTest>,
}

impl PartialSchema for PreviewRequest {
    fn schema() -> RefOr<Schema> {
        AllOfBuilder::new()
            .item(Ref::from_schema_name(MethodText::name()))
            .item(Ref::from_schema_name(PreviewBody::name()))
            .description(Some("A method by name with its parameters, and offers to try it on."))
            .into()
    }
}

impl ToSchema for PreviewRequest {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((MethodText::name().into_owned(), MethodText::schema()));
        MethodText::schemas(schemas);
        schemas.push((PreviewBody::name().into_owned(), PreviewBody::schema()));
        PreviewBody::schemas(schemas);
    }
}

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(preview_evaluation).service(evaluation_methods);
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
pub async fn preview_evaluation(
    law: web::Data<Lawbook>,
    db: web::Data<Db>,
    body: Body<PreviewRequest>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let today = hall_date(read_hall_now(&mut conn).await?);
    let law = law.in_force(&mut conn).await?;
    drop(conn);
    Reply::ok(&preview(&law, today, body.value)?)
}

/// 评标方法目录 Every evaluation method: what it is for, what law fixes of it and what the document chooses, its
/// parameters, and an example that can be sent to the preview as it stands.
#[utoipa::path(tag = "evaluation", params(DayQuery),
    responses((status = 200, description = "The methods", body = MethodsAnswer), Problems))]
#[get("/api/v1/evaluation/methods")]
pub async fn evaluation_methods(
    query: web::Query<DayQuery>,
    law: web::Data<Lawbook>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let on = query.day(&mut conn).await?;
    Reply::ok(&methods(&*law.in_force(&mut conn).await?, on)?)
}

/// Name of an evaluation method on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum MethodName {
    /// 综合评估法(工程)
    EngComprehensive,
    /// 经评审的最低投标价法(工程)
    EngLowestEvaluated,
    /// 综合评分法(政府采购)
    GpComprehensive,
    /// 竞争性磋商综合评分法(政府采购)
    GpConsultation,
    /// 最低评标价法(政府采购)
    GpLowestPrice,
    /// 竞争性谈判(政府采购)
    Negotiation,
    /// 询价(政府采购)
    Inquiry,
    /// 框架协议第一阶段入围
    FrameworkEntry,
    /// 框架协议第二阶段二次竞价
    FrameworkSecondRound,
}

#[cfg(test)]
mod by_law;
#[cfg(test)]
mod tests;
