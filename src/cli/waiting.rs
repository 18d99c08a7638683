//! Shows a person at a terminal that something is under way.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Something under way. Nothing is shown where nobody looks.
pub(super) struct Waiting(ProgressBar);

impl Waiting {
    /// Shown on a terminal's standard error, unless the output itself scrolls by there.
    pub(super) fn on(what: &'static str) -> Waiting {
        if io::stdout().is_terminal() || !io::stderr().is_terminal() {
            return Waiting(ProgressBar::hidden());
        }
        Waiting::always_on(what)
    }

    /// Shown on a terminal's standard error.
    pub(super) fn always_on(what: &'static str) -> Waiting {
        if !io::stderr().is_terminal() {
            return Waiting(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {human_pos} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Waiting(bar)
    }

    /// So many more are done.
    pub(super) fn more(&self, count: u64) {
        self.0.inc(count);
    }

    /// One more is done.
    pub(super) fn one_more(&self) {
        self.0.inc(1);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
