//! Many at once over one day: who wins stands, who loses is told what is free, and nobody meets a deadlock.

use tokio::task::LocalSet;

use super::*;

/// Clients at the same time.
const CLIENTS: usize = 64;

/// What a client knows of what it did.
#[derive(Default)]
struct Told {
    /// Bookings the hall has confirmed to it, and that it did not give up.
    confirmed: Vec<String>,
    won: usize,
    lost: usize,
}

/// Asks, confirms and gives up at random over one day in a few rooms, and counts.
async fn rush(hall: &Hall, tender: TenderId, tries: usize, seed: u64) -> Told {
    let mut random = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let kinds = [(RoomKind::Draw, "draw", 2), (RoomKind::Rest, "rest", 8), (RoomKind::Control, "control", 1)];
    for _ in 0..tries {
        let slots: Vec<NewSlot> = (0..random.random_range(1..4))
            .map(|_| {
                let (kind, code, count) = kinds[random.random_range(0..3)];
                let named = random.random_range(0..2) == 0;
                let room = named.then(|| hall.room(&format!("{code}-{}", random.random_range(1..=count))));
                let from = at("03-02T08:30:00") + TimeDelta::minutes(15 * random.random_range(0..30));
                slot(kind, room, from, 15 * random.random_range(1..6))
            })
            .collect();
        match hall.book(&hall.agency, tender, slots).await {
            Ok(booking) => {
                told.won += 1;
                match random.random_range(0..4) {
                    0 => {
                        hall.decide(&hall.operator, &booking, Decision::Confirm).await.unwrap();
                        told.confirmed.push(booking["id"].as_str().unwrap().to_owned());
                    }
                    _ => {
                        drop(hall.decide(&hall.agency, &booking, Decision::Cancel("x".into())).await.unwrap())
                    }
                }
            }
            // Anything else, a deadlock above all, fails here.
            lost => {
                let refusal = taken(lost);
                assert!(refusal.extra["blocking"].is_object(), "{refusal:?}");
                assert_eq!(refusal.extra["alternatives"].as_array().unwrap().len(), 3);
                told.lost += 1;
            }
        }
    }
    told
}

async fn rush_of_all(tries: usize) {
    let hall = Hall::found().await;
    let mut tenders = Vec::new();
    for _ in 0..CLIENTS {
        tenders.push(hall.tender(at("03-16T09:30:00")).await);
    }
    let clients = tenders.iter().zip(0..).map(|(tender, seed)| rush(&hall, *tender, tries, seed));
    let told = LocalSet::new().run_until(join_all(clients)).await;
    let (won, lost) = told.iter().fold((0, 0), |(won, lost), one| (won + one.won, lost + one.lost));
    assert_eq!(won + lost, CLIENTS * tries);
    assert!(won > CLIENTS && lost > CLIENTS, "{won} {lost}");
    let overlapping = hall
        .count(
            "booking_slots a JOIN booking_slots b ON a.room_id = b.room_id AND a.id < b.id AND a.blocked && b.blocked
              WHERE a.live AND b.live",
        )
        .await;
    assert_eq!(overlapping, 0);
    let mut kept: Vec<String> = hall
        .rows("SELECT id::text FROM bookings WHERE state = 'confirmed'")
        .await
        .iter()
        .map(|row| row.get(0))
        .collect();
    let mut promised: Vec<String> = told.into_iter().flat_map(|one| one.confirmed).collect();
    kept.sort_unstable();
    promised.sort_unstable();
    assert_eq!(kept, promised, "no confirmation is lost, and none is made up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_clients_over_one_day_nobody_overlaps_and_no_confirmation_is_lost() {
    rush_of_all(8).await;
}

/// The same ten thousand times, some minutes long: `cargo nextest run --run-ignored only -E 'test(ten_thousand_tries)'`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "minutes long"]
async fn of_64_clients_with_ten_thousand_tries_over_one_day_likewise() {
    rush_of_all(157).await;
}

/// What `usage::tell_or_move` is told of the one slot of a booking.
async fn next_of(hall: &Hall, booking: &Value, push: bool) -> usage::Next {
    let id: BookingId = booking["id"].as_str().unwrap().parse().unwrap();
    let slot = format!("SELECT id FROM booking_slots WHERE booking_id = '{id}' AND no = 1");
    usage::Next { slot: hall.rows(&slot).await[0].get(0), booking: id, push }
}

#[tokio::test]
async fn where_the_centre_pushes_the_next_user_gets_another_room_at_the_same_time() {
    let hall = Hall::found().await;
    let deadline = at("03-16T09:30:00");
    let tender = hall.tender(deadline).await;
    let draw = slot(RoomKind::Draw, Some(hall.room("draw-1")), at("03-02T09:00:00"), 60);
    let waiting = hall.book(&hall.agency, tender, vec![draw]).await.unwrap();
    hall.decide(&hall.operator, &waiting, Decision::Confirm).await.unwrap();
    let after = async |next: usage::Next| {
        let done = hall.db.transaction("test", RequestId::random(), async |tx| {
            usage::tell_or_move(tx, hall.policy(), next).await
        });
        done.await.unwrap();
    };
    after(next_of(&hall, &waiting, false).await).await;
    assert_eq!(hall.count("bookings WHERE state = 'confirmed'").await, 1);
    assert_eq!(hall.count("outbox WHERE subject LIKE '%runs over%'").await, 2);
    after(next_of(&hall, &waiting, true).await).await;
    let moved = hall
        .rows(
            "SELECT r.code, b.state, b.replaces FROM bookings b JOIN booking_slots s ON s.booking_id = b.id AND s.live
               JOIN rooms r ON r.id = s.room_id",
        )
        .await;
    assert_eq!(
        (moved.len(), moved[0].get::<_, &str>(0), moved[0].get::<_, &str>(1)),
        (1, "draw-2", "confirmed")
    );
    assert_eq!(moved[0].get::<_, Uuid>(2).to_string(), waiting["id"].as_str().unwrap());
    assert_eq!(hall.count("outbox WHERE subject LIKE '%Rooms changed%'").await, 2);
    // What was moved is nobody's next any more; an opening is told, never moved.
    after(next_of(&hall, &waiting, true).await).await;
    let opening = slot(RoomKind::Opening, Some(hall.room("opening-1")), deadline, 90);
    let opening = hall.book(&hall.agency, tender, vec![opening]).await.unwrap();
    hall.decide(&hall.operator, &opening, Decision::Confirm).await.unwrap();
    after(next_of(&hall, &opening, true).await).await;
    assert_eq!(hall.count("bookings WHERE state = 'changed'").await, 1);
    assert_eq!(hall.count("outbox WHERE subject LIKE '%runs over%'").await, 4);
}
