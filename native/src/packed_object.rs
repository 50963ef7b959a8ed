//! `Packed` as a Python object: a read-only sequence of bytes, made into Python objects only where they are wanted.

use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::lists::{emit, LookOut};
use crate::packed::Packed;

/// Typed plaintexts or row suffixes. Not printed, not pickled, overwritten when it goes.
#[pyclass(frozen, sequence, name = "Packed", module = "fieldvault_native")]
pub struct PackedObject(pub Packed);

#[pymethods]
impl PackedObject {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, at: usize) -> PyResult<Bound<'py, PyBytes>> {
        if at >= self.0.len() {
            return Err(PyIndexError::new_err("no such position"));
        }
        Ok(PyBytes::new(py, self.0.get(at)))
    }

    fn __repr__(&self) -> String {
        format!("<Packed: {} strings>", self.0.len())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("plaintexts cannot be pickled or copied"))
    }

    /// Bytes of all strings.
    #[getter]
    fn total_bytes(&self) -> usize {
        self.0.total()
    }

    /// Bytes of the shortest string; 0 where there are none.
    #[getter]
    fn least_bytes(&self) -> usize {
        self.0.iter().map(<[u8]>::len).min().unwrap_or(0)
    }

    /// As a list of bytes.
    fn tolist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        emit(py, &self.0, |string| Ok(PyBytes::new(py, string).into_any()))
    }

    /// What follows the first byte of each, as a list of bytes. None unless each begins with `tag`.
    fn bodies<'py>(&self, py: Python<'py>, tag: u8) -> PyResult<Option<Bound<'py, PyList>>> {
        if !self.all_begin_with(tag) {
            return Ok(None);
        }
        emit(
            py,
            &self.0,
            |string| Ok(PyBytes::new(py, &string[1..]).into_any()),
        )
        .map(Some)
    }

    /// What follows the first byte of each, as a list of str. None unless each begins with `tag` and is UTF-8.
    fn texts<'py>(&self, py: Python<'py>, tag: u8) -> PyResult<Option<Bound<'py, PyList>>> {
        if !self.all_begin_with(tag) {
            return Ok(None);
        }
        let mut utf8 = true;
        let texts = emit(py, &self.0, |string| match std::str::from_utf8(&string[1..]) {
            Ok(text) if utf8 => Ok(PyString::new(py, text).into_any()),
            _ => {
                utf8 = false;
                Ok(py.None().into_bound(py))
            }
        })?;
        Ok(utf8.then_some(texts))
    }
}

impl PackedObject {
    fn all_begin_with(&self, tag: u8) -> bool {
        self.0.iter().all(|one| one.first() == Some(&tag))
    }
}

/// `tag` and the UTF-8 of each str of a list. None unless each is a str, not of a subclass, that UTF-8 can encode.
#[pyfunction]
pub fn pack_texts(values: &Bound<'_, PyList>, tag: u8) -> PyResult<Option<PackedObject>> {
    let mut packed = Packed::with_room(values.len(), values.len() * 32)?;
    let mut out = LookOut::default();
    for value in values.iter() {
        out.step(values.py(), packed.last_len())?;
        // An error of `to_str` holds the text: it ends here, and is never raised.
        match value
            .cast_exact::<PyString>()
            .ok()
            .and_then(|text| text.to_str().ok())
        {
            Some(text) => packed.push(&[&[tag], text.as_bytes()])?,
            None => return Ok(None),
        }
    }
    Ok(Some(PackedObject(packed)))
}

/// `tag` and each bytes of a list. None unless each is bytes, not of a subclass.
#[pyfunction]
pub fn pack_bytes(values: &Bound<'_, PyList>, tag: u8) -> PyResult<Option<PackedObject>> {
    let mut packed = Packed::with_room(values.len(), values.len() * 32)?;
    let mut out = LookOut::default();
    for value in values.iter() {
        out.step(values.py(), packed.last_len())?;
        match value.cast_exact::<PyBytes>() {
            Ok(bytes) => packed.push(&[&[tag], bytes.as_bytes()])?,
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(PackedObject(packed)))
}

/// `tag` and the least two's complement of each int of a list, big-endian. None unless each is an int of 64 bits.
#[pyfunction]
pub fn pack_ints(values: &Bound<'_, PyList>, tag: u8) -> PyResult<Option<PackedObject>> {
    let mut packed = Packed::with_room(values.len(), values.len() * 9)?;
    let mut out = LookOut::default();
    for value in values.iter() {
        out.step(values.py(), 0)?;
        let Some(number) = value
            .cast_exact::<pyo3::types::PyInt>()
            .ok()
            .and_then(|int| int.extract::<i64>().ok())
        else {
            return Ok(None);
        };
        packed.push(&[&[tag], crate::kernel::least_int(&number.to_be_bytes())])?;
    }
    Ok(Some(PackedObject(packed)))
}
