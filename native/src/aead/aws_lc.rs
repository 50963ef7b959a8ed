//! `aws-lc-rs`: the default. What its functions promise is written down in `aead`.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};

use super::{Refused, KEY_BYTES, NONCE_BYTES};

/// One key, its schedule computed once. The library overwrites it when it is dropped (`OPENSSL_cleanse`).
pub(super) struct Key(LessSafeKey);

impl Key {
    /// From exactly 32 bytes.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Key {
        Key(LessSafeKey::new(
            UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key of AES-256-GCM"),
        ))
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
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .seal_out_of_place_scatter(nonce, Aad::from(aad), plaintext, out, &[], tag)
            .expect("lengths that fit");
    }

    #[inline]
    pub(super) fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .seal_in_place_scatter(nonce, Aad::from(aad), text, &[], tag)
            .expect("lengths that fit");
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
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .open_separate_gather(nonce, Aad::from(aad), text, tag, out)
            .map_err(|_| {
                out.fill(0);
                Refused
            })
    }

    #[inline]
    pub(super) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8],
    ) -> Result<(), Refused> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .0
            .open_in_place_separate_tag(nonce, Aad::from(aad), tag, text)
            .is_ok();
        if !opened {
            text.fill(0);
        }
        opened.then_some(()).ok_or(Refused)
    }
}
