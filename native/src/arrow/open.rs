//! A column of envelopes to a column of values (spec envelope-v1 §6).
//!
//! 1. An envelope is copied to a thread's own buffer and decrypted there. Only what authenticated and decoded is
//!    written to the output; the buffer is overwritten when the thread is done.
//! 2. Any failure fails the call: the output is overwritten and dropped. Which ones failed, and why, is found out by the
//!    caller, who goes one by one.
//! 3. The key is chosen by the header alone.

use std::collections::HashMap;

use super::built::{split, strings_format, validity, Built, Data, Offsets, OffsetsPart};
use super::column::{Cells, BLOCK};
use super::ffi::Foreign;
use super::form::Form;
use super::room::Room;
use super::rows::Rows;
use super::slices::{each, Slice, Ticker};
use super::survey::{number_of, Sealed, Surveyed};
use super::target::Target;
use super::typed::{unpadded, Trouble};
use crate::aead::Key;
use crate::kernel::{open_in_place, Header, MIN_SEALED_BYTES};
use crate::memory;

/// One of the keys that the column's headers name, with the AAD up to the row id.
pub(super) struct Named<'a> {
    pub(super) header: Header,
    pub(super) key: &'a Key,
    pub(super) prefix: Vec<u8>,
}

/// What the values become.
pub(super) struct Opening<'a> {
    pub(super) keys: Vec<Named<'a>>,
    pub(super) target: Target,
    /// Whether a sealed null is a null here, or refused.
    pub(super) with_nulls: bool,
}

struct Task<'a> {
    slice: &'a Slice,
    out: Out<'a>,
}

enum Out<'a> {
    Strings {
        room: &'a mut [u8],
        ends: OffsetsPart<'a>,
        base: usize,
    },
    Words(&'a mut [u64]),
}

/// What a slice gave: its nulls, and how much of its room it used.
struct Done {
    nulls: Vec<usize>,
    used: usize,
}

struct Own {
    aad: Vec<u8>,
    cell: Vec<u8>,
    /// As long as the longest so far; the first `len` bytes are the present one's.
    envelope: Vec<u8>,
    len: usize,
    /// Which key was the last.
    last: usize,
}

impl Drop for Own {
    fn drop(&mut self) {
        wipe(&mut self.envelope);
    }
}

pub(super) fn open(
    sealed: &Sealed<'_>,
    surveyed: &Surveyed,
    how: &Opening<'_>,
    threads: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Built, Trouble> {
    let len = sealed.envelopes.len;
    let is_string = how.target.is_string();
    let room: usize = if is_string { surveyed.rooms.iter().sum() } else { 0 };
    let mut bytes = Room::zeros(room)?;
    let mut offsets = Offsets::zeros(if is_string { len } else { 0 }, room)?;
    let mut words = memory::zeros::<u64>(if is_string { 0 } else { len })?;
    let lens = || surveyed.slices.iter().map(|slice| slice.len);
    let outs: Vec<Out<'_>> = if is_string {
        let mut base = 0;
        let rooms = split(&mut bytes, surveyed.rooms.iter().copied());
        let outs = rooms.zip(offsets.parts(lens())).map(|(room, ends)| {
            let from = base;
            base += room.len();
            Out::Strings {
                room,
                ends,
                base: from,
            }
        });
        outs.collect()
    } else {
        split(&mut words, lens()).map(Out::Words).collect()
    };
    let by_header: HashMap<Header, usize> = how
        .keys
        .iter()
        .enumerate()
        .map(|(at, one)| (one.header, at))
        .collect();
    let tasks = surveyed
        .slices
        .iter()
        .zip(outs)
        .map(|(slice, out)| Task { slice, out })
        .collect();
    let own = || Own {
        aad: Vec::new(),
        cell: Vec::new(),
        envelope: Vec::new(),
        len: 0,
        last: usize::MAX,
    };
    let done = each(tasks, threads, go_on, own, |task, own, ticker| {
        open_slice(sealed, how, &by_header, task, own, ticker)
    });
    let done = match done {
        Ok(done) => done,
        Err(trouble) => {
            wipe(&mut bytes);
            words.fill(0);
            std::hint::black_box(&mut words);
            return Err(trouble);
        }
    };
    let nulls = done
        .iter()
        .flat_map(|one| one.nulls.iter().copied())
        .collect::<Vec<_>>();
    let (format, data) = if is_string {
        close_up(&mut bytes, &mut offsets, surveyed, &done);
        let format = strings_format(how.target == Target::Text, &offsets);
        (format, Data::Strings { offsets, bytes })
    } else {
        match how.target {
            Target::Bool => {
                let mut bits = vec![0u8; len.div_ceil(8)];
                words
                    .iter()
                    .enumerate()
                    .for_each(|(at, word)| bits[at / 8] |= (*word as u8) << (at % 8));
                (c"b", Data::Bits(bits))
            }
            Target::Date32 => (
                c"tdD",
                Data::Ints(words.iter().map(|word| *word as i32).collect()),
            ),
            Target::Float64 => (c"g", Data::Longs(words)),
            _ => (c"l", Data::Longs(words)),
        }
    };
    Ok(Built {
        format,
        len,
        validity: validity(len, &nulls),
        data,
    })
}

/// Where padding was taken off, the slices do not fill their rooms: move them together.
fn close_up(bytes: &mut Room, offsets: &mut Offsets, surveyed: &Surveyed, done: &[Done]) {
    let (mut room, mut end) = (0, 0);
    for ((slice, size), one) in surveyed.slices.iter().zip(&surveyed.rooms).zip(done) {
        if room > end {
            bytes.copy_within(room..room + one.used, end);
            offsets.move_back(slice.from, slice.len, room - end);
        }
        room += size;
        end += one.used;
    }
    wipe(&mut bytes[end..]);
    bytes.truncate(end);
}

fn open_slice(
    sealed: &Sealed<'_>,
    how: &Opening<'_>,
    by_header: &HashMap<Header, usize>,
    task: Task<'_>,
    own: &mut Own,
    ticker: &mut Ticker<'_>,
) -> Result<Done, Trouble> {
    let Task { slice, mut out } = task;
    let place = slice.places[0];
    let chunk = &sealed.envelopes.chunks[place.chunk];
    let mut done = Done {
        nulls: Vec::new(),
        used: 0,
    };
    let mut rows = sealed.rows.as_deref().map(Rows::new);
    let mut cells = Cells::new();
    for from in (0..slice.len).step_by(BLOCK) {
        let len = BLOCK.min(slice.len - from);
        chunk.cells(place.at + from, len, &mut cells)?;
        if let Some(rows) = &mut rows {
            rows.read(&slice.places[1..], from, len)?;
            rows.check(len, &mut own.cell)?; // beside a null, too
        }
        for (at, cell) in cells.iter().enumerate() {
            let mut is_null = cell.is_none();
            if let Some(value) = cell {
                ticker.tick(value.len())?;
                own.read(sealed.form, *value)?;
                let prefix_len = own.key_of(how, by_header)?;
                if let Some(rows) = &rows {
                    own.aad.truncate(prefix_len);
                    rows.push_suffix(at, &mut own.aad)?;
                }
                let Own {
                    aad,
                    envelope,
                    len,
                    last,
                    ..
                } = &mut *own;
                let typed = open_in_place(how.keys[*last].key, aad, &mut envelope[..*len]);
                let (tag, body) = typed
                    .ok()
                    .and_then(|typed| unpadded(typed))
                    .ok_or(Trouble::Refused)?;
                is_null = tag == 0 && how.with_nulls && body.is_empty();
                if !is_null {
                    let put = if tag == how.target.tag() {
                        out.put(from + at, &mut done.used, how.target, body)
                    } else {
                        None
                    };
                    put.ok_or(Trouble::Refused)?;
                }
            }
            if is_null {
                done.nulls.push(slice.from + from + at);
            }
            if let Out::Strings { ends, base, .. } = &mut out {
                ends.set(from + at, *base + done.used);
            }
        }
    }
    if let (Out::Strings { room, ends, base }, Target::Text) = (&out, how.target) {
        check_text(&room[..done.used], ends, *base)?;
    }
    Ok(done)
}

/// Refuses opened text that is not UTF-8: all at once while it is ASCII, else string by string.
fn check_text(room: &[u8], ends: &OffsetsPart<'_>, base: usize) -> Result<(), Trouble> {
    if room.is_ascii() {
        return Ok(());
    }
    let mut from = 0;
    for at in 0..ends.len() {
        let to = ends.get(at) - base;
        std::str::from_utf8(&room[from..to]).map_err(|_| Trouble::Refused)?;
        from = to;
    }
    Ok(())
}

impl Out<'_> {
    #[inline]
    fn put(&mut self, at: usize, used: &mut usize, target: Target, body: &[u8]) -> Option<()> {
        match self {
            Out::Strings { room, .. } => {
                room.get_mut(*used..*used + body.len())?.copy_from_slice(body);
                *used += body.len();
            }
            Out::Words(words) => words[at] = target.word_of(body)?,
        }
        Some(())
    }
}

impl Own {
    /// The envelope of a cell, in a buffer of ours.
    #[inline]
    fn read(&mut self, form: Form, value: Foreign) -> Result<(), Trouble> {
        let room = value.len();
        if self.envelope.len() < room {
            // Not `resize`, which would free the old buffer with plaintext in it.
            wipe(&mut self.envelope);
            self.envelope = vec![0; room.next_power_of_two().max(1024)];
        }
        self.len = match form {
            Form::Binary => {
                value.copy_to(&mut self.envelope[..room]);
                room
            }
            Form::Text(_) => {
                self.cell.resize(room, 0);
                value.copy_to(&mut self.cell);
                form.read(&self.cell, &mut self.envelope)
                    .ok_or(Trouble::Refused)?
            }
        };
        // Looked at anew: the cell may have changed since the survey.
        if self.len < MIN_SEALED_BYTES {
            return Err(Trouble::Refused);
        }
        Ok(())
    }

    /// Chooses the key of the envelope and begins its AAD. Returns the length of the AAD's prefix.
    #[inline]
    fn key_of(&mut self, how: &Opening<'_>, by_header: &HashMap<Header, usize>) -> Result<usize, Trouble> {
        let header: &Header = self.envelope.first_chunk().ok_or(Trouble::Refused)?;
        if how
            .keys
            .get(self.last)
            .is_none_or(|last| number_of(&last.header) != number_of(header))
        {
            self.last = *by_header.get(header).ok_or(Trouble::Refused)?;
            self.aad.clear();
            self.aad.extend_from_slice(&how.keys[self.last].prefix);
        }
        Ok(how.keys[self.last].prefix.len())
    }
}

/// Zeros where plaintext was; the compiler cannot leave it out, as it cannot know that nobody looks.
pub(super) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    std::hint::black_box(bytes);
}
