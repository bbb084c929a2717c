//! Anybody may ask where a project would have to trade, and what the catalogue holds.

use actix_web::{get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Jurisdiction, Jurisdictions,
    codes::{ForeignAmount, Quote},
    model::{
        CatalogueEdition, Category, Level, OtherPhase, RegionKind, VenueDecision, VenueQuestion,
        VoluntaryEntry,
    },
    rules,
};
use crate::{
    kernel::{
        Area, Problem, RegionCode, Rejection, Say,
        codes::{CurrencyCode, TradeClass},
        money::Amount,
        time::{self, hall_date},
    },
    law::Regime,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, DayQuery, Problems, Reply},
    },
};

/// A project as somebody imagines it. Amounts are plain yuan, areas square metres, both as strings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "regionCode": "152527", "level": "county", "category": "engineering",
    "investment": "20000000.00", "floorArea": "3000.00", "acceptedOn": "2026-02-09"
}))]
pub struct VenuePreview {
    /// Region of the project.
    pub region_code: RegionCode,
    /// `league` for a project of the league itself, `county` for one of a banner, city, county or area.
    pub level: Level,
    /// Class of the catalogue.
    pub category: Category,
    /// Code of the catalogue item; absent means an item of `category` that is in the catalogue, `none` that the
    /// project is outside it.
    pub catalogue_item: Option<String>,
    /// Class of 公共资源交易分类, such as `A02`; tells mineral rights from land.
    pub industry_code: Option<TradeClass>,
    /// Under which law works are procured (AMB-6): `tendering` compares investment and floor area only,
    /// `procurement` the budget only; absent means that of `category`.
    pub regime: Option<Regime>,
    /// Total approved investment; required for engineering.
    pub investment: Option<Amount>,
    /// Total floor area; absent for works that are no building, and then RT-2 is not evaluated.
    pub floor_area: Option<Area>,
    /// Budget; required for procurement.
    pub budget: Option<Amount>,
    /// The compared figure, where it was approved in a foreign currency (AMB-1).
    pub foreign: Option<ForeignAmount>,
    /// Further phases of the project; those without an approval of their own count with it (AMB-9).
    #[serde(default)]
    #[schema(max_items = 50)]
    pub other_phases: Vec<OtherPhase>,
    /// The purchaser's choice to trade where it need not (RT-9, RT-10).
    pub voluntary: Option<VoluntaryEntry>,
    /// Day on which the centre accepts the registration; absent means today in the hall.
    #[serde(default, deserialize_with = "time::read_some")]
    pub accepted_on: Option<NaiveDate>,
}

impl From<VenuePreview> for VenueQuestion {
    fn from(asked: VenuePreview) -> Self {
        Self {
            catalogue_item: asked.catalogue_item,
            industry_code: asked.industry_code,
            regime: asked.regime,
            investment: asked.investment,
            floor_area: asked.floor_area,
            budget: asked.budget,
            foreign: asked.foreign,
            other_phases: asked.other_phases,
            voluntary: asked.voluntary,
            accepted_on: asked.accepted_on,
            ..Self::new(asked.region_code, asked.level, asked.category)
        }
    }
}

/// The answer to a preview; keeps nothing. `today` is the hall's day.
///
/// # Errors
/// As [`rules::decide`].
pub fn preview(
    jurisdiction: &Jurisdiction,
    asked: VenuePreview,
    today: NaiveDate,
) -> Result<VenueDecision, Problem> {
    Ok(rules::decide(jurisdiction, &asked.into(), today)?)
}

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(read_catalogue).service(read_codes).service(preview_venue);
}

/// One item of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct ItemView {
    /// What a project's registration names.
    code: String,
    /// Its class.
    category: Category,
    /// Its name.
    name: Say,
    /// Where the item comes from; `sample` where the published catalogue names none.
    source: String,
}

/// The edition of the catalogue in force on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CatalogueAnswer {
    /// Name of the edition, such as `2014-02`.
    edition: String,
    /// First day in force.
    effective_from: NaiveDate,
    /// Last day in force; absent while no end is known.
    effective_to: Option<NaiveDate>,
    /// Its items, in order.
    items: Vec<ItemView>,
}

impl From<&CatalogueEdition> for CatalogueAnswer {
    fn from(edition: &CatalogueEdition) -> Self {
        let item = |item: &super::model::CatalogueItem| ItemView {
            code: item.code.clone(),
            category: item.category,
            name: item.name.clone(),
            source: item.source.clone(),
        };
        Self {
            edition: edition.edition.clone(),
            effective_from: edition.in_force.from,
            effective_to: edition.in_force.to,
            items: edition.items.iter().map(item).collect(),
        }
    }
}

/// The catalogue 公共资源交易目录 in force on a day: what must trade at a centre at all (RT-9).
#[utoipa::path(tag = "jurisdiction", params(DayQuery),
    responses((status = 200, description = "The edition and its items", body = CatalogueAnswer), Problems))]
#[get("/api/v1/catalogue")]
async fn read_catalogue(
    query: web::Query<DayQuery>,
    jurisdiction: web::Data<Jurisdictions>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let on = query.day(&mut conn).await?;
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    let edition = jurisdiction.catalogue_on(on).ok_or_else(Rejection::not_found)?;
    Reply::ok(&CatalogueAnswer::from(edition))
}

/// A table of codes with the edition of its standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodeTableView<T> {
    /// The standard.
    standard: String,
    /// Its edition.
    std_version: String,
    /// Its codes, in order.
    codes: Vec<T>,
}

/// A division, and whether the standard has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RegionCodeView {
    /// Six digits.
    code: RegionCode,
    /// Its name.
    name: Say,
    /// What it is.
    kind: RegionKind,
    /// `false` for a statistical code that stands outside the standard.
    in_standard: bool,
}

/// A class of 公共资源交易分类.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct TradeClassView {
    /// Three characters.
    code: TradeClass,
    /// Its class in the catalogue.
    category: Category,
    /// Its name.
    name: Say,
    /// Stands for a project of the category that names no class.
    other: bool,
}

/// A currency with a published central parity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct CurrencyView {
    /// Three letters.
    code: CurrencyCode,
    /// Three digits.
    number: String,
    /// How its parity is written.
    quote: Quote,
    /// Its name.
    name: Say,
}

/// The code tables in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodesAnswer {
    /// Trading regions.
    regions: CodeTableView<RegionCodeView>,
    /// Classes of what is traded.
    trade_classes: CodeTableView<TradeClassView>,
    /// Currencies that amounts may be approved in besides yuan.
    currencies: CodeTableView<CurrencyView>,
}

impl From<&Jurisdiction> for CodesAnswer {
    fn from(hall: &Jurisdiction) -> Self {
        let (standard, version) = hall.region_standard();
        let regions = hall.regions().iter().map(|region| RegionCodeView {
            code: region.code.clone(),
            name: region.name.clone(),
            kind: region.kind,
            in_standard: region.kind != RegionKind::ManagementArea,
        });
        let (classes, currencies) = (hall.classes(), hall.currencies());
        let class_views = classes.codes.iter().map(|class| TradeClassView {
            code: class.code.clone(),
            category: class.category,
            name: class.name.clone(),
            other: class.other,
        });
        let currency_views = currencies.codes.iter().map(|currency| CurrencyView {
            code: currency.code.clone(),
            number: currency.number.clone(),
            quote: currency.quote,
            name: currency.name.clone(),
        });
        Self {
            regions: table(standard, version, regions.collect()),
            trade_classes: table(&classes.standard, &classes.std_version, class_views.collect()),
            currencies: table(&currencies.standard, &currencies.std_version, currency_views.collect()),
        }
    }
}

fn table<T>(standard: &str, std_version: &str, codes: Vec<T>) -> CodeTableView<T> {
    CodeTableView { standard: standard.to_owned(), std_version: std_version.to_owned(), codes }
}

/// The tables of codes in use, each with the edition of its standard.
#[utoipa::path(tag = "jurisdiction",
    responses((status = 200, description = "The tables", body = CodesAnswer), Problems))]
#[get("/api/v1/codes")]
async fn read_codes(jurisdictions: web::Data<Jurisdictions>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let hall = jurisdictions.in_force(&mut *db.read().await?).await?;
    Reply::ok(&CodesAnswer::from(hall.as_ref()))
}

/// Where a project would have to trade, with every rule that held and its arithmetic. Public; keeps nothing.
#[utoipa::path(
    tag = "jurisdiction",
    request_body = VenuePreview,
    responses(
        (status = 200, description = "The decision", body = VenueDecision),
        Problems,
    )
)]
#[post("/api/v1/venue-decisions/preview")]
pub async fn preview_venue(
    jurisdiction: web::Data<Jurisdictions>,
    db: web::Data<Db>,
    body: Body<VenuePreview>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let today = match body.value.accepted_on {
        Some(day) => day,
        None => hall_date(read_hall_now(&mut conn).await?),
    };
    let jurisdiction = jurisdiction.in_force(&mut conn).await?;
    Reply::ok(&preview(&jurisdiction, body.value, today)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        kernel::{Code, Rejection},
        platform::{http::body::parse, policy_file::PolicySource},
    };

    fn ask(body: &Value) -> Result<Value, Rejection> {
        let hall = Jurisdiction::load(&PolicySource::BuiltIn).unwrap();
        let asked = parse(body.to_string().as_bytes())?;
        match preview(&hall, asked, "2026-02-09".parse().unwrap()) {
            Ok(decision) => Ok(serde_json::to_value(decision).unwrap()),
            Err(Problem::Rejection(rejection)) => Err(rejection),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_answer_has_the_names_of_the_contract() {
        let answer = ask(&json!({
            "regionCode": "152527", "level": "county", "category": "engineering",
            "investment": "20000000.00", "floorArea": "10000", "acceptedOn": "2015-06-01"
        }))
        .unwrap();
        let mut names: Vec<&String> = answer.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["centreCode", "fired", "reasons", "ruleId", "scope", "tableVersion"]);
        assert_eq!(answer["scope"], "league");
        assert_eq!(answer["centreCode"], "152500");
        assert_eq!(answer["ruleId"], "RT-1");
        assert_eq!(answer["fired"], json!(["RT-1", "RT-2"]));
        assert!(answer["reasons"][0]["zh"].is_string() && answer["reasons"][0]["en"].is_string());
    }

    #[test]
    fn nothing_required_has_no_centre() {
        let answer = ask(&json!({
            "regionCode": "152527", "level": "county", "category": "landMineral", "catalogueItem": "none"
        }))
        .unwrap();
        assert_eq!((&answer["scope"], &answer["centreCode"]), (&json!("notRequired"), &Value::Null));
    }

    #[test]
    fn unusable_bodies_are_pointed_at() {
        let base = json!({
            "regionCode": "152527", "level": "county", "category": "engineering", "investment": "20000000.00"
        });
        assert!(ask(&base).is_ok());
        for (member, value, pointer) in [
            ("investment", json!(20000000), "/investment"),
            ("investment", json!("2e7"), "/investment"),
            ("investment", json!("1.001"), "/investment"),
            ("floorArea", json!("-1"), "/floorArea"),
            ("regionCode", json!("1525"), "/regionCode"),
            ("regionCode", json!("110000"), "/regionCode"),
            ("regionCode", json!("152500"), "/level"),
            ("level", json!("province"), "/level"),
            ("category", json!("works"), "/category"),
            ("acceptedOn", json!("2015-02-30"), "/acceptedOn"),
            ("acceptedOn", json!("2013-12-31"), "/acceptedOn"),
            ("catalogueItem", json!("ENG-0005"), "/catalogueItem"),
            ("colour", json!("red"), "/colour"),
        ] {
            let mut body = base.clone();
            body[member] = value.clone();
            let rejection = ask(&body).expect_err(member);
            assert_eq!(rejection.code, Code::InvalidRequest, "{member} {value}");
            assert_eq!(rejection.errors[0].pointer, pointer, "{member} {value}");
        }
    }
}
