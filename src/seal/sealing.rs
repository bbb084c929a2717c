//! Sealing and opening: what a bidder's program and an auditor do, and the check of a released secret.
//!
//! Each seal makes a one-time age identity E. The ciphertext is a plain age file to E; its secret is the
//! 74-character `AGE-SECRET-KEY-1…` line. Opening accepts nothing but the plaintext the envelope committed to.

use std::io::{self, BufReader, Read, Write};
use std::iter;

use age::x25519::{Identity, Recipient};
use age::{Decryptor, Encryptor};
use secrecy::SecretString;

use super::envelope::{Client, Envelope, Passing, Payload};
use super::flaw::{Flaw, SealError, ensure};
use super::one_time::OneTimeKey;
use super::plaintext::{self, EachFile, Form, Manifest, build, parse};
use super::policy::CheckedPolicy;
use super::shares::share_out;
use super::signature::{BidderKey, Sig};
use super::wire::{Digest, IdText, Nonce, V1, Word, sha256};

/// Bytes of a ciphertext that are read together.
const READ_AHEAD: usize = 128 * 1024;
/// Characters of an age secret key.
pub const SECRET_LENGTH: usize = 74;

/// What the bidder offers: the form and the files, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// Stated values; `price` as money.
    pub form: Form,
    /// Names and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Whose bid it is and which revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Part of the policy.
    pub part: Word,
    /// Bidder.
    pub bidder: IdText,
    /// 1, 2, …
    pub revision: u32,
    /// Digest of the envelope replaced; none for revision 1.
    pub prev: Option<Digest>,
    /// 32 fresh random bytes.
    pub nonce: Nonce,
}

/// A sealed bid; the secret must never reach the server before the close.
#[derive(Debug)]
pub struct SealedBid {
    /// Submitted.
    pub envelope: Envelope,
    /// Submitted with it: a plain age file.
    pub ciphertext: Vec<u8>,
    /// Kept by the bidder.
    pub secret: SecretString,
}

/// The inside of an opened bid.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Its manifest, equal to the envelope.
    pub manifest: Manifest,
    /// Names and bytes in manifest order.
    pub files: Vec<(String, Vec<u8>)>,
}

fn this_client() -> Result<Client, SealError> {
    let word = |text: &str| text.parse().map_err(|cause| Flaw::Malformed.because(cause));
    Ok(Client { name: word(env!("CARGO_PKG_NAME"))?, version: word(env!("CARGO_PKG_VERSION"))? })
}

/// Seals one part of a bid whose bidder alone holds the secret: one call, no files, no network. One-time key and
/// ciphertext are random.
///
/// # Errors
/// As [`seal_for_clauses`]; [`Flaw::OwnRecipient`] for policies in which the bidder holds shares.
pub fn seal(
    policy: &CheckedPolicy,
    key: &BidderKey,
    target: Target,
    content: Content,
) -> Result<SealedBid, SealError> {
    seal_for_clauses(policy, key, None, target, content)
}

/// Seals one part of a bid for every clause of its policy. `own` is the recipient of the bidder's own shares.
///
/// # Errors
/// [`Flaw::OwnRecipient`] where the bidder holds shares and `own` is missing, [`Flaw::Part`], [`Flaw::Form`],
/// [`Flaw::PayloadTooLarge`], and those of the plaintext's layout.
pub fn seal_for_clauses(
    policy: &CheckedPolicy,
    key: &BidderKey,
    own: Option<&Recipient>,
    target: Target,
    content: Content,
) -> Result<SealedBid, SealError> {
    seal_watched(policy, key, own, target, content, &mut |_| {})
}

/// [`seal_for_clauses`] that tells `sealed` how many bytes more are done.
///
/// # Errors
/// As [`seal_for_clauses`].
pub fn seal_watched(
    policy: &CheckedPolicy,
    key: &BidderKey,
    own: Option<&Recipient>,
    target: Target,
    content: Content,
    sealed: &mut dyn FnMut(u64),
) -> Result<SealedBid, SealError> {
    let one_time = Identity::generate();
    let rules = policy.policy();
    ensure(rules.parts.contains(&target.part), Flaw::Part)?;
    let prev = target.prev;
    let (manifest, plaintext) = lay_out(&one_time, policy, target, content)?;
    let ciphertext = encrypt(&one_time.to_public(), &plaintext, sealed)
        .map_err(|cause| Flaw::Encryption.because(cause))?;
    drop(plaintext);
    let size = u64::try_from(ciphertext.len()).map_err(|_| Flaw::PayloadTooLarge)?;
    if size > rules.max_part_bytes {
        return Err(Flaw::PayloadTooLarge.because(format_args!("{size} > {} bytes", rules.max_part_bytes)));
    }
    let secret = one_time.to_string();
    let mut envelope = enclose(manifest, prev, &ciphertext, size, this_client()?);
    envelope.shares = share_out(rules, &secret, own)?;
    Ok(SealedBid { envelope: envelope.sign(key)?, ciphertext, secret })
}

fn encrypt(to: &Recipient, plaintext: &[u8], done: &mut dyn FnMut(u64)) -> io::Result<Vec<u8>> {
    let to: &dyn age::Recipient = to;
    let encryptor = Encryptor::with_recipients(iter::once(to)).map_err(io::Error::other)?;
    let mut ciphertext = Vec::with_capacity(plaintext.len() + READ_AHEAD);
    let mut writer = encryptor.wrap_output(&mut ciphertext)?;
    for piece in plaintext.chunks(READ_AHEAD) {
        writer.write_all(piece)?;
        done(u64::try_from(piece.len()).map_err(io::Error::other)?);
    }
    writer.finish()?;
    Ok(ciphertext)
}

/// The unsigned envelope of a laid-out bid.
pub(super) fn enclose(
    manifest: Manifest,
    prev: Option<Digest>,
    ciphertext: &[u8],
    size: u64,
    client: Client,
) -> Envelope {
    Envelope {
        v: V1,
        tender: manifest.tender,
        lot: manifest.lot,
        part: manifest.part,
        bidder: manifest.bidder,
        revision: manifest.revision,
        prev: prev.map(Into::into),
        policy_digest: manifest.policy_digest,
        bid_key: manifest.bid_key,
        payload: Payload { sha256: Digest(sha256(&[ciphertext])), size },
        nonce: manifest.nonce,
        shares: Vec::new(),
        client,
        sig: Sig::blank(),
    }
}

/// Manifest and plaintext of a bid for the one-time key.
pub(super) fn lay_out(
    one_time: &Identity,
    policy: &CheckedPolicy,
    target: Target,
    content: Content,
) -> Result<(Manifest, Vec<u8>), SealError> {
    let rules = policy.policy();
    let mut manifest = Manifest {
        v: V1,
        tender: rules.tender.clone(),
        lot: rules.lot.clone(),
        part: target.part,
        bidder: target.bidder,
        revision: target.revision,
        policy_digest: policy.digest(),
        bid_key: one_time.to_public().to_string(),
        nonce: target.nonce,
        form: content.form,
        files: Vec::new(),
        pad: 0,
    };
    manifest.price()?;
    let plaintext = build(&mut manifest, &content.files)?;
    Ok((manifest, plaintext))
}

/// Whether a released secret is that of `bid_key`: `public(secret) == bid_key`.
///
/// # Errors
/// [`Flaw::Secret`], [`Flaw::KeyMismatch`].
pub fn check_secret(secret: &SecretString, bid_key: &str) -> Result<(), SealError> {
    OneTimeKey::of(secret, bid_key).map(drop)
}

/// Opens a bid with its secret and checks that it is what the envelope committed to.
///
/// The envelope's signature is not looked at here: it was checked when the envelope came in, and an auditor
/// calls [`Envelope::verify_signature`] beside this.
///
/// # Errors
/// [`Flaw::Secret`], [`Flaw::KeyMismatch`], those of [`Envelope::check_payload`], [`Flaw::Decryption`], those
/// of the plaintext, [`Flaw::ManifestMismatch`] naming the member.
pub fn open(envelope: &Envelope, ciphertext: &[u8], secret: &SecretString) -> Result<Opened, SealError> {
    let key = OneTimeKey::of(secret, &envelope.bid_key)?;
    envelope.check_payload(ciphertext, envelope.payload.size)?;
    let plaintext = age::decrypt(&key, ciphertext).map_err(|cause| Flaw::Decryption.because(cause))?;
    let (manifest, slices) = parse(&plaintext)?;
    check_manifest(&manifest, envelope)?;
    let names = manifest.files.iter().map(|file| file.name.clone());
    let files = names.zip(slices).map(|(name, bytes)| (name, bytes.to_vec())).collect();
    Ok(Opened { manifest, files })
}

/// [`open`] for a ciphertext that comes as a stream, in memory that does not grow with it. `each` gets the files as
/// [`plaintext::read`] tells; what it got counts only once this has answered.
///
/// # Errors
/// As [`open`]; where a ciphertext is not the envelope's, whatever is found wrong first. And what `each` fails with.
pub fn open_stream<E: From<SealError>>(
    envelope: &Envelope,
    ciphertext: &mut dyn Read,
    secret: &SecretString,
    each: &mut EachFile<'_, E>,
) -> Result<Manifest, E> {
    let key = OneTimeKey::of(secret, &envelope.bid_key)?;
    let identity: &dyn age::Identity = &key;
    let mut coming = BufReader::with_capacity(READ_AHEAD, Passing::new(ciphertext));
    let decryptor = Decryptor::new_buffered(&mut coming).map_err(|cause| Flaw::Decryption.because(cause))?;
    let mut plain =
        decryptor.decrypt(iter::once(identity)).map_err(|cause| Flaw::Decryption.because(cause))?;
    let manifest = plaintext::read(&mut plain, each)?;
    check_manifest(&manifest, envelope)?;
    io::copy(&mut coming, &mut io::sink()).map_err(|cause| Flaw::Decryption.because(cause))?;
    envelope.check_kept(coming.into_inner().payload(), envelope.payload.size)?;
    Ok(manifest)
}

/// Checks every member that manifest and envelope share.
fn check_manifest(manifest: &Manifest, envelope: &Envelope) -> Result<(), SealError> {
    let pairs = [
        ("tender", manifest.tender == envelope.tender),
        ("lot", manifest.lot == envelope.lot),
        ("part", manifest.part == envelope.part),
        ("bidder", manifest.bidder == envelope.bidder),
        ("revision", manifest.revision == envelope.revision),
        ("policy_digest", manifest.policy_digest == envelope.policy_digest),
        ("bid_key", manifest.bid_key == envelope.bid_key),
        ("nonce", manifest.nonce == envelope.nonce),
    ];
    match pairs.iter().find(|(_, equal)| !equal) {
        Some((member, _)) => Err(Flaw::ManifestMismatch.because(member)),
        None => Ok(()),
    }
}
