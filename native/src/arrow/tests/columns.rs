//! A column as it is read (`column`).

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::{column, plain, strings, values};
use crate::arrow::column::{Cells, Column};
use crate::arrow::ffi::crafted::Crafted;

/// Offsets as they may be, some of them sound.
fn offsets(len: usize, most: i32) -> impl Strategy<Value = Vec<i32>> {
    let sound = prop::collection::vec(0..=most, len).prop_map(|mut all| {
        all.sort_unstable();
        all
    });
    let any_order = prop::collection::vec(-2..=most, len);
    let wild = prop::collection::vec(prop_oneof![4 => 0..=most, 1 => any::<i32>()], len);
    prop_oneof![4 => sound, 2 => any_order, 1 => wild]
}

fn little(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|one| one.to_ne_bytes()).collect()
}

/// What the offsets say, read as simply as can be. The last offset says how long the data are (ffi, rule 1).
fn model(numbers: &[i32], bits: &[u8], offset: usize, data: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let last = usize::try_from(*numbers.last()?).ok()?;
    numbers[offset..]
        .windows(2)
        .enumerate()
        .map(|(at, pair)| {
            let (from, to) = (usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?);
            let value = (to <= last).then(|| data.get(from..to)).flatten()?;
            let at = offset + at;
            Some((bits[at / 8] >> (at % 8) & 1 == 1).then(|| value.to_vec()))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn offsets_of_any_kind(
        (numbers, offset) in (1usize..12).prop_flat_map(|len| (offsets(len, 20), 0..len)),
        bits: [u8; 2], data in prop::collection::vec(any::<u8>(), 20), large: bool,
    ) {
        // A buffer as long as its last offset says, and not a byte more.
        let last = usize::try_from(*numbers.last().expect("one")).unwrap_or(0).min(data.len());
        prop_assume!(numbers.last().is_none_or(|last| *last <= 20));
        let wide = numbers.iter().flat_map(|one| i64::from(*one).to_ne_bytes()).collect();
        let crafted = Crafted {
            length: (numbers.len() - 1 - offset) as i64, null_count: -1, offset: offset as i64,
            buffers: vec![
                Some(bits.to_vec()), Some(if large { wide } else { little(&numbers) }), Some(data[..last].to_vec()),
            ],
        };
        let read = column(if large { "Z" } else { "z" }, &[crafted]).and_then(|column| values(&column));
        if numbers.len() - 1 > offset {
            prop_assert_eq!(read, model(&numbers, &bits, offset, &data[..last]));
        } else {
            prop_assert_eq!(read, Some(vec![]), "nothing is read of an empty array");
        }
    }

    #[test]
    fn views_of_any_kind(
        views in prop::collection::vec(
            (prop_oneof![3 => -1..40i32, 1 => any::<i32>()], any::<[u8; 4]>(), -1..3i32, prop_oneof![3 => -1..40i32, 1 => any::<i32>()]),
            1..9,
        ),
        sizes in prop::collection::vec(0usize..40, 0..3), bits: u8, known: bool,
    ) {
        let cell = |(len, prefix, buffer, from): &(i32, [u8; 4], i32, i32)| {
            [len.to_ne_bytes(), *prefix, buffer.to_ne_bytes(), from.to_ne_bytes()].concat()
        };
        let data = sizes.iter().enumerate().map(|(one, size)| vec![one as u8; *size]).collect::<Vec<_>>();
        let mut buffers = vec![Some(vec![bits; 2]), Some(views.iter().flat_map(cell).collect())];
        buffers.extend(data.iter().cloned().map(Some));
        buffers.push(Some(sizes.iter().flat_map(|size| (*size as i64).to_ne_bytes()).collect()));
        let crafted = Crafted {
            length: views.len() as i64, null_count: if known { 0 } else { -1 }, offset: 0, buffers,
        };
        let expected: Option<Vec<_>> = views.iter().enumerate().map(|(at, view)| {
            if !known && bits >> (at % 8) & 1 == 0 {
                return Some(None);
            }
            let (len, _, buffer, from) = *view;
            let len = usize::try_from(len).ok()?;
            if len <= 12 {
                return Some(Some(cell(view)[4..4 + len].to_vec()));
            }
            let from = usize::try_from(from).ok()?;
            Some(Some(data.get(usize::try_from(buffer).ok()?)?.get(from..from + len)?.to_vec()))
        }).collect();
        prop_assert_eq!(column("vz", &[crafted]).and_then(|column| values(&column)), expected);
    }

    #[test]
    fn fixed_widths_and_bits(
        bytes in prop::collection::vec(any::<u8>(), 64), length in 0usize..15, offset in 0usize..8, width in 0usize..4,
    ) {
        let read = |format: &str, bytes: Vec<u8>| {
            let chunk = Crafted {
                length: length as i64, null_count: 0, offset: offset as i64, buffers: vec![None, Some(bytes)],
            };
            column(format, &[chunk]).and_then(|column| values(&column))
        };
        let end = (offset + length) * width;
        let fixed = (offset..offset + length).map(|at| Some(bytes[at * width..][..width].to_vec())).collect();
        prop_assert_eq!(read(&format!("w:{width}"), bytes[..end].to_vec()), Some(fixed));
        let bits = (offset..offset + length).map(|at| Some(vec![bytes[at / 8] >> (at % 8) & 1])).collect();
        prop_assert_eq!(read("b", bytes[..(offset + length).div_ceil(8)].to_vec()), Some(bits));
    }

    #[test]
    fn any_struct_is_read_or_refused(
        format in prop::sample::select(vec!["u", "U", "vu", "z", "Z", "vz", "c", "s", "i", "l", "b", "g", "tdD", "n", "w:5"]),
        length in 0i64..40, null_count in -1i64..3, offset in 0i64..40,
        present in prop::collection::vec(any::<bool>(), 0..5),
    ) {
        // Each buffer is long enough for any of these types, and all zeros: sizes and offsets of nothing.
        let buffers = present.iter().map(|present| present.then(|| vec![0; 16 * 81])).collect();
        let crafted = Crafted { length, null_count, offset, buffers };
        let (array, released) = crafted.array();
        if let Ok(Some(read)) = Column::new(plain(format), vec![array]) {
            prop_assert_eq!(read.len, length as usize);
            prop_assert_eq!(released.load(Ordering::Relaxed), 0);
            if let Some(values) = values(&read) {
                prop_assert_eq!(values.len(), length as usize);
            }
        }
        prop_assert_eq!(released.load(Ordering::Relaxed), 1, "released once, refused or not");
    }

    #[test]
    fn chunks_and_slices_are_the_values(
        chunks in prop::collection::vec(
            (prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..5)), 0..9), 0usize..10), 0..5,
        ),
        cut: prop::sample::Index,
    ) {
        let crafted = chunks.iter().map(|(values, before)| strings(values, *before)).collect::<Vec<_>>();
        let read = column("z", &crafted).expect("sound");
        let all = chunks.iter().flat_map(|(values, _)| values.clone()).collect::<Vec<_>>();
        prop_assert_eq!(values(&read), Some(all));
        for (chunk, (values, _)) in read.chunks.iter().zip(&chunks) {
            let from = cut.index(values.len() + 1);
            let mut cells = Cells::new();
            chunk.cells(from, values.len() - from, &mut cells).expect("sound");
            let lens = cells.iter().map(|cell| cell.map(|bytes| bytes.len())).collect::<Vec<_>>();
            prop_assert_eq!(lens, values[from..].iter().map(|one| one.as_ref().map(Vec::len)).collect::<Vec<_>>());
            prop_assert_eq!(chunk.count(from, values.len() - from), values[from..].iter().flatten().count());
        }
    }
}
