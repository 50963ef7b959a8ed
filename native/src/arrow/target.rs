//! What opened values become.

use super::typed::{days_of, int_of};

/// What opened values become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Text,
    Bytes,
    Int,
    Bool,
    Float64,
    Date32,
}

impl Target {
    pub(super) fn of(tag: u8) -> Option<Target> {
        Some(match tag {
            0x01 => Target::Bytes,
            0x02 => Target::Text,
            0x03 => Target::Int,
            0x04 => Target::Bool,
            0x05 => Target::Float64,
            0x07 => Target::Date32,
            _ => return None,
        })
    }

    pub(super) fn tag(self) -> u8 {
        match self {
            Target::Bytes => 0x01,
            Target::Text => 0x02,
            Target::Int => 0x03,
            Target::Bool => 0x04,
            Target::Float64 => 0x05,
            Target::Date32 => 0x07,
        }
    }

    pub(super) fn is_string(self) -> bool {
        matches!(self, Target::Text | Target::Bytes)
    }

    /// A number, truth or day as 64 bits, from the body of its typed plaintext. None where that is not canonical.
    pub(super) fn word_of(self, body: &[u8]) -> Option<u64> {
        match (self, body) {
            (Target::Bool, [byte @ (0 | 1)]) => Some(u64::from(*byte)),
            (Target::Int, _) => int_of(body).map(|value| value as u64),
            (Target::Float64, _) => body.try_into().ok().map(u64::from_be_bytes),
            (Target::Date32, _) => days_of(body).map(|days| days as u64),
            _ => None,
        }
    }
}
