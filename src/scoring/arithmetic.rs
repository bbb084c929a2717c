//! Exact fractions, so that a score is rounded once and provably right.
//!
//! `rust_decimal` rounds a division to 28 digits; a score rounded from that could, in principle, fall on the
//! wrong side of a half. A fraction of two 128-bit integers carries every number of this room without loss:
//! amounts have at most 16 digits, marks 7 and a tender 5,000 offers. A product that would pass 128 bits is tried again
//! with its factors reduced; where coefficients with many decimals meet the largest amounts even that can be too much,
//! and then the answer is an error, never a rounded number.

use rust_decimal::Decimal;

/// A number of this room passed 128 bits or 28 digits. Cannot happen within the wire's grammars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number is larger than exact arithmetic carries here")]
pub struct TooLarge;

/// A fraction whose denominator is positive; not reduced.
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    over: i128,
    under: i128,
}

/// A fraction written down to some decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LongDivision {
    negative: bool,
    /// The absolute value in units of the last place, cut.
    units: i128,
    rest: i128,
    under: i128,
}

impl Exact {
    /// The decimal as a fraction.
    ///
    /// # Errors
    /// Never for a `Decimal`: its scale is at most 28.
    pub fn of(value: Decimal) -> Result<Self, TooLarge> {
        let value = value.normalize();
        let under = 10_i128.checked_pow(value.scale()).ok_or(TooLarge)?;
        Ok(Self { over: value.mantissa(), under })
    }

    /// `self × by`.
    ///
    /// # Errors
    /// The product passes 128 bits.
    pub fn times(self, by: Self) -> Result<Self, TooLarge> {
        self.times_as_is(by).or_else(|_| {
            let left = Self { over: self.over, under: by.under }.reduced();
            let right = Self { over: by.over, under: self.under }.reduced();
            left.times_as_is(right)
        })
    }

    fn times_as_is(self, by: Self) -> Result<Self, TooLarge> {
        Ok(Self { over: product(self.over, by.over)?, under: product(self.under, by.under)? })
    }

    fn reduced(self) -> Self {
        let divisor = common_divisor(self.over, self.under);
        Self { over: self.over / divisor, under: self.under / divisor }
    }

    /// `self ÷ by`; the divisor must not be zero.
    ///
    /// # Errors
    /// The divisor is zero or a product passes 128 bits.
    pub fn divided_by(self, by: Self) -> Result<Self, TooLarge> {
        if by.over == 0 {
            return Err(TooLarge);
        }
        let sign = by.over.signum();
        self.times(Self { over: product(by.under, sign)?, under: product(by.over, sign)? })
    }

    /// `self − by`.
    ///
    /// # Errors
    /// A product or the difference passes 128 bits.
    pub fn minus(self, by: Self) -> Result<Self, TooLarge> {
        self.minus_as_is(by).or_else(|_| self.reduced().minus_as_is(by.reduced()))
    }

    fn minus_as_is(self, by: Self) -> Result<Self, TooLarge> {
        let left = product(self.over, by.under)?;
        let right = product(by.over, self.under)?;
        Ok(Self { over: left.checked_sub(right).ok_or(TooLarge)?, under: product(self.under, by.under)? })
    }

    /// Rounded to `places`, a half away from zero.
    ///
    /// # Errors
    /// The result has more than 28 digits.
    pub fn half_up(self, places: u32) -> Result<Decimal, TooLarge> {
        let cut = self.long_division(places)?;
        let up = cut.rest >= cut.under.checked_sub(cut.rest).ok_or(TooLarge)?;
        decimal(cut.negative, cut.units.checked_add(i128::from(up)).ok_or(TooLarge)?, places)
    }

    /// The first `places` decimals, never rounded, and whether more follow.
    ///
    /// # Errors
    /// The result has more than 28 digits.
    pub fn cut(self, places: u32) -> Result<(Decimal, bool), TooLarge> {
        let cut = self.long_division(places)?;
        Ok((decimal(cut.negative, cut.units, places)?, cut.rest != 0))
    }

    /// As [`Exact::cut`], with `…` when more follow: for laying a sum open.
    ///
    /// # Errors
    /// The result has more than 28 digits.
    pub fn written_out(self, places: u32) -> Result<String, TooLarge> {
        let (value, more) = self.cut(places)?;
        Ok(if more { format!("{value}…") } else { value.normalize().to_string() })
    }

    /// Digit by digit, so that nothing grows beyond ten times the denominator.
    fn long_division(self, places: u32) -> Result<LongDivision, TooLarge> {
        let over = self.over.checked_abs().ok_or(TooLarge)?;
        let mut units = over / self.under;
        let mut rest = over % self.under;
        for _ in 0..places {
            rest = product(rest, 10)?;
            units = product(units, 10)?.checked_add(rest / self.under).ok_or(TooLarge)?;
            rest %= self.under;
        }
        Ok(LongDivision { negative: self.over < 0, units, rest, under: self.under })
    }
}

/// At least 1, by Euclid.
fn common_divisor(left: i128, right: i128) -> i128 {
    let (mut greater, mut lesser) = (left.unsigned_abs(), right.unsigned_abs());
    while lesser != 0 {
        (greater, lesser) = (lesser, greater % lesser);
    }
    i128::try_from(greater).unwrap_or(1).max(1)
}

fn product(left: i128, right: i128) -> Result<i128, TooLarge> {
    left.checked_mul(right).ok_or(TooLarge)
}

fn decimal(negative: bool, units: i128, places: u32) -> Result<Decimal, TooLarge> {
    let signed = if negative { -units } else { units };
    Decimal::try_from_i128_with_scale(signed, places).map_err(|_| TooLarge)
}

/// The sum of `values`, exact.
///
/// # Errors
/// The sum has more than 28 digits.
pub fn sum(values: impl IntoIterator<Item = Decimal>) -> Result<Decimal, TooLarge> {
    values.into_iter().try_fold(Decimal::ZERO, |total, next| total.checked_add(next).ok_or(TooLarge))
}

/// `left × right` without rounding.
///
/// # Errors
/// The product has more than 28 digits.
pub fn times(left: Decimal, right: Decimal) -> Result<Decimal, TooLarge> {
    let exact = |left: Decimal, right: Decimal| {
        let mantissa = product(left.mantissa(), right.mantissa())?;
        let scale = left.scale().checked_add(right.scale()).ok_or(TooLarge)?;
        Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| TooLarge)
    };
    exact(left, right).or_else(|_| exact(left.normalize(), right.normalize()))
}

/// Yuan for reading: no needless zeros, but never fewer than two decimals.
pub fn yuan(value: Decimal) -> String {
    let short = value.normalize();
    if short.scale() < 2 { format!("{short:.2}") } else { short.to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fraction(over: i128, under: i128) -> Exact {
        Exact { over, under }
    }

    #[test]
    fn a_half_goes_up_and_a_hair_less_goes_down() {
        assert_eq!(fraction(5, 1000).half_up(2).unwrap().to_string(), "0.01");
        assert_eq!(
            fraction(4_999_999_999_999_999_999, 1_000_000_000_000_000_000_000).half_up(2).unwrap(),
            Decimal::ZERO
        );
        assert_eq!(fraction(-5, 1000).half_up(2).unwrap().to_string(), "-0.01");
        assert_eq!(fraction(28_785, 1000).half_up(2).unwrap().to_string(), "28.79");
        assert_eq!(fraction(2, 3).written_out(4).unwrap(), "0.6666…");
        assert_eq!(fraction(4, 8).written_out(4).unwrap(), "0.5");
    }

    #[test]
    fn a_number_too_large_is_said_and_never_wrapped() {
        let large = fraction(i128::MAX, 1);
        assert_eq!(large.times(large).unwrap_err(), TooLarge);
        assert_eq!(large.half_up(2).unwrap_err(), TooLarge);
        assert_eq!(fraction(1, 2).divided_by(fraction(0, 1)).unwrap_err(), TooLarge);
    }

    #[test]
    fn factors_that_cancel_do_not_overflow() {
        let (over, under) = (3 * 10_i128.pow(30), 7 * 10_i128.pow(30));
        let left = fraction(over, under).times(fraction(under, over)).unwrap();
        assert_eq!(left.half_up(2).unwrap(), Decimal::ONE);
        assert_eq!(
            fraction(over, under).minus(fraction(over, under)).unwrap().half_up(0).unwrap(),
            Decimal::ZERO
        );
    }

    proptest! {
        /// 2·|over·10^p − units·under| ≤ under, and a half never goes down: rounding by its definition.
        #[test]
        fn rounding_is_the_nearest_number(over in 0_i128..10_i128.pow(20), under in 1_i128..10_i128.pow(12), places in 0_u32..6) {
            let rounded = fraction(over, under).half_up(places).unwrap();
            prop_assert_eq!(rounded.scale(), places);
            let gap = 2 * (over * 10_i128.pow(places) - rounded.mantissa() * under);
            prop_assert!(-under <= gap && gap < under, "{gap} of {under}");
        }

        #[test]
        fn fractions_obey_subtraction_and_division(a in -1_000_000_i64..1_000_000, b in 1_i64..1_000_000) {
            let (left, right) = (Decimal::new(a, 3), Decimal::new(b, 2));
            let difference = Exact::of(left).unwrap().minus(Exact::of(right).unwrap()).unwrap();
            prop_assert_eq!(difference.half_up(3).unwrap(), left - right);
            let back = Exact::of(left).unwrap().divided_by(Exact::of(right).unwrap()).unwrap().times(Exact::of(right).unwrap()).unwrap();
            prop_assert_eq!(back.half_up(3).unwrap(), left);
        }
    }
}
