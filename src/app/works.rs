//! Works of Taibus Banner at the league's centre, from their registration to the notice: what the story and the
//! measurements both begin with. Purchaser, names and amounts are invented.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::client::{Client, hall, text, yuan};

/// Who registers and approves.
pub(super) const PURCHASER: &str = "purchaser.taibus";
/// Who acts by mandate.
pub(super) const AGENCY: &str = "agency.one";
/// Who receives and confirms for the centre.
pub(super) const OPERATOR: &str = "operator.league";

/// Who marks key projects.
const OFFICE: &str = "supervisor.office";

/// Works to be put to tender on 2026-02-24.
pub(super) struct Works<'a> {
    /// Start of the names of its steps.
    pub(super) story: &'a str,
    /// Name of the project.
    pub(super) name: &'a str,
    /// Deadline of bids and start of the opening.
    pub(super) deadline: DateTime<Utc>,
    /// Slots to book, by [`slot`].
    pub(super) slots: Vec<Value>,
    /// Whether the supervision office makes the project a key one.
    pub(super) key: bool,
}

/// Works put to tender.
pub(super) struct Tendered {
    /// The project.
    pub(super) project: String,
    /// Its tender.
    pub(super) tender: String,
}

/// A slot of a booking between two times of the business zone.
pub(super) fn slot(kind: &str, from: &str, to: &str) -> anyhow::Result<Value> {
    Ok(json!({"kind": kind, "from": hall(from)?, "to": hall(to)?}))
}

impl Works<'_> {
    /// Registers the project, draws up and approves the document and gets the rooms confirmed.
    pub(super) fn draw_up(&self, client: &Client) -> anyhow::Result<Tendered> {
        client.hold("2026-02-09T09:10")?;
        let project = self.register(client)?;
        let project = text(&project, "/id")?.to_owned();
        client.hold("2026-02-10T10:00")?;
        let accept = format!("/api/v1/projects/{project}/accept");
        client.act(&self.step("accept"), OPERATOR, &accept, &Value::Null)?;
        if self.key {
            let reason = json!({"reason": "全盟重点工程。"});
            let mark = format!("/api/v1/projects/{project}/green-channel");
            client.act(&self.step("key"), OFFICE, &mark, &reason)?;
        }
        client.hold("2026-02-12T10:00")?;
        let draft = json!({
            "projectId": project,
            "title": format!("{}施工", self.name),
            "procedureId": "engineering-open",
            "document": document(),
            "offeredUntil": hall("2026-03-03T17:00")?,
            "deadline": self.deadline,
        });
        let draft = client.act(&self.step("tender"), AGENCY, "/api/v1/tenders", &draft)?;
        let tender = text(&draft, "/id")?.to_owned();
        client.hold("2026-02-13T10:00")?;
        let approval = json!({"documentHash": text(&draft, "/documentHash")?});
        client.act(
            &self.step("approve"),
            PURCHASER,
            &format!("/api/v1/tenders/{tender}/approve"),
            &approval,
        )?;
        let booking = json!({"tenderId": tender, "slots": self.slots});
        let booking = client.act(&self.step("booking"), AGENCY, "/api/v1/bookings", &booking)?;
        let confirm = format!("/api/v1/bookings/{}/confirm", text(&booking, "/id")?);
        client.act(&self.step("confirm"), OPERATOR, &confirm, &Value::Null)?;
        Ok(Tendered { project, tender })
    }

    /// Publishes the notice and the document.
    pub(super) fn publish(&self, client: &Client, tender: &str) -> anyhow::Result<()> {
        client.hold("2026-02-24T09:00")?;
        client.act(
            &self.step("publish"),
            AGENCY,
            &format!("/api/v1/tenders/{tender}/publish"),
            &Value::Null,
        )?;
        Ok(())
    }

    fn step(&self, act: &str) -> String {
        format!("{}.{act}", self.story)
    }

    fn register(&self, client: &Client) -> anyhow::Result<Value> {
        let body = json!({
            "name": self.name,
            "regionCode": "152527",
            "level": "county",
            "category": "engineering",
            "industryCode": "A02",
            "agencyId": client.organisation(AGENCY)?,
            "investment": yuan("24000000.00"),
            "estimate": yuan("20000000.00"),
            "approvals": [{
                "kind": "initiation",
                "documentNo": "太发改审批字〔2026〕1号",
                "date": "2026-01-20",
                "amount": yuan("24000000.00"),
            }],
        });
        client.act(&self.step("register"), PURCHASER, "/api/v1/projects", &body)
    }
}

fn document() -> Value {
    json!({
        "scope": "滨河公园园路、铺装、绿化、给排水、照明及附属设施施工，以施工图和工程量清单为准。",
        "qualification": [
            "具有有效的营业执照，在中华人民共和国境内注册。",
            "具备市政公用工程施工总承包三级及以上资质和有效的安全生产许可证。",
            "项目经理具备市政公用工程专业二级及以上注册建造师资格。",
        ],
        "ceiling": yuan("19000000.00"),
        "deposit": yuan("400000.00"),
        "validityDays": 90,
        "termDays": 180,
        "evaluation": {
            "price": {"method": "engComprehensive", "parameters": {
                "benchmark": "trimmedMean", "ceiling": "19000000.00", "fullMarks": "100",
                "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 4,
            }},
            "factors": [{"key": "price", "matter": "price", "weight": "100", "judged": "computed"}],
            "technical": "passFail",
            "ties": "lowerPriceThenDraw",
            "committeeSize": 5,
        },
        "contractTerms": "固定综合单价合同；按月计量支付；质量保证金按结算价的百分之三预留；缺陷责任期二十四个月。",
    })
}
