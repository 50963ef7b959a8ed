//! AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag. The only module that knows whose it is.
//!
//! ```text
//!     aws_lc      aws-lc-rs: portable, the default
//!     ipsec_mb    Intel's multi-buffer library, where the process asked for it (`use_library`)
//! ```
//!
//! A key keeps to the library that was chosen when it was made.

mod aws_lc;
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    path = "ipsec_mb_elsewhere.rs"
)]
mod ipsec_mb;
mod known_answers;

use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;

/// The tag did not verify. There is nothing more to say, and nothing more may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// Whose AES-256-GCM it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// `aws-lc-rs`.
    AwsLc,
    /// Intel's multi-buffer library.
    IpsecMb,
}

/// Why a library that was asked for does not run. For people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable(pub &'static str);

static INTEL: AtomicBool = AtomicBool::new(false);

/// The library that keys are made with from now on, in the whole process.
///
/// Intel's is loaded, its version and the processor are looked at, and its answers compared (`known_answers`), all at
/// the first call. Where that fails, nothing changes.
pub fn use_library(library: Library) -> Result<(), Unavailable> {
    if library == Library::IpsecMb {
        ipsec_mb::load()?;
    }
    INTEL.store(library == Library::IpsecMb, Ordering::Relaxed);
    Ok(())
}

/// The name of the library that keys are made with, for `fieldvault doctor`.
pub fn library() -> &'static str {
    if INTEL.load(Ordering::Relaxed) {
        ipsec_mb::NAME
    } else {
        "aws-lc-rs"
    }
}

/// One key, its schedule computed once, and overwritten when it is dropped.
pub struct Key(Whose);

enum Whose {
    AwsLc(aws_lc::Key),
    Intel(ipsec_mb::Key),
}

impl Key {
    /// From exactly 32 bytes, with the library that was chosen.
    pub fn new(key: &[u8; KEY_BYTES]) -> Key {
        if INTEL.load(Ordering::Relaxed) {
            if let Ok(intel) = ipsec_mb::load() {
                return Key(Whose::Intel(ipsec_mb::Key::new(intel, key)));
            }
        }
        Key(Whose::AwsLc(aws_lc::Key::new(key)))
    }

    /// Encrypt `plaintext` to `out`, which is as long, and its tag to `tag`. No nonce is ever given twice to a key.
    ///
    /// At most 2^36 - 32 bytes; no envelope is that long, and `kernel` has bounded it.
    #[inline]
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) {
        match &self.0 {
            Whose::AwsLc(key) => key.seal(nonce, aad, plaintext, out, tag),
            Whose::Intel(key) => key.seal(nonce, aad, plaintext, out, tag),
        }
    }

    /// Encrypt `text` in place, and write its tag to `tag`: as `seal`.
    #[inline]
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], text: &mut [u8], tag: &mut [u8]) {
        match &self.0 {
            Whose::AwsLc(key) => key.seal_in_place(nonce, aad, text, tag),
            Whose::Intel(key) => key.seal_in_place(nonce, aad, text, tag),
        }
    }

    /// Decrypt `text` to `out`, which is as long. Where the tag does not verify, `out` is zeros afterwards.
    #[inline]
    pub fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        match &self.0 {
            Whose::AwsLc(key) => key.open(nonce, aad, text, tag, out),
            Whose::Intel(key) => key.open(nonce, aad, text, tag, out),
        }
    }

    /// Decrypt `text` in place. Where the tag does not verify, `text` is zeros afterwards.
    #[inline]
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8],
    ) -> Result<(), Refused> {
        match &self.0 {
            Whose::AwsLc(key) => key.open_in_place(nonce, aad, text, tag),
            Whose::Intel(key) => key.open_in_place(nonce, aad, text, tag),
        }
    }
}
