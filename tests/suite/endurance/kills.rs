//! The service and PostgreSQL are killed again and again while bids come in and deadlines pass: whoever holds a
//! receipt has a bid, nobody is late who was not, and whoever was left without an answer learns it by its key.

use std::{
    fs,
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::support::{
    program::Program,
    rush::{Count, Crowd, Doors, Rush, check_log},
    scratch::Scratch,
    works::START,
};

/// How much of it.
struct Scale {
    tenders: usize,
    /// Bidders of every tender.
    bidders: usize,
    /// Kills in every tender; the last one falls about its deadline.
    kills: usize,
    /// Every so many kills PostgreSQL is killed and not the service.
    of_postgres: usize,
    /// Bids that are still to come when the deadline is near.
    last: usize,
}

/// What was killed.
#[derive(Debug, Default)]
struct Killed {
    service: usize,
    postgres: usize,
}

/// A hall that is killed and started anew.
struct Victim<'a> {
    program: Option<Program>,
    folder: &'a Path,
    doors: &'a Doors,
    killed: Killed,
}

impl Victim<'_> {
    fn program(&self) -> &Program {
        self.program.as_ref().unwrap()
    }

    fn start(&mut self) {
        let program = Program::beating(self.folder, START);
        self.doors.open(vec![program.address()]);
        self.program = Some(program);
    }

    fn kill(&mut self, postgres: bool) {
        if postgres {
            self.kill_postgres();
            self.killed.postgres += 1;
        } else {
            self.program().kill_now();
            // Reaped, with its output.
            self.program = None;
            self.start();
            self.killed.service += 1;
        }
    }

    /// The service starts it anew by itself.
    fn kill_postgres(&self) {
        let file = self.folder.join("postgres/data/postmaster.pid");
        let pid = || fs::read_to_string(&file).ok()?.lines().next().map(str::to_owned);
        let former = pid();
        let killed = Command::new("kill").arg("-9").arg(former.as_ref().unwrap()).status().unwrap();
        assert!(killed.success());
        let begun = Instant::now();
        while pid().is_none_or(|pid| Some(pid) == former) || !self.is_ready() {
            assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL does not come back");
            sleep(Duration::from_millis(10));
        }
    }

    fn is_ready(&self) -> bool {
        self.program().public().get("/health/ready").status == 200
    }
}

fn endure(scale: &Scale) -> (Count, Killed) {
    let (scratch, doors) = (Scratch::on_disk("kills"), Doors::default());
    let mut hall = Victim { program: None, folder: scratch.path(), doors: &doors, killed: Killed::default() };
    hall.start();
    let crowd = Crowd::of(hall.program(), scale.bidders);
    let (mut total, mut kills) = (Count::default(), 0);
    for nth in 1..=scale.tenders {
        let rush = Rush::prepare(hall.program(), &crowd);
        let early = scale.bidders - scale.last;
        std::thread::scope(|scope| {
            let load = scope.spawn(|| rush.run(&crowd, &doors));
            for kill in 1..=scale.kills {
                rush.wait_for(early * kill / scale.kills);
                if kill == scale.kills {
                    rush.end_in(&hall.program().sql(), Duration::from_millis(150));
                }
                kills += 1;
                hall.kill(kills % scale.of_postgres == 0);
            }
            load.join().unwrap();
        });
        total += rush.check(hall.program(), &crowd, &doors);
        eprintln!("tender {nth} of {}: {total:?}, {:?}", scale.tenders, hall.killed);
    }
    check_log(&hall.program().sql());
    (total, hall.killed)
}

#[test]
fn killed_again_and_again_the_hall_keeps_every_bid_and_every_deadline() {
    let (count, killed) = endure(&Scale { tenders: 2, bidders: 150, kills: 3, of_postgres: 3, last: 60 });
    assert_eq!((killed.service, killed.postgres), (4, 2));
    assert!(count.accepted >= 180 && count.late > 0 && count.unknown > 0, "{count:?}");
}

/// The same with 200 kills of the service, 50 of PostgreSQL and more than 50,000 receipts: `scripts/test --long`.
#[test]
#[ignore = "a quarter of an hour long"]
fn killed_two_hundred_and_fifty_times_likewise() {
    let (count, killed) = endure(&Scale { tenders: 36, bidders: 1528, kills: 7, of_postgres: 5, last: 100 });
    assert!(killed.service >= 200 && killed.postgres >= 50, "{killed:?}");
    assert!(count.accepted > 50_000 && count.late > 0 && count.unknown > 0, "{count:?}");
}
