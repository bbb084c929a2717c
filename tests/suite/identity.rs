//! Accounts, tokens, keys and sides against a real database.

use actix_web::{App, dev::ServiceResponse, http::StatusCode, middleware::from_fn, test, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use tenderhall::{
    identity::{
        self, Gate, Side, TokenKeys, claim_side,
        sandbox::{found, sandbox_signing_key},
        service::NoGrant,
        tokens::Kind,
    },
    kernel::{
        Code, Problem, Role,
        id::{AccountId, OrganisationId, ProjectId, RequestId},
    },
    platform::{
        db::{Db, Tx},
        http::problem_documents,
    },
};
use utoipa_actix_web::AppExt as _;

use crate::support::{TestDb, db::connect};

const WORD: &str = "sandbox password";
const HERE: &str = "127.0.0.1";

struct Hall {
    db: Db,
    sql: tokio_postgres::Client,
    _test: TestDb,
}

impl Hall {
    async fn of_mode(mode: &str) -> Self {
        let test = TestDb::fresh().await;
        let sql = connect(&test.superuser_url).await.unwrap();
        sql.execute("INSERT INTO hall (mode) VALUES ($1)", &[&mode]).await.unwrap();
        Self { db: Db::connect(&test.app_url, 8).unwrap(), sql, _test: test }
    }

    async fn sandbox() -> Self {
        let hall = Self::of_mode("sandbox").await;
        hall.in_tx(async |tx| found(tx, WORD).await).await.unwrap();
        hall
    }

    async fn in_tx<T>(
        &self,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.db.transaction("test", RequestId::random(), work).await
    }

    /// A gate with empty caches, as another instance would have.
    fn gate(&self) -> Gate {
        Gate::new(self.db.clone(), TokenKeys::from_seed(&[5; 32]))
    }

    async fn account(&self, login: &str) -> AccountId {
        AccountId(self.one("SELECT id FROM accounts WHERE login = $1", login).await)
    }

    async fn organisation(&self, login: &str) -> OrganisationId {
        OrganisationId(self.one("SELECT organisation_id FROM accounts WHERE login = $1", login).await)
    }

    async fn one(&self, sql: &str, login: &str) -> uuid::Uuid {
        let text: String =
            self.sql.query_one(&sql.replace("id FROM", "id::text FROM"), &[&login]).await.unwrap().get(0);
        text.parse().unwrap()
    }
}

#[actix_web::test]
async fn the_sandbox_is_founded_once_and_everybody_can_log_in() {
    let hall = Hall::sandbox().await;
    hall.in_tx(async |tx| found(tx, "another").await).await.unwrap();
    let count: i64 = hall.sql.query_one("SELECT count(*) FROM accounts", &[]).await.unwrap().get(0);
    assert_eq!(count, 1581);
    let gate = hall.gate();
    for (login, role) in
        [("operator.league", Role::Operator), ("expert.007", Role::Expert), ("admin", Role::Admin)]
    {
        let grant = gate.by_password(login, WORD.into(), HERE).await.unwrap();
        let actor = gate.account_of(Kind::Access, &grant.access).await.unwrap().account;
        assert_eq!((actor.login.as_str(), actor.roles.as_slice()), (login, [role].as_slice()));
        assert_eq!(actor.centre.as_deref(), (role == Role::Operator).then_some("152500"));
    }
    let program = gate.by_secret("bidder.1528", WORD, HERE).await.unwrap();
    assert!(program.refresh.is_none());
    let program = gate.account_of(Kind::Access, &program.access).await.unwrap();
    assert_eq!(
        (program.account.roles.as_slice(), program.first_password),
        ([Role::Bidder].as_slice(), false)
    );
    // People have no secret, programs no password.
    assert!(matches!(gate.by_secret("admin", WORD, HERE).await, Err(NoGrant::Invalid)));
    assert!(matches!(gate.by_password("bidder.0001", WORD.into(), HERE).await, Err(NoGrant::Invalid)));
    assert!(matches!(gate.by_password("nobody", WORD.into(), HERE).await, Err(NoGrant::Invalid)));
}

#[actix_web::test]
async fn a_production_hall_takes_no_sample_accounts_but_an_administrator() {
    let hall = Hall::of_mode("production").await;
    let no = hall.in_tx(async |tx| found(tx, WORD).await).await.unwrap_err();
    assert_eq!(no.code(), Code::SandboxOnly);
    let password = identity::admin::create(&hall.db, "first.admin").await.unwrap();
    let gate = hall.gate();
    let grant = gate.by_password("first.admin", password, HERE).await.unwrap();
    let proven = gate.account_of(Kind::Access, &grant.access).await.unwrap();
    assert_eq!((proven.account.roles.as_slice(), proven.first_password), ([Role::Admin].as_slice(), true));
    let again = identity::admin::create(&hall.db, "first.admin").await.unwrap_err();
    assert_eq!(again.code(), Code::Duplicate);
    let bad = identity::admin::create(&hall.db, "First Admin").await.unwrap_err();
    assert_eq!(bad.code(), Code::InvalidRequest);
}

#[actix_web::test]
async fn a_refresh_token_works_once_and_a_replay_ends_the_session() {
    let hall = Hall::sandbox().await;
    let gate = hall.gate();
    let refresh = async |token: &str| gate.by_refresh(token, RequestId::random()).await;
    let first = gate.by_password("agency.one", WORD.into(), HERE).await.unwrap().refresh.unwrap();
    let second = refresh(&first).await.unwrap();
    // Two tabs: within ten seconds nothing is minted and nothing ended.
    assert!(matches!(refresh(&first).await, Err(NoGrant::Race)));
    let third = refresh(&second.refresh.unwrap()).await.unwrap();
    assert!(hall.gate().account_of(Kind::Access, &third.access).await.is_ok());
    // The second replay is a thief.
    assert!(matches!(refresh(&first).await, Err(NoGrant::Invalid)));
    assert!(matches!(refresh(&third.refresh.unwrap()).await, Err(NoGrant::Invalid)));
    assert_eq!(
        hall.gate().account_of(Kind::Access, &third.access).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let told: i64 = hall
        .sql
        .query_one("SELECT count(*) FROM log_pending WHERE act = 'session.revoked'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(told, 1);
    assert!(matches!(refresh("made up").await, Err(NoGrant::Invalid)));
}

#[actix_web::test]
async fn one_refresh_token_used_by_sixteen_at_once_is_good_for_one() {
    let hall = Hall::sandbox().await;
    let gate = hall.gate();
    let token = gate.by_password("agency.one", WORD.into(), HERE).await.unwrap().refresh.unwrap();
    let all = (0..16).map(|_| gate.by_refresh(&token, RequestId::random()));
    let granted = futures_util::future::join_all(all).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(granted, 1);
}

#[actix_web::test]
async fn a_late_replay_ends_the_session_at_once() {
    let hall = Hall::sandbox().await;
    let gate = hall.gate();
    let first = gate.by_password("agency.one", WORD.into(), HERE).await.unwrap().refresh.unwrap();
    let second = gate.by_refresh(&first, RequestId::random()).await.unwrap();
    hall.sql
        .execute(
            "UPDATE refresh_tokens SET used_at = used_at - interval '11 s' WHERE used_at IS NOT NULL",
            &[],
        )
        .await
        .unwrap();
    assert!(matches!(gate.by_refresh(&first, RequestId::random()).await, Err(NoGrant::Invalid)));
    assert!(matches!(
        gate.by_refresh(&second.refresh.unwrap(), RequestId::random()).await,
        Err(NoGrant::Invalid)
    ));
}

#[actix_web::test]
async fn failures_limit_an_account_and_success_does_not() {
    let hall = Hall::sandbox().await;
    let gate = hall.gate();
    for _ in 0..12 {
        gate.by_secret("bidder.0001", WORD, HERE).await.unwrap();
    }
    for _ in 0..10 {
        assert!(matches!(gate.by_secret("bidder.0002", "wrong", HERE).await, Err(NoGrant::Invalid)));
    }
    match gate.by_secret("bidder.0002", WORD, "192.0.2.7").await {
        Err(NoGrant::Limited(seconds)) => assert!((1..=900).contains(&seconds), "{seconds}"),
        other => panic!("{other:?}"),
    }
    assert!(gate.by_secret("bidder.0003", WORD, HERE).await.is_ok());
    hall.sql.execute("UPDATE login_failures SET at = at - interval '16 minutes'", &[]).await.unwrap();
    assert!(gate.by_secret("bidder.0002", WORD, HERE).await.is_ok());
    hall.sql
        .execute(
            "INSERT INTO login_failures (login_sha256, address)
             SELECT sha256(n::text::bytea), '192.0.2.8' FROM generate_series(1, 100) n",
            &[],
        )
        .await
        .unwrap();
    assert!(matches!(gate.by_secret("bidder.0003", WORD, "192.0.2.8").await, Err(NoGrant::Limited(_))));
    assert!(gate.by_secret("bidder.0003", WORD, HERE).await.is_ok());
}

#[actix_web::test]
async fn a_disabled_account_and_an_older_epoch_end_tokens() {
    let hall = Hall::sandbox().await;
    for change in ["epoch = 2", "disabled_at = now()"] {
        let grant = hall.gate().by_password("agency.two", WORD.into(), HERE).await.unwrap();
        assert!(hall.gate().account_of(Kind::Access, &grant.access).await.is_ok());
        // The superuser stands in for a later act of administration, without its entry in the record.
        let sql = format!(
            "BEGIN; SET LOCAL session_replication_role = replica;
             UPDATE accounts SET {change} WHERE login = 'agency.two'; COMMIT"
        );
        hall.sql.batch_execute(&sql).await.unwrap();
        assert_eq!(
            hall.gate().account_of(Kind::Access, &grant.access).await.unwrap_err().code(),
            Code::Unauthenticated
        );
        let refreshed = hall.gate().by_refresh(&grant.refresh.unwrap(), RequestId::random()).await;
        assert!(matches!(refreshed, Err(NoGrant::Invalid)));
    }
    assert!(matches!(hall.gate().by_password("agency.two", WORD.into(), HERE).await, Err(NoGrant::Invalid)));
}

#[actix_web::test]
async fn one_person_has_one_side_in_a_project() {
    let hall = Hall::sandbox().await;
    let project = ProjectId::random();
    let account = hall.account("agency.one").await;
    let claim = async |project, account, side| {
        hall.in_tx(async |tx| claim_side(tx, project, account, side).await).await
    };
    claim(project, account, Side::Agency).await.unwrap();
    claim(project, account, Side::Agency).await.unwrap();
    match claim(project, account, Side::Bidder).await.unwrap_err() {
        Problem::Refusal(refusal) => {
            assert_eq!(refusal.code, Code::OneSideOnly);
            assert_eq!(refusal.rule.unwrap().id, "SOD-1");
        }
        other => panic!("{other:?}"),
    }
    claim(ProjectId::random(), account, Side::Bidder).await.unwrap();
    // Two accounts of one person are one person.
    hall.sql
        .batch_execute(
            "BEGIN; SET LOCAL session_replication_role = replica;
             UPDATE accounts SET person_key = (SELECT person_key FROM accounts WHERE login = 'agency.one')
              WHERE login = 'expert.001'; COMMIT",
        )
        .await
        .unwrap();
    let expert = hall.account("expert.001").await;
    assert_eq!(claim(project, expert, Side::Expert).await.unwrap_err().code(), Code::OneSideOnly);
    // Two sides at once: one of them.
    let (other, rushed) = (ProjectId::random(), hall.account("bidder.0001").await);
    let sides = [Side::Bidder, Side::Expert, Side::Operator, Side::Supervisor];
    let all = sides.iter().map(|side| claim(other, rushed, *side));
    assert_eq!(futures_util::future::join_all(all).await.into_iter().filter(Result::is_ok).count(), 1);
}

async fn json_of(response: ServiceResponse) -> Value {
    serde_json::from_slice(&test::read_body(response).await).unwrap()
}

macro_rules! app {
    ($hall:expr) => {
        test::init_service(
            App::new()
                .wrap(from_fn(problem_documents))
                .into_utoipa_app()
                .app_data(web::Data::new($hall.gate()))
                .app_data(web::Data::new($hall.db.clone()))
                .configure(identity::http::routes)
                .into_app(),
        )
        .await
    };
}

#[actix_web::test]
async fn the_token_endpoint_speaks_oauth_and_problem_documents() {
    let hall = Hall::sandbox().await;
    let app = app!(hall);
    let ask = |form: &str| {
        test::TestRequest::post()
            .uri("/api/v1/auth/token")
            .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
            .set_payload(form.to_owned())
            .to_request()
    };
    for (form, status, error) in [
        ("grant_type=password&username=admin&password=wrong", 400, "invalid_grant"),
        ("grant_type=client_credentials&client_id=bidder.0001&client_secret=wrong", 401, "invalid_client"),
        ("grant_type=magic", 400, "unsupported_grant_type"),
        ("grant_type=password&username=admin", 400, "invalid_request"),
        ("grant_type=password&username=admin&username=admin&password=x", 400, "invalid_request"),
        ("grant_type=refresh_token&refresh_token=x", 400, "invalid_grant"),
        ("username=admin", 400, "invalid_request"),
    ] {
        let response = test::call_service(&app, ask(form)).await;
        assert_eq!(response.status().as_u16(), status, "{form}");
        assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
        let body = json_of(response).await;
        assert_eq!((&body["error"], &body["status"]), (&json!(error), &json!(status)), "{form}");
    }
    let form = "grant_type=client_credentials&client_id=bidder.0001&client_secret=sandbox+password";
    let body = json_of(test::call_service(&app, ask(form)).await).await;
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
    let me = |authorization: String| {
        test::TestRequest::get()
            .uri("/api/v1/auth/me")
            .insert_header(("Authorization", authorization))
            .to_request()
    };
    let token = body["access_token"].as_str().unwrap();
    let found = json_of(test::call_service(&app, me(format!("Bearer {token}"))).await).await;
    assert_eq!(
        (&found["login"], &found["organisation"]["name"]["zh"]),
        (&json!("bidder.0001"), &json!("投标人0001"))
    );
    for bad in ["Bearer x", "Basic YTpi", "Bearer", &format!("Bearer {token}x")] {
        let response = test::call_service(&app, me(bad.to_owned())).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{bad}");
    }
}

#[actix_web::test]
async fn a_signing_key_is_enrolled_by_its_holder_for_its_own_organisation() {
    let hall = Hall::sandbox().await;
    let app = app!(hall);
    let own = hall.organisation("bidder.0001").await;
    let token = hall.gate().by_secret("bidder.0001", WORD, HERE).await.unwrap().access;
    let secret = SigningKey::from_bytes(&[42; 32]);
    let public = *secret.verifying_key().as_bytes();
    let body = |organisation: OrganisationId| {
        let text = identity::model::enrolment_text(organisation, &public);
        json!({"publicKey": STANDARD.encode(public), "proof": STANDARD.encode(secret.sign(&text).to_bytes())})
    };
    let enrol = |organisation: OrganisationId, body: Value, key: &str| {
        test::TestRequest::post()
            .uri(&format!("/api/v1/organisations/{organisation}/signing-keys"))
            .insert_header(("Authorization", format!("Bearer {token}")))
            .insert_header(("Idempotency-Key", key.to_owned()))
            .set_json(body)
            .to_request()
    };
    let other = hall.organisation("bidder.0002").await;
    assert_eq!(
        test::call_service(&app, enrol(other, body(other), "a")).await.status(),
        StatusCode::FORBIDDEN
    );
    let wrong = test::call_service(&app, enrol(own, body(other), "b")).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json_of(wrong).await["errors"][0]["pointer"], "/proof");
    let made = test::call_service(&app, enrol(own, body(own), "c")).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made = json_of(made).await;
    assert_eq!(json_of(test::call_service(&app, enrol(own, body(own), "c")).await).await, made);
    // The same act under another key is refused, and the refusal stands in the record.
    assert_eq!(test::call_service(&app, enrol(own, body(own), "d")).await.status(), StatusCode::CONFLICT);
    let told = hall
        .sql
        .query_one("SELECT body->'facts'->>'code' FROM log_pending WHERE act = 'act.refused'", &[])
        .await
        .unwrap();
    assert_eq!(told.get::<_, String>(0), "duplicate");
    let list =
        test::TestRequest::get().uri(&format!("/api/v1/organisations/{own}/signing-keys")).to_request();
    let list = json_of(test::call_service(&app, list).await).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let sample = SigningKey::from_bytes(&sandbox_signing_key(WORD, "bidder.0001")).verifying_key();
    assert_eq!(list["items"][0]["publicKey"], STANDARD.encode(sample.as_bytes()));
    let at = tenderhall::kernel::time::machine_now();
    let mut conn = hall.db.read().await.unwrap();
    assert!(identity::signing_key(&mut conn, own, &public, at).await.unwrap().is_some());
    assert!(identity::signing_key(&mut conn, other, &public, at).await.unwrap().is_none());
    let before = at - chrono::TimeDelta::days(1);
    assert!(identity::signing_key(&mut conn, own, &public, before).await.unwrap().is_none());
}
