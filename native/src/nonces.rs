//! Nonces of a batch: from the operating system, or expanded from a seed that it gave for this batch alone
//! (spec envelope-v1 §2).
//!
//! 1. No state outlives a call of `draw`. So a fork, a thread or a restored snapshot finds nothing to continue: it is as
//!    safe as asking the system for every byte.
//! 2. The expansion is AES-256 in counter mode under a 256-bit seed, by the library that has our AEAD: zeros encrypted.
//!    Seed and key schedule are overwritten before `draw` returns.
//! 3. Below `LEAST_EXPANDED` nonces the system is asked for all of them: a seed would cost more.

use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext, UnboundCipherKey, AES_256, AES_256_KEY_LEN};
use aws_lc_rs::iv::{FixedLength, IV_LEN_128_BIT};
use zeroize::Zeroizing;

use crate::kernel::NONCE_BYTES;

/// So many nonces are expanded from a seed; fewer are drawn.
pub const LEAST_EXPANDED: usize = 32;

/// The operating system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

/// Fills `nonces` with fresh ones, one after the other. On failure nothing in it may be used.
pub fn draw(nonces: &mut [u8]) -> Result<(), NoRandomness> {
    if nonces.len() < LEAST_EXPANDED * NONCE_BYTES {
        return getrandom::fill(nonces).map_err(|_| NoRandomness);
    }
    let mut seed = Zeroizing::new([0; AES_256_KEY_LEN]);
    getrandom::fill(seed.as_mut_slice()).map_err(|_| NoRandomness)?;
    expand(&seed, nonces);
    Ok(())
}

/// The key stream of this seed. It never serves another call, so the counter may begin at zero.
fn expand(seed: &[u8; AES_256_KEY_LEN], out: &mut [u8]) {
    out.fill(0);
    let counter = EncryptionContext::Iv128(FixedLength::from([0; IV_LEN_128_BIT]));
    UnboundCipherKey::new(&AES_256, seed)
        .and_then(EncryptingKey::ctr)
        .and_then(|key| key.less_safe_encrypt(out, counter))
        .expect("32 bytes are a key of AES-256");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn drawn(count: usize) -> Vec<[u8; NONCE_BYTES]> {
        let mut nonces = vec![0; count * NONCE_BYTES];
        draw(&mut nonces).expect("randomness");
        nonces
            .chunks_exact(NONCE_BYTES)
            .map(|nonce| nonce.try_into().expect("12 bytes"))
            .collect()
    }

    #[test]
    fn the_expansion_is_aes_256_in_counter_mode() {
        // By OpenSSL: AES-256-CTR of zeros under this key, from counter zero. The first block is AES of a zero block.
        let key: [u8; 32] = std::array::from_fn(|at| at as u8);
        let mut stream = [0xff; 40];
        expand(&key, &mut stream);
        let hex: String = stream.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "f29000b62a499fd0a9f39a6add2e7780f05d76ae4ab99fe5a6f69b3148c2363d0ebcb5deb52c83bd"
        );
    }

    #[test]
    fn no_nonce_comes_twice_in_or_between_draws_and_threads() {
        let counts = [0, 1, 31, 32, 33, 1000, 100_000];
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(move || counts.map(drawn).concat()))
            .collect();
        let all: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no panic"))
            .collect();
        assert_eq!(all.len(), 4 * counts.iter().sum::<usize>());
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn what_was_in_the_buffer_does_not_matter() {
        let (mut one, mut other) = ([0; 384], [0x5a; 384]);
        expand(&[9; 32], &mut one);
        expand(&[9; 32], &mut other);
        assert_eq!(one, other);
    }
}
