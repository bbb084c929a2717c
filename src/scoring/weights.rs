//! How much the price must and may weigh, by law and day (令87 art 55, 财库〔2014〕214号 art 24).

use chrono::NaiveDate;

use super::{
    bands::Band,
    complaints::Complaints,
    method::{Marks, Method, MethodText},
};
use crate::{
    kernel::Problem,
    law::{Law, Object},
};

/// Checks the weight of the price that a method gives for `object`, where law bounds it.
///
/// # Errors
/// 422 below `at`, which is the pointer of the method, naming instrument and article.
pub fn check(law: &Law, on: NaiveDate, object: Object, method: &Method, at: &str) -> Result<(), Problem> {
    let mut wrong = Complaints::new(format!("{at}/parameters"));
    if let Some((weight, rules)) = weighed(method)
        && let Some((least, most)) = keys(rules, object)
    {
        Band::of(law, &least, &most, on)?.check("priceWeight", weight, &mut wrong);
    }
    Ok(wrong.or(())?)
}

fn weighed(method: &Method) -> Option<(Marks, &'static str)> {
    match method.text() {
        MethodText::GpComprehensive(it) => Some((it.price_weight, "C.1")),
        MethodText::GpConsultation(it) => Some((it.price_weight, "GPC-4")),
        _ => None,
    }
}

/// Works bought by purchasing methods have no band of their own.
fn keys(rules: &str, object: Object) -> Option<(String, String)> {
    let object = match object {
        Object::Works => return None,
        Object::Goods => "goods",
        Object::Services => "services",
    };
    Some((format!("{rules}/{object}Least"), format!("{rules}/{object}Most")))
}
