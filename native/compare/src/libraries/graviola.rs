use graviola::aead::AesGcm;
use graviola::hashing::{hmac, Sha256};

use super::{NONCE, TAG};
use crate::work::{Aead, Mac};

pub struct Gcm(AesGcm);

impl Gcm {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(AesGcm::new(key))
    }
}

impl Aead for Gcm {
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], plaintext: &[u8], out: &mut [u8]) {
        let (body, tag) = out.split_at_mut(plaintext.len());
        body.copy_from_slice(plaintext);
        self.0.encrypt(nonce, aad, body, tag.try_into().expect("16 bytes"));
    }

    #[inline]
    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> bool {
        let (body, tag) = sealed.split_at(sealed.len() - TAG);
        out.copy_from_slice(body);
        self.0.decrypt(nonce, aad, out, tag).is_ok()
    }
}

pub struct Hmac(hmac::Hmac<Sha256>);

impl Hmac {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Hmac::new(key))
    }
}

impl Mac for Hmac {
    #[inline]
    fn sign(&self, value: &[u8], out: &mut [u8; 32]) {
        let mut mac = self.0.clone();
        mac.update(value);
        out.copy_from_slice(mac.finish().as_ref());
    }
}
