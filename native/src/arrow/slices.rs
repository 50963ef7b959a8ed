//! A column cut into slices that each lie in one chunk of every column that takes part, and walked over by threads.
//!
//! 1. Threads live for one call: there is no pool that a fork or the interpreter's end could meet.
//! 2. The calling thread works too. It alone looks for signals, after each `SOME_BYTES` of work.
//! 3. The first trouble stops everybody at their next look.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread::Thread;
use std::time::Duration;

use super::column::Column;
use super::typed::Trouble;

const SLICE_ROWS: usize = 8192;
const SOME_BYTES: usize = 4 << 20;
const WAIT: Duration = Duration::from_millis(50);

/// Where a slice begins in one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) chunk: usize,
    pub(super) at: usize,
}

/// A run of rows: `places[i]` is where it begins in the i-th column.
pub(super) struct Slice {
    pub(super) from: usize,
    pub(super) len: usize,
    pub(super) places: Vec<Place>,
}

/// Columns of the same length, cut where any of them has a new chunk, and at least every `SLICE_ROWS`.
pub(super) fn cut(columns: &[&Column]) -> Vec<Slice> {
    let len = columns.first().map_or(0, |one| one.len);
    let mut places = vec![Place { chunk: 0, at: 0 }; columns.len()];
    let mut slices =
        Vec::with_capacity(len / SLICE_ROWS + columns.iter().map(|one| one.chunks.len()).sum::<usize>());
    let mut from = 0;
    while from < len {
        let mut run = SLICE_ROWS.min(len - from);
        for (column, place) in columns.iter().zip(&mut places) {
            while place.at == column.chunks[place.chunk].len() {
                *place = Place {
                    chunk: place.chunk + 1,
                    at: 0,
                };
            }
            run = run.min(column.chunks[place.chunk].len() - place.at);
        }
        slices.push(Slice {
            from,
            len: run,
            places: places.clone(),
        });
        places.iter_mut().for_each(|place| place.at += run);
        from += run;
    }
    slices
}

/// Asked now and then whether to go on.
pub(super) struct Ticker<'a> {
    done: usize,
    stop: &'a AtomicBool,
    /// Of the calling thread: whether no signal asks us to stop.
    go_on: Option<&'a mut dyn FnMut() -> bool>,
}

impl Ticker<'_> {
    /// So many bytes more are done. Returns whether this was the moment to look for signals.
    #[inline]
    pub(super) fn tick(&mut self, bytes: usize) -> Result<bool, Trouble> {
        self.done += bytes + 64;
        if self.done < SOME_BYTES {
            return Ok(false);
        }
        self.look().map(|()| true)
    }

    #[cold]
    fn look(&mut self) -> Result<(), Trouble> {
        self.done = 0;
        if self.go_on.as_mut().is_some_and(|go_on| !go_on()) {
            self.stop.store(true, Ordering::Relaxed);
        }
        if self.stop.load(Ordering::Relaxed) {
            return Err(Trouble::Interrupted);
        }
        Ok(())
    }
}

/// `work` on each task, over at most `threads` threads; the results in the order of the tasks. `state` makes what a
/// thread keeps from one task to the next.
pub(super) fn each<T, S, R>(
    tasks: Vec<T>,
    threads: usize,
    go_on: &mut dyn FnMut() -> bool,
    state: impl Fn() -> S + Sync,
    work: impl Fn(T, &mut S, &mut Ticker<'_>) -> Result<R, Trouble> + Sync,
) -> Result<Vec<R>, Trouble>
where
    T: Send,
    R: Send,
{
    let stop = AtomicBool::new(false);
    let threads = threads.min(tasks.len());
    let mut ticker = Ticker {
        done: 0,
        stop: &stop,
        go_on: Some(go_on),
    };
    if threads <= 1 {
        let mut state = state();
        return tasks
            .into_iter()
            .map(|task| work(task, &mut state, &mut ticker))
            .collect();
    }
    let count = tasks.len();
    let queue = Mutex::new(tasks.into_iter().enumerate());
    let done: Mutex<Vec<Option<R>>> = Mutex::new((0..count).map(|_| None).collect());
    let first: Mutex<Option<Trouble>> = Mutex::new(None);
    let run = |ticker: &mut Ticker<'_>| {
        let mut state = state();
        while !stop.load(Ordering::Relaxed) {
            let Some((at, task)) = locked(&queue).next() else {
                break;
            };
            match work(task, &mut state, ticker) {
                Ok(result) => locked(&done)[at] = Some(result),
                Err(trouble) => {
                    locked(&first).get_or_insert(trouble);
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
    };
    let waiting = std::thread::current();
    let helping = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            helping.fetch_add(1, Ordering::Relaxed);
            let help = || {
                let _until_the_end = Helper(&helping, &waiting);
                run(&mut Ticker {
                    done: 0,
                    stop: &stop,
                    go_on: None,
                });
            };
            // A thread that cannot be had is one helper less, not an error.
            if std::thread::Builder::new()
                .name("fieldvault-arrow".into())
                .spawn_scoped(scope, help)
                .is_err()
            {
                helping.fetch_sub(1, Ordering::Relaxed);
            }
        }
        run(&mut ticker);
        // The others may still be at a slice of very long values: whoever waits for them must be able to stop them.
        while helping.load(Ordering::Acquire) > 0 {
            std::thread::park_timeout(WAIT);
            if ticker.look().is_err() {
                locked(&first).get_or_insert(Trouble::Interrupted);
            }
        }
    });
    if let Some(trouble) = *locked(&first) {
        return Err(trouble);
    }
    let done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.into_iter()
        .map(|one| one.ok_or(Trouble::Interrupted))
        .collect()
}

/// A helper that works. Dropped at its end, a panic too: whoever waits for it must not wait for ever.
struct Helper<'a>(&'a AtomicUsize, &'a Thread);

impl Drop for Helper<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
        self.1.unpark();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
