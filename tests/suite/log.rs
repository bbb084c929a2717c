//! The verifiable log against real PostgreSQL: its sequencer, what it promises and what it withstands.

use std::{path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use strum::IntoEnumIterator as _;
use tenderhall::{
    kernel::{
        Actor, Problem,
        id::{RequestId, TenderId},
        note::{NoteSigner, WitnessSigner},
    },
    ledger::{
        self, Entry,
        audit::{Keys, audit},
        checkpoint::Checkpoint,
        log::origin,
        merkle::{Edge, Hash, Head, Node, check_consistency, check_inclusion, consistency, inclusion},
        published::Published,
        sequencer::{Due, STEP, Sequencer, Step, Turn},
        tree::{self, Book},
        witness::Witness,
    },
    platform::db::Db,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDb, db::connect, scratch::Scratch};

/// A database with a log, and whoever looks at it.
struct Bed {
    pool: Db,
    sql: Client,
    book: Book,
    folder: Scratch,
    signer: Arc<NoteSigner>,
    db: TestDb,
}

impl Bed {
    async fn make() -> Self {
        let db = TestDb::fresh().await;
        let pool = Db::connect(&db.app_url, 12).unwrap();
        let sql = connect(&db.superuser_url).await.unwrap();
        let book = Book { log: 1, origin: origin("152500", 1).unwrap(), succession: None };
        pool.transaction("test", RequestId::random(), async |tx| tree::begin(tx, &book).await).await.unwrap();
        let signer = Arc::new(NoteSigner::from_seed(book.origin.clone(), &[3; 32]));
        Self { pool, sql, book, folder: Scratch::new("log"), signer, db }
    }

    /// A sequencer with a memory of its own in `folder`.
    fn sequencer_in(&self, folder: &Path) -> Sequencer {
        let published = Arc::new(Published::open(folder).unwrap());
        Sequencer::new(self.book.clone(), Arc::clone(&self.signer), published, Duration::from_secs(3600))
    }

    fn sequencer(&self) -> Sequencer {
        self.sequencer_in(self.folder.path())
    }

    /// Writes entries, as one transaction.
    async fn record(&self, count: usize) {
        let entries = (0..count).map(|_| (Actor::Public, Entry::new("test.done"))).collect();
        self.pool
            .transaction("test", RequestId::random(), async |tx| {
                ledger::record_batch(tx, now(), entries).await
            })
            .await
            .unwrap();
    }

    async fn count(&self, what: &str) -> i64 {
        self.sql.query_one(&format!("SELECT count(*) FROM {what}"), &[]).await.unwrap().get(0)
    }

    /// Every leaf in order, as stored.
    async fn leaves(&self) -> Vec<Hash> {
        let rows = self.sql.query("SELECT leaf FROM log_leaf WHERE log = 1 ORDER BY idx", &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, Vec<u8>>(0).try_into().unwrap()).collect()
    }

    /// Every checkpoint in order, its signature checked.
    async fn checkpoints(&self) -> Vec<Head> {
        let rows = self.sql.query("SELECT note FROM log_checkpoint ORDER BY size", &[]).await.unwrap();
        let read =
            |row: &tokio_postgres::Row| Checkpoint::verify(row.get(0), self.signer.key()).unwrap().head;
        rows.iter().map(read).collect()
    }

    /// Holds all that is stored against a tree made anew of the leaves: nothing missing, twice or out of place.
    async fn holds(&self) {
        let leaves = self.leaves().await;
        let gaps = "(SELECT idx, row_number() OVER (ORDER BY idx) - 1 AS n FROM log_leaf) l WHERE idx <> n";
        assert_eq!(self.count(gaps).await, 0, "indexes are contiguous");
        let strangers = "log_leaf l LEFT JOIN log_pending p ON p.id = l.pending_id
                         WHERE l.pending_id IS NOT NULL AND p.leaf IS DISTINCT FROM l.leaf";
        assert_eq!(self.count(strangers).await, 0, "every leaf is its entry's");
        let (mut edge, mut hashes) = (Edge::default(), Vec::new());
        let mut heads = vec![Head { size: 0, root: edge.root() }];
        for leaf in &leaves {
            hashes.extend(edge.push(*leaf));
            heads.push(Head { size: edge.size(), root: edge.root() });
        }
        let rows = self.sql.query("SELECT hash FROM log_hash ORDER BY idx", &[]).await.unwrap();
        let stored: Vec<Hash> = rows.iter().map(|row| row.get::<_, Vec<u8>>(0).try_into().unwrap()).collect();
        assert_eq!(stored, hashes);
        for head in self.checkpoints().await {
            assert_eq!(head, heads[usize::try_from(head.size).unwrap()]);
        }
        assert_eq!(heads.last().unwrap().size % u64::try_from(STEP).unwrap(), 0);
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_104_400, 0).unwrap()
}

fn chance() -> StdRng {
    StdRng::seed_from_u64(rand::random())
}

/// Takes turns until one has grown the tree.
async fn grow(bed: &Bed, sequencer: &mut Sequencer) -> Head {
    loop {
        if let Turn::Grown(head) = sequencer.turn(&bed.pool, Due::Now, &mut chance()).await.unwrap() {
            return head;
        }
    }
}

#[tokio::test]
async fn the_tree_grows_alike_whether_nothing_or_twenty_entries_came() {
    let (quiet, busy) = (Bed::make().await, Bed::make().await);
    let (mut one, mut other) = (quiet.sequencer(), busy.sequencer());
    grow(&quiet, &mut one).await;
    grow(&busy, &mut other).await;
    busy.record(20).await;
    let step = u64::try_from(STEP).unwrap();
    for beat in 2..=5 {
        assert_eq!(grow(&quiet, &mut one).await.size, beat * step);
        assert_eq!(grow(&busy, &mut other).await.size, beat * step);
    }
    assert_eq!(busy.count("log_leaf WHERE pending_id IS NOT NULL").await, 20);
    quiet.holds().await;
    busy.holds().await;
    // A rush shows, in whole steps, and nothing waits for more than three beats.
    busy.record(1000).await;
    let sizes = [grow(&busy, &mut other).await.size, grow(&busy, &mut other).await.size];
    assert!(sizes.iter().all(|size| size % step == 0), "{sizes:?}");
    grow(&busy, &mut other).await;
    assert_eq!(busy.count("log_leaf WHERE pending_id IS NOT NULL").await, 1020);
    busy.holds().await;
}

#[tokio::test]
async fn the_beat_says_when_a_turn_is_due() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    let turn = sequencer.turn(&bed.pool, Due::ByBeat, &mut chance()).await.unwrap();
    assert!(matches!(turn, Turn::Grown(_)), "the first is due at once: {turn:?}");
    bed.record(3).await;
    for mut other in [sequencer, bed.sequencer()] {
        let turn = other.turn(&bed.pool, Due::ByBeat, &mut chance()).await.unwrap();
        assert!(matches!(turn, Turn::Wait(_)), "{turn:?}");
    }
    assert_eq!(bed.count("log_checkpoint").await, 1);
}

#[tokio::test]
async fn an_entry_that_commits_after_a_later_one_is_not_passed_over() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    let slow = connect(&bed.db.superuser_url).await.unwrap();
    slow.batch_execute("BEGIN").await.unwrap();
    let insert =
        "INSERT INTO log_pending (at, act, skeleton, leaf) VALUES (now(), 'late', '{}', sha256('late'))";
    slow.batch_execute(insert).await.unwrap();
    for _ in 0..6 {
        bed.record(1).await;
        grow(&bed, &mut sequencer).await;
    }
    let late = "log_leaf WHERE leaf = sha256('late')";
    assert_eq!(bed.count(late).await, 0);
    slow.batch_execute("COMMIT").await.unwrap();
    grow(&bed, &mut sequencer).await;
    assert_eq!(bed.count(late).await, 1);
    // Nor one of which nobody could tell that it was still to come.
    let number: i64 = bed.sql.query_one("SELECT nextval('log_pending_id_seq')", &[]).await.unwrap().get(0);
    for _ in 0..4 {
        bed.record(1).await;
        grow(&bed, &mut sequencer).await;
    }
    let stray = "INSERT INTO log_pending (id, at, act, skeleton, leaf) VALUES ($1, now(), 'stray', '{}', sha256('stray'))";
    bed.sql.execute(stray, &[&number]).await.unwrap();
    for _ in 0..2 {
        grow(&bed, &mut sequencer).await;
    }
    assert_eq!(bed.count("log_leaf WHERE leaf = sha256('stray')").await, 1);
    bed.holds().await;
}

#[tokio::test]
async fn a_turn_broken_off_at_any_step_leaves_nothing_or_all() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    grow(&bed, &mut sequencer).await;
    for step in Step::iter() {
        bed.record(5).await;
        let before = (bed.leaves().await, bed.checkpoints().await);
        let mut broken =
            |at| if at == step { Err(Problem::internal(anyhow::anyhow!("broken off"))) } else { Ok(()) };
        let ended = sequencer.turn_watched(&bed.pool, Due::Now, &mut chance(), &mut broken).await;
        assert!(ended.is_err(), "{step:?}");
        let after = (bed.leaves().await, bed.checkpoints().await);
        if step == Step::Committed {
            assert_eq!(after.0.len(), before.0.len() + STEP, "what is committed stays");
        } else {
            assert_eq!(after, before, "{step:?} leaves nothing");
        }
        bed.holds().await;
        // Another instance, with no memory of it, goes on.
        let scratch = Scratch::new("log");
        grow(&bed, &mut bed.sequencer_in(scratch.path())).await;
        grow(&bed, &mut sequencer).await;
        bed.holds().await;
    }
    let left = "log_pending p WHERE NOT EXISTS (SELECT FROM log_leaf l WHERE l.pending_id = p.id)";
    assert_eq!(bed.count(left).await, 0);
    assert!(bed.count("log_pending").await >= 25);
}

#[tokio::test]
async fn a_turn_whose_backend_is_killed_at_any_step_leaves_nothing() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    for step in [Step::Locked, Step::Leaves, Step::Hashes, Step::Signed] {
        bed.record(3).await;
        let before = bed.leaves().await;
        let superuser = bed.db.superuser_url.clone();
        let mut kill = |at| {
            if at == step {
                let url = superuser.clone();
                std::thread::spawn(move || {
                    crate::support::db::Sql::connect(&url)
                        .run("SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database
                               WHERE locktype = 'advisory' AND datname = current_database()")
                })
                .join()
                .unwrap()
                .unwrap();
            }
            Ok(())
        };
        let killed = Db::connect(&bed.db.app_url, 1).unwrap();
        let ended = sequencer.turn_watched(&killed, Due::Now, &mut chance(), &mut kill).await;
        assert!(ended.is_err(), "{step:?}: {ended:?}");
        assert_eq!(bed.leaves().await, before, "{step:?}");
        grow(&bed, &mut sequencer).await;
        bed.holds().await;
    }
}

#[tokio::test]
async fn several_sequencers_under_writers_give_every_entry_one_index() {
    let bed = Bed::make().await;
    let folders: Vec<Scratch> = (0..3).map(|_| Scratch::new("log")).collect();
    let writers = join_all((0..4).map(async |_| {
        for round in 0..25_usize {
            bed.record(1 + round % 4).await;
        }
    }));
    let turners = join_all(folders.iter().map(async |folder| {
        let mut sequencer = bed.sequencer_in(folder.path());
        let mut grown = 0_u32;
        while grown < 12 {
            let turn = sequencer.turn(&bed.pool, Due::Now, &mut chance()).await.unwrap();
            grown += u32::from(matches!(turn, Turn::Grown(_)));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }));
    tokio::join!(writers, turners);
    let mut last = bed.sequencer();
    let left = "log_pending p WHERE NOT EXISTS (SELECT FROM log_leaf l WHERE l.pending_id = p.id)";
    while bed.count(left).await > 0 {
        grow(&bed, &mut last).await;
    }
    assert_eq!(bed.count("log_leaf WHERE pending_id IS NOT NULL").await, bed.count("log_pending").await);
    assert!(bed.count("log_checkpoint").await >= 36);
    bed.holds().await;
}

#[tokio::test]
async fn proofs_from_the_database_hold_between_any_two_checkpoints() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    for round in 0..12 {
        bed.record(round * 3).await;
        grow(&bed, &mut sequencer).await;
    }
    let heads = bed.checkpoints().await;
    let leaves = bed.leaves().await;
    let mut conn = bed.pool.read().await.unwrap();
    for (at, new) in heads.iter().enumerate() {
        for old in &heads[..=at] {
            let ranges = consistency(old.size, new.size).unwrap();
            let proof = tree::roots(&mut conn, 1, &ranges).await.unwrap();
            assert!(check_consistency(*old, *new, &proof), "{old:?} {new:?}");
        }
    }
    let last = heads.last().unwrap();
    for (leaf, index) in leaves.iter().zip(0..last.size) {
        let ranges = inclusion(index, last.size).unwrap();
        let proof = tree::roots(&mut conn, 1, &ranges).await.unwrap();
        assert!(check_inclusion(*leaf, index, last.size, &proof, last.root), "{index}");
    }
    let one = tree::hashes(&mut conn, 1, &[Node::leaf(3)]).await.unwrap();
    assert_eq!(one[&Node::leaf(3)], leaves[3]);
}

#[tokio::test]
async fn what_was_published_is_not_contradicted_by_an_older_database() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    grow(&bed, &mut sequencer).await;
    bed.record(4).await;
    grow(&bed, &mut sequencer).await;
    // A copy of the database from before the last turn.
    bed.sql
        .batch_execute(
            "SET session_replication_role = replica;
             DELETE FROM log_checkpoint WHERE size > 8; DELETE FROM log_leaf WHERE idx >= 8;
             DELETE FROM log_hash WHERE idx >= 15; SET session_replication_role = origin",
        )
        .await
        .unwrap();
    let refused = sequencer.turn(&bed.pool, Due::Now, &mut chance()).await.unwrap_err();
    let Problem::Fault(fault) = refused else { panic!("{refused:?}") };
    let said = fault.cause.to_string();
    assert!(said.contains("published up to 16 entries") && said.contains("tenderhall log succeed"), "{said}");
    // An instance that was started anew remembers by its file; one without any memory would go on, which is why a
    // witness is needed.
    assert!(bed.sequencer().turn(&bed.pool, Due::Now, &mut chance()).await.is_err());
    assert_eq!(bed.leaves().await.len(), 8, "nothing was written");
}

#[tokio::test]
async fn stored_hashes_that_were_changed_stop_the_log() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    grow(&bed, &mut sequencer).await;
    bed.sql
        .batch_execute(
            "SET session_replication_role = replica; UPDATE log_hash SET hash = sha256('x') WHERE idx = 14;
             SET session_replication_role = origin",
        )
        .await
        .unwrap();
    let refused = sequencer.turn(&bed.pool, Due::Now, &mut chance()).await.unwrap_err();
    let Problem::Fault(fault) = refused else { panic!("{refused:?}") };
    assert!(fault.cause.to_string().contains("do not lead to the root"), "{}", fault.cause);
}

#[tokio::test]
async fn a_persons_data_can_be_erased_and_the_tree_stays_whole() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    let tender = TenderId(Uuid::from_u128(7));
    let entry = Entry::new("test.told").tender(tender).facts(serde_json::json!({"phone": "13800000000"}));
    let leaf = bed
        .pool
        .transaction("test", RequestId::random(), async |tx| {
            ledger::record(tx, &Actor::Public, now(), entry).await
        })
        .await
        .unwrap();
    let head = grow(&bed, &mut sequencer).await;
    let owner = connect(&bed.db.owner_url).await.unwrap();
    let refused = async |statement: &str| {
        let error = owner.batch_execute(statement).await.expect_err(statement);
        error.as_db_error().unwrap().constraint().unwrap_or_default().to_owned()
    };
    for statement in [
        "UPDATE log_pending SET body = NULL, salt = NULL, act = 'other'",
        "UPDATE log_pending SET body = '{}'",
        "UPDATE log_pending SET leaf = sha256('x'), body = NULL, salt = NULL",
        "DELETE FROM log_pending",
    ] {
        assert_eq!(refused(statement).await, "log_is_kept", "{statement}");
    }
    assert_eq!(refused("UPDATE log_pending SET salt = NULL").await, "log_is_kept");
    owner
        .batch_execute("UPDATE log_pending SET body = NULL, salt = NULL WHERE act = 'test.told'")
        .await
        .unwrap();
    let found = bed.count("log_pending WHERE log_pending::text LIKE '%13800000000%'").await;
    assert_eq!(found, 0, "the person's data are gone");
    bed.holds().await;
    let mut conn = bed.pool.read().await.unwrap();
    let index = tree::index_of(&mut conn, 1, leaf).await.unwrap().unwrap();
    let proof = tree::roots(&mut conn, 1, &inclusion(index, head.size).unwrap()).await.unwrap();
    assert!(check_inclusion(leaf, index, head.size, &proof, head.root));
    // What was shown of it still leads to its leaf.
    let disclosed = tree::Disclosed { opened: vec![tender], ended: vec![tender] };
    let shown = tree::shown(&mut conn, &bed.book, index..index + 1, &disclosed).await.unwrap();
    assert_eq!(tree::leaf_of(shown[0].skeleton.as_ref().unwrap()).unwrap(), leaf);
}

#[tokio::test]
async fn the_services_role_cannot_rewrite_the_log() {
    let bed = Bed::make().await;
    grow(&bed, &mut bed.sequencer()).await;
    let app = connect(&bed.db.app_url).await.unwrap();
    for table in ["log_book", "log_leaf", "log_hash", "log_checkpoint", "log_cosig"] {
        for statement in [
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("UPDATE {table} SET log = 2"),
        ] {
            let error = app.batch_execute(&statement).await.expect_err(&statement);
            assert_eq!(error.as_db_error().unwrap().code().code(), "42501", "{statement}");
        }
        let owner = connect(&bed.db.superuser_url).await.unwrap();
        if table != "log_cosig" {
            for statement in [format!("DELETE FROM {table}"), format!("TRUNCATE {table} CASCADE")] {
                let error = owner.batch_execute(&statement).await.expect_err(&statement);
                assert_eq!(error.as_db_error().unwrap().constraint(), Some("log_is_kept"), "{statement}");
            }
        }
    }
}

/// What the holder of the log's key and of the database does to a history of which a checkpoint is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumIter)]
enum Attack {
    /// Cuts off the end and signs.
    Truncate,
    /// Exchanges an entry and signs.
    Rewrite,
    /// Takes an entry out and signs.
    Remove,
    /// Puts an entry in between and signs.
    Insert,
    /// Changes the order of two entries and signs.
    Reorder,
    /// Goes on from an older state by another way, and signs.
    Restore,
    /// Exchanges an entry and leaves the signed checkpoint.
    Unsigned,
    /// Exchanges an entry and signs by another key of the same name.
    Forge,
}

/// An export of a log with these leaves under this signer's checkpoint.
fn export(leaves: &[Hash], signer: &NoteSigner, head: Option<Head>) -> (String, String) {
    let mut edge = Edge::default();
    leaves.iter().for_each(|leaf| drop(edge.push(*leaf)));
    let head = head.unwrap_or(Head { size: edge.size(), root: edge.root() });
    let note = signer.sign(&Checkpoint { origin: signer.key().name().clone(), head }.text());
    let first = serde_json::json!({"format": "tenderhall-log-export/v1", "checkpoint": note});
    let lines: String =
        leaves.iter().map(|leaf| format!("{{\"leaf\":\"{}\"}}\n", hex::encode(leaf))).collect();
    (format!("{first}\n{lines}"), note)
}

/// The proof that a liar gives: right for the tree it shows.
fn prove(leaves: &[Hash], old: u64, new: u64) -> Vec<Hash> {
    let root = |range: std::ops::Range<u64>| {
        let mut edge = Edge::default();
        for at in range {
            edge.push(leaves[usize::try_from(at).unwrap()]);
        }
        edge.root()
    };
    consistency(old, new).unwrap_or_default().into_iter().map(root).collect()
}

fn attacked(attack: Attack, honest: &[Hash], known: usize, chance: &mut StdRng) -> Vec<Hash> {
    let mut leaves = honest.to_vec();
    let at = chance.random_range(0..known - 1);
    let other: Hash = chance.random();
    match attack {
        Attack::Truncate => leaves.truncate(chance.random_range(1..known)),
        Attack::Rewrite | Attack::Unsigned | Attack::Forge => leaves[at] = other,
        Attack::Remove => drop(leaves.remove(at)),
        Attack::Insert => leaves.insert(at, other),
        Attack::Reorder => leaves.swap(at, chance.random_range(at + 1..known)),
        Attack::Restore => {
            leaves.truncate(at);
            leaves.extend((0..honest.len()).map(|_| chance.random::<Hash>()));
        }
    }
    leaves
}

#[tokio::test]
async fn every_class_of_attack_is_found_by_a_witness_and_few_without() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    for _ in 0..12 {
        bed.record(30).await;
        grow(&bed, &mut sequencer).await;
    }
    let honest = bed.leaves().await;
    let seed = rand::random();
    let mut chance = StdRng::seed_from_u64(seed);
    let keys = Keys { log: bed.signer.key().clone(), witnesses: Vec::new() };
    let stranger = NoteSigner::from_seed(bed.book.origin.clone(), &[4; 32]);
    let (mut table, mut missed) = (Vec::new(), 0);
    for attack in Attack::iter() {
        let (mut alone, mut witnessed) = (0, 0);
        for _ in 0..60 {
            // A witness has confirmed an earlier state of the honest log; the attack comes before that state's end.
            let known = 8 * chance.random_range(2..honest.len() / 8);
            let scratch = Scratch::new("witness");
            let signer = WitnessSigner::from_seed("office.152500/witness1".parse().unwrap(), &[5; 32]);
            let witness = Witness::open(keys.log.clone(), signer, scratch.path()).unwrap();
            let (_, before) = export(&honest[..known], &bed.signer, None);
            witness.confirm(&before, 1_773_104_400, |_, _| Ok(Vec::new())).unwrap();

            let leaves = attacked(attack, &honest, known, &mut chance);
            let mut edge = Edge::default();
            honest.iter().for_each(|leaf| drop(edge.push(*leaf)));
            let head = Head { size: edge.size(), root: edge.root() };
            let (shown, note) = match attack {
                Attack::Unsigned => export(&leaves, &bed.signer, Some(head)),
                Attack::Forge => export(&leaves, &stranger, None),
                _ => export(&leaves, &bed.signer, None),
            };
            // Somebody who comes fresh, with the key alone.
            alone += usize::from(audit(shown.as_bytes(), &keys, &[], &[]).is_err());
            // The witness itself, to whom the liar proves what can be proved; and an audit that has its checkpoint.
            let refused =
                witness.confirm(&note, 1_773_104_460, |old, new| Ok(prove(&leaves, old, new))).is_err();
            let found = audit(shown.as_bytes(), &keys, std::slice::from_ref(&before), &[]).is_err();
            witnessed += usize::from(if attack == Attack::Unsigned { found } else { refused && found });
        }
        missed += 60 - witnessed;
        table.push(format!("{attack:?}: alone {alone}/60, with a witness {witnessed}/60"));
    }
    println!("seed {seed}\n{}", table.join("\n"));
    assert_eq!(missed, 0, "seed {seed}\n{}", table.join("\n"));
    for (line, alone) in table.iter().zip([0, 0, 0, 0, 0, 0, 60, 60]) {
        assert!(line.contains(&format!("alone {alone}/60")), "seed {seed}: {line}");
    }
}

#[tokio::test]
async fn a_log_that_succeeds_another_says_on_what_and_why() {
    let bed = Bed::make().await;
    let mut sequencer = bed.sequencer();
    bed.record(3).await;
    grow(&bed, &mut sequencer).await;
    let note: String = bed.sql.query_one("SELECT note FROM log_checkpoint", &[]).await.unwrap().get(0);
    let begun = ledger::log::succeed(&bed.pool, bed.folder.path(), None, "旧副本恢复").await.unwrap();
    assert_eq!(begun.as_str(), "tenderhall.152500/log2");
    let ended = sequencer.turn(&bed.pool, Due::Now, &mut chance()).await.unwrap_err();
    let Problem::Fault(fault) = ended else { panic!("{ended:?}") };
    assert!(fault.cause.to_string().contains("succeeded"), "the old log does not grow: {}", fault.cause);

    bed.record(2).await;
    let settings = tenderhall::platform::settings::Log::default();
    let opened = ledger::Log::open(&bed.pool, bed.folder.path(), "152500", &settings).await;
    let (log, mut next) = opened.unwrap();
    assert_eq!(log.key.name().as_str(), "tenderhall.152500/log2");
    grow(&bed, &mut next).await;
    let mut conn = bed.pool.read().await.unwrap();
    let shown = tree::shown(&mut conn, &log.book, 0..8, &tree::Disclosed::default()).await.unwrap();
    let first = shown[0].skeleton.as_ref().unwrap();
    assert_eq!((&first["class"], &first["reason"]), (&"log.succeeds".into(), &"旧副本恢复".into()));
    assert_eq!(first["checkpoint"], note.as_str(), "on the last checkpoint that was given out");
    assert_eq!(tree::leaf_of(first).unwrap(), shown[0].leaf);
    assert_eq!(
        bed.count("log_leaf WHERE log = 2 AND pending_id IS NOT NULL").await,
        2,
        "what was left goes on"
    );
    assert_eq!(bed.count("log_leaf WHERE log = 1 AND pending_id IS NOT NULL").await, 3);
}
