use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit as _};
use aes_gcm::Aes256Gcm;
use hmac::Mac as _;
use sha2::block_api::compress256;
use sha2::Sha256;

use super::{NONCE, TAG};
use crate::work::{Aead, Mac};

pub struct Gcm(Aes256Gcm);

impl Gcm {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }
}

impl Aead for Gcm {
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], plaintext: &[u8], out: &mut [u8]) {
        let (body, tag) = out.split_at_mut(plaintext.len());
        let both = InOutBuf::new(plaintext, body).expect("of one length");
        let made = self.0.encrypt_inout_detached(nonce.into(), aad, both).expect("seals");
        tag.copy_from_slice(&made);
    }

    #[inline]
    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> bool {
        let (body, tag) = sealed.split_at(sealed.len() - TAG);
        let both = InOutBuf::new(body, out).expect("of one length");
        let tag: &[u8; TAG] = tag.try_into().expect("16 bytes");
        self.0.decrypt_inout_detached(nonce.into(), aad, both, tag.into()).is_ok()
    }
}

pub struct Hmac(hmac::Hmac<Sha256>);

impl Hmac {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Hmac::new_from_slice(key).expect("any length"))
    }
}

impl Mac for Hmac {
    #[inline]
    fn sign(&self, value: &[u8], out: &mut [u8; 32]) {
        let mut mac = self.0.clone();
        mac.update(value);
        out.copy_from_slice(&mac.finalize().into_bytes());
    }
}

/// HMAC-SHA256 (RFC 2104) of values of up to 55 bytes from SHA-256's compression function: one block inside, one
/// outside, both key blocks compressed beforehand. The least that HMAC can cost.
pub struct TwoBlocks {
    inner: [u32; 8],
    outer: [u32; 8],
}

const INITIAL: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

impl TwoBlocks {
    pub fn new(key: &[u8; 32]) -> Self {
        let keyed = |pad: u8| {
            let mut block = [pad; 64];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = INITIAL;
            compress256(&mut state, &[block]);
            state
        };
        Self { inner: keyed(0x36), outer: keyed(0x5c) }
    }
}

fn last_block(state: [u32; 8], message: &[u8]) -> [u8; 32] {
    let mut state = state;
    let mut block = [0; 64];
    block[..message.len()].copy_from_slice(message);
    block[message.len()] = 0x80;
    block[56..].copy_from_slice(&(8 * (64 + message.len() as u64)).to_be_bytes());
    compress256(&mut state, &[block]);
    let mut digest = [0; 32];
    digest.chunks_exact_mut(4).zip(state).for_each(|(out, word)| out.copy_from_slice(&word.to_be_bytes()));
    digest
}

impl Mac for TwoBlocks {
    #[inline]
    fn sign(&self, value: &[u8], out: &mut [u8; 32]) {
        *out = last_block(self.outer, &last_block(self.inner, value));
    }
}
