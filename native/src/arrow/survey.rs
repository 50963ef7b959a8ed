//! A column of envelopes looked at before any key is asked for: which headers it has, and how large its values are.

use std::collections::HashSet;

use super::column::{Cells, Column, BLOCK};
use super::ffi::Foreign;
use super::form::{Form, PREFIX_BYTES};
use super::rows::Part;
use super::slices::{cut, each, Slice, Ticker};
use super::typed::Trouble;
use crate::kernel::{Header, MAX_SEALED_BYTES, MIN_SEALED_BYTES};

/// A column to open.
pub(super) struct Sealed<'a> {
    pub(super) envelopes: &'a Column,
    pub(super) form: Form,
    pub(super) rows: Option<Vec<Part<'a>>>,
}

/// What a look over the column found.
pub(super) struct Surveyed {
    pub(super) slices: Vec<Slice>,
    /// Of each slice: bytes of its values, were none padded.
    pub(super) rooms: Vec<usize>,
    pub(super) headers: Vec<Header>,
}

impl Sealed<'_> {
    fn columns(&self) -> Vec<&Column> {
        let rows = self.rows.iter().flatten().map(|part| part.column);
        std::iter::once(self.envelopes).chain(rows).collect()
    }

    /// The distinct headers, in no order. Refused: a cell that is too short or too long, or another version.
    pub(super) fn survey(
        &self,
        threads: usize,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Surveyed, Trouble> {
        let slices = cut(&self.columns());
        let found = each(
            slices.iter().collect(),
            threads,
            go_on,
            Vec::new,
            |slice: &Slice, cell, ticker| self.survey_slice(slice, cell, ticker),
        )?;
        let (rooms, headers): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let headers = headers
            .into_iter()
            .flatten()
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        Ok(Surveyed {
            slices,
            rooms,
            headers,
        })
    }

    fn survey_slice(
        &self,
        slice: &Slice,
        cell: &mut Vec<u8>,
        ticker: &mut Ticker<'_>,
    ) -> Result<(usize, HashSet<Header>), Trouble> {
        let place = slice.places[0];
        let chunk = &self.envelopes.chunks[place.chunk];
        let (mut bytes, mut headers, mut last) = (0, HashSet::new(), None);
        let mut cells = Cells::new();
        for from in (0..slice.len).step_by(BLOCK) {
            chunk.cells(place.at + from, BLOCK.min(slice.len - from), &mut cells)?;
            for value in cells.iter().flatten() {
                let header = self
                    .header_of(*value, cell)
                    .filter(|header| header[0] == 1)
                    .ok_or(Trouble::Refused)?;
                let len = match self.form {
                    Form::Binary => value.len(),
                    Form::Text(_) => (value.len() - PREFIX_BYTES) * 3 / 4,
                };
                if !(MIN_SEALED_BYTES..=MAX_SEALED_BYTES).contains(&len) {
                    return Err(Trouble::Refused);
                }
                bytes += len - MIN_SEALED_BYTES;
                if last != Some(number_of(&header)) {
                    last = Some(number_of(&header));
                    headers.insert(header);
                }
            }
            ticker.tick(BLOCK)?;
        }
        Ok((bytes, headers))
    }

    /// None where there is none, or its text is not canonical.
    #[inline]
    fn header_of(&self, value: Foreign, cell: &mut Vec<u8>) -> Option<Header> {
        const CHARACTERS: usize = PREFIX_BYTES + 24;
        if self.form == Form::Binary {
            return value.read(0);
        }
        cell.resize(CHARACTERS, 0);
        value.part(0, CHARACTERS)?.copy_to(cell);
        let mut decoded = [0; CHARACTERS];
        self.form.read(cell, &mut decoded)?;
        decoded.first_chunk().copied()
    }
}

/// A header in a form that compares without a loop.
#[inline]
pub(super) fn number_of(header: &Header) -> (u8, u128) {
    let [version, id @ ..] = header;
    (*version, u128::from_ne_bytes(*id))
}
