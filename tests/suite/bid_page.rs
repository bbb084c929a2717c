//! A bid sealed in a real browser: the hall takes it, and the program and stock `age` open it and find the same.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fantoccini::Client;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tenderhall::{
    identity::sandbox::sandbox_signing_key,
    kernel::typed::in_yuan,
    portal::bid::{CONTENT_POLICY, scripts},
    seal::{BidderKey, passphrase::protect},
};

use crate::{
    evaluation::Tender,
    pages::{Driver, PATIENCE, accessible, choose, element, fill, open, picture, press, runtime, says},
    support::{
        TestApp,
        client::{PASSWORD, form_text},
        scratch::Scratch,
        works::{DEADLINE, START, works_document},
    },
};

/// Person of the first bidding organisation, whose other account is a program.
const PERSON: &str = "bidder.0001.second";
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/seal/vectors");

/// Runs the page's own `seal.js` over the golden vectors. Answers with what does not hold.
const OVER_VECTORS: &str = r##"
const [v, done] = arguments;
const wrong = [];
const same = (what, one, other) => { if (one !== other) wrong.push(`${what}: ${one} is not ${other}`); };
const bytes = (encoded) => seal.unbase64(encoded);
const hex = (plain) => [...plain].map((byte) => byte.toString(16).padStart(2, "0")).join("");
(async () => {
  for (const { input, canonical } of v.jcs) same("jcs", seal.jcs(JSON.parse(input)), canonical);
  for (const [length, padded] of v.padme) same("padme", seal.padme(length), padded);
  same("policy", await seal.policyDigest(v.policy), v.digests.policy);
  same("general policy", await seal.policyDigest(v.general), v.digests.policyGeneral);
  same("envelope", await seal.digestOf(v.envelope), v.digests.envelope);
  same("withdrawal", await seal.digestOf(v.withdrawal), v.digests.withdrawal);
  same("signature", await seal.isSigned(seal.DOMAIN.envelope, v.envelope), true);
  same("withdrawal's signature", await seal.isSigned(seal.DOMAIN.withdrawal, v.withdrawal), true);
  same("another's signature", await seal.isSigned(seal.DOMAIN.envelope, { ...v.envelope, lot: "2" }), false);
  const opened = await seal.open(v.envelope, bytes(v.bid), seal.identityIn(v.secret));
  const { files, pad, ...manifest } = opened.manifest;
  same("plaintext", hex(await seal.layOut(manifest, opened.files)), v.plaintext);
  const key = await seal.signingKey("# comment\nnWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n");
  same("public key", key.publicKey, v.publicKey);
  const { sig, v: one, ...standing } = v.withdrawal;
  same("a withdrawal", seal.jcs(await seal.withdraw(standing, key)), seal.jcs(v.withdrawal));
  for (const [clause, members] of v.shared.policy.clauses.entries()) {
    for (const officer of ["", "-2"]) {
      const pieces = [];
      for (const member of members) {
        const share = v.shared.envelope.shares.find((one) => one.clause === clause && one.member === member);
        const file = v.shared.keys[member === "bidder" ? "share" : member + officer];
        pieces.push(await seal.decrypted(seal.identityIn(file), bytes(share.age)));
      }
      const { manifest } = await seal.open(v.shared.envelope, bytes(v.shared.bid), seal.rebuilt(pieces));
      same(`clause ${clause}`, manifest.form.price.amount, "18376739.00");
    }
  }
  const checks = (note, result) => seal.checkReceipt(note, v.receiptKey, { result, envelope: v.digests.envelope });
  await checks(v.accepted, "ACCEPTED");
  await checks(v.withdrawn, "WITHDRAWN");
  for (const forged of [v.accepted.replace("ORG-77", "ORG-78"), v.withdrawn]) {
    same("a forged receipt", await checks(forged, "ACCEPTED").catch((flaw) => flaw.word), "receipt");
  }
  for (const name of ["", "..", "a/b", "a\\b", "a\u0000", " a", "a\u202efdp.exe", "长".repeat(86)]) {
    same(`name ${name}`, seal.isFileName(name), false);
  }
  same("name", seal.isFileName("投标函（正本）.pdf"), true);
})().catch((error) => wrong.push(String(error))).then(() => done(wrong));
"##;

/// Texts of an amount, for the page's reading and the program's.
const TYPED: [&str; 33] = [
    "950",
    "950.5",
    "0.000001",
    "0.0000001",
    "0.1234567",
    "1837.6739",
    "1.23",
    "1.234",
    "0",
    "0.00",
    "12,5",
    "1,234",
    "1,234,567.89",
    "1,2345",
    "1.000,00",
    "0,123",
    "02000",
    "2000.",
    ".5",
    "+1",
    "-1",
    "2e3",
    "二千",
    "９５",
    " 950 万元 ",
    "950万",
    "950 萬",
    "9,500,000元",
    "950万万",
    "万元",
    "99999999999999",
    "9999999999.999999",
    "100000000000000",
];

/// The page reads every amount as the program does: the same yuan, or nothing.
async fn amounts_are_read_as_the_program_reads_them(client: &Client) {
    let typed: Vec<_> = TYPED.iter().flat_map(|text| [(*text, "yuan"), (*text, "wan")]).collect();
    let read = "return arguments[0].map(([text, unit]) => inYuan(text, unit))";
    let found = client.execute(read, vec![json!(typed)]).await.unwrap();
    for ((text, unit), found) in typed.into_iter().zip(found.as_array().unwrap()) {
        let wanted = in_yuan(text, unit == "wan").ok().map(|amount| amount.to_string());
        assert_eq!(found.as_str(), wanted.as_deref(), "{text} in {unit}");
    }
}

fn vectors() -> Value {
    let raw = |name: &str| std::fs::read(format!("{VECTORS}/{name}")).unwrap();
    let text = |name: &str| String::from_utf8(raw(name)).unwrap();
    let document = |name: &str| serde_json::from_slice::<Value>(&raw(name)).unwrap();
    let holders =
        ["share", "agency", "agency-2", "centre", "centre-2", "supervisor", "supervisor-2"].into_iter();
    let keys: serde_json::Map<String, Value> =
        holders.map(|name| (name.to_owned(), text(&format!("shared/{name}.key")).into())).collect();
    json!({
        "jcs": document("jcs.json"), "padme": document("padme.json"), "digests": document("digests.json"),
        "policy": document("policy.json"), "general": document("policy-general.json"),
        "envelope": document("envelope.json"), "withdrawal": document("withdrawal.json"),
        "bid": STANDARD.encode(raw("bid.age")), "secret": text("secret.txt"),
        "plaintext": text("plaintext.hex.txt").trim(), "publicKey": text("bidder-key.txt").trim(),
        "receiptKey": text("receipt-key.txt"), "accepted": text("receipt-accepted.txt"),
        "withdrawn": text("receipt-withdrawn.txt"),
        "shared": {"policy": document("shared/policy.json"), "envelope": document("shared/envelope.json"),
            "bid": STANDARD.encode(raw("shared/bid.age")), "keys": keys}
    })
}

/// A bidder at its desk: a browser that saves into a folder, and the files that are chosen.
struct Desk {
    client: Client,
    base: String,
    tender: String,
    folder: PathBuf,
}

impl Desk {
    /// Signs in on the way to the page. Every breach of the content policy from here on is kept by the page.
    async fn begin(client: Client, devtools: &str, base: &str, tender: &str, folder: &Path) -> Self {
        let session = client.session_id().await.unwrap().unwrap();
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        let command = |name: &str, parameters: Value| {
            let url = format!("{devtools}/session/{session}/goog/cdp/execute");
            agent.post(&url).send_json(json!({"cmd": name, "params": parameters})).unwrap();
        };
        let saves = json!({"behavior": "allow", "downloadPath": folder});
        command("Browser.setDownloadBehavior", saves);
        let listens = "window.breaches = []; addEventListener('securitypolicyviolation', (event) => \
                       breaches.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))";
        command("Page.addScriptToEvaluateOnNewDocument", json!({"source": listens}));
        open(&client, &format!("{base}/login?lang=zh&next=%2Ftenders%2F{tender}%2Fbid")).await;
        fill(&client, "#login", PERSON).await;
        fill(&client, "#password", PASSWORD).await;
        press(&client, ".sign-in button").await;
        let desk =
            Self { client, base: base.to_owned(), tender: tender.to_owned(), folder: folder.to_owned() };
        desk.says(".stage", &["密封投标"]).await;
        desk
    }

    async fn says(&self, selector: &str, wanted: &[&str]) {
        says(&self.client, selector, wanted).await;
    }

    async fn visit(&self, language: &str) {
        open(&self.client, &format!("{}/tenders/{}/bid?lang={language}", self.base, self.tender)).await;
        self.no_breach().await;
    }

    async fn no_breach(&self) {
        let breaches = self.client.execute("return window.breaches", Vec::new()).await.unwrap();
        assert_eq!(breaches, json!([]), "the content policy was broken");
        accessible(&self.client, "the bid page").await;
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    async fn choose(&self, selector: &str, names: &[&str]) {
        let paths: Vec<String> = names.iter().map(|name| self.file(name).display().to_string()).collect();
        element(&self.client, selector).await.send_keys(&paths.join("\n")).await.unwrap();
    }

    /// Fills the form and seals.
    async fn seal(&self, price: &str, files: &[&str]) {
        element(&self.client, "#seal-form:not([hidden])").await;
        fill(&self.client, "#price", price).await;
        self.seal_part(files).await;
    }

    /// Seals what the form has, with these files.
    async fn seal_part(&self, files: &[&str]) {
        element(&self.client, "#seal-form:not([hidden])").await;
        self.client.execute("document.getElementById('files').value = ''", Vec::new()).await.unwrap();
        self.choose("#files", files).await;
        self.choose("#key", &["bidder.key"]).await;
        press(&self.client, "#seal-form button").await;
    }

    /// What a press of `button` has saved; its name begins with the tender's code.
    async fn saved(&self, button: &str, ending: &str) -> PathBuf {
        press(&self.client, button).await;
        let begun = Instant::now();
        loop {
            let mut found = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
            let found = found.find(|path| path.to_string_lossy().ends_with(ending));
            if let Some(path) = found {
                return path;
            }
            assert!(begun.elapsed() < PATIENCE, "nothing saved as {ending}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Saves the key, proves that it is saved, and hands the bid in. Answers where the key stands.
    async fn submit(&self, kept: &str) -> PathBuf {
        says(&self.client, "#sealed", &["核对并保存密钥"]).await;
        let sends = "return document.getElementById('submit').disabled";
        assert_eq!(self.client.execute(sends, Vec::new()).await.unwrap(), true, "the key is not saved yet");
        let key = self.saved("#save-key", kept).await;
        self.choose("#kept", &["bidder.key"]).await;
        self.says("#kept-note", &["不是刚保存的"]).await;
        assert_eq!(self.client.execute(sends, Vec::new()).await.unwrap(), true, "another file is no proof");
        self.choose("#kept", &[key.file_name().unwrap().to_str().unwrap()]).await;
        self.says("#kept-well", &["内容一致"]).await;
        press(&self.client, "#submit").await;
        key
    }
}

/// Folder, hall and bidders of a scene; the person's key file and two files stand in the folder.
fn prepare(app: &TestApp) -> Scratch {
    app.colleague("bidder.0001", "bidder");
    let folder = Scratch::new("bid-page");
    let key = BidderKey::from_seed(&sandbox_signing_key(PASSWORD, "bidder.0001"));
    std::fs::write(folder.path().join("bidder.key"), key.file_text().expose_secret()).unwrap();
    std::fs::write(folder.path().join("投标函.txt"), "愿以上述价格承包。").unwrap();
    std::fs::write(folder.path().join("施工组织设计.pdf"), vec![7_u8; 300_000]).unwrap();
    folder
}

/// Stock age, told nothing but the identity.
fn stock_age(identity: &Path, file: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut age = Command::new("age");
    age.arg("-d").arg("-i").arg(identity).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut age = age.spawn().expect("age is missing: scripts/install tests");
    let mut input = age.stdin.take().unwrap();
    let file = file.to_owned();
    let feeder = std::thread::spawn(move || input.write_all(&file));
    let done = age.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(done.status.success());
    done.stdout
}

/// `tenderhall open` over what was saved; answers the manifest.
fn opened(folder: &Path, envelope: &Path, bid: &Path, secret: &Path) -> Value {
    let out = folder.join("opened");
    let mut program = Command::new(env!("CARGO_BIN_EXE_tenderhall"));
    program.arg("open").arg("--json").arg("--envelope").arg(envelope).arg("--bid").arg(bid);
    let done = program.arg("--secret").arg(secret).arg("--out").arg(&out).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::read(out.join("施工组织设计.pdf")).unwrap(), vec![7_u8; 300_000]);
    assert_eq!(std::fs::read_to_string(out.join("投标函.txt")).unwrap(), "愿以上述价格承包。");
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    said["manifest"].clone()
}

#[test]
fn a_bidder_seals_replaces_withdraws_and_releases_in_the_page() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let folder = prepare(&app);
    let policy = app.seal_policy(&tender);
    for number in [2, 3] {
        let bidder = app.bidder(number);
        bidder.submit(&tender, &bidder.seal(&policy, "18000000.00"), "one").expect(201);
    }
    let driver = Driver::start();
    let base = format!("http://{}", app.address());
    let devtools = driver.devtools();
    let app = std::sync::Arc::new(app);
    let hall = std::sync::Arc::clone(&app);
    runtime().block_on(driver.drive(false, async move |client| {
        let desk = Desk::begin(client, &devtools, &base, &tender, folder.path()).await;
        // Tall, so that a picture shows a step whole.
        desk.client.set_window_size(1280, 1600).await.unwrap();
        desk.says("#own-none", &["尚未递交"]).await;
        let wrong = desk.client.execute_async(OVER_VECTORS, vec![vectors()]).await.unwrap();
        assert_eq!(wrong, json!([]), "seal.js and the golden vectors");
        amounts_are_read_as_the_program_reads_them(&desk.client).await;
        what_is_wrong_is_said(&desk).await;
        first_revision(&desk, &folder).await;
        let list = || hall.as_("bidder.0001").get("/api/v1/bids").expect(200);
        assert_eq!(list()["items"][0]["revision"], 1);
        priced_in_wan(&desk).await;
        replaced_and_withdrawn(&desk, &hall).await;
        late_and_released(&desk, &hall).await;
    }));
}

async fn what_is_wrong_is_said(desk: &Desk) {
    desk.says("#seal-form", &["报价与承诺"]).await;
    picture(&desk.client, "bid-page-zh").await;
    desk.seal("12,5", &["投标函.txt"]).await;
    desk.says("#price-note", &["至多两位小数"]).await;
    accessible(&desk.client, "a wrong price").await;
    // 1234.567 yuan: finer than a fen, and nothing is rounded.
    choose(&desk.client, "#price-unit", "wan").await;
    desk.seal("0.1234567", &["投标函.txt"]).await;
    desk.says("#price-note", &["以万元计至多六位小数"]).await;
    let shown = "return [...document.querySelectorAll('#price-read, #sealed')].map((part) => part.hidden)";
    assert_eq!(desk.client.execute(shown, Vec::new()).await.unwrap(), json!([true, true]));
    fill(&desk.client, "#price", "0.123456").await;
    desk.says("#price-read", &["密封的报价： 1,234.56 元"]).await;
    choose(&desk.client, "#price-unit", "yuan").await;
    fill(&desk.client, "#price", "18376739.00").await;
    desk.client.execute("document.getElementById('key').value = ''", Vec::new()).await.unwrap();
    press(&desk.client, "#seal-form button").await;
    desk.says("#key-note", &["请选择密钥文件"]).await;
    desk.choose("#key", &["投标函.txt"]).await;
    press(&desk.client, "#seal-form button").await;
    desk.says("#key-note", &["不是 tenderhall keygen"]).await;
    a_passphrase_opens_the_key(desk).await;
    std::fs::write(desk.file("large.bin"), vec![1_u8; 1_050_000]).unwrap();
    desk.seal("18376739.00", &["large.bin"]).await;
    desk.says("#seal-note", &["超过可递交的大小", "1 MiB", "请减少文件"]).await;
    desk.no_breach().await;
}

/// A key file that a passphrase protects, armoured or not, seals as any other once its passphrase is typed.
async fn a_passphrase_opens_the_key(desk: &Desk) {
    let passphrase = "口令 with spaces";
    let key = std::fs::read_to_string(desk.file("bidder.key")).unwrap();
    let protected = protect(&key.into(), passphrase.to_owned().into()).unwrap();
    std::fs::write(desk.file("protected.key"), &protected).unwrap();
    let encoded = STANDARD.encode(&protected);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let armoured = format!(
        "-----BEGIN AGE ENCRYPTED FILE-----\n{}\n-----END AGE ENCRYPTED FILE-----\n",
        lines.join("\n")
    );
    std::fs::write(desk.file("armoured.key"), &armoured).unwrap();
    std::fs::write(desk.file("damaged.key"), armoured.replace("END", "FIN")).unwrap();
    let seals = async |name: &str, typed: &str| {
        desk.choose("#key", &[name]).await;
        says(&desk.client, "#key-passphrase-field:not([hidden])", &["密钥文件的口令"]).await;
        fill(&desk.client, "#key-passphrase", typed).await;
        press(&desk.client, "#seal-form button").await;
    };
    seals("protected.key", "").await;
    desk.says("#key-passphrase-note", &["请输入口令"]).await;
    seals("protected.key", "another").await;
    desk.says("#key-passphrase-note", &["口令不对"]).await;
    picture(&desk.client, "bid-passphrase-zh").await;
    accessible(&desk.client, "a protected key").await;
    seals("damaged.key", passphrase).await;
    desk.says("#key-note", &["密钥文件已损坏"]).await;
    for name in ["protected.key", "armoured.key"] {
        seals(name, passphrase).await;
        desk.says("#sealed", &["核对并保存密钥"]).await;
    }
    desk.choose("#key", &["bidder.key"]).await;
    let asks = "return document.getElementById('key-passphrase-field').hidden";
    assert_eq!(desk.client.execute(asks, Vec::new()).await.unwrap(), true, "this key has no passphrase");
    desk.no_breach().await;
}

async fn first_revision(desk: &Desk, folder: &Scratch) {
    desk.seal("18376739.00", &["投标函.txt", "施工组织设计.pdf"]).await;
    desk.says("#sealed", &["18,376,739.00", "施工组织设计.pdf — 300,000"]).await;
    picture(&desk.client, "bid-sealed-zh").await;
    let secret = desk.submit("r1-secret.txt").await;
    desk.says("#receipt-title", &["已受理"]).await;
    desk.says("#receipt-checked", &["签名已用大厅公布的公钥核对"]).await;
    desk.says("#receipt-text", &["result ACCEPTED", "revision 1 prev -"]).await;
    desk.says("#own", &["已受理，有效"]).await;
    picture(&desk.client, "bid-receipt-zh").await;
    desk.no_breach().await;
    let envelope = desk.saved("[data-save='envelope']", "r1-envelope.json").await;
    let bid = desk.saved("[data-save='bid']", "r1-bid.age").await;
    desk.saved("[data-save='receipt']", "r1-receipt.txt").await;
    let manifest = opened(folder.path(), &envelope, &bid, &secret);
    assert_eq!(manifest["form"]["price"], json!({"amount": "18376739.00", "currency": "CNY"}));
    let plain = stock_age(&secret, &std::fs::read(&bid).unwrap());
    assert!(plain.starts_with(b"THALLBD1"), "stock age opens it");
    let digest = hex::encode(Sha256::digest(std::fs::read(&envelope).unwrap()));
    desk.says("#own-envelope", &[&digest]).await;
}

/// 950 万元 is sealed as 9500000.00 yuan, and the page says so before and after.
async fn priced_in_wan(desk: &Desk) {
    choose(&desk.client, "#price-unit", "wan").await;
    desk.seal("950", &["投标函.txt", "施工组织设计.pdf"]).await;
    desk.says("#price-read", &["密封的报价： 9,500,000.00 元"]).await;
    desk.says("#sealed-price", &["9,500,000.00"]).await;
    // So tall that a picture has the price as it was typed and the step that shows it sealed.
    desk.client.set_window_size(1280, 1950).await.unwrap();
    let down = "document.getElementById('sealed').scrollIntoView({block: 'end'})";
    desk.client.execute(down, Vec::new()).await.unwrap();
    picture(&desk.client, "bid-sealed").await;
    desk.client.set_window_size(1280, 1600).await.unwrap();
    let secret = desk.submit("r2-secret.txt").await;
    desk.says("#receipt-text", &["result ACCEPTED", "revision 2 prev sha256:"]).await;
    let envelope = desk.saved("[data-save='envelope']", "r2-envelope.json").await;
    let bid = desk.saved("[data-save='bid']", "r2-bid.age").await;
    let manifest = opened(&desk.file("in-wan"), &envelope, &bid, &secret);
    assert_eq!(manifest["form"]["price"], json!({"amount": "9500000.00", "currency": "CNY"}));
    choose(&desk.client, "#price-unit", "yuan").await;
}

async fn replaced_and_withdrawn(desk: &Desk, hall: &TestApp) {
    let states = || {
        let list = hall.as_("bidder.0001").get("/api/v1/bids").expect(200);
        let mut items = list["items"].as_array().unwrap().clone();
        // On a clock that is held all were taken in at one moment.
        items.sort_by_key(|bid| std::cmp::Reverse(bid["revision"].as_u64()));
        items.iter().map(|bid| json!([bid["revision"], bid["state"]])).collect::<Vec<_>>()
    };
    // In the same visit, and after a new one: both know what the next revision follows.
    desk.seal("18000000.01", &["投标函.txt"]).await;
    desk.submit("r3-secret.txt").await;
    desk.says("#receipt-text", &["result ACCEPTED", "revision 3 prev sha256:"]).await;
    desk.visit("zh").await;
    desk.says("#own", &["已受理，有效"]).await;
    press(&desk.client, "#withdraw-go").await;
    desk.says("#withdraw-key-note", &["请选择密钥文件"]).await;
    desk.choose("#withdraw-key", &["bidder.key"]).await;
    press(&desk.client, "#withdraw-go").await;
    desk.says("#withdraw-sure-note", &["请先勾选"]).await;
    press(&desk.client, "#withdraw-sure").await;
    press(&desk.client, "#withdraw-go").await;
    desk.says("#receipt-text", &["result WITHDRAWN", "revision 3"]).await;
    desk.says("#receipt-checked", &["签名已用"]).await;
    desk.says("#own-state", &["已撤回"]).await;
    assert_eq!(states(), [json!([3, "withdrawn"]), json!([2, "superseded"]), json!([1, "superseded"])]);
    desk.visit("zh").await;
    desk.seal("17999999.99", &["投标函.txt"]).await;
    desk.submit("r4-secret.txt").await;
    desk.says("#receipt-text", &["result ACCEPTED", "revision 4"]).await;
    assert_eq!(states()[0], json!([4, "accepted"]));
}

async fn late_and_released(desk: &Desk, hall: &TestApp) {
    desk.seal("16000000.00", &["投标函.txt"]).await;
    hall.hold(DEADLINE);
    desk.submit("r5-secret.txt").await;
    desk.says("#submit-note", &["已到投标截止时间", "招标投标法 28"]).await;
    desk.says("#receipt-title", &["逾期"]).await;
    desk.says("#receipt-text", &["result REFUSED_LATE"]).await;
    desk.says("#receipt-checked", &["签名已用"]).await;
    desk.no_breach().await;
    desk.visit("zh").await;
    desk.says("main", &["投标截止时间已到"]).await;
    desk.choose("#release-key", &["bidder.key"]).await;
    press(&desk.client, "#release-go").await;
    desk.says("#release-key-note", &["不是投标时保存的密钥文件"]).await;
    let saved = std::fs::read_dir(&desk.folder).unwrap().map(|entry| entry.unwrap().file_name());
    let saved: Vec<String> = saved.map(|name| name.into_string().unwrap()).collect();
    let key = |ending: &str| saved.iter().find(|name| name.ends_with(ending)).unwrap().clone();
    desk.choose("#release-key", &[&key("r1-secret.txt")]).await;
    press(&desk.client, "#release-go").await;
    desk.says("#release-note", &["该密钥不是此投标的密钥"]).await;
    desk.choose("#release-key", &[&key("r4-secret.txt")]).await;
    press(&desk.client, "#release-go").await;
    desk.says("#release-well", &["已释放，本投标可以开启"]).await;
    picture(&desk.client, "bid-release-zh").await;
    desk.no_breach().await;
}

/// Breaks the line for the second chunk of every upload until `line` is mended, and counts the chunks that are sent.
const BROKEN_LINE: &str =
    "const real = window.fetch; window.line = false; window.chunks = []; window.lost = 0;
    window.fetch = (path, options) => {
      const [, n] = /chunks\\/(\\d+)$/.exec(path) ?? [];
      if (n === '1' && !window.line) return Promise.reject(new TypeError(`lost ${window.lost += 1}`));
      if (n) window.chunks.push(n);
      return real(path, options);
    }";

#[test]
fn a_large_bid_of_the_page_is_uploaded_and_goes_on_where_the_line_broke() {
    let app = TestApp::sandbox(START);
    let tender = app.published_large_works(24);
    let folder = prepare(&app);
    let large = b"drawings".repeat(1_125_000);
    std::fs::write(folder.path().join("图纸.pdf"), &large).unwrap();
    // From pages that were closed: they fill the bidder's places for this tender.
    let bidder = app.bidder(1);
    for _ in 0..4 {
        bidder.begin_upload(&tender, 2_000_000).expect(201);
    }
    drop(bidder);
    let driver = Driver::start();
    let base = format!("http://{}", app.address());
    let devtools = driver.devtools();
    let app = std::sync::Arc::new(app);
    let hall = std::sync::Arc::clone(&app);
    runtime().block_on(driver.drive(false, async move |client| {
        let desk = Desk::begin(client, &devtools, &base, &tender, folder.path()).await;
        desk.client.set_window_size(1280, 1800).await.unwrap();
        desk.says("#files-hint", &["24 MiB"]).await;
        desk.client.execute(BROKEN_LINE, Vec::new()).await.unwrap();
        desk.seal("18376739.00", &["图纸.pdf"]).await;
        let secret = desk.submit("r1-secret.txt").await;
        desk.says("#submit-large", &["已上传不等于已递交"]).await;
        desk.says("#submit-note", &["未提交的上传"]).await;
        picture(&desk.client, "bid-uploads-zh").await;
        press(&desk.client, "#upload-list button").await;
        says(&desk.client, "#upload-list li:nth-child(3):last-child", &["2,000,000 字节"]).await;
        press(&desk.client, "#submit").await;
        // It tries again by itself for some seconds, and says then how far it came.
        let locked =
            "return [...document.querySelectorAll('#seal-form fieldset')].every((one) => one.disabled)";
        assert_eq!(
            desk.client.execute(locked, Vec::new()).await.unwrap(),
            true,
            "what goes out cannot change"
        );
        desk.says("#submit-note", &["上传中断，尚未递交"]).await;
        desk.says("#upload-said", &["1 / 2"]).await;
        assert_eq!(desk.client.execute("return window.lost", Vec::new()).await.unwrap(), 5);
        assert_eq!(desk.client.execute(locked, Vec::new()).await.unwrap(), false);
        picture(&desk.client, "bid-upload-zh").await;
        desk.no_breach().await;
        desk.client.execute("window.line = true", Vec::new()).await.unwrap();
        press(&desk.client, "#submit").await;
        desk.says("#receipt-text", &["result ACCEPTED"]).await;
        let sent = desk.client.execute("return window.chunks", Vec::new()).await.unwrap();
        assert_eq!(sent, json!(["0", "1"]), "no chunk is sent twice");
        desk.no_breach().await;
        let bid = hall.as_("bidder.0001").get("/api/v1/bids").expect(200).text_at("/items/0/id");
        let bid = hall.as_("bidder.0001").get(&format!("/api/v1/bids/{bid}")).expect(200);
        let digest = bid["envelope"]["payload"]["sha256"].as_str().unwrap().to_owned();
        let saved = desk.saved("[data-save='bid']", "r1-bid.age").await;
        let saved = std::fs::read(&saved).unwrap();
        assert_eq!(hex::encode(Sha256::digest(&saved)), digest, "the hall has what was sealed");
        assert!(stock_age(&secret, &saved).windows(large.len()).any(|piece| piece == large));
        // What was uploaded of a bid that is then changed serves nothing, and goes.
        desk.client.execute("window.line = false", Vec::new()).await.unwrap();
        desk.seal("18000000.00", &["图纸.pdf"]).await;
        desk.submit("r2-secret.txt").await;
        desk.says("#submit-note", &["上传中断，尚未递交"]).await;
        let open = || {
            let list = hall.as_("bidder.0001").get(&format!("/api/v1/tenders/{tender}/uploads")).expect(200);
            list["items"].as_array().unwrap().len()
        };
        assert_eq!(open(), 4);
        fill(&desk.client, "#price", "18000001.00").await;
        let begun = Instant::now();
        while open() > 3 {
            assert!(begun.elapsed() < PATIENCE, "the upload is still there");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }));
}

const PARTS: [&str; 3] = ["qualification", "technical", "price"];

#[test]
fn a_divided_bid_is_sealed_and_released_part_by_part_in_the_page() {
    let app = TestApp::sandbox(START);
    let mut document = works_document("19000000.00");
    document["stages"] = json!([["qualification", "technical"], ["price"]]);
    let tender = Tender::works_by(&app, &document).id;
    let folder = prepare(&app);
    let policy = app.seal_policy(&tender);
    for (number, part) in (2..=3).flat_map(|number| PARTS.map(|part| (number, part))) {
        let bidder = app.bidder(number);
        bidder.submit(&tender, &bidder.seal_part(&policy, part, "18000000.00", None), part).expect(201);
    }
    let driver = Driver::start();
    let base = format!("http://{}", app.address());
    let devtools = driver.devtools();
    let app = std::sync::Arc::new(app);
    let hall = std::sync::Arc::clone(&app);
    runtime().block_on(driver.drive(false, async move |client| {
        let desk = Desk::begin(client, &devtools, &base, &tender, folder.path()).await;
        desk.client.set_window_size(1280, 1800).await.unwrap();
        desk.says("#parts-lack", &["资格部分、技术部分、报价部分", "视为撤回"]).await;
        desk.says("#own-title", &["资格部分"]).await;
        let asks = "return ['price', 'term'].map((field) => Boolean(document.getElementById(field)))";
        let asks = async || desk.client.execute(asks, Vec::new()).await.unwrap();
        assert_eq!(asks().await, json!([false, true]));
        desk.seal_part(&["投标函.txt"]).await;
        desk.says("#sealed", &["投标函.txt"]).await;
        desk.submit("qualification-r1-secret.txt").await;
        desk.says("#receipt-text", &["result ACCEPTED"]).await;
        desk.says("#parts-lack", &["尚未递交：技术部分、报价部分"]).await;
        desk.says("#parts li:first-child", &["已受理，有效"]).await;
        picture(&desk.client, "bid-parts-zh").await;
        desk.no_breach().await;
        // A new visit goes on with what is missing.
        desk.visit("zh").await;
        desk.says("#own-title", &["技术部分"]).await;
        assert_eq!(asks().await, json!([false, false]));
        // Whoever presses twice seals once.
        let counts = "const real = seal.make; window.made = 0;
             seal.make = (...given) => (window.made += 1, real(...given));
             document.querySelector('#seal-form').addEventListener('submit', () => {
               if (!window.again) setTimeout(() => (window.again = true, document.querySelector('#seal-form').requestSubmit()));
             })";
        desk.client.execute(counts, Vec::new()).await.unwrap();
        desk.seal_part(&["施工组织设计.pdf"]).await;
        desk.says("#sealed", &["施工组织设计.pdf"]).await;
        let made = "return [window.made, window.again]";
        assert_eq!(desk.client.execute(made, Vec::new()).await.unwrap(), json!([1, true]));
        desk.submit("technical-r1-secret.txt").await;
        desk.says("#parts-lack", &["尚未递交：报价部分"]).await;
        press(&desk.client, "#parts li:last-child a").await;
        desk.says("#own-title", &["报价部分"]).await;
        assert_eq!(asks().await, json!([true, false]));
        desk.seal("18376739.00", &["投标函.txt"]).await;
        desk.says("#sealed-price", &["18,376,739.00"]).await;
        desk.submit("price-r1-secret.txt").await;
        desk.says("#parts-whole", &["投标完整"]).await;
        desk.no_breach().await;
        let list = hall.as_("bidder.0001").get("/api/v1/bids").expect(200);
        let mut parts: Vec<&str> =
            list["items"].as_array().unwrap().iter().map(|bid| bid["part"].as_str().unwrap()).collect();
        parts.sort_unstable();
        assert_eq!(parts, ["price", "qualification", "technical"]);
        hall.hold(DEADLINE);
        for part in &PARTS[..2] {
            open(&desk.client, &format!("{base}/tenders/{tender}/bid?lang=zh&part={part}")).await;
            let saved = std::fs::read_dir(&desk.folder).unwrap().map(|entry| entry.unwrap().file_name());
            let mut saved = saved.map(|name| name.into_string().unwrap());
            let key = saved.find(|name| name.ends_with(&format!("{part}-r1-secret.txt"))).unwrap();
            desk.choose("#release-key", &[&key]).await;
            press(&desk.client, "#release-go").await;
            desk.says("#release-well", &["已释放，本投标可以开启"]).await;
            desk.no_breach().await;
        }
        press(&desk.client, "#parts li:last-child a").await;
        desk.says("main", &["这一部分在后一阶段开启"]).await;
        picture(&desk.client, "bid-later-zh").await;
        desk.visit("en").await;
        desk.says("#parts", &["Qualification", "Technical part", "Price"]).await;
        picture(&desk.client, "bid-parts-en").await;
    }));
}

#[test]
fn a_shared_bid_of_the_page_opens_by_bidder_and_agency() {
    let app = TestApp::sandbox(START);
    let (tender, officers) = app.published_shared_works(true);
    let folder = prepare(&app);
    let agency = officers[0].identity.to_string();
    std::fs::write(folder.path().join("agency.key"), agency.expose_secret()).unwrap();
    let driver = Driver::start();
    let base = format!("http://{}", app.address());
    let devtools = driver.devtools();
    let (desk_base, desk_tender, desk_folder) = (base.clone(), tender.clone(), folder.path().to_owned());
    let desk_devtools = devtools.clone();
    runtime().block_on(async {
        let scene = async move |client: Client| {
            let desk = Desk::begin(client, &desk_devtools, &desk_base, &desk_tender, &desk_folder).await;
            desk.client.set_window_size(1280, 1600).await.unwrap();
            desk.visit("en").await;
            desk.says(".bid-limit", &["trust the server", "By command line"]).await;
            picture(&desk.client, "bid-page-en").await;
            desk.visit("zh").await;
            desk.says(
                "#policy-title + dl",
                &["投标人与代理机构", "代理机构（或招标人）与交易中心与监督部门"],
            )
            .await;
            desk.seal("18376739.00", &["投标函.txt", "施工组织设计.pdf"]).await;
            let share = desk.submit("r1-share.key").await;
            desk.says("#receipt-text", &["result ACCEPTED"]).await;
            let envelope = desk.saved("[data-save='envelope']", "r1-envelope.json").await;
            let bid = desk.saved("[data-save='bid']", "r1-bid.age").await;
            desk.no_breach().await;
            let secret = joined(&envelope, &share, &desk.file("agency.key"));
            std::fs::write(desk.file("secret.txt"), secret).unwrap();
            let manifest = opened(&desk.folder, &envelope, &bid, &desk.file("secret.txt"));
            assert_eq!(manifest["form"]["price"]["amount"], "18376739.00");
        };
        driver.drive(false, scene).await;
        let folder = folder.path().to_owned();
        let scene = async move |client: Client| {
            let desk = Desk::begin(client, &devtools, &base, &tender, &folder).await;
            desk.visit("zh").await;
            desk.says("#own", &["已受理，有效"]).await;
            picture(&desk.client, "bid-phone").await;
        };
        driver.drive(true, scene).await;
    });
}

#[test]
fn the_page_says_what_a_lost_policy_means_and_seals_anew_for_the_one_that_follows() {
    let app = TestApp::sandbox(START);
    let (tender, officers) = app.published_shared_works(false);
    let lost: Vec<String> = officers[..2].iter().map(|officer| officer.key_id.clone()).collect();
    drop(officers);
    let folder = prepare(&app);
    let bidder = app.bidder(1);
    bidder.submit(&tender, &bidder.seal(&app.seal_policy(&tender), "18000000.00"), "one").expect(201);
    drop(bidder);
    let driver = Driver::start();
    let base = format!("http://{}", app.address());
    let devtools = driver.devtools();
    let app = std::sync::Arc::new(app);
    let hall = std::sync::Arc::clone(&app);
    runtime().block_on(driver.drive(false, async move |client| {
        let desk = Desk::begin(client, &devtools, &base, &tender, folder.path()).await;
        desk.client.set_window_size(1280, 1600).await.unwrap();
        let reason = json!({"reason": "遗失"});
        for key in &lost {
            hall.as_("agency.one").post(&format!("/api/v1/seal-keys/{key}/revoke"), &reason).expect(200);
        }
        desk.visit("zh").await;
        let note = ["代理机构（或招标人）的份额密钥已全部失效", "仍可由其余条款开启"];
        desk.says("#policy-title + .form-note", &note).await;
        picture(&desk.client, "bid-weakened-zh").await;
        let project =
            hall.public().get(&format!("/api/v1/tenders/{tender}")).expect(200).text_at("/projectId");
        open(&desk.client, &format!("{base}/projects/{project}?lang=zh")).await;
        says(&desk.client, "#policy-note .form-note", &note).await;
        accessible(&desk.client, "the project").await;
        picture(&desk.client, "project-weakened-zh").await;

        let key = hall.signing_key("agency.one");
        for login in ["agency.one", "agency.one.second"] {
            hall.officer(login, "agency", &key);
        }
        hall.as_("agency.one").post(&format!("/api/v1/tenders/{tender}/seal-policies"), &reason).expect(200);
        desk.visit("en").await;
        desk.says("#own-earlier", &["sealed for the policy before", "It stands"]).await;
        picture(&desk.client, "bid-followed-en").await;
        desk.visit("zh").await;
        desk.seal("17000000.00", &["投标函.txt"]).await;
        desk.submit("r2-share.key").await;
        desk.says("#receipt-text", &["result ACCEPTED", "revision 2"]).await;
        let left = "return document.getElementById('own-earlier')";
        assert_eq!(desk.client.execute(left, Vec::new()).await.unwrap(), Value::Null);
        desk.no_breach().await;
    }));
    drop(app);
}

/// The secret as two holders find it: each decrypts its share of the first clause with stock age, and one XOR.
fn joined(envelope: &Path, bidder: &Path, agency: &Path) -> Vec<u8> {
    let envelope: Value = serde_json::from_slice(&std::fs::read(envelope).unwrap()).unwrap();
    let piece = |member: &str, identity: &Path| {
        let mut shares = envelope["shares"].as_array().unwrap().iter();
        let share = shares.find(|share| share["clause"] == 0 && share["member"] == member).unwrap();
        stock_age(identity, &STANDARD.decode(share["age"].as_str().unwrap()).unwrap())
    };
    let agency = piece("agency", agency);
    piece("bidder", bidder).iter().zip(agency).map(|(one, other)| one ^ other).collect()
}

#[test]
fn the_page_is_for_bidders_under_a_policy_of_its_own() {
    let app = TestApp::sandbox(START);
    let draft = app.works_tender(&app.works_project());
    let tender = app.published_works();
    let page = |login: Option<&str>, tender: &str| {
        let caller = login.map_or_else(|| app.public(), |login| app.as_(login));
        caller.with("Accept", "text/html").send(
            "GET",
            &format!("/tenders/{tender}/bid?lang=en"),
            None,
            Vec::new(),
        )
    };
    let sent = page(None, &tender).expect(303);
    assert!(sent.header("location").starts_with(&format!("/login?next=%2Ftenders%2F{tender}%2Fbid")));
    assert!(page(Some("agency.one"), &tender).expect(403).text.contains("This page is for bidders"));
    assert_eq!(page(Some("bidder.0001"), &draft).status, 404);
    assert_eq!(page(Some("bidder.0001"), "none").status, 404);
    let own = page(Some("bidder.0001"), &tender).expect(200);
    assert_eq!(
        own.header("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    assert_eq!(own.header("content-security-policy"), CONTENT_POLICY);
    assert_eq!(own.header("cache-control"), "no-store");
    assert_eq!(own.text.matches("<script").count(), 3, "nothing else runs on the page");
    let readme = include_str!("../../docs/seal/README.md");
    for script in scripts() {
        let served = app.public().send("GET", &script.href, None, Vec::new()).expect(200);
        assert_eq!(hex::encode(Sha256::digest(served.text.as_bytes())), script.digest, "{}", script.name);
        let tag = format!("<script src=\"{}\" integrity=\"{}\" defer>", script.href, script.integrity);
        assert!(own.text.contains(&tag), "{tag}");
        assert!(own.text.contains(&format!("<code>{}</code>", script.digest)), "a supervisor can compare it");
        let row = format!("| `{}` | `{}` |", script.name, script.digest);
        assert!(readme.contains(&row), "docs/seal/README.md lacks {row}");
    }
    let digest = app.seal_policy(&tender).digest().to_string();
    assert!(own.text.contains(&format!("<code>{digest}</code>")));
    // The way in tells everybody the same, whoever has bid.
    let project = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200).text_at("/projectId");
    let before = app.page(&format!("/projects/{project}?lang=zh"));
    assert!(before.contains(&format!("/tenders/{tender}/bid?lang=zh")));
    let bidder = app.bidder(1);
    bidder.submit(&tender, &bidder.seal(&app.seal_policy(&tender), "18000000.00"), "one").expect(201);
    assert_eq!(app.page(&format!("/projects/{project}?lang=zh")), before);
    assert!(page(Some("bidder.0001"), &tender).text.contains("Taken in, stands"));
    assert!(page(Some("bidder.0002"), &tender).text.contains("None submitted"), "another's bid is not shown");
    app.hold(DEADLINE);
    let after = app.page(&format!("/projects/{project}?lang=zh"));
    assert!(!after.contains("/bid?lang=zh"), "nothing is taken any more");
}

#[test]
fn another_site_hands_in_nothing_by_the_bidders_session() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let person = app.colleague("bidder.0001", "bidder");
    let form = format!("login={person}&password={}&next=/", form_text(PASSWORD));
    let signed_in = app.public().with("Sec-Fetch-Site", "same-origin").form("/login", &form).expect(303);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let bid = app.bidder(1).seal(&app.seal_policy(&tender), "18000000.00").body();
    let from = |site: &str| {
        let caller = app.public().with("Cookie", &cookie).with("Sec-Fetch-Site", site);
        caller.with("Idempotency-Key", "one").post(&format!("/api/v1/tenders/{tender}/bids"), &bid)
    };
    from("cross-site").expect(401).problem("unauthenticated");
    from("same-site").expect(401).problem("unauthenticated");
    from("same-origin").expect(201);
}
