//! Bigrams for Chinese search. Pure.
//!
//! Chinese has no spaces and PostgreSQL's trigrams miss two-character words, so texts are kept as the set of
//! their character pairs; a word is found where all its pairs are, and rechecked in the text itself.

use std::collections::BTreeSet;

/// Distinct pairs of neighbouring letters or ideographs, lower-cased; a lone character stands for itself.
pub fn grams(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for run in text.to_lowercase().split(|letter: char| !letter.is_alphanumeric()) {
        let letters: Vec<char> = run.chars().collect();
        if let [only] = letters.as_slice() {
            found.insert(only.to_string());
        }
        for pair in letters.windows(2) {
            found.insert(pair.iter().collect());
        }
    }
    found.into_iter().collect()
}

/// The words of a query: runs of letters or ideographs.
pub fn words(query: &str) -> Vec<String> {
    query
        .to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_its_pairs() {
        let text = grams("太仆寺旗滨河公园 Park-2026");
        for word in words("滨河 公园 park 2026") {
            assert!(grams(&word).iter().all(|pair| text.contains(pair)), "{word}");
        }
        assert!(!grams("河滨").iter().all(|pair| text.contains(pair)));
    }
}
