//! One binary for all tests that need the whole: it links once and its tests share one PostgreSQL.

#[cfg(test)]
mod bids;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod support;
