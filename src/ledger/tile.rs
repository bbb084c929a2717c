//! Addresses of tiles by c2sp.org/tlog-tiles.

use std::str::FromStr;

/// Hashes of a full tile.
pub const TILE: u64 = 256;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Hashes of subtrees with 256^level leaves.
    Hashes(u32),
    /// The entries themselves.
    Entries,
}

/// A tile, full or partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// What it holds.
    pub what: What,
    /// Its number within the level.
    pub n: u64,
    /// How many hashes or entries, 1 to 256.
    pub width: u64,
}

impl Tile {
    /// Whether a tree of `size` leaves has all of it.
    pub fn is_within(self, size: u64) -> bool {
        let level = match self.what {
            What::Hashes(level) => level,
            What::Entries => 0,
        };
        let end = self.n.checked_mul(TILE).and_then(|start| start.checked_add(self.width));
        let leaves = TILE.checked_pow(level).and_then(|each| end?.checked_mul(each));
        leaves.is_some_and(|leaves| leaves <= size)
    }
}

/// A tile's number as its path writes it, such as `x001/x234/067`.
pub fn number_path(n: u64) -> String {
    let mut path = format!("{:03}", n % 1000);
    let mut rest = n / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

impl FromStr for Tile {
    type Err = ();

    fn from_str(path: &str) -> Result<Self, ()> {
        let (what, rest) = path.split_once('/').ok_or(())?;
        let what = match what {
            "entries" => What::Entries,
            level => What::Hashes(plain_number(level).and_then(|level| level.try_into().ok()).ok_or(())?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => {
                (number, plain_number(width).filter(|w| (1..TILE).contains(w)).ok_or(())?)
            }
            None => (rest, TILE),
        };
        let digits: String = number.split('/').map(|part| part.trim_start_matches('x')).collect();
        let n: u64 = digits.parse().map_err(|_| ())?;
        // One spelling only.
        let fits = number_path(n) == number && !matches!(what, What::Hashes(64..));
        if fits { Ok(Self { what, n, width }) } else { Err(()) }
    }
}

fn plain_number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        let hashes = |level, n, width| Ok(Tile { what: What::Hashes(level), n, width });
        assert_eq!("0/x001/x234/067".parse(), hashes(0, 1_234_067, 256));
        assert_eq!("1/000.p/5".parse(), hashes(1, 0, 5));
        assert_eq!("0/x001/000.p/255".parse(), hashes(0, 1000, 255));
        assert_eq!("entries/002".parse(), Ok(Tile { what: What::Entries, n: 2, width: 256 }));
        for bad in [
            "",
            "0",
            "0/",
            "0/0",
            "0/x000/001",
            "00/000",
            "64/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/05",
            "0/001/002",
            "0/xx001/000",
            "-1/000",
            "0/000/",
            "entries/1",
            "0/+01",
        ] {
            assert_eq!(bad.parse::<Tile>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn a_tile_is_there_once_its_leaves_are() {
        let tile = |path: &str| path.parse::<Tile>().unwrap();
        assert!(tile("0/000.p/8").is_within(8) && !tile("0/000.p/9").is_within(8));
        assert!(tile("1/000.p/1").is_within(256) && !tile("1/000.p/1").is_within(255));
        assert!(!tile("63/000").is_within(u64::MAX));
    }
}
