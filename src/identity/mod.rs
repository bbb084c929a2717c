//! Who comes to the hall and what they may do: organisations, accounts, tokens, signing keys, one side per project.
//!
//! Owns `organisations`, `accounts`, `account_roles`, `signing_keys`, `refresh_tokens`, `login_failures`,
//! `project_sides` and the file `config/authorization.csv`. Invariants: every decision about rights is made by
//! [`authorize`]; roles and standing of an account are read from the database, never from a token; passwords and
//! secrets are kept only as hashes; one person has one side per project (SOD-1).
//!
//! Must not touch tenders, bids or any other room's tables: rooms hand over [`Object`] values.
//! Law: 招标投标法 12, 22, 37; 招标投标法实施条例 4, 46; 政府采购法 13, 60.

pub mod admin;
pub mod administration;
pub mod browser;
pub mod call;
pub mod http;
pub mod model;
pub mod organisations;
pub mod passwords;
pub mod policy;
pub mod roles;
pub mod sandbox;
pub mod service;
pub mod sides;
mod store;
pub mod tokens;

pub use call::{Arrival, Call, Key};
pub use model::{Organisation, SigningKey};
pub use organisations::{Card, bidders, cards, clock_desks, desks, kind_of, overseers, supervision_office};
pub use policy::{Action, Duty, Object, Parties, Phase, Relation, authorize, authorize_known, check_matrix};
pub use service::{
    Gate, account_actor, accounts, accounts_with_role, organisation, signing_key, signing_keys,
};
pub use sides::{Side, claim_side, claim_sides, one_side_only, side_of};
pub use store::AccountSummary;
pub use tokens::TokenKeys;
