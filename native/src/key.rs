//! The keys as Python objects: hard to print, copy or pickle by accident, and overwritten when they go.

use pyo3::exceptions::{PyOverflowError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::aead;
use crate::kernel::{IndexForm, MAX_PLAINTEXT_BYTES};
use crate::mac;

pyo3::import_exception!(cryptography.exceptions, InvalidTag);

fn not_copied<T>() -> PyResult<T> {
    Err(PyTypeError::new_err("keys cannot be pickled or copied"))
}

pyo3::create_exception!(
    fieldvault_native,
    AeadUnavailable,
    PyRuntimeError,
    "The AEAD library that was asked for cannot be used."
);

/// Choose whose AES-256-GCM keys are made with from now on: "aws-lc", or "ipsec-mb", which is looked for at run time.
///
/// Raises `AeadUnavailable`, and changes nothing, where the library cannot be used.
#[pyfunction]
pub fn use_aead(name: &str) -> PyResult<()> {
    let library = match name {
        "aws-lc" => aead::Library::AwsLc,
        "ipsec-mb" => aead::Library::IpsecMb,
        _ => return Err(PyValueError::new_err("no such library")),
    };
    aead::use_library(library).map_err(|why| AeadUnavailable::new_err(why.0))
}

/// The name of the library that keys are made with.
#[pyfunction]
pub fn aead_library() -> &'static str {
    aead::library()
}

/// An AES-256-GCM key. Its header and context are the caller's business.
#[pyclass(frozen, module = "fieldvault_native")]
pub struct AesGcmKey {
    /// What the kernel works with.
    pub key: aead::Key,
}

#[pymethods]
impl AesGcmKey {
    #[new]
    fn new(key: &[u8]) -> PyResult<Self> {
        let key = key
            .try_into()
            .map_err(|_| PyValueError::new_err("a key has 32 bytes"))?;
        Ok(AesGcmKey {
            key: aead::Key::new(key),
        })
    }

    /// Ciphertext and tag, for the values that come one by one.
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        nonce: &[u8],
        data: PyBackedBytes,
        associated_data: Option<&[u8]>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let nonce = nonce
            .try_into()
            .map_err(|_| PyValueError::new_err("a nonce has 12 bytes"))?;
        if data.len() > MAX_PLAINTEXT_BYTES {
            return Err(PyOverflowError::new_err(
                "a plaintext is longer than an envelope holds",
            ));
        }
        let aad = associated_data.unwrap_or(&[]);
        PyBytes::new_with(py, data.len() + aead::TAG_BYTES, |out| {
            let (text, tag) = out.split_at_mut(data.len());
            self.key.seal(nonce, aad, &data, text, tag);
            Ok(())
        })
    }

    /// The plaintext of ciphertext and tag. Raises `cryptography.exceptions.InvalidTag`.
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        nonce: &[u8],
        data: PyBackedBytes,
        associated_data: Option<&[u8]>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let nonce = nonce
            .try_into()
            .map_err(|_| PyValueError::new_err("a nonce has 12 bytes"))?;
        if data.len() > MAX_PLAINTEXT_BYTES + aead::TAG_BYTES {
            return Err(PyOverflowError::new_err("longer than an envelope"));
        }
        let Some((text, tag)) = data
            .len()
            .checked_sub(aead::TAG_BYTES)
            .map(|end| data.split_at(end))
        else {
            return Err(InvalidTag::new_err(()));
        };
        let aad = associated_data.unwrap_or(&[]);
        PyBytes::new_with(py, text.len(), |out| {
            self.key
                .open(nonce, aad, text, tag, out)
                .map_err(|_| InvalidTag::new_err(()))
        })
    }

    fn __repr__(&self) -> &'static str {
        "<AesGcmKey>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        not_copied()
    }
}

/// The HMAC-SHA256 key of one blind index, with the form of its values.
#[pyclass(frozen, module = "fieldvault_native")]
pub struct IndexMac {
    /// What the kernel works with.
    pub key: mac::Key,
    /// How the MAC is kept.
    pub form: IndexForm,
}

#[pymethods]
impl IndexMac {
    #[new]
    fn new(key: &[u8], version: u8, kept: usize, last_byte_mask: u8) -> PyResult<Self> {
        if !(1..=mac::MAC_BYTES).contains(&kept) {
            return Err(PyValueError::new_err("an index value keeps 1 to 32 bytes"));
        }
        Ok(IndexMac {
            key: mac::Key::new(key),
            form: IndexForm {
                version,
                kept,
                last_byte_mask,
            },
        })
    }

    fn __repr__(&self) -> &'static str {
        "<IndexMac>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        not_copied()
    }
}
