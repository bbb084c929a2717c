//! Changes of the law: an edition or a year of the calendar is entered by the administrator and comes into force by
//! the supervision office (公管办), never by one person.
//!
//! Invariants: what is entered has been read and checked as a whole; whoever approves has seen every deadline under
//! way that it moves, and what it changes in words: the approval names their digest, and a list that has changed
//! since is shown again instead. Running projects keep the edition of their first notice; the calendar is the same
//! for all.

pub mod http;
pub mod model;
mod moved;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    identity::{Action, Object, authorize},
    jurisdiction::{self, Jurisdiction},
    kernel::{
        Actor, AllowedAction, Code, Problem, Refusal, Rejection, Say,
        id::{AccountId, EditionId},
        problem::fitting,
    },
    law::{
        Law, Lawbook,
        changes::changes,
        lawbook::{calendar_path, read_year, record_adoption, with_year},
        store::{self, ChangeOf, ChangeState, LawChange},
    },
    ledger::{self, Entry},
    platform::{
        db::Tx,
        http::{Page, PageQuery, Reply, paging::Cursor},
        policy_file::{PolicyError, PolicySource, PolicyTexts, digest},
    },
    rooms,
};
use model::{CalendarText, LawChangeKind, LawChangeLine, LawChangeView, NewEdition, Said};

fn permit(actor: &Actor, action: Action) -> Result<(), Problem> {
    authorize(actor, action, &Object::none())
}

/// Enters files that a new edition changes.
///
/// # Errors
/// 401, 403, 422 with the file, line and key of the first thing that cannot be used or contradicts another.
pub async fn enter_edition(
    tx: &mut Tx<'_>,
    actor: &Actor,
    book: &Lawbook,
    new: NewEdition,
) -> Result<Reply, Problem> {
    permit(actor, Action::LawEnter)?;
    let in_force = store::edition_in_force(tx.conn()).await?.ok_or_else(Rejection::not_found)?;
    let files = changed_files(&in_force.files, new.files)?;
    if files == in_force.files {
        let detail = Say::new("与现行版本相同。", "Nothing differs from the edition in force.");
        return Err(Rejection::at("/files", "invalid", detail).into());
    }
    read_edition(tx.conn(), &files, PolicySource::Kept).await?.map_err(|error| in_files(&error))?;
    enter(tx, actor, book, ChangeOf::Edition, files).await
}

/// Enters a year of the calendar.
///
/// # Errors
/// 401, 403, 422 with a pointer to the first thing that cannot be used.
pub async fn enter_calendar(
    tx: &mut Tx<'_>,
    actor: &Actor,
    book: &Lawbook,
    new: &CalendarText,
) -> Result<Reply, Problem> {
    permit(actor, Action::LawEnter)?;
    let text = toml::to_string(new).map_err(Problem::internal)?;
    let year = read_year(&text).map_err(|error| in_calendar(&error))?;
    let law = book.in_force(tx.conn()).await?;
    if law.calendar().year(year.year) == Some(&year) {
        let detail = Say::new("与现行日历相同。", "Nothing differs from the calendar in force.");
        return Err(Rejection::at("", "invalid", detail).into());
    }
    let files = PolicyTexts::from([(calendar_path(year.year), text)]);
    enter(tx, actor, book, ChangeOf::Calendar(year.year), files).await
}

async fn enter(
    tx: &mut Tx<'_>,
    actor: &Actor,
    book: &Lawbook,
    of: ChangeOf,
    files: PolicyTexts,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let now = tx.hall_now().await?;
    let change = LawChange {
        id: EditionId::random(),
        of,
        digest: digest(&files),
        files,
        state: ChangeState::Entered,
        entered_at: now,
        entered_by: Some(account.0),
        decided_at: None,
        decided_by: None,
        reason: None,
        adopted_no: None,
    };
    store::insert(tx, &change).await?;
    let facts = json!({"kind": LawChangeKind::from(of), "digest": hex::encode(change.digest)});
    let entry = Entry::new("law.changeEntered").row("law_changes", change.id.0).facts(facts);
    ledger::record(tx, actor, now, entry).await?;
    let view = view(tx.conn(), actor, book, change, now).await?;
    Reply::created(format!("/api/v1/law/changes/{}", view.line.id), &view)
}

/// The files of the edition in force with the changed ones in their place; `None` takes one away.
fn changed_files(
    in_force: &PolicyTexts,
    changed: BTreeMap<String, Option<String>>,
) -> Result<PolicyTexts, Rejection> {
    let mut files = in_force.clone();
    for (path, text) in changed {
        if !is_policy_path(&path) {
            let detail = Say::new("版本中没有这样的文件。", "An edition has no such file.");
            return Err(Rejection::at(pointer_to(&path), "unknown", detail));
        }
        match text {
            Some(text) => files.insert(path, text),
            None => files.remove(&path),
        };
    }
    Ok(files)
}

/// Whether a file of this path would be read: the calendar is changed by itself.
fn is_policy_path(path: &str) -> bool {
    let plain = |name: &str| {
        let stem = name.strip_suffix(".toml").unwrap_or_default();
        !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match path.split_once('/') {
        None => matches!(path, "regions.toml" | "routing.toml"),
        Some((folder, name)) => {
            matches!(folder, "law" | "procedures" | "catalogue" | "codes" | "centres") && plain(name)
        }
    }
}

fn pointer_to(path: &str) -> String {
    format!("/files/{}", path.replace('~', "~0").replace('/', "~1"))
}

fn in_files(error: &PolicyError) -> Rejection {
    Rejection::at(pointer_to(&error.file), "invalid", Say::new(error.to_string(), error.to_string()))
}

/// `off[0].from` of a file is `/off/0/from` of the request.
fn in_calendar(error: &PolicyError) -> Rejection {
    let key = error.key.clone().unwrap_or_default();
    let pointer = format!("/{}", key.replace("].", "/").replace(['[', '.'], "/").replace(']', ""));
    Rejection::at(pointer, "invalid", Say::new(error.message.clone(), error.message.clone()))
}

/// Law and jurisdiction of an edition by the calendar in force.
async fn read_edition(
    conn: &mut AsyncPgConnection,
    files: &PolicyTexts,
    whole: fn(Arc<PolicyTexts>) -> PolicySource,
) -> Result<Result<(Law, Jurisdiction), PolicyError>, Problem> {
    let mut texts = files.clone();
    for year in store::calendar_in_force(conn).await? {
        texts.extend(year.files);
    }
    let source = whole(Arc::new(texts));
    Ok(Law::load(&source).and_then(|law| Ok((law, Jurisdiction::load(&source)?))))
}

/// What a change says beside what is in force now, and which deadlines under way it moves.
async fn said(
    conn: &mut AsyncPgConnection,
    book: &Lawbook,
    change: &LawChange,
    now: DateTime<Utc>,
) -> Result<Said, Problem> {
    let law = book.in_force(conn).await?;
    let (found, moved) = match change.of {
        ChangeOf::Edition => {
            let in_force = store::edition_in_force(conn).await?.ok_or_else(Rejection::not_found)?;
            let (_, old) = read_edition(conn, &in_force.files, PolicySource::Adopted)
                .await?
                .map_err(Problem::internal)?;
            let (new_law, new) =
                read_edition(conn, &change.files, PolicySource::Kept).await?.map_err(Problem::internal)?;
            let mut found = changes(&law, &new_law);
            found.extend(jurisdiction::changes::changes(&old, &new));
            (found, Vec::new())
        }
        ChangeOf::Calendar(_) => {
            let text = change.files.values().next().map(String::as_str).unwrap_or_default();
            let calendar = with_year(&law, read_year(text).map_err(Problem::internal)?);
            let moved = moved::deadlines(conn, book, &calendar, now).await?;
            (changes(&law, &law.with_calendar(calendar)), moved)
        }
    };
    let says = found.into_iter().map(model::SaidChange::from).collect();
    let mut said = Said { changes: says, moved, confirmation: String::new() };
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&said).map_err(Problem::internal)?);
    said.confirmation = hex::encode(hash.finalize());
    Ok(said)
}

/// The supervision office puts a change into force; `confirmation` names the list of what it changes and moves.
///
/// # Errors
/// 401, 403, 404; 409 `wrong-state` when it was decided, `list-changed` with the list as it is now.
pub async fn approve(
    tx: &mut Tx<'_>,
    actor: &Actor,
    book: &Lawbook,
    id: EditionId,
    confirmation: &str,
) -> Result<Reply, Problem> {
    let (mut change, account) = to_decide(tx, actor, id).await?;
    store::turn(tx).await?;
    let now = tx.hall_now().await?;
    let said = said(tx.conn(), book, &change, now).await?;
    if said.confirmation != confirmation {
        let detail = Say::new(
            "变动清单与所确认的不同，请重新审阅后确认。",
            "What it changes and moves is not what was confirmed; read the list again.",
        );
        let list = serde_json::to_value(&said).map_err(Problem::internal)?;
        return Err(Refusal::new(Code::ListChanged, detail).with("list", list).into());
    }
    change.state = ChangeState::Adopted;
    change.decided_at = Some(now);
    change.decided_by = Some(account.0);
    change.adopted_no = Some(store::next_number(tx).await?);
    store::decide(tx, &change).await?;
    record_adoption(tx, actor, &change).await?;
    if change.of == ChangeOf::Edition {
        let (_, jurisdiction) =
            read_edition(tx.conn(), &change.files, PolicySource::Kept).await?.map_err(Problem::internal)?;
        rooms::synchronise(tx, &jurisdiction).await?;
    }
    Reply::ok(&LawChangeView { line: line(actor, &change), said: Some(said), allowed_actions: Vec::new() })
}

/// The supervision office sends a change back with the reason.
///
/// # Errors
/// 401, 403, 404, 409 when it was decided, 422.
pub async fn refuse(tx: &mut Tx<'_>, actor: &Actor, id: EditionId, reason: &str) -> Result<Reply, Problem> {
    let (mut change, account) = to_decide(tx, actor, id).await?;
    let reason = fitting(reason, "/reason", 1000)?;
    let now = tx.hall_now().await?;
    change.state = ChangeState::Refused;
    change.decided_at = Some(now);
    change.decided_by = Some(account.0);
    change.reason = Some(reason.clone());
    store::decide(tx, &change).await?;
    let entry = Entry::new("law.changeRefused").row("law_changes", id.0).because(reason);
    ledger::record(tx, actor, now, entry).await?;
    Reply::ok(&LawChangeView { line: line(actor, &change), said: None, allowed_actions: Vec::new() })
}

async fn to_decide(tx: &mut Tx<'_>, actor: &Actor, id: EditionId) -> Result<(LawChange, AccountId), Problem> {
    permit(actor, Action::LawDecide)?;
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let change = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    open(&change)?;
    Ok((change, account))
}

fn open(change: &LawChange) -> Result<(), Refusal> {
    if change.state == ChangeState::Entered {
        return Ok(());
    }
    let detail = Say::new("该变动已作出决定。", "This change has been decided.");
    Err(Refusal::new(Code::WrongState, detail))
}

/// One change, with what it says while it waits.
///
/// # Errors
/// 404 for what was not adopted, to whoever neither enters nor supervises.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    book: &Lawbook,
    id: EditionId,
    now: DateTime<Utc>,
) -> Result<LawChangeView, Problem> {
    let change = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    if change.state != ChangeState::Adopted && !sees_all(actor) {
        return Err(Rejection::not_found().into());
    }
    view(conn, actor, book, change, now).await
}

/// The texts of a change, as they were entered.
///
/// # Errors
/// As [`read`].
pub async fn files(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: EditionId,
) -> Result<PolicyTexts, Problem> {
    let change = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    if change.state != ChangeState::Adopted && !sees_all(actor) {
        return Err(Rejection::not_found().into());
    }
    Ok(change.files)
}

fn sees_all(actor: &Actor) -> bool {
    permit(actor, Action::LawChangeRead).is_ok()
}

async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    book: &Lawbook,
    change: LawChange,
    now: DateTime<Utc>,
) -> Result<LawChangeView, Problem> {
    let waits = change.state == ChangeState::Entered;
    let said = if waits { Some(said(conn, book, &change, now).await?) } else { None };
    let decide = permit(actor, Action::LawDecide).and_then(|()| open(&change).map_err(Problem::from));
    let actions = ["approve", "refuse"].map(|action| AllowedAction::from_guard(action, &decide));
    Ok(LawChangeView { line: line(actor, &change), said, allowed_actions: actions.into() })
}

fn line(actor: &Actor, change: &LawChange) -> LawChangeLine {
    let by = |account: Option<uuid::Uuid>| account.filter(|_| sees_all(actor)).map(AccountId);
    LawChangeLine {
        id: change.id,
        kind: change.of.into(),
        year: match change.of {
            ChangeOf::Edition => None,
            ChangeOf::Calendar(year) => Some(year),
        },
        digest: hex::encode(change.digest),
        state: change.state,
        at_start: change.entered_by.is_none(),
        entered_at: change.entered_at,
        entered_by: by(change.entered_by),
        decided_at: change.decided_at,
        decided_by: by(change.decided_by),
        reason: change.reason.clone().filter(|_| sees_all(actor)),
        number: change.adopted_no,
    }
}

/// Changes, newest first; who neither enters nor supervises sees what was adopted.
///
/// # Errors
/// 422.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    query: &PageQuery,
) -> Result<Page<LawChangeLine>, Problem> {
    let (cursor, limit) = query.checked()?;
    let rows = store::list(conn, sees_all(actor), cursor, limit).await?;
    let page = Page::from_rows(rows, limit, |row| Cursor { at: row.entered_at, id: row.id.0 });
    Ok(Page { items: page.items.iter().map(|change| line(actor, change)).collect(), next: page.next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_are_read_may_be_changed() {
        for good in ["law/engineering.toml", "procedures/x-1.toml", "regions.toml", "centres/152500.toml"] {
            assert!(is_policy_path(good), "{good}");
        }
        for bad in [
            "calendar/2026.toml",
            "base.toml",
            "law/../base.toml",
            "law/a/b.toml",
            "law/.toml",
            "law/x",
            "/law/x.toml",
        ] {
            assert!(!is_policy_path(bad), "{bad}");
        }
    }

    #[test]
    fn a_key_of_the_file_is_a_pointer_into_the_request() {
        let error = |key: &str| PolicyError {
            file: "calendar".into(),
            line: Some(9),
            key: Some(key.into()),
            message: "why".into(),
        };
        let pointer = |key: &str| in_calendar(&error(key)).errors[0].pointer.clone();
        assert_eq!(pointer("off[0].from"), "/off/0/from");
        assert_eq!(pointer("work[12].date"), "/work/12/date");
        assert_eq!(pointer("workingDays"), "/workingDays");
    }
}
