//! Post that really leaves: lettre against a real SMTP server (aiosmtpd) that speaks STARTTLS.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tenderhall::{
    kernel::{Say, id::RequestId},
    platform::{
        db::Db,
        mail::{Postman, work},
        outbox,
        settings::{Mail, MailTransport},
    },
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::support::{TestDb, db::connect, scratch::Scratch};

/// Takes mail only after STARTTLS and keeps each letter as a file; tells its port on stdout.
const SERVER: &str = r#"
import asyncio, ssl, sys, uuid
from aiosmtpd.smtp import SMTP

folder = sys.argv[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")

class Keep:
    async def handle_DATA(self, server, session, envelope):
        if session.ssl is None:
            return "530 STARTTLS first"
        with open(f"{folder}/{uuid.uuid4()}.part", "wb") as out:
            out.write(("RCPT " + ",".join(envelope.rcpt_tos) + "\n").encode() + envelope.content)
        import os
        os.rename(out.name, out.name[:-5] + ".letter")
        return "250 kept"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Keep(), tls_context=context, require_starttls=True, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"#;

struct Server {
    child: Child,
    port: u16,
}

/// An authority of the test's own (`ca.pem`) and a certificate for `localhost` that it has signed.
fn certify(folder: &Path) {
    fs::write(folder.join("leaf.cnf"), "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:localhost\n")
        .unwrap();
    for arguments in [
        "req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=Test -keyout ca.key -out ca.pem",
        "req -new -newkey ed25519 -nodes -subj /CN=localhost -keyout key.pem -out leaf.csr",
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.cnf -out cert.pem",
    ] {
        let made = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl is installed (scripts/test does)");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

impl Server {
    fn start(folder: &Path) -> Self {
        certify(folder);
        // The distribution's interpreter: it is the one that has the distribution's aiosmtpd.
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", SERVER])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed (scripts/test does)");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("python3-aiosmtpd is installed (scripts/test does)");
        Self { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn smtp(port: u16, ca_file: Option<PathBuf>) -> Mail {
    Mail {
        transport: MailTransport::Smtp,
        port,
        ca_file,
        from: "Hall <hall@example.org>".into(),
        ..Mail::default()
    }
}

async fn post(db: &Db, recipient: &str) -> Uuid {
    db.transaction("test.post", RequestId::random(), async |tx| {
        let at = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let subject = Say::new("中标通知", "Notice of award");
        outbox::post(tx, recipient, &subject, &Say::new("祝贺。", "Congratulations."), None, at).await
    })
    .await
    .unwrap()
}

async fn founded(test: &TestDb) -> Db {
    let owner = connect(&test.owner_url).await.unwrap();
    owner.batch_execute("INSERT INTO hall (mode) VALUES ('sandbox')").await.unwrap();
    Db::connect(&test.app_url, 4).unwrap()
}

/// Lets two workers carry until `done`.
async fn carry(db: &Db, mail: &Mail, folder: &Path, done: impl AsyncFn() -> bool) {
    let (stop, stopped) = watch::channel(false);
    let postman = || Postman::new(mail, folder.join("mail")).unwrap();
    let began = Instant::now();
    let wait = async {
        while !done().await {
            assert!(began.elapsed() < Duration::from_secs(30), "the post was not carried");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(true).unwrap();
    };
    tokio::join!(
        work(db.clone(), postman(), stopped.clone()),
        work(db.clone(), postman(), stopped.clone()),
        wait
    );
}

fn letters(folder: &Path, ending: &str) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == ending))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[actix_web::test]
async fn letters_leave_once_over_checked_tls() {
    let (test, scratch) = (TestDb::fresh().await, Scratch::new("mail"));
    let db = founded(&test).await;
    let server = Server::start(scratch.path());
    let mut posted = Vec::new();
    for n in 0..5 {
        posted.push(post(&db, &format!("bidder{n}@example.org")).await);
    }
    let mail = smtp(server.port, Some(scratch.path().join("ca.pem")));
    let watcher = connect(&test.superuser_url).await.unwrap();
    carry(&db, &mail, scratch.path(), async || {
        let row = watcher.query_one("SELECT count(*) FROM outbox WHERE sent_at IS NULL", &[]).await.unwrap();
        row.get::<_, i64>(0) == 0
    })
    .await;
    let arrived = letters(scratch.path(), "letter");
    assert_eq!(arrived.len(), posted.len(), "two workers carry each letter once");
    for id in posted {
        let found: Vec<_> =
            arrived.iter().filter(|text| text.contains(&format!("Message-ID: <{id}@example.org>"))).collect();
        assert_eq!(found.len(), 1, "{id}");
        assert!(found[0].contains("From: Hall <hall@example.org>") || found[0].contains("From: \"Hall\""));
        assert!(found[0].starts_with("RCPT bidder"), "{}", found[0]);
    }
}

#[actix_web::test]
async fn a_server_nobody_vouches_for_gets_nothing() {
    let (test, scratch) = (TestDb::fresh().await, Scratch::new("mail-untrusted"));
    let db = founded(&test).await;
    let server = Server::start(scratch.path());
    post(&db, "bidder@example.org").await;
    let watcher = connect(&test.superuser_url).await.unwrap();
    let sql = "SELECT count(*) FROM outbox
                WHERE sent_at IS NULL AND attempts = 1 AND failure IS NOT NULL AND retry_at > clock_timestamp()";
    carry(&db, &smtp(server.port, None), scratch.path(), async || {
        watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 1
    })
    .await;
    assert!(letters(scratch.path(), "letter").is_empty());
}

#[actix_web::test]
async fn the_file_transport_writes_each_letter_beside_the_data() {
    let (test, scratch) = (TestDb::fresh().await, Scratch::new("mail-file"));
    let db = founded(&test).await;
    let id = post(&db, "bidder@example.org").await;
    let path = scratch.path().join(format!("mail/{id}.eml"));
    carry(&db, &Mail::default(), scratch.path(), async || path.exists()).await;
    assert!(fs::read_to_string(path).unwrap().contains("To: bidder@example.org"));
}
