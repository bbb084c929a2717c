//! S1: a bid opens to those who hold a clause, and to nobody else. S2, S3: what is changed or swapped opens nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::seal::{
    BidderKey, CheckedPolicy, Content, Nonce, SealedBid, Target, open, policy::Member, seal_for_clauses,
};

/// Keys by holder: of every officer one, and the bidder's own.
type Keys = BTreeMap<String, Vec<Identity>>;

fn word(text: &str) -> Word {
    text.parse().unwrap()
}

fn keys(holders: &[&str], each: usize) -> Keys {
    let made = |holder: &&str| {
        let number = if *holder == BIDDER { 1 } else { each };
        ((*holder).to_owned(), (0..number).map(|_| Identity::generate()).collect())
    };
    holders.iter().map(made).collect()
}

fn policy(tender: &str, keys: &Keys, clauses: &[Vec<Word>]) -> CheckedPolicy {
    let mut policy = crate::seal::Policy::bidder_only(tender.parse().unwrap(), "1".parse().unwrap(), 1)
        .unwrap()
        .policy()
        .clone();
    policy.clauses = clauses.to_vec();
    policy.members = keys
        .iter()
        .filter(|(holder, _)| *holder != BIDDER)
        .map(|(holder, keys)| {
            let recipients = keys.iter().map(|key| key.to_public().to_string()).collect();
            (word(holder), Member { recipients })
        })
        .collect();
    CheckedPolicy::new(policy).unwrap()
}

fn seal(policy: &CheckedPolicy, own: &Identity, price: &str) -> SealedBid {
    let target = Target {
        part: word("whole"),
        bidder: "ORG-77".parse().unwrap(),
        revision: 1,
        prev: None,
        nonce: Nonce(rand::random()),
    };
    let mut content = Content::default();
    content.form.insert("price".into(), json!({"amount": price, "currency": "CNY"}));
    seal_for_clauses(policy, &BidderKey::from_seed(&[1; 32]), Some(&own.to_public()), target, content)
        .unwrap()
}

/// What holders with these keys release, by clause and member.
fn release(bid: &SealedBid, policy: &CheckedPolicy, present: &Keys) -> BTreeMap<(usize, Word), SecretString> {
    let mut released = BTreeMap::new();
    for share in &bid.envelope.shares {
        let at = usize::try_from(share.clause).unwrap();
        for key in present.get(share.member.as_str()).into_iter().flatten() {
            let opened = open_share(share, &policy.policy().clauses[at], key).unwrap();
            released.insert((at, share.member.clone()), opened);
        }
    }
    // A clause of the bidder alone has no share: the bidder keeps the secret itself.
    for (at, clause) in policy.policy().clauses.iter().enumerate() {
        if !has_shares(clause) && present.contains_key(BIDDER) {
            released.insert((at, word(BIDDER)), bid.secret.clone());
        }
    }
    released
}

/// The first clause that opens the bid, and that it truly does.
fn first_opening(
    bid: &SealedBid,
    policy: &CheckedPolicy,
    released: &BTreeMap<(usize, Word), SecretString>,
) -> Option<usize> {
    let found = policy.policy().clauses.iter().enumerate().find_map(|(at, clause)| {
        let secret = rebuild(clause, |member| released.get(&(at, member.clone())), &bid.envelope.bid_key);
        secret.ok().map(|secret| (at, secret))
    });
    let (at, secret) = found?;
    assert_eq!(secret.expose_secret(), bid.secret.expose_secret());
    open(&bid.envelope, &bid.ciphertext, &secret).unwrap();
    Some(at)
}

/// Every subset of the keys opens exactly what the clauses say, clause after clause.
fn every_subset(keys: &Keys, clauses: &[Vec<Word>]) {
    let policy = policy("T-1", keys, clauses);
    let own = Identity::generate();
    let own = keys.get(BIDDER).map_or(&own, |keys| &keys[0]);
    let bid = seal(&policy, own, "1.00");
    let single: Vec<(&String, &Identity)> =
        keys.iter().flat_map(|(holder, keys)| keys.iter().map(move |key| (holder, key))).collect();
    for subset in 0..1_u32 << single.len() {
        let mut present = Keys::new();
        for (at, (holder, key)) in single.iter().enumerate() {
            if subset & (1 << at) != 0 {
                present.entry((*holder).clone()).or_default().push((*key).clone());
            }
        }
        let there: BTreeSet<&str> = present.keys().map(String::as_str).collect();
        let wanted =
            clauses.iter().position(|clause| clause.iter().all(|member| there.contains(member.as_str())));
        let released = release(&bid, &policy, &present);
        assert_eq!(first_opening(&bid, &policy, &released), wanted, "{there:?} of {clauses:?}");
    }
}

/// The clauses of a shared tender; two officers of each body.
fn shared() -> (Keys, Vec<Vec<Word>>) {
    let keys = keys(&["bidder", "agency", "centre", "supervisor"], 2);
    let clause = |names: &[&str]| names.iter().map(|name| word(name)).collect();
    let clauses = vec![
        clause(&["bidder", "agency"]),
        clause(&["bidder", "centre"]),
        clause(&["agency", "centre", "supervisor"]),
    ];
    (keys, clauses)
}

#[test]
fn with_any_key_lost_a_shared_bid_opens_to_exactly_its_clauses() {
    let (keys, clauses) = shared();
    every_subset(&keys, &clauses);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_list_of_clauses_opens_to_exactly_its_clauses(
        clauses in prop::collection::vec(
            prop::sample::subsequence(vec!["bidder", "agency", "centre", "supervisor", "notary"], 1..=4)
                .prop_shuffle(),
            1..=4,
        )
    ) {
        let clauses: Vec<Vec<Word>> =
            clauses.iter().map(|clause| clause.iter().map(|name| word(name)).collect()).collect();
        every_subset(&keys(&["bidder", "agency", "centre", "supervisor", "notary"], 1), &clauses);
    }
}

#[test]
fn shares_are_uniform_to_whoever_lacks_one() {
    // Every share of a clause is random by itself: no byte of the secret shows in it.
    let secret = Identity::generate().to_string();
    let shares = split(&secret, 3).unwrap();
    for share in &shares {
        let equal =
            share.expose_secret().iter().zip(secret.expose_secret().as_bytes()).filter(|(a, b)| a == b);
        assert!(equal.count() < 10);
    }
    assert_ne!(shares[0].expose_secret(), split(&secret, 3).unwrap()[0].expose_secret());
}

#[test]
fn a_flipped_byte_of_a_share_opens_nothing() {
    let (keys, clauses) = shared();
    let policy = policy("T-1", &keys, &clauses);
    let bid = seal(&policy, &keys[BIDDER][0], "1.00");
    let share = bid.envelope.shares.iter().find(|share| share.member.as_str() == "agency").unwrap();
    let file = read_base64(&share.age).unwrap();
    for at in 0..file.len() {
        let mut bytes = file.clone();
        bytes[at] ^= 1;
        let bad = Share { age: base64_text(&bytes), ..share.clone() };
        assert!(open_share(&bad, &clauses[0], &keys["agency"][0]).is_err(), "byte {at} of the age file");
    }
    let released = release(&bid, &policy, &keys);
    let agency = released[&(0, word("agency"))].expose_secret().to_owned();
    for at in 0..agency.len() {
        let mut text = agency.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let mut changed = released.clone();
        changed.insert((0, word("agency")), String::from_utf8(text).unwrap().into());
        assert_eq!(first_opening(&bid, &policy, &changed), Some(1), "character {at} of the released share");
        let shut = rebuild(&clauses[0], |member| changed.get(&(0, member.clone())), &bid.envelope.bid_key);
        assert_eq!(shut.unwrap_err(), Shut::Unfit);
    }
}

#[test]
fn shares_of_another_bid_clause_or_holder_open_nothing() {
    let (keys, clauses) = shared();
    let policy_one = policy("T-1", &keys, &clauses);
    let own = &keys[BIDDER][0];
    let (bid, other) = (seal(&policy_one, own, "1.00"), seal(&policy_one, own, "2.00"));
    let elsewhere = seal(&policy("T-2", &keys, &clauses), own, "1.00");
    let (mine, theirs) = (release(&bid, &policy_one, &keys), release(&other, &policy_one, &keys));
    let foreign = release(&elsewhere, &policy_one, &keys);
    for (key, share) in &mine {
        for wrong in [&theirs[key], &foreign[key]] {
            let mut changed = mine.clone();
            changed.insert(key.clone(), wrong.clone());
            let shut = rebuild(
                &clauses[key.0],
                |member| changed.get(&(key.0, member.clone())),
                &bid.envelope.bid_key,
            );
            assert_eq!(shut.unwrap_err(), Shut::Unfit, "{key:?}");
        }
        // A member's share of one clause does not serve in another.
        let in_place_of = mine.keys().filter(|other| other.1 == key.1 && other.0 != key.0);
        for place in in_place_of {
            let mut changed = mine.clone();
            changed.insert(place.clone(), share.clone());
            let at = place.0;
            let shut =
                rebuild(&clauses[at], |member| changed.get(&(at, member.clone())), &bid.envelope.bid_key);
            assert_eq!(shut.unwrap_err(), Shut::Unfit, "{key:?} as {place:?}");
        }
    }
    // All shares of the other bid give its secret, which is not this bid's.
    let shut = rebuild(&clauses[0], |member| theirs.get(&(0, member.clone())), &bid.envelope.bid_key);
    assert_eq!(shut.unwrap_err(), Shut::Unfit);
    // And the secret of another tender's bid opens no envelope here.
    assert!(open(&bid.envelope, &elsewhere.ciphertext, &elsewhere.secret).is_err());
    // An officer's key opens no other member's share.
    let agencys = bid.envelope.shares.iter().find(|share| share.member.as_str() == "agency").unwrap();
    let said = open_share(agencys, &clauses[0], &keys["centre"][0]).unwrap_err();
    assert_eq!(said.flaw, Flaw::Decryption);
}

#[test]
fn what_is_released_has_one_form() {
    let (keys, clauses) = shared();
    let policy = policy("T-1", &keys, &clauses);
    let bid = seal(&policy, &keys[BIDDER][0], "1.00");
    let released = release(&bid, &policy, &keys);
    let check = |clause: &[Word], text: &str| {
        check_released(clause, &text.to_owned().into(), &bid.envelope.bid_key).map_err(|error| error.flaw)
    };
    let share = released[&(0, word(BIDDER))].expose_secret();
    assert_eq!(share.len(), 100);
    assert_eq!(check(&clauses[0], share), Ok(()));
    let secret = bid.secret.expose_secret();
    for wrong in ["", "AAAA", secret, share.trim_end_matches('='), &format!("{share} ")] {
        assert_eq!(check(&clauses[0], wrong), Err(Flaw::ReleasedShare), "{wrong}");
    }
    let alone = [word("agency")];
    assert_eq!(check(&alone, secret), Ok(()));
    assert_eq!(check(&alone, share), Err(Flaw::Secret));
    assert_eq!(check(&alone, Identity::generate().to_string().expose_secret()), Err(Flaw::KeyMismatch));
}

#[test]
fn a_bidder_needs_a_key_for_its_own_shares() {
    let (keys, clauses) = shared();
    let secret = Identity::generate().to_string();
    let rules = policy("T-1", &keys, &clauses);
    let said = share_out(rules.policy(), &secret, None).unwrap_err();
    assert_eq!(said.flaw, Flaw::OwnRecipient);
    let officers = policy("T-1", &keys, &[vec![word("agency"), word("centre")], vec![word(BIDDER)]]);
    let made = share_out(officers.policy(), &secret, None).unwrap();
    assert_eq!(made.len(), 2);
}
