//! The jurisdiction a hall routes by: that of the edition in force, read once by each instance.
//!
//! A venue decision is kept with the project it was made for and a notice freezes it, so nobody asks for the
//! jurisdiction of an earlier edition.

use std::sync::{Arc, PoisonError, RwLock};

use diesel_async::AsyncPgConnection;

use super::Jurisdiction;
use crate::{kernel::Problem, law::store, platform::policy_file::PolicySource};

/// The jurisdiction in force. Clones share what was read.
#[derive(Debug, Clone)]
pub struct Jurisdictions(Arc<RwLock<Read>>);

/// What was read last, and the number of the adoption it belongs to.
#[derive(Debug)]
struct Read {
    number: i32,
    jurisdiction: Arc<Jurisdiction>,
}

impl Jurisdictions {
    /// Reads the edition in force.
    ///
    /// # Errors
    /// When the database is away, has no edition, or keeps one that this program cannot read.
    pub async fn open(conn: &mut AsyncPgConnection) -> Result<Self, Problem> {
        let (number, jurisdiction) = (store::number(conn).await?, read(conn).await?);
        Ok(Self(Arc::new(RwLock::new(Read { number, jurisdiction }))))
    }

    /// The jurisdiction in force, as the database says in the transaction that asks.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn in_force(&self, conn: &mut AsyncPgConnection) -> Result<Arc<Jurisdiction>, Problem> {
        let number = store::number(conn).await?;
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.number == number {
                return Ok(Arc::clone(&known.jurisdiction));
            }
        }
        let jurisdiction = read(conn).await?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.number < number {
            *known = Read { number, jurisdiction: Arc::clone(&jurisdiction) };
        }
        Ok(jurisdiction)
    }

    /// The jurisdiction of the adoption with this number, which a statement of the caller's own has read from
    /// `law_in_force`; asks the database only where that is another one than this instance knows.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn adopted(
        &self,
        number: i32,
        conn: &mut AsyncPgConnection,
    ) -> Result<Arc<Jurisdiction>, Problem> {
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.number == number {
                return Ok(Arc::clone(&known.jurisdiction));
            }
        }
        self.in_force(conn).await
    }

    /// What this instance read last: good for names on pages, not for decisions.
    pub fn latest(&self) -> Arc<Jurisdiction> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).jurisdiction)
    }
}

async fn read(conn: &mut AsyncPgConnection) -> Result<Arc<Jurisdiction>, Problem> {
    let edition = store::edition_in_force(conn).await?;
    let edition = edition.ok_or_else(|| Problem::internal(anyhow::anyhow!("no edition is in force")))?;
    let source = PolicySource::Adopted(Arc::new(edition.files));
    Jurisdiction::load(&source).map(Arc::new).map_err(Problem::internal)
}
