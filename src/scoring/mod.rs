//! Evaluation methods 评标办法: how offers become scores and an order. Pure.
//!
//! Owns the methods and factors a tender document may name, what members' sheets may say, and the arithmetic over
//! them. Must not open bids, draw experts or choose winners; `awards` applies a recorded draw to the ties found here.
//! Law: 财政部令第87号 arts 31, 54, 55, 57, 59, 64 and 68, 第74号, 第110号, 财库〔2014〕214号 arts 24 and 25,
//! 财库〔2020〕46号 (small enterprises), 财库〔2026〕2号 (abnormally low offers), 七部委令第12号. Their numbers are read
//! from `law` by rule id and day, never written here; the average-based benchmarks of works are the document's.
//!
//! Invariants: scores are exact fractions until the stored item score, which is rounded half-up once (EV-0a);
//! an offer above the ceiling never moves the benchmark; the same offers in another order give the same answer.

pub mod arithmetic;
mod bands;
mod capitals;
pub mod catalogue;
mod complaints;
pub mod corrections;
pub mod factors;
pub mod low_price;
mod marks;
pub mod method;
pub mod numbers;
pub mod policy;
pub mod preview;
pub mod ranking;
pub mod score;
pub mod sheets;
pub mod weights;
mod workings;
