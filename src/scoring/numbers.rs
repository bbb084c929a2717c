//! How many: candidates that an order names, effective offers it wants, suppliers a framework eliminates at least. By
//! method and day; none of them is written here.

use chrono::NaiveDate;

use super::method::{Method, MethodText};
use crate::{kernel::Problem, law::Law};

/// What law or setting says of a method on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Places that matter: a tie among them awaits a draw.
    pub candidates: usize,
    /// Fewest bidders with an effective offer; 1 where no law of the day wants more.
    pub least: usize,
    /// Fewest suppliers that a framework's first stage eliminates.
    pub least_eliminated: usize,
}

impl Numbers {
    /// Reads the numbers. A rule that the edition does not hold, or that is not in force on `on`, asks for nothing.
    ///
    /// # Errors
    /// A rule of that name that is no number, which is a fault of the edition.
    pub fn of(law: &Law, on: NaiveDate, method: &Method) -> Result<Self, Problem> {
        let number = |key: Option<&str>| -> Result<Option<usize>, Problem> {
            let Some(key) = key else { return Ok(None) };
            let found = law.number_if_any(key, on)?;
            found.map(usize::try_from).transpose().map_err(Problem::internal)
        };
        let (candidates, least) = keys(method);
        let most = usize::try_from(law.settings().report_candidates).map_err(Problem::internal)?;
        let framework = matches!(method.text(), MethodText::FrameworkEntry(_));
        let one = matches!(method.text(), MethodText::FrameworkSecondRound(_));
        Ok(Self {
            candidates: if one { 1 } else { number(candidates)?.unwrap_or(most) },
            least: number(least)?.unwrap_or(1),
            least_eliminated: number(framework.then_some("GPF-1/leastEliminated"))?.unwrap_or_default(),
        })
    }
}

/// Rules that fix the candidates and the fewest effective offers.
fn keys(method: &Method) -> (Option<&'static str>, Option<&'static str>) {
    match method.text() {
        MethodText::EngComprehensive(_) | MethodText::EngLowestEvaluated(_) => {
            (Some("ENG-24"), Some("ENG-17"))
        }
        MethodText::GpComprehensive(_) | MethodText::GpLowestPrice(_) => (None, Some("GPB-12")),
        MethodText::GpConsultation(it) => {
            (Some("GPC-3/candidates"), Some(if it.two_suffice { "GPC-3/offersTwo" } else { "GPC-3/offers" }))
        }
        MethodText::Negotiation(it) => {
            (Some("GPN-4/candidates"), Some(if it.two_suffice { "GPN-4/offersTwo" } else { "GPN-4/offers" }))
        }
        MethodText::Inquiry(_) => (Some("GPN-4/candidates"), Some("GPN-6")),
        MethodText::FrameworkEntry(_) => (None, Some("GPF-1/compliant")),
        MethodText::FrameworkSecondRound(_) => (None, None),
    }
}

#[cfg(test)]
pub(in crate::scoring) mod tests {
    use std::sync::LazyLock;

    use serde_json::json;

    use super::*;
    use crate::platform::policy_file::PolicySource;

    static LAW: LazyLock<Law> = LazyLock::new(|| Law::load(&PolicySource::BuiltIn).unwrap());

    /// The numbers of the built-in law in 2026.
    pub(in crate::scoring) fn lawful(method: &Method) -> Numbers {
        Numbers::of(&LAW, "2026-02-24".parse().unwrap(), method).unwrap()
    }

    #[test]
    fn every_number_is_the_laws() {
        let numbers = |name: &str, parameters: serde_json::Value| {
            let method = Method::read(json!({"method": name, "parameters": parameters}), "").unwrap();
            let Numbers { candidates, least, least_eliminated } = lawful(&method);
            (candidates, least, least_eliminated)
        };
        assert_eq!(numbers("engLowestEvaluated", json!({})), (3, 3, 0));
        assert_eq!(numbers("gpLowestPrice", json!({})), (3, 3, 0));
        assert_eq!(numbers("negotiation", json!({})), (3, 3, 0));
        assert_eq!(numbers("negotiation", json!({"twoSuffice": true})), (3, 2, 0));
        assert_eq!(numbers("gpConsultation", json!({"priceWeight": "30", "twoSuffice": true})), (3, 2, 0));
        assert_eq!(numbers("frameworkSecondRound", json!({})), (1, 1, 0));
        let entry = json!({"order": "priceFirst", "eliminatedPercent": "20"});
        assert_eq!(numbers("frameworkEntry", entry), (3, 2, 1));
    }

    #[test]
    fn what_no_law_of_the_day_wants_is_not_asked() {
        let method = Method::read(json!({"method": "negotiation", "parameters": {}}), "").unwrap();
        let before = Numbers::of(&LAW, "2013-12-31".parse().unwrap(), &method).unwrap();
        assert_eq!(before.least, 1, "令74 is in force from 2014-02-01 on");
    }
}
