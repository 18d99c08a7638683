//! What must change on the books, and what kind of news asks for it.

use crate::domain::{Finding, JudgedLine, LineId, LineState};

/// What has changed since a person was judged last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Something new is known of them: what has left and is no longer due is taken back at once.
    Facts,
    /// The tables are others: what has left is only proposed to be taken back, since a mistake in
    /// a table must not credit what was right.
    Tables,
}

/// One change of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new line.
    Draft {
        /// What it says, and what was found.
        line: Box<JudgedLine>,
        /// Where it stands at once.
        state: LineState,
        /// Where it goes.
        destination: Option<String>,
        /// It waits for the final answer to the reversal of this line.
        after_reversal_of: Option<LineId>,
    },
    /// A line that has not left moves, or its particulars or findings are told anew.
    Move {
        /// Which.
        line: LineId,
        /// The state it must still be in.
        from: LineState,
        /// The state it moves to.
        to: LineState,
        /// What it says and what was found now; `None` leaves both.
        told: Option<Box<JudgedLine>>,
    },
    /// A line that has left is taken back by a line of its own.
    Reverse {
        /// Which.
        line: LineId,
        /// The state it must still be in.
        from: LineState,
        /// Where the reversal stands: waiting to leave, or held as a proposal.
        state: LineState,
        /// Why.
        because: Vec<Finding>,
    },
}
