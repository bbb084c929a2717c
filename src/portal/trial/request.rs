//! What was typed as the API wants it, and each complaint back to its field.

use serde_json::{Map, Value, json};

use super::{
    MOST_ROWS, TrialView,
    form::{Form, TOGETHER, belongs, is_tick},
    wire,
};
use crate::{
    kernel::{Rejection, Say, typed::in_yuan},
    portal::reader::Reader,
    scoring::preview::PreviewRequest,
};

impl Form<'_> {
    /// Rows with a price, by their number.
    pub(super) fn filled(&self) -> Vec<usize> {
        (1..=MOST_ROWS).filter(|row| !self.get(&format!("o{row}.price")).is_empty()).collect()
    }

    pub(super) fn request(&self) -> Result<PreviewRequest, Rejection> {
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
            "floatChoices" => json!(listed(typed)),
            _ if is_tick(name) => json!(true),
            _ => json!(typed),
        })
    }

    fn amount(&self, typed: &str, pointer: &str) -> Result<String, Rejection> {
        let w = self.reader.w;
        let amount = in_yuan(typed, self.wan());
        let wrong = || Rejection::at(pointer, "invalid", Say::new(w.amount_example, w.amount_example));
        amount.map(|amount| amount.to_string()).map_err(|_| wrong())
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
}

impl Form<'_> {
    pub(super) fn note(&self, view: &mut TrialView, wrong: &Rejection) {
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
fn listed(typed: &str) -> Vec<&str> {
    typed.split([' ', ',', '，', '、']).filter(|part| !part.is_empty()).collect()
}

fn member_value(group: &str, member: &str, typed: &str) -> Value {
    match (group, member) {
        (_, "weights") | ("sample", "drawn") => json!(listed(typed)),
        ("sample", "size") => whole(typed),
        _ => json!(typed),
    }
}
