//! Released shares: who may release what, what can be checked of it at once, and what opens a bid in the end.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    bids::{self, StandingBid},
    holders::{self, Policies, Settled},
    identity::{Action, Object, Parties, authorize},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        actor::AccountActor,
        id::{BidId, TenderId},
    },
    ledger::{self, Entry},
    opening::{
        jobs::conclude_key,
        model::{HeldShare, Opening, ReleaseShare, ReleasedShare, ReleasedShares},
        rules::{self, Failures},
        service, stages,
        store::{self, NewShare, ShareRow},
    },
    platform::{
        db::Tx,
        http::{Page, Reply},
        jobs,
    },
    projects,
    seal::{
        Word,
        policy::BIDDER,
        shares::{Shut, check_released, join, rebuild},
    },
    tenders::{self, Tender},
};

/// Most shares of one request.
const MOST: usize = 200;

/// What is released for one clause of one bid.
#[derive(Default)]
struct ClauseShares {
    /// The last share of every member.
    latest: BTreeMap<String, SecretString>,
    /// When it was completed to the bid's own key.
    completed_at: Option<DateTime<Utc>>,
}

/// Everything released for some bids.
pub(super) struct Board(HashMap<(BidId, u32), ClauseShares>);

/// A bid and the `bid_key` that its secret must fit.
pub(super) type Sealed<'a> = (BidId, &'a str);

/// The clause that opens a bid.
pub(super) struct Opener {
    /// Its place in the policy.
    pub(super) clause: u32,
    /// The secret.
    pub(super) secret: SecretString,
    /// When its last share came.
    pub(super) released_at: DateTime<Utc>,
    /// Whether the bidder had no part in it.
    pub(super) recovery: bool,
}

impl Board {
    /// Reads what is released for `bids`.
    pub(super) async fn of(conn: &AsyncPgConnection, bids: &[BidId]) -> Result<Self, Problem> {
        let mut board = Self(HashMap::new());
        for row in store::shares_of(conn, bids).await? {
            let at = u32::try_from(row.clause).map_err(Problem::internal)?;
            board.put((BidId(row.bid_id), at), row);
        }
        Ok(board)
    }

    fn put(&mut self, place: (BidId, u32), row: ShareRow) {
        let shares = self.0.entry(place).or_default();
        if row.completes {
            shares.completed_at = Some(row.released_at);
        }
        shares.latest.insert(row.member, row.share.into());
    }

    fn share<'b>(&'b self, bid: BidId, at: u32, member: &Word) -> Option<&'b SecretString> {
        self.0.get(&(bid, at))?.latest.get(member.as_str())
    }

    fn rebuild(&self, (bid, bid_key): Sealed<'_>, at: u32, clause: &[Word]) -> Result<SecretString, Shut> {
        rebuild(clause, |member| self.share(bid, at, member), bid_key)
    }

    /// The first clause of the policy that opens a bid, or why each does not.
    pub(super) fn opener<'p>(
        &self,
        sealed: Sealed<'_>,
        settled: &'p Settled,
    ) -> Result<Opener, Failures<'p>> {
        let (bid, _) = sealed;
        let mut failures = Failures::new();
        for (at, clause) in (0_u32..).zip(&settled.policy.policy().clauses) {
            let completed_at = self.0.get(&(bid, at)).and_then(|shares| shares.completed_at);
            // What completed a clause was tried then, and is tried again when the bid is opened.
            let secret = match completed_at {
                Some(_) => join(clause, |member| self.share(bid, at, member)),
                None => self.rebuild(sealed, at, clause),
            };
            match (secret, completed_at) {
                (Ok(secret), Some(released_at)) => {
                    let recovery = rules::is_recovery(clause);
                    return Ok(Opener { clause: at, secret, released_at, recovery });
                }
                (Ok(_), None) => failures.push((clause, Shut::Unfit)),
                (Err(shut), _) => failures.push((clause, shut)),
            }
        }
        Err(failures)
    }
}

/// What a release is judged by; nothing of it changes while the opening goes on.
struct Place {
    tender: Tender,
    parties: Parties,
    policies: Policies,
}

impl Place {
    async fn of(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Self, Problem> {
        let tender = tenders::load(conn, id).await?;
        let parties = projects::load(conn, tender.project).await?.parties();
        let policies = holders::policies_of(conn, id).await?;
        Ok(Self { tender, parties, policies })
    }

    /// The policy that a bid was sealed for.
    fn policy_of(&self, bid: &StandingBid) -> &Settled {
        self.policies.judging(bid.envelope.policy_digest)
    }

    fn remedy(&self) -> bool {
        self.tender.document.sealing.as_ref().is_some_and(|sealing| sealing.remedy)
    }

    /// The bid as the caller may release a share of it; another's does not exist for a bidder, nor a share of another
    /// body for an officer.
    async fn bid(
        &self,
        conn: &mut AsyncPgConnection,
        account: &AccountActor,
        asked: &ReleaseShare,
    ) -> Result<StandingBid, Problem> {
        let bid = bids::standing_bid(conn, asked.bid_id).await?.filter(|bid| bid.tender == self.tender.id);
        let bid = bid.ok_or_else(Rejection::not_found)?;
        let mine = if asked.member == BIDDER {
            bid.bidder == account.organisation
        } else {
            self.policy_of(&bid).members_of(account.organisation).any(|member| member == asked.member)
        };
        if mine { Ok(bid) } else { Err(Rejection::not_found().into()) }
    }
}

/// A share that has passed every check that needs no lock.
struct Fit {
    bid: StandingBid,
    asked: ReleaseShare,
}

/// A holder releases one share. Nothing is decrypted yet.
///
/// # Errors
/// 403, 404 for another's bid, 409 outside the window, for a clause that opens the bid already, or for a recovery that
/// nothing provides for; 422 for what cannot be a share.
pub async fn release(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TenderId,
    asked: ReleaseShare,
) -> Result<Reply, Problem> {
    let done = put_all(tx, actor, id, vec![asked], "", false).await?;
    let only = done.into_iter().next();
    Reply::ok(&only.ok_or_else(|| Problem::internal(anyhow::anyhow!("a share has no answer")))?)
}

/// A holder releases many shares at once, all or none; one that is there already is left as it is.
///
/// # Errors
/// As [`release`], with pointers into `items`.
pub async fn release_many(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TenderId,
    asked: Vec<ReleaseShare>,
) -> Result<Reply, Problem> {
    if !(1..=MOST).contains(&asked.len()) {
        let detail = Say::new("须有 1 至 200 项。", "1 to 200 items.");
        return Err(Rejection::at("/items", "length", detail).into());
    }
    Reply::ok(&ReleasedShares { items: put_all(tx, actor, id, asked, "/items", true).await? })
}

async fn put_all(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TenderId,
    asked: Vec<ReleaseShare>,
    pointer: &str,
    again: bool,
) -> Result<Vec<ReleasedShare>, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let place = Place::of(tx.conn(), id).await?;
    let mut fits = Vec::with_capacity(asked.len());
    for (at, asked) in asked.into_iter().enumerate() {
        let bid = place.bid(tx.conn(), &account, &asked).await?;
        let pointer = if again { format!("{pointer}/{at}") } else { String::new() };
        // Checked before the lock: the arithmetic is the slow part.
        check(&place, &bid, &asked).map_err(|wrong| within(wrong, &pointer))?;
        // The bid, or the share of it, is the caller's own.
        let object = Object::of(&place.parties, place.tender.authority()).own(asked.member == BIDDER);
        authorize(actor, Action::ShareRelease, &object)?;
        fits.push(Fit { bid, asked });
    }
    let opening = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    let now = tx.hall_now().await?;
    stages::in_turn(tx.conn(), &place.tender, &opening, fits.iter().map(|fit| &fit.bid)).await?;
    rules::may_release(place.tender.phase, &opening, now)?;
    let ids: Vec<BidId> = fits.iter().map(|fit| fit.bid.id).collect();
    let mut board = Board::of(tx.shared(), &ids).await?;
    let mut entry = Entry::new("opening.shareReleased").project(place.tender.project).tender(id).of_bid();
    let mut answers = Vec::with_capacity(fits.len());
    for fit in fits {
        let clause = rules::clause_of(place.policy_of(&fit.bid).policy.policy(), &fit.asked)?;
        if rules::is_recovery(clause)
            && !place.remedy()
            && !store::is_recovered(tx.conn(), fit.bid.id).await?
        {
            return Err(rules::no_recovery().into());
        }
        let (row, opens) =
            put(tx, &mut board, (&fit, opening.stage), clause, (account.account.0, now), again).await?;
        entry = row.into_iter().fold(entry, |entry, row| entry.row("opening_shares", row));
        let window_until = opening.window_until;
        answers.push(ReleasedShare { bid_id: fit.bid.id, released_at: now, window_until, opens });
    }
    if !entry.subjects.is_empty() {
        ledger::record(tx, actor, now, entry).await?;
        conclude_if_all_open(tx, &place, &opening, now).await?;
    }
    Ok(answers)
}

fn check(place: &Place, bid: &StandingBid, asked: &ReleaseShare) -> Result<(), Rejection> {
    let clause = rules::clause_of(place.policy_of(bid).policy.policy(), asked)?;
    let share = SecretString::from(asked.share.clone());
    check_released(clause, &share, &bid.envelope.bid_key).map_err(|error| {
        let detail = if clause.len() > 1 {
            error.flaw.say()
        } else {
            Say::new("该密钥不是此投标的密钥。", "This is not the secret of this bid.")
        };
        let mut rejection = Rejection::at("/share", "secret-does-not-fit", detail);
        rejection.code = Code::SecretDoesNotFit;
        rejection
    })
}

/// The same rejection, pointing into a list.
fn within(mut wrong: Rejection, pointer: &str) -> Rejection {
    for error in &mut wrong.errors {
        error.pointer.insert_str(0, pointer);
    }
    wrong
}

/// Keeps one share, and tells whether its clause opens the bid now.
async fn put(
    tx: &mut Tx<'_>,
    board: &mut Board,
    (fit, stage): (&Fit, u32),
    clause: &[Word],
    (by, now): (Uuid, DateTime<Utc>),
    again: bool,
) -> Result<(Option<Uuid>, Option<bool>), Problem> {
    use secrecy::ExposeSecret as _;
    let Fit { bid, asked } = fit;
    let place = (bid.id, asked.clause);
    let shares = board.0.entry(place).or_default();
    let same = shares.latest.get(&asked.member).is_some_and(|share| share.expose_secret() == asked.share);
    let completed = shares.completed_at.is_some();
    if (same || completed) && !(again && same) {
        let detail = Say::new("该投标已经解密。", "The secret of this bid is released already.");
        return Err(Refusal::new(Code::Duplicate, detail).into());
    }
    if same {
        return Ok((None, completed.then_some(true)));
    }
    shares.latest.insert(asked.member.clone(), asked.share.clone().into());
    let opens = match board.rebuild((bid.id, &bid.envelope.bid_key), asked.clause, clause) {
        Ok(_) => Some(true),
        Err(Shut::Unfit) => Some(false),
        Err(Shut::Absent(_)) => None,
    };
    let new = NewShare {
        tender: bid.tender,
        stage,
        bid: bid.id,
        clause: i32::try_from(asked.clause).map_err(Problem::internal)?,
        member: &asked.member,
        share: &asked.share,
        completes: opens == Some(true),
        by,
        at: now,
    };
    let row = store::insert_share(tx, &new).await?;
    if opens == Some(true) {
        board.0.entry(place).or_default().completed_at = Some(now);
    }
    Ok((Some(row), opens))
}

/// Every bid can be opened without going past a bidder who may still come: nobody gains by waiting.
async fn conclude_if_all_open(
    tx: &mut Tx<'_>,
    place: &Place,
    opening: &Opening,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    // Every policy of a tender has the clauses of the first; only their keys differ.
    let clauses = &place.policies.current().policy.policy().clauses;
    let with_bidder: Vec<i32> =
        (0..).zip(clauses).filter(|(_, clause)| !rules::is_recovery(clause)).map(|(at, _)| at).collect();
    let due = service::envelopes(tx.conn(), &place.tender, opening).await?;
    if store::openable(tx.conn(), opening, &with_bidder).await? >= due {
        jobs::reschedule(tx, &conclude_key(opening.tender, opening.stage), now).await?;
    }
    Ok(())
}

/// The shares that the caller may decrypt and release in this stage: of its own bid, or of every bid as an officer.
///
/// # Errors
/// 404 before the opening has begun, 403 for whoever holds none.
pub async fn held(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
) -> Result<Page<HeldShare>, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let place = Place::of(conn, id).await?;
    let project = projects::load(conn, place.tender.project).await?;
    tenders::permit(actor, Action::OpeningRead, &project, &place.tender)?;
    let opening = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let stages = place.tender.document.stages();
    let sealed = store::sealed(conn, id).await?;
    let mut standing = bids::standing_bids(conn, id).await?;
    let own = standing.iter().any(|bid| bid.bidder == account.organisation);
    standing.retain(|bid| stages.stage_of(bid.part) == Some(opening.stage) && !sealed.contains(&bid.id));
    let object = Object::of(&place.parties, place.tender.authority()).own(own);
    authorize(actor, Action::ShareRelease, &object)?;
    let ids: Vec<BidId> = standing.iter().map(|bid| bid.id).collect();
    let board = Board::of(conn, &ids).await?;
    let recoveries = store::recoveries(conn, id).await?;
    let mut items = Vec::new();
    for bid in &standing {
        let settled = place.policy_of(bid);
        let members: Vec<&str> = settled.members_of(account.organisation).collect();
        let clauses = &settled.policy.policy().clauses;
        for share in &bid.envelope.shares {
            let member = share.member.as_str();
            let mine =
                if member == BIDDER { bid.bidder == account.organisation } else { members.contains(&member) };
            if !mine {
                continue;
            }
            let clause = usize::try_from(share.clause).ok().and_then(|at| clauses.get(at));
            let recovery = clause.is_some_and(|clause| rules::is_recovery(clause));
            let shares = board.0.get(&(bid.id, share.clause));
            items.push(HeldShare {
                bid_id: bid.id,
                clause: share.clause,
                member: member.to_owned(),
                policy_digest: bid.envelope.policy_digest,
                age: share.age.clone(),
                recovery,
                wanted: !recovery || place.remedy() || recoveries.contains_key(&bid.id),
                released: shares.is_some_and(|shares| shares.latest.contains_key(member)),
            });
        }
    }
    Ok(Page { items, next: None })
}
