use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};
use aws_lc_rs::hmac;

use super::{NONCE, TAG};
use crate::work::{Aead, Mac};

pub struct Gcm(LessSafeKey);

impl Gcm {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes")))
    }
}

impl Aead for Gcm {
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], plaintext: &[u8], out: &mut [u8]) {
        let (body, tag) = out.split_at_mut(plaintext.len());
        self.0
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                plaintext,
                body,
                &[],
                tag,
            )
            .expect("seals");
    }

    #[inline]
    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> bool {
        let (body, tag) = sealed.split_at(sealed.len() - TAG);
        self.0.open_separate_gather(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), body, tag, out).is_ok()
    }
}

pub struct Hmac(hmac::Key);

impl Hmac {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }
}

impl Mac for Hmac {
    #[inline]
    fn sign(&self, value: &[u8], out: &mut [u8; 32]) {
        out.copy_from_slice(hmac::sign(&self.0, value).as_ref());
    }
}
