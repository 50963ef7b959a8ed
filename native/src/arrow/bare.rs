//! For benchmarks: the AEAD library in a bare loop over a column's values, which the Arrow path is measured against.

use super::column::{Cells, Column};
use super::typed::{Body, Trouble};
use crate::aead::Key;
use crate::kernel::{NONCE_BYTES, TAG_BYTES};
use crate::nonces;

const NONCES: usize = 1024;

/// Values that stand ready, each in a place of its own.
pub(super) struct Bare {
    plaintexts: Vec<Vec<u8>>,
}

impl Bare {
    pub(super) fn new(values: &Column) -> Result<Self, Trouble> {
        let (mut plaintexts, mut cells) = (Vec::with_capacity(values.len), Cells::new());
        for chunk in &values.chunks {
            chunk.cells(0, chunk.len(), &mut cells)?;
            for value in cells.iter().flatten() {
                let mut plaintext = Vec::new();
                Body::of(values.kind, *value)?.push(&mut plaintext);
                plaintexts.push(plaintext);
            }
        }
        Ok(Bare { plaintexts })
    }

    /// Encrypts each value under a fresh nonce, into one buffer that is used again, and does nothing else.
    pub(super) fn run(&self, key: &Key, aad: &[u8]) -> Result<(), Trouble> {
        let longest = self.plaintexts.iter().map(Vec::len).max().unwrap_or(0);
        let (mut out, mut tag, mut fresh) = (vec![0; longest], [0; TAG_BYTES], [0; NONCES * NONCE_BYTES]);
        for run in self.plaintexts.chunks(NONCES) {
            nonces::draw(&mut fresh).map_err(|_| Trouble::NoRandomness)?;
            for (plaintext, nonce) in run.iter().zip(fresh.chunks_exact(NONCE_BYTES)) {
                let nonce = nonce.try_into().expect("12 bytes");
                key.seal(nonce, aad, plaintext, &mut out[..plaintext.len()], &mut tag);
                std::hint::black_box((&out, &tag));
            }
        }
        Ok(())
    }
}
