use ring::aead::{Aad, LessSafeKey, Nonce, Tag, UnboundKey, AES_256_GCM};
use ring::hmac;

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
        body.copy_from_slice(plaintext);
        let made = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), body)
            .expect("seals");
        tag.copy_from_slice(made.as_ref());
    }

    #[inline]
    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> bool {
        let (body, tag) = sealed.split_at(sealed.len() - TAG);
        out.copy_from_slice(body);
        let tag = Tag::try_from(tag).expect("16 bytes");
        self.0
            .open_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), tag, out, 0..)
            .is_ok()
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
