//! 保证金 What the law lets a document ask for (rules C.10): a bid deposit over the estimate or the budget, a performance
//! bond over the price of the contract.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{LegalGround, Problem, Rejection, Say, money::Amount},
    law::{Cap, Law, Object},
    scoring::{method::Method, score::Offer},
};

/// Asks for the highest bid deposit 投标保证金 and performance bonds 履约保证金; needs the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecuritiesTest {
    /// Estimate of the tender 招标项目估算价 or budget of the purchase 采购项目预算金额, in yuan.
    pub base: Amount,
    /// Deposit that the document would ask for, in yuan; refused above the cap.
    #[serde(default)]
    pub deposit: Option<Amount>,
}

/// The highest amount of a security.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityCap {
    /// In yuan, cut to the fen.
    pub most: String,
    /// The rule that decides.
    pub ground: LegalGround,
    /// The arithmetic, every cap with its rule.
    pub working: String,
}

/// The highest performance bond, should this offer win.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BondCap {
    /// The offer's id.
    pub id: String,
    /// Over its quote, or its correction: the price of the contract.
    #[serde(flatten)]
    pub cap: SecurityCap,
}

/// What the law of the project's day allows; absent and empty where it knows no cap yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecuritiesAnswer {
    /// Of the bid deposit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deposit: Option<SecurityCap>,
    /// Of the performance bond, offer by offer.
    pub bonds: Vec<BondCap>,
}

/// Rules that cap the deposit, and the one that caps the bond, by what is bought under which law.
const fn rules(works: bool, object: Object) -> (&'static [&'static str], &'static [&'static str]) {
    match (works, object) {
        (false, _) => (&["GP-6"], &["GP-8"]),
        (true, Object::Works) => (&["ENG-9", "ENG-10/works"], &["ENG-31"]),
        (true, Object::Goods) => (&["ENG-9", "ENG-10/goods"], &["ENG-31"]),
        (true, Object::Services) => (&["ENG-9", "ENG-10/design"], &["ENG-31"]),
    }
}

pub(super) fn securities(
    law: &Law,
    on: NaiveDate,
    object: Option<Object>,
    method: &Method,
    test: SecuritiesTest,
    offers: &[Offer],
) -> Result<SecuritiesAnswer, Problem> {
    let Some(object) = object else {
        let detail = Say::new("保证金须有项目对象和日期", "securities need the project's object and day");
        return Err(Rejection::at("/project", "required", detail).into());
    };
    let (deposit, bond) = rules(method.is_for_works(), object);
    let most = cap(law, on, deposit, test.base)?;
    if let (Some(asked), Some(most)) = (test.deposit, &most)
        && asked.value() > law.lowest_cap(&in_force(law, on, deposit), test.base.value(), on)?.0
    {
        let (source, article) = (&most.ground.source, most.ground.article.as_deref().unwrap_or_default());
        let detail = Say::new(
            format!("投标保证金不得超过{}元（{source} {article}）", most.most),
            format!("the deposit may not exceed {} ({source} {article})", most.most),
        );
        return Err(Rejection::at("/securities/deposit", "invalid", detail).into());
    }
    let mut bonds = Vec::new();
    for offer in offers {
        let own = cap(law, on, bond, offer.price)?;
        bonds.extend(own.map(|cap| BondCap { id: offer.id.clone(), cap }));
    }
    Ok(SecuritiesAnswer { deposit: most, bonds })
}

fn in_force(law: &Law, on: NaiveDate, keys: &[&str]) -> Vec<String> {
    keys.iter().filter(|key| law.rule(key, on).is_ok()).map(|key| (*key).to_owned()).collect()
}

fn cap(law: &Law, on: NaiveDate, keys: &[&str], base: Amount) -> Result<Option<SecurityCap>, Problem> {
    let keys = in_force(law, on, keys);
    if keys.is_empty() {
        return Ok(None);
    }
    let (most, ground) = law.lowest_cap(&keys, base.value(), on)?;
    let mut caps = Vec::new();
    for key in &keys {
        caps.push(match law.cap(key, on)? {
            Cap::Percent(percent) => format!("{base} × {percent}% ({key})"),
            Cap::Yuan(yuan) => format!("{yuan:.2} ({key})"),
        });
    }
    let all = caps.join(", ");
    let working = if caps.len() == 1 { all } else { format!("min({all})") };
    Ok(Some(SecurityCap { most: format!("{most:.2}"), ground, working: format!("{working} = {most:.2}") }))
}
