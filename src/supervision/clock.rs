//! Decisions of the supervision office (公管办) over the hall's clock, in the acts of [`crate::timekeeping`].
//!
//! Invariants: one suspicion, one decision, with its reason; a clock that stands apart from the instances' at that very
//! moment is not called sound; the deadlines of tenders whose close waits are moved in the same transaction or not at
//! all, by the machinery of every postponement; what waited runs at once.

use std::{collections::BTreeSet, sync::Arc};

use actix_web::{post, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    identity::{Action, Call, Key, Object, authorize},
    jurisdiction::Jurisdictions,
    kernel::{Actor, Code, Problem, Refusal, Rejection, Say, id::TenderId, time},
    law::Lawbook,
    ledger::{self, Entry},
    platform::{
        db::{Db, Tx},
        http::{Body, Problems, Reply},
        jobs::{self, Jobs},
    },
    rooms::{
        Policy,
        postponement::{self, Postponement},
    },
    tenders,
    timekeeping::{
        Watch, http,
        model::{ClockView, Decided},
        store,
    },
};

/// Most tenders of one decision.
const MOST: usize = 200;

/// Collects the routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(decide_clock);
}

/// Body of `POST /api/v1/clock/decisions`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClockDecision {
    /// The suspicion, as it was read.
    pub suspicion_id: Uuid,
    /// Why the clock is sound again, or what explains the evidence; 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// Tenders whose deadlines are moved because the wrong clock touched them; their close must wait. Every other tender
    /// that waits is closed by what was accepted.
    #[serde(default)]
    #[schema(required = false, max_items = 200)]
    pub postponements: Vec<ClockPostponement>,
}

/// A deadline that the decision moves.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClockPostponement {
    /// The tender.
    pub tender_id: TenderId,
    /// The new, later deadline; its rooms move with it.
    #[serde(deserialize_with = "time::read")]
    pub deadline: DateTime<Utc>,
}

/// Where a decision is made.
struct Place<'a> {
    watch: &'a Watch,
    policy: Policy<'a>,
    book: &'a Lawbook,
    held_back: &'a [&'static str],
}

/// Decide over the suspicion that stands, as the supervision office: the clock is sound again or the evidence explained.
/// What waited runs at once, each tender by what was accepted; deadlines named here move first, with rooms and notice.
#[utoipa::path(tag = "clock", request_body = ClockDecision, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The clock", body = ClockView), Problems))]
#[post("/api/v1/clock/decisions")]
async fn decide_clock(
    call: Call,
    body: Body<ClockDecision>,
    db: web::Data<Db>,
    jobs: web::Data<Arc<Jobs>>,
    watch: web::Data<Watch>,
    policies: (web::Data<Lawbook>, web::Data<Jurisdictions>),
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "clock.decide", &fingerprint, Key::Optional, async |tx| {
        let (book, jurisdictions) = &policies;
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = jurisdictions.in_force(tx.conn()).await?;
        let policy = Policy { jurisdiction: &jurisdiction, law: &law };
        let place = Place { watch: &watch, policy, book, held_back: jobs.held_back() };
        decide(tx, &call.actor, &place, &value).await
    })
    .await
}

async fn decide(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: &Place<'_>,
    asked: &ClockDecision,
) -> Result<Reply, Problem> {
    authorize(actor, Action::ClockDecide, &Object::none())?;
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let reason = asked.reason.trim().to_owned();
    check(asked, &reason)?;
    let suspicion = store::find_locked(tx, asked.suspicion_id).await?.ok_or_else(Rejection::not_found)?;
    if suspicion.decision.is_some() {
        let detail = Say::new("该存疑已作出决定。", "This suspicion has been decided.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let now = tx.hall_now().await?;
    let mut moved = Vec::with_capacity(asked.postponements.len());
    for wanted in &asked.postponements {
        still_waits(tx, wanted.tender_id, now).await?;
        let new = Postponement { deadline: wanted.deadline, reason: reason.clone(), slots: None };
        let book = (place.book, wanted.tender_id);
        moved.push(postponement::by_office(tx, actor, place.policy, book, &new).await?.id);
    }
    let tick = place.watch.begin_anew(tx).await?.map_err(|drift| {
        let said = drift.say();
        let detail = Say::new(
            format!("{}；请先校正时钟，再作决定。", said.zh),
            format!("As it stands {}: set the clocks right first.", said.en),
        );
        Refusal::new(Code::WrongState, detail)
    })?;
    let decided = Decided { at: now, by: account, reason: reason.clone(), moved: moved.clone() };
    store::decide(tx, suspicion.id, &decided, tick).await?;
    let entry = Entry::new("clock.decided").row("clock_suspicions", suspicion.id);
    ledger::record(tx, actor, now, entry.because(&reason).facts(json!({"moved": moved}))).await?;
    jobs::wake(tx).await?;
    Reply::ok(&http::view(tx.conn(), actor, place.held_back).await?)
}

fn check(asked: &ClockDecision, reason: &str) -> Result<(), Rejection> {
    if !(1..=1000).contains(&reason.chars().count()) {
        let detail = Say::new("请说明理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters.");
        return Err(Rejection::at("/reason", "length", detail));
    }
    let tenders: BTreeSet<Uuid> = asked.postponements.iter().map(|wanted| wanted.tender_id.0).collect();
    if tenders.len() != asked.postponements.len() || tenders.len() > MOST {
        let detail = Say::new("至多 200 个项目，不得重复。", "At most 200 tenders, each once.");
        return Err(Rejection::at("/postponements", "length", detail));
    }
    Ok(())
}

/// A deadline that still lies ahead is its host's to move.
async fn still_waits(tx: &mut Tx<'_>, id: TenderId, now: DateTime<Utc>) -> Result<(), Problem> {
    let tender = tenders::lock(tx, id).await?;
    tenders::service::still_open(&tender)?;
    if now >= tender.deadline {
        return Ok(());
    }
    let detail = Say::new(
        "该项目尚未截止，由招标人（采购人）延期，或按故障延期办理。",
        "The deadline still lies ahead: its host may postpone it, or an outage does.",
    );
    Err(Refusal::new(Code::TooEarly, detail).into())
}
