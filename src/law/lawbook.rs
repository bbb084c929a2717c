//! The law a hall judges by: editions and calendars kept in its database, read once by each instance.
//!
//! Invariants: which edition is in force is what the database says in the transaction that asks; what an instance
//! has in memory are texts it has read, under the number of the adoption they belong to. A project keeps the edition
//! its first notice froze; the calendar is the same for all, since a day is worked or not whoever counts it.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use diesel_async::AsyncPgConnection;
use serde_json::json;

use super::{
    Law,
    calendar::{Calendar, CalendarYear},
    store::{self, ChangeOf, ChangeState, LawChange},
};
use crate::{
    kernel::{Actor, Problem, id::EditionId},
    ledger::{self, Entry},
    platform::{
        db::Tx,
        policy_file::{PolicyError, PolicyFile, PolicySource, PolicyTexts, digest},
    },
};

/// Folder of the calendar's years.
const CALENDAR: &str = "calendar/";

/// The editions an instance has read. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Lawbook(Arc<RwLock<Read>>);

/// What was read, all of it as of one adoption.
#[derive(Debug, Default)]
struct Read {
    number: i32,
    in_force: Option<EditionId>,
    first: Option<EditionId>,
    laws: BTreeMap<EditionId, Arc<Law>>,
}

impl Lawbook {
    /// The law in force.
    ///
    /// # Errors
    /// When the database is away, or keeps a text that this program cannot read.
    pub async fn in_force(&self, conn: &mut AsyncPgConnection) -> Result<Arc<Law>, Problem> {
        let number = store::number(conn).await?;
        if let Some(law) = self.read(number, |read| read.in_force) {
            return Ok(law);
        }
        let edition = store::edition_in_force(conn).await?.ok_or_else(no_edition)?;
        let law = Arc::new(kept_law(conn, &edition).await?);
        self.keep(number, &law, |read| read.in_force = Some(edition.id));
        Ok(law)
    }

    /// As [`Self::in_force`]; nothing is adopted before the transaction ends, so that what is fixed by this law is
    /// among what a change of the calendar counts anew.
    ///
    /// # Errors
    /// As [`Self::in_force`].
    pub async fn held(&self, tx: &mut Tx<'_>) -> Result<Arc<Law>, Problem> {
        store::hold(tx).await?;
        self.in_force(tx.conn()).await
    }

    /// The law of a project: its own edition once its first notice is out, before that the one in force. `frozen`
    /// says whether the notice is out; one that froze none, since editions were not kept then, has the hall's first.
    ///
    /// # Errors
    /// As [`Self::in_force`].
    pub async fn of(
        &self,
        conn: &mut AsyncPgConnection,
        edition: Option<EditionId>,
        frozen: bool,
    ) -> Result<Arc<Law>, Problem> {
        match edition {
            None if !frozen => self.in_force(conn).await,
            None => {
                let number = store::number(conn).await?;
                if let Some(law) = self.read(number, |read| read.first) {
                    return Ok(law);
                }
                let first = store::first_edition(conn).await?.ok_or_else(no_edition)?;
                let law = Arc::new(kept_law(conn, &first).await?);
                self.keep(number, &law, |read| read.first = Some(first.id));
                Ok(law)
            }
            Some(id) => {
                let number = store::number(conn).await?;
                if let Some(law) = self.read(number, |_| Some(id)) {
                    return Ok(law);
                }
                let edition = store::find(conn, id).await?.ok_or_else(no_edition)?;
                let law = Arc::new(kept_law(conn, &edition).await?);
                self.keep(number, &law, |_| ());
                Ok(law)
            }
        }
    }

    fn read(&self, number: i32, which: impl FnOnce(&Read) -> Option<EditionId>) -> Option<Arc<Law>> {
        let read = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if read.number != number {
            return None;
        }
        which(&read).and_then(|id| read.laws.get(&id)).cloned()
    }

    /// Keeps a law as of adoption `number`. What was read before a later adoption is forgotten with the first law
    /// read after it; what is read late by an older number is used once and not kept.
    fn keep(&self, number: i32, law: &Arc<Law>, note: impl FnOnce(&mut Read)) {
        let mut read = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if read.number > number {
            return;
        }
        if read.number < number {
            *read = Read { number, ..Read::default() };
        }
        if let Some(id) = law.edition() {
            read.laws.insert(id, Arc::clone(law));
        }
        note(&mut read);
    }
}

fn no_edition() -> Problem {
    Problem::internal(anyhow::anyhow!("the edition asked for is not kept"))
}

/// An edition with the calendar in force.
async fn kept_law(conn: &mut AsyncPgConnection, edition: &LawChange) -> Result<Law, Problem> {
    let calendar = store::calendar_in_force(conn).await?;
    let texts = calendar.into_iter().fold(edition.files.clone(), |mut texts, year| {
        texts.extend(year.files);
        texts
    });
    let law = Law::load(&PolicySource::Adopted(Arc::new(texts))).map_err(Problem::internal)?;
    Ok(Law { edition: Some(edition.id), ..law })
}

/// The path of a year's text.
pub fn calendar_path(year: i32) -> String {
    format!("{CALENDAR}{year}.toml")
}

/// Reads one year of the calendar from the text of its file.
///
/// # Errors
/// The first thing in it that cannot be used, by line and key.
pub fn read_year(text: &str) -> Result<CalendarYear, PolicyError> {
    CalendarYear::read(&PolicyFile { name: "calendar".to_owned(), text: text.to_owned() })
}

/// The calendar of `law` with `year` in the place of what it said of that year.
pub fn with_year(law: &Law, year: CalendarYear) -> Calendar {
    let mut calendar = Calendar::default();
    for other in law.calendar().years().filter(|other| other.year != year.year) {
        calendar.add(other.clone());
    }
    calendar.add(year);
    calendar
}

/// What a configuration brings: the texts of an edition, and those of the calendar by year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Everything but the calendar.
    pub edition: PolicyTexts,
    /// Year → text.
    pub calendar: BTreeMap<i32, String>,
}

impl Configuration {
    /// Divides the texts of a configuration that was read and checked as a whole.
    ///
    /// # Errors
    /// A year of the calendar that cannot be used.
    pub fn divide(texts: PolicyTexts) -> Result<Self, PolicyError> {
        let (years, edition): (PolicyTexts, PolicyTexts) =
            texts.into_iter().partition(|(path, _)| path.starts_with(CALENDAR));
        let years = years.into_values().map(|text| Ok((read_year(&text)?.year, text)));
        Ok(Self { edition, calendar: years.collect::<Result<_, _>>()? })
    }

    /// SHA-256 of the edition, as the record names it.
    pub fn digest(&self) -> [u8; 32] {
        digest(&self.edition)
    }
}

/// Adopts what the configuration of a start brings that the hall has never had: its first edition, the edition of a
/// new program or folder, and years of the calendar that were not known. What the hall had before does not come back
/// by a restart, and a year that is known changes only by the two people of [`super::store`].
///
/// # Errors
/// When the database is away.
pub async fn adopt_configuration(tx: &mut Tx<'_>, brought: Configuration) -> Result<(), Problem> {
    store::turn(tx).await?;
    let known = store::calendar_in_force(tx.conn()).await?;
    for (year, text) in brought.calendar {
        let of = ChangeOf::Calendar(year);
        let texts = PolicyTexts::from([(calendar_path(year), text)]);
        match known.iter().find(|change| change.of == of) {
            None => adopt_at_start(tx, of, texts).await?,
            Some(kept) if kept.digest == digest(&texts) => {}
            Some(_) => {
                tracing::warn!(year, "the configured calendar is not the one in force and stays aside")
            }
        }
    }
    let new = digest(&brought.edition);
    let in_force = store::edition_in_force(tx.conn()).await?;
    if in_force.is_some_and(|edition| edition.digest == new) {
        return Ok(());
    }
    if store::is_known(tx.conn(), ChangeOf::Edition, new).await? {
        tracing::warn!(
            edition = hex::encode(new),
            "the configured edition was in force before and stays aside"
        );
        return Ok(());
    }
    adopt_at_start(tx, ChangeOf::Edition, brought.edition).await
}

async fn adopt_at_start(tx: &mut Tx<'_>, of: ChangeOf, files: PolicyTexts) -> Result<(), Problem> {
    let now = tx.hall_now().await?;
    let change = LawChange {
        id: EditionId::random(),
        of,
        digest: digest(&files),
        files,
        state: ChangeState::Adopted,
        entered_at: now,
        entered_by: None,
        decided_at: Some(now),
        decided_by: None,
        reason: None,
        adopted_no: Some(store::next_number(tx).await?),
    };
    store::insert(tx, &change).await?;
    record_adoption(tx, &Actor::Hall("law.start"), &change).await
}

/// Writes the entry of an adoption.
///
/// # Errors
/// When the database is away.
pub async fn record_adoption(tx: &mut Tx<'_>, actor: &Actor, change: &LawChange) -> Result<(), Problem> {
    let (act, year) = match change.of {
        ChangeOf::Edition => ("law.editionAdopted", None),
        ChangeOf::Calendar(year) => ("law.calendarAdopted", Some(year)),
    };
    let facts = json!({"digest": hex::encode(change.digest), "no": change.adopted_no, "year": year});
    let at = change.decided_at.unwrap_or(change.entered_at);
    let entry = Entry::new(act).row("law_changes", change.id.0).facts(facts);
    ledger::record(tx, actor, at, entry).await?;
    Ok(())
}
