//! What experts do: come when called, sign their own sheets and the report.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::app::client::{Client, list, text};

/// Experts of the sandbox's pool.
const EXPERTS: u32 = 40;
/// Rounds of calls until the committee is complete; each replaces whoever must give way.
const ROUNDS: u32 = 5;

/// Every expert looks whether it is called and checks in, until the committee is complete. Answers the logins of
/// those who sit, by their numbers.
pub(super) fn gather(client: &Client, story: &str, tender: &str) -> anyhow::Result<Vec<String>> {
    let seated = client.once(&format!("{story}.committee"), || {
        for _ in 0..ROUNDS {
            let (called, seated) = look(client, tender)?;
            if called.is_empty() {
                return Ok(json!(seated));
            }
            for login in called {
                let path = format!("/api/v1/tenders/{tender}/evaluation/check-in");
                client.act(&format!("{story}.check-in.{login}"), &login, &path, &Value::Null)?;
            }
        }
        bail!("the committee is still not complete")
    })?;
    serde_json::from_value(seated).context("the notebook holds no committee")
}

/// Logins that are called, and those that sit in the order of their numbers.
fn look(client: &Client, tender: &str) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let (mut called, mut seated) = (Vec::new(), Vec::new());
    for number in 1..=EXPERTS {
        let login = format!("expert.{number:03}");
        let answer = client.get(&login, "/api/v1/assignments")?;
        for seat in list(&answer, "/items")? {
            if text(seat, "/tenderId")? != tender {
                continue;
            }
            match text(seat, "/state")? {
                "called" => called.push(login.clone()),
                "checkedIn" => seated.push((seat.get("number").and_then(Value::as_u64), login.clone())),
                _ => {}
            }
        }
    }
    seated.sort();
    Ok((called, seated.into_iter().map(|(_, login)| login).collect()))
}

/// Every member signs its sheet, made by `sheet` from the member's place.
pub(super) fn score(
    client: &Client,
    story: &str,
    tender: &str,
    members: &[String],
    sheet: impl Fn(usize) -> Value,
) -> anyhow::Result<()> {
    for (place, login) in members.iter().enumerate() {
        let path = format!("/api/v1/tenders/{tender}/scores");
        client.act(&format!("{story}.sheet.{login}"), login, &path, &sheet(place))?;
    }
    Ok(())
}

/// The host lets the report be made, every member signs what it reads, the host hands it to the purchaser.
pub(super) fn report(
    client: &Client,
    story: &str,
    tender: &str,
    members: &[String],
    host: &str,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/tenders/{tender}/report");
    client.act(&format!("{story}.report"), host, &path, &Value::Null)?;
    for login in members {
        client.once(&format!("{story}.sign.{login}"), || {
            let report = client.get(login, &path)?;
            let body = json!({"reportHash": text(&report, "/reportHash")?});
            client.act(&format!("{story}.signature.{login}"), login, &format!("{path}/signatures"), &body)?;
            Ok(Value::Null)
        })?;
    }
    client.act(&format!("{story}.delivery"), host, &format!("{path}/delivery"), &Value::Null)?;
    Ok(())
}
