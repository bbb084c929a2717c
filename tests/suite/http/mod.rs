//! The service over HTTP, as its callers meet it.

mod accounts;
mod administration;
mod authority;
mod bids;
mod canary;
mod clauses;
mod clock;
mod description;
mod faults;
mod feeds;
mod holders;
mod log;
mod operations;
mod previews;
mod projects;
mod rejections;
mod second_policy;
mod secrecy;
mod sessions;
mod tenders;
mod tokens;
mod uploads;
mod venue;
