//! A column of somebody else's: its type, its chunks, and each value's bytes behind checked offsets.
//!
//! 1. No offset is trusted: each value's is checked against the one before it and against the last one of the array,
//!    which was read once. What does not fit is `Damaged`, never a panic and never a read outside.
//! 2. Values are handed out as `Foreign`: bytes to be copied, not looked at (ffi, rule 2).

use super::ffi::{Array, Foreign, Type};

/// The column as a whole cannot be read. The word says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged(pub(super) &'static str);

/// Even nulls alone, which take no memory in a column of others, take some in one of ours.
const MAX_ROWS: usize = 1 << 36;

const OUTSIDE: Damaged = Damaged("an offset leads outside the data, or back");

/// How many values are read at a time: their addresses stay in the nearest cache.
pub(super) const BLOCK: usize = 256;

/// The bytes of some values, None where they are null.
pub(super) type Cells = Vec<Option<Foreign>>;

/// What the values of a column are, as far as we read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bytes,
    /// Of this many bytes, signed or not.
    Int(usize, bool),
    Bool,
    Float64,
    /// Days since 1970-01-01, 32 bits.
    Date32,
    /// A column of nulls only.
    Null,
}

#[derive(Clone, Copy)]
enum Layout {
    Offsets(usize),
    Views,
    Fixed(usize),
    Bits,
    Nothing,
}

enum Values {
    /// Offsets of 4 or 8 bytes, one more than values; `data` ends at the last of them.
    Offsets32 {
        offsets: Foreign,
        data: Foreign,
    },
    Offsets64 {
        offsets: Foreign,
        data: Foreign,
    },
    /// 16 bytes each: the length, then the bytes themselves or where they are.
    Views {
        views: Foreign,
        data: Vec<Foreign>,
    },
    Fixed {
        data: Foreign,
        width: usize,
    },
    Bits {
        data: Foreign,
        first: usize,
    },
    Nothing,
}

pub(super) struct Chunk {
    len: usize,
    /// Bits, and which is the first of ours.
    validity: Option<(Foreign, usize)>,
    values: Values,
    _owner: Array,
}

pub(super) struct Column {
    pub(super) kind: Kind,
    pub(super) format: String,
    pub(super) len: usize,
    pub(super) chunks: Vec<Chunk>,
}

impl Column {
    /// Whether columns of this type are read here.
    pub(super) fn is_known(of: &Type) -> bool {
        known(of).is_some()
    }

    /// None for a type that we do not read.
    pub(super) fn new(of: Type, arrays: Vec<Array>) -> Result<Option<Column>, Damaged> {
        let Some((kind, layout)) = known(&of) else {
            return Ok(None);
        };
        let chunks = arrays
            .into_iter()
            .map(|one| Chunk::new(one, layout))
            .collect::<Result<Vec<_>, _>>()?;
        let len = chunks
            .iter()
            .try_fold(0usize, |sum, one| sum.checked_add(one.len))
            .filter(|len| *len <= MAX_ROWS)
            .ok_or(Damaged("it has more rows than any memory"))?;
        Ok(Some(Column {
            kind,
            format: of.format,
            len,
            chunks,
        }))
    }
}

fn known(of: &Type) -> Option<(Kind, Layout)> {
    if of.is_special {
        return None;
    }
    Some(match of.format.as_str() {
        "u" => (Kind::Text, Layout::Offsets(4)),
        "U" => (Kind::Text, Layout::Offsets(8)),
        "vu" => (Kind::Text, Layout::Views),
        "z" => (Kind::Bytes, Layout::Offsets(4)),
        "Z" => (Kind::Bytes, Layout::Offsets(8)),
        "vz" => (Kind::Bytes, Layout::Views),
        "c" => (Kind::Int(1, true), Layout::Fixed(1)),
        "C" => (Kind::Int(1, false), Layout::Fixed(1)),
        "s" => (Kind::Int(2, true), Layout::Fixed(2)),
        "S" => (Kind::Int(2, false), Layout::Fixed(2)),
        "i" => (Kind::Int(4, true), Layout::Fixed(4)),
        "I" => (Kind::Int(4, false), Layout::Fixed(4)),
        "l" => (Kind::Int(8, true), Layout::Fixed(8)),
        "L" => (Kind::Int(8, false), Layout::Fixed(8)),
        "b" => (Kind::Bool, Layout::Bits),
        "g" => (Kind::Float64, Layout::Fixed(8)),
        "tdD" => (Kind::Date32, Layout::Fixed(4)),
        "n" => (Kind::Null, Layout::Nothing),
        other => {
            let width = other.strip_prefix("w:")?.parse::<u32>().ok()?;
            (Kind::Bytes, Layout::Fixed(width as usize))
        }
    })
}

impl Chunk {
    fn new(array: Array, layout: Layout) -> Result<Chunk, Damaged> {
        let (len, offset) = (array.len() as usize, array.offset() as usize);
        let end = len + offset; // no overflow: checked where the array was taken
        let validity = match (array.null_count(), layout) {
            (0, _) | (_, Layout::Nothing) => None,
            (nulls, _) => match array.bytes(0, end.div_ceil(8)) {
                Some(bits) if array.buffer_count() > 0 => Some((bits, offset)),
                _ if nulls > 0 => return Err(Damaged("nulls are counted, but none is marked")),
                _ => None,
            },
        };
        let values = if len == 0 {
            Values::Nothing
        } else {
            Values::new(&array, layout, offset, end)?
        };
        Ok(Chunk {
            len,
            validity,
            values,
            _owner: array,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bytes of each value of a run, None where it is null. A boolean is one byte, 0 or 1.
    pub(super) fn cells(&self, from: usize, len: usize, out: &mut Cells) -> Result<(), Damaged> {
        out.clear();
        match &self.values {
            Values::Offsets32 { offsets, data } => {
                let end = |at| {
                    offsets
                        .read(4 * at)
                        .map(|bytes| i64::from(i32::from_ne_bytes(bytes)))
                };
                between(from, len, end, *data, out)?;
            }
            Values::Offsets64 { offsets, data } => {
                between(
                    from,
                    len,
                    |at| offsets.read(8 * at).map(i64::from_ne_bytes),
                    *data,
                    out,
                )?;
            }
            Values::Fixed { data, width } => {
                for at in from..from + len {
                    out.push(Some(data.part(at * width, *width).ok_or(OUTSIDE)?));
                }
            }
            // Only what is not null is looked at: a null's view may be anything.
            Values::Views { views, data } => {
                for at in from..from + len {
                    out.push(if self.is_null(at) {
                        None
                    } else {
                        Some(view(*views, data, at)?)
                    });
                }
            }
            Values::Bits { data, first } => {
                let byte = |at| {
                    if bit(*data, first + at) {
                        Foreign::constant(&[1])
                    } else {
                        Foreign::constant(&[0])
                    }
                };
                out.extend((from..from + len).map(|at| Some(byte(at))));
            }
            Values::Nothing => out.extend((0..len).map(|_| None)),
        }
        if let Some((bits, first)) = self.validity {
            for (cell, at) in out.iter_mut().zip(first + from..) {
                if !bit(bits, at) {
                    *cell = None;
                }
            }
        }
        Ok(())
    }

    /// The bytes of a run of strings as they stand, nulls' bytes included; None where they do not stand together.
    ///
    /// Not checked offset by offset: that is what `cells` is for.
    pub(super) fn run(&self, from: usize, len: usize) -> Option<Foreign> {
        let (start, end, data) = match &self.values {
            Values::Offsets32 { offsets, data } => {
                let end = |at: usize| {
                    offsets
                        .read(4 * at)
                        .map(|bytes| i64::from(i32::from_ne_bytes(bytes)))
                };
                (end(from)?, end(from + len)?, data)
            }
            Values::Offsets64 { offsets, data } => {
                let end = |at: usize| offsets.read(8 * at).map(i64::from_ne_bytes);
                (end(from)?, end(from + len)?, data)
            }
            _ => return None,
        };
        data.part(
            usize::try_from(start).ok()?,
            usize::try_from(end.checked_sub(start)?).ok()?,
        )
    }

    /// How many values of a run are not null.
    pub(super) fn count(&self, from: usize, len: usize) -> usize {
        match (&self.values, self.validity) {
            (Values::Nothing, _) => 0,
            (_, None) => len,
            (_, Some(_)) => (from..from + len).filter(|at| !self.is_null(*at)).count(),
        }
    }

    fn is_null(&self, at: usize) -> bool {
        self.validity.is_some_and(|(bits, first)| !bit(bits, first + at))
    }
}

/// Strings from each offset to the next. Each offset is read once: what is checked is what is used.
#[inline(always)]
fn between(
    from: usize,
    len: usize,
    offset: impl Fn(usize) -> Option<i64>,
    data: Foreign,
    out: &mut Cells,
) -> Result<(), Damaged> {
    let mut start = usize::try_from(offset(from).ok_or(OUTSIDE)?).map_err(|_| OUTSIDE)?;
    for at in from + 1..=from + len {
        let end = usize::try_from(offset(at).ok_or(OUTSIDE)?).map_err(|_| OUTSIDE)?;
        out.push(Some(
            data.part(start, end.checked_sub(start).ok_or(OUTSIDE)?)
                .ok_or(OUTSIDE)?,
        ));
        start = end;
    }
    Ok(())
}

impl Values {
    fn new(array: &Array, layout: Layout, offset: usize, end: usize) -> Result<Values, Damaged> {
        const MISSING: Damaged = Damaged("a buffer is missing");
        const TOO_LONG: Damaged = Damaged("longer than any memory");
        let fixed = |buffer: usize, width: usize| {
            let bytes = array
                .bytes(buffer, end.checked_mul(width).ok_or(TOO_LONG)?)
                .ok_or(MISSING)?;
            bytes.part(offset * width, (end - offset) * width).ok_or(MISSING)
        };
        Ok(match layout {
            Layout::Offsets(width) => {
                let count = end
                    .checked_add(1)
                    .and_then(|count| count.checked_mul(width))
                    .ok_or(TOO_LONG)?;
                let offsets = array.bytes(1, count).ok_or(MISSING)?;
                let offsets = offsets
                    .part(offset * width, (end - offset + 1) * width)
                    .ok_or(MISSING)?;
                let at = offsets.len() - width;
                let last = match width {
                    4 => i32::from_ne_bytes(offsets.read(at).ok_or(MISSING)?) as i64,
                    _ => i64::from_ne_bytes(offsets.read(at).ok_or(MISSING)?),
                };
                let last = usize::try_from(last).map_err(|_| Damaged("the last offset is negative"))?;
                let data = array.bytes(2, last).ok_or(MISSING)?;
                match width {
                    4 => Values::Offsets32 { offsets, data },
                    _ => Values::Offsets64 { offsets, data },
                }
            }
            Layout::Views => {
                let views = fixed(1, 16)?;
                let count = array.buffer_count().checked_sub(3).ok_or(MISSING)?;
                let sizes = array.bytes(count + 2, 8 * count).ok_or(MISSING)?;
                let data = (0..count).map(|one| {
                    let size = i64::from_ne_bytes(sizes.read(8 * one).ok_or(MISSING)?);
                    let size = usize::try_from(size).map_err(|_| Damaged("a buffer of negative size"))?;
                    array.bytes(2 + one, size).ok_or(MISSING)
                });
                Values::Views {
                    views,
                    data: data.collect::<Result<_, _>>()?,
                }
            }
            Layout::Fixed(width) => Values::Fixed {
                data: fixed(1, width)?,
                width,
            },
            Layout::Bits => Values::Bits {
                data: array.bytes(1, end.div_ceil(8)).ok_or(MISSING)?,
                first: offset,
            },
            Layout::Nothing => Values::Nothing,
        })
    }
}

#[inline]
fn bit(bits: Foreign, at: usize) -> bool {
    bits.read::<1>(at / 8)
        .is_some_and(|[byte]| byte >> (at % 8) & 1 == 1)
}

fn view(views: Foreign, data: &[Foreign], at: usize) -> Result<Foreign, Damaged> {
    let [len, _, buffer, offset] = numbers(views.read::<16>(16 * at).ok_or(OUTSIDE)?);
    let len = usize::try_from(len).map_err(|_| OUTSIDE)?;
    if len <= 12 {
        return views.part(16 * at + 4, len).ok_or(OUTSIDE);
    }
    let buffer = data
        .get(usize::try_from(buffer).map_err(|_| OUTSIDE)?)
        .ok_or(OUTSIDE)?;
    buffer
        .part(usize::try_from(offset).map_err(|_| OUTSIDE)?, len)
        .ok_or(OUTSIDE)
}

fn numbers(view: [u8; 16]) -> [i32; 4] {
    std::array::from_fn(|at| {
        i32::from_ne_bytes([view[4 * at], view[4 * at + 1], view[4 * at + 2], view[4 * at + 3]])
    })
}
