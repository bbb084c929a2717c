//! S13: the age that seals and opens bids keeps to the format's published test vectors, with the age crate's own key and with
//! that by which the opening reads, and so do the strangers' tools.
//!
//! `tests/data/age-testkit.jsonl` holds those of C2SP's CCTV for X25519 without armour (npm `cctv-age` 0.2.0, CC0): what a
//! bid can be. Where the kit has compressed a file, so it is here.

use std::io::Read as _;

use age::x25519::Identity;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::ZlibDecoder;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tenderhall::seal::one_time::OneTimeKey;

/// What the age crate still reads as files of 2019 may have it: a stanza whose body does not end in a short line. The
/// header's MAC covers it, so nobody can make one of what was sealed.
const LEGACY: [&str; 2] = ["stanza_missing_body", "stanza_missing_final_line"];

#[derive(Deserialize)]
struct Vector {
    name: String,
    expect: String,
    payload: Option<String>,
    identity: String,
    compressed: bool,
    file: String,
}

impl Vector {
    fn file(&self) -> Vec<u8> {
        let bytes = STANDARD.decode(&self.file).unwrap();
        if !self.compressed {
            return bytes;
        }
        let mut file = Vec::new();
        ZlibDecoder::new(bytes.as_slice()).read_to_end(&mut file).unwrap();
        file
    }
}

/// What was read, or why not in words: errors of age do not compare.
fn told(answer: &Result<Vec<u8>, age::DecryptError>) -> Result<&[u8], String> {
    answer.as_ref().map(Vec::as_slice).map_err(ToString::to_string)
}

fn vectors() -> Vec<Vector> {
    let lines = include_str!("../data/age-testkit.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_vector_opens_or_is_refused_as_it_says() {
    let vectors = vectors();
    let good = vectors.iter().filter(|vector| vector.expect == "success").count();
    assert!(good >= 10 && vectors.len() - good >= 45, "{good} of {}", vectors.len());
    let mut otherwise = Vec::new();
    for vector in vectors {
        let identity: Identity = vector.identity.parse().unwrap();
        let opened = age::decrypt(&identity, &vector.file());
        let secret = vector.identity.clone().into();
        let by_the_opening = age::decrypt(&OneTimeKey::read(&secret).unwrap(), &vector.file());
        assert_eq!(told(&by_the_opening), told(&opened), "{}", vector.name);
        if opened.is_ok() != (vector.expect == "success") {
            otherwise.push(vector.name);
        } else if let Ok(plain) = opened {
            assert_eq!(Some(hex::encode(Sha256::digest(plain))), vector.payload, "{}", vector.name);
        }
    }
    assert_eq!(otherwise, LEGACY);
}
