//! Examples of the API's description, kept beside the code rather than in it.
//!
//! Requests and answers are those of the story, with long lists cut. A test holds each against its schema.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::{Content, OpenApi, RefOr, example::Example, path::Operation};

/// One call with its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// Method and path template.
    operation: String,
    name: String,
    summary: String,
    request: Value,
    status: String,
    response: Value,
}

/// Adds every example to its operation.
///
/// # Errors
/// When the examples cannot be read, or name an operation, body or answer that the description does not have.
pub fn add_to(api: &mut OpenApi) -> anyhow::Result<()> {
    for sample in serde_json::from_str::<Vec<Sample>>(include_str!("examples.json"))? {
        let Sample { operation, name, summary, request, status, response } = sample;
        let known = operation_of(api, &operation).and_then(|place| {
            place_both(place, &status, &name, |value| shown(&summary, value), request, response)
        });
        anyhow::ensure!(known.is_some(), "the example {name} of {operation} has no place");
    }
    Ok(())
}

fn operation_of<'a>(api: &'a mut OpenApi, name: &str) -> Option<&'a mut Operation> {
    let (method, path) = name.split_once(' ')?;
    let item = api.paths.paths.get_mut(path)?;
    match method {
        "POST" => item.post.as_mut(),
        "PATCH" => item.patch.as_mut(),
        _ => None,
    }
}

fn place_both(
    operation: &mut Operation,
    status: &str,
    name: &str,
    show: impl Fn(Value) -> RefOr<Example>,
    request: Value,
    response: Value,
) -> Option<()> {
    let Some(RefOr::T(body)) = operation.request_body.as_mut() else { return None };
    examples_of(body.content.values_mut().next()?)?.insert(name.to_owned(), show(request));
    let Some(RefOr::T(answer)) = operation.responses.responses.get_mut(status) else { return None };
    examples_of(answer.content.values_mut().next()?)?.insert(name.to_owned(), show(response));
    Some(())
}

fn examples_of(content: &mut RefOr<Content>) -> Option<&mut BTreeMap<String, RefOr<Example>>> {
    match content {
        RefOr::T(content) => Some(&mut content.examples),
        RefOr::Ref(_) => None,
    }
}

fn shown(summary: &str, value: Value) -> RefOr<Example> {
    let mut example = Example::new();
    example.summary = summary.to_owned();
    example.value = Some(value);
    RefOr::T(example)
}
