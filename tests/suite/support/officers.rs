//! Officers of the bodies that hold shares of bids: two of each, with keys of their own.

use age::x25519::Identity;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tenderhall::{
    identity::model::enrolment_text,
    seal::{BidderKey, KeyEnrolment, envelope::Share, shares::open_share},
};

use super::{
    Answer, Client,
    client::{PASSWORD, form_text},
    works::NOTICE,
};

/// The first officers of the three bodies with the roles of the second.
const FIRST: [(&str, &str); 3] =
    [("agency.one", "agency"), ("operator.league", "operator"), ("supervisor.office", "supervisorOffice")];

/// An officer with an enrolled key.
pub struct Officer<'a> {
    client: &'a Client,
    pub login: String,
    pub member: &'static str,
    pub key_id: String,
    pub identity: Identity,
}

impl Client {
    /// A signing key enrolled for the organisation of `login`.
    pub fn signing_key(&self, login: &str) -> BidderKey {
        let key = BidderKey::from_seed(&rand::random());
        let organisation = self.as_(login).organisation();
        let proof = key.sign(&enrolment_text(organisation.parse().unwrap(), key.public().as_bytes()));
        let body = json!({"publicKey": proof.key, "proof": proof.value});
        self.as_(login)
            .post(&format!("/api/v1/organisations/{organisation}/signing-keys"), &body)
            .expect(201);
        key
    }

    /// Another person of the organisation of `login`, with the password of all; answers its login.
    pub fn colleague(&self, login: &str, role: &str) -> String {
        let name = format!("{login}.second");
        let account = json!({
            "login": name, "displayName": "第二经办人", "kind": "person",
            "organisationId": self.as_(login).organisation(), "role": role
        });
        let made = self.as_("admin").post("/api/v1/accounts", &account).expect(201);
        let secret = made.text_at("/secret");
        let form = format!("grant_type=password&username={name}&password={}", form_text(&secret));
        let token = self.public().form("/api/v1/auth/token", &form).expect(200).text_at("/access_token");
        self.public()
            .with("Authorization", &format!("Bearer {token}"))
            .post("/api/v1/account/password", &json!({"oldPassword": secret, "newPassword": PASSWORD}))
            .expect(200);
        name
    }

    /// The body by which `login` enrols a recipient, signed by `key`.
    pub fn enrolment(&self, login: &str, identity: &Identity, key: &BidderKey) -> Value {
        let me = self.as_(login).get("/api/v1/auth/me").expect(200);
        let word = |pointer: &str| me.text_at(pointer).parse().unwrap();
        let recipient = identity.to_public().to_string();
        let made = KeyEnrolment::of(word("/organisation/id"), word("/account"), recipient, key).unwrap();
        serde_json::to_value(made).unwrap()
    }

    /// Enrols a fresh key of `login`.
    pub fn officer(&self, login: &str, member: &'static str, key: &BidderKey) -> Officer<'_> {
        let identity = Identity::generate();
        let body = self.enrolment(login, &identity, key);
        let enrolled = self.as_(login).post("/api/v1/seal-keys", &body).expect(201);
        Officer { client: self, login: login.to_owned(), member, key_id: enrolled.id(), identity }
    }

    /// Two officers of each body that holds shares of the works' bids, in the order of the bodies.
    pub fn officers(&self) -> Vec<Officer<'_>> {
        let members = ["agency", "centre", "supervisor"];
        let mut officers = Vec::new();
        for ((login, role), member) in FIRST.into_iter().zip(members) {
            let key = self.signing_key(login);
            officers.push(self.officer(login, member, &key));
            let second = self.colleague(login, role);
            officers.push(self.officer(&second, member, &key));
        }
        officers
    }

    /// The works' tender with bids shared out, drafted and approved; answers its id.
    pub fn shared_tender(&self, project: &str, remedy: bool) -> String {
        let mut body = Self::works_tender_body(project);
        body["document"]["sealing"] = json!({"remedy": remedy});
        let draft = self.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
        self.approve(&draft);
        draft.id()
    }

    /// The works' tender with bids shared out among officers, published on the day of the notice.
    pub fn published_shared_works(&self, remedy: bool) -> (String, Vec<Officer<'_>>) {
        let tender = self.shared_tender(&self.works_project(), remedy);
        self.book_rooms(&tender);
        let officers = self.officers();
        self.hold(NOTICE);
        self.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
        (tender, officers)
    }
}

impl Officer<'_> {
    /// What the officer reads of its canary.
    pub fn canary(&self, tender: &str) -> Value {
        let answer =
            self.client.as_(&self.login).get(&format!("/api/v1/tenders/{tender}/canaries")).expect(200);
        let mine =
            answer["items"].as_array().unwrap().iter().find(|line| line["keyId"] == self.key_id.as_str());
        let file = STANDARD.decode(mine.unwrap()["canary"].as_str().unwrap()).unwrap();
        let plain = age::decrypt(&self.identity, &file).unwrap();
        json!({"keyId": self.key_id, "answer": hex::encode(plain)})
    }

    /// Proves to read.
    pub fn prove(&self, tender: &str) -> Answer {
        let body = self.canary(tender);
        self.client.as_(&self.login).post(&format!("/api/v1/tenders/{tender}/canaries"), &body)
    }

    /// The released form of one of its shares of an envelope.
    pub fn open(&self, share: &Share, clause: &[tenderhall::seal::Word]) -> String {
        open_share(share, clause, &self.identity).unwrap().expose_secret().to_owned()
    }
}
