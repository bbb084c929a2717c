//! Chance that anyone can make again: 32 random bytes, and the order they put texts in.
//!
//! Every draw of the hall (experts, ties, the benchmarks of an opening) hangs on such a seed alone, which is recorded
//! beside what was put in and what came out.

use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest, Sha256};

use super::Problem;

/// Block length of SHA-256, in bytes (RFC 2104).
const BLOCK: usize = 64;

/// 32 random bytes that decide a draw, kept to make it again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Seed(…)")
    }
}

impl Seed {
    /// A new one from the operating system.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn draw() -> Result<Self, Problem> {
        let mut seed = [0; 32];
        SysRng
            .try_fill_bytes(&mut seed)
            .map_err(|error| Problem::internal(anyhow::anyhow!("no chance: {error}")))?;
        Ok(Self(seed))
    }

    /// HMAC-SHA256 of `text` under the seed (RFC 2104): the place of `text` in the draw, lowest first.
    pub fn place(&self, text: &str) -> [u8; 32] {
        let pad = |with: u8| {
            let mut block = [with; BLOCK];
            for (byte, key) in block.iter_mut().zip(self.0) {
                *byte ^= key;
            }
            block
        };
        let mut inner = Sha256::new();
        inner.update(pad(0x36));
        inner.update(text);
        let mut outer = Sha256::new();
        outer.update(pad(0x5c));
        outer.update(inner.finalize());
        outer.finalize().into()
    }

    /// In hexadecimal.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_hmac_sha256() {
        // RFC 4231 test case 1 has a key of 20 bytes; padded with zeros to 32 it is the same HMAC key.
        let mut key = [0; 32];
        key[..20].copy_from_slice(&[0x0b; 20]);
        assert_eq!(
            hex::encode(Seed(key).place("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
