//! How sealed values and index values look in a column: bytes, or base64url with a prefix (spec envelope-v1 §3).

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;

/// Of the text form.
pub(super) const PREFIX_BYTES: usize = 4;

/// Bytes, or text that starts with these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Binary,
    Text(&'static [u8; PREFIX_BYTES]),
}

impl Form {
    /// How long so many bytes are in the column.
    #[inline]
    pub(super) fn written(self, bytes: usize) -> usize {
        match self {
            Form::Binary => bytes,
            Form::Text(_) => PREFIX_BYTES + (bytes * 4).div_ceil(3),
        }
    }

    /// Writes to `out`, which has `written`.
    pub(super) fn write(self, bytes: &[u8], out: &mut [u8]) {
        match self {
            Form::Binary => out.copy_from_slice(bytes),
            Form::Text(prefix) => {
                let (head, body) = out.split_at_mut(PREFIX_BYTES);
                head.copy_from_slice(prefix);
                let written = URL_SAFE_NO_PAD.encode_slice(bytes, body);
                assert_eq!(written.ok(), Some(body.len()));
            }
        }
    }

    /// Writes the bytes of a cell to `out`, which has room for `cell.len()`, and says how many. None where the cell is not
    /// the one canonical text of any bytes.
    pub(super) fn read(self, cell: &[u8], out: &mut [u8]) -> Option<usize> {
        match self {
            Form::Binary => {
                out[..cell.len()].copy_from_slice(cell);
                Some(cell.len())
            }
            Form::Text(prefix) => URL_SAFE_NO_PAD.decode_slice(cell.strip_prefix(prefix)?, out).ok(),
        }
    }
}
