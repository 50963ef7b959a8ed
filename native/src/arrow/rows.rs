//! The end of each row's AAD, from columns of row ids (spec aad-v1 §3, §4).

use super::column::{Cells, Column, Kind};
use super::ffi::Foreign;
use super::slices::Place;
use super::typed::{Body, Trouble};

/// How a row id's column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    Bytes,
    Text,
    Int,
    Uuid,
    UuidText,
}

/// One part of the row ids: a column, and how it is read.
pub(super) struct Part<'a> {
    pub(super) column: &'a Column,
    pub(super) kind: PartKind,
    /// Of the row id's type (spec aad-v1 §4).
    pub(super) tag: u8,
}

impl PartKind {
    /// How a column is read for a row id of the type with this tag; None where it is of another type.
    pub(super) fn of(tag: u8, column: &Column) -> Option<PartKind> {
        Some(match (tag, column.kind) {
            (0x01, Kind::Bytes) => PartKind::Bytes,
            (0x02, Kind::Text) => PartKind::Text,
            (0x03, Kind::Int(..)) => PartKind::Int,
            (0x0b, Kind::Bytes) if column.format == "w:16" => PartKind::Uuid,
            (0x0b, Kind::Text) => PartKind::UuidText,
            _ => return None,
        })
    }
}

/// The row ids of a block of rows, read from their columns.
pub(super) struct Rows<'a> {
    parts: &'a [Part<'a>],
    cells: Vec<Cells>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(parts: &'a [Part<'a>]) -> Self {
        Rows {
            parts,
            cells: parts.iter().map(|_| Cells::new()).collect(),
        }
    }

    /// Reads a block: `places` says where the slice begins in each column, `from` where the block begins in the slice.
    pub(super) fn read(&mut self, places: &[Place], from: usize, len: usize) -> Result<(), Trouble> {
        for ((part, place), cells) in self.parts.iter().zip(places).zip(&mut self.cells) {
            part.column.chunks[place.chunk].cells(place.at + from, len, cells)?;
        }
        Ok(())
    }

    /// Refuses the block if any of its row ids would be refused.
    pub(super) fn check(&self, len: usize, scratch: &mut Vec<u8>) -> Result<(), Trouble> {
        for at in 0..len {
            if let [Part {
                kind: PartKind::Int, ..
            }] = self.parts
            {
                self.cells[0][at].ok_or(Trouble::Refused)?;
            } else {
                scratch.clear();
                self.push_suffix(at, scratch)?;
            }
        }
        Ok(())
    }

    /// Appends `u32(len(row)) || row` of a row of the block to `aad`.
    #[inline]
    pub(super) fn push_suffix(&self, at: usize, aad: &mut Vec<u8>) -> Result<(), Trouble> {
        let from = aad.len();
        aad.extend_from_slice(&[0; 4]);
        if let [part] = self.parts {
            push_typed(part, self.cells[0][at], aad)?;
        } else {
            aad.extend_from_slice(
                &u32::try_from(self.parts.len())
                    .map_err(|_| Trouble::Refused)?
                    .to_be_bytes(),
            );
            for (part, cells) in self.parts.iter().zip(&self.cells) {
                let start = aad.len();
                aad.extend_from_slice(&[0; 4]);
                push_typed(part, cells[at], aad)?;
                set_length(aad, start)?;
            }
        }
        set_length(aad, from)
    }
}

fn set_length(aad: &mut [u8], at: usize) -> Result<(), Trouble> {
    let len = u32::try_from(aad.len() - at - 4)
        .ok()
        .filter(|len| *len < 1 << 31)
        .ok_or(Trouble::Refused)?;
    aad[at..at + 4].copy_from_slice(&len.to_be_bytes());
    Ok(())
}

#[inline]
fn push_typed(part: &Part<'_>, value: Option<Foreign>, aad: &mut Vec<u8>) -> Result<(), Trouble> {
    let body = Body::of(part.column.kind, value.ok_or(Trouble::Refused)?)?;
    aad.push(part.tag);
    let from = aad.len();
    body.push(aad);
    match part.kind {
        PartKind::Text => std::str::from_utf8(&aad[from..])
            .map(|_| ())
            .map_err(|_| Trouble::NotUtf8)?,
        PartKind::UuidText => {
            let bytes = uuid_of(&aad[from..]).ok_or(Trouble::Refused)?;
            aad.truncate(from);
            aad.extend_from_slice(&bytes);
        }
        _ => {}
    }
    if aad.len() == from {
        return Err(Trouble::Refused);
    }
    Ok(())
}

/// The bytes of `8-4-4-4-12` hexadecimal digits, and of no other spelling.
fn uuid_of(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let (mut out, mut digits) = ([0u8; 16], 0);
    for (at, &one) in text.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if one != b'-' {
                return None;
            }
            continue;
        }
        out[digits / 2] = out[digits / 2] << 4 | char::from(one).to_digit(16)? as u8;
        digits += 1;
    }
    Some(out)
}
