//! The form as it is laid out: which fields a method has, and what stands in them.

use serde_json::Value;

use super::{Field, Kind, MOST_ROWS, ROWS, Row, TrialView, Typed, wire};
use crate::{
    portal::{reader::Reader, view::Choice, words::Words},
    scoring::catalogue::MethodView,
};

/// A field of an offer: the API's member, whether it is an amount, and its head.
pub(super) type Column = (&'static str, bool, fn(&Words) -> &'static str);

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
pub(super) const TOGETHER: [(&str, &[&str]); 3] = [
    ("composite", &["k1", "k2", "q1"]),
    ("threePart", &["reductionPercent", "k", "weights", "drawn"]),
    ("sample", &["size", "drawn"]),
];

/// Parameters that only some benchmarks have.
pub(super) fn belongs(name: &str, benchmark: &str) -> bool {
    match name {
        "floatPercent" | "floatChoices" => benchmark == "floating",
        // The page puts deviations into money offer by offer.
        "quantified" => false,
        "composite" | "threePart" => benchmark == name,
        "sample" => benchmark == "randomSample",
        "trimFrom" => matches!(benchmark, "trimmedMean" | "randomSample"),
        "kAbove" | "kBelow" => benchmark != "midpoint",
        _ => true,
    }
}

/// A trial as typed.
pub(super) struct Form<'a> {
    pub(super) method: &'a MethodView,
    pub(super) typed: &'a Typed,
    pub(super) reader: &'a Reader,
}

impl Form<'_> {
    pub(super) fn get(&self, name: &str) -> &str {
        self.typed.get(name).map_or("", |text| text.trim())
    }

    pub(super) fn wan(&self) -> bool {
        self.get("unit") == "wan"
    }

    pub(super) fn has_policy(&self) -> bool {
        let grants = |member: &String| matches!(member.as_str(), "deductionPercent" | "additionPercent");
        self.method.offer_members.iter().any(grants)
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &'static Column> {
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

    pub(super) fn view(&self, all: &[MethodView]) -> TrialView {
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
}

pub(super) fn is_tick(name: &str) -> bool {
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
pub(super) fn of_example(example: &Value) -> Typed {
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
