//! Who reads what of an evaluation, and what the rooms above get of it.
//!
//! Members: bids and their own sheet. Host: numbers, and the report once signed. Supervisors within their duty:
//! everything but names. Everybody: ranking, benchmark and workings once candidates or the result are published.
//! Names: nobody before EX-13 lets them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    evaluation::{
        model::{
            BidToEvaluate, Evaluation, EvaluationResult, EvaluationView, Member, Progress, ReportView,
            SignedSheet,
        },
        rules, service, store,
    },
    experts::{self, Seat, SeatState},
    identity::{Action, Object, authorize, cards},
    kernel::{Actor, AllowedAction, Code, Problem, Refusal, Rejection, Say, id::TenderId, time::hall_date},
    law::{Event, Lawbook, QualificationBy},
    opening::{OpenedBid, opened_bids, stages},
    tenders::{self, Setting, Tender, TenderPhase},
};

/// As whom the caller reads.
struct Standing {
    oversees: bool,
    seat: Option<Seat>,
    hosts: bool,
    public: bool,
}

impl Standing {
    async fn of(
        conn: &mut AsyncPgConnection,
        actor: &Actor,
        setting: &Setting,
        tender: &Tender,
    ) -> Result<Self, Problem> {
        let project = &setting.project;
        let seat = match actor.account() {
            Some(account) => experts::seat_of(conn, tender.id, account.account).await?,
            None => None,
        };
        let seat = seat.filter(|seat| seat.state == SeatState::CheckedIn);
        let may = |action, member| service::permit(actor, action, project, tender, member).is_ok();
        let standing = Self {
            oversees: may(Action::EvaluationOversee, false),
            seat: seat.filter(|_| may(Action::EvaluationRead, true)),
            hosts: may(Action::EvaluationFollow, false),
            public: is_public(setting, tender),
        };
        if standing.oversees || standing.seat.is_some() || standing.hosts || standing.public {
            return Ok(standing);
        }
        service::permit(actor, Action::EvaluationRead, project, tender, false)?;
        Err(Rejection::not_found().into())
    }

    fn reads_report(&self, tender: &Tender, evaluation: &Evaluation) -> bool {
        let signed_for_host = self.hosts && evaluation.signed_at.is_some();
        self.oversees
            || self.seat.is_some()
            || signed_for_host
            || (self.public && tender.phase != TenderPhase::Failed)
    }
}

/// Whether everybody may read scores and ranking: the candidates are published (条例 art 54), or the result.
fn is_public(setting: &Setting, tender: &Tender) -> bool {
    let parties = setting.project.parties();
    let object = Object::of(&parties, tender.authority());
    let under_way = matches!(tender.phase, TenderPhase::Candidates | TenderPhase::Awarded);
    (under_way && setting.facts.contains_key(&Event::CandidatesPublished))
        || authorize(&Actor::Public, Action::EvaluationRead, &object).is_ok()
}

/// How far the committee is.
///
/// # Errors
/// When the database is away.
pub async fn progress(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Progress, Problem> {
    let seats = experts::seats(conn, id).await?;
    let sheets = store::signed_sheets(conn, id).await?.len();
    let signatures = store::signatures(conn, id).await?.len();
    Ok(service::progress_of(&seats, sheets, signatures))
}

/// The evaluation as the caller may read it, with its version.
///
/// # Errors
/// 401, 403, 404.
pub async fn evaluation(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<(EvaluationView, i64), Problem> {
    let tender = tenders::load(conn, id).await?;
    let setting = tenders::setting(conn, law, &tender, hall_date(now)).await?;
    let standing = Standing::of(conn, actor, &setting, &tender).await?;
    let evaluation = store::find(conn, id).await?;
    let seats = experts::seats(conn, id).await?;
    let signed = store::signed_sheets(conn, id).await?;
    let inside = standing.oversees || standing.seat.is_some();
    let number =
        standing.seat.as_ref().and_then(|seat| seat.number).and_then(|number| u32::try_from(number).ok());
    let opened = if inside { opened_bids(conn, id).await? } else { Vec::new() };
    let bids = if inside { Some(bids(conn, &opened, evaluation.as_ref()).await?) } else { None };
    let report = match &evaluation {
        Some(evaluation) if standing.reads_report(&tender, evaluation) => {
            report_view(conn, evaluation).await?
        }
        _ => None,
    };
    let released = experts::names_released(&setting);
    let committee = if released { Some(members(conn, &seats).await?) } else { None };
    let progress = service::progress_of(&seats, signed.len(), store::signatures(conn, id).await?.len());
    let view = EvaluationView {
        tender_id: id,
        phase: tender.phase,
        started_at: evaluation.as_ref().map(|one| one.started_at),
        progress: (inside || standing.hosts).then_some(progress),
        member: number,
        bids,
        screening: evaluation.as_ref().filter(|_| inside).map(|one| one.screening.clone()),
        low_price: evaluation.as_ref().filter(|_| inside).and_then(|one| one.low_price.clone()),
        sheets: own_sheets(&standing, number, signed),
        report,
        repeated_prices: standing.oversees.then(|| rules::repeated_prices(&opened)),
        committee,
        allowed_actions: allowed(conn, actor, &setting, &tender, &seats, evaluation.as_ref()).await?,
    };
    Ok((view, evaluation.map_or(0, |one| one.version)))
}

/// A member sees the own sheet only; supervisors see all.
fn own_sheets(
    standing: &Standing,
    number: Option<u32>,
    signed: Vec<SignedSheet>,
) -> Option<Vec<SignedSheet>> {
    if standing.oversees {
        return Some(signed);
    }
    let number = number?;
    Some(signed.into_iter().filter(|sheet| sheet.member == number).collect())
}

async fn bids(
    conn: &mut AsyncPgConnection,
    opened: &[OpenedBid],
    evaluation: Option<&Evaluation>,
) -> Result<Vec<BidToEvaluate>, Problem> {
    let names = cards(conn, &opened.iter().map(|bid| bid.bidder).collect::<Vec<_>>()).await?;
    let screening = evaluation.map(|one| one.screening.as_slice()).unwrap_or_default();
    let still_in: std::collections::HashSet<_> =
        rules::standing(opened, screening).into_iter().map(|bid| bid.bid).collect();
    Ok(opened
        .iter()
        .map(|bid| BidToEvaluate {
            bid_id: bid.bid,
            bidder_id: bid.bidder,
            bidder: names.get(&bid.bidder).map(crate::identity::Card::name).unwrap_or_default(),
            seq: bid.seq,
            price: bid.price,
            form: bid.form.clone(),
            files: bid.files.clone(),
            standing: still_in.contains(&bid.bid),
        })
        .collect())
}

async fn report_view(
    conn: &mut AsyncPgConnection,
    evaluation: &Evaluation,
) -> Result<Option<ReportView>, Problem> {
    let Some((report, hash, made_at)) = &evaluation.report else { return Ok(None) };
    if !service::report_is_intact(report, hash)? {
        return Err(Problem::internal(anyhow::anyhow!(
            "the report of {} is not the one signed",
            evaluation.tender
        )));
    }
    let ids: Vec<_> = report
        .ranked
        .iter()
        .map(|bid| bid.bidder)
        .chain(report.rejected.iter().map(|bid| bid.bidder))
        .collect();
    let bidders: BTreeMap<String, Say> =
        cards(conn, &ids).await?.into_iter().map(|(id, card)| (id.to_string(), card.name())).collect();
    Ok(Some(ReportView {
        report: report.clone(),
        report_hash: hex::encode(hash),
        made_at: *made_at,
        signatures: store::signatures(conn, evaluation.tender).await?,
        signed_at: evaluation.signed_at,
        delivered_at: evaluation.delivered.as_ref().map(|(at, _)| *at),
        delivered_late: evaluation.delivered.as_ref().and_then(|(_, late)| late.clone()),
        bidders,
    }))
}

/// The report for a caller who may read it.
///
/// # Errors
/// 401, 403, 404 before it may be read.
pub async fn report(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<ReportView, Problem> {
    let (view, _) = evaluation(conn, actor, law, id, now).await?;
    view.report.ok_or_else(|| Rejection::not_found().into())
}

/// The committee by name. The caller answers for EX-13.
async fn members(conn: &mut AsyncPgConnection, seats: &[Seat]) -> Result<Vec<Member>, Problem> {
    let here: Vec<Seat> = seats.iter().filter(|seat| seat.state == SeatState::CheckedIn).cloned().collect();
    Ok(experts::named(conn, &here)
        .await?
        .into_iter()
        .map(|seat| Member {
            number: seat.number.unwrap_or_default(),
            account: seat.account,
            name: seat.name,
            unit: seat.unit,
            specialty: seat.specialty,
        })
        .collect())
}

async fn allowed(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    setting: &Setting,
    tender: &Tender,
    seats: &[Seat],
    evaluation: Option<&Evaluation>,
) -> Result<Vec<AllowedAction>, Problem> {
    let account = actor.account().map(|account| account.account);
    let seat = seats.iter().find(|seat| {
        Some(seat.account) == account && matches!(seat.state, SeatState::Called | SeatState::CheckedIn)
    });
    let may = |action| service::permit(actor, action, &setting.project, tender, seat.is_some());
    let state = |holds: bool| {
        let detail = Say::new("当前不能进行此操作。", "Not possible now.");
        if holds { Ok(()) } else { Err(Problem::from(Refusal::new(Code::WrongState, detail))) }
    };
    let (begun, reported) = (evaluation.is_some(), evaluation.is_some_and(|one| one.report.is_some()));
    let signed = evaluation.is_some_and(|one| one.signed_at.is_some());
    let delivered = evaluation.is_some_and(|one| one.delivered.is_some());
    let reviewed = setting.procedure.qualification_by == QualificationBy::Committee
        || store::review(conn, tender.id).await?.is_some();
    let complete = service::complete_committee(setting, seats).map(drop);
    let mut guards = vec![
        ("checkIn", may(Action::CommitteeCheckIn).and_then(|()| state(!begun))),
        ("reviewQualification", may(Action::QualificationReview).and_then(|()| state(!reviewed))),
        ("start", may(Action::EvaluationStart).and_then(|()| state(!begun && reviewed)).and(complete)),
        ("signSheet", may(Action::SheetSign).and_then(|()| state(begun && !reported))),
        ("makeReport", may(Action::ReportMake).and_then(|()| state(begun && !reported))),
        ("signReport", may(Action::ReportSign).and_then(|()| state(reported && !signed))),
        ("deliverReport", may(Action::ReportDeliver).and_then(|()| state(signed && !delivered))),
    ];
    if tender.document.stages().divides() {
        let next = stages::next_waits(conn, tender).await?;
        let judged = evaluation.is_some_and(|one| one.low_price.is_some());
        let guard = may(Action::OpeningStart).and_then(|()| state(judged && !reported && next));
        guards.push(("openNextStage", guard));
    }
    Ok(guards.iter().map(|(name, guard)| AllowedAction::from_guard(name, guard)).collect())
}

/// A finished evaluation, for the rooms above; `None` before the last signature. It holds names: mind EX-13.
///
/// # Errors
/// When the database is away.
pub async fn result(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Option<EvaluationResult>, Problem> {
    let Some(evaluation) = store::find(conn, id).await? else { return Ok(None) };
    let (Some((report, hash, made_at)), Some(signed_at)) = (evaluation.report, evaluation.signed_at) else {
        return Ok(None);
    };
    let seats = experts::seats(conn, id).await?;
    Ok(Some(EvaluationResult {
        ranked: report.ranked,
        rejected: report.rejected,
        benchmark: report.benchmark,
        workings: report.workings,
        candidates: report.candidates,
        committee: members(conn, &seats).await?,
        sheets: store::signed_sheets(conn, id).await?,
        signatures: store::signatures(conn, id).await?,
        low_price: report.low_price,
        tie_draws: report.tie_draws,
        repeated_prices: rules::repeated_prices(&opened_bids(conn, id).await?),
        report_hash: hex::encode(hash),
        made_at,
        signed_at,
        delivered_at: evaluation.delivered.map(|(at, _)| at),
    }))
}
