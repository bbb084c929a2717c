//! A call about one tender, as handlers of this room and of those above receive it.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::{
    identity::{Call, Key},
    kernel::{Actor, Problem, id::TenderId},
    law::Lawbook,
    platform::{
        db::{Db, Tx, read_hall_now},
        http::{Body, Reply},
    },
};

/// A call about the tender that `{id}` of the path names, with what most of its use cases ask for.
pub struct Matter {
    /// Who calls.
    pub call: Call,
    /// The tender; whether there is one is for the use case to find out.
    pub id: TenderId,
    /// The database.
    pub db: web::Data<Db>,
    /// The law.
    pub law: web::Data<Lawbook>,
}

/// Taken as a handler takes its arguments, so that of several mistakes in a request the same one is answered.
type Parts = (Call, web::Path<TenderId>, web::Data<Db>, web::Data<Lawbook>);

impl FromRequest for Matter {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parts = Parts::from_request(request, payload);
        Box::pin(async move {
            let (call, id, db, law) = parts.await?;
            Ok(Self { call, id: id.into_inner(), db, law })
        })
    }
}

impl Matter {
    /// Names the tender, so that a refusal stands in its history. Not for calls that tell of a bid.
    #[must_use]
    pub fn in_history(mut self) -> Self {
        self.call = self.call.about(None, Some(self.id));
        self
    }

    /// Commits an act of an account that needs no body; an `Idempotency-Key` is optional.
    ///
    /// # Errors
    /// 401 for the public, and as [`Call::commit`].
    pub async fn act(
        &self,
        name: &'static str,
        work: impl AsyncFnOnce(&mut Tx<'_>, &Actor, &Lawbook, TenderId) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let Self { call, id, db, law } = self;
        call.account()?;
        call.commit(db, name, &call.meta.target, Key::Optional, async |tx| {
            work(tx, &call.actor, law, *id).await
        })
        .await
    }

    /// Commits an act of an account that the body says more of; an `Idempotency-Key` is optional.
    ///
    /// # Errors
    /// As [`Matter::act`].
    pub async fn act_on<T>(
        &self,
        name: &'static str,
        body: Body<T>,
        work: impl AsyncFnOnce(&mut Tx<'_>, &Actor, &Lawbook, TenderId, T) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let Self { call, id, db, law } = self;
        call.account()?;
        let Body { value, fingerprint } = body;
        call.commit(db, name, &fingerprint, Key::Optional, async |tx| {
            work(tx, &call.actor, law, *id, value).await
        })
        .await
    }

    /// Answers what the caller may see of the tender now, under its version.
    ///
    /// # Errors
    /// What `view` answers, and when the database is away.
    pub async fn read<T: Serialize>(
        &self,
        view: impl AsyncFnOnce(
            &mut AsyncPgConnection,
            &Actor,
            &Lawbook,
            TenderId,
            DateTime<Utc>,
        ) -> Result<(T, i64), Problem>,
    ) -> Result<Reply, Problem> {
        let mut conn = self.db.read().await?;
        let now = read_hall_now(&mut conn).await?;
        let (view, version) = view(&mut conn, &self.call.actor, &self.law, self.id, now).await?;
        Ok(Reply::ok(&view)?.at_version(version))
    }
}
