//! Records to columns and back: what a loop over dicts does, without an interpreted step for each cell.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet, PyString};

use crate::lists::LookOut;

/// The columns, and the names that were seen.
type Gathered<'py> = (Vec<Bound<'py, PyList>>, Bound<'py, PySet>);

/// The cells of `wanted` in a list of dicts: for each name, a list with the cell of each record, None where it lacks
/// it. And which of `wanted` and `others` any record has.
///
/// None unless every record is a dict, not of a subclass, whose keys are all among `wanted` and `others`.
#[pyfunction]
pub fn gather<'py>(
    py: Python<'py>,
    records: &Bound<'py, PyList>,
    wanted: Vec<Bound<'py, PyString>>,
    others: Vec<Bound<'py, PyString>>,
) -> PyResult<Option<Gathered<'py>>> {
    let mut columns = wanted
        .iter()
        .map(|_| Vec::with_capacity(records.len()))
        .collect::<Vec<_>>();
    let mut seen = vec![false; wanted.len() + others.len()];
    let mut out = LookOut::default();
    for record in records.iter() {
        out.step(py, 0)?;
        let Ok(record) = record.cast_exact::<PyDict>() else {
            return Ok(None);
        };
        let mut known = 0;
        for (number, name) in wanted.iter().enumerate() {
            let cell = record.get_item(name)?;
            if cell.is_some() {
                known += 1;
                seen[number] = true;
            }
            columns[number].push(cell);
        }
        for (number, name) in others.iter().enumerate() {
            // Most names have been seen after the first record, and then only their number matters.
            if known == record.len() {
                break;
            }
            if record.contains(name)? {
                known += 1;
                seen[wanted.len() + number] = true;
            }
        }
        if known != record.len() {
            return Ok(None);
        }
    }
    let names = PySet::empty(py)?;
    for (name, seen) in wanted.iter().chain(&others).zip(seen) {
        if seen {
            names.add(name)?;
        }
    }
    let columns = columns
        .into_iter()
        .map(|cells| PyList::new(py, cells))
        .collect::<PyResult<Vec<_>>>()?;
    Ok(Some((columns, names)))
}

/// Copies of dicts with other cells: for each (target, source, cells), `target` is put to its cell where the dict has
/// `source`; where it has not, the cell is None. `dropped` names are left out.
///
/// None unless every record is a dict, not of a subclass.
#[pyfunction]
pub fn with_cells<'py>(
    py: Python<'py>,
    records: &Bound<'py, PyList>,
    columns: Vec<(Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyList>)>,
    dropped: Vec<Bound<'py, PyString>>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let mut results = Vec::with_capacity(records.len());
    let mut out = LookOut::default();
    for (at, record) in records.iter().enumerate() {
        out.step(py, 0)?;
        let Ok(record) = record.cast_exact::<PyDict>() else {
            return Ok(None);
        };
        let copy = record.copy()?;
        for (target, source, cells) in &columns {
            // What is not None was made from the source, so it is there: only None has to be asked about.
            let cell = cells.get_item(at)?;
            if !cell.is_none() || record.contains(source)? {
                copy.set_item(target, cell)?;
            }
        }
        for name in &dropped {
            if record.contains(name)? {
                copy.del_item(name)?;
            }
        }
        results.push(copy);
    }
    Ok(Some(PyList::new(py, results)?))
}
