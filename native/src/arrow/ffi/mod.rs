//! The Arrow C data interface: foreign memory behind bounds, and our arrays for others.
//!
//! All `unsafe` of the Arrow path is in this file and the two below it. What it relies on, and what nobody can check:
//!
//! 1. A producer's structs are what the Arrow specification says: pointers that are valid until `release` is called.
//!    The interface does not tell how long a buffer is. What is known is checked (counts, signs, null pointers, and by
//!    `column` every offset against the last one); that the memory behind a pointer is as long as the *last* offset
//!    says is the producer's word. pyarrow's own arrays are validated by pyarrow before they come here.
//! 2. Foreign bytes may be changed by somebody else while we read them. So none is ever seen through a Rust
//!    reference: they are copied out through raw pointers, within bounds that were read once and kept. Whoever copies
//!    twice must not expect the same bytes twice.
//! 3. An array that is taken is moved out of its capsule and released exactly once, when the last user is gone. One whose
//!    type we do not read is put back, for whoever does.

#![allow(unsafe_code)]

#[cfg(test)]
pub(in crate::arrow) mod crafted;
#[cfg(feature = "python")]
mod give;
#[cfg(feature = "python")]
mod take;

use std::ffi::{c_char, c_int, c_void, CStr};
use std::ptr::{self, NonNull};

#[cfg(feature = "python")]
pub(super) use give::{array_capsule, schema_capsule};
#[cfg(feature = "python")]
pub(super) use take::take;

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";

#[repr(C)]
pub(super) struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

#[repr(C)]
pub(super) struct ArrowArray {
    pub(super) length: i64,
    pub(super) null_count: i64,
    pub(super) offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

// SAFETY: the specification lets a consumer move an array, and release it from any thread.
unsafe impl Send for ArrowArray {}
// SAFETY: its buffers may be read from any thread; nothing in it is changed between taking and releasing.
unsafe impl Sync for ArrowArray {}
// SAFETY: as an array.
unsafe impl Send for ArrowSchema {}
// SAFETY: the specification lets one thread after the other call it, and has its producer see to its own locks.
unsafe impl Send for ArrowArrayStream {}

impl ArrowSchema {
    fn released() -> Self {
        // SAFETY: null pointers, zeros and None are valid values of every field.
        unsafe { std::mem::zeroed() }
    }
}

impl ArrowArrayStream {
    fn released() -> Self {
        ArrowArrayStream {
            get_schema: None,
            get_next: None,
            get_last_error: None,
            release: None,
            private_data: ptr::null_mut(),
        }
    }
}

impl Drop for ArrowSchema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: rule 3; the producer sets `release` to None.
            undisturbed(|| unsafe { release(self) });
        }
    }
}

impl ArrowArray {
    fn released() -> Self {
        // SAFETY: null pointers, zeros and None are valid values of every field.
        unsafe { std::mem::zeroed() }
    }

    /// The address of a buffer; None where there is no such buffer, or it is a null pointer.
    fn buffer(&self, at: usize) -> Option<NonNull<u8>> {
        if self.buffers.is_null() || at as i64 >= self.n_buffers {
            return None;
        }
        // SAFETY: `at` is below n_buffers (rule 1).
        NonNull::new(unsafe { *self.buffers.add(at) } as *mut u8)
    }
}

impl Drop for ArrowArray {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: rule 3; the producer sets `release` to None.
            undisturbed(|| unsafe { release(self) });
        }
    }
}

impl Drop for ArrowArrayStream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: rule 3; the producer sets `release` to None.
            undisturbed(|| unsafe { release(self) });
        }
    }
}

/// Without Python there is nothing to disturb.
#[cfg(not(feature = "python"))]
fn undisturbed(release: impl FnOnce()) {
    release();
}

/// Runs a producer's `release`, which may be Python code: that must not meet an exception that is on its way.
#[cfg(feature = "python")]
fn undisturbed(release: impl FnOnce()) {
    use pyo3::prelude::*;

    let mut release = Some(release);
    let _ = Python::try_attach(|py| {
        let on_its_way = PyErr::take(py);
        if let Some(release) = release.take() {
            release();
        }
        if let Some(error) = on_its_way {
            error.restore(py);
        }
    });
    // The interpreter is at its end: whoever releases now is not Python.
    if let Some(release) = release {
        release();
    }
}

/// A type, as the C data interface spells it: `u` is text, `z` bytes, and so on.
pub(super) struct Type {
    pub(super) format: String,
    /// An extension type, nested or dictionary-encoded: values are not what the format says.
    pub(super) is_special: bool,
}

/// An array of somebody else's, released when this is dropped.
pub(super) struct Array {
    array: ArrowArray,
}

impl Array {
    pub(super) fn len(&self) -> i64 {
        self.array.length
    }

    pub(super) fn offset(&self) -> i64 {
        self.array.offset
    }

    pub(super) fn null_count(&self) -> i64 {
        self.array.null_count
    }

    pub(super) fn buffer_count(&self) -> usize {
        self.array.n_buffers.max(0) as usize
    }

    /// `len` bytes of a buffer. None where there is no buffer and bytes are wanted.
    pub(super) fn bytes(&self, buffer: usize, len: usize) -> Option<Foreign> {
        match self.array.buffer(buffer) {
            Some(start) if len <= isize::MAX as usize => Some(Foreign { start, len }),
            None if len == 0 => Some(Foreign::EMPTY),
            _ => None,
        }
    }
}

/// Bytes of somebody else's, behind a length. Valid as long as the `Array` that it came from (the caller's duty: a
/// `Column` keeps its arrays beside what points into them).
#[derive(Clone, Copy)]
pub(super) struct Foreign {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: only reads through raw pointers (rule 2).
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Foreign {
    pub(super) const EMPTY: Foreign = Foreign {
        start: NonNull::dangling(),
        len: 0,
    };

    pub(super) fn constant(bytes: &'static [u8]) -> Foreign {
        Foreign {
            start: NonNull::from(bytes).cast(),
            len: bytes.len(),
        }
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn part(self, from: usize, len: usize) -> Option<Foreign> {
        if from > self.len || len > self.len - from {
            return None;
        }
        // SAFETY: within the length, just checked.
        let start = unsafe { self.start.add(from) };
        Some(Foreign { start, len })
    }

    /// `N` bytes at `at`.
    #[inline]
    pub(super) fn read<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        if at > self.len || N > self.len - at {
            return None;
        }
        let mut out = [0u8; N];
        // SAFETY: within the length, just checked; `out` is ours, so they do not overlap.
        unsafe { ptr::copy_nonoverlapping(self.start.as_ptr().add(at), out.as_mut_ptr(), N) };
        Some(out)
    }

    /// Copies all bytes to `out`, which must be as long.
    #[inline]
    pub(super) fn copy_to(self, out: &mut [u8]) {
        assert_eq!(out.len(), self.len);
        // SAFETY: both are `len` bytes; `out` is an exclusive borrow of memory of ours.
        unsafe { ptr::copy_nonoverlapping(self.start.as_ptr(), out.as_mut_ptr(), self.len) };
    }
}
