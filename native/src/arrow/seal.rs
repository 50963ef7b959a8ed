//! A column of values to a column of envelopes (spec envelope-v1).
//!
//! 1. The column is measured first and the output made once, at its exact size. Each envelope is written where it
//!    stays; its plaintext is encrypted there.
//! 2. Nonces are drawn some thousand at a time, so that they are used while in the cache: none before the values that
//!    they are for are at hand, none kept when signals were looked at, since a handler may have forked.
//! 3. If the values changed since they were measured, nothing is written outside a slice's room, and the call fails.

use std::ops::Range;

use super::built::{split, strings_format, validity, Built, Data, Offsets, OffsetsPart};
use super::column::{Cells, Damaged, BLOCK};
use super::form::Form;
use super::room::Room;
use super::rows::Rows;
use super::slices::{each, Slice, Ticker};
use super::source::{Measured, Source};
use super::typed::{Body, Codec, Trouble};
use crate::aead::Key;
use crate::kernel::{seal_in_place, Header, Nonce, NONCE_BYTES, NONCE_END, OVERHEAD_BYTES, TAG_BYTES};
use crate::nonces;

const NONCES: usize = 1024;
const CHANGED: Trouble = Trouble::Damaged(Damaged("it changed while it was read"));

/// Under what, and how.
pub(super) struct Sealing<'a> {
    pub(super) key: &'a Key,
    pub(super) header: &'a Header,
    /// The AAD up to the row id.
    pub(super) prefix: &'a [u8],
    pub(super) form: Form,
    /// For tests that compare with the other core: nonces that are given. None draws them.
    pub(super) nonces: Option<&'a [u8]>,
}

struct Task<'a> {
    slice: &'a Slice,
    room: &'a mut [u8],
    ends: OffsetsPart<'a>,
    /// Where the room begins in the whole.
    base: usize,
    /// How many values there are before.
    rank: usize,
}

/// What a thread keeps.
struct Own {
    aad: Vec<u8>,
    envelope: Vec<u8>,
    nonces: Vec<u8>,
    unused: Range<usize>,
}

pub(super) fn seal(
    source: &Source<'_>,
    measured: &Measured,
    how: &Sealing<'_>,
    threads: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Built, Trouble> {
    let total = measured.total();
    let len = source.values.len;
    let mut bytes = Room::zeros(total.bytes)?;
    let mut offsets = Offsets::zeros(len, total.bytes)?;
    let rooms = split(&mut bytes, measured.sizes.iter().map(|size| size.bytes));
    let ends = offsets.parts(measured.slices.iter().map(|slice| slice.len));
    let (mut base, mut rank) = (0, 0);
    let mut tasks = Vec::with_capacity(measured.slices.len());
    for (((slice, size), room), ends) in measured.slices.iter().zip(&measured.sizes).zip(rooms).zip(ends) {
        tasks.push(Task {
            slice,
            room,
            ends,
            base,
            rank,
        });
        base += size.bytes;
        rank += size.values;
    }
    let own = || Own {
        aad: how.prefix.to_vec(),
        envelope: Vec::new(),
        nonces: vec![0; NONCES * NONCE_BYTES],
        unused: 0..0,
    };
    let nulls = each(tasks, threads, go_on, own, |task, own, ticker| {
        seal_slice(source, how, task, own, ticker)
    })?;
    let format = strings_format(how.form != Form::Binary, &offsets);
    Ok(Built {
        format,
        len,
        validity: validity(len, &nulls.concat()),
        data: Data::Strings { offsets, bytes },
    })
}

fn seal_slice(
    source: &Source<'_>,
    how: &Sealing<'_>,
    mut task: Task<'_>,
    own: &mut Own,
    ticker: &mut Ticker<'_>,
) -> Result<Vec<usize>, Trouble> {
    let Task {
        slice,
        room,
        ends,
        base,
        rank,
    } = &mut task;
    let place = slice.places[0];
    let chunk = &source.values.chunks[place.chunk];
    let mut rows = source.rows.as_deref().map(Rows::new);
    let mut cells = Cells::new();
    let mut nulls = Vec::new();
    let mut used = 0;
    for from in (0..slice.len).step_by(BLOCK) {
        let len = BLOCK.min(slice.len - from);
        chunk.cells(place.at + from, len, &mut cells)?;
        if let Some(rows) = &mut rows {
            rows.read(&slice.places[1..], from, len)?;
        }
        for (at, cell) in cells.iter().enumerate() {
            let plaintext = match (cell, source.null) {
                (Some(value), _) => Plaintext::Value(Body::of(source.values.kind, *value)?),
                (None, Some(null)) => Plaintext::Null(null),
                (None, None) => {
                    nulls.push(slice.from + from + at);
                    ends.set(from + at, *base + used);
                    continue;
                }
            };
            let sealed = OVERHEAD_BYTES + plaintext.len(&source.codec)?;
            let room = room
                .get_mut(used..used + how.form.written(sealed))
                .ok_or(CHANGED)?;
            let nonce = own.next_nonce(how.nonces, *rank, slice.len - from - at)?;
            if let Some(rows) = &rows {
                own.aad.truncate(how.prefix.len());
                rows.push_suffix(at, &mut own.aad)?;
            }
            if how.form == Form::Binary {
                plaintext.write(&source.codec, &mut room[NONCE_END..sealed - TAG_BYTES]);
                seal_in_place(how.key, how.header, &nonce, &own.aad, room);
            } else {
                own.envelope.resize(sealed, 0);
                plaintext.write(&source.codec, &mut own.envelope[NONCE_END..sealed - TAG_BYTES]);
                seal_in_place(how.key, how.header, &nonce, &own.aad, &mut own.envelope);
                how.form.write(&own.envelope, room);
            }
            used += room.len();
            *rank += 1;
            ends.set(from + at, *base + used);
            if ticker.tick(sealed)? {
                own.unused = 0..0;
            }
        }
    }
    if used == task.room.len() {
        Ok(nulls)
    } else {
        Err(CHANGED)
    }
}

/// What goes into an envelope.
enum Plaintext<'a> {
    Value(Body),
    Null(&'a [u8]),
}

impl Plaintext<'_> {
    #[inline]
    fn len(&self, codec: &Codec) -> Result<usize, Trouble> {
        match self {
            Plaintext::Value(body) => codec.typed_len(body),
            Plaintext::Null(typed) => Ok(typed.len()),
        }
    }

    #[inline]
    fn write(&self, codec: &Codec, out: &mut [u8]) {
        match self {
            Plaintext::Value(body) => codec.write(body, out),
            Plaintext::Null(typed) => out.copy_from_slice(typed),
        }
    }
}

impl Own {
    /// `ahead`: how many values may still come, this one with them.
    #[inline]
    fn next_nonce(&mut self, given: Option<&[u8]>, rank: usize, ahead: usize) -> Result<Nonce, Trouble> {
        if let Some(given) = given {
            let nonce = given
                .get(rank * NONCE_BYTES..)
                .and_then(|rest| rest.first_chunk());
            return nonce.copied().ok_or(Trouble::NoRandomness);
        }
        if self.unused.is_empty() {
            self.unused = 0..ahead.min(NONCES) * NONCE_BYTES;
            nonces::draw(&mut self.nonces[self.unused.clone()]).map_err(|_| Trouble::NoRandomness)?;
        }
        let nonce = self.nonces[self.unused.start..].first_chunk();
        self.unused.start += NONCE_BYTES;
        Ok(*nonce.expect("12 bytes"))
    }
}
