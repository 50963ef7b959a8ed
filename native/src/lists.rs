//! Python lists in, Python lists out.
//!
//! Rules of this module:
//!
//! 1. What the ciphers read is held before the GIL is released: references to bytes, which nobody can change, or
//!    copies. A list that is changed meanwhile changes nothing.
//! 2. Between two slices of work the interpreter's signals are looked at, so Ctrl-C ends the call.
//! 3. The result is made at the end. A call that is ended, or fails, leaves nothing behind.

use std::borrow::Cow;

use pyo3::exceptions::{PyMemoryError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyByteArray, PyBytes, PyDict, PyList, PyMemoryView, PySet};

use crate::batch::{self, Index, Named, Open, OpeningKeys, Prefix, Seal, SealingKeys};
use crate::kernel::{Header, HEADER_BYTES, NONCE_BYTES};
use crate::key::{AesGcmKey, IndexMac};
use crate::memory::NoMemory;
use crate::packed::{Items, Packed};
use crate::packed_object::PackedObject;
use crate::{nonces, parallel};

/// Looks at the interpreter's signals now and then, while Python objects are read or made.
#[derive(Default)]
pub struct LookOut {
    done: usize,
}

impl LookOut {
    const SOME_BYTES: usize = 8 << 20;
    /// Counted for each item besides its bytes.
    const ITEM_BYTES: usize = 64;

    /// One more item of so many bytes. Now and then: raise what a signal's handler raises, and let other threads of
    /// the interpreter run.
    #[inline]
    pub fn step(&mut self, py: Python<'_>, bytes: usize) -> PyResult<()> {
        self.done = self.done.saturating_add(bytes).saturating_add(Self::ITEM_BYTES);
        if self.done < Self::SOME_BYTES {
            return Ok(());
        }
        self.done = 0;
        py.detach(|| ());
        py.check_signals()
    }
}

/// A list of one object for each string.
///
/// The objects stand in a vector until all are there: the garbage collector shows a list that is half made to a
/// signal's handler or another thread, and to look at its empty places is a crash.
pub fn emit<'py>(
    py: Python<'py>,
    packed: &Packed,
    mut make: impl FnMut(&[u8]) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    let mut out = LookOut::default();
    let mut objects = Vec::with_capacity(packed.len());
    for string in packed.iter() {
        out.step(py, string.len())?;
        objects.push(make(string)?);
    }
    PyList::new(py, objects)
}

fn emit_bytes<'py>(py: Python<'py>, packed: &Packed) -> PyResult<Bound<'py, PyList>> {
    emit(py, packed, |string| Ok(PyBytes::new(py, string).into_any()))
}

impl From<NoMemory> for PyErr {
    fn from(_: NoMemory) -> PyErr {
        PyMemoryError::new_err(())
    }
}

/// A column as it came from Python, held for as long as it is worked on.
enum Held<'py> {
    Packed(Bound<'py, PackedObject>),
    Apart(Vec<Bound<'py, PyBytes>>),
}

impl<'py> Held<'py> {
    /// A `Packed`, or a sequence of bytes-like objects.
    fn new(column: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(packed) = column.cast::<PackedObject>() {
            return Ok(Held::Packed(packed.clone()));
        }
        let list = match column.cast::<PyList>() {
            Ok(list) => Cow::Borrowed(list),
            Err(_) => Cow::Owned(
                column
                    .py()
                    .get_type::<PyList>()
                    .call1((column,))?
                    .cast_into::<PyList>()?,
            ),
        };
        let mut out = LookOut::default();
        let mut held = Vec::with_capacity(list.len());
        for one in list.iter() {
            let copies = !one.is_exact_instance_of::<PyBytes>();
            held.push(bytes_of(one)?);
            let bytes = held
                .last()
                .filter(|_| copies)
                .map_or(0, |one| one.as_bytes().len());
            out.step(column.py(), bytes)?;
        }
        Ok(Held::Apart(held))
    }

    fn optional(column: Option<&Bound<'py, PyAny>>) -> PyResult<Option<Self>> {
        column.map(Held::new).transpose()
    }

    fn slices(&self) -> Vec<&[u8]> {
        match self {
            Held::Packed(_) => Vec::new(),
            Held::Apart(held) => held.iter().map(|one| one.as_bytes()).collect(),
        }
    }

    fn items<'a>(&'a self, slices: &'a [&'a [u8]]) -> Items<'a> {
        match self {
            Held::Packed(packed) => Items::Packed(&packed.get().0),
            Held::Apart(_) => Items::Apart(slices),
        }
    }
}

fn bytes_of<'py>(one: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    match one.cast_into::<PyBytes>() {
        Ok(bytes) => Ok(bytes),
        Err(error) => {
            let one = error.into_inner();
            if one.is_instance_of::<PyByteArray>() || one.is_instance_of::<PyMemoryView>() {
                return Ok(one.py().get_type::<PyBytes>().call1((one,))?.cast_into()?);
            }
            Err(PyTypeError::new_err(format!(
                "bytes are needed, not {}",
                one.get_type().name()?
            )))
        }
    }
}

fn header(bytes: &[u8]) -> PyResult<Header> {
    bytes
        .try_into()
        .map_err(|_| PyValueError::new_err("a header has 17 bytes"))
}

fn prefix(bytes: &[u8]) -> PyResult<Prefix> {
    Prefix::new(bytes).ok_or_else(|| PyValueError::new_err("not the prefix of an AAD"))
}

fn same_length(what: &str, count: usize, expected: usize) -> PyResult<()> {
    if count != expected {
        return Err(PyValueError::new_err(format!(
            "{count} {what} for {expected} items"
        )));
    }
    Ok(())
}

/// Work through `items` slice by slice, other threads of the interpreter running, and signals looked at in between.
fn by_slices(
    py: Python<'_>,
    items: Items,
    out: &mut Packed,
    mut fill: impl FnMut(&mut Packed, std::ops::Range<usize>) + Send,
) -> PyResult<()> {
    for range in parallel::slices(items.len(), |at| items.get(at).len()) {
        py.detach(|| fill(out, range));
        py.check_signals()?;
    }
    Ok(())
}

/// Envelopes of typed plaintexts, under one key, as a list.
#[pyfunction]
#[pyo3(signature = (key, header, prefix, plaintexts, rows, nonces))]
pub fn seal_many<'py>(
    py: Python<'py>,
    key: &Bound<'py, AesGcmKey>,
    header: &[u8],
    prefix: &[u8],
    plaintexts: &Bound<'py, PyAny>,
    rows: Option<&Bound<'py, PyAny>>,
    nonces: &[u8],
) -> PyResult<Bound<'py, PyList>> {
    let keys = SealingKeys::One(Named {
        key: &key.get().key,
        header: self::header(header)?,
    });
    seal(py, keys, prefix, plaintexts, rows, nonces)
}

/// Envelopes of typed plaintexts, each under its own key, as a list.
#[pyfunction]
#[pyo3(signature = (keys, headers, prefix, plaintexts, rows, nonces))]
pub fn seal_many_mixed<'py>(
    py: Python<'py>,
    keys: Vec<Bound<'py, AesGcmKey>>,
    headers: Vec<Bound<'py, PyBytes>>,
    prefix: &[u8],
    plaintexts: &Bound<'py, PyAny>,
    rows: Option<&Bound<'py, PyAny>>,
    nonces: &[u8],
) -> PyResult<Bound<'py, PyList>> {
    same_length("headers", headers.len(), keys.len())?;
    same_length("keys", keys.len(), nonces.len() / NONCE_BYTES)?;
    let named = keys
        .iter()
        .zip(&headers)
        .map(|(key, bytes)| {
            Ok(Named {
                key: &key.get().key,
                header: header(bytes.as_bytes())?,
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    seal(py, SealingKeys::Each(named), prefix, plaintexts, rows, nonces)
}

fn seal<'py>(
    py: Python<'py>,
    keys: SealingKeys<'_>,
    prefix: &[u8],
    plaintexts: &Bound<'py, PyAny>,
    rows: Option<&Bound<'py, PyAny>>,
    nonces: &[u8],
) -> PyResult<Bound<'py, PyList>> {
    let (plaintexts, rows) = (Held::new(plaintexts)?, Held::optional(rows)?);
    let (slices, row_slices) = (
        plaintexts.slices(),
        rows.as_ref().map_or(Vec::new(), Held::slices),
    );
    let items = plaintexts.items(&slices);
    let rows = rows.as_ref().map(|rows| rows.items(&row_slices));
    same_length("rows", rows.map_or(items.len(), |rows| rows.len()), items.len())?;
    same_length("nonces", nonces.len(), items.len() * NONCE_BYTES)?;
    if (0..items.len()).any(|at| items.get(at).len() > crate::kernel::MAX_PLAINTEXT_BYTES) {
        return Err(pyo3::exceptions::PyOverflowError::new_err(
            "a plaintext is longer than an envelope holds",
        ));
    }
    let work = Seal {
        keys,
        prefix: self::prefix(prefix)?,
        plaintexts: items,
        rows,
        nonces,
    };
    let mut out = py.detach(|| work.room())?;
    by_slices(py, items, &mut out, |out, range| work.fill(out, range))?;
    emit_bytes(py, &out)
}

/// The typed plaintexts of envelopes, under keys by header, and the positions of those that were refused, whose
/// plaintext is empty or zeros.
#[pyfunction]
#[pyo3(signature = (keys, prefix, envelopes, rows))]
pub fn open_many<'py>(
    py: Python<'py>,
    keys: &Bound<'py, PyDict>,
    prefix: &[u8],
    envelopes: &Bound<'py, PyAny>,
    rows: Option<&Bound<'py, PyAny>>,
) -> PyResult<(PackedObject, Vec<usize>)> {
    let keys = keys
        .iter()
        .map(|(header, key)| {
            Ok((
                self::header(header.cast::<PyBytes>()?.as_bytes())?,
                key.cast_into::<AesGcmKey>()?,
            ))
        })
        .collect::<PyResult<Vec<_>>>()?;
    let named = keys
        .iter()
        .map(|(header, key)| Named {
            key: &key.get().key,
            header: *header,
        })
        .collect();
    let (envelopes, rows) = (Held::new(envelopes)?, Held::optional(rows)?);
    let (slices, row_slices) = (envelopes.slices(), rows.as_ref().map_or(Vec::new(), Held::slices));
    let items = envelopes.items(&slices);
    let rows = rows.as_ref().map(|rows| rows.items(&row_slices));
    same_length("rows", rows.map_or(items.len(), |rows| rows.len()), items.len())?;
    let prefix = self::prefix(prefix)?;
    let (work, mut out) = py.detach(|| {
        let work = Open {
            keys: OpeningKeys::find(named, items),
            prefix,
            envelopes: items,
            rows,
        };
        work.room().map(|room| (work, room))
    })?;
    let mut refused = Vec::new();
    by_slices(py, items, &mut out, |out, range| {
        refused.extend(work.fill(out, range))
    })?;
    Ok((PackedObject(out), refused))
}

/// The distinct headers, shorter ones of malformed envelopes included.
#[pyfunction]
pub fn headers_of<'py>(py: Python<'py>, envelopes: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PySet>> {
    let held = Held::new(envelopes)?;
    let slices = held.slices();
    let items = held.items(&slices);
    let headers = PySet::empty(py)?;
    let mut last: Option<&[u8]> = None;
    for at in 0..items.len() {
        let envelope = items.get(at);
        let header = &envelope[..envelope.len().min(HEADER_BYTES)];
        if last != Some(header) {
            headers.add(PyBytes::new(py, header))?;
            last = Some(header);
        }
    }
    Ok(headers)
}

/// Blind index values of normalised values, as a list.
#[pyfunction]
pub fn index_many<'py>(
    py: Python<'py>,
    key: &Bound<'py, IndexMac>,
    normalised: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyList>> {
    let held = Held::new(normalised)?;
    let slices = held.slices();
    let normalised = held.items(&slices);
    let work = Index {
        key: &key.get().key,
        form: key.get().form,
        normalised,
    };
    let mut out = work.room()?;
    by_slices(py, normalised, &mut out, |out, range| work.fill(out, range))?;
    emit_bytes(py, &out)
}

/// The ends of the rows' AADs from a list with a column of typed plaintexts for each part of the row id. None if a
/// part of a row is empty, or there are no parts.
#[pyfunction]
pub fn row_suffixes<'py>(parts: Vec<Bound<'py, PyAny>>) -> PyResult<Option<PackedObject>> {
    let held = parts.iter().map(Held::new).collect::<PyResult<Vec<_>>>()?;
    let slices = held.iter().map(Held::slices).collect::<Vec<_>>();
    let items = held
        .iter()
        .zip(&slices)
        .map(|(held, slices)| held.items(slices))
        .collect::<Vec<_>>();
    for part in &items {
        same_length("row ids", part.len(), items[0].len())?;
    }
    Ok(batch::row_suffixes(&items)?.map(PackedObject))
}

/// Nonces for a batch of so many, 12 bytes each.
#[pyfunction]
pub fn draw_nonces(py: Python<'_>, count: usize) -> PyResult<Bound<'_, PyBytes>> {
    let bytes = count
        .checked_mul(NONCE_BYTES)
        .ok_or_else(|| PyValueError::new_err("too many nonces"))?;
    PyBytes::new_with(py, bytes, |out| {
        nonces::draw(out).map_err(|_| PyOSError::new_err("the operating system gives no random numbers"))
    })
}

/// How many threads a call may use.
#[pyfunction]
pub fn threads() -> usize {
    parallel::threads()
}

/// Set how many threads a call may use, from now on.
#[pyfunction]
pub fn set_threads(count: usize) -> PyResult<()> {
    if !(1..=parallel::MAX_THREADS).contains(&count) {
        return Err(PyValueError::new_err(format!(
            "1 to {} threads",
            parallel::MAX_THREADS
        )));
    }
    parallel::set_threads(count);
    Ok(())
}

/// The types of a list's items: `set(map(type, values))`.
#[pyfunction]
pub fn types_of<'py>(values: &Bound<'py, PyList>) -> PyResult<Bound<'py, PySet>> {
    let types = PySet::empty(values.py())?;
    let mut last = std::ptr::null_mut();
    for value in values.iter() {
        let kind = value.get_type_ptr();
        if kind != last {
            types.add(value.get_type())?;
            last = kind;
        }
    }
    Ok(types)
}
