//! The work: values side by side in one buffer, as a column has them, sealed into another with nonce and tag.

use crate::libraries::{NONCE, TAG};

pub trait Aead {
    /// Ciphertext and tag into `out`, which is 16 bytes longer than the plaintext.
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], plaintext: &[u8], out: &mut [u8]);
    /// Whether the tag was right; `out` is as long as the plaintext.
    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> bool;
}

pub trait Mac {
    fn sign(&self, value: &[u8], out: &mut [u8; 32]);
}

/// A library whose loop over all values is compiled as one piece.
pub trait Contender {
    fn name(&self) -> &'static str;
    fn seal_all(&self, work: &mut Work);
    fn open_all(&self, work: &mut Work);
}

pub trait MacContender {
    fn name(&self) -> &'static str;
    fn sign_all(&self, work: &mut MacWork);
}

pub struct Work {
    size: usize,
    aad: Vec<u8>,
    plaintexts: Vec<u8>,
    nonces: Vec<u8>,
    pub sealed: Vec<u8>,
    opened: Vec<u8>,
}

impl Work {
    pub fn new(count: usize, size: usize, aad: usize) -> Self {
        Self {
            size,
            aad: random(aad),
            plaintexts: random(count * size),
            nonces: random(count * NONCE),
            sealed: vec![0; count * (NONCE + size + TAG)],
            opened: vec![0; count * size],
        }
    }

    /// New nonces for the next pass: no contender seals twice with one.
    pub fn draw_nonces(&mut self) {
        for thousand in self.nonces.chunks_mut(1000 * NONCE) {
            getrandom::fill(thousand).expect("the system's random numbers");
        }
    }

    #[inline(always)]
    pub fn seal_with<A: Aead>(&mut self, aead: &A) {
        let values = self.plaintexts.chunks_exact(self.size);
        let outs = self.sealed.chunks_exact_mut(NONCE + self.size + TAG);
        for ((value, nonce), out) in values.zip(self.nonces.chunks_exact(NONCE)).zip(outs) {
            let (head, body) = out.split_at_mut(NONCE);
            head.copy_from_slice(nonce);
            aead.seal(nonce.try_into().expect("12 bytes"), &self.aad, value, body);
        }
    }

    #[inline(always)]
    pub fn open_with<A: Aead>(&mut self, aead: &A) {
        let outs = self.opened.chunks_exact_mut(self.size);
        for (sealed, out) in self.sealed.chunks_exact(NONCE + self.size + TAG).zip(outs) {
            let (nonce, body) = sealed.split_at(NONCE);
            assert!(aead.open(nonce.try_into().expect("12 bytes"), &self.aad, body, out));
        }
    }

    /// What was opened is what was sealed.
    pub fn check(&self) {
        assert!(self.opened == self.plaintexts);
    }
}

pub struct MacWork {
    size: usize,
    values: Vec<u8>,
    pub macs: Vec<[u8; 32]>,
}

impl MacWork {
    pub fn new(count: usize, size: usize) -> Self {
        Self { size, values: random(count * size), macs: vec![[0; 32]; count] }
    }

    #[inline(always)]
    pub fn sign_with<M: Mac>(&mut self, mac: &M) {
        for (value, out) in self.values.chunks_exact(self.size).zip(&mut self.macs) {
            mac.sign(value, out);
        }
    }
}

pub fn random(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).expect("the system's random numbers");
    bytes
}
