//! A bid's secret split over the clauses of its policy, and put together again.
//!
//! For each clause the secret's 74 bytes are the XOR of one random-looking share for each member; a sole member's
//! share is the secret itself. A share travels as a plain age file to the officers of its member. Which of several
//! shares is wrong cannot be told from the shares: only whether together they give the key that `bid_key` names.

use std::io::Write as _;

use age::x25519::{Identity, Recipient};
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::envelope::Share;
use super::flaw::{Flaw, SealError, ensure};
use super::policy::{BIDDER, Policy};
use super::sealing::{SECRET_LENGTH, check_secret};
use super::wire::{Word, base64_text, read_base64};

/// The bytes of one share; wiped from memory when dropped.
type Bytes = SecretBox<[u8; SECRET_LENGTH]>;

/// Splits a secret into `holders` shares whose XOR it is.
///
/// # Errors
/// [`Flaw::Secret`] for a secret that has not 74 bytes.
fn split(secret: &SecretString, holders: usize) -> Result<Vec<Bytes>, SealError> {
    let whole: [u8; SECRET_LENGTH] =
        secret.expose_secret().as_bytes().try_into().map_err(|_| Flaw::Secret)?;
    let mut last = whole;
    let mut shares = Vec::with_capacity(holders);
    for _ in 1..holders {
        let mut share = [0; SECRET_LENGTH];
        rand::rng().fill_bytes(&mut share);
        combine(&mut last, &share);
        shares.push(SecretBox::new(Box::new(share)));
    }
    shares.push(SecretBox::new(Box::new(last)));
    Ok(shares)
}

fn combine(into: &mut [u8; SECRET_LENGTH], with: &[u8; SECRET_LENGTH]) {
    into.iter_mut().zip(with).for_each(|(byte, other)| *byte ^= other);
}

/// Makes the shares of an envelope, in the order of the policy's clauses. `own` is the recipient of the bidder's own
/// shares: a key that the bidder keeps.
///
/// # Errors
/// [`Flaw::OwnRecipient`] where a clause has the bidder beside others and `own` is missing, [`Flaw::Members`],
/// [`Flaw::Encryption`].
pub(super) fn share_out(
    policy: &Policy,
    secret: &SecretString,
    own: Option<&Recipient>,
) -> Result<Vec<Share>, SealError> {
    let mut made = Vec::new();
    for (at, clause) in policy.clauses.iter().enumerate().filter(|(_, clause)| has_shares(clause)) {
        let index = u32::try_from(at).map_err(|_| Flaw::Clauses)?;
        for (member, share) in clause.iter().zip(split(secret, clause.len())?) {
            let recipients = recipients_of(policy, member, own)?;
            let age = base64_text(&encrypt(&recipients, share.expose_secret())?);
            made.push(Share { clause: index, member: member.clone(), age });
        }
    }
    Ok(made)
}

/// Whether an envelope carries shares for a clause: not where the bidder alone keeps the secret.
pub(super) fn has_shares(clause: &[Word]) -> bool {
    !matches!(clause, [only] if only.as_str() == BIDDER)
}

fn recipients_of(
    policy: &Policy,
    member: &Word,
    own: Option<&Recipient>,
) -> Result<Vec<Recipient>, SealError> {
    if member.as_str() == BIDDER {
        return Ok(vec![own.cloned().ok_or(Flaw::OwnRecipient)?]);
    }
    let keys = policy.members.get(member).ok_or(Flaw::Members)?;
    keys.recipients.iter().map(|key| key.parse().map_err(|_| Flaw::Members.into())).collect()
}

/// A plain age file to every recipient.
///
/// # Errors
/// [`Flaw::Encryption`].
pub fn encrypt(recipients: &[Recipient], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let failed = |cause: &dyn std::fmt::Display| Flaw::Encryption.because(cause);
    let all = recipients.iter().map(|recipient| {
        let one: &dyn age::Recipient = recipient;
        one
    });
    let encryptor = age::Encryptor::with_recipients(all).map_err(|cause| failed(&cause))?;
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file).map_err(|cause| failed(&cause))?;
    writer.write_all(plain).map_err(|cause| failed(&cause))?;
    writer.finish().map_err(|cause| failed(&cause))?;
    Ok(file)
}

/// Decrypts one share of an envelope and gives it in the form in which it is released.
///
/// # Errors
/// [`Flaw::Shares`] for what is no share, [`Flaw::Decryption`] when it is for another key.
pub fn open_share(share: &Share, clause: &[Word], identity: &Identity) -> Result<SecretString, SealError> {
    let file = read_base64(&share.age).ok_or(Flaw::Shares)?;
    let plain = age::decrypt(identity, &file).map_err(|cause| Flaw::Decryption.because(cause))?;
    ensure(plain.len() == SECRET_LENGTH, Flaw::Shares)?;
    if clause.len() > 1 {
        return Ok(base64_text(&plain).into());
    }
    Ok(String::from_utf8(plain).map_err(|_| Flaw::Shares)?.into())
}

fn read_released(text: &SecretString) -> Result<Bytes, SealError> {
    let bytes = read_base64(text.expose_secret()).and_then(|bytes| bytes.try_into().ok());
    Ok(SecretBox::new(Box::new(bytes.ok_or(Flaw::ReleasedShare)?)))
}

/// What can be checked of one released share by itself: its form, and a sole member's against `bid_key`.
///
/// # Errors
/// [`Flaw::ReleasedShare`]; of a sole member [`Flaw::Secret`] and [`Flaw::KeyMismatch`].
pub fn check_released(clause: &[Word], text: &SecretString, bid_key: &str) -> Result<(), SealError> {
    if clause.len() > 1 { read_released(text).map(drop) } else { check_secret(text, bid_key) }
}

/// Why a clause does not open a bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shut {
    /// These members have released nothing.
    Absent(Vec<Word>),
    /// All have released, and together it is not the secret of `bid_key`.
    Unfit,
}

/// Puts the released shares of one clause together. The result is the secret of `bid_key` or nothing.
///
/// # Errors
/// Why the clause does not open the bid.
pub fn rebuild<'a>(
    clause: &[Word],
    released: impl Fn(&Word) -> Option<&'a SecretString>,
    bid_key: &str,
) -> Result<SecretString, Shut> {
    let secret = join(clause, released)?;
    check_secret(&secret, bid_key).map(|()| secret).map_err(|_| Shut::Unfit)
}

/// Puts shares together that were found to fit before; whoever opens with the result checks it again.
///
/// # Errors
/// Why the clause gives no secret.
pub fn join<'a>(
    clause: &[Word],
    released: impl Fn(&Word) -> Option<&'a SecretString>,
) -> Result<SecretString, Shut> {
    let absent: Vec<Word> = clause.iter().filter(|member| released(member).is_none()).cloned().collect();
    if !absent.is_empty() {
        return Err(Shut::Absent(absent));
    }
    let shares: Vec<&SecretString> = clause.iter().filter_map(&released).collect();
    match shares.as_slice() {
        [only] => Ok((*only).clone()),
        many => together(many).map_err(|_| Shut::Unfit),
    }
}

fn together(shares: &[&SecretString]) -> Result<SecretString, SealError> {
    let mut whole: Bytes = SecretBox::new(Box::new([0; SECRET_LENGTH]));
    for share in shares {
        use secrecy::ExposeSecretMut as _;
        combine(whole.expose_secret_mut(), read_released(share)?.expose_secret());
    }
    let text = String::from_utf8(whole.expose_secret().to_vec()).map_err(|_| Flaw::Secret)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests;
