//! One call of the API: who calls, what the headers say, and how its effect is committed.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use serde_json::json;

use super::{
    browser,
    service::{Gate, Proven},
    tokens,
};
use crate::{
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        actor::AccountActor,
        id::{ProjectId, TenderId},
        say::Language,
    },
    ledger::{Entry, record},
    platform::{
        db::{Db, Tx},
        http::{Meta, Reply, once},
    },
};

/// Whether a call must carry an `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Without one the call is refused.
    Required,
    /// With one a retry gets the same answer.
    Optional,
}

/// An authenticated (or public) call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who acts.
    pub actor: Actor,
    /// What the headers say.
    pub meta: Meta,
    project: Option<ProjectId>,
    tender: Option<TenderId>,
    secret: bool,
}

/// A call by an account that may have to choose its own password first: for the few routes by which it does.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The call.
    pub call: Call,
    /// The account's password is one that another has made up for it.
    pub first_password: bool,
}

impl FromRequest for Arrival {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let gate = request.app_data::<web::Data<Gate>>().cloned();
        let bearer = bearer(request);
        let session = browser::session(request);
        let meta = Meta::of(request);
        Box::pin(async move {
            let bearer = bearer?;
            let public = |meta| Self { call: Call::new(Actor::Public, meta), first_password: false };
            if bearer.is_none() && session.is_none() {
                return Ok(public(meta?));
            }
            let gate = gate.ok_or_else(|| Problem::internal(anyhow::anyhow!("no gate in the app's data")))?;
            let proven = match (bearer, session) {
                (Some(token), _) => Some(gate.account_of(tokens::Kind::Access, &token).await?),
                (None, Some(session)) => of_session(&gate, &session).await?,
                (None, None) => None,
            };
            let Some(Proven { account, first_password }) = proven else { return Ok(public(meta?)) };
            Ok(Self { call: Call::new(Actor::Account(account), meta?), first_password })
        })
    }
}

impl FromRequest for Call {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let page = !request.path().starts_with("/api/");
        let arrival = Arrival::from_request(request, payload);
        Box::pin(async move {
            let Arrival { call, first_password } = arrival.await?;
            if !first_password {
                return Ok(call);
            }
            // Public pages stay readable; the others send to the sign-in, which asks for the password.
            if page { Ok(Self::new(Actor::Public, call.meta)) } else { Err(first_password_stands().into()) }
        })
    }
}

/// The answer to an account that has not yet chosen its own password, wherever it goes.
pub fn first_password_stands() -> Rejection {
    let detail = Say::new(
        "此账户的密码由管理员设定，须先更换才能进行其他操作：浏览器在 /login/password 更换，程序调用 POST \
         /api/v1/account/password，然后重新登录。",
        "The password of this account was made up by the administrator and has to be changed before anything else: at \
         /login/password with a browser, by POST /api/v1/account/password with a program. Then log in anew.",
    );
    Rejection::new(Code::PasswordChangeRequired, detail)
}

/// Who has signed in with the browser; after the session nobody, so that public pages stay readable.
async fn of_session(gate: &Gate, session: &str) -> Result<Option<Proven>, Problem> {
    match gate.account_of(tokens::Kind::Session, session).await {
        Ok(proven) => Ok(Some(proven)),
        Err(Problem::Rejection(_)) => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The token of the `Authorization` header. Any other scheme, or a second header, is a bad credential.
fn bearer(request: &HttpRequest) -> Result<Option<String>, Rejection> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    match (token, values.next()) {
        (Some(token), None) => Ok(Some(token)),
        _ => Err(Rejection::unauthenticated()),
    }
}

impl Call {
    /// A call by `actor`, as pages and tests make it.
    pub fn new(actor: Actor, meta: Meta) -> Self {
        Self { actor, meta, project: None, tender: None, secret: false }
    }

    /// Names project and tender, so that a refusal stands in their history. Not for calls that tell of a bid.
    #[must_use]
    pub fn about(mut self, project: Option<ProjectId>, tender: Option<TenderId>) -> Self {
        self.project = project;
        self.tender = tender;
        self
    }

    /// Marks a call that tells of a bid: its refusals are left to the room's own signed records.
    #[must_use]
    pub fn of_bid(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The account that calls.
    ///
    /// # Errors
    /// 401 for the public.
    pub fn account(&self) -> Result<&AccountActor, Problem> {
        self.actor.account().ok_or_else(|| Rejection::unauthenticated().into())
    }

    /// Language of the caller.
    pub fn language(&self) -> Language {
        self.meta.language
    }

    /// Runs `work` in one transaction called `name`, under the caller's `Idempotency-Key`: a retry of the same
    /// request (by `fingerprint`) gets the kept answer. When the answer is a refusal, a second transaction
    /// records `act.refused` with code and rule.
    ///
    /// # Errors
    /// What `work` answers; 400 for a missing key, 409 and 422 for a key in flight or used for another request.
    pub async fn commit(
        &self,
        db: &Db,
        name: &'static str,
        fingerprint: &[u8; 32],
        key: Key,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let account = self.actor.account().map(|account| account.account.0);
        let kept = match (account, self.meta.idempotency_key.as_deref()) {
            (Some(account), Some(text)) => Some((account, text)),
            (_, None) if key == Key::Required => return Err(once::key_missing().into()),
            _ => None,
        };
        let done = db
            .transaction(name, self.meta.request, async |tx| {
                let Some((account, text)) = kept else { return work(tx).await };
                if let Some(reply) = once::recall(tx, account, text, fingerprint).await? {
                    return Ok(reply);
                }
                let reply = work(tx).await?;
                once::keep(tx, account, text, fingerprint, &reply).await?;
                Ok(reply)
            })
            .await;
        if let Err(Problem::Refusal(refusal)) = &done {
            self.record_refusal(db, name, refusal).await;
        }
        done
    }

    /// The refusal stands whether or not its entry could be written; a failure goes to the operations log.
    async fn record_refusal(&self, db: &Db, name: &'static str, refusal: &Refusal) {
        if self.secret || refusal.code == Code::IdempotencyKeyInFlight {
            return;
        }
        let mut entry = Entry::new("act.refused").facts(json!({
            "unit": name, "code": refusal.code.name(), "rule": refusal.rule.as_ref().map(|rule| &rule.id),
        }));
        entry.project = self.project;
        entry.tender = self.tender;
        let written = db
            .transaction("identity.record_refusal", self.meta.request, async |tx| {
                let at = tx.hall_now().await?;
                record(tx, &self.actor, at, entry).await
            })
            .await;
        if let Err(Problem::Fault(fault)) = written {
            tracing::error!(request = %self.meta.request, cause = format!("{:#}", fault.cause), "refusal not recorded");
        }
    }
}
