//! The page on which a buyer tries an evaluation rule on made-up offers: `/evaluation`.
//!
//! Pure. What was typed goes to the same preview as the API's; this page only writes it down as the API wants it and
//! brings each complaint back to its field. An address holds the whole trial, so that it can be sent to a colleague.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{
    question::in_yuan,
    reader::{Reader, grouped},
    view::Choice,
    words::Words,
};
use crate::{
    kernel::{Problem, Rejection, Say},
    law::Law,
    scoring::{
        catalogue::{MethodView, methods},
        preview::{Preview, PreviewRequest, PreviewResult, preview},
        score::Outcome,
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

/// A field of an offer: the API's member, whether it is an amount, and its head.
type Column = (&'static str, bool, fn(&Words) -> &'static str);

/// Columns that a method's offers may have beside id and price.
const COLUMNS: [Column; 9] = [
    ("otherScore", false, |w| w.trial_other_score),
    ("technicalScore", false, |w| w.trial_technical_score),
    ("qualityScore", false, |w| w.trial_quality_score),
    ("agreementPrice", true, |w| w.trial_agreement_price),
    ("deviations", true, |w| w.trial_deviations),
    ("brand", false, |w| w.trial_brand),
    ("size", false, |w| w.trial_size),
    ("domesticShare", false, |w| w.trial_domestic_share),
    ("belowCost", false, |w| w.trial_below_cost),
];

/// Parameters that are several numbers together, by the members of each.
const TOGETHER: [(&str, &[&str]); 3] = [
    ("composite", &["k1", "k2", "q1"]),
    ("threePart", &["reductionPercent", "k", "weights", "drawn"]),
    ("sample", &["size", "drawn"]),
];

/// Parameters that only some benchmarks have.
fn belongs(name: &str, benchmark: &str) -> bool {
    match name {
        "floatPercent" => benchmark == "floating",
        "composite" | "threePart" => benchmark == name,
        "sample" => benchmark == "randomSample",
        "trimFrom" => matches!(benchmark, "trimmedMean" | "randomSample"),
        "kAbove" | "kBelow" => benchmark != "midpoint",
        _ => true,
    }
}

struct Form<'a> {
    method: &'a MethodView,
    typed: &'a Typed,
    reader: &'a Reader,
}

impl Form<'_> {
    fn get(&self, name: &str) -> &str {
        self.typed.get(name).map_or("", |text| text.trim())
    }

    fn wan(&self) -> bool {
        self.get("unit") == "wan"
    }

    fn has_policy(&self) -> bool {
        let grants = |member: &String| matches!(member.as_str(), "deductionPercent" | "additionPercent");
        self.method.offer_members.iter().any(grants)
    }

    fn columns(&self) -> impl Iterator<Item = &'static Column> {
        COLUMNS.iter().filter(|(member, ..)| match *member {
            "size" | "domesticShare" => self.has_policy(),
            member => self.method.offer_members.iter().any(|own| own == member),
        })
    }

    fn rows(&self) -> usize {
        let filled = (1..=MOST_ROWS).rev().find(|row| !self.get(&format!("o{row}.price")).is_empty());
        let asked = self.get("rows").parse().unwrap_or(0).min(MOST_ROWS);
        filled.unwrap_or(0).max(asked).max(ROWS)
    }

    // ---- the form as shown

    fn view(&self, all: &[MethodView]) -> TrialView {
        let (reader, w, method) = (self.reader, self.reader.w, self.method);
        let rules = method.rules.iter().map(|rule| {
            let article = if rule.article == "-" { String::new() } else { format!(" {}", rule.article) };
            let number = rule.number.as_ref().map(|number| reader.says(number)).unwrap_or_default();
            (reader.says(&rule.name), number, format!("{} · {}{article}", rule.key, rule.source))
        });
        let heads =
            [w.trial_offer, w.trial_price].into_iter().chain(self.columns().map(|(_, _, head)| head(w)));
        let rows = self.rows();
        TrialView {
            methods: all.iter().map(|one| Choice::new(wire(one), reader.says(&one.title))).collect(),
            method: wire(method),
            title: reader.says(&method.title),
            purpose: reader.says(&method.purpose),
            chosen: reader.says(&method.chosen_by_document),
            rules: rules.collect(),
            wan: self.wan(),
            parameters: self.parameters(),
            policy: if self.has_policy() { self.policy() } else { Vec::new() },
            heads: heads.map(str::to_owned).collect(),
            rows: (1..=rows).map(|row| self.row(row)).collect(),
            more: (rows + 5).min(MOST_ROWS),
            note: None,
            answer: None,
        }
    }

    fn field(&self, name: String, label: impl Into<String>, hint: impl Into<String>, kind: Kind) -> Field {
        let value = self.get(&name).to_owned();
        Field { name, label: label.into(), hint: hint.into(), kind, value, note: None }
    }

    fn parameters(&self) -> Vec<Field> {
        let reader = self.reader;
        let mut fields = Vec::new();
        for parameter in &self.method.parameters {
            if !belongs(&parameter.name, self.get("p.benchmark")) {
                continue;
            }
            let (name, label) = (format!("p.{}", parameter.name), reader.says(&parameter.meaning));
            let usual = parameter
                .default
                .as_ref()
                .map(|usual| format!("{}{}", reader.w.trial_default, reader.says(usual)));
            let kind = kind_of(&parameter.name, reader);
            // What one can choose from needs no words for its bounds.
            let typed = matches!(kind, Kind::Text { .. }).then(|| reader.says(&parameter.bounds));
            let hint = [typed, usual].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            let label = if parameter.name == "ceiling" { reader.w.trial_ceiling.to_owned() } else { label };
            match TOGETHER.iter().find(|(group, _)| *group == parameter.name) {
                None => fields.push(self.field(name, label, hint, kind)),
                Some((_, members)) => fields.extend(members.iter().enumerate().map(|(at, member)| {
                    let hint = if at == 0 { hint.clone() } else { String::new() };
                    let label = if at == 0 { format!("{label} · {member}") } else { (*member).to_owned() };
                    self.field(format!("{name}.{member}"), label, hint, Kind::Text { numeric: false })
                })),
            }
        }
        fields
    }

    fn policy(&self) -> Vec<Field> {
        let w = self.reader.w;
        let objects = [
            ("", w.trial_no_project),
            ("works", w.trial_works),
            ("goods", w.trial_goods),
            ("services", w.trial_services),
        ];
        let choices = objects.map(|(value, label)| Choice::new(value, label)).to_vec();
        vec![
            self.field("g.object".into(), w.trial_object, w.trial_object_hint, Kind::Choice(choices)),
            self.field("g.on".into(), w.trial_on, w.trial_on_hint, Kind::Text { numeric: false }),
            self.field(
                "g.smallPercent".into(),
                w.trial_small,
                w.trial_small_hint,
                Kind::Text { numeric: true },
            ),
            self.field("g.domesticProduct".into(), w.trial_domestic, "", Kind::Tick),
        ]
    }

    fn row(&self, row: usize) -> Row {
        let w = self.reader.w;
        let label = |head: &str| format!("{head} {row}");
        let mut fields = vec![
            self.field(format!("o{row}.id"), label(w.trial_offer), "", Kind::Text { numeric: false }),
            self.field(format!("o{row}.price"), label(w.trial_price), "", Kind::Text { numeric: true }),
        ];
        fields.extend(self.columns().map(|(member, _, head)| {
            let kind = match *member {
                "size" => Kind::Choice(sizes(w)),
                "belowCost" => Kind::Tick,
                "brand" => Kind::Text { numeric: false },
                _ => Kind::Text { numeric: true },
            };
            self.field(format!("o{row}.{member}"), label(head(w)), "", kind)
        }));
        Row { number: row, fields, note: None }
    }

    // ---- the request it makes

    /// Rows with a price, by their number.
    fn filled(&self) -> Vec<usize> {
        (1..=MOST_ROWS).filter(|row| !self.get(&format!("o{row}.price")).is_empty()).collect()
    }

    fn request(&self) -> Result<PreviewRequest, Rejection> {
        let rows = self.filled();
        let offers: Vec<Value> = rows.iter().map(|row| self.offer(*row)).collect::<Result<_, _>>()?;
        let mut body = Map::new();
        body.insert("method".into(), json!(wire(self.method)));
        body.insert("parameters".into(), Value::Object(self.parameter_values()?));
        body.insert("offers".into(), Value::Array(offers));
        if self.has_policy() && !self.get("g.object").is_empty() {
            let mut project = json!({"object": self.get("g.object")});
            if let (day, Some(project)) = (self.get("g.on"), project.as_object_mut())
                && !day.is_empty()
            {
                project.insert("on".into(), json!(day));
            }
            body.insert("project".into(), project);
            let mut preferences = Map::new();
            put(&mut preferences, "smallPercent", self.get("g.smallPercent"));
            if !self.get("g.domesticProduct").is_empty() {
                preferences.insert("domesticProduct".into(), json!(true));
            }
            if !preferences.is_empty() {
                body.insert("preferences".into(), Value::Object(preferences));
            }
        }
        crate::platform::http::body::read_value(Value::Object(body), "")
    }

    fn parameter_values(&self) -> Result<Map<String, Value>, Rejection> {
        let mut values = Map::new();
        let named = self.method.parameters.iter().map(|parameter| parameter.name.as_str());
        for name in named.filter(|name| belongs(name, self.get("p.benchmark"))) {
            let typed = self.get(&format!("p.{name}"));
            if let Some((group, members)) = TOGETHER.iter().find(|(group, _)| *group == name) {
                let mut inner = Map::new();
                for member in *members {
                    let typed = self.get(&format!("p.{group}.{member}"));
                    if !typed.is_empty() {
                        inner.insert((*member).to_owned(), member_value(group, member, typed));
                    }
                }
                if !inner.is_empty() {
                    values.insert(name.to_owned(), Value::Object(inner));
                }
            } else if !typed.is_empty() {
                values.insert(name.to_owned(), self.plain_value(name, typed)?);
            }
        }
        Ok(values)
    }

    fn plain_value(&self, name: &str, typed: &str) -> Result<Value, Rejection> {
        Ok(match name {
            "ceiling" => json!(self.amount(typed, &format!("/parameters/{name}"))?),
            "scoreDecimals" | "trimFrom" => whole(typed),
            _ if is_tick(name) => json!(true),
            _ => json!(typed),
        })
    }

    fn amount(&self, typed: &str, pointer: &str) -> Result<String, Rejection> {
        let w = self.reader.w;
        let amount = in_yuan(typed, self.wan());
        let wrong = || Rejection::at(pointer, "invalid", Say::new(w.amount_example, w.amount_example));
        amount.map(|amount| amount.to_string()).ok_or_else(wrong)
    }

    fn offer(&self, row: usize) -> Result<Value, Rejection> {
        let at = self.filled().iter().position(|one| *one == row).unwrap_or_default();
        let get = |member: &str| self.get(&format!("o{row}.{member}"));
        let id = if get("id").is_empty() { row.to_string() } else { get("id").to_owned() };
        let mut offer = Map::new();
        offer.insert("id".into(), json!(id));
        offer.insert("price".into(), json!(self.amount(get("price"), &format!("/offers/{at}/price"))?));
        for (member, is_amount, _) in self.columns() {
            let typed = get(member);
            match *member {
                _ if typed.is_empty() => {}
                "size" | "domesticShare" => {}
                "belowCost" => drop(offer.insert("belowCost".into(), json!(true))),
                "deviations" => {
                    let amount = self.amount(typed, &format!("/offers/{at}/deviations"))?;
                    let what = self.reader.w.trial_deviations;
                    offer.insert("deviations".into(), json!([{"what": what, "amount": amount}]));
                }
                _ if *is_amount => {
                    let amount = self.amount(typed, &format!("/offers/{at}/{member}"))?;
                    offer.insert((*member).to_owned(), json!(amount));
                }
                _ => put(&mut offer, member, typed),
            }
        }
        if self.has_policy() && !self.get("g.object").is_empty() && !get("size").is_empty() {
            let mut declaration = Map::from_iter([("size".to_owned(), json!(get("size")))]);
            put(&mut declaration, "domesticSharePercent", get("domesticShare"));
            offer.insert("declaration".into(), Value::Object(declaration));
        }
        Ok(Value::Object(offer))
    }

    // ---- complaints back to their fields

    fn note(&self, view: &mut TrialView, wrong: &Rejection) {
        let reader = self.reader;
        let filled = self.filled();
        for error in &wrong.errors {
            let parts: Vec<&str> = error.pointer.split('/').skip(1).collect();
            let said = in_language(&error.detail, reader);
            let field = match parts.as_slice() {
                ["parameters", rest @ ..] => Some(format!("p.{}", rest.join("."))),
                ["project" | "preferences", name] => Some(format!("g.{name}")),
                ["offers", at, rest @ ..] => {
                    at.parse().ok().and_then(|at: usize| filled.get(at)).map(|row| {
                        let member = rest.first().copied().unwrap_or("id");
                        let member = if member == "declaration" { "size" } else { member };
                        format!("o{row}.{member}")
                    })
                }
                _ => None,
            };
            let fields = view.parameters.iter_mut().chain(&mut view.policy);
            let found = field.and_then(|name| {
                let mut fields = fields.chain(view.rows.iter_mut().flat_map(|row| &mut row.fields));
                fields.find(|field| field.name == name || name.starts_with(&format!("{}.", field.name)))
            });
            match found {
                Some(field) => field.note = Some(said),
                None => view.note = Some(said),
            }
        }
        for row in &mut view.rows {
            row.note = row.fields.iter().find_map(|field| field.note.clone());
        }
        view.note.get_or_insert_with(|| reader.w.fix_these.to_owned());
    }
}

/// Details of fields stand in both languages, Chinese first.
fn in_language(detail: &str, reader: &Reader) -> String {
    let (zh, en) = detail.split_once(" / ").unwrap_or((detail, detail));
    reader.says(&Say::new(zh, en))
}

fn put(into: &mut Map<String, Value>, name: &str, typed: &str) {
    if !typed.is_empty() {
        into.insert(name.to_owned(), json!(typed));
    }
}

fn whole(typed: &str) -> Value {
    typed.parse::<u32>().map_or_else(|_| json!(typed), |number| json!(number))
}

/// Lists are typed with spaces or commas between.
fn member_value(group: &str, member: &str, typed: &str) -> Value {
    let list = || typed.split([' ', ',', '，', '、']).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    match (group, member) {
        (_, "weights") | ("sample", "drawn") => json!(list()),
        ("sample", "size") => whole(typed),
        _ => json!(typed),
    }
}

fn is_tick(name: &str) -> bool {
    matches!(name, "twoSuffice" | "laboratory" | "additionAboveFull")
}

fn kind_of(name: &str, reader: &Reader) -> Kind {
    let w = reader.w;
    let choices = |list: &[(&str, &str)]| {
        Kind::Choice(list.iter().map(|(value, label)| Choice::new(*value, *label)).collect())
    };
    match name {
        "benchmark" => choices(&[
            ("mean", w.trial_mean),
            ("trimmedMean", w.trial_trimmed),
            ("floating", w.trial_floating),
            ("composite", w.trial_composite),
            ("midpoint", w.trial_midpoint),
            ("threePart", w.trial_three_part),
            ("randomSample", w.trial_sample),
        ]),
        "order" => choices(&[("priceFirst", w.trial_price_first), ("qualityFirst", w.trial_quality_first)]),
        "ties" => {
            choices(&[("", w.trial_usual), ("draw", w.trial_by_draw), ("technical", w.trial_by_technical)])
        }
        "tiePrice" => {
            choices(&[("", w.trial_usual), ("quote", w.trial_quote), ("adjusted", w.trial_adjusted)])
        }
        _ if is_tick(name) => Kind::Tick,
        _ => Kind::Text { numeric: true },
    }
}

fn sizes(w: &Words) -> Vec<Choice> {
    [
        ("", w.trial_undeclared),
        ("micro", w.trial_micro),
        ("small", w.trial_small_size),
        ("medium", w.trial_medium),
        ("large", w.trial_large),
    ]
    .map(|(value, label)| Choice::new(value, label))
    .to_vec()
}

/// A method's example as somebody would have typed it.
fn of_example(example: &Value) -> Typed {
    let mut typed = Typed::new();
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    for (name, value) in example.get("parameters").and_then(Value::as_object).into_iter().flatten() {
        match value {
            Value::Object(members) => {
                typed.extend(
                    members.iter().map(|(member, value)| (format!("p.{name}.{member}"), plain(value))),
                );
            }
            Value::Bool(false) => {}
            _ => drop(typed.insert(format!("p.{name}"), plain(value))),
        }
    }
    let mut take = |of: &Value, pointer: &str, name: String| {
        if let Some(text) = of.pointer(pointer).and_then(Value::as_str) {
            typed.insert(name, text.to_owned());
        }
    };
    take(example, "/project/object", "g.object".to_owned());
    take(example, "/project/on", "g.on".to_owned());
    take(example, "/preferences/smallPercent", "g.smallPercent".to_owned());
    let offers = example.get("offers").and_then(Value::as_array);
    for (at, offer) in offers.into_iter().flatten().enumerate() {
        let row = at + 1;
        for member in
            ["id", "price", "otherScore", "technicalScore", "qualityScore", "agreementPrice", "brand"]
        {
            take(offer, &format!("/{member}"), format!("o{row}.{member}"));
        }
        take(offer, "/declaration/size", format!("o{row}.size"));
        take(offer, "/deviations/0/amount", format!("o{row}.deviations"));
    }
    typed
}

fn answer(found: &Preview, reader: &Reader) -> Answer {
    let w = reader.w;
    Answer {
        outcome: match found.outcome {
            Outcome::Ranked => w.outcome_ranked,
            Outcome::DrawNeeded => w.outcome_draw,
            Outcome::FewerThanThree => w.outcome_few,
            Outcome::FewerThanTwo => w.outcome_fewer,
            Outcome::NoEffectiveOffer => w.outcome_none,
        }
        .to_owned(),
        benchmark: found.benchmark.as_deref().map(grouped),
        scored: found.results.iter().any(|result| result.total.is_some()),
        places: found.results.iter().map(|result| place(result, reader)).collect(),
        workings: found.workings.iter().map(|line| reader.says(line)).collect(),
    }
}

fn place(result: &PreviewResult, reader: &Reader) -> Place {
    let w = reader.w;
    let text = |value: &Option<String>| value.as_deref().map(grouped).unwrap_or_default();
    let mut working: Vec<String> = result.excluded.iter().map(|out| reader.says(&out.reason)).collect();
    working.extend(result.preference.iter().flat_map(|given| &given.reasons).map(|why| reader.says(why)));
    working.extend(result.working.clone());
    if result.tied {
        working.push(w.trial_tied.to_owned());
    }
    match result.entered {
        Some(true) => working.push(w.trial_entered.to_owned()),
        Some(false) => working.push(w.trial_eliminated.to_owned()),
        None => {}
    }
    Place {
        rank: result.rank.map(|rank| rank.to_string()).unwrap_or_default(),
        id: result.id.clone(),
        adjusted: text(&result.adjusted_price),
        score: result.price_score.clone().unwrap_or_default(),
        total: result.total.clone().unwrap_or_default(),
        working,
        leads: result.rank == Some(1),
    }
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
