//! What the administrator asks for: organisations and accounts.

use actix_web::{HttpResponse, Responder, get, patch, post, web};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    identity::{
        administration::{self, organisations, roles},
        call::{Call, Key},
        model::{
            AccountEntry, AccountReason, AccountToAdd, NewCredential, OrganisationChange, OrganisationEntry,
            OrganisationToAdd, RoleAct, RoleHeld,
        },
        service::Gate,
    },
    kernel::{
        Actor, Problem,
        id::{AccountId, OrganisationId},
    },
    platform::{
        db::{Db, Tx},
        http::{Body, Page, PageQuery, Problems, Reply},
    },
};

/// Collects the administrator's routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(add_organisation).service(list_organisations).service(read_organisation);
    config.service(amend_organisation);
    config.service(add_account).service(list_accounts).service(read_account);
    config.service(disable).service(enable).service(reset_credential);
    config.service(list_roles).service(give_role).service(end_role);
}

/// What changes an account, besides its call: where it is kept, and the gate that remembers who it is.
type Hall = (web::Data<Db>, web::Data<Gate>);

/// Add an organisation 主体入库.
#[utoipa::path(tag = "organisations", request_body = OrganisationToAdd,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Added", body = OrganisationEntry), Problems))]
#[post("/api/v1/organisations")]
async fn add_organisation(
    call: Call,
    body: Body<OrganisationToAdd>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "identity.add_organisation", &fingerprint, Key::Optional, async |tx| {
        organisations::add(tx, &call.actor, value.clone()).await
    })
    .await
}

/// Organisations, newest first, for the administrator.
#[utoipa::path(tag = "organisations", params(PageQuery),
    responses((status = 200, description = "One page", body = Page<OrganisationEntry>), Problems))]
#[get("/api/v1/organisations")]
async fn list_organisations(
    call: Call,
    query: web::Query<PageQuery>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    administration::permit(&call.actor)?;
    let mut conn = db.read().await?;
    let page = organisations::list(&mut conn, &call.actor, query.checked()?).await?;
    Ok(HttpResponse::Ok().insert_header(("Link", page.link("/api/v1/organisations"))).json(page))
}

/// One organisation, for the administrator.
#[utoipa::path(tag = "organisations", params(("id" = OrganisationId, Path)),
    responses((status = 200, description = "The organisation", body = OrganisationEntry), Problems))]
#[get("/api/v1/organisations/{id}")]
async fn read_organisation(
    call: Call,
    id: web::Path<OrganisationId>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    organisations::read(&mut *db.read().await?, &call.actor, *id).await
}

/// Put an organisation right 主体变更: name, mail address, region, the centre it runs, and a credit code under which
/// nothing stands yet. What its people may do by region and centre changes at once.
#[utoipa::path(tag = "organisations", request_body = OrganisationChange,
    params(("id" = OrganisationId, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The changed organisation", body = OrganisationEntry), Problems))]
#[patch("/api/v1/organisations/{id}")]
async fn amend_organisation(
    call: Call,
    id: web::Path<OrganisationId>,
    body: Body<OrganisationChange>,
    db: web::Data<Db>,
    gate: web::Data<Gate>,
) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    let Body { value, fingerprint } = body;
    let done = call.commit(&db, "identity.amend_organisation", &fingerprint, Key::Optional, async |tx| {
        let expect = |version| call.meta.expect_version(version);
        organisations::amend(tx, &call.actor, *id, expect, value.clone()).await
    });
    let reply = done.await?;
    gate.forget_all_of(*id);
    Ok(reply)
}

/// Add an account. The answer alone tells its first password or secret: it takes no `Idempotency-Key`, and a login
/// comes in once.
#[utoipa::path(tag = "accounts", request_body = AccountToAdd,
    responses((status = 201, description = "Added", body = NewCredential), Problems))]
#[post("/api/v1/accounts")]
async fn add_account(call: Call, body: Body<AccountToAdd>, db: web::Data<Db>) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    let added = db
        .transaction("identity.add_account", call.meta.request, async |tx| {
            administration::add_account(tx, &call.actor, &body.value).await
        })
        .await?;
    Reply::created(format!("/api/v1/accounts/{}", added.account.id), &added)
}

/// Which accounts are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AccountFilter {
    /// Only those of this organisation.
    organisation: Option<OrganisationId>,
}

/// Accounts, newest first, for the administrator.
#[utoipa::path(tag = "accounts", params(AccountFilter, PageQuery),
    responses((status = 200, description = "One page", body = Page<AccountEntry>), Problems))]
#[get("/api/v1/accounts")]
async fn list_accounts(
    call: Call,
    filter: web::Query<AccountFilter>,
    query: web::Query<PageQuery>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    administration::permit(&call.actor)?;
    let (mut conn, rows) = (db.read().await?, query.checked()?);
    let page = administration::list_accounts(&mut conn, &call.actor, filter.organisation, rows).await?;
    let path = filter.organisation.map(|id| format!("&organisation={id}")).unwrap_or_default();
    let link = page.link("/api/v1/accounts").replace('>', &format!("{path}>"));
    Ok(HttpResponse::Ok().insert_header(("Link", link)).json(page))
}

/// One account, for the administrator.
#[utoipa::path(tag = "accounts", params(("id" = AccountId, Path)),
    responses((status = 200, description = "The account", body = AccountEntry), Problems))]
#[get("/api/v1/accounts/{id}")]
async fn read_account(call: Call, id: web::Path<AccountId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    Reply::ok(&administration::read_account(&mut *db.read().await?, &call.actor, *id).await?)
}

/// Disable an account 停用账户: it cannot log in, and its tokens end.
#[utoipa::path(tag = "accounts", request_body = AccountReason,
    params(("id" = AccountId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Disabled", body = AccountEntry), Problems))]
#[post("/api/v1/accounts/{id}/disable")]
async fn disable(
    call: Call,
    id: web::Path<AccountId>,
    body: Body<AccountReason>,
    hall: Hall,
) -> Result<Reply, Problem> {
    change_account(&call, "identity.set_disabled", *id, body, hall, async |tx, actor, id, reason| {
        administration::set_disabled(tx, actor, id, true, reason).await
    })
    .await
}

/// Let a disabled account in again 启用账户, with the password or secret it had.
#[utoipa::path(tag = "accounts", request_body = AccountReason,
    params(("id" = AccountId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Enabled", body = AccountEntry), Problems))]
#[post("/api/v1/accounts/{id}/enable")]
async fn enable(
    call: Call,
    id: web::Path<AccountId>,
    body: Body<AccountReason>,
    hall: Hall,
) -> Result<Reply, Problem> {
    change_account(&call, "identity.set_disabled", *id, body, hall, async |tx, actor, id, reason| {
        administration::set_disabled(tx, actor, id, false, reason).await
    })
    .await
}

/// Commits a change of an account; what the gate remembers of it ends with it.
async fn change_account<T>(
    call: &Call,
    unit: &'static str,
    id: AccountId,
    body: Body<T>,
    (db, gate): Hall,
    change: impl AsyncFnOnce(&mut Tx<'_>, &Actor, AccountId, &T) -> Result<Reply, Problem>,
) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    let done = call.commit(&db, unit, &body.fingerprint, Key::Optional, async |tx| {
        change(tx, &call.actor, id, &body.value).await
    });
    let reply = done.await?;
    gate.forget(id);
    Ok(reply)
}

/// Give an account a new password or secret 重置密码, told in the answer alone; its tokens end.
#[utoipa::path(tag = "accounts", request_body = AccountReason, params(("id" = AccountId, Path)),
    responses((status = 200, description = "The new credential", body = NewCredential), Problems))]
#[post("/api/v1/accounts/{id}/password")]
async fn reset_credential(
    call: Call,
    id: web::Path<AccountId>,
    body: Body<AccountReason>,
    db: web::Data<Db>,
    gate: web::Data<Gate>,
) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    let made = db
        .transaction("identity.reset_credential", call.meta.request, async |tx| {
            administration::reset_credential(tx, &call.actor, *id, &body.value).await
        })
        .await?;
    gate.forget(*id);
    Reply::ok(&made)
}

/// Roles an account holds or has held, oldest first, for the administrator.
#[utoipa::path(tag = "accounts", params(("id" = AccountId, Path)),
    responses((status = 200, description = "Its roles", body = Page<RoleHeld>), Problems))]
#[get("/api/v1/accounts/{id}/roles")]
async fn list_roles(call: Call, id: web::Path<AccountId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    administration::permit(&call.actor)?;
    Reply::ok(&roles::list(&mut *db.read().await?, &call.actor, *id).await?)
}

/// Give an account a role 授予角色. It goes with the kind of the organisation, and an account stands on one side (SOD-1,
/// SOD-9). The account's tokens end; it logs in anew.
#[utoipa::path(tag = "accounts", request_body = RoleAct,
    params(("id" = AccountId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The account as it stands", body = AccountEntry), Problems))]
#[post("/api/v1/accounts/{id}/roles")]
async fn give_role(
    call: Call,
    id: web::Path<AccountId>,
    body: Body<RoleAct>,
    hall: Hall,
) -> Result<Reply, Problem> {
    change_account(&call, "identity.give_role", *id, body, hall, roles::give).await
}

/// End a role of an account 撤销角色, at once: its tokens end too.
#[utoipa::path(tag = "accounts", request_body = RoleAct,
    params(("id" = AccountId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The account as it stands", body = AccountEntry), Problems))]
#[post("/api/v1/accounts/{id}/roles/end")]
async fn end_role(
    call: Call,
    id: web::Path<AccountId>,
    body: Body<RoleAct>,
    hall: Hall,
) -> Result<Reply, Problem> {
    change_account(&call, "identity.end_role", *id, body, hall, roles::end).await
}
