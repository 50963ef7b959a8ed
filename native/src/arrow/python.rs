//! The Arrow path as Python sees it: `fieldvault.columns.arrow_native` is the only caller.
//!
//! Each job has two steps. The first looks at the columns and says what is needed (how many uses of a key, which
//! keys, which values to normalise); the second does the work. Both run without the interpreter's lock.

use std::sync::Arc;

use pyo3::create_exception;
use pyo3::exceptions::{PyMemoryError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::bare::Bare;
use super::built::{strings_format, Offsets};
use super::column::Kind;
use super::form::Form;
use super::index::{index, Indexing, Plain};
use super::normal::Normaliser;
use super::open::{open, Named, Opening};
use super::python_columns::{ArrowArray, ArrowColumn};
use super::rows::{Part, PartKind};
use super::seal::{seal, Sealing};
use super::source::{Measured, Source};
use super::survey::{Sealed, Surveyed};
use super::target::Target;
use super::typed::{Codec, Padding, Trouble};
use crate::kernel::Header;
use crate::key::{AesGcmKey, IndexMac};
use crate::parallel;

create_exception!(
    fieldvault_native,
    ArrowDamaged,
    PyValueError,
    "The column breaks the rules of Arrow."
);
create_exception!(
    fieldvault_native,
    ArrowNotText,
    ArrowDamaged,
    "A text column has bytes that are not UTF-8."
);
create_exception!(
    fieldvault_native,
    ArrowRefused,
    PyValueError,
    "Some value is refused; the list path says which."
);

const ENVELOPE: Form = Form::Text(b"fv1.");
const INDEX: Form = Form::Text(b"fx1.");

type RowColumns = Option<Vec<(u8, Py<ArrowColumn>)>>;

/// A column on its way to be sealed: looked at, nothing wrong with it.
#[pyclass(frozen, module = "fieldvault_native")]
pub struct ArrowSealing {
    values: Py<ArrowColumn>,
    codec: Codec,
    null: Option<Vec<u8>>,
    rows: RowColumns,
    form: Form,
    measured: Measured,
}

#[pymethods]
impl ArrowSealing {
    /// Looks at all values and row ids.
    ///
    /// `padding` is "none", "multiple", "power" or "to", with its number. `rows` has a tag and a column for each part of
    /// the row id. `ArrowRefused` if any value or row id would be refused.
    #[new]
    #[pyo3(signature = (values, tag, padding, null, rows, text))]
    fn new(
        py: Python<'_>,
        values: Py<ArrowColumn>,
        tag: u8,
        padding: (String, usize),
        null: Option<Vec<u8>>,
        rows: RowColumns,
        text: bool,
    ) -> PyResult<Self> {
        let padding = match (padding.0.as_str(), padding.1) {
            ("none", _) => Padding::None,
            ("multiple", step @ 2..) => Padding::Multiple(step),
            ("power", least @ 2..) => Padding::PowerOfTwo(least),
            ("to", length @ 2..) => Padding::To(length),
            _ => return Err(PyValueError::new_err("no such padding")),
        };
        let form = if text { ENVELOPE } else { Form::Binary };
        let codec = Codec { tag, padding };
        let source = source_of(&values, codec, null.as_deref(), &rows)?;
        let measured = released(py, |threads, go_on| {
            source.measure(threads, go_on, |bytes| form.written(bytes))
        })?;
        Ok(ArrowSealing {
            values,
            codec,
            null,
            rows,
            form,
            measured,
        })
    }

    /// How many envelopes it will be.
    #[getter]
    fn uses(&self) -> usize {
        self.measured.total().values
    }

    /// How many bytes they will have.
    #[getter]
    fn bytes(&self) -> usize {
        self.measured.total().bytes
    }

    /// The type of the column that they will be, as the C data interface spells it.
    #[getter]
    fn format(&self) -> PyResult<String> {
        let offsets = Offsets::zeros(0, self.measured.total().bytes)?;
        Ok(strings_format(self.form != Form::Binary, &offsets)
            .to_string_lossy()
            .into_owned())
    }

    /// The column of envelopes. `prefix` is the AAD up to the row id.
    #[pyo3(signature = (key, header, prefix, nonces = None))]
    fn seal(
        &self,
        py: Python<'_>,
        key: Py<AesGcmKey>,
        header: Header,
        prefix: &[u8],
        nonces: Option<&[u8]>,
    ) -> PyResult<ArrowArray> {
        let source = source_of(&self.values, self.codec, self.null.as_deref(), &self.rows)?;
        let how = Sealing {
            key: &key.get().key,
            header: &header,
            prefix,
            form: self.form,
            nonces,
        };
        let built = released(py, |threads, go_on| {
            seal(&source, &self.measured, &how, threads, go_on)
        })?;
        Ok(ArrowArray(Arc::new(built)))
    }
}

/// A column on its way to be opened: its envelopes' headers are known.
#[pyclass(frozen, module = "fieldvault_native")]
pub struct ArrowOpening {
    envelopes: Py<ArrowColumn>,
    rows: RowColumns,
    surveyed: Surveyed,
}

#[pymethods]
impl ArrowOpening {
    /// Looks at all envelopes. `ArrowRefused` if any is malformed.
    #[new]
    #[pyo3(signature = (envelopes, rows))]
    fn new(py: Python<'_>, envelopes: Py<ArrowColumn>, rows: RowColumns) -> PyResult<Self> {
        let sealed = sealed_of(&envelopes, &rows)?;
        let surveyed = released(py, |threads, go_on| sealed.survey(threads, go_on))?;
        Ok(ArrowOpening {
            envelopes,
            rows,
            surveyed,
        })
    }

    /// The distinct headers: version and key id.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.surveyed
            .headers
            .iter()
            .map(|header| PyBytes::new(py, header))
            .collect()
    }

    /// The column of values of the type with this tag. `keys` has a header, its key, and the AAD up to the row id.
    ///
    /// `ArrowRefused` if any envelope does not open; then nothing of the others is kept either.
    #[pyo3(signature = (keys, tag, with_nulls))]
    fn open(
        &self,
        py: Python<'_>,
        keys: Vec<(Header, Py<AesGcmKey>, Vec<u8>)>,
        tag: u8,
        with_nulls: bool,
    ) -> PyResult<ArrowArray> {
        let target = Target::of(tag).ok_or_else(|| PyValueError::new_err("no such type"))?;
        let sealed = sealed_of(&self.envelopes, &self.rows)?;
        let keys = keys.iter().map(|(header, key, prefix)| Named {
            header: *header,
            key: &key.get().key,
            prefix: prefix.clone(),
        });
        let how = Opening {
            keys: keys.collect(),
            target,
            with_nulls,
        };
        let built = released(py, |threads, go_on| {
            open(&sealed, &self.surveyed, &how, threads, go_on)
        })?;
        Ok(ArrowArray(Arc::new(built)))
    }
}

/// A column on its way to be indexed.
#[pyclass(frozen, module = "fieldvault_native")]
pub struct ArrowIndexing {
    values: Py<ArrowColumn>,
    normaliser: Normaliser,
    tag: u8,
    odd: Vec<usize>,
}

#[pymethods]
impl ArrowIndexing {
    /// Looks at all values. `tag` is that of the field's type. None for a normaliser that is not known here.
    #[staticmethod]
    fn scan(py: Python<'_>, values: Py<ArrowColumn>, normaliser: &str, tag: u8) -> PyResult<Option<Self>> {
        let Some(normaliser) = Normaliser::named(normaliser) else {
            return Ok(None);
        };
        let plain = Plain {
            values: &values.get().0,
            normaliser,
            tag,
        };
        let odd = released(py, |threads, go_on| plain.scan(threads, go_on))?;
        Ok(Some(ArrowIndexing {
            values,
            normaliser,
            tag,
            odd,
        }))
    }

    /// Whether every value is null.
    #[getter]
    fn is_empty(&self) -> bool {
        let column = &self.values.get().0;
        column.chunks.iter().all(|chunk| chunk.count(0, chunk.len()) == 0)
    }

    /// The positions of the values that the caller must normalise.
    #[getter]
    fn odd(&self) -> Vec<usize> {
        self.odd.clone()
    }

    /// The column of index values. `given` has the normal forms of the `odd` values, in order.
    #[pyo3(signature = (key, given, text))]
    fn index(
        &self,
        py: Python<'_>,
        key: Py<IndexMac>,
        given: Vec<Vec<u8>>,
        text: bool,
    ) -> PyResult<ArrowArray> {
        if given.len() != self.odd.len() {
            return Err(PyValueError::new_err("a normal form for each odd value"));
        }
        let plain = Plain {
            values: &self.values.get().0,
            normaliser: self.normaliser,
            tag: self.tag,
        };
        let form = if text { INDEX } else { Form::Binary };
        let given = self.odd.iter().copied().zip(given).collect();
        let key = key.get();
        let how = Indexing {
            key: &key.key,
            kept: &key.form,
            form,
            given,
        };
        let built = released(py, |threads, go_on| index(&plain, &how, threads, go_on))?;
        Ok(ArrowArray(Arc::new(built)))
    }
}

/// For benchmarks: the AEAD library in a bare loop over a column's values.
#[pyclass(frozen, module = "fieldvault_native", name = "_AeadLoop")]
pub struct AeadLoop(Bare);

#[pymethods]
impl AeadLoop {
    #[new]
    fn new(values: Py<ArrowColumn>) -> PyResult<Self> {
        Ok(AeadLoop(
            Bare::new(&values.get().0).map_err(|trouble| error_of(trouble, None))?,
        ))
    }

    fn run(&self, py: Python<'_>, key: Py<AesGcmKey>, aad: &[u8]) -> PyResult<()> {
        let result = py.detach(|| self.0.run(&key.get().key, aad));
        result.map_err(|trouble| error_of(trouble, None))
    }
}

fn source_of<'a>(
    values: &'a Py<ArrowColumn>,
    codec: Codec,
    null: Option<&'a [u8]>,
    rows: &'a RowColumns,
) -> PyResult<Source<'a>> {
    let values = &values.get().0;
    Ok(Source {
        values,
        codec,
        null,
        rows: parts_of(rows, values.len)?,
    })
}

fn sealed_of<'a>(envelopes: &'a Py<ArrowColumn>, rows: &'a RowColumns) -> PyResult<Sealed<'a>> {
    let envelopes = &envelopes.get().0;
    let form = match envelopes.kind {
        Kind::Bytes => Form::Binary,
        Kind::Text => ENVELOPE,
        Kind::Null => Form::Binary,
        _ => return Err(error_of(Trouble::Refused, None)),
    };
    Ok(Sealed {
        envelopes,
        form,
        rows: parts_of(rows, envelopes.len)?,
    })
}

fn parts_of(rows: &RowColumns, len: usize) -> PyResult<Option<Vec<Part<'_>>>> {
    let Some(rows) = rows else { return Ok(None) };
    let mut parts = Vec::with_capacity(rows.len());
    for (tag, column) in rows {
        let column = &column.get().0;
        match PartKind::of(*tag, column).filter(|_| column.len == len) {
            Some(kind) => parts.push(Part {
                column,
                kind,
                tag: *tag,
            }),
            None => return Err(error_of(Trouble::Refused, None)),
        }
    }
    Ok(Some(parts))
}

/// `work` without the interpreter's lock; it is taken back for a moment, now and then, to look for signals.
fn released<R: Send>(
    py: Python<'_>,
    work: impl FnOnce(usize, &mut dyn FnMut() -> bool) -> Result<R, Trouble> + Send,
) -> PyResult<R> {
    let mut signal = None;
    let result = py.detach(|| {
        let mut go_on = || match Python::attach(|py| py.check_signals()) {
            Ok(()) => true,
            Err(error) => {
                signal.get_or_insert(error);
                false
            }
        };
        work(parallel::threads(), &mut go_on)
    });
    result.map_err(|trouble| error_of(trouble, signal))
}

pub(super) fn error_of(trouble: Trouble, signal: Option<PyErr>) -> PyErr {
    match trouble {
        Trouble::Damaged(damaged) => ArrowDamaged::new_err(damaged.0),
        Trouble::NotUtf8 => ArrowNotText::new_err("text that is not UTF-8"),
        Trouble::Refused => ArrowRefused::new_err("refused"),
        Trouble::Interrupted => signal.unwrap_or_else(|| ArrowRefused::new_err("interrupted")),
        Trouble::NoMemory => PyMemoryError::new_err(()),
        Trouble::NoRandomness => PyOSError::new_err("the operating system gives no random numbers"),
    }
}
