//! The page on which a buyer tries an evaluation rule on made-up offers: `/evaluation`.
//!
//! Pure. What was typed goes to the same preview as the API's; this page only writes it down as the API wants it and
//! brings each complaint back to its field. An address holds the whole trial, so that it can be sent to a colleague.

mod answer;
mod form;
mod request;

use std::collections::BTreeMap;

use answer::answer;
use chrono::NaiveDate;
use form::{Form, of_example};

use super::{reader::Reader, view::Choice};
use crate::{
    kernel::Problem,
    law::Law,
    scoring::{
        catalogue::{MethodView, methods},
        preview::preview,
    },
};

/// Rows a new trial shows, and one asked to have more gets at most.
const ROWS: usize = 5;
const MOST_ROWS: usize = 30;

/// What was typed, by the name of its field.
pub type Typed = BTreeMap<String, String>;

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One of these.
    Choice(Vec<Choice>),
    /// Yes or no.
    Tick,
    /// Text; a number where it is `numeric`.
    Text {
        /// Whether a phone should show digits.
        numeric: bool,
    },
}

/// One field of the form.
#[derive(Debug, Clone)]
pub struct Field {
    /// Name and id.
    pub name: String,
    /// Label.
    pub label: String,
    /// Which values are taken.
    pub hint: String,
    /// How it is filled in.
    pub kind: Kind,
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub note: Option<String>,
}

/// One offer's fields.
#[derive(Debug, Clone)]
pub struct Row {
    /// Number from 1.
    pub number: usize,
    /// Its fields, in the order of the heads.
    pub fields: Vec<Field>,
    /// What is wrong with it as a whole.
    pub note: Option<String>,
}

/// One line of the answer.
#[derive(Debug, Clone)]
pub struct Place {
    /// Rank, or nothing for an offer left out.
    pub rank: String,
    /// The offer's id.
    pub id: String,
    /// Price by which it is compared.
    pub adjusted: String,
    /// Price score.
    pub score: String,
    /// Total.
    pub total: String,
    /// The arithmetic, or why it is left out.
    pub working: Vec<String>,
    /// Whether it leads.
    pub leads: bool,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the order means.
    pub outcome: String,
    /// Benchmark in yuan.
    pub benchmark: Option<String>,
    /// Best first, then those left out.
    pub places: Vec<Place>,
    /// Whether anything is scored.
    pub scored: bool,
    /// The arithmetic of the whole, line by line.
    pub workings: Vec<String>,
}

/// `/evaluation`.
#[derive(Debug, Clone)]
pub struct TrialView {
    /// All methods.
    pub methods: Vec<Choice>,
    /// The method's name.
    pub method: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// What the document chooses.
    pub chosen: String,
    /// The rules of law it stands on: name, number, ground.
    pub rules: Vec<(String, String, String)>,
    /// Unit in which amounts are typed.
    pub wan: bool,
    /// Parameters.
    pub parameters: Vec<Field>,
    /// Project and preferences.
    pub policy: Vec<Field>,
    /// Heads of the columns of offers.
    pub heads: Vec<String>,
    /// Offers.
    pub rows: Vec<Row>,
    /// Rows after "more".
    pub more: usize,
    /// What is wrong with the whole.
    pub note: Option<String>,
    /// The answer, once asked.
    pub answer: Option<Answer>,
}

/// Lays the form out, and answers it where it was sent.
///
/// # Errors
/// A fault where the catalogue of methods cannot be read.
pub fn trial_view(law: &Law, today: NaiveDate, sent: &Typed, reader: &Reader) -> Result<TrialView, Problem> {
    let all = methods(law, today)?.methods;
    let wanted = sent.get("method").map(String::as_str).unwrap_or_default();
    let method = all.iter().find(|one| wire(one) == wanted).or(all.first());
    let method = method.ok_or_else(|| Problem::internal(anyhow::anyhow!("no evaluation method")))?;
    let asked = sent.contains_key("ask");
    let typed = if asked || sent.contains_key("rows") { sent.clone() } else { of_example(&method.example) };
    let form = Form { method, typed: &typed, reader };
    let mut view = form.view(&all);
    if asked {
        match form.request().map_err(Problem::from).and_then(|request| preview(law, today, request)) {
            Ok(found) => view.answer = Some(answer(&found, reader)),
            Err(Problem::Rejection(wrong)) => form.note(&mut view, &wrong),
            Err(Problem::Refusal(no)) => view.note = Some(reader.says(&no.detail)),
            Err(fault) => return Err(fault),
        }
    }
    Ok(view)
}

fn wire(method: &MethodView) -> String {
    serde_json::to_value(method.name)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kernel::say::Language, platform::policy_file::PolicySource, portal::sample};

    fn view(typed: &Typed) -> TrialView {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let reader = sample::reader(Language::En, "/evaluation");
        trial_view(&law, "2026-03-02".parse().unwrap(), typed, &reader).unwrap()
    }

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The form of `method` as its first visit shows it, sent.
    fn sent(method: &str) -> Typed {
        let shown = view(&typed(&[("method", method)]));
        let fields =
            shown.parameters.iter().chain(&shown.policy).chain(shown.rows.iter().flat_map(|row| &row.fields));
        let filled = fields.filter(|field| !field.value.is_empty());
        let mut all: Typed = filled.map(|field| (field.name.clone(), field.value.clone())).collect();
        all.extend(typed(&[("method", method), ("ask", "1")]));
        all
    }

    #[test]
    fn every_method_answers_its_own_example_as_the_form_shows_it() {
        let first = view(&Typed::new());
        assert_eq!(first.methods.len(), 9);
        for method in &first.methods {
            let answered = view(&sent(&method.value));
            assert!(answered.note.is_none(), "{}: {:?}", method.value, answered.note);
            let answer = answered.answer.unwrap();
            assert!(!answer.places.is_empty() && !answer.workings.is_empty(), "{}", method.value);
        }
        let purchase = view(&sent("gpComprehensive")).answer.unwrap();
        let line = |at: usize| (purchase.places[at].id.as_str(), purchase.places[at].total.as_str());
        assert_eq!((line(0), line(1), line(2)), (("A", "90.90"), ("C", "88.89"), ("B", "87.10")));
    }

    #[test]
    fn amounts_may_be_typed_in_wan() {
        let mut form = sent("frameworkSecondRound");
        form.extend(typed(&[("unit", "wan"), ("o1.price", "0.0095"), ("o1.agreementPrice", "0.01")]));
        let answer = view(&form).answer.unwrap();
        assert!(answer.places.iter().any(|place| place.working.join(" ").contains("95.00")), "{answer:?}");
    }

    #[test]
    fn each_complaint_stands_at_its_field() {
        let mut form = sent("engComprehensive");
        form.extend(typed(&[("p.kAbove", "1e2"), ("o2.price", "9.2e6")]));
        let wrong = view(&form);
        assert!(wrong.answer.is_none());
        let note = |name: &str| {
            let mut fields = wrong.parameters.iter().chain(wrong.rows.iter().flat_map(|row| &row.fields));
            fields.find(|field| field.name == name).unwrap().note.clone()
        };
        assert!(note("o2.price").is_some() && wrong.rows[1].note.is_some());
        form.insert("o2.price".into(), "9200000".into());
        let wrong = view(&form);
        assert!(wrong.parameters.iter().any(|field| field.name == "p.kAbove" && field.note.is_some()));
    }

    #[test]
    fn each_benchmark_asks_only_for_what_it_has() {
        let names = |benchmark: &str| {
            let mut form = sent("engComprehensive");
            form.insert("p.benchmark".into(), benchmark.into());
            view(&form).parameters.into_iter().map(|field| field.name).collect::<Vec<_>>()
        };
        assert!(names("floating").contains(&"p.floatPercent".to_owned()));
        assert!(!names("mean").iter().any(|name| name.contains("composite") || name.contains("trimFrom")));
        assert!(names("composite").contains(&"p.composite.q1".to_owned()));
    }
}
