//! Use cases: logging in, refreshing, proving a token, enrolling a key; and what other rooms ask about people.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use ed25519_dalek::{Signature, VerifyingKey};
use rand::Rng;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    model::{
        Me, NewSigningKey, Organisation, PasswordChange, SessionsEnded, SigningKey, SigningKeyView,
        enrolment_text,
    },
    passwords,
    policy::{Action, Object, authorize},
    store::{self, Credential, NewProof, Standing},
    tokens::{ACCESS_SECONDS, Claims, Kind, TokenKeys},
};
use crate::{
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Role, Say,
        actor::AccountActor,
        id::{AccountId, OrganisationId, RequestId},
        time::machine_now,
    },
    ledger::{self, Entry},
    platform::{
        db::{Db, Tx},
        http::{Page, Reply},
    },
};

/// Failed logins of one account, and from one address, within a quarter of an hour (settings of the hall).
const MOST_FAILURES: (i32, i32) = (10, 100);
/// Life of a refresh token in hours (a setting of the hall).
const REFRESH_HOURS: i32 = 12;
/// Two tabs may refresh within this many seconds of each other without ending the session.
const RACE_SECONDS: i32 = 10;
/// How long an account's standing may be taken as read.
const STANDING_AGE: Duration = Duration::from_secs(5);
/// Entries a cache holds before it is emptied.
const CACHE_SIZE: usize = 20_000;

/// What a login answers.
#[derive(Debug)]
pub struct Grant {
    /// Access token.
    pub access: String,
    /// Refresh token; a program gets none (RFC 6749 §4.4.3).
    pub refresh: Option<String>,
    /// The account has to choose its own password before anything else.
    pub first_password: bool,
}

/// A browser's session that has begun.
pub struct SignedIn {
    /// What its cookie holds.
    pub token: String,
    /// The account has to choose its own password before anything else.
    pub first_password: bool,
}

/// An account behind a token that is good now.
#[derive(Debug)]
pub struct Proven {
    /// The account.
    pub account: AccountActor,
    /// It has to choose its own password before anything else.
    pub first_password: bool,
}

/// Why a login answers no.
#[derive(Debug)]
pub enum NoGrant {
    /// Unknown, wrong, used up, or not for this kind of account.
    Invalid,
    /// Too many failures; seconds to wait.
    Limited(i32),
    /// Another tab refreshed a moment ago.
    Race,
    /// The hall failed.
    Problem(Problem),
}

impl From<Problem> for NoGrant {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// An account's standing and when it was read.
type Seen = (Instant, Option<Standing>);

/// Proves accounts; one for the whole program, in the app's data as `web::Data<Gate>`.
///
/// Both caches are for speed only: a verified signature stays good until the token expires; standing is read
/// again after five seconds, so that disabling an account or changing its roles acts on every instance.
pub struct Gate {
    db: Db,
    keys: TokenKeys,
    verified: Mutex<HashMap<[u8; 32], Claims>>,
    standings: Mutex<HashMap<(AccountId, Uuid), Seen>>,
}

impl Gate {
    /// A gate over the hall's database and token keys.
    pub fn new(db: Db, keys: TokenKeys) -> Self {
        Self { db, keys, verified: Mutex::default(), standings: Mutex::default() }
    }

    /// The account behind a token of this kind. What it may do before it has its own password, [`super::call`] says.
    ///
    /// # Errors
    /// 401 for any token that is not good now; `unavailable` when standing cannot be read.
    pub async fn account_of(&self, kind: Kind, token: &str) -> Result<Proven, Problem> {
        let claims = self.claims_of(kind, token).ok_or_else(Rejection::unauthenticated)?;
        let standing = self.standing_of(claims.sub, claims.sid).await?;
        match standing {
            Some(found) if found.epoch == claims.epoch && found.actor.organisation == claims.org => {
                Ok(Proven { account: found.actor, first_password: found.first_password })
            }
            _ => Err(Rejection::unauthenticated().into()),
        }
    }

    fn claims_of(&self, kind: Kind, token: &str) -> Option<Claims> {
        let name: [u8; 32] = Sha256::digest(token).into();
        if let Some(claims) = look(&self.verified, &name) {
            return (claims.is(kind) && machine_now().timestamp() < claims.exp).then_some(claims);
        }
        let claims = self.keys.verify(kind, token)?;
        put(&self.verified, name, claims.clone());
        Some(claims)
    }

    async fn standing_of(&self, account: AccountId, session: Uuid) -> Result<Option<Standing>, Problem> {
        if let Some((read, standing)) = look(&self.standings, &(account, session))
            && read.elapsed() < STANDING_AGE
        {
            return Ok(standing);
        }
        let read = Instant::now();
        let standing = store::standing(&mut *self.db.read().await?, account, session).await?;
        put(&self.standings, (account, session), (read, standing.clone()));
        Ok(standing)
    }

    /// Logs a person in by password.
    ///
    /// # Errors
    /// [`NoGrant`].
    pub async fn by_password(&self, login: &str, password: String, address: &str) -> Result<Grant, NoGrant> {
        let found = self.prove(login, password, address).await?;
        let (session, refresh) = self.open_session(&found).await?;
        let access = self.token(Kind::Access, &found, session)?;
        Ok(Grant { access, refresh: Some(refresh), first_password: found.first_password })
    }

    /// Signs a person in with a browser.
    ///
    /// # Errors
    /// [`NoGrant`].
    pub async fn sign_in(&self, login: &str, password: String, address: &str) -> Result<SignedIn, NoGrant> {
        let found = self.prove(login, password, address).await?;
        // The refresh token is given to nobody: its row is what ends with the session.
        let (session, _) = self.open_session(&found).await?;
        let token = self.token(Kind::Session, &found, session)?;
        Ok(SignedIn { token, first_password: found.first_password })
    }

    /// Ends the session of a browser's cookie; one that is not good any more has ended.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sign_out(&self, token: &str) -> Result<(), Problem> {
        let Some(claims) = self.claims_of(Kind::Session, token) else { return Ok(()) };
        store::revoke_session(&mut *self.db.read().await?, claims.sid).await?;
        self.forget(claims.sub);
        Ok(())
    }

    async fn prove(&self, login: &str, password: String, address: &str) -> Result<Credential, NoGrant> {
        // Limit, check and count within one turn: a burst of guesses cannot all see the old count.
        let _turn = passwords::turn().await?;
        let name = self.let_in(login, address).await?;
        let found = store::credential(&mut *self.db.read().await?, login).await?;
        let hash = found.as_ref().and_then(|found| found.password_hash.clone());
        match (passwords::verify(password, hash).await?, found) {
            (true, Some(found)) => Ok(found),
            _ => Err(self.turn_away(&name, address).await),
        }
    }

    /// Logs a program in by its secret.
    ///
    /// # Errors
    /// [`NoGrant`].
    pub async fn by_secret(&self, client: &str, secret: &str, address: &str) -> Result<Grant, NoGrant> {
        let name = self.let_in(client, address).await?;
        let found = store::credential(&mut *self.db.read().await?, client).await?;
        let given = passwords::secret_hash(secret);
        match found {
            // Comparing hashes of secrets: how many bytes agree tells nothing of the secret.
            Some(found) if found.secret_sha256.as_deref() == Some(given.as_slice()) => {
                let access = self.token(Kind::Access, &found, Uuid::new_v4())?;
                Ok(Grant { access, refresh: None, first_password: false })
            }
            _ => Err(self.turn_away(&name, address).await),
        }
    }

    async fn let_in(&self, login: &str, address: &str) -> Result<[u8; 32], NoGrant> {
        let name: [u8; 32] = Sha256::digest(login).into();
        let mut conn = self.db.read().await?;
        match store::seconds_to_wait(&mut conn, &name, address, MOST_FAILURES).await? {
            Some(seconds) => Err(NoGrant::Limited(seconds)),
            None => Ok(name),
        }
    }

    async fn turn_away(&self, name: &[u8; 32], address: &str) -> NoGrant {
        let counted = async { store::add_failure(&mut *self.db.read().await?, name, address).await };
        match counted.await {
            Ok(()) => NoGrant::Invalid,
            Err(problem) => problem.into(),
        }
    }

    async fn open_session(&self, found: &Credential) -> Result<(Uuid, String), Problem> {
        let session = Uuid::new_v4();
        let (token, hash) = new_refresh_token();
        let mut conn = self.db.read().await?;
        store::add_refresh_token(&mut conn, session, found.id, found.epoch, &hash, REFRESH_HOURS).await?;
        Ok((session, token))
    }

    fn token(&self, kind: Kind, found: &Credential, session: Uuid) -> Result<String, Problem> {
        Ok(self.keys.issue(kind, found.id, found.organisation_id, session, found.epoch, machine_now())?)
    }

    /// Trades a refresh token for new tokens, once. A replay within ten seconds is two tabs racing: it gets
    /// nothing and ends nothing; any other replay ends the session (RFC 9700 §4.14.2).
    ///
    /// # Errors
    /// [`NoGrant`].
    pub async fn by_refresh(&self, token: &str, request: RequestId) -> Result<Grant, NoGrant> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        self.db
            .transaction("identity.refresh", request, async |tx| {
                let Some(used) = store::use_refresh_token(tx.conn(), &hash).await? else {
                    return replayed(tx, &hash).await.map(Err);
                };
                // The token is used up before anything is minted, whatever becomes of the rest.
                match store::standing(tx.conn(), used.account_id, used.family).await? {
                    Some(standing) if standing.epoch == used.epoch => {
                        let (token, fresh) = new_refresh_token();
                        store::add_refresh_token(
                            tx.conn(),
                            used.family,
                            used.account_id,
                            used.epoch,
                            &fresh,
                            REFRESH_HOURS,
                        )
                        .await?;
                        let organisation = standing.actor.organisation;
                        let access = self.keys.issue(
                            Kind::Access,
                            used.account_id,
                            organisation,
                            used.family,
                            used.epoch,
                            machine_now(),
                        )?;
                        let first_password = standing.first_password;
                        Ok(Ok(Grant { access, refresh: Some(token), first_password }))
                    }
                    _ => Ok(Err(NoGrant::Invalid)),
                }
            })
            .await?
    }

    /// Changes the caller's own password; all sessions end, this one too. A wrong old password counts as a failed
    /// login.
    ///
    /// # Errors
    /// 401, 403, 409 for a program's account, 422 with pointers, 429 after too many failures.
    pub async fn change_password(
        &self,
        actor: &Actor,
        change: PasswordChange,
        request: RequestId,
        address: &str,
    ) -> Result<SessionsEnded, Problem> {
        let account = actor.account().ok_or_else(Rejection::unauthenticated)?;
        authorize(actor, Action::PasswordChange, &Object::none().own(true))?;
        let PasswordChange { old_password, new_password } = change;
        check_new(&old_password, &new_password)?;
        let _turn = passwords::turn().await?;
        let name = self.let_in(&account.login, address).await.map_err(|no| no.into_problem(false).0)?;
        let found = store::credential(&mut *self.db.read().await?, &account.login).await?;
        let found = found.ok_or_else(Rejection::unauthenticated)?;
        if found.password_hash.is_none() {
            let detail = Say::new("程序账户没有密码。", "A program has no password.");
            return Err(Refusal::new(Code::WrongState, detail).into());
        }
        if !passwords::verify(old_password, found.password_hash).await? {
            store::add_failure(&mut *self.db.read().await?, &name, address).await?;
            let detail = Say::new("原密码不正确。", "That is not the password up to now.");
            return Err(Rejection::at("/oldPassword", "invalid", detail).into());
        }
        let hash = passwords::hash(new_password).await?;
        let proof = NewProof::Password { hash, person: Uuid::nil(), first: false };
        let done = self.db.transaction("identity.change_password", request, async |tx| {
            store::lock_account(tx.conn(), found.id).await?;
            // What was verified must be what is replaced: another change may have come in between.
            let now_there = store::credential(tx.conn(), &account.login).await?;
            if now_there.is_none_or(|now_there| now_there.epoch != found.epoch) {
                return Err(Rejection::unauthenticated().into());
            }
            let now = tx.hall_now().await?;
            store::set_proof(tx.conn(), found.id, &proof).await?;
            let sessions_ended = store::end_sessions(tx.conn(), found.id).await?;
            ledger::record(tx, actor, now, Entry::new("password.changed").row("accounts", found.id.0))
                .await?;
            Ok(SessionsEnded { sessions_ended })
        });
        let ended = done.await?;
        self.forget(found.id);
        Ok(ended)
    }

    /// Reads an account's standing anew at its next call, here at once and on other instances within seconds.
    pub fn forget(&self, account: AccountId) {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.retain(|(known, _), _| *known != account);
    }

    /// [`Self::forget`] for every account of an organisation: region and centre are part of their standing.
    pub fn forget_all_of(&self, organisation: OrganisationId) {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of = |seen: &Option<Standing>| {
            seen.as_ref().is_some_and(|standing| standing.actor.organisation == organisation)
        };
        standings.retain(|_, (_, seen)| !is_of(seen));
    }

    /// Seconds an access token lives.
    pub fn access_seconds() -> i64 {
        ACCESS_SECONDS
    }
}

/// What a token that is not fresh gets.
async fn replayed(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<NoGrant, Problem> {
    let Some(replay) = store::count_replay(tx.conn(), hash, RACE_SECONDS).await? else {
        return Ok(NoGrant::Invalid);
    };
    if replay.soon && replay.replays == 1 {
        return Ok(NoGrant::Race);
    }
    store::revoke_session(tx.conn(), replay.family).await?;
    let at = tx.hall_now().await?;
    let entry = Entry::new("session.revoked")
        .because("a used refresh token came again")
        .facts(json!({"account": replay.account_id, "session": replay.family}));
    ledger::record(tx, &Actor::Hall("identity.refresh"), at, entry).await?;
    tracing::warn!(session = %replay.family, "a used refresh token came again; the session is ended");
    Ok(NoGrant::Invalid)
}

/// A new password is long enough to be one, short enough to be hashed, and another.
fn check_new(old: &str, new: &str) -> Result<(), Rejection> {
    let (least, most) = (passwords::SHORTEST, passwords::LONGEST);
    if new.chars().count() < least || new.len() > most {
        let detail = Say::new(
            format!("新密码至少 {least} 个字符，至多 {most} 字节。"),
            format!("The new password has at least {least} characters and at most {most} bytes."),
        );
        return Err(Rejection::at("/newPassword", "length", detail));
    }
    if old == new {
        let detail = Say::new("新密码不得与原密码相同。", "The new password must be another.");
        return Err(Rejection::at("/newPassword", "same", detail));
    }
    Ok(())
}

fn new_refresh_token() -> (String, [u8; 32]) {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let hash = Sha256::digest(&token).into();
    (token, hash)
}

fn look<K: Eq + Hash, V: Clone>(cache: &Mutex<HashMap<K, V>>, key: &K) -> Option<V> {
    cache.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

fn put<K: Eq + Hash, V>(cache: &Mutex<HashMap<K, V>>, key: K, value: V) {
    let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= CACHE_SIZE {
        cache.clear();
    }
    cache.insert(key, value);
}

/// An account as it stands now, for what acts in its name without a session; nothing once it is disabled.
///
/// # Errors
/// When the database is away.
pub async fn account_actor(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Option<AccountActor>, Problem> {
    Ok(store::standing(conn, account, Uuid::nil()).await?.map(|standing| standing.actor))
}

/// The caller's account as it sees itself.
///
/// # Errors
/// When the database is away.
pub async fn me(conn: &mut AsyncPgConnection, account: &AccountActor) -> Result<Me, Problem> {
    let summary =
        store::accounts(conn, &[account.account]).await?.pop().ok_or_else(Rejection::unauthenticated)?;
    let organisation =
        organisation(conn, account.organisation).await?.ok_or_else(Rejection::unauthenticated)?;
    Ok(Me {
        account: account.account,
        login: account.login.clone(),
        display_name: summary.display_name,
        roles: account.roles.clone(),
        organisation,
    })
}

/// Enrols a signing key for the caller's own organisation.
///
/// # Errors
/// 403 for another organisation, 422 with pointers for an unusable key or proof, 409 for a known key.
pub async fn enrol_key(
    tx: &mut Tx<'_>,
    actor: &Actor,
    organisation: OrganisationId,
    new: &NewSigningKey,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?;
    authorize(actor, Action::SigningKeyEnrol, &Object::none().own(account.organisation == organisation))?;
    let now = tx.hall_now().await?;
    let (public_key, proof) = check_proof(organisation, new)?;
    let valid_from = new.valid_from.unwrap_or(now);
    if valid_from < now {
        let detail = Say::new("生效时间不得早于登记时间。", "A key cannot be valid before it is enrolled.");
        return Err(Rejection::at("/validFrom", "too-early", detail).into());
    }
    if new.valid_to.is_some_and(|end| end <= valid_from) {
        let detail = Say::new("失效时间须晚于生效时间。", "validTo must be after validFrom.");
        return Err(Rejection::at("/validTo", "out-of-range", detail).into());
    }
    let key = SigningKey { id: Uuid::new_v4(), organisation, public_key, valid_from, valid_to: new.valid_to };
    store::add_signing_key(tx.conn(), &key, &proof, account.account, now).await?;
    let entry = Entry::new("key.enrolled")
        .row("signing_keys", key.id)
        .facts(json!({"organisation": organisation, "publicKey": STANDARD.encode(public_key)}));
    ledger::record(tx, actor, now, entry).await?;
    Reply::created(format!("/api/v1/organisations/{organisation}/signing-keys"), &SigningKeyView::from(&key))
}

/// Reads key and proof and checks possession. Weak keys are refused.
fn check_proof(organisation: OrganisationId, new: &NewSigningKey) -> Result<([u8; 32], [u8; 64]), Rejection> {
    let key = STANDARD.decode(&new.public_key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let verifier = key.and_then(|key| VerifyingKey::from_bytes(&key).ok()).filter(|key| !key.is_weak());
    let (Some(key), Some(verifier)) = (key, verifier) else {
        let detail = Say::new("不是有效的 Ed25519 公钥。", "Not a usable Ed25519 public key.");
        return Err(Rejection::at("/publicKey", "invalid", detail));
    };
    let proof = STANDARD.decode(&new.proof).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let good = proof.filter(|proof| {
        verifier.verify_strict(&enrolment_text(organisation, &key), &Signature::from_bytes(proof)).is_ok()
    });
    good.map(|proof| (key, proof)).ok_or_else(|| {
        let detail =
            Say::new("签名不能证明持有该私钥。", "The signature does not prove possession of the key.");
        Rejection::at("/proof", "invalid", detail)
    })
}

/// Public signing keys of an organisation.
///
/// # Errors
/// 404 when there is no such organisation.
pub async fn read_keys(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: OrganisationId,
) -> Result<Page<SigningKeyView>, Problem> {
    authorize(actor, Action::SigningKeysRead, &Object::none())?;
    organisation(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let keys = store::signing_keys(conn, &[id]).await?;
    Ok(Page { items: keys.iter().map(SigningKeyView::from).collect(), next: None })
}

/// The enrolled key `public_key` of an organisation, if it was valid at `at` (hall time).
///
/// # Errors
/// When the database is away.
pub async fn signing_key(
    conn: &mut AsyncPgConnection,
    organisation: OrganisationId,
    public_key: &[u8; 32],
    at: DateTime<Utc>,
) -> Result<Option<SigningKey>, Problem> {
    let keys = store::signing_keys(conn, &[organisation]).await?;
    Ok(keys.into_iter().find(|key| key.public_key == *public_key && key.is_valid_at(at)))
}

/// Keys of many organisations at once, for work in batches; check [`SigningKey::is_valid_at`].
///
/// # Errors
/// When the database is away.
pub async fn signing_keys(
    conn: &AsyncPgConnection,
    organisations: &[OrganisationId],
) -> Result<Vec<SigningKey>, Problem> {
    store::signing_keys(conn, organisations).await
}

/// One organisation.
///
/// # Errors
/// When the database is away.
pub async fn organisation(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
) -> Result<Option<Organisation>, Problem> {
    Ok(store::organisations(conn, &[id]).await?.pop())
}

/// Accounts in good standing that hold `role`, by login; the experts' pool starts from these.
///
/// # Errors
/// When the database is away.
pub async fn accounts_with_role(
    conn: &mut AsyncPgConnection,
    role: Role,
) -> Result<Vec<store::AccountSummary>, Problem> {
    store::accounts_with_role(conn, role).await
}

/// Accounts by id, also disabled ones.
///
/// # Errors
/// When the database is away.
pub async fn accounts(
    conn: &mut AsyncPgConnection,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, store::AccountSummary>, Problem> {
    Ok(store::accounts(conn, ids).await?.into_iter().map(|one| (one.id, one)).collect())
}

impl NoGrant {
    /// The problem it is, the error word of RFC 6749 §5.2, and the seconds to wait.
    pub fn into_problem(self, client: bool) -> (Problem, &'static str, Option<i32>) {
        match self {
            Self::Invalid if client => (Rejection::unauthenticated().into(), "invalid_client", None),
            Self::Invalid => {
                let detail = Say::new("登录名、密码或令牌无效。", "Login, password or token is not valid.");
                (Rejection::new(Code::InvalidGrant, detail).into(), "invalid_grant", None)
            }
            Self::Limited(seconds) => {
                let detail =
                    Say::new("登录失败次数过多，请稍后再试。", "Too many failed logins; try again later.");
                (
                    Rejection::new(Code::TooManyRequests, detail).into(),
                    "temporarily_unavailable",
                    Some(seconds),
                )
            }
            Self::Race => {
                let detail = Say::new(
                    "刷新令牌刚被使用；请在 11 秒后用所持最新令牌重试。",
                    "The refresh token was used a moment ago; retry after 11 seconds with the newest you hold.",
                );
                (Refusal::new(Code::RefreshRace, detail).into(), "invalid_grant", Some(11))
            }
            Self::Problem(problem) => {
                let word = if problem.code() == Code::Unavailable {
                    "temporarily_unavailable"
                } else {
                    "server_error"
                };
                (problem, word, None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey as Secret};

    #[test]
    fn a_key_is_enrolled_only_by_who_holds_it() {
        let secret = Secret::from_bytes(&[3; 32]);
        let public = *secret.verifying_key().as_bytes();
        let organisation = OrganisationId(Uuid::from_u128(1));
        let prove =
            |organisation| STANDARD.encode(secret.sign(&enrolment_text(organisation, &public)).to_bytes());
        let new =
            |public_key: String, proof| NewSigningKey { public_key, proof, valid_from: None, valid_to: None };
        assert!(check_proof(organisation, &new(STANDARD.encode(public), prove(organisation))).is_ok());
        let other = OrganisationId(Uuid::from_u128(2));
        let stolen = check_proof(other, &new(STANDARD.encode(public), prove(organisation))).unwrap_err();
        assert_eq!(stolen.errors[0].pointer, "/proof");
        let weak =
            check_proof(organisation, &new(STANDARD.encode([0; 32]), prove(organisation))).unwrap_err();
        assert_eq!(weak.errors[0].pointer, "/publicKey");
    }

    #[test]
    fn the_enrolment_text_is_canonical_json() {
        let organisation = OrganisationId(Uuid::from_u128(1));
        let text = enrolment_text(organisation, &[9; 32]);
        let wanted = json!({"publicKey": STANDARD.encode([9; 32]), "organisation": organisation});
        let canonical = serde_json_canonicalizer::to_vec(&wanted).unwrap();
        assert_eq!(text, [b"tenderhall-signing-key-v1\n".as_slice(), &canonical].concat());
    }
}
