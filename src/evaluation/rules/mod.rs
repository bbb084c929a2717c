//! What is found about bids and what it comes to. Pure: chance and time are handed in.

mod conclusion;
mod forms;
mod low_prices;
mod rejections;
mod repeats;
mod ties;

pub use conclusion::{Conclusion, Findings, SMALL_ENTERPRISE, all_signed, conclude};
pub use forms::{check_correction, check_qualification, check_sheet, facts_agree, objective_marks_differ};
pub use low_prices::{low_price_closed, low_price_decisions, low_price_review};
pub use rejections::{Grounds, failed_by_committee, screen, standing};
pub use repeats::repeated_prices;

#[cfg(test)]
mod tests;
