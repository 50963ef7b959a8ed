//! A column's work, divided among threads that live no longer than the call.
//!
//! No pool: a lasting one would be half dead in a forked child, and would outlive the interpreter. Starting a
//! thread costs less than a thousandth of the least piece of work that one is given.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::aead::Refused;
use crate::packed::Packed;

/// More would only wait for each other.
pub const MAX_THREADS: usize = 256;
/// What a thread costs is lost in this many bytes of envelopes and headers (about 0.3 ms of work).
const LEAST_BYTES: usize = 256 * 1024;
/// Counted for each item besides its bytes: a short one costs as much as so many bytes more of a long one.
const ITEM_BYTES: usize = 64;

static THREADS: AtomicUsize = AtomicUsize::new(1);

/// How many threads a call may use.
pub fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// Set how many threads a call may use, from now on: 1 to `MAX_THREADS`.
pub fn set_threads(count: usize) {
    THREADS.store(count.clamp(1, MAX_THREADS), Ordering::Relaxed);
}

/// Work on each string of a range of `out`, in place, and return the positions that were refused, in order.
///
/// `scratch` makes what one thread needs for itself; `each` is given it, the position, and the string's bytes.
pub fn fill<Scratch>(
    out: &mut Packed,
    range: Range<usize>,
    scratch: impl Fn() -> Scratch + Sync,
    each: impl Fn(&mut Scratch, usize, &mut [u8]) -> Result<(), Refused> + Sync,
) -> Vec<usize> {
    let start = out.start(range.start);
    let (bytes, ends) = out.range_mut(range.clone());
    let weight = bytes.len() + ITEM_BYTES * ends.len();
    let workers = threads().min(weight / LEAST_BYTES).max(1);
    let piece = Piece {
        first: range.start,
        start,
        bytes,
        ends,
    };
    if workers == 1 {
        return piece.work(&scratch, &each);
    }
    let mut pieces = piece.divide(workers);
    let last = pieces.pop();
    thread::scope(|scope| {
        let mut refused = Vec::new();
        let mut started = Vec::new();
        let mut unstarted = Vec::new();
        for piece in pieces {
            // Where the system gives no more threads, this one does the work: `spawn` drops the closure on failure,
            // so the piece is handed over through a slot that it is taken back from.
            let slot = std::sync::Arc::new(std::sync::Mutex::new(Some(piece)));
            let theirs = slot.clone();
            let (scratch, each) = (&scratch, &each);
            let work = move || {
                let piece = theirs.lock().expect("nobody panics with it").take();
                piece.map(|piece| piece.work(scratch, each)).unwrap_or_default()
            };
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(handle) => started.push(handle),
                Err(_) => unstarted.extend(slot.lock().expect("nobody panics with it").take()),
            }
        }
        for piece in unstarted.into_iter().chain(last) {
            refused.extend(piece.work(&scratch, &each));
        }
        for handle in started {
            match handle.join() {
                Ok(more) => refused.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        refused.sort_unstable();
        refused
    })
}

/// Some neighbouring strings of a `Packed`: `first` is the position of the first, `start` where its buffer begins.
struct Piece<'a> {
    first: usize,
    start: usize,
    bytes: &'a mut [u8],
    ends: &'a [usize],
}

impl<'a> Piece<'a> {
    fn work<Scratch>(
        self,
        scratch: &impl Fn() -> Scratch,
        each: &impl Fn(&mut Scratch, usize, &mut [u8]) -> Result<(), Refused>,
    ) -> Vec<usize> {
        let mut own = scratch();
        let mut refused = Vec::new();
        let mut from = 0;
        for (offset, end) in self.ends.iter().enumerate() {
            let to = end - self.start;
            if each(&mut own, self.first + offset, &mut self.bytes[from..to]).is_err() {
                refused.push(self.first + offset);
            }
            from = to;
        }
        refused
    }

    /// Into `count` pieces of about equal weight; some may be empty.
    fn divide(self, count: usize) -> Vec<Piece<'a>> {
        let total = self.bytes.len() + ITEM_BYTES * self.ends.len();
        let (first, start) = (self.first, self.start);
        let mut pieces = Vec::with_capacity(count);
        let mut rest = self;
        for number in 1..count {
            let share = total * number / count;
            let taken = rest.first - first;
            let split = rest
                .ends
                .iter()
                .enumerate()
                .position(|(offset, end)| end - start + ITEM_BYTES * (taken + offset + 1) > share)
                .unwrap_or(rest.ends.len());
            let (one, other) = rest.split_at(split);
            pieces.push(one);
            rest = other;
        }
        pieces.push(rest);
        pieces
    }

    fn split_at(self, offset: usize) -> (Piece<'a>, Piece<'a>) {
        let end = if offset == 0 {
            self.start
        } else {
            self.ends[offset - 1]
        };
        let (bytes, more_bytes) = self.bytes.split_at_mut(end - self.start);
        let (ends, more_ends) = self.ends.split_at(offset);
        (
            Piece {
                first: self.first,
                start: self.start,
                bytes,
                ends,
            },
            Piece {
                first: self.first + offset,
                start: end,
                bytes: more_bytes,
                ends: more_ends,
            },
        )
    }
}

/// Ranges of `count` positions, each about `SLICE_BYTES` of work: between two, a call looks whether it is to stop.
/// `bytes` says how much work a position is.
pub fn slices(count: usize, bytes: impl Fn(usize) -> usize) -> Vec<Range<usize>> {
    const SLICE_BYTES: usize = 32 << 20;
    let mut ranges = Vec::new();
    let (mut from, mut weight) = (0, 0);
    for at in 0..count {
        weight += bytes(at) + ITEM_BYTES;
        if weight >= SLICE_BYTES || at + 1 == count {
            ranges.push(from..at + 1);
            (from, weight) = (at + 1, 0);
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_the_whole(lengths in prop::collection::vec(0usize..300, 0..60), count in 1usize..9) {
            let mut out = Packed::zeros(lengths.iter().copied(), false).expect("little");
            let (bytes, ends) = out.range_mut(0..lengths.len());
            let pieces = Piece { first: 0, start: 0, bytes, ends }.divide(count);
            prop_assert_eq!(pieces.len(), count);
            let mut seen = Vec::new();
            for piece in pieces {
                let refused = piece.work(&|| (), &|_, at, string| {
                    assert_eq!(string.len(), lengths[at]);
                    Err(Refused)
                });
                seen.extend(refused);
            }
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn threads_give_what_one_gives() {
        set_threads(4);
        let mut out = Packed::zeros([70].repeat(20_000).into_iter(), false).expect("little");
        let refused = fill(
            &mut out,
            5..19_990,
            || 0,
            |_, at, string| {
                string.copy_from_slice(&[(at % 251) as u8; 70]);
                if at % 1000 == 0 {
                    Err(Refused)
                } else {
                    Ok(())
                }
            },
        );
        set_threads(1);
        assert_eq!(refused, (1..20).map(|number| number * 1000).collect::<Vec<_>>());
        for (at, string) in out.iter().enumerate() {
            let expected = if (5..19_990).contains(&at) {
                (at % 251) as u8
            } else {
                0
            };
            assert_eq!(string, [expected; 70]);
        }
    }
}
