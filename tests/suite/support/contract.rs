//! Holds every answer against the OpenAPI document: path, method, status, content type, headers that HTTP itself
//! demands, and the body's schema. A request that was accepted is held against its schema too.
//!
//! The document leaves objects open, so that a later hall may say more; here they are closed, so that this hall says
//! nothing it does not document.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use tenderhall::app::router;

use super::Answer;

/// A request with its answer.
pub struct Exchange<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub kind: Option<&'a str>,
    pub body: &'a [u8],
    pub answer: &'a Answer,
}

/// The document as the service gives it out.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(router::description().unwrap()).unwrap());

/// Fails the test when the answer is not what the document promises. Paths outside the API are let through.
#[track_caller]
pub fn check(exchange: &Exchange<'_>) {
    let path = exchange.path.split('?').next().unwrap_or_default();
    if !(path.starts_with("/api/v1/") || path.starts_with("/health/")) {
        return;
    }
    let answer = exchange.answer;
    assert!(!answer.header("x-request-id").is_empty(), "no request id: {answer:?}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
    let method = if exchange.method == "HEAD" { "GET" } else { exchange.method };
    match operation(method, path) {
        None => {
            assert!(
                matches!(answer.status, 204 | 404 | 405),
                "an operation the document does not have: {answer:?}"
            );
            if answer.status != 204 && exchange.method != "HEAD" {
                hold(
                    "problem",
                    &json!({"$ref": "#/components/schemas/ProblemDocument"}),
                    &answer.json,
                    answer,
                );
            }
        }
        Some((template, operation)) => {
            let name = format!("{method} {template}");
            check_answer(&name, operation, exchange);
            if (200..300).contains(&answer.status) {
                check_request(&name, operation, exchange);
            }
        }
    }
}

#[track_caller]
fn check_answer(name: &str, operation: &'static Value, exchange: &Exchange<'_>) {
    let answer = exchange.answer;
    let status = answer.status.to_string();
    let response = meant(&operation["responses"][&status]);
    assert!(response.is_object(), "{name} promises no {status}: {answer:?}");
    let Some(content) = response.get("content") else {
        assert_eq!(answer.text, "", "{name} promises no body with {status}");
        return;
    };
    if exchange.method == "HEAD" {
        return;
    }
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    let Some(promised) = content.get(kind) else {
        panic!("{name} promises no {kind:?} with {status}: {answer:?}")
    };
    if kind.ends_with("json") {
        hold(&format!("{name} {status} {kind}"), &promised["schema"], &answer.json, answer);
    }
}

/// A response, or the shared one that it refers to.
fn meant(response: &'static Value) -> &'static Value {
    let shared = response.get("$ref").and_then(Value::as_str);
    shared.map_or(response, |place| DOCUMENT.pointer(place.trim_start_matches('#')).unwrap())
}

#[track_caller]
fn check_request(name: &str, operation: &Value, exchange: &Exchange<'_>) {
    let (Some("application/json"), false) = (exchange.kind, exchange.body.is_empty()) else { return };
    let promised = &operation["requestBody"]["content"]["application/json"]["schema"];
    assert!(promised.is_object(), "{name} is documented without a body and took one");
    let body: Value = serde_json::from_slice(exchange.body).unwrap();
    hold(&format!("{name} request"), promised, &body, exchange.answer);
}

/// The components, with every object closed that names its properties. What `allOf` puts together refers to the
/// `open` copies and is closed as a whole.
static COMPONENTS: LazyLock<Value> = LazyLock::new(|| {
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let each = |part: bool| -> Value {
        schemas.iter().map(|(name, schema)| (name.clone(), closed(schema, part))).collect()
    };
    json!({"schemas": each(false), "open": each(true)})
});

/// The schema with its objects closed; a `part` of a whole stays open itself.
fn closed(schema: &Value, part: bool) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let has = |name: &str| members.contains_key(name);
    let composed = part || has("properties") || has("allOf");
    let all = |list: &Value, part| -> Value {
        list.as_array().unwrap().iter().map(|one| closed(one, part)).collect()
    };
    let mut made: serde_json::Map<String, Value> = members
        .iter()
        .map(|(name, value)| {
            let value = match name.as_str() {
                "properties" => value
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, one)| (name.clone(), closed(one, false)))
                    .collect(),
                "items" | "additionalProperties" | "propertyNames" => closed(value, false),
                "prefixItems" => all(value, false),
                "allOf" => all(value, true),
                "oneOf" | "anyOf" => all(value, composed),
                "$ref" if part => value.as_str().unwrap().replace("/schemas/", "/open/").into(),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect();
    if !part && (has("properties") || has("allOf")) && !has("additionalProperties") {
        made.insert("unevaluatedProperties".to_owned(), false.into());
    }
    made.into()
}

/// The operation of a path, with its template: the one with the most literal parts.
pub fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fitting = paths.iter().filter(|(template, _)| fits(template, path));
    let (template, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
    Some((template, item.get(method.to_lowercase())?))
}

fn fits(template: &str, path: &str) -> bool {
    // The one parameter that may hold slashes.
    if let Some(start) = template.strip_suffix("{tile}") {
        return path.starts_with(start);
    }
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

/// Holds a value against a schema of the document.
#[track_caller]
fn hold(name: &str, schema: &Value, value: &Value, answer: &Answer) {
    let wrong = faults(name, schema, value);
    assert!(wrong.is_empty(), "{name} is not as documented:\n{}\n{answer:?}", wrong.join("\n"));
}

/// What of a value is not as its schema says. `name` is the schema's alone.
pub fn faults(name: &str, schema: &Value, value: &Value) -> Vec<String> {
    let validator = validator(name, schema);
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn validator(name: &str, schema: &Value) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    if let Some(made) = MADE.lock().unwrap().get(name) {
        return made.clone();
    }
    // References point to `#/components/…`: the schema is read inside a document that has them.
    let whole = json!({"allOf": [closed(schema, false)], "components": *COMPONENTS});
    let made = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&whole)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let made = Arc::new(made);
    MADE.lock().unwrap().insert(name.to_owned(), made.clone());
    made
}
