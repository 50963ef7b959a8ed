//! AEAD libraries on the native core's own work: many short values, each with its nonce and some associated data.
//!
//!     fieldvault-compare [--values N] [--rounds N]
//!     fieldvault-compare --loop LIBRARY [--values N] [--size N] [--aad N] [--passes N]
//!
//! Prints a table; the last line is one JSON object of nanoseconds a value. Every library opens what the one before
//! it sealed, so a wrong one ends the run.
//!
//! With `--loop`: the bare loop of one library, nonces drawn from the system for every thousand values included.
//! Prints one JSON object of seconds of processor time, the median of the passes. `benchmarks/limit.py` compares with it.

mod libraries;
mod rounds;
mod work;

use libraries::{aeads, macs, NONCE};
use rounds::{median, timed, Rounds};
use serde_json::{json, Map, Value};
use work::{random, MacWork, Work};

const SIZES: [usize; 4] = [16, 24, 64, 256];
const AADS: [usize; 2] = [20, 64];

fn main() {
    match text("--loop") {
        Some(library) => bare_loop(&library),
        None => compare(),
    }
}

fn compare() {
    let values = argument("--values", 100_000);
    let turns = argument("--rounds", 15);
    let key: [u8; 32] = random(32).try_into().expect("32 bytes");
    println!("{values} values, {turns} interleaved rounds, nanoseconds a value (medians of processor time)");
    let mut results = Map::new();
    for aad in AADS {
        for size in SIZES {
            let (seal, open) = seal_and_open(&key, values, size, aad, turns);
            report(&format!("seal {size} bytes, aad {aad}"), &seal, &mut results);
            report(&format!("open {size} bytes, aad {aad}"), &open, &mut results);
        }
    }
    report("hmac-sha256 24 bytes", &sign(&key, values, 24, turns), &mut results);
    report("nonces", &nonces(values, turns), &mut results);
    println!("{}", Value::Object(results));
}

fn bare_loop(library: &str) {
    let (values, passes) = (argument("--values", 100_000), argument("--passes", 5));
    let key: [u8; 32] = random(32).try_into().expect("32 bytes");
    let all = aeads(&key);
    let contender = all.iter().find(|one| one.name() == library).expect("a library that this was built with");
    let mut work = Work::new(values, argument("--size", 24), argument("--aad", 53));
    let (mut seal, mut open) = (Vec::new(), Vec::new());
    for pass in 0..=passes {
        let sealing = timed(|| {
            work.draw_nonces();
            contender.seal_all(&mut work);
        });
        let opening = timed(|| contender.open_all(&mut work));
        if pass > 0 {
            seal.push(sealing);
            open.push(opening);
        }
    }
    work.check();
    println!("{}", json!({"seal": median(&seal), "open": median(&open)}));
}

fn seal_and_open(key: &[u8; 32], values: usize, size: usize, aad: usize, turns: usize) -> (Rounds, Rounds) {
    let contenders = aeads(key);
    let names: Vec<_> = contenders.iter().map(|one| one.name()).collect();
    let (mut seal, mut open) = (Rounds::new(names.clone()), Rounds::new(names));
    let mut work = Work::new(values, size, aad);
    for turn in 0..=turns {
        for at in 0..contenders.len() {
            work.draw_nonces();
            let sealing = timed(|| contenders[at].seal_all(&mut work));
            contenders[(at + 1) % contenders.len()].open_all(&mut work);
            work.check();
            let opening = timed(|| contenders[at].open_all(&mut work));
            if turn > 0 {
                seal.note(at, sealing, values);
                open.note(at, opening, values);
            }
        }
    }
    (seal, open)
}

fn sign(key: &[u8; 32], values: usize, size: usize, turns: usize) -> Rounds {
    let contenders = macs(key);
    let mut rounds = Rounds::new(contenders.iter().map(|one| one.name()).collect());
    let mut work = MacWork::new(values, size);
    let mut expected = None;
    for turn in 0..=turns {
        for (at, contender) in contenders.iter().enumerate() {
            let seconds = timed(|| contender.sign_all(&mut work));
            if turn > 0 {
                rounds.note(at, seconds, values);
            }
            let macs = expected.get_or_insert_with(|| work.macs.clone());
            assert!(*macs == work.macs, "{} differs", contender.name());
        }
    }
    rounds
}

/// What 12 random bytes cost, by how many values one call serves: of the system, or of AWS-LC's own generator.
fn nonces(values: usize, turns: usize) -> Rounds {
    const BATCHES: [(&str, usize); 4] = [
        ("system, one a call", 1),
        ("system, 21 a call", 21),
        ("system, 1000 a call", 1000),
        ("system, all", usize::MAX),
    ];
    let mut ways: Vec<(&str, usize, Fill)> = BATCHES.iter().map(|(name, batch)| (*name, *batch, SYSTEM)).collect();
    #[cfg(feature = "aws-lc-rs")]
    {
        let fill: Fill = |out| aws_lc_rs::rand::fill(out).expect("AWS-LC's random numbers");
        ways.extend([("aws-lc-rs, one a call", 1, fill), ("aws-lc-rs, 1000 a call", 1000, fill)]);
    }
    let mut rounds = Rounds::new(ways.iter().map(|way| way.0).collect());
    let mut drawn = vec![0; values * NONCE];
    for turn in 0..=turns {
        for (at, (_, batch, fill)) in ways.iter().enumerate() {
            let chunk = batch.saturating_mul(NONCE).min(drawn.len());
            let seconds = timed(|| drawn.chunks_mut(chunk).for_each(fill));
            if turn > 0 {
                rounds.note(at, seconds, values);
            }
        }
    }
    rounds
}

type Fill = fn(&mut [u8]);
const SYSTEM: Fill = |out| getrandom::fill(out).expect("the system's random numbers");

fn report(what: &str, rounds: &Rounds, results: &mut Map<String, Value>) {
    let medians = rounds.medians();
    let row: Vec<_> = rounds.names.iter().zip(&medians).map(|(name, ns)| format!("{name} {ns:.1}")).collect();
    println!("{what:26} {}", row.join("   "));
    let by_name: Map<_, _> = rounds
        .names
        .iter()
        .zip(&medians)
        .map(|(name, ns)| (name.to_string(), json!((ns * 10.0).round() / 10.0)))
        .collect();
    results.insert(what.to_string(), Value::Object(by_name));
}

fn argument(name: &str, default: usize) -> usize {
    text(name).map_or(default, |given| given.parse().expect("a number"))
}

fn text(name: &str) -> Option<String> {
    let given: Vec<String> = std::env::args().collect();
    let at = given.iter().position(|one| one == name)?;
    Some(given.get(at + 1).expect("a value").clone())
}
