//! The bytes of a column of ours: zeros at first, filled once, then shared and never changed.
//!
//! Large ones are a mapping of their own that asks for huge pages: the first touch of a page of 4 KiB costs about as
//! much as filling it with envelopes. Where the system has no huge pages to give, it gives small ones.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

use crate::memory::{self, NoMemory};

/// Below this the allocator may have memory that was touched before. From here on glibc maps anew each time, too.
const LEAST_MAPPED: usize = 32 << 20;

/// Bytes that stay where they are.
pub(super) struct Room {
    store: Store,
    len: usize,
}

enum Store {
    Heap(Vec<u8>),
    Mapped(MmapMut),
}

impl Room {
    /// Zeros.
    pub(super) fn zeros(len: usize) -> Result<Room, NoMemory> {
        let store = match mapped(len) {
            Some(mapping) => Store::Mapped(mapping),
            None => Store::Heap(memory::zeros(len)?),
        };
        Ok(Room { store, len })
    }

    /// Leaves the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = len.min(self.len);
    }
}

/// A mapping, or None where the allocator is to be asked: small ones, and whatever fails.
#[cfg(target_os = "linux")]
fn mapped(len: usize) -> Option<MmapMut> {
    let mapping = (len >= LEAST_MAPPED).then(|| MmapMut::map_anon(len).ok())??;
    // A kernel without huge pages says so; the mapping is as good as any.
    let _ = mapping.advise(memmap2::Advice::HugePage);
    Some(mapping)
}

#[cfg(not(target_os = "linux"))]
fn mapped(_: usize) -> Option<MmapMut> {
    None
}

impl From<Vec<u8>> for Room {
    fn from(bytes: Vec<u8>) -> Room {
        let len = bytes.len();
        Room {
            store: Store::Heap(bytes),
            len,
        }
    }
}

impl Deref for Room {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.store {
            Store::Heap(bytes) => &bytes[..self.len],
            Store::Mapped(bytes) => &bytes[..self.len],
        }
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.store {
            Store::Heap(bytes) => &mut bytes[..self.len],
            Store::Mapped(bytes) => &mut bytes[..self.len],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_or_large_it_is_zeros_of_that_length_and_keeps_what_is_written() {
        for len in [0, 1, LEAST_MAPPED - 1, LEAST_MAPPED, LEAST_MAPPED + 12_345] {
            let mut room = Room::zeros(len).expect("little");
            assert_eq!(room.len(), len);
            assert!(room.iter().all(|byte| *byte == 0));
            room.fill(7);
            room.truncate(len / 2);
            assert_eq!(room.len(), len / 2);
            assert!(room.iter().all(|byte| *byte == 7));
        }
    }
}
