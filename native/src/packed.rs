//! Many byte strings in one buffer, one after the other.

use std::ops::Range;

use crate::memory::{self, NoMemory};

/// Byte strings by position. Those that are secret are overwritten when dropped.
pub struct Packed {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    secret: bool,
}

impl Packed {
    /// Nothing yet, with room for `count` secret strings of `bytes` in all.
    pub fn with_room(count: usize, bytes: usize) -> Result<Self, NoMemory> {
        memory::ask_for::<u8>(bytes)?;
        Ok(Packed {
            bytes: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(count),
            secret: true,
        })
    }

    /// Zeros, of these lengths: to be filled by `parallel::fill`.
    pub fn zeros(lengths: impl ExactSizeIterator<Item = usize>, secret: bool) -> Result<Self, NoMemory> {
        let mut ends = Vec::with_capacity(lengths.len());
        let mut end = 0usize;
        ends.extend(lengths.map(|length| {
            end = end.saturating_add(length);
            end
        }));
        Ok(Packed {
            bytes: memory::zeros(end)?,
            ends,
            secret,
        })
    }

    /// Add one string, given in parts.
    #[inline]
    pub fn push(&mut self, parts: &[&[u8]]) -> Result<(), NoMemory> {
        let more = parts.iter().map(|part| part.len()).sum::<usize>();
        if self.bytes.capacity() - self.bytes.len() < more {
            self.grow(more)?;
        }
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.ends.push(self.bytes.len());
        Ok(())
    }

    // Not `Vec::reserve`, which frees the old buffer with the secrets in it.
    #[cold]
    fn grow(&mut self, more: usize) -> Result<(), NoMemory> {
        let room = (self.bytes.len() + more).max(2 * self.bytes.capacity());
        memory::ask_for::<u8>(room)?;
        let mut larger = Vec::with_capacity(room);
        larger.extend_from_slice(&self.bytes);
        overwrite(&mut self.bytes);
        self.bytes = larger;
        Ok(())
    }

    /// How many strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all strings.
    pub fn total(&self) -> usize {
        self.bytes.len()
    }

    /// Where a string begins; that of the first position after the last is where the last ends.
    #[inline]
    pub fn start(&self, at: usize) -> usize {
        if at == 0 {
            0
        } else {
            self.ends[at - 1]
        }
    }

    /// The string at a position. Panics where there is none.
    #[inline]
    pub fn get(&self, at: usize) -> &[u8] {
        &self.bytes[self.start(at)..self.ends[at]]
    }

    /// Bytes of the string that was added last; 0 where there is none.
    #[inline]
    pub fn last_len(&self) -> usize {
        self.len().checked_sub(1).map_or(0, |last| self.get(last).len())
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The buffer of a range of positions, and where each of the strings ends in the whole buffer.
    pub fn range_mut(&mut self, range: Range<usize>) -> (&mut [u8], &[usize]) {
        let (from, to) = (self.start(range.start), self.start(range.end));
        (&mut self.bytes[from..to], &self.ends[range])
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        if self.secret {
            overwrite(&mut self.bytes);
        }
    }
}

/// Zeros where there were secrets: a `memset` that the compiler may not leave out, as it cannot know that
/// nobody looks. (`zeroize` writes byte by byte, which would cost as much as the cipher.)
fn overwrite(bytes: &mut [u8]) {
    bytes.fill(0);
    std::hint::black_box(bytes);
}

/// Byte strings by position, wherever they are.
#[derive(Clone, Copy)]
pub enum Items<'a> {
    /// Each in a place of its own.
    Apart(&'a [&'a [u8]]),
    /// All in one buffer.
    Packed(&'a Packed),
}

impl<'a> Items<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Items::Apart(items) => items.len(),
            Items::Packed(packed) => packed.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at a position. Panics where there is none.
    #[inline]
    pub fn get(&self, at: usize) -> &'a [u8] {
        match self {
            Items::Apart(items) => items[at],
            Items::Packed(packed) => packed.get(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_pushed_is_there(strings in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..50)) {
            let mut packed = Packed::with_room(0, 0).expect("nothing");
            for string in &strings {
                let (first, rest) = string.split_at(string.len() / 2);
                packed.push(&[first, rest]).expect("little");
            }
            prop_assert_eq!(packed.len(), strings.len());
            prop_assert_eq!(packed.total(), strings.iter().map(Vec::len).sum::<usize>());
            prop_assert!(packed.iter().eq(strings.iter().map(Vec::as_slice)));
        }
    }

    #[test]
    fn zeros_have_their_lengths() {
        let packed = Packed::zeros([3, 0, 5].into_iter(), false).expect("little");
        assert_eq!(packed.iter().map(<[u8]>::len).collect::<Vec<_>>(), [3, 0, 5]);
    }
}
