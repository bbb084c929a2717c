//! Coming and going: whether the instance is ready, what is in flight, and the order of a graceful stop.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::ConnectionType,
    middleware::Next,
    web,
};
use tokio::signal::unix::{SignalKind, signal};

/// How often the drain looks whether all is answered.
const LOOK: Duration = Duration::from_millis(20);
/// Time for the last bytes to leave the sockets.
const LAST_BYTES: Duration = Duration::from_millis(200);

/// Whether this instance takes work.
#[derive(Debug, Clone, Default)]
pub struct Doors(Arc<State>);

#[derive(Debug, Default)]
struct State {
    draining: AtomicBool,
    in_flight: AtomicUsize,
}

impl Doors {
    /// Whether new work should go elsewhere.
    pub fn closing(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// From now on the instance is not ready, and every answer closes its connection.
    pub fn close(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    fn enter(&self) -> Guest {
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
        Guest(self.0.clone())
    }

    /// Waits until every request is answered, at most `patience`. Answers whether all were.
    pub async fn empty(&self, patience: Duration) -> bool {
        let waited = tokio::time::timeout(patience, async {
            while self.0.in_flight.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(LOOK).await;
            }
            tokio::time::sleep(LAST_BYTES).await;
        });
        waited.await.is_ok()
    }
}

/// A request in flight: counted until its answer has been handed to the socket, or its client has left.
#[derive(Debug)]
struct Guest(Arc<State>);

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that keeps its request in flight.
struct Guarded {
    body: BoxBody,
    _guest: Guest,
}

impl MessageBody for Guarded {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }

    fn try_into_bytes(self) -> Result<web::Bytes, Self> {
        let Self { body, _guest } = self;
        body.try_into_bytes().map_err(|body| Self { body, _guest })
    }
}

/// Middleware: counts what is in flight and, while closing, asks every client to come back elsewhere.
///
/// # Errors
/// Whatever the inner service answers.
pub async fn at_the_door(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(doors) = request.app_data::<web::Data<Doors>>().map(|doors| doors.as_ref().clone()) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let guest = doors.enter();
    let mut response = next.call(request).await?;
    if doors.closing() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let guarded = response.map_body(|_, body| Guarded { body: body.boxed(), _guest: guest });
    Ok(guarded.map_into_boxed_body())
}

/// Returns at SIGTERM or SIGINT.
///
/// # Errors
/// When the system does not let us listen for signals.
pub async fn told_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
