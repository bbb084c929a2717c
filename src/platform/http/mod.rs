//! HTTP as the hall speaks it: bodies read strictly, problems as RFC 9457, versions as ETags, retries by key.

pub mod body;
pub mod day;
pub mod documents;
pub mod meta;
pub mod once;
pub mod origin;
pub mod paging;
pub mod reply;

pub use body::Body;
pub use day::DayQuery;
pub use documents::{ProblemDocument, Problems, problem_documents};
pub use meta::Meta;
pub use paging::{Cursor, Page, PageQuery};
pub use reply::Reply;
