//! The room's part of the API.

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the room's routes.
pub fn routes(_config: &mut ServiceConfig<'_>) {}
