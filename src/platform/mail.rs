//! Carrying the outbox: SMTP with checked TLS, or files for development.
//!
//! The `Message-ID` comes from the letter's row, so a letter carried twice can be told as one by its receiver.
//! No address, subject or text ever reaches the log.

use std::{path::PathBuf, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use tokio::sync::watch;

use super::{
    db::Db,
    outbox::{self, Letter},
    settings::{Mail, MailTls, MailTransport, secret},
};
use crate::kernel::{Problem, id::RequestId};

/// How often the outbox is looked at when nothing waits.
const BEAT: Duration = Duration::from_secs(1);
/// Longest dialogue with the server for one letter; shorter than the database's own limit on a statement.
const PATIENCE: Duration = Duration::from_secs(20);
/// The port that speaks TLS from the first byte (RFC 8314).
const SUBMISSIONS: u16 = 465;

/// The way letters leave.
pub struct Postman {
    from: Mailbox,
    way: Way,
}

enum Way {
    Folder(PathBuf),
    Server(Box<AsyncSmtpTransport<Tokio1Executor>>),
}

impl Postman {
    /// Prepares the way; `folder` takes the letters of the file transport.
    ///
    /// # Errors
    /// An unreadable secret or certificate, or a sender that is no address.
    pub fn new(mail: &Mail, folder: PathBuf) -> anyhow::Result<Self> {
        let from = mail.from.parse()?;
        let way = match mail.transport {
            MailTransport::File => {
                std::fs::create_dir_all(&folder)?;
                Way::Folder(folder)
            }
            MailTransport::Smtp => Way::Server(Box::new(server(mail)?)),
        };
        Ok(Self { from, way })
    }

    async fn carry(&self, letter: &Letter) -> anyhow::Result<()> {
        let message = self.message(letter)?;
        match &self.way {
            Way::Folder(folder) => {
                let path = folder.join(format!("{}.eml", letter.id));
                tokio::fs::write(path, message.formatted()).await?;
            }
            Way::Server(server) => {
                tokio::time::timeout(PATIENCE, server.send(message))
                    .await
                    .map_err(|_| anyhow::anyhow!("no answer within {PATIENCE:?}"))??;
            }
        }
        Ok(())
    }

    fn message(&self, letter: &Letter) -> anyhow::Result<Message> {
        let domain = self.from.email.domain();
        Ok(Message::builder()
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .date(letter.written_at.into())
            .from(self.from.clone())
            .to(letter.recipient.parse()?)
            .subject(letter.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone())?)
    }
}

fn server(mail: &Mail) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let tls = match mail.tls {
        MailTls::None => Tls::None,
        MailTls::Required if mail.port == SUBMISSIONS => Tls::Wrapper(tls_parameters(mail)?),
        MailTls::Required => Tls::Required(tls_parameters(mail)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
        .port(mail.port)
        .timeout(Some(PATIENCE))
        .tls(tls);
    if let (Some(username), Some(file)) = (&mail.username, &mail.password_file) {
        builder = builder.credentials(Credentials::new(username.clone(), secret(file)?));
    }
    Ok(builder.build())
}

fn tls_parameters(mail: &Mail) -> anyhow::Result<TlsParameters> {
    let mut builder = TlsParameters::builder(mail.host.clone());
    if let Some(file) = &mail.ca_file {
        let pem = std::fs::read(file)
            .map_err(|error| anyhow::anyhow!("cannot read the certificate in {}: {error}", file.display()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem)?);
    }
    Ok(builder.build()?)
}

/// Carries letters until `stop` turns true: a loop of the workers' thread.
pub async fn work(db: Db, postman: Postman, mut stop: watch::Receiver<bool>) {
    loop {
        let carried = match carry_one(&db, &postman).await {
            Ok(carried) => carried,
            Err(problem) => {
                if let Problem::Fault(fault) = &problem {
                    tracing::warn!(cause = format!("{:#}", fault.cause), "no post at the moment");
                }
                false
            }
        };
        if *stop.borrow() {
            return;
        }
        if carried {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Carries the letter that has waited longest; answers whether there was one.
async fn carry_one(db: &Db, postman: &Postman) -> Result<bool, Problem> {
    db.transaction("mail.carry", RequestId::random(), async |tx| {
        let Some(letter) = outbox::take(tx).await? else { return Ok(false) };
        match postman.carry(&letter).await {
            // Not counted: a room may post a letter for each bid.
            Ok(()) => outbox::mark_sent(tx, letter.id).await?,
            Err(error) => {
                // The server's words may quote the address; they stay in the row.
                tracing::warn!(letter = %letter.id, "a letter did not leave and will be tried again");
                outbox::mark_failed(tx, letter.id, &format!("{error:#}")).await?;
            }
        }
        Ok(true)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_keeps_its_message_id_and_speaks_chinese() {
        let folder = std::env::temp_dir().join("tenderhall-mail-unit");
        let postman = Postman::new(&Mail::default(), folder).unwrap();
        let letter = Letter {
            id: uuid::Uuid::from_u128(7),
            recipient: "bidder@example.org".into(),
            subject: "中标通知 / Award".into(),
            body: "正文\n".into(),
            written_at: chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        };
        let once = String::from_utf8(postman.message(&letter).unwrap().formatted()).unwrap();
        let again = String::from_utf8(postman.message(&letter).unwrap().formatted()).unwrap();
        assert_eq!(once, again);
        assert!(once.contains("Message-ID: <00000000-0000-0000-0000-000000000007@localhost>"), "{once}");
        assert!(once.contains("charset=utf-8"), "{once}");
    }
}
