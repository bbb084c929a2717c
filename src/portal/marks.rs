//! Marks of state: each has a shape of its own, so that colour is never the only sign.

use super::{
    reader::Reader,
    view::{BidOutcome, Progress, VenueScope, Verdict},
};

/// A small drawing of 16 × 16 that stands before its word. Hidden from screen readers, which get the word.
fn mark(class: &str, shape: &str) -> String {
    format!(
        "<svg class=\"mark mark-{class}\" viewBox=\"0 0 16 16\" width=\"16\" height=\"16\" aria-hidden=\"true\" focusable=\"false\">{shape}</svg>"
    )
}

/// Full disc with a tick.
const TICK: &str = "<circle class=\"mark-ground\" cx=\"8\" cy=\"8\" r=\"7\"/><path class=\"mark-line\" d=\"M4.6 8.2l2.3 2.4 4.5-5\"/>";
/// Ring with a kernel.
const KERNEL: &str = "<circle class=\"mark-ring\" cx=\"8\" cy=\"8\" r=\"6\"/><circle class=\"mark-ground\" cx=\"8\" cy=\"8\" r=\"3\"/>";
/// Open ring.
const RING: &str = "<circle class=\"mark-ring\" cx=\"8\" cy=\"8\" r=\"6\"/>";
/// Square with a cross.
const CROSS: &str = "<rect class=\"mark-ground\" x=\"1.5\" y=\"1.5\" width=\"13\" height=\"13\" rx=\"2\"/><path class=\"mark-line\" d=\"M5 5l6 6M11 5l-6 6\"/>";
/// Diamond with a bar.
const DIAMOND: &str =
    "<path class=\"mark-ground\" d=\"M8 .8L15.2 8 8 15.2.8 8z\"/><path class=\"mark-line\" d=\"M5 8h6\"/>";
/// Arrow that turns back.
const BACK: &str = "<circle class=\"mark-ring\" cx=\"8\" cy=\"8\" r=\"6\"/><path class=\"mark-back\" d=\"M11 8H5.4M7.6 5.6L5.2 8l2.4 2.4\"/>";
/// Dash.
const DASH: &str = "<path class=\"mark-back\" d=\"M4 8h8\"/>";

fn said(class: &str, shape: &str, word: &str) -> String {
    // The words are our own table's and hold no markup.
    format!("<span class=\"said said-{class}\">{}<span>{word}</span></span>", mark(class, shape))
}

impl Reader {
    /// A progress as mark and word.
    pub fn progress(&self, state: impl std::borrow::Borrow<Progress>) -> String {
        let w = self.w;
        match state.borrow() {
            Progress::Done => said("done", TICK, w.done),
            Progress::Now => said("now", KERNEL, w.under_way),
            Progress::Coming => said("coming", RING, w.coming),
            Progress::Stopped => said("stopped", DIAMOND, w.stopped),
        }
    }

    /// The mark of a progress alone, where the word stands beside it anyway.
    pub fn progress_mark(&self, state: impl std::borrow::Borrow<Progress>) -> String {
        match state.borrow() {
            Progress::Done => mark("done", TICK),
            Progress::Now => mark("now", KERNEL),
            Progress::Coming => mark("coming", RING),
            Progress::Stopped => mark("stopped", DIAMOND),
        }
    }

    /// The class of a progress, for a whole row.
    pub fn progress_class(&self, state: impl std::borrow::Borrow<Progress>) -> &'static str {
        match state.borrow() {
            Progress::Done => "done",
            Progress::Now => "now",
            Progress::Coming => "coming",
            Progress::Stopped => "stopped",
        }
    }

    /// A verdict as mark and word.
    pub fn verdict(&self, verdict: &Verdict) -> String {
        let w = self.w;
        match verdict {
            Verdict::Holds => said("done", TICK, w.holds),
            Verdict::Fails => said("fails", RING, w.fails),
            Verdict::NotAsked => said("unasked", DASH, w.not_asked),
        }
    }

    /// What became of a bid as mark and word.
    pub fn bid_outcome(&self, outcome: &BidOutcome) -> String {
        let w = self.w;
        match outcome {
            BidOutcome::Opened => said("done", TICK, w.opened),
            BidOutcome::Withdrawn => said("fails", BACK, w.withdrawn),
            BidOutcome::Revoked => said("stopped", DIAMOND, w.revoked),
            BidOutcome::Rejected => said("rejected", CROSS, w.rejected),
        }
    }

    /// The kind of a venue in words.
    pub fn scope(&self, scope: &VenueScope) -> &'static str {
        match scope {
            VenueScope::League => self.w.scope_league,
            VenueScope::Own => self.w.scope_own,
            VenueScope::Nearby => self.w.scope_nearby,
            VenueScope::NotRequired => self.w.scope_not_required,
        }
    }
}
