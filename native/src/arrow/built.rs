//! Columns of ours: built in one piece, shared with whoever takes them, never changed again.

use std::ffi::{c_void, CStr};
use std::ptr;

use super::room::Room;
use crate::memory::{self, NoMemory};

/// What the values are made of.
pub(super) enum Data {
    /// Strings one after the other, with one offset more than strings.
    Strings {
        offsets: Offsets,
        bytes: Room,
    },
    Longs(Vec<u64>),
    Ints(Vec<i32>),
    Bits(Vec<u8>),
}

/// 32 bits as long as the strings fit into 2^31 - 1 bytes, 64 above.
pub(super) enum Offsets {
    Small(Vec<i32>),
    Large(Vec<i64>),
}

/// A part of `Offsets` that one thread writes.
pub(super) enum OffsetsPart<'a> {
    Small(&'a mut [i32]),
    Large(&'a mut [i64]),
}

impl OffsetsPart<'_> {
    #[inline]
    pub(super) fn set(&mut self, at: usize, end: usize) {
        match self {
            OffsetsPart::Small(ends) => ends[at] = end as i32,
            OffsetsPart::Large(ends) => ends[at] = end as i64,
        }
    }

    pub(super) fn get(&self, at: usize) -> usize {
        match self {
            OffsetsPart::Small(ends) => ends[at] as usize,
            OffsetsPart::Large(ends) => ends[at] as usize,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            OffsetsPart::Small(ends) => ends.len(),
            OffsetsPart::Large(ends) => ends.len(),
        }
    }
}

impl Offsets {
    /// Zeros for `len` strings of `bytes` in all.
    pub(super) fn zeros(len: usize, bytes: usize) -> Result<Offsets, NoMemory> {
        Ok(if i32::try_from(bytes).is_ok() {
            Offsets::Small(memory::zeros(len + 1)?)
        } else {
            Offsets::Large(memory::zeros(len + 1)?)
        })
    }

    /// The ends of the strings, in parts of these lengths.
    pub(super) fn parts(&mut self, lens: impl Iterator<Item = usize>) -> Vec<OffsetsPart<'_>> {
        match self {
            Offsets::Small(all) => split(&mut all[1..], lens).map(OffsetsPart::Small).collect(),
            Offsets::Large(all) => split(&mut all[1..], lens).map(OffsetsPart::Large).collect(),
        }
    }

    /// Lets the strings of a run begin `by` earlier.
    pub(super) fn move_back(&mut self, from: usize, len: usize, by: usize) {
        match self {
            Offsets::Small(all) => all[from + 1..=from + len]
                .iter_mut()
                .for_each(|end| *end -= by as i32),
            Offsets::Large(all) => all[from + 1..=from + len]
                .iter_mut()
                .for_each(|end| *end -= by as i64),
        }
    }

    pub(super) fn span(&self, at: usize) -> (usize, usize) {
        match self {
            Offsets::Small(all) => (all[at] as usize, all[at + 1] as usize),
            Offsets::Large(all) => (all[at] as usize, all[at + 1] as usize),
        }
    }

    fn address(&self) -> *const c_void {
        match self {
            Offsets::Small(all) => all.as_ptr().cast(),
            Offsets::Large(all) => all.as_ptr().cast(),
        }
    }
}

/// The type of strings with these offsets, as the C data interface spells it.
pub(super) fn strings_format(text: bool, offsets: &Offsets) -> &'static CStr {
    match (text, offsets) {
        (false, Offsets::Small(_)) => c"z",
        (false, Offsets::Large(_)) => c"Z",
        (true, Offsets::Small(_)) => c"u",
        (true, Offsets::Large(_)) => c"U",
    }
}

/// `all` in parts of these lengths, one after the other.
pub(super) fn split<T>(
    mut all: &mut [T],
    lens: impl Iterator<Item = usize>,
) -> impl Iterator<Item = &mut [T]> {
    lens.map(move |len| {
        let (part, rest) = std::mem::take(&mut all).split_at_mut(len);
        all = rest;
        part
    })
}

/// A column.
pub(super) struct Built {
    pub(super) format: &'static CStr,
    pub(super) len: usize,
    /// Bits and how many are 0; None where nothing is null.
    pub(super) validity: Option<(Vec<u8>, usize)>,
    pub(super) data: Data,
}

impl Built {
    pub(super) fn null_count(&self) -> usize {
        self.validity.as_ref().map_or(0, |(_, nulls)| *nulls)
    }

    pub(super) fn is_null(&self, at: usize) -> bool {
        self.validity
            .as_ref()
            .is_some_and(|(bits, _)| bits[at / 8] >> (at % 8) & 1 == 0)
    }

    /// In Arrow's order: validity, then offsets and bytes, or values alone; and how many of them there are.
    pub(super) fn buffers(&self) -> ([*const c_void; 3], i64) {
        let validity = self
            .validity
            .as_ref()
            .map_or(ptr::null(), |(bits, _)| bits.as_ptr().cast());
        match &self.data {
            Data::Strings { offsets, bytes } => ([validity, offsets.address(), bytes.as_ptr().cast()], 3),
            Data::Longs(values) => ([validity, values.as_ptr().cast(), ptr::null()], 2),
            Data::Ints(values) => ([validity, values.as_ptr().cast(), ptr::null()], 2),
            Data::Bits(bits) => ([validity, bits.as_ptr().cast(), ptr::null()], 2),
        }
    }
}

/// Validity bits with zeros at the positions of the nulls; None where there are none.
pub(super) fn validity(len: usize, nulls: &[usize]) -> Option<(Vec<u8>, usize)> {
    if nulls.is_empty() {
        return None;
    }
    let mut bits = vec![0xff; len.div_ceil(8)];
    nulls.iter().for_each(|at| bits[at / 8] &= !(1 << (at % 8)));
    Some((bits, nulls.len()))
}
