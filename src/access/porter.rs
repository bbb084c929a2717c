//! The porter 门卫: answers doors, those that ask at the same time together.
//!
//! One statement works out every answer of a group, one commit puts them all into the log, and only then is any door
//! told: no door opens whose pass is not kept. What asks meanwhile waits for the next group, so that under load the
//! cost of a commit is shared, and a door that asks alone waits for nobody. The thread has connections of its own;
//! any number of instances may do this at once.

use std::{sync::Arc, thread::JoinHandle};

use chrono::TimeDelta;
use serde_json::json;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::LocalSet,
};
use uuid::Uuid;

use super::{
    model::Checked,
    rules::{self, Behind, Facts},
    store::{
        self, Line,
        sight::{self, Sight},
    },
};
use crate::{
    jurisdiction::{Jurisdiction, Jurisdictions},
    kernel::{
        Actor, Problem, Rejection,
        id::{AccountId, RequestId},
    },
    ledger::{self, Entry},
    platform::db::{Db, Tx},
};

/// Checks that may wait; more are held back at the door.
const QUEUE: usize = 1024;
/// Most checks of one commit: what a group costs by itself is shared by all that wait, and a whole centre's doors may.
const GROUP: usize = 256;
/// Groups under way at the same time, each on a connection of its own.
const LANES: usize = 2;
/// Name of the unit of work.
const UNIT: &str = "access.check";

/// A door that asks.
#[derive(Debug, Clone)]
pub struct Question {
    /// SHA-256 of the door's key.
    pub key: [u8; 32],
    /// SHA-256 of the pass or card.
    pub pass: Option<[u8; 32]>,
    /// The account, where the reader knows the person.
    pub account: Option<AccountId>,
}

struct Waiting {
    question: Question,
    answer: oneshot::Sender<Result<Checked, Problem>>,
}

/// The way to the porter; clones share it. The thread ends when the last clone is gone and all is answered.
#[derive(Clone, Debug)]
pub struct Porter {
    door: mpsc::Sender<Waiting>,
}

impl Porter {
    /// Starts the porter on a thread and connections of its own to `url`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(url: &str, jurisdictions: Jurisdictions) -> anyhow::Result<(Self, JoinHandle<()>)> {
        let (door, queue) = mpsc::channel(QUEUE);
        let db = Db::connect_by_key(url, LANES)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let queue = Arc::new(Mutex::new(queue));
        let thread = std::thread::Builder::new().name("porter".into()).spawn(move || {
            let lanes = (0..LANES).map(|_| serve(&db, &jurisdictions, &queue));
            LocalSet::new().block_on(&runtime, futures_util::future::join_all(lanes));
        })?;
        Ok((Self { door }, thread))
    }

    /// Asks, and waits until the answer is in the log.
    ///
    /// # Errors
    /// 401 for a key that is no door's; `unavailable` when the log cannot be written, and then the door stays shut.
    pub async fn ask(&self, question: Question) -> Result<Checked, Problem> {
        let (answer, told) = oneshot::channel();
        let gone = || Problem::unavailable(anyhow::anyhow!("the porter has stopped"));
        self.door.send(Waiting { question, answer }).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

async fn serve(db: &Db, jurisdictions: &Jurisdictions, queue: &Mutex<mpsc::Receiver<Waiting>>) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        if queue.lock().await.recv_many(&mut group, GROUP).await == 0 {
            return;
        }
        let (questions, callers): (Vec<_>, Vec<_>) =
            group.drain(..).map(|waiting| (waiting.question, waiting.answer)).unzip();
        let done = db
            .transaction(UNIT, RequestId::random(), async |tx| answer(tx, jurisdictions, &questions).await)
            .await;
        let answers = done.unwrap_or_else(|problem| {
            let cause = match problem {
                Problem::Fault(fault) => format!("{:#}", fault.cause),
                other => other.code().name().to_owned(),
            };
            let failed = || Problem::unavailable(anyhow::anyhow!("the doors' log was not written: {cause}"));
            questions.iter().map(|_| Err(failed())).collect()
        });
        for (caller, answer) in callers.into_iter().zip(answers) {
            // A door that has gone opens for nobody.
            drop(caller.send(answer));
        }
    }
}

/// Works out a group and writes its page of the log.
async fn answer(
    tx: &mut Tx<'_>,
    jurisdictions: &Jurisdictions,
    questions: &[Question],
) -> Result<Vec<Result<Checked, Problem>>, Problem> {
    let sights = sight::look(tx.conn(), questions).await?;
    let mut answers: Vec<_> =
        questions.iter().map(|_| Err(Problem::from(Rejection::unauthenticated()))).collect();
    let Some((now, law)) = sights.first().map(|sight| (sight.now, sight.law)) else { return Ok(answers) };
    let jurisdiction = jurisdictions.adopted(law, tx.conn()).await?;
    let mut lines = Vec::with_capacity(sights.len());
    for mut sight in sights {
        let by_account = questions.get(sight.place).is_some_and(|one| one.account.is_some());
        if by_account && sight.behind.leads_to_a_committee() {
            sight.person = None;
        }
        let place = answers.get_mut(sight.place);
        let (line, checked) = judge(sight, &jurisdiction)?;
        lines.push(line);
        if let Some(place) = place {
            *place = Ok(checked);
        }
    }
    let page = Uuid::new_v4();
    let content = store::write(tx.shared(), page, now, &lines).await?;
    let entry = Entry::new("access.checked").facts(json!({"passes": lines.len()}));
    let entry = entry.written("door_pages", page, content);
    ledger::record(tx, &Actor::Hall("access.porter"), now, entry).await?;
    Ok(answers)
}

fn judge(sight: Sight, jurisdiction: &Jurisdiction) -> Result<(Line, Checked), Problem> {
    let centre = jurisdiction.centre(&sight.centre);
    let centre = centre.ok_or_else(|| {
        Problem::internal(anyhow::anyhow!("no file of centre {}, whose door asks", sight.centre))
    })?;
    let (account, booking) = (sight.person.as_ref().map(|person| person.account), sight.booking);
    let facts = Facts {
        now: sight.now,
        behind: sight.behind,
        centre: &sight.centre,
        region: &centre.region,
        lead: TimeDelta::minutes(i64::from(centre.access.door_lead_minutes)),
        person: sight.person,
        booked: sight.booked,
        seat: sight.seat,
        deposited: sight.deposited,
    };
    let (standing, entered) = rules::decide(&facts);
    let reason = entered.err().unwrap_or(super::model::Reason::Entitled);
    let checked = Checked { allow: entered.is_ok(), reason, at: sight.now };
    let line = Line { device: sight.device, centre: sight.centre, account, standing, checked, booking };
    Ok((line, checked))
}

impl Behind {
    /// The room or area as a device's row names it.
    pub(super) fn of(room: Option<&str>, area: Option<&str>) -> Option<Self> {
        match (room, area) {
            (Some(kind), None) => kind.parse().ok().map(Self::Room),
            (None, Some(area)) => area.parse().ok().map(Self::Area),
            _ => None,
        }
    }
}
