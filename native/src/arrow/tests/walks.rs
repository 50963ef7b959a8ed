//! Columns sealed and opened, over threads; and what happens where a thread panics or is stopped.

use proptest::prelude::*;

use super::{column, strings};
use crate::aead::Key;
use crate::arrow::built::{Built, Data};
use crate::arrow::column::Column;
use crate::arrow::form::Form;
use crate::arrow::open::{open, Named, Opening};
use crate::arrow::rows::{Part, PartKind};
use crate::arrow::seal::{seal, Sealing};
use crate::arrow::slices::each;
use crate::arrow::source::Source;
use crate::arrow::survey::Sealed;
use crate::arrow::target::Target;
use crate::arrow::typed::{Codec, Padding, Trouble};
use crate::kernel::Header;

const HEADER: Header = [1; 17];
const PREFIX: &[u8] = b"the AAD up to the row id";

type Values = Vec<Option<Vec<u8>>>;

fn listed(built: &Built) -> Values {
    let Data::Strings { offsets, bytes } = &built.data else {
        unreachable!("strings");
    };
    let value = |at| {
        let (from, to) = offsets.span(at);
        (!built.is_null(at)).then(|| bytes[from..to].to_vec())
    };
    (0..built.len).map(value).collect()
}

fn rows(ids: Option<&Column>) -> Option<Vec<Part<'_>>> {
    ids.map(|column| {
        vec![Part {
            column,
            kind: PartKind::Bytes,
            tag: 1,
        }]
    })
}

fn sealed(
    values: &Column,
    ids: Option<&Column>,
    padding: Padding,
    threads: usize,
) -> Result<Values, Trouble> {
    let source = Source {
        values,
        codec: Codec { tag: 1, padding },
        null: None,
        rows: rows(ids),
    };
    let go_on = &mut || true;
    let measured = source.measure(threads, go_on, |bytes| bytes)?;
    let key = Key::new(&[7; 32]);
    let how = Sealing {
        key: &key,
        header: &HEADER,
        prefix: PREFIX,
        form: Form::Binary,
        nonces: None,
    };
    seal(&source, &measured, &how, threads, go_on).map(|built| listed(&built))
}

fn opened(envelopes: &Column, ids: Option<&Column>, threads: usize) -> Result<Values, Trouble> {
    let sealed = Sealed {
        envelopes,
        form: Form::Binary,
        rows: rows(ids),
    };
    let go_on = &mut || true;
    let surveyed = sealed.survey(threads, go_on)?;
    let key = Key::new(&[7; 32]);
    let how = Opening {
        keys: vec![Named {
            header: HEADER,
            key: &key,
            prefix: PREFIX.to_vec(),
        }],
        target: Target::Bytes,
        with_nulls: false,
    };
    open(&sealed, &surveyed, &how, threads, go_on).map(|built| listed(&built))
}

fn some(values: &[Vec<u8>]) -> Values {
    values.iter().cloned().map(Some).collect()
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_what_is_changed_does_not(
        values in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..30)), 1..60),
        bound: bool, padding in prop::sample::select(vec![Padding::None, Padding::Multiple(8), Padding::PowerOfTwo(4)]),
        at: prop::sample::Index, byte: prop::sample::Index, bit in 0..8u8, cut: prop::sample::Index, threads in 1usize..3,
    ) {
        let (one, other) = values.split_at(cut.index(values.len()));
        let plain = column("z", &[strings(one, 3), strings(other, 0)]).expect("sound");
        let ids = (0..values.len()).map(|row| vec![b'r', row as u8]).collect::<Vec<_>>();
        let ids = column("z", &[strings(&some(&ids), 1)]).expect("sound");
        let ids = bound.then_some(&ids);
        let mut envelopes = sealed(&plain, ids, padding, threads).expect("sound");
        let whole = column("z", &[strings(&envelopes, 2)]).expect("sound");
        prop_assert_eq!(opened(&whole, ids, threads), Ok(values));
        let at = at.index(envelopes.len());
        if let Some(envelope) = &mut envelopes[at] {
            let byte = byte.index(envelope.len());
            envelope[byte] ^= 1 << bit;
            let changed = column("z", &[strings(&envelopes, 0)]).expect("sound");
            prop_assert!(opened(&changed, ids, threads).is_err());
        }
    }

    #[test]
    fn any_bytes_are_refused(cells in prop::collection::vec(prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80), prop::collection::vec(Just(1u8), 0..80)], 1..20))
    {
        let column = column("z", &[strings(&some(&cells), 0)]).expect("sound");
        prop_assert_eq!(opened(&column, None, 1), Err(Trouble::Refused), "none of these was ever sealed");
    }
}

#[test]
fn threads_give_what_one_gives() {
    let values = (0..40_000)
        .map(|at| (at % 7 > 0).then(|| vec![at as u8; at % 40]))
        .collect::<Values>();
    let plain = column("z", &[strings(&values, 9)]).expect("sound");
    let envelopes = sealed(&plain, None, Padding::None, 3).expect("sound");
    let envelopes = column("z", &[strings(&envelopes, 0)]).expect("sound");
    for threads in [1, 2, 5] {
        assert_eq!(opened(&envelopes, None, threads).as_ref(), Ok(&values));
    }
}

#[test]
fn a_panic_in_a_helper_is_a_panic_of_the_call_and_no_endless_wait() {
    let here = std::thread::current().id();
    let call = || {
        each(
            (0..1000).collect(),
            4,
            &mut || true,
            || (),
            |task: usize, (), _| {
                std::thread::sleep(std::time::Duration::from_micros(50));
                assert!(std::thread::current().id() == here, "of a helper");
                Ok(task)
            },
        )
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
}

#[test]
fn whoever_is_asked_to_stop_stops() {
    let mut asked = 0;
    let result = each(
        (0..64).collect(),
        2,
        &mut || {
            asked += 1;
            asked < 3
        },
        || (),
        |_: usize, (), ticker| (0..1000).try_for_each(|_| ticker.tick(1 << 20).map(|_| ())),
    );
    assert_eq!(result.err(), Some(Trouble::Interrupted));
    assert!(asked < 6, "it looked {asked} times");
}
