//! The inside of a bid: `"THALLBD1" ‖ u32be(length) ‖ manifest ‖ files in manifest order ‖ zeros`.
//!
//! No archive format: readers of tar and zip keep having holes. The whole is padded to a Padmé length, so that
//! the ciphertext's size tells only O(log log) bits of it. The manifest is canonical JSON, and every byte of
//! the plaintext is accounted for: there is no room for anything that is not named.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::flaw::{Flaw, SealError, ensure};
use super::wire::{Digest, IdText, Nonce, V1, Word, canonical, read_json, sha256};
use crate::kernel::Money;

/// First bytes of every plaintext.
pub const MAGIC: &[u8; 8] = b"THALLBD1";
/// Longest manifest, in bytes.
pub const MANIFEST_LIMIT: usize = 256 * 1024;
/// Most files of one part.
pub const FILE_LIMIT: usize = 200;
/// Longest file name, in bytes of UTF-8.
pub const NAME_LIMIT: usize = 255;
/// Bytes of a plaintext that are looked at together.
const PIECE: usize = 64 * 1024;

/// The free form of a bid: a JSON object. `price` is read as [`Money`] where present.
pub type Form = serde_json::Map<String, serde_json::Value>;

/// One file as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Plain name without folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
}

/// What a bid says of itself inside the seal; the first ten members repeat the envelope and must equal it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always 1.
    pub v: V1,
    /// Tender.
    pub tender: IdText,
    /// Lot.
    pub lot: IdText,
    /// Part.
    pub part: Word,
    /// Bidder.
    pub bidder: IdText,
    /// 1, 2, …
    pub revision: u32,
    /// Digest of the policy sealed for.
    pub policy_digest: Digest,
    /// Public half of the one-time key.
    pub bid_key: String,
    /// The envelope's nonce.
    pub nonce: Nonce,
    /// What the bidder states.
    #[schema(value_type = Object)]
    pub form: Form,
    /// Files in the order of their bytes.
    pub files: Vec<FileEntry>,
    /// Number of zero bytes at the end.
    pub pad: u64,
}

impl Manifest {
    /// The stated price, if the form has one.
    ///
    /// # Errors
    /// [`Flaw::Form`] if it is not money by the amount grammar.
    pub fn price(&self) -> Result<Option<Money>, SealError> {
        let read = |value: &serde_json::Value| {
            Money::deserialize(value).map_err(|_| Flaw::Form.because("price is not money"))
        };
        self.form.get("price").map(read).transpose()
    }
}

/// The Padmé length for `length` bytes (Nikitin et al., PURBs 2019): at most 12 % more.
pub fn padme(length: u64) -> u64 {
    let Some(exponent) = length.checked_ilog2().filter(|exponent| *exponent > 0) else { return length };
    let kept = exponent.ilog2() + 1;
    let mask = (1_u64 << exponent.saturating_sub(kept)) - 1;
    length.saturating_add(mask) & !mask
}

/// Whether a file may carry this name: no folders, no control or direction-changing characters.
pub fn is_file_name(name: &str) -> bool {
    let hidden_turn = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    (1..=NAME_LIMIT).contains(&name.len())
        && name != "."
        && name != ".."
        && name.trim() == name
        && !name.chars().any(|c| c == '/' || c == '\\' || c.is_control() || hidden_turn(c))
}

fn check_files(files: &[FileEntry]) -> Result<(), SealError> {
    ensure(files.len() <= FILE_LIMIT, Flaw::FileCount)?;
    let names: BTreeSet<_> = files.iter().map(|file| file.name.as_str()).collect();
    ensure(names.len() == files.len() && names.iter().all(|name| is_file_name(name)), Flaw::FileName)
}

fn size(length: usize) -> Result<u64, SealError> {
    u64::try_from(length).map_err(|_| Flaw::TooLarge.into())
}

/// The pad that makes the whole the smallest Padmé length, its own digits in the manifest counted.
///
/// `content` is the length of everything with `"pad":0`. A total that no number of digits fits (its digits
/// would change the length they state) is passed over for the next.
fn pad_for(content: u64) -> u64 {
    let without_digits = content.saturating_sub(1);
    let mut total = padme(content);
    loop {
        for digits in 1..=19_u32 {
            let Some(pad) = total.checked_sub(without_digits + u64::from(digits)) else { break };
            if pad.checked_ilog10().map_or(1, |log| log + 1) == digits {
                return pad;
            }
        }
        total = padme(total + 1);
    }
}

/// Lays out the plaintext and fills in `files` and `pad` of the manifest.
///
/// # Errors
/// [`Flaw::FileName`], [`Flaw::FileCount`], [`Flaw::TooLarge`], [`Flaw::NotCanonical`].
pub fn build(manifest: &mut Manifest, files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, SealError> {
    let entry = |(name, bytes): &(String, Vec<u8>)| {
        Ok(FileEntry { name: name.clone(), size: size(bytes.len())?, sha256: Digest(sha256(&[bytes])) })
    };
    manifest.files = files.iter().map(entry).collect::<Result<_, SealError>>()?;
    check_files(&manifest.files)?;
    manifest.pad = 0;
    let file_bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let content = MAGIC.len() + 4 + canonical(manifest)?.len() + file_bytes;
    manifest.pad = pad_for(size(content)?);
    let text = canonical(manifest)?;
    ensure(text.len() <= MANIFEST_LIMIT, Flaw::TooLarge)?;
    let length = u32::try_from(text.len()).map_err(|_| Flaw::TooLarge)?;
    let pad = usize::try_from(manifest.pad).map_err(|_| Flaw::TooLarge)?;
    let mut plaintext = Vec::with_capacity(content + 24 + pad);
    plaintext.extend_from_slice(MAGIC);
    plaintext.extend_from_slice(&length.to_be_bytes());
    plaintext.extend_from_slice(&text);
    for (_, bytes) in files {
        plaintext.extend_from_slice(bytes);
    }
    plaintext.resize(plaintext.len() + pad, 0);
    Ok(plaintext)
}

/// Takes `count` bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], SealError> {
    let count = usize::try_from(count).map_err(|_| Flaw::Truncated)?;
    let (front, rest) = bytes.split_at_checked(count).ok_or(Flaw::Truncated)?;
    *bytes = rest;
    Ok(front)
}

/// What is done with the files of a plaintext that is read as it comes.
pub type EachFile<'f, E> = dyn FnMut(&FileEntry, &[u8]) -> Result<(), E> + 'f;

/// A plaintext as it comes by, counted.
struct Coming<'r> {
    source: &'r mut dyn Read,
    passed: u64,
}

impl Coming<'_> {
    /// Up to `buffer`'s length of bytes; none at the end.
    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, SealError> {
        loop {
            match self.source.read(buffer) {
                Ok(count) => {
                    self.passed += size(count)?;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Flaw::Decryption.because(error)),
            }
        }
    }

    /// The next `count` bytes, piece by piece.
    fn pass<E: From<SealError>>(
        &mut self,
        mut count: u64,
        each: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut buffer = vec![0; usize::try_from(count).map_or(PIECE, |count| count.min(PIECE))];
        while count > 0 {
            let wanted = usize::try_from(count).map_or(buffer.len(), |count| count.min(buffer.len()));
            let (front, _) = buffer.split_at_mut(wanted);
            let read = self.some(front)?;
            let piece = front.get(..read).filter(|piece| !piece.is_empty()).ok_or(Flaw::Truncated.into())?;
            each(piece)?;
            count -= size(read)?;
        }
        Ok(())
    }

    /// The next `count` bytes at once; for few.
    fn take(&mut self, count: usize) -> Result<Vec<u8>, SealError> {
        let mut bytes = Vec::with_capacity(count);
        self.pass(size(count)?, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok::<_, SealError>(())
        })?;
        Ok(bytes)
    }
}

/// Reads a plaintext as it comes and checks every byte of it, in memory that does not grow with it. `each` gets every
/// file in manifest order, first an empty piece and then its bytes; they count only once the whole has been read.
///
/// # Errors
/// One flaw for each thing that can be wrong: [`Flaw::Magic`], [`Flaw::Truncated`], [`Flaw::TooLarge`],
/// [`Flaw::Malformed`], [`Flaw::NotCanonical`], [`Flaw::FileName`], [`Flaw::FileCount`], [`Flaw::FileHash`],
/// [`Flaw::TrailingBytes`], [`Flaw::Padding`], [`Flaw::PaddedLength`], [`Flaw::Decryption`] where the source fails; and
/// what `each` fails with.
pub fn read<E: From<SealError>>(plaintext: &mut dyn Read, each: &mut EachFile<'_, E>) -> Result<Manifest, E> {
    let mut coming = Coming { source: plaintext, passed: 0 };
    let manifest = read_head(&mut coming)?;
    for entry in &manifest.files {
        each(entry, &[])?;
        let mut hash = Sha256::new();
        coming.pass(entry.size, &mut |piece| {
            hash.update(piece);
            each(entry, piece)
        })?;
        ensure(<[u8; 32]>::from(hash.finalize()) == entry.sha256.0, Flaw::FileHash)?;
    }
    let mut zeros = true;
    coming.pass(manifest.pad, &mut |piece| {
        zeros &= piece.iter().all(|byte| *byte == 0);
        Ok::<_, SealError>(())
    })?;
    let total = coming.passed;
    ensure(coming.some(&mut [0])? == 0, Flaw::TrailingBytes)?;
    ensure(zeros, Flaw::Padding)?;
    ensure(padme(total) == total, Flaw::PaddedLength)?;
    Ok(manifest)
}

fn read_head(coming: &mut Coming<'_>) -> Result<Manifest, SealError> {
    ensure(coming.take(MAGIC.len()).is_ok_and(|magic| magic == MAGIC), Flaw::Magic)?;
    let length = coming.take(4)?.try_into().map(u32::from_be_bytes).map_err(|_| Flaw::Truncated)?;
    let length = usize::try_from(length).map_err(|_| Flaw::TooLarge)?;
    ensure(length <= MANIFEST_LIMIT, Flaw::TooLarge)?;
    let text = coming.take(length)?;
    let manifest: Manifest = read_json(&text, MANIFEST_LIMIT)?;
    ensure(canonical(&manifest)? == text, Flaw::NotCanonical)?;
    check_files(&manifest.files)?;
    Ok(manifest)
}

/// Reads a plaintext that lies in memory; the slices are the files in manifest order.
///
/// # Errors
/// As [`read`].
pub fn parse(plaintext: &[u8]) -> Result<(Manifest, Vec<&[u8]>), SealError> {
    let mut source = plaintext;
    let manifest = read(&mut source, &mut |_, _| Ok::<_, SealError>(()))?;
    let mut rest = plaintext;
    take(&mut rest, size(MAGIC.len() + 4 + canonical(&manifest)?.len())?)?;
    let files = manifest.files.iter().map(|entry| take(&mut rest, entry.size)).collect::<Result<_, _>>()?;
    Ok((manifest, files))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn manifest(form: serde_json::Value) -> Manifest {
        Manifest {
            v: V1,
            tender: "T-1".parse().unwrap(),
            lot: "1".parse().unwrap(),
            part: "whole".parse().unwrap(),
            bidder: "ORG-77".parse().unwrap(),
            revision: 1,
            policy_digest: Digest([1; 32]),
            bid_key: "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj".into(),
            nonce: Nonce([2; 32]),
            form: form.as_object().unwrap().clone(),
            files: Vec::new(),
            pad: 0,
        }
    }

    fn sample() -> Vec<u8> {
        let mut manifest = manifest(json!({"price":{"amount":"12345678.90","currency":"CNY"},"days":180}));
        build(&mut manifest, &[("投标函.pdf".into(), b"hello".to_vec()), ("b.txt".into(), vec![])]).unwrap()
    }

    /// The manifest inside, changed as text, with the length in front made to fit.
    fn with_manifest(change: impl Fn(String) -> String) -> Vec<u8> {
        let whole = sample();
        let length = u32::from_be_bytes(whole[8..12].try_into().unwrap());
        let length = usize::try_from(length).unwrap();
        let text = change(String::from_utf8(whole[12..12 + length].to_vec()).unwrap());
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&whole[..8], &length[..], text.as_bytes(), b"hello", &vec![0; whole.len() - 12 - text.len() - 5]]
            .concat()
    }

    #[test]
    fn padme_equals_its_published_vectors() {
        for (length, padded) in [
            (0, 0),
            (1, 1),
            (2, 2),
            (7, 7),
            (8, 8),
            (9, 10),
            (100, 104),
            (1000, 1024),
            (1_000_000, 1_015_808),
        ] {
            assert_eq!(padme(length), padded, "{length}");
        }
    }

    #[test]
    fn the_manifest_comes_back_with_its_files_and_price() {
        let whole = sample();
        let (manifest, files) = parse(&whole).unwrap();
        assert_eq!(files, [b"hello".as_slice(), b"".as_slice()]);
        assert_eq!(manifest.price().unwrap().unwrap().to_string(), "12345678.90");
        let total = size(whole.len()).unwrap();
        assert_eq!(padme(total), total);
    }

    #[test]
    fn each_flaw_has_its_name() {
        let flaw = |bytes: &[u8]| parse(bytes).unwrap_err().flaw;
        let whole = sample();
        assert_eq!(flaw(&whole[1..]), Flaw::Magic);
        assert_eq!(flaw(&whole[..10]), Flaw::Truncated);
        assert_eq!(flaw(&whole[..whole.len() - 1]), Flaw::Truncated);
        assert_eq!(flaw(&[&whole[..], &[0]].concat()), Flaw::TrailingBytes);
        let mut dirty = whole.clone();
        *dirty.last_mut().unwrap() = 1;
        assert_eq!(flaw(&dirty), Flaw::Padding);
        assert_eq!(flaw(&[&whole[..8], &u32::MAX.to_be_bytes(), &whole[12..]].concat()), Flaw::TooLarge);
        assert_eq!(flaw(&with_manifest(|text| text.replacen(",\"", ", \"", 1))), Flaw::NotCanonical);
        assert_eq!(
            flaw(&with_manifest(|text| text.replacen("\"v\":1", "\"v\":1,\"w\":1", 1))),
            Flaw::Malformed
        );
        assert_eq!(flaw(&with_manifest(|text| text.replacen("b.txt", "../b", 1))), Flaw::FileName);
        let mut altered = whole.clone();
        let body = whole.windows(5).position(|five| five == b"hello").unwrap();
        altered[body] = b'j';
        assert_eq!(flaw(&altered), Flaw::FileHash);
    }

    #[test]
    fn a_length_that_is_not_padme_is_refused() {
        let mut manifest = manifest(json!({}));
        build(&mut manifest, &[]).unwrap();
        manifest.pad += 1;
        let text = canonical(&manifest).unwrap();
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        let pad = vec![0; usize::try_from(manifest.pad).unwrap()];
        let whole = [MAGIC.as_slice(), &length, &text, &pad].concat();
        assert_eq!(parse(&whole).unwrap_err().flaw, Flaw::PaddedLength);
    }

    #[test]
    fn names_with_folders_controls_and_turned_text_are_refused() {
        for bad in ["", ".", "..", "a/b", "a\\b", "a\0", "a\n", " a", "a\u{202E}fdp.exe", &"长".repeat(86)] {
            assert!(!is_file_name(bad), "{bad:?}");
        }
        assert!(is_file_name("投标函（正本）.pdf"));
    }

    proptest! {
        #[test]
        fn any_size_is_laid_out_and_read_back(bytes in 0_usize..6000, note in "[a-z]{0,300}") {
            let mut manifest = manifest(json!({"note": note}));
            let whole = build(&mut manifest, &[("f".into(), vec![7; bytes])]).unwrap();
            let (read, files) = parse(&whole).unwrap();
            prop_assert_eq!(&read, &manifest);
            prop_assert_eq!(files[0].len(), bytes);
            prop_assert!(read.pad <= 40 + size(whole.len()).unwrap() / 8);
        }

        #[test]
        fn the_pad_always_states_its_own_length(content in 13_u64..1_u64 << 41) {
            let pad = pad_for(content);
            let total = content - 1 + size(pad.to_string().len()).unwrap() + pad;
            prop_assert_eq!(padme(total), total);
        }
    }
}
