//! Recordings 录音录像 of opening and evaluation, and the alarm when one falls silent (RM-16).
//!
//! Owns `recordings`, `recording_beats` and `alarms`. A recorder says that it began, that it lives, and that it ended;
//! the hall keeps no sound or picture, only that and until when they have to be kept. For each recording under way
//! one job waits for the moment at which it would have been silent for too long; any instance may run it.

pub mod http;
pub mod jobs;
pub mod model;
pub mod service;
pub mod store;
