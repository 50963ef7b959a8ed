//! Columns of others: moved out of their capsules, and checked as far as their structs go.

use std::ffi::{c_char, CStr};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyNotImplementedError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use super::{Array, ArrowArray, ArrowArrayStream, ArrowSchema, Type, ARRAY, SCHEMA, STREAM};
use crate::arrow::python::ArrowDamaged;

const EXTENSION_KEY: &[u8] = b"ARROW:extension:name";
/// No Arrow type that we read has as many; a view array has one for each of its data buffers.
const MAX_BUFFERS: i64 = 1 << 20;

/// One at a time: without a global lock of the interpreter's, two threads could move the same struct out of its capsule.
static MOVING: Mutex<()> = Mutex::new(());

/// The type and the arrays of any object with `__arrow_c_stream__` or `__arrow_c_array__`. None, and the object is as
/// it was, where `is_known` does not know the type.
///
/// `ArrowDamaged` for what breaks the interface, and where the object's library cannot give it as Arrow: what such an
/// error says may hold a value. Any other exception of its own passes through.
pub(in crate::arrow) fn take(
    column: &Bound<'_, PyAny>,
    is_known: impl Fn(&Type) -> bool,
) -> PyResult<Option<(Type, Vec<Array>)>> {
    if let Some(method) = column.getattr_opt("__arrow_c_array__")? {
        let returned = given_by(&method)?;
        let pair = returned
            .cast::<PyTuple>()
            .map_err(|_| broken("__arrow_c_array__ returned no pair"))?;
        let (schema_capsule, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair
            .extract()
            .map_err(|_| broken("__arrow_c_array__ returned no pair"))?;
        let schema = move_out(&schema_capsule, SCHEMA, ArrowSchema::released(), |one| {
            one.release.is_some()
        })?;
        let kind = type_of(&schema)?;
        if !is_known(&kind) {
            put_back(&schema_capsule, SCHEMA, schema)?;
            return Ok(None);
        }
        let array = move_out(&array, ARRAY, ArrowArray::released(), |one| one.release.is_some())?;
        check(&array)?;
        return Ok(Some((kind, vec![Array { array }])));
    }
    let method = column
        .getattr_opt("__arrow_c_stream__")?
        .ok_or_else(|| broken("not an Arrow column"))?;
    let capsule = given_by(&method)?;
    let mut stream = move_out(&capsule, STREAM, ArrowArrayStream::released(), |one| {
        one.release.is_some()
    })?;
    let kind = type_of(&schema_of(column.py(), &mut stream)?)?;
    if !is_known(&kind) {
        put_back(&capsule, STREAM, stream)?;
        return Ok(None);
    }
    let mut arrays = Vec::new();
    loop {
        column.py().check_signals()?;
        match next_of(column.py(), &mut stream)? {
            Some(array) => arrays.push(array),
            None => return Ok(Some((kind, arrays))),
        }
    }
}

/// What the object's method returns.
fn given_by<'py>(method: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = method.py();
    method.call0().map_err(|error| {
        let converting = error.is_instance_of::<PyValueError>(py)
            || error.is_instance_of::<PyTypeError>(py)
            || error.is_instance_of::<PyOverflowError>(py)
            || error.is_instance_of::<PyNotImplementedError>(py);
        match converting {
            true => broken("its library cannot give it as Arrow"),
            false => error,
        }
    })
}

/// Without the interpreter's lock, as in `next_of`: the producer may wait for a thread that needs it.
fn schema_of(py: Python<'_>, stream: &mut ArrowArrayStream) -> PyResult<ArrowSchema> {
    let get_schema = stream
        .get_schema
        .ok_or_else(|| broken("the stream has no get_schema"))?;
    let mut schema = ArrowSchema::released();
    // SAFETY: an unreleased stream; `schema` is ours to be written.
    if py.detach(|| unsafe { get_schema(stream, &mut schema) }) != 0 {
        std::mem::forget(schema); // what a call that failed has left there is nobody's to release
        return Err(broken("the stream gives no schema"));
    }
    if schema.release.is_none() {
        return Err(broken("the stream gives no schema"));
    }
    Ok(schema)
}

/// None at the end.
fn next_of(py: Python<'_>, stream: &mut ArrowArrayStream) -> PyResult<Option<Array>> {
    let get_next = stream
        .get_next
        .ok_or_else(|| broken("the stream has no get_next"))?;
    let mut array = ArrowArray::released();
    // SAFETY: as in `schema_of`.
    if py.detach(|| unsafe { get_next(stream, &mut array) }) != 0 {
        std::mem::forget(array);
        return Err(broken("the stream broke off"));
    }
    if array.release.is_none() {
        return Ok(None);
    }
    check(&array)?;
    Ok(Some(Array { array }))
}

/// Moves a struct out of its capsule, which is left released: a capsule gives its content once.
fn move_out<T>(capsule: &Bound<'_, PyAny>, name: &CStr, released: T, is_live: fn(&T) -> bool) -> PyResult<T> {
    let held = held_by(capsule, name)?;
    let one_at_a_time = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: a capsule of this name holds such a struct (rule 1), and nobody else of ours moves one at this moment.
    // What stays behind is a released struct, which the capsule's destructor leaves alone.
    let taken = unsafe { ptr::replace(held, released) };
    drop(one_at_a_time);
    if !is_live(&taken) {
        return Err(broken("the Arrow capsule was released, or used before"));
    }
    Ok(taken)
}

/// Undoes `move_out`.
fn put_back<T>(capsule: &Bound<'_, PyAny>, name: &CStr, taken: T) -> PyResult<()> {
    let held = held_by(capsule, name)?;
    let one_at_a_time = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: as in `move_out`; what stands there is the released struct that it left.
    let released = unsafe { ptr::replace(held, taken) };
    drop(one_at_a_time);
    drop(released);
    Ok(())
}

fn held_by<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> PyResult<*mut T> {
    let capsule = capsule
        .cast::<PyCapsule>()
        .map_err(|_| broken("not a PyCapsule"))?;
    let held = capsule
        .pointer_checked(Some(name))
        .map_err(|_| broken("a PyCapsule of another name"))?;
    Ok(held.cast::<T>().as_ptr())
}

fn type_of(schema: &ArrowSchema) -> PyResult<Type> {
    if schema.format.is_null() {
        return Err(broken("the Arrow schema has no format"));
    }
    // SAFETY: a string that ends with a zero byte, as long as the schema lives (rule 1).
    let format = unsafe { CStr::from_ptr(schema.format) }
        .to_str()
        .map_err(|_| broken("the Arrow format is no text"))?;
    let is_special = schema.n_children != 0 || !schema.dictionary.is_null() || has_extension(schema.metadata);
    Ok(Type {
        format: format.to_owned(),
        is_special,
    })
}

/// Whether the metadata (i32 count; for each key and value: i32 length, bytes) names an extension type.
fn has_extension(metadata: *const c_char) -> bool {
    if metadata.is_null() {
        return false;
    }
    let mut at = metadata as *const u8;
    // SAFETY: laid out as above by the specification, with no length to check against (rule 1); a negative or absurd
    // length ends the walk.
    unsafe {
        for _ in 0..next_number(&mut at) {
            for is_key in [true, false] {
                let len = next_number(&mut at);
                if !(0..=1 << 20).contains(&len) {
                    return true;
                }
                if is_key && len as usize == EXTENSION_KEY.len() {
                    let mut key = [0u8; EXTENSION_KEY.len()];
                    ptr::copy_nonoverlapping(at, key.as_mut_ptr(), key.len());
                    if key == EXTENSION_KEY {
                        return true;
                    }
                }
                at = at.add(len as usize);
            }
        }
    }
    false
}

/// SAFETY: four bytes must be readable at `at`.
unsafe fn next_number(at: &mut *const u8) -> i32 {
    // SAFETY: the caller's.
    let number = unsafe { (*at as *const i32).read_unaligned() };
    // SAFETY: just behind what was read.
    *at = unsafe { at.add(4) };
    number
}

fn check(array: &ArrowArray) -> PyResult<()> {
    let end = array.length.checked_add(array.offset);
    if array.length < 0
        || array.offset < 0
        || end.is_none()
        || array.null_count < -1
        || array.null_count > array.length
    {
        return Err(broken(
            "an Arrow array with an impossible length, offset or null count",
        ));
    }
    if !(0..=MAX_BUFFERS).contains(&array.n_buffers) || (array.buffers.is_null() && array.n_buffers > 0) {
        return Err(broken("an Arrow array with an impossible number of buffers"));
    }
    Ok(())
}

fn broken(what: &'static str) -> PyErr {
    ArrowDamaged::new_err(what)
}
