//! Signed notes by c2sp.org/signed-note: Ed25519 (signature type 0x01), and a witness's cosignature/v1 with its
//! time (c2sp.org/tlog-cosignature, type 0x04).
//!
//! A note is text that ends in a newline, an empty line, and lines `— name base64(key id ‖ signature)`. The
//! key id is the first four bytes of `SHA-256(name ‖ "\n" ‖ type ‖ public key)`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// Signature type of plain Ed25519.
const ED25519: u8 = 1;
/// Signature type of a timestamped Ed25519 cosignature.
const COSIGNATURE: u8 = 4;
/// Longest note, in bytes.
pub const NOTE_LIMIT: usize = 16 * 1024;
/// Most signature lines; witnesses may add theirs.
const MAX_SIGNATURES: usize = 16;

/// What can be wrong with a note or its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Over [`NOTE_LIMIT`].
    #[error("the note is over its size limit")]
    TooLarge,
    /// No note at all.
    #[error("not a signed note")]
    Malformed,
    /// A line in the key's name whose signature is false.
    #[error("the signature does not hold")]
    Signature,
    /// No line of the key.
    #[error("no signature by the given key")]
    Signer,
    /// The text of a key is not one.
    #[error("not a valid note key")]
    Key,
}

/// Name of a note's key or of a log: 1 to 128 visible ASCII characters without `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected 1 to 128 visible ASCII characters without '+'")
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Name, id and public half of a key of either type.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Half {
    kind: u8,
    name: KeyName,
    id: [u8; 4],
    public: VerifyingKey,
}

impl Half {
    fn new(kind: u8, name: KeyName, public: VerifyingKey) -> Self {
        let hash = Sha256::new().chain_update(name.as_str()).chain_update([b'\n', kind]);
        let [a, b, c, d, ..]: [u8; 32] = hash.chain_update(public.as_bytes()).finalize().into();
        Self { kind, name, id: [a, b, c, d], public }
    }

    fn read(kind: u8, text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::Key)?;
        let (_, coded) = rest.split_once('+').ok_or(NoteError::Key)?;
        let name = name.parse().map_err(|_| NoteError::Key)?;
        let bytes = STANDARD.decode(coded).map_err(|_| NoteError::Key)?;
        let public = bytes.strip_prefix(&[kind]).and_then(|key| <&[u8; 32]>::try_from(key).ok());
        let public = VerifyingKey::from_bytes(public.ok_or(NoteError::Key)?).map_err(|_| NoteError::Key)?;
        let half = Self::new(kind, name, public);
        // The id in the text must be the one the key has; nothing else of the text may differ either.
        if half.to_string() == text && !half.public.is_weak() { Ok(half) } else { Err(NoteError::Key) }
    }

    fn line(&self, signature: &[u8]) -> String {
        let coded = STANDARD.encode([self.id.as_slice(), signature].concat());
        format!("— {} {coded}\n", self.name)
    }

    fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let bytes: [u8; 64] = signature.try_into().map_err(|_| NoteError::Signature)?;
        self.public.verify_strict(message, &Signature::from_bytes(&bytes)).map_err(|_| NoteError::Signature)
    }
}

impl fmt::Display for Half {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coded = STANDARD.encode([&[self.kind], self.public.as_bytes().as_slice()].concat());
        write!(out, "{}+{}+{coded}", self.name, hex::encode(self.id))
    }
}

/// A named public key; its text form is `name+keyid+base64(0x01 ‖ public key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey(Half);

impl NoteKey {
    /// Names a public key.
    pub fn new(name: KeyName, public: VerifyingKey) -> Self {
        Self(Half::new(ED25519, name, public))
    }

    /// Its name.
    pub fn name(&self) -> &KeyName {
        &self.0.name
    }

    /// The text of `note` if this key signed it. Lines of other keys are passed over.
    ///
    /// # Errors
    /// [`NoteError::TooLarge`], [`NoteError::Malformed`] for what is no note, [`NoteError::Signature`] for a false
    /// signature of this key, [`NoteError::Signer`] if there is none.
    pub fn verify<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note)?;
        let mut signed = false;
        for line in signatures {
            let line = line?;
            if line.is_of(&self.0) {
                self.0.check(text.as_bytes(), &line.signature)?;
                signed = true;
            }
        }
        if signed { Ok(text) } else { Err(NoteError::Signer) }
    }
}

/// A witness's public key; its text form is `name+keyid+base64(0x04 ‖ public key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey(Half);

/// A witness's line under a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Seconds since 1970 at which the witness signed.
    pub time: u64,
    /// The whole line, ending in a newline.
    pub line: String,
}

impl WitnessKey {
    /// Its name.
    pub fn name(&self) -> &KeyName {
        &self.0.name
    }

    /// This witness's cosignature under `note`; the newest where there are several.
    ///
    /// # Errors
    /// As [`NoteKey::verify`].
    pub fn cosignature(&self, note: &str) -> Result<Cosignature, NoteError> {
        let (text, signatures) = split(note)?;
        let mut newest: Option<Cosignature> = None;
        for line in signatures {
            let line = line?;
            if line.is_of(&self.0) {
                let (time, signature) = line.signature.split_first_chunk().ok_or(NoteError::Signature)?;
                let time = u64::from_be_bytes(*time);
                self.0.check(cosigned(time, text).as_bytes(), signature)?;
                if newest.as_ref().is_none_or(|known| known.time < time) {
                    newest = Some(Cosignature { time, line: self.0.line(&line.signature) });
                }
            }
        }
        newest.ok_or(NoteError::Signer)
    }
}

fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

struct Line<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl Line<'_> {
    fn is_of(&self, key: &Half) -> bool {
        self.name == key.name.as_str() && self.id == key.id
    }
}

fn split(note: &str) -> Result<(&str, impl Iterator<Item = Result<Line<'_>, NoteError>>), NoteError> {
    if note.len() > NOTE_LIMIT {
        return Err(NoteError::TooLarge);
    }
    let end = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, block) = note.split_at_checked(end + 1).ok_or(NoteError::Malformed)?;
    let block = block.strip_prefix('\n').and_then(|block| block.strip_suffix('\n'));
    let block = block.ok_or(NoteError::Malformed)?;
    let plain = text.chars().all(|c| c == '\n' || !c.is_ascii_control());
    if !plain || block.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteError::Malformed);
    }
    Ok((text, block.split('\n').map(read_line)))
}

fn read_line(line: &str) -> Result<Line<'_>, NoteError> {
    let parts = line.strip_prefix("— ").and_then(|line| line.split_once(' '));
    let (name, coded) = parts.ok_or(NoteError::Malformed)?;
    let bytes = STANDARD.decode(coded).map_err(|_| NoteError::Malformed)?;
    let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
    if name.parse::<KeyName>().is_err() || signature.is_empty() {
        return Err(NoteError::Malformed);
    }
    Ok(Line { name, id: *id, signature: signature.to_vec() })
}

impl fmt::Display for NoteKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for NoteKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        Half::read(ED25519, text).map(Self)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for WitnessKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        Half::read(COSIGNATURE, text).map(Self)
    }
}

impl<'de> serde::Deserialize<'de> for WitnessKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| serde::de::Error::custom("expected a witness key `name+id+base64`"))
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
        format!("{text}\n{}", self.key.0.line(&signature))
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NoteSigner({})", self.key)
    }
}

/// A witness's signing key; wiped from memory when dropped.
pub struct WitnessSigner {
    key: WitnessKey,
    signing: SigningKey,
}

impl WitnessSigner {
    /// From 32 secret bytes, which must not serve as any other key.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(seed);
        Self { key: WitnessKey(Half::new(COSIGNATURE, name, signing.verifying_key())), signing }
    }

    /// The public half, to be published.
    pub fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// The cosignature line for a checkpoint's text, made at `time` (seconds since 1970).
    pub fn cosign(&self, text: &str, time: u64) -> String {
        let signature = self.signing.sign(cosigned(time, text).as_bytes()).to_bytes();
        self.key.0.line(&[time.to_be_bytes().as_slice(), signature.as_slice()].concat())
    }
}

impl fmt::Debug for WitnessSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WitnessSigner({})", self.key)
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
            assert_eq!(bad.parse::<NoteKey>().unwrap_err(), NoteError::Key, "{bad}");
        }
        assert_eq!(PETER.parse::<WitnessKey>().unwrap_err(), NoteError::Key, "a note's key is no witness's");
    }

    #[test]
    fn names_keep_to_their_alphabet() {
        for bad in ["", "a b", "a+b", "é", &"a".repeat(129)] {
            assert!(bad.parse::<KeyName>().is_err(), "{bad}");
        }
        assert!("tenderhall.152500/receipt1".parse::<KeyName>().is_ok());
    }

    #[test]
    fn lines_of_others_are_passed_over_and_none_is_refused() {
        let mine = NoteSigner::from_seed("hall/receipt1".parse().unwrap(), &[5; 32]);
        let other = NoteSigner::from_seed("hall/receipt1".parse().unwrap(), &[6; 32]);
        let note = mine.sign("text\n");
        let line = note.lines().last().unwrap();
        let both = format!("{}{line}\n", other.sign("text\n"));
        assert_eq!(mine.key().verify(&both).unwrap(), "text\n");
        assert_eq!(mine.key().verify(&other.sign("text\n")).unwrap_err(), NoteError::Signer);
        assert_eq!(mine.key().verify(&note.replace("text", "tent")).unwrap_err(), NoteError::Signature);
        assert_eq!(mine.key().verify("text\n").unwrap_err(), NoteError::Malformed);
    }

    #[test]
    fn a_cosignature_states_its_time_and_is_no_signature_of_the_log() {
        let log = NoteSigner::from_seed("hall/log1".parse().unwrap(), &[5; 32]);
        let witness = WitnessSigner::from_seed("office/witness1".parse().unwrap(), &[7; 32]);
        let text = "hall/log1\n8\nAAAA\n";
        let note = log.sign(text);
        assert_eq!(witness.key().cosignature(&note).unwrap_err(), NoteError::Signer);
        let older = witness.cosign(text, 1_700_000_000);
        let newer = witness.cosign(text, 1_700_000_060);
        let note = format!("{note}{newer}{older}");
        let found = witness.key().cosignature(&note).unwrap();
        assert_eq!((found.time, found.line), (1_700_000_060, newer.clone()));
        assert_eq!(log.key().verify(&note).unwrap(), text);
        // The time is signed: another time under the same signature does not hold.
        let (head, coded) = newer.trim_end().rsplit_once(' ').unwrap();
        let mut bytes = STANDARD.decode(coded).unwrap();
        bytes[11] ^= 1;
        let forged = format!("{}{head} {}\n", log.sign(text), STANDARD.encode(bytes));
        assert_eq!(witness.key().cosignature(&forged).unwrap_err(), NoteError::Signature);
        assert_eq!(witness.key().to_string().parse::<WitnessKey>().unwrap(), *witness.key());
    }
}
