//! Columns of ours, in capsules that share their buffers.

use std::ffi::{c_void, CStr};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::{ArrowArray, ArrowSchema, ARRAY, SCHEMA};
use crate::arrow::built::Built;

const NULLABLE: i64 = 2;

/// What an exported array keeps alive, and the table of its buffers.
struct ExportedArray {
    pointers: [*const c_void; 3],
    _column: Arc<Built>,
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: of `schema_capsule`, whose format is a constant: nothing is to be freed.
    unsafe { (*schema).release = None };
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: called once, on an array of `array_capsule`, whose private data is such a box.
    unsafe {
        drop(Box::from_raw((*array).private_data.cast::<ExportedArray>()));
        (*array).release = None;
    }
}

/// A schema capsule for a nullable column of `format`.
pub(in crate::arrow) fn schema_capsule<'py>(
    py: Python<'py>,
    format: &'static CStr,
) -> PyResult<Bound<'py, PyCapsule>> {
    let mut schema = ArrowSchema::released();
    schema.format = format.as_ptr();
    schema.name = c"".as_ptr();
    schema.flags = NULLABLE;
    schema.release = Some(release_schema);
    PyCapsule::new_with_value(py, schema, SCHEMA)
}

/// An array capsule that shares the column's buffers; they live until whoever took it releases it.
pub(in crate::arrow) fn array_capsule(py: Python<'_>, column: Arc<Built>) -> PyResult<Bound<'_, PyCapsule>> {
    let (pointers, count) = column.buffers();
    let mut array = ArrowArray::released();
    array.length = column.len as i64;
    array.null_count = column.null_count() as i64;
    array.n_buffers = count;
    let held = Box::into_raw(Box::new(ExportedArray {
        pointers,
        _column: column,
    }));
    // SAFETY: the box lives until `release_array`; its pointers lead into buffers that the column keeps and that nobody
    // changes any more.
    array.buffers = unsafe { (*held).pointers.as_ptr() };
    array.private_data = held.cast();
    array.release = Some(release_array);
    PyCapsule::new_with_value(py, array, ARRAY)
}
