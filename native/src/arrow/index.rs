//! A column of values to a column of blind index values (spec index-v1).
//!
//! A value that is not plain (`normal`) is named by `scan`; the caller normalises it in Python and gives its normal
//! form to `index`.

use super::built::{split, strings_format, validity, Built, Data, Offsets, OffsetsPart};
use super::column::{Cells, Column, Damaged, Kind, BLOCK};
use super::ffi::Foreign;
use super::form::Form;
use super::normal::Normaliser;
use super::room::Room;
use super::slices::{cut, each, Slice, Ticker};
use super::source::check_text;
use super::typed::{Body, Codec, Padding, Trouble};
use crate::kernel::{index_into, IndexForm};
use crate::mac::{Key, MAC_BYTES};

const CHANGED: Trouble = Trouble::Damaged(Damaged("it changed while it was read"));

/// A column to index.
pub(super) struct Plain<'a> {
    pub(super) values: &'a Column,
    pub(super) normaliser: Normaliser,
    /// Of the field's type, for `exact@1`.
    pub(super) tag: u8,
}

/// Under what, and how.
pub(super) struct Indexing<'a> {
    pub(super) key: &'a Key,
    pub(super) kept: &'a IndexForm,
    pub(super) form: Form,
    /// Normal forms of what is not plain, by position, in order.
    pub(super) given: Vec<(usize, Vec<u8>)>,
}

impl Plain<'_> {
    /// The positions of the values that Python must normalise. Refused: what has no typed plaintext.
    pub(super) fn scan(
        &self,
        threads: usize,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<usize>, Trouble> {
        let slices = cut(&[self.values]);
        let found = each(
            slices.iter().collect(),
            threads,
            go_on,
            Own::default,
            |slice: &Slice, own, ticker| {
                let place = slice.places[0];
                let chunk = &self.values.chunks[place.chunk];
                let mut odd = Vec::new();
                for from in (0..slice.len).step_by(BLOCK) {
                    chunk.cells(place.at + from, BLOCK.min(slice.len - from), &mut own.cells)?;
                    if self.values.kind == Kind::Text {
                        check_text(chunk, place.at + from, &own.cells, &mut own.value, ticker)?;
                    }
                    for (at, cell) in own.cells.iter().enumerate() {
                        let Some(value) = cell else { continue };
                        if !self.read(*value, &mut own.value)? {
                            odd.push(slice.from + from + at);
                        }
                        ticker.tick(value.len())?;
                    }
                }
                Ok(odd)
            },
        )?;
        Ok(found.concat())
    }

    /// Copies a value to `out`, for `exact@1` as a typed plaintext; whether its normal form is known here.
    #[inline]
    fn read(&self, value: Foreign, out: &mut Vec<u8>) -> Result<bool, Trouble> {
        let body = Body::of(self.values.kind, value)?;
        if self.normaliser == Normaliser::Exact {
            let codec = Codec {
                tag: self.tag,
                padding: Padding::None,
            };
            out.resize(codec.typed_len(&body)?, 0);
            codec.write(&body, out);
        } else {
            out.resize(body.len(), 0);
            body.write(out);
        }
        Ok(self.normaliser.knows(out))
    }
}

/// What a thread keeps.
#[derive(Default)]
struct Own {
    cells: Cells,
    value: Vec<u8>,
}

struct Task<'a> {
    slice: &'a Slice,
    room: &'a mut [u8],
    ends: OffsetsPart<'a>,
    base: usize,
    given: &'a [(usize, Vec<u8>)],
}

pub(super) fn index(
    plain: &Plain<'_>,
    how: &Indexing<'_>,
    threads: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Built, Trouble> {
    let len = plain.values.len;
    let slices = cut(&[plain.values]);
    let size = how.form.written(how.kept.value_bytes());
    let values = |slice: &Slice| {
        let place = slice.places[0];
        plain.values.chunks[place.chunk].count(place.at, slice.len)
    };
    let sizes: Vec<usize> = slices.iter().map(|slice| size * values(slice)).collect();
    let total = sizes.iter().sum();
    let mut bytes = Room::zeros(total)?;
    let mut offsets = Offsets::zeros(len, total)?;
    let rooms = split(&mut bytes, sizes.iter().copied());
    let ends = offsets.parts(slices.iter().map(|slice| slice.len));
    let mut base = 0;
    let mut tasks = Vec::with_capacity(slices.len());
    for ((slice, room), ends) in slices.iter().zip(rooms).zip(ends) {
        let first = how.given.partition_point(|(at, _)| *at < slice.from);
        let last = how.given.partition_point(|(at, _)| *at < slice.from + slice.len);
        let from = base;
        base += room.len();
        tasks.push(Task {
            slice,
            room,
            ends,
            base: from,
            given: &how.given[first..last],
        });
    }
    let nulls = each(tasks, threads, go_on, Own::default, |task, own, ticker| {
        index_slice(plain, how, size, task, own, ticker)
    })?;
    let format = strings_format(how.form != Form::Binary, &offsets);
    Ok(Built {
        format,
        len,
        validity: validity(len, &nulls.concat()),
        data: Data::Strings { offsets, bytes },
    })
}

fn index_slice(
    plain: &Plain<'_>,
    how: &Indexing<'_>,
    size: usize,
    task: Task<'_>,
    own: &mut Own,
    ticker: &mut Ticker<'_>,
) -> Result<Vec<usize>, Trouble> {
    let Task {
        slice,
        room,
        mut ends,
        base,
        given,
    } = task;
    let place = slice.places[0];
    let chunk = &plain.values.chunks[place.chunk];
    let (mut nulls, mut used) = (Vec::new(), 0);
    let mut given = given.iter().peekable();
    let mut index_value = [0; 1 + MAC_BYTES];
    let index_value = &mut index_value[..how.kept.value_bytes()];
    for from in (0..slice.len).step_by(BLOCK) {
        chunk.cells(place.at + from, BLOCK.min(slice.len - from), &mut own.cells)?;
        for (at, cell) in own.cells.iter().enumerate() {
            let position = slice.from + from + at;
            let Some(value) = cell else {
                nulls.push(position);
                ends.set(from + at, base + used);
                continue;
            };
            let room = room.get_mut(used..used + size).ok_or(CHANGED)?;
            let normal = match given.next_if(|(odd, _)| *odd == position) {
                Some((_, normal)) => normal.as_slice(),
                None if plain.read(*value, &mut own.value)? => {
                    let normal = plain.normaliser.apply(&mut own.value);
                    &own.value[normal]
                }
                None => return Err(CHANGED),
            };
            index_into(how.key, how.kept, normal, index_value);
            how.form.write(index_value, room);
            used += size;
            ends.set(from + at, base + used);
            ticker.tick(normal.len())?;
        }
    }
    if used == room.len() {
        Ok(nulls)
    } else {
        Err(CHANGED)
    }
}
