//! The native batch core of fieldvault: whole columns sealed, opened and indexed with the GIL released.
//!
//! It holds no cipher of its own. `aead` and `mac` are the only modules that know the library that has them.
//!
//! ```text
//!     kernel   one envelope, in place                    (no Python)
//!     nonces   of a batch                                (no Python)
//!     batch    many of them, over threads                (no Python)
//!     key      the keys as Python objects
//!     lists    Python lists in, Python lists out
//!     arrow    Arrow columns in, Arrow columns out
//! ```
//!
//! `unsafe` is denied everywhere but in `arrow::ffi`, the Arrow C data interface, and in `aead::ipsec_mb`, a library
//! that is found at run time.
#![deny(unsafe_code)]

pub mod aead;
pub mod batch;
pub mod kernel;
pub mod mac;
pub mod memory;
pub mod nonces;
pub mod packed;
pub mod parallel;

#[cfg_attr(not(feature = "python"), allow(dead_code))]
mod arrow;
#[cfg(feature = "python")]
pub mod key;
#[cfg(feature = "python")]
pub mod lists;
#[cfg(feature = "python")]
pub mod normalise;
#[cfg(feature = "python")]
pub mod packed_object;
#[cfg(feature = "python")]
pub mod records;

#[cfg(feature = "python")]
#[pyo3::pymodule(gil_used = false)]
mod fieldvault_native {
    #[pymodule_export]
    use super::arrow::python::{
        AeadLoop, ArrowDamaged, ArrowIndexing, ArrowNotText, ArrowOpening, ArrowRefused, ArrowSealing,
    };
    #[pymodule_export]
    use super::arrow::python_columns::{ArrowArray, ArrowColumn};
    #[pymodule_export]
    use super::key::{aead_library, use_aead, AeadUnavailable, AesGcmKey, IndexMac};
    #[pymodule_export]
    use super::lists::{
        draw_nonces, headers_of, index_many, open_many, row_suffixes, seal_many, seal_many_mixed,
        set_threads, threads, types_of,
    };
    #[pymodule_export]
    use super::normalise::{plain_emails, plain_names, plain_texts};
    #[pymodule_export]
    use super::packed_object::{pack_bytes, pack_ints, pack_texts, PackedObject};
    #[pymodule_export]
    use super::records::{gather, with_cells};
    use pyo3::prelude::*;

    /// What `fieldvault` asks for before it uses this module; raised with every change that an older one would not survive.
    #[pymodule_export]
    const INTERFACE: u32 = 1;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
