//! The service over HTTP, as its callers meet it.

mod accounts;
mod authority;
mod bids;
mod description;
mod faults;
mod operations;
mod previews;
mod projects;
mod rejections;
mod secrecy;
mod tenders;
mod tokens;
mod venue;
