//! Intel's library, for the distance to the limit. Nothing frees the manager: the process ends with the bench.

use std::ffi::{c_int, c_uchar, c_void};

use super::{NONCE, TAG};
use crate::work::Aead;

extern "C" {
    fn fv_gcm_new(key: *const c_uchar, level: c_int) -> *mut c_void;
    fn fv_gcm_seal(
        gcm: *mut c_void,
        nonce: *const c_uchar,
        aad: *const c_uchar,
        aad_len: usize,
        plaintext: *const c_uchar,
        len: usize,
        out: *mut c_uchar,
    );
    fn fv_gcm_open(
        gcm: *mut c_void,
        nonce: *const c_uchar,
        aad: *const c_uchar,
        aad_len: usize,
        sealed: *const c_uchar,
        len: usize,
        out: *mut c_uchar,
    ) -> c_int;
}

/// By what the CPU may use. AVX-512 here is with VAES; AVX2 is a machine of about 2013 to 2019.
pub const LEVELS: [(&str, c_int); 3] = [("ipsec-mb", 3), ("ipsec-mb avx2", 2), ("ipsec-mb sse", 1)];

pub struct Gcm(*mut c_void);

impl Gcm {
    pub fn new(key: &[u8; 32], level: c_int) -> Self {
        // SAFETY: reads 32 bytes.
        Self(unsafe { fv_gcm_new(key.as_ptr(), level) })
    }
}

impl Aead for Gcm {
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], plaintext: &[u8], out: &mut [u8]) {
        assert_eq!(out.len(), plaintext.len() + TAG);
        // SAFETY: the lengths are those of the slices, and `out` has room for the tag.
        unsafe {
            fv_gcm_seal(
                self.0,
                nonce.as_ptr(),
                aad.as_ptr(),
                aad.len(),
                plaintext.as_ptr(),
                plaintext.len(),
                out.as_mut_ptr(),
            );
        }
    }

    #[inline]
    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> bool {
        assert_eq!(sealed.len(), out.len() + TAG);
        // SAFETY: as above; the tag follows the body in `sealed`.
        unsafe {
            fv_gcm_open(
                self.0,
                nonce.as_ptr(),
                aad.as_ptr(),
                aad.len(),
                sealed.as_ptr(),
                out.len(),
                out.as_mut_ptr(),
            ) == 1
        }
    }
}
