//! SQL of our own whose text is one of few, prepared once for each connection.
//!
//! `diesel::sql_query` is parsed and planned anew at every call and costs a round trip more, since it cannot know how
//! many texts there will be. Here the caller promises that they are few.

use std::{borrow::Cow, marker::PhantomData};

use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::{Error, QueryResult},
    serialize::ToSql,
    sql_types::{HasSqlType, Untyped},
};

/// A statement with the values of its parameters `$1`, `$2`, …; the same one may stand in it several times.
pub struct Statement<'v> {
    sql: Cow<'static, str>,
    values: Vec<Box<dyn QueryFragment<Pg> + Send + 'v>>,
}

/// A statement whose text is a constant, or one of a few made of constants: every text is kept for as long as the
/// connection lives.
pub fn statement<'v>(sql: impl Into<Cow<'static, str>>) -> Statement<'v> {
    Statement { sql: sql.into(), values: Vec::new() }
}

impl<'v> Statement<'v> {
    /// The value of the next parameter, as the SQL type `T`.
    #[must_use]
    pub fn bind<T, V>(mut self, value: V) -> Self
    where
        Pg: HasSqlType<T>,
        T: 'v,
        V: ToSql<T, Pg> + Send + 'v,
    {
        self.values.push(Box::new(Parameter { value, of: PhantomData::<fn() -> T> }));
        self
    }
}

struct Parameter<T, V> {
    value: V,
    of: PhantomData<fn() -> T>,
}

impl<T, V> QueryFragment<Pg> for Parameter<T, V>
where
    Pg: HasSqlType<T>,
    V: ToSql<T, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param(&self.value)
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut pieces = self.sql.split('$');
        out.push_sql(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.len() - piece.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
            let (number, text) = piece.split_at_checked(digits).unwrap_or_default();
            let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let value = place.and_then(|place| self.values.get(place));
            let value =
                value.ok_or_else(|| Error::QueryBuilderError(format!("no value for ${number}").into()))?;
            // Parameters are numbered anew in the order in which they stand.
            value.walk_ast(out.reborrow())?;
            out.push_sql(text);
        }
        Ok(())
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement<'_> {
    type SqlType = Untyped;
}

#[cfg(test)]
mod tests {
    use diesel::{debug_query, sql_types};

    use super::*;

    #[test]
    fn parameters_keep_their_values_whatever_their_order() {
        let asked = statement("SELECT $2::text, $1::int8 + $1")
            .bind::<sql_types::BigInt, _>(7_i64)
            .bind::<sql_types::Text, _>("x");
        let said = debug_query::<Pg, _>(&asked).to_string();
        assert_eq!(said, r#"SELECT $1::text, $2::int8 + $3 -- binds: ["x", 7, 7]"#);
    }

    #[test]
    fn a_missing_value_is_an_error_and_not_another_one() {
        let asked = statement("SELECT $1");
        assert!(asked.to_sql(&mut Default::default(), &Pg).is_err());
    }
}
