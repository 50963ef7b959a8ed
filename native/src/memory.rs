//! Memory that is asked for, where it may be more than there is.
//!
//! Rust's own containers end the process where they get none. A column of few bytes can stand for terabytes (views
//! of one buffer, one long value a thousand times in a list), so whatever is sized by a sum of lengths asks here first.

/// There is not so much memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMemory;

/// What is smaller is had, or nothing else would run either.
const LEAST_ASKED: usize = 16 << 20;

/// Whether `count` of `T` could be had: asked for, and given back untouched. Between this and the allocation it is for,
/// somebody else may take it; then the process ends after all.
pub fn ask_for<T>(count: usize) -> Result<(), NoMemory> {
    let bytes = count.checked_mul(size_of::<T>()).ok_or(NoMemory)?;
    if bytes < LEAST_ASKED {
        return Ok(());
    }
    let mut asked = Vec::<T>::new();
    asked.try_reserve_exact(count).map_err(|_| NoMemory)?;
    std::hint::black_box(&asked); // an allocation that nobody looks at may be left out
    Ok(())
}

/// So many zeros, untouched pages where the system gives them as zeros.
pub fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>, NoMemory> {
    ask_for::<T>(count)?;
    Ok(vec![T::default(); count])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_no_memory_and_no_end_of_the_process() {
        for count in [usize::MAX, usize::MAX / 8, isize::MAX as usize, 1 << 52] {
            assert_eq!(zeros::<u64>(count).err(), Some(NoMemory));
        }
        assert_eq!(zeros::<u8>(1 << 52).err(), Some(NoMemory));
        assert_eq!(
            zeros::<u8>(LEAST_ASKED + 1).map(|zeros| zeros.len()),
            Ok(LEAST_ASKED + 1)
        );
    }
}
