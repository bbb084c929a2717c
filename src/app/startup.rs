//! From options to a running instance, and back.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{HttpServer, dev::ServerHandle, web};
use anyhow::Context as _;
use diesel_async::AsyncPgConnection;
use futures_util::future::LocalBoxFuture;
use tokio::task::JoinHandle;

use super::{
    health, lawbook,
    router::{self, Surroundings},
    site::{self, Options, Site},
    stop::{Doors, told_to_stop},
    work::{self, Workers},
};
use crate::{
    access::Porter,
    bids::{Intake, ReceiptKeys, service::Lots},
    identity::{self, Gate, TokenKeys},
    jurisdiction::{Jurisdiction, Jurisdictions},
    kernel::{Problem, id::RequestId},
    law::{
        Law, Lawbook,
        lawbook::{Configuration, adopt_configuration},
    },
    ledger::{Log, Sequencer, http::Disclosure, tree::Disclosed},
    notices::http::Shelf,
    platform::{
        bell::Bell, db::Db, http::origin::Proxies, jobs::Jobs, mail::Postman, settings::Http, telemetry,
    },
    portal::{HallReadings, Readings},
    rooms, tenders,
    timekeeping::Watch,
};

/// A running instance.
pub struct Application {
    address: SocketAddr,
    running: Running,
    site: Site,
    drain: Duration,
}

/// What runs on a database, and has to end before it does.
struct Running {
    doors: Doors,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    workers: Workers,
    intake: std::thread::JoinHandle<()>,
    bell: Bell,
    ringer: JoinHandle<()>,
    porter: std::thread::JoinHandle<()>,
}

impl Application {
    /// Brings everything up; when it returns, requests are answered and the instance is ready.
    ///
    /// # Errors
    /// What is in the way, in a sentence with its remedy. Nothing is left running then.
    pub async fn build(options: Options) -> anyhow::Result<Self> {
        identity::check_matrix().map_err(anyhow::Error::msg)?;
        let policy = Policy::load(&options)?;
        // Before the database: a port that is taken should be known at once.
        let listener = TcpListener::bind(options.listen)
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        let address = listener.local_addr()?;
        let drain = Duration::from_secs(options.settings.http.drain_seconds);
        let site = Site::open(&options.data, &options.settings).await?;
        match start(&site.url, &options, policy, listener).await {
            Ok(running) => Ok(Self { address, running, site, drain }),
            Err(error) => {
                site.close().await;
                Err(error)
            }
        }
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or SIGINT, then stops in good order.
    ///
    /// # Errors
    /// When signals cannot be heard.
    pub async fn run(self) -> anyhow::Result<()> {
        told_to_stop().await?;
        self.stop().await;
        Ok(())
    }

    /// Not ready any more; no new connections; what is in flight is answered; workers end; PostgreSQL last.
    pub async fn stop(self) {
        let Self { running, site, drain, .. } = self;
        tracing::info!("stopping");
        running.doors.close();
        running.bell.take_down();
        running.server.pause().await;
        if !running.doors.empty(drain).await {
            tracing::warn!("some requests were not answered in time and are broken off");
        }
        running.server.stop(false).await;
        if let Ok(Err(error)) = running.serving.await {
            tracing::error!(%error, "the server ended badly");
        }
        running.workers.stop().await;
        running.ringer.abort();
        // Its last door went with the server; it ends when all it holds is answered.
        if !matches!(tokio::task::spawn_blocking(move || running.intake.join().is_ok()).await, Ok(true)) {
            tracing::error!("the intake's thread had died");
        }
        if !matches!(tokio::task::spawn_blocking(move || running.porter.join().is_ok()).await, Ok(true)) {
            tracing::error!("the porter's thread had died");
        }
        site.close().await;
        tracing::info!("stopped");
    }
}

/// The constitution of the region, read and checked.
struct Policy {
    configuration: Configuration,
}

impl Policy {
    fn load(options: &Options) -> anyhow::Result<Self> {
        Law::load(&options.policy)?;
        Jurisdiction::load(&options.policy)?;
        Ok(Self { configuration: lawbook::configuration(&options.policy)? })
    }
}

async fn start(
    url: &str,
    options: &Options,
    policy: Policy,
    listener: TcpListener,
) -> anyhow::Result<Running> {
    let db = Db::connect(url, options.settings.database.pool)?;
    site::found(&db, options).await?;
    db.transaction("law.start", RequestId::random(), async |tx| {
        adopt_configuration(tx, policy.configuration).await
    })
    .await?;
    let jurisdictions = Jurisdictions::open(&mut *db.read().await?).await?;
    db.transaction("rooms.synchronise", RequestId::random(), async |tx| {
        rooms::synchronise(tx, &jurisdictions.latest()).await
    })
    .await?;
    let law = Lawbook::default();
    let keys = TokenKeys::load_or_make(&options.data)?;
    if let Some(address) = options.metrics_listen {
        health::serve_metrics(address, telemetry::start_metrics()?)?;
    }
    // Before anything is done by the time: what happened to the clock while nobody was looking?
    let watch = Watch::new(&options.settings.clock);
    watch.tick(&db, false).await.map_err(site::plain)?;
    let jobs = Arc::new(work::handlers(&law, &jurisdictions, &watch));
    let postman = Postman::new(&options.settings.mail, options.data.join("mail"))?;
    let (log, sequencer) = open_log(&db, options, &jurisdictions).await?;
    let log = Arc::new(log);
    let receipts = ReceiptKeys::load_or_make(&options.data, log.book.origin.clone())?;
    let receipts = Arc::new(receipts.dated_by(watch.skew()));
    let workers = Workers::start(
        Db::connect(url, work::CONNECTIONS)?,
        jobs.clone(),
        postman,
        sequencer,
        watch.clone(),
    )?;
    let (door, intake) = Intake::start(url, Arc::clone(&receipts))?;
    let (lodge, porter) = Porter::start(url, jurisdictions.clone())?;
    let doors = Doors::default();
    let (bell, ringer) = Bell::hang(url);
    let pages: Arc<dyn Readings> = Arc::new(HallReadings {
        db: db.clone(),
        law: law.clone(),
        jurisdiction: jurisdictions.clone(),
        log: Arc::clone(&log),
        sandbox: options.sandbox.is_some(),
    });
    let disclosure: Arc<dyn Disclosure> = Arc::new(Tenders);
    let hall = Hall {
        db: web::Data::new(db.clone()),
        gate: web::Data::new(Gate::new(db, keys)),
        law: web::Data::new(law),
        jurisdiction: web::Data::new(jurisdictions),
        jobs: web::Data::new(jobs),
        watch: web::Data::new(watch),
        doors: web::Data::new(doors.clone()),
        lots: web::Data::new(Lots::default()),
        receipts: web::Data::new(receipts),
        log: web::Data::from(log),
        disclosure: web::Data::new(disclosure),
        intake: web::Data::new(door),
        porter: web::Data::new(lodge),
        shelf: web::Data::new(Shelf::default()),
        pages: web::Data::new(pages),
        bell: web::Data::new(bell.clone()),
        proxies: web::Data::new(Proxies(options.settings.http.trusted_proxies.clone())),
    };
    match serve(listener, &options.settings.http, hall) {
        Ok((server, serving)) => {
            Ok(Running { doors, server, serving, workers, intake, porter, bell, ringer })
        }
        Err(error) => {
            ringer.abort();
            workers.stop().await;
            Err(error)
        }
    }
}

/// The tenders say of themselves which of them may be read in the log.
struct Tenders;

impl Disclosure for Tenders {
    fn disclosed<'a>(
        &'a self,
        conn: &'a mut AsyncPgConnection,
    ) -> LocalBoxFuture<'a, Result<Disclosed, Problem>> {
        Box::pin(tenders::store::disclosed(conn))
    }
}

/// The log bears the name of the league's centre: it is one for the whole hall.
async fn open_log(
    db: &Db,
    options: &Options,
    jurisdictions: &Jurisdictions,
) -> anyhow::Result<(Log, Sequencer)> {
    let centre = jurisdictions.latest().league_centre().code.clone();
    Log::open(db, &options.data, &centre, &options.settings.log).await
}

/// What rooms find in the app's data.
#[derive(Clone)]
struct Hall {
    db: web::Data<Db>,
    gate: web::Data<Gate>,
    law: web::Data<Lawbook>,
    jurisdiction: web::Data<Jurisdictions>,
    jobs: web::Data<Arc<Jobs>>,
    watch: web::Data<Watch>,
    doors: web::Data<Doors>,
    lots: web::Data<Lots>,
    receipts: web::Data<Arc<ReceiptKeys>>,
    log: web::Data<Log>,
    disclosure: web::Data<Arc<dyn Disclosure>>,
    intake: web::Data<Intake>,
    porter: web::Data<Porter>,
    shelf: web::Data<Shelf>,
    pages: web::Data<Arc<dyn Readings>>,
    bell: web::Data<Bell>,
    proxies: web::Data<Proxies>,
}

impl Hall {
    fn into_data(self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.db)
            .app_data(self.gate)
            .app_data(self.law)
            .app_data(self.jurisdiction)
            .app_data(self.jobs)
            .app_data(self.watch)
            .app_data(self.doors)
            .app_data(self.lots)
            .app_data(self.receipts)
            .app_data(self.log)
            .app_data(self.disclosure)
            .app_data(self.intake)
            .app_data(self.porter)
            .app_data(self.shelf)
            .app_data(self.pages)
            .app_data(self.bell)
            .app_data(self.proxies);
    }
}

type Serving = (ServerHandle, JoinHandle<std::io::Result<()>>);

fn serve(listener: TcpListener, http: &Http, hall: Hall) -> anyhow::Result<Serving> {
    let surroundings = Surroundings::prepare()?;
    let server = HttpServer::new(move || {
        let hall = hall.clone();
        router::service(surroundings.clone(), |config| hall.into_data(config))
    })
    .workers(http.workers)
    .worker_max_blocking_threads(4)
    .max_connections(http.max_connections)
    .client_request_timeout(Duration::from_secs(http.request_head_seconds))
    .keep_alive(Duration::from_secs(http.keep_alive_seconds))
    .disable_signals()
    .listen(listener)?
    .run();
    Ok((server.handle(), tokio::spawn(server)))
}
