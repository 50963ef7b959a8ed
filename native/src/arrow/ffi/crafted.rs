//! For tests: arrays of any shape, sound or not, whose buffers are as long as they say, so that a sanitizer sees each
//! byte that is read beside them.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use super::{Array, ArrowArray};

/// What an array is made of; None is a null pointer.
#[derive(Debug, Clone, Default)]
pub(in crate::arrow) struct Crafted {
    pub(in crate::arrow) length: i64,
    pub(in crate::arrow) null_count: i64,
    pub(in crate::arrow) offset: i64,
    pub(in crate::arrow) buffers: Vec<Option<Vec<u8>>>,
}

struct Held {
    _buffers: Vec<Option<Vec<u8>>>,
    addresses: Vec<*const c_void>,
    released: Arc<AtomicUsize>,
}

unsafe extern "C" fn release(array: *mut ArrowArray) {
    // SAFETY: called on an array of `array`, whose private data is such a box.
    unsafe {
        let held = Box::from_raw((*array).private_data.cast::<Held>());
        held.released.fetch_add(1, Ordering::Relaxed);
        (*array).release = None;
    }
}

impl Crafted {
    /// The array, and how often it was released.
    pub(in crate::arrow) fn array(&self) -> (Array, Arc<AtomicUsize>) {
        let released = Arc::new(AtomicUsize::new(0));
        let buffers = self.buffers.clone();
        let address = |one: &Option<Vec<u8>>| one.as_ref().map_or(ptr::null(), |bytes| bytes.as_ptr().cast());
        let held = Box::into_raw(Box::new(Held {
            addresses: buffers.iter().map(address).collect(),
            _buffers: buffers,
            released: released.clone(),
        }));
        let mut array = ArrowArray::released();
        array.length = self.length;
        array.null_count = self.null_count;
        array.offset = self.offset;
        array.n_buffers = self.buffers.len() as i64;
        // SAFETY: the box lives until `release`.
        array.buffers = unsafe { (*held).addresses.as_ptr() };
        array.private_data = held.cast();
        array.release = Some(release);
        (Array { array }, released)
    }
}
