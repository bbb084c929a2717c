//! Serials of numbers, counted in the database.

use diesel::{QueryableByName, sql_types};
use diesel_async::RunQueryDsl;

use crate::{
    kernel::{Code, Problem, Refusal, Say, codes::WrongCode},
    platform::{db::Tx, statement::statement},
};

#[derive(QueryableByName)]
struct Serial {
    #[diesel(sql_type = sql_types::BigInt)]
    last: i64,
}

/// The next serial of a number. The row is held to the end of the transaction, so that two instances never give the
/// same; one that is rolled back is given again.
///
/// # Errors
/// When the database is away.
pub async fn next_serial(tx: &mut Tx<'_>, scope: &str) -> Result<i64, Problem> {
    let counted: Serial = statement(
        "INSERT INTO code_counters (scope, last) VALUES ($1, 1)
         ON CONFLICT (scope) DO UPDATE SET last = code_counters.last + 1 RETURNING last",
    )
    .bind::<sql_types::Text, _>(scope)
    .get_result(tx.conn())
    .await?;
    Ok(counted.last)
}

/// A number whose digits are used up.
pub fn used_up(why: &WrongCode) -> Refusal {
    let said = why.say();
    Refusal::new(
        Code::WrongState,
        Say::new(format!("编号已用完。{}", said.zh), format!("The numbers are used up. {}", said.en)),
    )
}
