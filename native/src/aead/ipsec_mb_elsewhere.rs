//! In the place of `ipsec_mb`, on what Intel's library is not for.

use super::{Refused, Unavailable, KEY_BYTES, NONCE_BYTES};

pub(super) const NAME: &str = "ipsec-mb";

pub(super) enum Library {}

pub(super) enum Key {}

pub(super) fn load() -> Result<&'static Library, Unavailable> {
    Err(Unavailable("it is for Linux on x86-64 only"))
}

impl Key {
    pub(super) fn new(library: &'static Library, _: &[u8; KEY_BYTES]) -> Key {
        match *library {}
    }

    pub(super) fn seal(&self, _: &[u8; NONCE_BYTES], _: &[u8], _: &[u8], _: &mut [u8], _: &mut [u8]) {
        match *self {}
    }

    pub(super) fn seal_in_place(&self, _: &[u8; NONCE_BYTES], _: &[u8], _: &mut [u8], _: &mut [u8]) {
        match *self {}
    }

    pub(super) fn open(
        &self,
        _: &[u8; NONCE_BYTES],
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &mut [u8],
    ) -> Result<(), Refused> {
        match *self {}
    }

    pub(super) fn open_in_place(
        &self,
        _: &[u8; NONCE_BYTES],
        _: &[u8],
        _: &mut [u8],
        _: &[u8],
    ) -> Result<(), Refused> {
        match *self {}
    }
}
