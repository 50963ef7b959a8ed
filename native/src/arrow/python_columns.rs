//! Columns as Python objects: those of others, and ours.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyString};

use super::built::{strings_format, validity, Built, Data, Offsets};
use super::column::{Cells, Chunk, Column, Kind};
use super::ffi::{array_capsule, schema_capsule, take};
use super::python::{error_of, ArrowDamaged};
use super::rows::PartKind;
use super::typed::{Body, Trouble};
use crate::lists::LookOut;
use crate::memory::{self, NoMemory};

/// A column that was taken from any object with the Arrow PyCapsule interface.
#[pyclass(frozen, module = "fieldvault_native")]
pub struct ArrowColumn(pub(super) Column);

#[pymethods]
impl ArrowColumn {
    /// The column; None where its type is not read here, and then it is left as it was. `ArrowDamaged` for what breaks
    /// the interface.
    #[staticmethod]
    fn take(column: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let Some((kind, arrays)) = take(column, Column::is_known)? else {
            return Ok(None);
        };
        match Column::new(kind, arrays) {
            Ok(column) => Ok(column.map(ArrowColumn)),
            Err(damaged) => Err(ArrowDamaged::new_err(damaged.0)),
        }
    }

    fn __len__(&self) -> usize {
        self.0.len
    }

    /// The tag of the field type whose values this column has (spec envelope-v1 §5.1); None for a column of nulls.
    #[getter]
    fn tag(&self) -> Option<u8> {
        Some(match self.0.kind {
            Kind::Bytes => 0x01,
            Kind::Text => 0x02,
            Kind::Int(..) => 0x03,
            Kind::Bool => 0x04,
            Kind::Float64 => 0x05,
            Kind::Date32 => 0x07,
            Kind::Null => return None,
        })
    }

    /// Whether the column can be the row ids, or a part of them, of the type with this tag.
    fn identifies(&self, tag: u8) -> bool {
        PartKind::of(tag, &self.0).is_some()
    }

    /// The values at these positions, in ascending order, as Python objects.
    fn pick<'py>(&self, py: Python<'py>, positions: Vec<usize>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.objects(py, positions.into_iter())
    }

    /// All values as Python objects, null as None.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.objects(py, 0..self.0.len)
    }

    fn __repr__(&self) -> String {
        format!("<ArrowColumn of {}>", self.0.len)
    }
}

impl ArrowColumn {
    fn objects<'py>(
        &self,
        py: Python<'py>,
        positions: impl ExactSizeIterator<Item = usize>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        memory::ask_for::<Bound<'py, PyAny>>(positions.len())?;
        let (mut from, mut out) = (0, LookOut::default());
        let mut chunks = self.0.chunks.iter();
        let mut chunk = chunks.next();
        let mut objects = Vec::with_capacity(positions.len());
        for position in positions {
            out.step(py, 0)?;
            let no_such = || PyValueError::new_err("no such position");
            let mut at = position.checked_sub(from).ok_or_else(no_such)?;
            while let Some(one) = chunk.filter(|one| at >= one.len()) {
                from += one.len();
                at -= one.len();
                chunk = chunks.next();
            }
            objects.push(self.object(py, chunk.ok_or_else(no_such)?, at)?);
        }
        Ok(objects)
    }

    fn object<'py>(&self, py: Python<'py>, chunk: &Chunk, at: usize) -> PyResult<Bound<'py, PyAny>> {
        let mut cells = Cells::new();
        chunk
            .cells(at, 1, &mut cells)
            .map_err(|damaged| ArrowDamaged::new_err(damaged.0))?;
        let Some(value) = cells[0] else {
            return Ok(py.None().into_bound(py));
        };
        let mut bytes = Vec::new();
        Body::of(self.0.kind, value)
            .map_err(|trouble| error_of(trouble, None))?
            .push(&mut bytes);
        object_of(py, self.0.kind, &bytes)
    }
}

/// A value as a Python object, from the body of its typed plaintext.
fn object_of<'py>(py: Python<'py>, kind: Kind, body: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(match kind {
        Kind::Text => PyString::new(
            py,
            std::str::from_utf8(body).map_err(|_| error_of(Trouble::NotUtf8, None))?,
        )
        .into_any(),
        Kind::Bytes => PyBytes::new(py, body).into_any(),
        Kind::Bool => (body == [1]).into_pyobject(py)?.to_owned().into_any(),
        Kind::Int(..) => {
            let number = body.iter().skip(1).fold(i128::from(body[0] as i8), |sum, &byte| {
                sum << 8 | i128::from(byte)
            });
            number.into_pyobject(py)?.into_any()
        }
        Kind::Float64 => f64::from_be_bytes(body.try_into()?).into_pyobject(py)?.into_any(),
        Kind::Date32 => {
            let text = std::str::from_utf8(body).map_err(|_| error_of(Trouble::NotUtf8, None))?;
            py.import("datetime")?
                .getattr("date")?
                .call_method1("fromisoformat", (text,))?
        }
        Kind::Null => py.None().into_bound(py),
    })
}

fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Result<(), NoMemory> {
    bytes.try_reserve(more.len()).map_err(|_| NoMemory)?;
    bytes.extend_from_slice(more);
    Ok(())
}

/// A column of ours. Whoever knows the Arrow PyCapsule interface takes it without copying.
#[pyclass(frozen, module = "fieldvault_native")]
pub struct ArrowArray(pub(super) Arc<Built>);

#[pymethods]
impl ArrowArray {
    /// A column of str or of bytes, with None for null.
    #[staticmethod]
    #[pyo3(signature = (values, text))]
    fn of(values: Vec<Option<Bound<'_, PyAny>>>, text: bool) -> PyResult<Self> {
        let (mut bytes, mut ends, mut nulls) = (Vec::new(), Vec::with_capacity(values.len()), Vec::new());
        for (at, value) in values.iter().enumerate() {
            match value {
                Some(value) if text => append(&mut bytes, value.extract::<Cow<'_, str>>()?.as_bytes())?,
                Some(value) => append(&mut bytes, &value.extract::<Cow<'_, [u8]>>()?)?,
                None => nulls.push(at),
            }
            ends.push(bytes.len());
        }
        let len = ends.len();
        let mut offsets = Offsets::zeros(len, bytes.len())?;
        if let Some(mut part) = offsets.parts(std::iter::once(len)).pop() {
            ends.into_iter()
                .enumerate()
                .for_each(|(at, end)| part.set(at, end));
        }
        let format = strings_format(text, &offsets);
        Ok(ArrowArray(Arc::new(Built {
            format,
            len,
            validity: validity(len, &nulls),
            data: Data::Strings {
                offsets,
                bytes: bytes.into(),
            },
        })))
    }

    /// The schema and the array, in capsules. Another type than this one's is not made, which the interface allows.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        Ok((
            schema_capsule(py, self.0.format)?,
            array_capsule(py, self.0.clone())?,
        ))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, self.0.format)
    }

    fn __len__(&self) -> usize {
        self.0.len
    }

    #[getter]
    fn null_count(&self) -> usize {
        self.0.null_count()
    }

    /// The type, as the Arrow C data interface spells it.
    #[getter]
    fn format(&self) -> String {
        self.0.format.to_string_lossy().into_owned()
    }

    /// All values as Python objects, null as None.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        (0..self.0.len).map(|at| self.object(py, at)).collect()
    }

    fn __repr__(&self) -> String {
        format!("<ArrowArray of {}>", self.0.len)
    }
}

impl ArrowArray {
    fn object<'py>(&self, py: Python<'py>, at: usize) -> PyResult<Bound<'py, PyAny>> {
        if self.0.is_null(at) {
            return Ok(py.None().into_bound(py));
        }
        match &self.0.data {
            Data::Strings { offsets, bytes } => {
                let (from, to) = offsets.span(at);
                let kind = if matches!(self.0.format.to_bytes(), b"u" | b"U") {
                    Kind::Text
                } else {
                    Kind::Bytes
                };
                object_of(py, kind, &bytes[from..to])
            }
            Data::Bits(bits) => object_of(py, Kind::Bool, &[bits[at / 8] >> (at % 8) & 1]),
            Data::Longs(words) if self.0.format == c"g" => {
                object_of(py, Kind::Float64, &words[at].to_be_bytes())
            }
            Data::Longs(words) => object_of(py, Kind::Int(8, true), &words[at].to_be_bytes()),
            Data::Ints(days) => {
                let ordinal = i64::from(days[at]) + 719_163;
                py.import("datetime")?
                    .getattr("date")?
                    .call_method1("fromordinal", (ordinal,))
            }
        }
    }
}
