//! Two instances on one database, as two processes: one tender's bids come over both, and the group commit, the
//! close and the log's sequencer of each know nothing of the other but what the database says.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    TestDb,
    app::at,
    program::Program,
    rush::{Crowd, Doors, Rush, check_log},
    scratch::Scratch,
    works::START,
};

/// Bids of each tender that are still to come when the deadline is near.
const LAST: usize = 80;

fn rush_over_two(tenders: usize, bidders: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let db = runtime.block_on(TestDb::sandbox(at(START)));
    let scratch = Scratch::new("instances");
    let one = Program::beside(&db, scratch.path(), START);
    let other = Program::beside(&db, scratch.path(), START);
    one.as_("admin").post("/api/v1/sandbox/clock", &json!({"run": true})).expect(200);
    let doors = Doors::default();
    doors.open(vec![one.address(), other.address()]);
    let crowd = Crowd::of(&one, bidders);
    for nth in 1..=tenders {
        let rush = Rush::prepare(&one, &crowd);
        std::thread::scope(|scope| {
            let load = scope.spawn(|| rush.run(&crowd, &doors));
            rush.wait_for(bidders - LAST);
            rush.end_in(&one.sql(), Duration::ZERO);
            load.join().unwrap();
        });
        let count = rush.check(&other, &crowd, &doors);
        assert!(count.accepted >= bidders - LAST && count.late > 0, "{count:?}");
        eprintln!("tender {nth} of {tenders}: {count:?}");
    }
    check_log(&one.sql());
}

#[test]
fn two_instances_take_the_bids_of_one_tender_and_close_it_once() {
    rush_over_two(2, 240);
}

/// The same with every bidder of the sandbox, eight times: `scripts/test --long`.
#[test]
#[ignore = "minutes long"]
fn two_instances_take_twelve_thousand_bids_likewise() {
    rush_over_two(8, 1528);
}
