//! Columns of any bytes at all, read, sealed and opened: refused or right, and never a read outside (under a sanitizer).

mod columns;
mod walks;

use super::column::{Cells, Column};
use super::ffi::crafted::Crafted;
use super::ffi::Type;

/// A type without metadata.
fn plain(format: &str) -> Type {
    Type {
        format: format.into(),
        is_special: false,
    }
}

/// A column of chunks; None where it is damaged.
fn column(format: &str, chunks: &[Crafted]) -> Option<Column> {
    let arrays = chunks.iter().map(|one| one.array().0).collect();
    Column::new(plain(format), arrays)
        .ok()
        .map(|column| column.expect("a type that is read"))
}

/// The values of a whole column; None where it is damaged.
fn values(column: &Column) -> Option<Vec<Option<Vec<u8>>>> {
    let (mut all, mut cells) = (Vec::new(), Cells::new());
    for chunk in &column.chunks {
        chunk.cells(0, chunk.len(), &mut cells).ok()?;
        all.extend(cells.iter().map(|cell| {
            cell.map(|bytes| {
                let mut copied = vec![0; bytes.len()];
                bytes.copy_to(&mut copied);
                copied
            })
        }));
    }
    Some(all)
}

/// The array of these values with offsets of 32 bits, after `before` others.
fn strings(values: &[Option<Vec<u8>>], before: usize) -> Crafted {
    let (mut data, mut offsets) = (vec![b'?'; before], (0..before as i32).collect::<Vec<_>>());
    let mut bits = vec![0xffu8; (before + values.len()).div_ceil(8).max(1)];
    offsets.push(before as i32);
    for (at, value) in values.iter().enumerate() {
        match value {
            Some(value) => data.extend_from_slice(value),
            None => bits[(before + at) / 8] &= !(1 << ((before + at) % 8)),
        }
        offsets.push(data.len() as i32);
    }
    Crafted {
        length: values.len() as i64,
        null_count: -1,
        offset: before as i64,
        buffers: vec![
            Some(bits),
            Some(offsets.iter().flat_map(|one| one.to_ne_bytes()).collect()),
            Some(data),
        ],
    }
}
