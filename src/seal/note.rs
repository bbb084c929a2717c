//! Signed notes by c2sp.org/signed-note with Ed25519 (signature type 0x01).
//!
//! A note is text that ends in a newline, an empty line, and lines `— name base64(key id ‖ signature)`. The
//! key id is the first four bytes of `SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key)`.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::flaw::{Flaw, SealError, ensure};
use super::wire::{KeyName, base64_text, read_base64, sha256};

/// Signature type of plain Ed25519.
const ED25519: u8 = 1;
/// Longest note, in bytes.
pub const NOTE_LIMIT: usize = 16 * 1024;
/// Most signature lines; witnesses may add theirs.
const MAX_SIGNATURES: usize = 16;

fn key_id(name: &KeyName, public: &VerifyingKey) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_str().as_bytes(), b"\n", &[ED25519], public.as_bytes()]);
    [a, b, c, d]
}

/// A named public key; its text form is `name+keyid+base64(0x01 ‖ public key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: KeyName,
    id: [u8; 4],
    public: VerifyingKey,
}

impl NoteKey {
    /// Names a public key.
    pub fn new(name: KeyName, public: VerifyingKey) -> Self {
        Self { id: key_id(&name, &public), name, public }
    }

    /// The text of `note` if this key signed it. Lines of other keys are passed over.
    ///
    /// # Errors
    /// [`Flaw::TooLarge`], [`Flaw::Malformed`] for what is no note, [`Flaw::Signature`] for a false signature
    /// of this key, [`Flaw::NoteSigner`] if there is none.
    pub fn verify<'a>(&self, note: &'a str) -> Result<&'a str, SealError> {
        ensure(note.len() <= NOTE_LIMIT, Flaw::TooLarge)?;
        let (text, signatures) = split(note)?;
        let mut signed = false;
        for line in signatures {
            let (name, id, signature) = line?;
            if name == self.name.as_str() && id == self.id {
                let bytes: [u8; 64] = signature.try_into().map_err(|_| Flaw::Signature)?;
                let signature = Signature::from_bytes(&bytes);
                self.public.verify_strict(text.as_bytes(), &signature).map_err(|_| Flaw::Signature)?;
                signed = true;
            }
        }
        if signed { Ok(text) } else { Err(Flaw::NoteSigner.into()) }
    }
}

type SignatureLine<'a> = Result<(&'a str, [u8; 4], Vec<u8>), SealError>;

fn split(note: &str) -> Result<(&str, impl Iterator<Item = SignatureLine<'_>>), SealError> {
    let end = note.rfind("\n\n").ok_or(Flaw::Malformed)?;
    let (text, block) = note.split_at_checked(end + 1).ok_or(Flaw::Malformed)?;
    let block = block.strip_prefix('\n').and_then(|block| block.strip_suffix('\n')).ok_or(Flaw::Malformed)?;
    let plain = text.chars().all(|c| c == '\n' || !c.is_ascii_control());
    ensure(plain && block.split('\n').count() <= MAX_SIGNATURES, Flaw::Malformed)?;
    Ok((text, block.split('\n').map(read_line)))
}

fn read_line(line: &str) -> SignatureLine<'_> {
    let parts = line.strip_prefix("— ").and_then(|line| line.split_once(' '));
    let (name, coded) = parts.ok_or(Flaw::Malformed)?;
    let bytes = read_base64(coded).ok_or(Flaw::Malformed)?;
    let (id, signature) = bytes.split_first_chunk::<4>().ok_or(Flaw::Malformed)?;
    ensure(name.parse::<KeyName>().is_ok() && !signature.is_empty(), Flaw::Malformed)?;
    Ok((name, *id, signature.to_vec()))
}

impl fmt::Display for NoteKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coded = base64_text(&[&[ED25519], self.public.as_bytes().as_slice()].concat());
        write!(out, "{}+{}+{coded}", self.name, hex::encode(self.id))
    }
}

impl FromStr for NoteKey {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let (name, rest) = text.split_once('+').ok_or(Flaw::NoteKey)?;
        let (_, coded) = rest.split_once('+').ok_or(Flaw::NoteKey)?;
        let name = name.parse().map_err(|cause| Flaw::NoteKey.because(cause))?;
        let bytes = read_base64(coded).ok_or(Flaw::NoteKey)?;
        let public = bytes.strip_prefix(&[ED25519]).and_then(|key| <&[u8; 32]>::try_from(key).ok());
        let public = VerifyingKey::from_bytes(public.ok_or(Flaw::NoteKey)?).map_err(|_| Flaw::NoteKey)?;
        let key = Self::new(name, public);
        // The id in the text must be the one the key has; nothing else of the text may differ either.
        ensure(key.to_string() == text && !public.is_weak(), Flaw::NoteKey)?;
        Ok(key)
    }
}

/// A named signing key of the hall; wiped from memory when dropped.
pub struct NoteSigner {
    key: NoteKey,
    signing: SigningKey,
}

impl NoteSigner {
    /// From 32 secret bytes.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(seed);
        Self { key: NoteKey::new(name, signing.verifying_key()), signing }
    }

    /// The public half, to be published.
    pub fn key(&self) -> &NoteKey {
        &self.key
    }

    /// The note of `text`, which must end in a newline.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.signing.sign(text.as_bytes()).to_bytes();
        let coded = base64_text(&[self.key.id.as_slice(), signature.as_slice()].concat());
        format!("{text}\n— {} {coded}\n", self.key.name)
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NoteSigner({})", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of c2sp.org/signed-note and of Go's golang.org/x/mod/sumdb/note.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_published_note_verifies() {
        let key: NoteKey = PETER.parse().unwrap();
        assert!(key.verify(NOTE).unwrap().ends_with("problem is.\n"));
        assert_eq!(key.to_string(), PETER);
    }

    #[test]
    fn a_key_with_another_id_or_type_is_refused() {
        for bad in [PETER.replace("c74f", "c74e"), PETER.replace("+ARpc", "+AhpC"), PETER.replace('+', " ")] {
            assert_eq!(bad.parse::<NoteKey>().unwrap_err().flaw, Flaw::NoteKey, "{bad}");
        }
    }

    #[test]
    fn lines_of_others_are_passed_over_and_none_is_refused() {
        let mine = NoteSigner::from_seed("hall/receipt1".parse().unwrap(), &[5; 32]);
        let other = NoteSigner::from_seed("hall/receipt1".parse().unwrap(), &[6; 32]);
        let note = mine.sign("text\n");
        let line = note.lines().last().unwrap();
        let both = format!("{}{line}\n", other.sign("text\n"));
        assert_eq!(mine.key().verify(&both).unwrap(), "text\n");
        assert_eq!(mine.key().verify(&other.sign("text\n")).unwrap_err().flaw, Flaw::NoteSigner);
        assert_eq!(mine.key().verify(&note.replace("text", "tent")).unwrap_err().flaw, Flaw::Signature);
        assert_eq!(mine.key().verify("text\n").unwrap_err().flaw, Flaw::Malformed);
    }
}
