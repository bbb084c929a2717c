//! The trade's own steps, so that a test begins where its matter begins.
//!
//! The works are a park of Taibus Banner with an approved investment of 24,000,000.00, routed to the league; the
//! purchase is one of goods over 1,150,000.00, routed to the banner's own centre. Both are samples.

use serde_json::{Value, json};

use super::{Answer, Client};

/// Monday morning on which the works are registered.
pub const START: &str = "2026-02-09T09:00:00+08:00";
/// Day of the notice.
pub const NOTICE: &str = "2026-02-24T09:00:00+08:00";
/// End of the offer of documents.
pub const OFFERED: &str = "2026-03-03T17:00:00+08:00";
/// Deadline of bids and start of the opening.
pub const DEADLINE: &str = "2026-03-16T09:30:00+08:00";

/// Numbers of the right shape for a project and its tender that a test puts in by hand.
pub fn numbers_of(id: uuid::Uuid) -> (String, String) {
    let serial = id.as_u128() % 10_000_000_000;
    (format!("I152527{serial:010}"), format!("E152527{serial:010}001"))
}

/// Money of the API.
pub fn yuan(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

/// Body of the registration of works over `investment`.
pub fn works(investment: &str) -> Value {
    json!({
        "name": "太仆寺旗滨河公园工程",
        "regionCode": "152527",
        "level": "county",
        "category": "engineering",
        "industryCode": "A02",
        "investment": yuan(investment),
        "estimate": yuan("20000000.00"),
        "approvals": [{
            "kind": "designEstimate", "documentNo": "太发改审批字〔2026〕1号", "date": "2026-01-20",
            "amount": yuan(investment)
        }]
    })
}

/// Body of the registration of a purchase over `budget`.
pub fn purchase(budget: &str) -> Value {
    json!({
        "name": "太仆寺旗办公设备采购",
        "regionCode": "152527",
        "level": "county",
        "category": "procurement",
        "budget": yuan(budget),
        "approvals": [{
            "kind": "budget", "documentNo": "太财采〔2026〕7号", "date": "2026-01-20", "amount": yuan(budget)
        }]
    })
}

/// The document of the works, with a ceiling.
pub fn works_document(ceiling: &str) -> Value {
    json!({
        "scope": "公园的土建、绿化与照明",
        "qualification": ["市政公用工程施工总承包三级及以上"],
        "ceiling": yuan(ceiling),
        "deposit": yuan("400000.00"),
        "termDays": 240,
        "evaluation": {
            "price": {"method": "engComprehensive", "parameters": {
                "benchmark": "trimmedMean", "ceiling": ceiling, "fullMarks": "100", "kAbove": "1", "kBelow": "0.5",
                "scoreDecimals": 4
            }},
            "factors": [{"key": "price", "matter": "price", "weight": "100", "judged": "computed"}],
            "technical": "passFail",
            "ties": "lowerPriceThenDraw",
            "committeeSize": 5
        },
        "contractTerms": "按招标文件第四章"
    })
}

/// The document of the purchase, with a ceiling.
pub fn purchase_document(ceiling: &str) -> Value {
    json!({
        "scope": "办公设备一批",
        "qualification": ["符合政府采购法第二十二条"],
        "ceiling": yuan(ceiling),
        "termDays": 30,
        "evaluation": {
            "price": {"method": "gpComprehensive", "parameters": {"priceWeight": "30"}},
            "factors": [
                {"key": "price", "matter": "price", "weight": "30", "judged": "computed"},
                {"key": "compliance", "matter": "technicalCompliance", "weight": "40", "judged": "objective"},
                {"key": "service", "matter": "afterSales", "weight": "30", "judged": "subjective"}
            ],
            "technical": "marked",
            "ties": "lowerPriceThenDraw",
            "smallEnterprisePercent": "10",
            "committeeSize": 5
        },
        "setAside": {"reserved": false, "ground": "财库〔2020〕46号第六条第（三）项"},
        "contractTerms": "按采购文件第五章"
    })
}

impl Client {
    /// Registers works as the banner's purchaser, with a mandate for `agency.one`.
    pub fn registered_works(&self, investment: &str) -> Answer {
        let mut body = works(investment);
        body["agencyId"] = self.as_("agency.one").organisation().into();
        self.as_("purchaser.taibus").post("/api/v1/projects", &body).expect(201)
    }

    /// Works of 24,000,000.00 that the league's centre has accepted; answers the project's id.
    pub fn works_project(&self) -> String {
        let project = self.registered_works("24000000.00").id();
        self.as_("operator.league").act(&format!("/api/v1/projects/{project}/accept")).expect(200);
        project
    }

    /// A purchase of 1,150,000.00 that the banner's centre has accepted; answers the project's id.
    pub fn purchase_project(&self) -> String {
        let mut body = purchase("1150000.00");
        body["agencyId"] = self.as_("agency.one").organisation().into();
        let project = self.as_("purchaser.taibus").post("/api/v1/projects", &body).expect(201).id();
        self.as_("operator.taibus").act(&format!("/api/v1/projects/{project}/accept")).expect(200);
        project
    }

    /// Body of a tender of the works.
    pub fn works_tender_body(project: &str) -> Value {
        json!({
            "projectId": project,
            "title": "太仆寺旗滨河公园工程施工",
            "procedureId": "engineering-open",
            "document": works_document("19000000.00"),
            "offeredUntil": OFFERED,
            "deadline": DEADLINE
        })
    }

    /// The works' tender, drafted by the agency.
    pub fn works_draft(&self, project: &str) -> Answer {
        self.as_("agency.one").post("/api/v1/tenders", &Self::works_tender_body(project)).expect(201)
    }

    /// The works' tender, drafted by the agency and approved by the purchaser; answers the tender's id.
    pub fn works_tender(&self, project: &str) -> String {
        let draft = self.works_draft(project);
        self.approve(&draft);
        draft.id()
    }

    /// The purchaser approves the document as `draft` shows it.
    pub fn approve(&self, draft: &Answer) -> Answer {
        let hash = json!({"documentHash": draft["documentHash"]});
        self.as_("purchaser.taibus")
            .post(&format!("/api/v1/tenders/{}/approve", draft.id()), &hash)
            .expect(200)
    }

    /// Opening room at the deadline and an evaluation room for two days with rest rooms, booked and confirmed.
    pub fn book_rooms(&self, tender: &str) -> Answer {
        let booking = self.as_("agency.one").post("/api/v1/bookings", &booking(tender)).expect(201);
        self.as_("operator.league").act(&format!("/api/v1/bookings/{}/confirm", booking.id())).expect(200)
    }

    /// The works' tender, published on the day of the notice with its rooms confirmed; answers the tender's id.
    pub fn published_works(&self) -> String {
        let project = self.works_project();
        let tender = self.works_tender(&project);
        self.publish_works(tender)
    }

    /// The same, and its document allows bids of `mebibytes`.
    pub fn published_large_works(&self, mebibytes: u32) -> String {
        let mut body = Self::works_tender_body(&self.works_project());
        body["document"]["maxBidMebibytes"] = mebibytes.into();
        let draft = self.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
        self.approve(&draft);
        self.publish_works(draft.id())
    }

    fn publish_works(&self, tender: String) -> String {
        self.book_rooms(&tender);
        self.hold(NOTICE);
        self.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
        tender
    }
}

/// Body of the booking of a tender's rooms.
pub fn booking(tender: &str) -> Value {
    json!({"tenderId": tender, "slots": [
        {"kind": "opening", "from": DEADLINE, "to": "2026-03-16T11:30:00+08:00"},
        {"kind": "evaluation", "from": "2026-03-16T13:00:00+08:00", "to": "2026-03-17T17:00:00+08:00"},
        {"kind": "rest", "from": "2026-03-16T17:00:00+08:00", "to": "2026-03-17T08:30:00+08:00"}
    ]})
}
