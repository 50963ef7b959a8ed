//! What is to be sealed: a column of values, how they are encoded, and the rows they belong to.

use super::column::{Cells, Chunk, Column, Damaged, Kind, BLOCK};
use super::rows::{Part, Rows};
use super::slices::{cut, each, Slice, Ticker};
use super::typed::{Body, Codec, Trouble};
use crate::kernel::OVERHEAD_BYTES;

/// How many bytes are looked at together for being ASCII.
const ASCII_RUN: usize = 64 << 10;
const TOO_LONG: Trouble = Trouble::Damaged(Damaged("longer than any memory"));

/// A column to seal.
pub(super) struct Source<'a> {
    pub(super) values: &'a Column,
    pub(super) codec: Codec,
    /// The typed plaintext of a null, where the field seals its nulls.
    pub(super) null: Option<&'a [u8]>,
    pub(super) rows: Option<Vec<Part<'a>>>,
}

/// What a look over the whole column found: nothing wrong, and how large its parts become.
pub(super) struct Measured {
    pub(super) slices: Vec<Slice>,
    pub(super) sizes: Vec<Size>,
}

/// Of a slice: bytes of its envelopes, and how many there are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) bytes: usize,
    pub(super) values: usize,
}

impl Measured {
    pub(super) fn total(&self) -> Size {
        self.sizes.iter().fold(Size::default(), |sum, one| Size {
            bytes: sum.bytes.saturating_add(one.bytes),
            values: sum.values + one.values,
        })
    }
}

impl Source<'_> {
    /// The columns that take part, the values first.
    pub(super) fn columns(&self) -> Vec<&Column> {
        let rows = self.rows.iter().flatten().map(|part| part.column);
        std::iter::once(self.values).chain(rows).collect()
    }

    /// Looks at every value and row id, so that nothing is refused any more once a key is used. `written` says how
    /// many bytes an envelope of so many has in the column.
    pub(super) fn measure(
        &self,
        threads: usize,
        go_on: &mut dyn FnMut() -> bool,
        written: impl Fn(usize) -> usize + Sync,
    ) -> Result<Measured, Trouble> {
        let slices = cut(&self.columns());
        let sizes = each(
            slices.iter().collect(),
            threads,
            go_on,
            Vec::new,
            |slice, scratch, ticker| self.measure_slice(slice, scratch, ticker, &written),
        )?;
        Ok(Measured { slices, sizes })
    }

    fn measure_slice(
        &self,
        slice: &Slice,
        scratch: &mut Vec<u8>,
        ticker: &mut Ticker<'_>,
        written: &impl Fn(usize) -> usize,
    ) -> Result<Size, Trouble> {
        let place = slice.places[0];
        let chunk = &self.values.chunks[place.chunk];
        let mut rows = self.rows.as_deref().map(Rows::new);
        let mut cells = Cells::new();
        let mut size = Size::default();
        for from in (0..slice.len).step_by(BLOCK) {
            let len = BLOCK.min(slice.len - from);
            chunk.cells(place.at + from, len, &mut cells)?;
            for cell in &cells {
                let typed = match (cell, self.null) {
                    (None, None) => continue,
                    (None, Some(null)) => null.len(),
                    (Some(value), _) => self.codec.typed_len(&Body::of(self.values.kind, *value)?)?,
                };
                let bytes = written(OVERHEAD_BYTES + typed);
                size.bytes = size.bytes.checked_add(bytes).ok_or(TOO_LONG)?;
                size.values += 1;
            }
            if self.values.kind == Kind::Text {
                check_text(chunk, place.at + from, &cells, scratch, ticker)?;
            }
            if let Some(rows) = &mut rows {
                rows.read(&slice.places[1..], from, len)?;
                rows.check(len, scratch)?;
            }
            ticker.tick(len)?;
        }
        Ok(size)
    }
}

/// Refuses text that is not UTF-8: `cells` from `from` on. It is looked at in a copy (ffi, rule 2), all at once while
/// it is ASCII.
pub(super) fn check_text(
    chunk: &Chunk,
    from: usize,
    cells: &Cells,
    scratch: &mut Vec<u8>,
    ticker: &mut Ticker<'_>,
) -> Result<(), Trouble> {
    if let Some(run) = chunk.run(from, cells.len()).filter(|run| run.len() <= ASCII_RUN) {
        scratch.resize(run.len(), 0);
        run.copy_to(scratch);
        if scratch.is_ascii() {
            return Ok(());
        }
    }
    for cell in cells.iter().flatten() {
        scratch.resize(cell.len(), 0);
        cell.copy_to(scratch);
        std::str::from_utf8(scratch).map_err(|_| Trouble::NotUtf8)?;
        ticker.tick(scratch.len())?;
    }
    Ok(())
}
