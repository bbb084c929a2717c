//! 密封投标: the page on which a bidder seals a bid in the browser and hands it in, a divided one part by part.
//!
//! Reads the tender, its seal policy and the bidder's own bids; decides and writes nothing. What the page's scripts send
//! goes through the API like any other bid, and the API judges. The page is the one that needs script: the price must
//! be sealed before it leaves the bidder's machine. A bid sealed in a page trusts the server that served the page at
//! that moment; the page says so, and shows the command line beside it.
//!
//! Law: 招标投标法 28, 29; 电子招标投标办法 (order 20) 25–27.

mod own;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderValue, VARY},
    web,
};
use askama::Template;
use diesel_async::AsyncPgConnection;
use serde::Deserialize;

pub use self::own::{OwnBid, OwnBids, PartLine, Standing};
use super::{
    assets::{AGE_SCRIPT, BID_SCRIPT, BID_STYLE, SEAL_SCRIPT},
    http::{Readings, answered, read_query},
    page::Frame,
    reader::Reader,
    sign_in::{address, sent_to_sign_in},
    view::Countdown,
};
use crate::{
    holders::{self, Health, PolicyState},
    identity::{Action, Call, Object, Phase, authorize, service::me},
    kernel::{Actor, Category, Code, Problem, Rejection, Say, actor::AccountActor, id::TenderId},
    notices::{self, model::NoticeFilter, model::NoticeKind},
    opening,
    platform::{clock, db::Db},
    projects,
    seal::{
        Policy, Word,
        policy::{AGENCY, BIDDER, CENTRE, SUPERVISOR},
    },
    tenders::{self, Part},
};

/// The content policy of this page: own files alone, nothing inline, nothing evaluated, nobody frames it, and no text
/// becomes script or markup.
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Most bytes of ciphertext that a page seals and hands in: it holds a bid some six times over while it seals.
const PAGE_LIMIT: u64 = 100 * 1024 * 1024;

/// Which part of a divided bid the page is for.
#[derive(Debug, Clone, Copy, Deserialize)]
struct PartQuery {
    part: Option<Part>,
}

/// A script of the page, with what a supervisor compares.
#[derive(Debug, Clone)]
pub struct ScriptLine {
    /// File name.
    pub name: &'static str,
    /// Address.
    pub href: String,
    /// As the browser compares it.
    pub integrity: String,
    /// SHA-256 in hex.
    pub digest: String,
}

/// Everything that runs on the page, in its order.
pub fn scripts() -> Vec<ScriptLine> {
    let line = |asset: &super::assets::Asset| ScriptLine {
        name: asset.name(),
        href: asset.href(),
        integrity: asset.integrity(),
        digest: asset.digest(),
    };
    [&*AGE_SCRIPT, &*SEAL_SCRIPT, &*BID_SCRIPT].map(line).into()
}

/// The page.
#[derive(Debug, Clone)]
pub struct BidView {
    /// Id of the tender.
    pub tender: String,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Address of the project's page.
    pub project: String,
    /// Address of the tender notice.
    pub notice: Option<String>,
    /// Id of the caller's organisation: the bidder of the envelope.
    pub bidder: String,
    /// Its name.
    pub organisation: String,
    /// The countdown.
    pub countdown: Countdown,
    /// The part that the page is for.
    pub part: Part,
    /// All parts of a divided bid; none where it is not divided.
    pub parts: Vec<PartLine>,
    /// Parts that are not in yet, in words.
    pub missing: String,
    /// Whether it is the first part, whose form says what is said once: term and statement.
    pub is_first: bool,
    /// What the page is good for.
    pub standing: Standing,
    /// Digest of the seal policy, in hex.
    pub policy: String,
    /// Its number.
    pub policy_no: u32,
    /// What a body's loss of its keys means for bids sealed for it.
    pub policy_note: Option<String>,
    /// Who can open a bid, a line for each clause.
    pub clauses: Vec<String>,
    /// Whether the bidder holds shares beside others.
    pub shared: bool,
    /// Most bytes of ciphertext that the page can hand in.
    pub limit: u64,
    /// The same in whole MiB.
    pub limit_mebibytes: u64,
    /// Longest term the document allows, in days.
    pub term_days: u32,
    /// Whether small enterprises say so in the form.
    pub small: bool,
    /// The caller's last revision of the part.
    pub own: Option<OwnBid>,
    /// The scripts.
    pub scripts: Vec<ScriptLine>,
    /// Address of the hall, as the browser reached it.
    pub server: String,
    /// Version of the hall, which the envelope names as its client.
    pub version: &'static str,
}

#[derive(Template)]
#[template(path = "bid.html")]
struct BidPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a BidView,
    style: String,
}

/// Renders the page.
pub(super) fn page(r: &Reader, v: &BidView) -> askama::Result<String> {
    BidPage { r, f: Frame::new(), v, style: BID_STYLE.href() }.render()
}

/// `GET /tenders/{id}/bid`
pub(super) async fn show(
    request: HttpRequest,
    call: Call,
    pages: web::Data<Arc<dyn Readings>>,
    db: web::Data<Db>,
    id: web::Path<String>,
) -> HttpResponse {
    let Some(account) = call.actor.account() else { return sent_to_sign_in(&request, pages.hall()) };
    let reader = Reader::of(&request, pages.hall());
    let read = match (id.parse(), read_query::<PartQuery>(&request)) {
        (Ok(id), Ok(query)) => {
            read(&db, &reader, (&call.actor, account), (id, query.part), address(&request, "")).await
        }
        _ => Err(Rejection::not_found().into()),
    };
    let mut answer = answered(&request, &reader, read.map(|view| page(&reader, &view)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept-Language, Authorization, Cookie"));
    // The length of a compressed answer can tell of what is in it.
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    answer
}

async fn read(
    db: &Db,
    reader: &Reader,
    (actor, account): (&Actor, &AccountActor),
    (id, part): (TenderId, Option<Part>),
    server: String,
) -> Result<BidView, Problem> {
    let mut conn = db.read().await?;
    let tender = tenders::load(&mut conn, id).await?;
    if tender.published_at.is_none() {
        return Err(Rejection::not_found().into());
    }
    let project = projects::load(&mut conn, tender.project).await?;
    authorize(actor, Action::BidSubmit, &Object::of(&project.parties(), Phase::Published))
        .map_err(for_bidders)?;
    let clock = clock::reading(&mut conn).await?;
    let policies = holders::policies_of(&mut conn, id).await?;
    let settled = policies.current();
    // What bidders may do about a loss they may do while bids are taken in; later it would only mislead.
    let open = own::is_open(&tender, clock.now);
    let policy_note =
        if open { policy_note(reader, &holders::health(&mut conn, settled).await?) } else { None };
    let policy = settled.policy.policy();
    let bids = OwnBids::of(&mut conn, actor, &tender, open).await?;
    let part = bids.part(part).ok_or_else(Rejection::not_found)?;
    let own = bids.last(&mut conn, reader, actor, part, &policies).await?;
    let limit = policy.max_part_bytes.min(PAGE_LIMIT);
    let digest = settled.policy.digest().to_string();
    let notice = notice_of(&mut conn, id, policy.policy_no, &digest).await?;
    let waits = opening::waits(&mut conn, &tender, clock.now).await?;
    Ok(BidView {
        tender: id.to_string(),
        code: tender.code.to_string(),
        title: tender.title.clone(),
        project: reader.project_href(&project.id.to_string()),
        notice: notice.map(|notice| reader.notice_href(&notice)),
        bidder: account.organisation.to_string(),
        organisation: reader.says(&me(&mut conn, account).await?.organisation.name),
        countdown: Countdown { deadline: tender.deadline, now: clock.now, runs: !clock.held, waits },
        part,
        parts: bids.lines(reader, part),
        missing: bids.missing(reader),
        is_first: bids.is_first(part),
        standing: bids.standing(part),
        policy: digest,
        policy_no: policy.policy_no,
        policy_note,
        clauses: policy.clauses.iter().map(|clause| clause_said(reader, clause)).collect(),
        shared: keeps_shares(policy),
        limit,
        limit_mebibytes: limit / (1024 * 1024),
        term_days: tender.document.term_days,
        small: project.category == Category::Procurement,
        own,
        scripts: scripts(),
        server,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// The notice that prints the digest of a policy: that of the tender, or the change by which the policy came.
async fn notice_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    policy_no: u32,
    digest: &str,
) -> Result<Option<String>, Problem> {
    let filter = NoticeFilter { tender: Some(tender), limit: Some(100), ..NoticeFilter::default() };
    if policy_no == 1 {
        let filter = NoticeFilter { kind: Some(NoticeKind::TenderNotice), limit: Some(1), ..filter };
        let (notices, _) = notices::store::list(conn, &filter).await?;
        return Ok(notices.first().map(|notice| notice.id.to_string()));
    }
    let filter = NoticeFilter { kind: Some(NoticeKind::Clarification), ..filter };
    let (changes, _) = notices::store::list(conn, &filter).await?;
    // Later ones name the digest again, when a body has lost its keys or another policy follows.
    for change in changes.into_iter().rev() {
        let notice = notices::store::find(conn, change.id).await?;
        let mut facts = notice.sections.iter().flat_map(|section| &section.facts);
        if facts.any(|fact| fact.value.zh == digest) {
            return Ok(Some(change.id.to_string()));
        }
    }
    Ok(None)
}

/// What the loss of its keys by a body means for bids sealed for a policy; none while every body can read.
pub(super) fn policy_note(reader: &Reader, health: &Health) -> Option<String> {
    let w = reader.w;
    let means = match health.state {
        PolicyState::Whole => return None,
        PolicyState::Weakened => w.bid_policy_weakened,
        PolicyState::Broken => w.bid_policy_broken,
    };
    let lost: Vec<String> = health.lost.iter().map(|member| member_said(reader, member)).collect();
    let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
    let lost = w.bid_policy_lost.replace("{}", &reader.listed(&lost));
    Some(format!("{lost}{means}"))
}

/// Whoever is no bidder is told so; the tender itself is public.
fn for_bidders(problem: Problem) -> Problem {
    if problem.code() != Code::Forbidden {
        return problem;
    }
    let detail = Say::new(
        "本页供投标人使用，您的账户不是投标人账户。",
        "This page is for bidders, and your account is not a bidder's.",
    );
    Rejection::new(Code::Forbidden, detail).into()
}

/// Whether the bidder holds shares beside others, and so keeps a key of them and no secret of the whole.
fn keeps_shares(policy: &Policy) -> bool {
    policy.expected_shares().iter().any(|(_, member)| member.as_str() == BIDDER)
}

/// `投标人与代理机构`, `bidder and agency`
fn clause_said(reader: &Reader, clause: &[Word]) -> String {
    let w = reader.w;
    match clause {
        [only] if only.as_str() == BIDDER => w.bid_alone.to_owned(),
        all => {
            let said = all.iter().map(|member| member_said(reader, member.as_str()));
            said.collect::<Vec<_>>().join(w.bid_and)
        }
    }
}

fn member_said(reader: &Reader, member: &str) -> String {
    let w = reader.w;
    match member {
        BIDDER => w.bid_member_bidder.to_owned(),
        AGENCY => w.bid_member_agency.to_owned(),
        CENTRE => w.bid_member_centre.to_owned(),
        SUPERVISOR => w.bid_member_supervisor.to_owned(),
        other => other.to_owned(),
    }
}
