//! A list of any length, read in short looks: whoever reads it may be as slow as they like, and
//! holds nobody up.

use std::collections::VecDeque;

use crate::store::Error;

/// A list that is read piece by piece.
pub struct Listing<'a, T> {
    next: Box<dyn FnMut() -> Result<Option<Vec<T>>, Error> + 'a>,
    ready: VecDeque<T>,
    left: usize,
}

impl<'a, T> Listing<'a, T> {
    /// `next` gives one piece after the other, then `None`.
    pub(super) fn new(
        limit: Option<usize>,
        next: impl FnMut() -> Result<Option<Vec<T>>, Error> + 'a,
    ) -> Listing<'a, T> {
        let left = limit.unwrap_or(usize::MAX);
        Listing { next: Box::new(next), ready: VecDeque::new(), left }
    }
}

impl<T> Iterator for Listing<'_, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Result<T, Error>> {
        if self.left == 0 {
            return None;
        }
        while self.ready.is_empty() {
            match (self.next)() {
                Ok(Some(piece)) => self.ready.extend(piece),
                Ok(None) => return None,
                Err(error) => {
                    self.left = 0;
                    return Some(Err(error));
                }
            }
        }
        self.left -= 1;
        self.ready.pop_front().map(Ok)
    }
}

impl<T> std::fmt::Debug for Listing<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listing({} ready)", self.ready.len())
    }
}
