//! The tree of RFC 6962 over stored hashes: pure, without database, clock or chance.
//!
//! A tree of any size is made of complete subtrees. Their hashes are kept once and never change; each has a
//! [`Node`] and a fixed place in the store, which is the numbering of Go's `sumdb/tlog`: the hash of a subtree
//! follows right after the leaf that completes it. Roots, proofs and tiles are folded from them.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// Hash of a leaf with this content.
pub fn leaf_hash(content: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(content).finalize().into()
}

/// Hash of the node above two others.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Root of the tree without leaves.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A complete subtree: number `n`, from the left, of those with 2^`level` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height; 0 for a leaf.
    pub level: u32,
    /// Number within the height.
    pub n: u64,
}

impl Node {
    /// A leaf.
    pub fn leaf(index: u64) -> Self {
        Self { level: 0, n: index }
    }

    /// Its place in the store.
    pub fn place(self) -> u64 {
        // The last leaf below it completes it; one hash a level follows that leaf.
        let last = ((self.n + 1) << self.level) - 1;
        stored_count(last) + u64::from(self.level)
    }
}

/// How many hashes a tree of `size` leaves keeps.
pub fn stored_count(size: u64) -> u64 {
    let mut count = 0;
    let mut rest = size;
    while rest > 0 {
        count += rest;
        rest >>= 1;
    }
    count
}

/// The complete subtrees that make up the leaves `range`, from the left. `range` begins where a subtree of its
/// length begins, as every range here does.
pub fn cover(range: Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut from = range.start;
    while from < range.end {
        let level = (range.end - from).ilog2();
        nodes.push(Node { level, n: from >> level });
        from += 1 << level;
    }
    nodes
}

/// Root over the hashes of [`cover`].
pub fn fold(hashes: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    hashes.rev().reduce(|right, left| node_hash(&left, &right))
}

/// Most leaves of a left subtree below `size` leaves (RFC 6962 §2.1), for at least two.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The ranges whose roots prove leaf `index` in the tree of `size`, from the leaf's sibling upwards.
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let mut path = Vec::new();
    let mut range = 0..size;
    while range.end - range.start > 1 {
        let middle = range.start + split(range.end - range.start);
        if index < middle {
            path.push(middle..range.end);
            range.end = middle;
        } else {
            path.push(range.start..middle);
            range.start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// The ranges whose roots prove that the tree of `old` leaves is the beginning of that of `new`.
pub fn consistency(old: u64, new: u64) -> Option<Vec<Range<u64>>> {
    if old > new {
        return None;
    }
    if old == 0 || old == new {
        return Some(Vec::new());
    }
    let mut path = Vec::new();
    let mut range = 0..new;
    while range.end != old {
        let middle = range.start + split(range.end - range.start);
        if old <= middle {
            path.push(middle..range.end);
            range.end = middle;
        } else {
            path.push(range.start..middle);
            range.start = middle;
        }
    }
    if range.start > 0 {
        path.push(range);
    }
    path.reverse();
    Some(path)
}

/// Whether `proof` leads from `leaf` to `root` (RFC 9162 §2.1.3.2).
pub fn check_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// A tree as a checkpoint states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
}

/// Whether `proof` shows that `old` is the beginning of `new` (RFC 9162 §2.1.4.2).
pub fn check_consistency(old: Head, new: Head, proof: &[Hash]) -> bool {
    if old.size == 0 {
        return proof.is_empty() && old.root == empty_root();
    }
    if old.size >= new.size {
        return old == new && proof.is_empty();
    }
    let first = old.size.is_power_of_two().then_some(&old.root);
    let mut steps = first.into_iter().chain(proof);
    let Some(start) = steps.next() else { return false };
    let (mut at, mut last) = (old.size - 1, new.size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut before, mut after) = (*start, *start);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node_hash(step, &before);
            after = node_hash(step, &after);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            after = node_hash(&after, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && before == old.root && after == new.root
}

/// The right edge of a tree: all that is needed to go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edge {
    size: u64,
    peaks: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree of `size` leaves from the hashes of `cover(0..size)`; none if they are too few or many.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let wanted = usize::try_from(size.count_ones()).ok()?;
        (peaks.len() == wanted).then_some(Self { size, peaks })
    }

    /// Leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root.
    pub fn root(&self) -> Hash {
        fold(self.peaks.iter().copied()).unwrap_or_else(empty_root)
    }

    /// Adds a leaf; answers the hashes to keep, which follow one another in the store from
    /// [`stored_count`] of the size before.
    pub fn push(&mut self, leaf: Hash) -> Vec<Hash> {
        let mut kept = vec![leaf];
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
                kept.push(hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves and roots of the reference trees of certificate transparency.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// A tree with its store, and every root on the way.
    struct Grown {
        store: Vec<Hash>,
        roots: Vec<Hash>,
    }

    fn grow(leaves: impl Iterator<Item = Hash>) -> Grown {
        let mut edge = Edge::default();
        let mut grown = Grown { store: Vec::new(), roots: vec![edge.root()] };
        for leaf in leaves {
            assert_eq!(stored_count(edge.size()), u64::try_from(grown.store.len()).unwrap());
            grown.store.extend(edge.push(leaf));
            grown.roots.push(edge.root());
        }
        grown
    }

    impl Grown {
        fn at(&self, node: Node) -> Hash {
            self.store[usize::try_from(node.place()).unwrap()]
        }

        fn range(&self, range: Range<u64>) -> Hash {
            fold(cover(range).into_iter().map(|node| self.at(node))).unwrap()
        }

        fn head(&self, size: u64) -> Head {
            Head { size, root: self.roots[usize::try_from(size).unwrap()] }
        }

        fn proof(&self, ranges: Vec<Range<u64>>) -> Vec<Hash> {
            ranges.into_iter().map(|range| self.range(range)).collect()
        }
    }

    fn numbered(count: u32) -> Grown {
        grow((0..count).map(|number| leaf_hash(&number.to_be_bytes())))
    }

    #[test]
    fn the_reference_trees_come_out() {
        let grown = grow(LEAVES.iter().map(|leaf| leaf_hash(&hex::decode(leaf).unwrap())));
        assert_eq!(
            hex::encode(grown.roots[0]),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let roots: Vec<_> = grown.roots[1..].iter().map(hex::encode).collect();
        assert_eq!(roots, ROOTS);
        // The published paths of RFC 6962's own kind: leaf 0 and leaf 5 of 8.
        let path: Vec<_> = grown.proof(inclusion(5, 8).unwrap()).iter().map(hex::encode).collect();
        assert_eq!(
            path,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
        let path: Vec<_> = grown.proof(consistency(6, 8).unwrap()).iter().map(hex::encode).collect();
        assert_eq!(
            path,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
    }

    #[test]
    fn every_proof_holds_and_no_other_does() {
        let grown = numbered(70);
        for size in 1..=70_u64 {
            for index in 0..size {
                let proof = grown.proof(inclusion(index, size).unwrap());
                let (leaf, head) = (grown.at(Node::leaf(index)), grown.head(size));
                assert!(check_inclusion(leaf, index, size, &proof, head.root), "{index} of {size}");
                assert!(!check_inclusion(leaf, index + 1, size, &proof, head.root), "{index} of {size}");
                assert!(!check_inclusion([7; 32], index, size, &proof, head.root));
                let mut long = proof.clone();
                long.push([1; 32]);
                assert!(!check_inclusion(leaf, index, size, &long, head.root));
                assert!(proof.is_empty() || !check_inclusion(leaf, index, size, &proof[1..], head.root));
            }
            for old in 0..=size {
                let proof = grown.proof(consistency(old, size).unwrap());
                let (old, new) = (grown.head(old), grown.head(size));
                assert!(check_consistency(old, new, &proof), "{old:?} {new:?}");
                let other = Head { root: [9; 32], ..old };
                assert!(!check_consistency(other, new, &proof), "{old:?} {new:?}");
                assert!(old.size == 0 || !check_consistency(old, Head { root: [9; 32], ..new }, &proof));
                let mut long = proof.clone();
                long.push([1; 32]);
                assert!(!check_consistency(old, new, &long));
            }
            assert_eq!(consistency(size + 1, size), None);
            assert_eq!(inclusion(size, size), None);
        }
    }

    #[test]
    fn an_edge_goes_on_where_it_stood() {
        let whole = numbered(70);
        for size in [0_u64, 1, 2, 3, 7, 8, 31, 64, 69] {
            let peaks = cover(0..size).into_iter().map(|node| whole.at(node)).collect();
            let mut edge = Edge::new(size, peaks).unwrap();
            assert_eq!(edge.root(), whole.head(size).root);
            edge.push(whole.at(Node::leaf(size)));
            assert_eq!(edge.root(), whole.head(size + 1).root, "{size}");
        }
        assert_eq!(Edge::new(3, vec![[0; 32]]), None);
    }
}
