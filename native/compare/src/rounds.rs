//! Interleaved rounds, by this process's own processor time, so that other programs do not count.

/// Seconds of processor time that this process has used.
pub fn processor_time() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a timespec to be written.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

pub fn timed(run: impl FnOnce()) -> f64 {
    let start = processor_time();
    run();
    processor_time() - start
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Nanoseconds a value of each contender, round by round.
pub struct Rounds {
    pub names: Vec<&'static str>,
    pub nanoseconds: Vec<Vec<f64>>,
}

impl Rounds {
    pub fn new(names: Vec<&'static str>) -> Self {
        let nanoseconds = vec![Vec::new(); names.len()];
        Self { names, nanoseconds }
    }

    pub fn note(&mut self, contender: usize, seconds: f64, values: usize) {
        self.nanoseconds[contender].push(seconds / values as f64 * 1e9);
    }

    pub fn medians(&self) -> Vec<f64> {
        self.nanoseconds.iter().map(|rounds| median(rounds)).collect()
    }
}
