//! One binary for all tests that need the whole: it links once and its tests share one PostgreSQL.

#[cfg(test)]
mod access;
#[cfg(test)]
mod app;
#[cfg(test)]
mod awards;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod benchmarks;
#[cfg(test)]
mod bid_page;
#[cfg(test)]
mod bids;
#[cfg(test)]
mod board;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod endurance;
#[cfg(test)]
mod evaluation;
#[cfg(test)]
mod http;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod lawbook;
#[cfg(test)]
mod lawmaking;
#[cfg(test)]
mod log;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod password_page;
#[cfg(test)]
mod rooms;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod support;
#[cfg(test)]
mod testkit;
