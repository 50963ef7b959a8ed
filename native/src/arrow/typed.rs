//! A column's values as typed plaintexts (spec envelope-v1 §5), written where they are wanted, and back.

use super::column::{Damaged, Kind};
use super::ffi::Foreign;
use crate::kernel::MAX_PLAINTEXT_BYTES;
use crate::memory::NoMemory;

const PADDED: u8 = 0x80;
const MARKER: u8 = 0x80;
/// The first and the last day that a date may be: 0001-01-01 and 9999-12-31.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// Why a value is not taken here. The caller finds out more, or knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The column as a whole cannot be read.
    Damaged(Damaged),
    /// Text that is not UTF-8.
    NotUtf8,
    /// A value that is refused, or an envelope that does not open.
    Refused,
    /// Somebody asked us to stop.
    Interrupted,
    /// The operating system gives no random numbers.
    NoRandomness,
    /// The output would be larger than the memory.
    NoMemory,
}

impl From<NoMemory> for Trouble {
    fn from(_: NoMemory) -> Self {
        Trouble::NoMemory
    }
}

impl From<Damaged> for Trouble {
    fn from(damaged: Damaged) -> Self {
        Trouble::Damaged(damaged)
    }
}

/// How long typed plaintexts become (spec envelope-v1 §5.2). Lengths count the type byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    None,
    Multiple(usize),
    PowerOfTwo(usize),
    To(usize),
}

impl Padding {
    /// The padded length; None where there is no room.
    #[inline]
    fn of(self, len: usize) -> Option<usize> {
        let padded = match self {
            Padding::None => len,
            Padding::Multiple(step) => (len / step + 1) * step,
            Padding::PowerOfTwo(least) => least.max(1 << (usize::BITS - len.leading_zeros())),
            Padding::To(length) if len < length => length,
            Padding::To(_) => return None,
        };
        (padded <= MAX_PLAINTEXT_BYTES).then_some(padded)
    }
}

/// What a field makes of its values.
#[derive(Clone, Copy)]
pub(super) struct Codec {
    pub(super) tag: u8,
    pub(super) padding: Padding,
}

/// A value on its way to a typed plaintext: bytes as they are, or a few made from a number.
pub(super) enum Body {
    Bytes(Foreign),
    Few([u8; 10], usize),
}

impl Body {
    #[inline]
    pub(super) fn of(kind: Kind, value: Foreign) -> Result<Body, Trouble> {
        Ok(match kind {
            Kind::Text | Kind::Bytes => Body::Bytes(value),
            Kind::Int(width, signed) => int_body(value, width, signed)?,
            Kind::Bool => Body::Bytes(value),
            Kind::Float64 => {
                let mut few = [0; 10];
                few[..8].copy_from_slice(&f64::from_ne_bytes(fixed(value)?).to_be_bytes());
                Body::Few(few, 8)
            }
            Kind::Date32 => Body::Few(date_text(i32::from_ne_bytes(fixed(value)?))?, 10),
            Kind::Null => return Err(Trouble::Refused),
        })
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Body::Bytes(bytes) => bytes.len(),
            Body::Few(_, len) => *len,
        }
    }

    #[inline]
    pub(super) fn write(&self, out: &mut [u8]) {
        match self {
            Body::Bytes(bytes) => bytes.copy_to(out),
            Body::Few(few, len) => out.copy_from_slice(&few[..*len]),
        }
    }

    #[inline]
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        match self {
            Body::Bytes(bytes) => {
                let from = out.len();
                out.resize(from + bytes.len(), 0);
                bytes.copy_to(&mut out[from..]);
            }
            Body::Few(few, len) => out.extend_from_slice(&few[..*len]),
        }
    }
}

impl Codec {
    /// The length of the typed plaintext, padding included.
    #[inline]
    pub(super) fn typed_len(&self, body: &Body) -> Result<usize, Trouble> {
        self.padding.of(1 + body.len()).ok_or(Trouble::Refused)
    }

    /// Writes the typed plaintext to `out`, which has `typed_len`.
    #[inline]
    pub(super) fn write(&self, body: &Body, out: &mut [u8]) {
        let end = 1 + body.len();
        out[0] = self.tag;
        body.write(&mut out[1..end]);
        if self.padding != Padding::None {
            out[0] |= PADDED;
            out[end] = MARKER;
            out[end + 1..].fill(0);
        }
    }
}

/// A typed plaintext without its padding: tag and body. None where the padding is not one.
#[inline]
pub(super) fn unpadded(typed: &[u8]) -> Option<(u8, &[u8])> {
    let (&first, body) = typed.split_first()?;
    if first & PADDED == 0 {
        return Some((first, body));
    }
    let marker = body.iter().rposition(|&byte| byte != 0)?;
    (body[marker] == MARKER).then_some((first ^ PADDED, &body[..marker]))
}

/// An integer of 64 bits from minimal two's complement.
pub(super) fn int_of(body: &[u8]) -> Option<i64> {
    let (&first, rest) = body.split_first()?;
    let is_minimal = rest
        .first()
        .is_none_or(|second| !matches!((first, second >> 7), (0, 0) | (0xff, 1)));
    if body.len() > 8 || !is_minimal {
        return None;
    }
    Some(rest.iter().fold(i64::from(first as i8), |value, &byte| {
        value << 8 | i64::from(byte)
    }))
}

/// Days since 1970-01-01 from `YYYY-MM-DD`.
pub(super) fn days_of(body: &[u8]) -> Option<i32> {
    let text: &[u8; 10] = body.try_into().ok()?;
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0i64, |sum, &one| {
            one.is_ascii_digit().then(|| sum * 10 + i64::from(one - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year == 0 {
        return None;
    }
    // Counted from 0000-03-01, so that the leap day is a year's last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
        - 1
        - 719_468;
    let days = i32::try_from(days).ok()?;
    // Back again: the 31st of a month that has 30 is another text.
    (date_text(days).ok()? == *text).then_some(days)
}

fn date_text(days: i32) -> Result<[u8; 10], Trouble> {
    if !DAYS.contains(&days) {
        return Err(Trouble::Refused);
    }
    let since = i64::from(days) + 719_468;
    let era = since.div_euclid(146_097);
    let of_era = since.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let digit = |number: i64, by: i64| b'0' + (number / by % 10) as u8;
    Ok([
        digit(year, 1000),
        digit(year, 100),
        digit(year, 10),
        digit(year, 1),
        b'-',
        digit(month, 10),
        digit(month, 1),
        b'-',
        digit(day, 10),
        digit(day, 1),
    ])
}

#[inline]
fn int_body(value: Foreign, width: usize, signed: bool) -> Result<Body, Trouble> {
    let number = match (width, signed) {
        (1, true) => i64::from(i8::from_ne_bytes(fixed(value)?)),
        (1, false) => i64::from(u8::from_ne_bytes(fixed(value)?)),
        (2, true) => i64::from(i16::from_ne_bytes(fixed(value)?)),
        (2, false) => i64::from(u16::from_ne_bytes(fixed(value)?)),
        (4, true) => i64::from(i32::from_ne_bytes(fixed(value)?)),
        (4, false) => i64::from(u32::from_ne_bytes(fixed(value)?)),
        (8, true) => i64::from_ne_bytes(fixed(value)?),
        _ => {
            let number = u64::from_ne_bytes(fixed(value)?);
            match i64::try_from(number) {
                Ok(number) => number,
                Err(_) => {
                    let mut few = [0; 10];
                    few[1..9].copy_from_slice(&number.to_be_bytes());
                    return Ok(Body::Few(few, 9));
                }
            }
        }
    };
    // The sign bit is one of those that must be kept.
    let len = (64 - (number ^ (number >> 63)).leading_zeros() as usize) / 8 + 1;
    let mut few = [0; 10];
    few[..8].copy_from_slice(&(number << (64 - 8 * len)).to_be_bytes());
    Ok(Body::Few(few, len))
}

#[inline]
fn fixed<const N: usize>(value: Foreign) -> Result<[u8; N], Trouble> {
    value
        .read(0)
        .ok_or(Trouble::Damaged(Damaged("a value of another width")))
}
