//! A body loses every key of a seal policy: what is said, the policy that follows, and bids under both of them.

use std::{collections::BTreeSet, thread};

use serde_json::{Value, json};
use tenderhall::seal::{CheckedPolicy, shares::open_share};

use crate::support::{
    Answer, TestApp,
    bidding::{Bidder, SealedBid},
    officers::Officer,
    works::{DEADLINE, NOTICE, START},
};

/// 48 hours before the deadline, and a microsecond later.
const LAST: &str = "2026-03-14T09:30:00+08:00";
const SHORT: &str = "2026-03-14T09:30:00.000001+08:00";
/// Days on which a second policy follows and another loss is noticed.
const SECOND: &str = "2026-03-10T09:30:00+08:00";
const THIRD: &str = "2026-03-11T09:30:00+08:00";
/// A day before the last moment for another policy.
const EARLIER: &str = "2026-03-13T09:30:00+08:00";
/// The end of the release window.
const OVER: &str = "2026-03-16T10:00:00+08:00";

/// A published tender whose bids are shared out.
struct Scene<'a> {
    app: &'a TestApp,
    tender: String,
    officers: Vec<Officer<'a>>,
}

impl<'a> Scene<'a> {
    fn set(app: &'a TestApp) -> Self {
        let (tender, officers) = app.published_shared_works(false);
        Self { app, tender, officers }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenders/{}{rest}", self.tender)
    }

    /// Revokes the keys of these officers, and lets the hall tell of it.
    fn lose(&self, officers: &[usize]) {
        for at in officers {
            let Officer { login, key_id, .. } = &self.officers[*at];
            let revoke = format!("/api/v1/seal-keys/{key_id}/revoke");
            self.app.as_(login).post(&revoke, &json!({"reason": "U盘遗失"})).expect(200);
        }
        let now = "SELECT to_char(hall_now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
        let now: String = self.app.sql().value(now, &[]);
        self.app.hold(&now);
    }

    /// The page on which `login` seals its bid.
    fn bid_page(&self, login: &str) -> String {
        let page = format!("/tenders/{}/bid", self.tender);
        self.app.as_(login).with("Accept", "text/html").get(&page).expect(200).text
    }

    /// Fresh keys of the two officers of the agency.
    fn enrol_agency(&self) -> Vec<Officer<'a>> {
        let key = self.app.signing_key("agency.one");
        ["agency.one", "agency.one.second"].map(|login| self.app.officer(login, "agency", &key)).into()
    }

    /// Fresh keys of the two officers of the centre.
    fn enrol_centre(&self) {
        let key = self.app.signing_key("operator.league");
        for login in ["operator.league", "operator.league.second"] {
            self.app.officer(login, "centre", &key);
        }
    }

    /// What the tender's policies are worth, the first one first, to everybody alike.
    fn states(&self) -> Vec<Value> {
        let list = self.app.public().get(&self.path("/seal-policies")).expect(200);
        assert_eq!(self.app.as_("bidder.0001").get(&self.path("/seal-policies")).expect(200).json, list.json);
        list["items"].as_array().unwrap().iter().map(|one| json!([one["state"], one["lost"]])).collect()
    }

    /// Texts of the changes of the notice since `seen`, the notice of a loss under each policy first.
    fn told_since(&self, seen: &[String]) -> Vec<String> {
        let new = self.changes().into_iter().filter(|id| !seen.contains(id));
        let mut texts: Vec<String> =
            new.map(|id| self.app.public().get(&format!("/api/v1/notices/{id}")).expect(200).text).collect();
        // Publications of one moment have no order.
        texts.sort_by_key(|text| text.contains("第 2 号策略"));
        texts
    }

    fn settle(&self) -> Answer {
        self.app
            .as_("agency.one")
            .post(&self.path("/seal-policies"), &json!({"reason": "代理机构两把密钥均已遗失"}))
    }

    /// What the tender says of its policy, to everybody alike.
    fn policy(&self) -> Value {
        let seen = self.app.public().get(&self.path("")).expect(200)["sealPolicy"].clone();
        assert_eq!(self.app.as_("bidder.0001").get(&self.path("")).expect(200)["sealPolicy"], seen);
        assert_eq!(self.app.as_("agency.one").get(&self.path("")).expect(200)["sealPolicy"], seen);
        seen
    }

    /// Ids of the changes of the notice, the oldest first.
    fn changes(&self) -> Vec<String> {
        let list = format!("/api/v1/notices?kind=clarification&tender={}", self.tender);
        let list = self.app.public().get(&list).expect(200);
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }

    fn acts(&self, act: &str) -> i64 {
        self.app.sql().value("SELECT count(*) FROM log_pending WHERE act = $1", &[&act])
    }

    /// Whoever may bid gets the letters, and each the same number of them.
    fn letters(&self, about: &str) -> i64 {
        let query = "SELECT count(*) FROM outbox WHERE subject LIKE '%' || $1 || '%'";
        let all: i64 = self.app.sql().value(query, &[&about]);
        let bidders: i64 = self.app.sql().value(
            "SELECT count(DISTINCT a.organisation_id) FROM accounts a JOIN account_roles r ON r.account_id = a.id
              WHERE r.role = 'bidder'",
            &[],
        );
        assert_eq!(all % bidders, 0, "{all} letters to {bidders} bidders");
        all / bidders
    }

    /// Releases the share of a member, opened by `officer` or by the bidder's own key.
    fn release(
        &self,
        (bidder, bid, id): &Bid<'_>,
        policy: &CheckedPolicy,
        place: (usize, &str),
        officer: Option<&Officer<'_>>,
    ) -> Answer {
        let (clause, member) = place;
        let mut shares = bid.envelope.shares.iter();
        let share = shares
            .find(|one| usize::try_from(one.clause) == Ok(clause) && one.member.as_str() == member)
            .unwrap();
        let identity = officer.map_or(&bid.own, |officer| &officer.identity);
        let opened = open_share(share, &policy.policy().clauses[clause], identity).unwrap();
        let share = secrecy::ExposeSecret::expose_secret(&opened);
        let login = officer.map_or(&bidder.login, |officer| &officer.login);
        let body = json!({"bidId": id, "clause": clause, "member": member, "share": share});
        self.app.as_(login).post(&self.path("/opening/shares"), &body)
    }
}

type Bid<'a> = (Bidder<'a>, SealedBid, String);

const AGENCY: [usize; 2] = [0, 1];
const CENTRE: [usize; 2] = [2, 3];

#[test]
fn a_loss_is_told_to_everybody_and_a_policy_follows_it_in_time() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    let first = app.seal_policy(&scene.tender);
    let whole = json!({"policyNo": 1, "policyDigest": first.digest(), "state": "whole", "lost": []});
    assert_eq!(scene.policy(), whole);
    // While every body has a key left nothing follows: the other officer serves.
    scene.lose(&AGENCY[..1]);
    assert_eq!(scene.policy(), whole);
    scene.settle().expect(409).problem("seal-policy-stands");
    assert!(scene.changes().is_empty() && scene.letters("密封策略") == 0);

    scene.lose(&AGENCY[1..]);
    let weakened =
        json!({"policyNo": 1, "policyDigest": first.digest(), "state": "weakened", "lost": ["agency"]});
    assert_eq!(scene.policy(), weakened);
    let told = scene.changes();
    assert_eq!(
        (told.len(), scene.acts("tender.sealPolicyWeakened"), scene.letters("密封策略减弱")),
        (1, 1, 1)
    );
    let notice = app.public().get(&format!("/api/v1/notices/{}", told[0])).expect(200);
    assert!(notice.text.contains("按第 1 号策略密封的投标仍可由投标人与交易中心开启"), "{notice:?}");
    assert!(app.page(&format!("/notices/{}", told[0])).contains("密封策略减弱"));
    let view = app.as_("agency.one").get(&scene.path("")).expect(200);
    assert_eq!(view.action("settleSealPolicy")["allowed"], true, "{view:?}");
    let project = format!("/projects/{}?lang=zh", view.text_at("/projectId"));
    assert!(app.page(&project).contains("的份额密钥已全部失效"), "everybody reads it on the project's page");

    // The body enrols two persons' keys anew, as for the first policy.
    let refused = scene.settle().expect(409).problem("seal-keys-missing");
    assert_eq!(
        (&refused["missing"][0]["member"], &refused["missing"][0]["officers"]),
        (&json!("agency"), &json!(0))
    );
    let renewed = scene.enrol_agency();
    // Only the host settles it, and gives a reason.
    let policies = scene.path("/seal-policies");
    let reason = json!({"reason": "遗失"});
    for login in ["agency.two", "purchaser.taibus", "bidder.0001", "operator.league", "supervisor.office"] {
        app.as_(login).post(&policies, &reason).expect(403);
    }
    app.public().post(&policies, &reason).expect(401);
    app.as_("agency.one").post(&policies, &json!({"reason": " "})).expect(422).points_to("/reason");
    app.hold(LAST);
    scene.settle().expect(200);

    let second = app.seal_policy(&scene.tender);
    assert_ne!(second.digest(), first.digest());
    assert_eq!(second.policy().clauses, first.policy().clauses);
    let agency: BTreeSet<String> = serde_json::from_value(
        serde_json::to_value(second.policy()).unwrap()["members"]["agency"]["recipients"].clone(),
    )
    .unwrap();
    assert_eq!(agency, renewed.iter().map(|one| one.identity.to_public().to_string()).collect());
    assert!(!app.page(&project).contains("的份额密钥已全部失效"));
    let mended = json!({"policyNo": 2, "policyDigest": second.digest(), "state": "whole", "lost": []});
    assert_eq!(scene.policy(), mended);
    let list = app.public().get(&policies).expect(200);
    let digests: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|one| one["policyDigest"].clone()).collect();
    assert_eq!(digests, [json!(first.digest()), json!(second.digest())]);
    assert_eq!(scene.states(), [json!(["weakened", ["agency"]]), json!(["whole", []])]);
    // Published, logged, and written to everybody.
    let told = scene.changes();
    assert_eq!((told.len(), scene.letters("密封策略变更")), (2, 1));
    let notice = app.public().get(&format!("/api/v1/notices/{}", told[1])).expect(200).text;
    for digest in [first.digest(), second.digest()] {
        assert!(notice.contains(&digest.to_string()), "{notice}");
    }
    let facts: Value =
        app.sql().value("SELECT body->'facts' FROM log_pending WHERE act = 'tender.sealPolicySettled'", &[]);
    assert_eq!((&facts["sealPolicy"], &facts["follows"]), (&json!(second.digest()), &json!(first.digest())));
    // Every officer proves anew, whoever keeps its key too.
    let light = || app.as_("operator.league").get(&scene.path("")).expect(200)["sealLight"].clone();
    assert_eq!(light(), "waiting");
    for officer in scene.officers[2..].iter().chain(&renewed) {
        assert_eq!(light(), "waiting");
        officer.prove(&scene.tender).expect(200);
    }
    assert_eq!(light(), "green");
    // It stands now like the first before it.
    scene.settle().expect(409).problem("seal-policy-stands");
    app.hold(DEADLINE);
    scene.settle().expect(409).problem("wrong-state");
}

#[test]
fn no_policy_follows_when_bidders_would_lack_the_time_to_seal_anew() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    scene.lose(&AGENCY);
    scene.enrol_agency();
    app.hold(SHORT);
    // The refusal says to when the deadline would have to move.
    let refused = scene.settle().expect(409).problem("too-late");
    let rule = &refused["rule"];
    assert_eq!((&rule["id"], &rule["earliest"]), (&json!("SEAL-3"), &json!("2026-03-16T01:30:00.000001Z")));
    let view = app.as_("agency.one").get(&scene.path("")).expect(200);
    assert_eq!(view.action("settleSealPolicy")["allowed"], false, "{view:?}");
    assert_eq!(scene.policy()["policyNo"], 1);
    assert!(scene.bid_page("bidder.0001").contains("的份额密钥已全部失效"));
    // Over: what bidders were to do, or to wait for, is no advice any more.
    app.hold(DEADLINE);
    assert!(!scene.bid_page("bidder.0001").contains("的份额密钥已全部失效"));
}

#[test]
fn a_loss_under_an_earlier_policy_is_told_of_that_policy_and_of_the_present_one() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    scene.lose(&AGENCY);
    app.hold(SECOND);
    scene.enrol_agency();
    scene.settle().expect(200);
    let seen = scene.changes();
    // The centre kept its keys: both policies name them.
    app.hold(THIRD);
    scene.lose(&CENTRE);
    assert_eq!(scene.states(), [json!(["broken", ["agency", "centre"]]), json!(["weakened", ["centre"]])]);
    let told = scene.told_since(&seen);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("密封策略失效") && told[0].contains("按第 1 号策略密封的投标已无法开启"),
        "{told:?}"
    );
    assert!(told[0].contains("须按现行策略（第 2 号）重新密封"), "{told:?}");
    assert!(!told[0].contains("仍可由"), "{told:?}");
    assert!(told[1].contains("密封策略减弱"), "{told:?}");
    assert!(
        told[1].contains("按第 2 号策略密封的投标仍可由投标人与代理机构（或自行组织的招标人）开启"),
        "{told:?}"
    );
    let letters = |about: &str| scene.letters(about);
    assert_eq!((letters("密封策略减弱"), letters("密封策略失效")), (2, 1));

    // The policy that follows says of each that came before what is left of it.
    let seen = scene.changes();
    app.hold(EARLIER);
    scene.enrol_centre();
    scene.settle().expect(200);
    let told = scene.told_since(&seen);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("按第 1 号策略密封的投标已无法开启"), "{told:?}");
    assert!(told[0].contains("按第 2 号策略密封并已收的投标仍然有效"), "{told:?}");
    assert_eq!(scene.states()[2], json!(["whole", []]));
    let facts: Value = app.sql().value(
        "SELECT body->'facts' FROM log_pending WHERE act = 'tender.sealPolicySettled' ORDER BY id DESC LIMIT 1",
        &[],
    );
    assert_eq!(facts["broken"], json!([1]), "{facts}");
}

#[test]
fn a_policy_that_stands_hides_no_loss_of_the_one_before_it() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    // Two more officers' keys of the centre, which only the second policy names.
    scene.enrol_centre();
    scene.lose(&AGENCY);
    app.hold(SECOND);
    scene.enrol_agency();
    scene.settle().expect(200);
    let seen = scene.changes();
    app.hold(THIRD);
    scene.lose(&CENTRE);
    assert_eq!(scene.states(), [json!(["broken", ["agency", "centre"]]), json!(["whole", []])]);
    assert_eq!(scene.policy()["state"], "whole");
    let told = scene.told_since(&seen);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("按第 1 号策略密封的投标已无法开启"), "{told:?}");
    assert_eq!(scene.letters("密封策略失效"), 1);
    // The present policy stands: nothing has to follow it.
    scene.settle().expect(409).problem("seal-policy-stands");
}

#[test]
fn bids_open_by_the_policy_they_were_sealed_for() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    let first = app.seal_policy(&scene.tender);
    let hand_in = |number: u32, policy: &CheckedPolicy| -> Bid<'_> {
        let bidder = app.bidder(number);
        let bid = bidder.seal(policy, &format!("1800000{number}.00"));
        let id = bidder.submit(&scene.tender, &bid, "one").expect(201).text_at("/bidId");
        (bidder, bid, id)
    };
    let stays = hand_in(1, &first);
    let reseals = hand_in(2, &first);
    let late = app.bidder(3);
    let prepared = late.seal(&first, "18000003.00");
    scene.lose(&AGENCY);
    // Taken in while no policy has followed.
    let between = hand_in(4, &first);
    let renewed = scene.enrol_agency();
    scene.settle().expect(200);
    let second = app.seal_policy(&scene.tender);

    // What was prepared for the first policy comes too late for it, and nothing of it is kept.
    let refused = late.submit(&scene.tender, &prepared, "old").expect(409).problem("bid-policy-replaced");
    assert_eq!(refused["policyDigest"], json!(second.digest()));
    let revision = reseals.0.seal_revision(&first, "17000002.00", 2, Some(reseals.1.digest()));
    reseals.0.submit(&scene.tender, &revision, "old").expect(409).problem("bid-policy-replaced");
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM bids", &[]), 3);
    // Sent again under its key, a bid that is in gets its answer as before.
    let again = stays.0.submit(&scene.tender, &stays.1, "one").expect(201);
    assert_eq!(again.text_at("/bidId"), stays.2);
    let anew = hand_in(3, &second);
    let revision = reseals.0.seal_revision(&second, "17000002.00", 2, Some(reseals.1.digest()));
    let id = reseals.0.submit(&scene.tender, &revision, "two").expect(201).text_at("/bidId");
    let resealed = (reseals.0, revision, id);
    // A policy of neither kind is no policy.
    let mut other = second.policy().clone();
    other.policy_no = 3;
    let other = CheckedPolicy::new(other).unwrap();
    app.bidder(5)
        .submit(&scene.tender, &app.bidder(5).seal(&other, "1.00"), "x")
        .expect(422)
        .problem("bid-policy");

    let advice = "截止前可以按现行策略重新密封";
    assert!(scene.bid_page("bidder.0001").contains(advice));
    app.hold(DEADLINE);
    assert!(!scene.bid_page("bidder.0001").contains(advice), "nothing is sealed anew after the deadline");
    // Each share is told with the policy that its bid was sealed for.
    let held = app.as_("agency.one").get(&scene.path("/opening/shares")).expect(200);
    let under = |policy: &CheckedPolicy| {
        let items = held["items"].as_array().unwrap().iter();
        items.filter(|share| share["policyDigest"] == json!(policy.digest())).count()
    };
    assert_eq!((under(&first), under(&second)), (4, 4));
    // Old ones open by the centre, for the agency's keys are gone; new ones by the agency's new key.
    let centre = &scene.officers[CENTRE[0]];
    for bid in [&stays, &between] {
        scene.release(bid, &first, (1, "bidder"), None).expect(200);
        assert_eq!(scene.release(bid, &first, (1, "centre"), Some(centre)).expect(200)["opens"], true);
    }
    for bid in [&anew, &resealed] {
        scene.release(bid, &second, (0, "bidder"), None).expect(200);
        assert_eq!(scene.release(bid, &second, (0, "agency"), Some(&renewed[1])).expect(200)["opens"], true);
    }
    app.hold(OVER);
    let record = app.public().get(&scene.path("/opening/record")).expect(200);
    let lines: Vec<Value> = record["bids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| json!([line["outcome"], line["openedBy"], line["price"]["amount"]]))
        .collect();
    assert_eq!(
        lines,
        [
            json!(["opened", ["bidder", "centre"], "18000001.00"]),
            json!(["opened", ["bidder", "centre"], "18000004.00"]),
            json!(["opened", ["bidder", "agency"], "18000003.00"]),
            json!(["opened", ["bidder", "agency"], "17000002.00"]),
        ]
    );
}

#[test]
fn where_nothing_opens_any_more_everybody_is_told_to_seal_anew() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    scene.lose(&AGENCY);
    // Publications of one moment have no order.
    app.hold(EARLIER);
    scene.lose(&CENTRE);
    let seen = scene.policy();
    assert_eq!((&seen["state"], &seen["lost"]), (&json!("broken"), &json!(["agency", "centre"])));
    let told = scene.changes();
    let told = app.public().get(&format!("/api/v1/notices/{}", told[1])).expect(200).text;
    assert!(told.contains("密封策略失效") && told.contains("按第 1 号策略密封的投标已无法开启"), "{told}");
    assert!(told.contains("须另定密封策略"), "{told}");
    let page = app.as_("bidder.0001").with("Accept", "text/html");
    let page = page.get(&format!("/tenders/{}/bid?lang=en", scene.tender)).expect(200).text;
    let lost = "No key is left to read shares with: agency (or purchaser), centre.";
    assert!(page.contains(lost), "{page}");
    let first = app.seal_policy(&scene.tender);
    let bidder = app.bidder(1);
    let bid = bidder.seal(&first, "18000001.00");
    bidder.submit(&scene.tender, &bid, "one").expect(201);
    scene.enrol_agency();
    scene.enrol_centre();
    app.hold(LAST);
    scene.settle().expect(200);
    assert_eq!(scene.policy()["state"], "whole");
    let notice = scene.changes().pop().unwrap();
    assert!(app.page(&format!("/notices/{notice}")).contains("已无法开启"));
    // The bid's own page says that its revision is lost unless it is sealed anew, and leads to that notice.
    let page = scene.bid_page("bidder.0001");
    assert!(page.contains("该策略已无法开启投标") && page.contains(&format!("/notices/{notice}")), "{page}");
    let page = scene.bid_page("bidder.0002");
    assert!(!page.contains("该策略已无法开启投标"), "another has not bid");
}

#[test]
fn a_key_that_is_being_revoked_comes_into_no_policy() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    scene.lose(&AGENCY);
    let renewed = scene.enrol_agency();
    // The revocation of one of them is under way and not committed yet.
    let sql = app.sql();
    sql.run(&format!(
        "BEGIN; SET LOCAL session_replication_role = replica;
         SELECT FROM seal_keys WHERE id = '{0}' FOR NO KEY UPDATE;
         UPDATE seal_keys SET revoked_at = hall_now(), revoked_reason = 'x',
                revoked_by = account_id WHERE id = '{0}'",
        renewed[0].key_id
    ))
    .unwrap();
    thread::scope(|scope| {
        let settling = scope.spawn(|| scene.settle());
        app.wait_for_a_lock(|| settling.is_finished());
        sql.run("COMMIT").unwrap();
        let refused = settling.join().unwrap().expect(409).problem("seal-keys-missing");
        assert_eq!(refused["missing"][0]["officers"], 1);
    });
}

#[test]
fn where_the_bidder_alone_holds_the_secret_no_policy_follows() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let path = format!("/api/v1/tenders/{tender}/seal-policies");
    app.as_("agency.one").post(&path, &json!({"reason": "遗失"})).expect(409).problem("wrong-state");
    let list = app.public().get(&path).expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let view = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!(view["sealPolicy"], Value::Null);
    app.hold(NOTICE);
}
