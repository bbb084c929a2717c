//! S4: what a bid says is nowhere on the hall's machine before the opening: not in the database's tables or files, not in
//! log, letters or keys, not in the memory of the service or of PostgreSQL, in no spelling.

use std::{
    collections::HashSet,
    fs,
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use tenderhall::seal::{Content, shares::open_share};

use crate::support::{
    Client,
    program::Watched,
    scratch::Scratch,
    works::{DEADLINE, START},
};

/// The price of every bid, and names in it: they occur nowhere else.
const CANARIES: [&str; 4] =
    ["18273645.91", "欧阳探针", "canary-letter-of-tender.txt", "Canary of the mine, sealed"];
/// What is read of a process at a time.
const PAGE: usize = 4096;

/// The spellings in which a text might lie about.
fn spellings(bytes: &[u8], utf16: bool) -> Vec<Vec<u8>> {
    let mut all =
        vec![bytes.to_vec(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()];
    if utf16 {
        let units = std::str::from_utf8(bytes).unwrap().encode_utf16();
        all.push(units.clone().flat_map(u16::to_le_bytes).collect());
        all.push(units.flat_map(u16::to_be_bytes).collect());
    }
    // In the middle of something longer it may begin at any of three places; its first and last letters then belong
    // to its neighbours too.
    for before in 0..3 {
        let shifted = [&vec![0; before][..], bytes].concat();
        let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        all.push(STANDARD_NO_PAD.encode(&shifted).as_bytes()[from..to].to_vec());
        all.push(URL_SAFE_NO_PAD.encode(&shifted).as_bytes()[from..to].to_vec());
    }
    all
}

/// Many needles that are looked for in one pass.
struct Search {
    needles: Vec<Vec<u8>>,
    /// Whether a needle begins with these two bytes.
    begins: Vec<bool>,
}

impl Search {
    fn of(needles: Vec<Vec<u8>>) -> Self {
        let mut begins = vec![false; 1 << 16];
        for needle in &needles {
            begins[usize::from(u16::from_be_bytes([needle[0], needle[1]]))] = true;
        }
        Self { needles, begins }
    }

    fn finds(&self, hay: &[u8]) -> bool {
        // Most of memory is empty.
        let empty = [0; PAGE];
        let mut at = 0;
        while at + 1 < hay.len() {
            if hay[at..].starts_with(&empty) {
                at += PAGE - 1;
                continue;
            }
            if self.begins[usize::from(u16::from_be_bytes([hay[at], hay[at + 1]]))]
                && self.needles.iter().any(|needle| hay[at..].starts_with(needle))
            {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found
}

/// The service and every process of its PostgreSQL.
fn processes(service: u32, data: &Path) -> Vec<u32> {
    let home = fs::metadata(data.join("postgres/data")).unwrap();
    let lives_there = |pid: &u32| {
        fs::metadata(format!("/proc/{pid}/cwd"))
            .is_ok_and(|there| (there.dev(), there.ino()) == (home.dev(), home.ino()))
    };
    let all = fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(lives_there).chain([service]).collect()
}

/// Every page of a process that can be read; what several share is read once, as `seen` remembers.
fn memory(pid: u32, seen: &mut HashSet<String>) -> Vec<u8> {
    let mut memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut all = Vec::new();
    for line in fs::read_to_string(format!("/proc/{pid}/maps")).unwrap().lines() {
        let mut fields = line.split_whitespace();
        let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
        let name: Vec<&str> = fields.collect();
        // A shared mapping, or the text of a program.
        let shared = rights.ends_with('s') || (name.len() > 3 && !rights.contains('w'));
        if !rights.starts_with('r') || (shared && !seen.insert(name.join(" "))) {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Some pages belong to the kernel and cannot be read.
        if memory.seek(SeekFrom::Start(from)).and_then(|_| memory.read_exact(&mut bytes)).is_ok() {
            all.extend(bytes);
        }
    }
    all
}

/// Every row of every table as PostgreSQL spells it out, whatever it is packed in on the disk.
fn tables(client: &Client) -> Vec<String> {
    let sql = client.sql();
    let names: Vec<String> = sql.values(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname <> 'information_schema'",
        &[],
    );
    let read = |name: &String| {
        sql.value::<Option<String>>(&format!("SELECT string_agg(t::text, E'\\n') FROM {name} t"), &[])
    };
    names.iter().filter_map(read).collect()
}

/// Where something is found on the hall's machine.
struct Places {
    tables: bool,
    files: bool,
    service: bool,
    postgresql: bool,
}

fn look(search: &Search, program: &Watched, data: &Path) -> Places {
    let (mut seen, mut places) = (
        HashSet::new(),
        Places {
            tables: tables(program).iter().any(|table| search.finds(table.as_bytes())),
            // A file of PostgreSQL's may go while one looks.
            files: files(data).iter().any(|file| search.finds(&fs::read(file).unwrap_or_default())),
            service: false,
            postgresql: false,
        },
    );
    for pid in processes(program.pid(), data) {
        let found = search.finds(&memory(pid, &mut seen));
        let place = if pid == program.pid() { &mut places.service } else { &mut places.postgresql };
        *place |= found;
    }
    places
}

#[test]
fn no_byte_of_a_bid_is_on_the_machine_before_the_opening() {
    let scratch = Scratch::new("canary");
    let program = Watched::sandbox(scratch.path(), START, "debug");
    let (tender, officers) = program.published_shared_works(true);
    let policy = program.seal_policy(&tender);
    let mut content = Content::default();
    content.form.insert("price".into(), json!({"amount": CANARIES[0], "currency": "CNY"}));
    content.form.insert("projectManager".into(), json!(CANARIES[1]));
    content.files.push((CANARIES[2].to_owned(), CANARIES[3].repeat(3).into_bytes()));
    let bids: Vec<_> = (1..=3)
        .map(|number| {
            let bidder = program.bidder(number);
            let bid = bidder.seal_content(&policy, "whole", content.clone(), (1, None));
            let id = bidder.submit(&tender, &bid, "one").expect(201).text_at("/bidId");
            // Whatever else touches a bid while it is sealed.
            program.as_(&bidder.login).get(&format!("/api/v1/bids/{id}")).expect(200);
            program.as_(&bidder.login).get(&format!("/api/v1/bids/{id}/receipt")).expect(200);
            (bidder, bid, id)
        })
        .collect();
    program.wait_for_mails();
    program.sql().run("CHECKPOINT").unwrap();

    // What is there is found, so what is not found is not there.
    let there =
        look(&Search::of(spellings(&bids[0].1.ciphertext[300..340], false)), &program, scratch.path());
    assert!(there.tables && there.files && there.postgresql);
    let there = look(&Search::of(spellings(tender.as_bytes(), true)), &program, scratch.path());
    assert!(there.tables && there.files && there.service && there.postgresql);

    let canaries = Search::of(CANARIES.iter().flat_map(|text| spellings(text.as_bytes(), true)).collect());
    let secrets = bids.iter().flat_map(|(_, bid, _)| spellings(bid.secret.as_bytes(), true)).collect();
    for (what, search) in [("a bid's inside", &canaries), ("a bid's secret", &Search::of(secrets))] {
        let places = look(search, &program, scratch.path());
        assert!(!places.tables, "{what} is in a table");
        assert!(!places.files, "{what} is in a file");
        assert!(!places.service, "{what} is in the service's memory");
        assert!(!places.postgresql, "{what} is in PostgreSQL's memory");
    }

    program.hold(DEADLINE);
    let clause = &policy.policy().clauses[0];
    for (bidder, bid, id) in &bids {
        for (login, member, identity) in
            [(&bidder.login, "bidder", &bid.own), (&officers[0].login, "agency", &officers[0].identity)]
        {
            let share = bid.envelope.shares.iter().find(|one| one.member.as_str() == member).unwrap();
            let share = open_share(share, clause, identity).unwrap();
            let share = secrecy::ExposeSecret::expose_secret(&share);
            let body = json!({"bidId": id, "clause": 0, "member": member, "share": share});
            program.as_(login).post(&format!("/api/v1/tenders/{tender}/opening/shares"), &body).expect(200);
        }
    }
    program.hold("2026-03-16T10:00:00+08:00");
    assert!(look(&canaries, &program, scratch.path()).tables, "once opened the same search finds it");
}
