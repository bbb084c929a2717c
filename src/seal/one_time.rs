//! A bid's one-time key as those use it who open: read from the released secret, held against `bid_key`, and put before
//! the age file as an identity.
//!
//! The format, its header's MAC and its payload stay the age crate's; here is only the agreement on X25519 that unwraps
//! the file key, by AWS-LC, which needs half the time of the age crate's own: an opening does little else. What one of the
//! two opens the other opens, and what one refuses the other refuses; the published vectors of the format hold both to it.

use age::DecryptError;
use age_core::{
    format::{FileKey, Stanza},
    primitives::{aead_decrypt, hkdf},
};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bech32::{Bech32, Hrp, primitives::decode::CheckedHrpstring};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use super::flaw::{Flaw, SealError, ensure};
use super::sealing::SECRET_LENGTH;

const SECRET_PREFIX: &str = "age-secret-key-";
const PUBLIC_PREFIX: &str = "age";
const STANZA: &str = "X25519";
/// What binds an unwrapping key to this use of it (C2SP age, X25519 recipient stanza).
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";
const FILE_KEY: usize = 16;
/// A wrapped file key: itself and the tag of its encryption.
const WRAPPED: usize = FILE_KEY + 16;

/// A bid's one-time key, secret half and public half.
pub struct OneTimeKey {
    private: PrivateKey,
    public: [u8; 32],
}

impl OneTimeKey {
    /// Reads a secret in its one spelling: 74 characters, `AGE-SECRET-KEY-1…`, upper case, nothing around it.
    ///
    /// # Errors
    /// [`Flaw::Secret`].
    pub fn read(secret: &SecretString) -> Result<Self, SealError> {
        let scalar = scalar_of(secret.expose_secret()).ok_or(Flaw::Secret)?;
        let private = PrivateKey::from_private_key(&X25519, &*scalar).map_err(|_| Flaw::Secret)?;
        let public = private.compute_public_key().ok().and_then(|key| key.as_ref().try_into().ok());
        Ok(Self { public: public.ok_or(Flaw::Secret)?, private })
    }

    /// The key of `bid_key`, if the secret is its secret: `public(secret) == bid_key`.
    ///
    /// # Errors
    /// [`Flaw::Secret`], [`Flaw::KeyMismatch`].
    pub fn of(secret: &SecretString, bid_key: &str) -> Result<Self, SealError> {
        let key = Self::read(secret)?;
        ensure(key.recipient().as_deref() == Some(bid_key), Flaw::KeyMismatch)?;
        Ok(key)
    }

    /// The recipient that seals to this key, `age1…`.
    fn recipient(&self) -> Option<String> {
        bech32::encode::<Bech32>(Hrp::parse(PUBLIC_PREFIX).ok()?, &self.public).ok()
    }

    fn file_key(&self, stanza: &Stanza) -> Result<Option<FileKey>, DecryptError> {
        let [share] = stanza.args.as_slice() else { return Err(DecryptError::InvalidHeader) };
        let share = STANDARD_NO_PAD.decode(share).ok().and_then(|share| <[u8; 32]>::try_from(share).ok());
        let (Some(share), WRAPPED) = (share, stanza.body.len()) else {
            return Err(DecryptError::InvalidHeader);
        };
        let salt = [share, self.public].concat();
        // Refused where nothing was agreed upon: a share of small order gives zero with every key.
        let with = UnparsedPublicKey::new(&X25519, share);
        let wrapping =
            agree(&self.private, with, DecryptError::InvalidHeader, |agreed| Ok(hkdf(&salt, LABEL, agreed)))?;
        let Ok(unwrapped) = aead_decrypt(&wrapping, FILE_KEY, &stanza.body).map(Zeroizing::new) else {
            // Wrapped for another key: a file may have several recipients.
            return Ok(None);
        };
        let found = FileKey::try_init_with_mut(|key| {
            <&[u8; FILE_KEY]>::try_from(unwrapped.as_slice()).map(|unwrapped| key.copy_from_slice(unwrapped))
        });
        found.map(Some).map_err(|_| DecryptError::InvalidHeader)
    }
}

impl age::Identity for OneTimeKey {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag == STANZA { self.file_key(stanza).transpose() } else { None }
    }
}

fn scalar_of(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    if text.len() != SECRET_LENGTH {
        return None;
    }
    let read = CheckedHrpstring::new::<Bech32>(text).ok()?;
    let prefix = Hrp::parse(SECRET_PREFIX).ok()?;
    let bytes = Zeroizing::new(read.byte_iter().collect::<Vec<_>>());
    let again = Zeroizing::new(bech32::encode_upper::<Bech32>(prefix, &bytes).ok()?);
    if *again == text { bytes.as_slice().try_into().map(Zeroizing::new).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use age::x25519::Identity;

    use super::*;

    #[test]
    fn is_the_key_that_the_age_crate_reads() {
        for _ in 0..50 {
            let identity = Identity::generate();
            let recipient = identity.to_public().to_string();
            let key = OneTimeKey::of(&identity.to_string(), &recipient).unwrap();
            let file = age::encrypt(&identity.to_public(), b"a bid").unwrap();
            assert_eq!(age::decrypt(&key, &file).unwrap(), b"a bid");
            let other = OneTimeKey::read(&Identity::generate().to_string()).unwrap();
            assert!(matches!(age::decrypt(&other, &file), Err(DecryptError::NoMatchingKeys)));
            assert_eq!(OneTimeKey::of(&identity.to_string(), "age1").err().unwrap().flaw, Flaw::KeyMismatch);
        }
    }

    #[test]
    fn has_one_spelling() {
        let right = Identity::generate().to_string().expose_secret().to_owned();
        let read = |text: String| OneTimeKey::read(&text.into()).map(drop).map_err(|error| error.flaw);
        assert_eq!(read(right.clone()), Ok(()));
        let flipped = if right.ends_with('Q') { "P" } else { "Q" };
        let typed = right.chars().take(73).collect::<String>() + flipped;
        for wrong in [right.to_lowercase(), format!("{right} "), format!("\n{right}"), typed, String::new()] {
            assert_eq!(read(wrong), Err(Flaw::Secret));
        }
        // The checksum of Bech32m, and the same bytes under another name.
        let bytes = CheckedHrpstring::new::<Bech32>(&right).unwrap().byte_iter().collect::<Vec<_>>();
        let name = Hrp::parse(SECRET_PREFIX).unwrap();
        assert_eq!(read(bech32::encode_upper::<bech32::Bech32m>(name, &bytes).unwrap()), Err(Flaw::Secret));
        let name = Hrp::parse("age-secret-kex-").unwrap();
        assert_eq!(read(bech32::encode_upper::<Bech32>(name, &bytes).unwrap()), Err(Flaw::Secret));
    }
}
