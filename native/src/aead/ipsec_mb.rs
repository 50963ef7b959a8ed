//! Intel's multi-buffer library (libIPSec_MB.so.1, versions 1.x), found at run time. Nothing of it is needed to build.
//!
//! The second module with `unsafe`. What each block relies on:
//!
//! 1. The functions and structures are those of `intel-ipsec-mb.h`, which keeps them within a major version: a
//!    `gcm_key_data` has 1008 bytes, a `gcm_context_data` 88, both aligned to 64; the functions are `aes_gcm_pre_256_*`,
//!    `aes_gcm_enc_256_*` and `aes_gcm_dec_256_*`. Another major version has another file name, and is looked at again
//!    by its own number.
//! 2. A function is called only on a processor, and under a system, with every instruction set it is written for.
//! 3. Lengths are those of slices. Text may be decrypted where it stands, as the library says.
//! 4. The library is never unloaded, so what was found stays valid.
//!
//! Nothing is used before `known_answers` hold.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use libloading::os::unix::{Library as File, RTLD_LOCAL, RTLD_NOW};
use zeroize::Zeroize;

use super::known_answers::{self, Aead};
use super::{Refused, Unavailable, KEY_BYTES, NONCE_BYTES, TAG_BYTES};

pub(super) const NAME: &str = "ipsec-mb";

const FILE: &str = "libIPSec_MB.so.1";
const MAJOR_VERSION: u32 = 1;

/// `gcm_key_data`: the expanded key, and powers of the hash key.
#[repr(C, align(64))]
struct KeyData([u8; 1024]);

/// `gcm_context_data`: what is intermediate, with the last block of the key stream.
#[repr(C, align(64))]
struct Context([u8; 128]);

type Version = unsafe extern "C" fn() -> u32;
type Prepare = unsafe extern "C" fn(key: *const u8, data: *mut KeyData);
type Crypt = unsafe extern "C" fn(
    key: *const KeyData,
    context: *mut Context,
    out: *mut u8,
    text: *const u8,
    len: u64,
    nonce: *const u8,
    aad: *const u8,
    aad_len: u64,
    tag: *mut u8,
    tag_len: u64,
);

/// The functions for this processor.
pub(super) struct Library {
    prepare: Prepare,
    seal: Crypt,
    open: Crypt,
}

static LOADED: OnceLock<Result<Library, Unavailable>> = OnceLock::new();

/// The library, looked for once in the life of the process.
pub(super) fn load() -> Result<&'static Library, Unavailable> {
    LOADED.get_or_init(found).as_ref().map_err(|why| *why)
}

fn found() -> Result<Library, Unavailable> {
    // The greatest first. What Intel calls type 2 of AVX-512, and Haswell's AVX2.
    let suffix = if has_vaes_and_avx512() {
        "vaes_avx512"
    } else if has_avx2() {
        "avx_gen4"
    } else {
        return Err(Unavailable(
            "the processor has no AES, CLMUL and AVX2 instructions",
        ));
    };
    // SAFETY: loading runs the library's initialisers, which only look at the processor.
    let file = unsafe { File::open(Some(FILE), RTLD_NOW | RTLD_LOCAL) };
    let file = std::mem::ManuallyDrop::new(file.map_err(|_| Unavailable("libIPSec_MB.so.1 was not found"))?);
    // SAFETY: rule 1. The version is asked for before any function whose types could have changed.
    let library = unsafe {
        let version: Version = *file
            .get(b"imb_get_version\0")
            .map_err(|_| Unavailable("libIPSec_MB.so.1 is not Intel's library"))?;
        if version() >> 16 != MAJOR_VERSION {
            return Err(Unavailable("libIPSec_MB.so.1 is not of version 1"));
        }
        let missing = |_| Unavailable("libIPSec_MB.so.1 lacks functions for this processor");
        let name = |what: &str| format!("aes_gcm_{what}_256_{suffix}\0").into_bytes();
        Library {
            prepare: *file.get(&name("pre")).map_err(missing)?,
            seal: *file.get(&name("enc")).map_err(missing)?,
            open: *file.get(&name("dec")).map_err(missing)?,
        }
    };
    if !known_answers::hold(|key| Candidate(library.key_data(key), &library)) {
        return Err(Unavailable("libIPSec_MB.so.1 gives wrong answers"));
    }
    Ok(library)
}

fn has_avx2() -> bool {
    is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi2")
}

fn has_vaes_and_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("vaes")
        && is_x86_feature_detected!("vpclmulqdq")
        && is_x86_feature_detected!("gfni")
        && is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512ifma")
}

impl Library {
    fn key_data(&self, key: &[u8; KEY_BYTES]) -> Box<KeyData> {
        let mut data = Box::new(KeyData([0; 1024]));
        // SAFETY: rule 1: reads 32 bytes, writes a `gcm_key_data`.
        unsafe { (self.prepare)(key.as_ptr(), &mut *data) };
        data
    }

    /// `text` to `out`, which may be the same place; the tag of what it is.
    ///
    /// # Safety
    /// `text` may be read, and `out` written, for `len` bytes.
    #[inline]
    unsafe fn crypt(
        function: Crypt,
        key: &KeyData,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        (text, out, len): (*const u8, *mut u8, usize),
        tag: &mut [u8; TAG_BYTES],
    ) {
        let mut context = Context([0; 128]);
        // SAFETY: rules 1 and 2; the caller answers for `text` and `out`.
        unsafe {
            function(
                key,
                &mut context,
                out,
                text,
                len as u64,
                nonce.as_ptr(),
                aad.as_ptr(),
                aad.len() as u64,
                tag.as_mut_ptr(),
                TAG_BYTES as u64,
            );
        }
        context.0.fill(0);
        std::hint::black_box(&mut context);
    }
}

/// One key. Overwritten when it is dropped.
pub(super) struct Key {
    data: Box<KeyData>,
    library: &'static Library,
}

impl Drop for KeyData {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Key {
    pub(super) fn new(library: &'static Library, key: &[u8; KEY_BYTES]) -> Key {
        Key {
            data: library.key_data(key),
            library,
        }
    }

    #[inline]
    pub(super) fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) {
        seal(self.library, &self.data, nonce, aad, plaintext, out, tag);
    }

    #[inline]
    pub(super) fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) {
        let tag = tag.try_into().expect("16 bytes");
        let place = (text.as_ptr(), text.as_mut_ptr(), text.len());
        // SAFETY: rule 3: one place, which is ours to write.
        unsafe { Library::crypt(self.library.seal, &self.data, nonce, aad, place, tag) };
    }

    #[inline]
    pub(super) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        open(self.library, &self.data, nonce, aad, text, tag, out)
    }

    #[inline]
    pub(super) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8],
    ) -> Result<(), Refused> {
        let mut computed = [0; TAG_BYTES];
        let place = (text.as_ptr(), text.as_mut_ptr(), text.len());
        // SAFETY: rule 3: one place, which is ours to write.
        unsafe { Library::crypt(self.library.open, &self.data, nonce, aad, place, &mut computed) };
        verified(computed, tag, text)
    }
}

#[inline]
fn seal(
    library: &Library,
    key: &KeyData,
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut [u8],
    tag: &mut [u8],
) {
    assert_eq!(plaintext.len(), out.len());
    let tag = tag.try_into().expect("16 bytes");
    let place = (plaintext.as_ptr(), out.as_mut_ptr(), out.len());
    // SAFETY: rule 3: two slices of this length.
    unsafe { Library::crypt(library.seal, key, nonce, aad, place, tag) };
}

#[inline]
fn open(
    library: &Library,
    key: &KeyData,
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    text: &[u8],
    tag: &[u8],
    out: &mut [u8],
) -> Result<(), Refused> {
    assert_eq!(text.len(), out.len());
    let mut computed = [0; TAG_BYTES];
    let place = (text.as_ptr(), out.as_mut_ptr(), out.len());
    // SAFETY: rule 3: two slices of this length.
    unsafe { Library::crypt(library.open, key, nonce, aad, place, &mut computed) };
    verified(computed, tag, out)
}

/// The library has decrypted before anybody knows whether it may: what does not verify is overwritten here. The true
/// tag goes with it.
#[inline]
fn verified(mut computed: [u8; TAG_BYTES], tag: &[u8], out: &mut [u8]) -> Result<(), Refused> {
    if verify_slices_are_equal(&computed, tag).is_ok() {
        return Ok(());
    }
    computed.zeroize();
    out.fill(0);
    Err(Refused)
}

/// While its answers are looked at.
struct Candidate<'a>(Box<KeyData>, &'a Library);

impl Aead for Candidate<'_> {
    fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8], out: &mut [u8], tag: &mut [u8]) {
        seal(self.1, &self.0, nonce, aad, plaintext, out, tag);
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        open(self.1, &self.0, nonce, aad, text, tag, out)
    }
}
