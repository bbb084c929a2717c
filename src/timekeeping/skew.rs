//! How far the database's clock was off at the last tick: a value in memory that receipts read.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

/// The last measurement; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Skew(Arc<RwLock<Option<Measured>>>);

#[derive(Debug, Clone, Copy)]
struct Measured {
    milliseconds: i32,
    /// By the monotonic clock, which nobody sets.
    until: Instant,
}

impl Skew {
    /// Milliseconds by which the database's clock is ahead of the instances'; `None` until it is measured, and when the
    /// last measurement is too old.
    pub fn milliseconds(&self) -> Option<i32> {
        let measured = (*self.0.read().unwrap_or_else(PoisonError::into_inner))?;
        (Instant::now() < measured.until).then_some(measured.milliseconds)
    }

    /// Keeps a measurement for `good_for`; one beyond 24 days is none.
    pub fn keep(&self, microseconds: i64, good_for: Duration) {
        let milliseconds = i32::try_from(microseconds / 1000).ok();
        let until = Instant::now() + good_for;
        let measured = milliseconds.map(|milliseconds| Measured { milliseconds, until });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = measured;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_known_while_it_is_fresh() {
        let skew = Skew::default();
        assert_eq!(skew.milliseconds(), None);
        skew.keep(-4_900, Duration::from_secs(60));
        assert_eq!(skew.clone().milliseconds(), Some(-4));
        skew.keep(4_000, Duration::ZERO);
        assert_eq!(skew.milliseconds(), None);
        skew.keep(i64::MAX, Duration::from_secs(60));
        assert_eq!(skew.milliseconds(), None);
    }
}
