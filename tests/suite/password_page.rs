//! A first password is changed in a real browser, by keyboard alone and on a phone.

use std::sync::Arc;

use fantoccini::{Client, key::Key};
use serde_json::{Value, json};

use crate::{
    pages::{Driver, accessible, open, picture, runtime, says},
    support::{TestApp, works::START},
};

/// A first password for `login`, as the administrator reads it from the answer.
fn reset(app: &TestApp, login: &str) -> String {
    let id: String = app.sql().value("SELECT id::text FROM accounts WHERE login = $1", &[&login]);
    let path = format!("/api/v1/accounts/{id}/password");
    app.as_("admin").post(&path, &json!({"reason": "遗忘"})).expect(200).text_at("/secret")
}

async fn keys(client: &Client, keys: &str) {
    client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Goes on by the tabulator to the field or button `id`.
async fn tab_to(client: &Client, id: &str) {
    for _ in 0..30 {
        let at =
            client.execute("return document.activeElement.id || document.activeElement.type", Vec::new());
        if at.await.unwrap() == json!(id) {
            return;
        }
        keys(client, &Key::Tab.to_string()).await;
    }
    panic!("the tabulator does not come to {id}");
}

/// Types into the fields one after the other, and sends the form by Enter.
async fn type_in(client: &Client, fields: &[(&str, &str)]) {
    for (id, text) in fields {
        tab_to(client, id).await;
        keys(client, text).await;
    }
    keys(client, &Key::Enter.to_string()).await;
}

async fn first_to_own(client: &Client, base: &str, language: &str, (login, first): (&str, &str)) {
    open(client, &format!("{base}/login?lang={language}&next=%2Flogin")).await;
    type_in(client, &[("login", login), ("password", first)]).await;
    let lead = if language == "zh" {
        "请先设置只有您自己知道的密码"
    } else {
        "First choose one that only you know"
    };
    says(client, "main", &[lead]).await;
    accessible(client, "/login/password").await;
    picture(client, &format!("password-first-{language}")).await;
    type_in(client, &[("old", first), ("new", "several words in a row"), ("again", "others")]).await;
    let differs = if language == "zh" { "不一致" } else { "differ" };
    says(client, "#again-note", &[differs]).await;
    accessible(client, "/login/password").await;
    picture(client, &format!("password-differs-{language}")).await;
    let kept: Value =
        client.execute("return document.querySelector('#new').value", Vec::new()).await.unwrap();
    assert_eq!(kept, json!(""), "a password is never sent back");
    let own = "several words in a row";
    type_in(client, &[("old", first), ("new", own), ("again", own)]).await;
    says(client, ".desk", &[if language == "zh" { "角色" } else { "Roles" }]).await;
    accessible(client, "/login").await;
    picture(client, &format!("password-desk-{language}")).await;
}

#[test]
fn a_first_password_is_changed_by_keyboard_and_on_a_phone() {
    let app = Arc::new(TestApp::sandbox(START));
    let base = format!("http://{}", app.address());
    let (operator, agency) = (reset(&app, "operator.league"), reset(&app, "agency.one"));
    let driver = Driver::start();
    runtime().block_on(async {
        let desk = base.clone();
        driver
            .drive(false, async move |client| {
                first_to_own(&client, &desk, "zh", ("operator.league", &operator)).await;
            })
            .await;
        driver
            .drive(true, async move |client| {
                first_to_own(&client, &base, "en", ("agency.one", &agency)).await;
            })
            .await;
    });
}
