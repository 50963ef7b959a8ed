//! One envelope (spec envelope-v1 §2), one index value (spec index-v1 §3): bytes in, bytes out, nothing allocated.
//!
//! Rules of this module:
//!
//! 1. A typed plaintext in one piece is encrypted straight to its place; one in two parts is put there first.
//! 2. Where a tag does not verify, the output is zeros.
//! 3. Lengths are the caller's promise, checked by `assert!` before a byte is written: a wrong one is a defect.

use crate::aead::{Key, Refused};
pub use crate::aead::{NONCE_BYTES, TAG_BYTES};
use crate::mac;

/// Version/suite and key id.
pub const HEADER_BYTES: usize = 17;
/// Where the ciphertext begins.
pub const NONCE_END: usize = HEADER_BYTES + NONCE_BYTES;
/// What an envelope adds to its typed plaintext.
pub const OVERHEAD_BYTES: usize = NONCE_END + TAG_BYTES;
/// A typed plaintext has at least its type byte.
pub const MIN_SEALED_BYTES: usize = OVERHEAD_BYTES + 1;
/// The longest typed plaintext.
pub const MAX_PLAINTEXT_BYTES: usize = (1 << 31) - 64;
/// The longest envelope.
pub const MAX_SEALED_BYTES: usize = MAX_PLAINTEXT_BYTES + OVERHEAD_BYTES;

/// The header of version 1: which suite, which key.
pub type Header = [u8; HEADER_BYTES];
/// 96 random bits.
pub type Nonce = [u8; NONCE_BYTES];

/// Write the envelope of a typed plaintext, given in two parts, to `out`: exactly `OVERHEAD_BYTES` longer.
///
/// The parts are one after the other: `(&[], typed)`, or the type byte and the value's bytes.
#[inline]
pub fn seal_into(
    key: &Key,
    header: &Header,
    nonce: &Nonce,
    aad: &[u8],
    parts: (&[u8], &[u8]),
    out: &mut [u8],
) {
    let (first, rest) = parts;
    assert!(out.len() == OVERHEAD_BYTES + first.len() + rest.len());
    let (head, body) = out.split_at_mut(NONCE_END);
    let (text, tag) = body.split_at_mut(first.len() + rest.len());
    if first.is_empty() {
        head[..HEADER_BYTES].copy_from_slice(header);
        head[HEADER_BYTES..].copy_from_slice(nonce);
        key.seal(nonce, aad, rest, text, tag);
    } else {
        text[..first.len()].copy_from_slice(first);
        text[first.len()..].copy_from_slice(rest);
        seal_in_place(key, header, nonce, aad, out);
    }
}

/// Make the typed plaintext that stands where an envelope has its ciphertext into that envelope.
#[inline]
pub fn seal_in_place(key: &Key, header: &Header, nonce: &Nonce, aad: &[u8], envelope: &mut [u8]) {
    assert!(envelope.len() >= OVERHEAD_BYTES);
    let (head, body) = envelope.split_at_mut(NONCE_END);
    let (text, tag) = body.split_at_mut(body.len() - TAG_BYTES);
    head[..HEADER_BYTES].copy_from_slice(header);
    head[HEADER_BYTES..].copy_from_slice(nonce);
    key.seal_in_place(nonce, aad, text, tag);
}

/// Write the typed plaintext of an envelope to `out`: exactly `OVERHEAD_BYTES` shorter. Zeros where refused.
///
/// The caller has chosen the key by the header and put the header into `aad`; here it is not looked at again.
#[inline]
pub fn open_into(key: &Key, aad: &[u8], envelope: &[u8], out: &mut [u8]) -> Result<(), Refused> {
    assert!(envelope.len() >= OVERHEAD_BYTES && out.len() == envelope.len() - OVERHEAD_BYTES);
    let nonce = envelope[HEADER_BYTES..NONCE_END].try_into().expect("12 bytes");
    let (text, tag) = envelope[NONCE_END..].split_at(out.len());
    key.open(nonce, aad, text, tag, out)
}

/// Open an envelope where it stands and return the typed plaintext in it. Where refused, zeros are left of it.
#[inline]
pub fn open_in_place<'a>(key: &Key, aad: &[u8], envelope: &'a mut [u8]) -> Result<&'a mut [u8], Refused> {
    assert!(envelope.len() >= OVERHEAD_BYTES);
    let (head, body) = envelope.split_at_mut(NONCE_END);
    let (text, tag) = body.split_at_mut(body.len() - TAG_BYTES);
    let nonce = head[HEADER_BYTES..].try_into().expect("12 bytes");
    key.open_in_place(nonce, aad, text, tag)?;
    Ok(text)
}

/// How a blind index keeps its MACs: a version byte, and so many bits (spec index-v1 §3).
#[derive(Clone, Copy, Debug)]
pub struct IndexForm {
    /// The index key's version.
    pub version: u8,
    /// Bytes of the MAC that are kept.
    pub kept: usize,
    /// What of the last one of them is kept.
    pub last_byte_mask: u8,
}

impl IndexForm {
    /// Bytes of an index value.
    pub fn value_bytes(&self) -> usize {
        1 + self.kept
    }
}

/// Write the index value of a normalised value to `out`, which has `form.value_bytes()`.
#[inline]
pub fn index_into(key: &mac::Key, form: &IndexForm, normalised: &[u8], out: &mut [u8]) {
    assert!(out.len() == form.value_bytes());
    let mac = key.sign(normalised);
    out[0] = form.version;
    out[1..].copy_from_slice(&mac[..form.kept]);
    out[form.kept] &= form.last_byte_mask;
}

/// The least two's complement of an int: its big-endian bytes without leading ones that say nothing
/// (spec envelope-v1 §5.3). Zero is one zero byte.
#[inline]
pub fn least_int(bytes: &[u8; 8]) -> &[u8] {
    let mut from = 0;
    while from < 7 && matches!((bytes[from], bytes[from + 1] & 0x80), (0x00, 0) | (0xff, 0x80)) {
        from += 1;
    }
    &bytes[from..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header = [1; HEADER_BYTES];

    fn key() -> Key {
        Key::new(&[7; crate::aead::KEY_BYTES])
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(typed in prop::collection::vec(any::<u8>(), 0..100), aad: Vec<u8>, nonce: Nonce, cut: usize) {
            let cut = cut % (typed.len() + 1);
            let mut whole = vec![0; typed.len() + OVERHEAD_BYTES];
            let mut parts = whole.clone();
            seal_into(&key(), &HEADER, &nonce, &aad, (&[], &typed), &mut whole);
            seal_into(&key(), &HEADER, &nonce, &aad, typed.split_at(cut), &mut parts);
            prop_assert_eq!(&whole, &parts);
            prop_assert_eq!(&whole[..HEADER_BYTES], &HEADER);
            prop_assert_eq!(&whole[HEADER_BYTES..NONCE_END], &nonce);
            let mut opened = vec![0; typed.len()];
            prop_assert_eq!(open_into(&key(), &aad, &whole, &mut opened), Ok(()));
            prop_assert_eq!(&opened, &typed);
            prop_assert_eq!(open_in_place(&key(), &aad, &mut whole).map(|text| text.to_vec()), Ok(typed));
        }

        #[test]
        fn what_is_changed_is_refused_and_leaves_zeros(
            typed in prop::collection::vec(any::<u8>(), 1..100), aad: Vec<u8>, at: usize, bit in 0..8u8
        ) {
            let mut sealed = vec![0; typed.len() + OVERHEAD_BYTES];
            seal_into(&key(), &HEADER, &[9; NONCE_BYTES], &aad, (&[], &typed), &mut sealed);
            let at = HEADER_BYTES + at % (sealed.len() - HEADER_BYTES);
            sealed[at] ^= 1 << bit;
            let mut opened = vec![0xff; typed.len()];
            prop_assert_eq!(open_into(&key(), &aad, &sealed, &mut opened), Err(Refused));
            prop_assert_eq!(opened, vec![0; typed.len()]);
            prop_assert!(open_in_place(&key(), &aad, &mut sealed).is_err());
            prop_assert_eq!(&sealed[NONCE_END..sealed.len() - TAG_BYTES], vec![0; typed.len()]);
        }

        #[test]
        fn an_index_value_keeps_its_bits(message: Vec<u8>, kept in 1usize..=32, mask: u8) {
            let form = IndexForm { version: 5, kept, last_byte_mask: mask };
            let mac = mac::Key::new(&[3; 32]);
            let mut value = vec![0; form.value_bytes()];
            index_into(&mac, &form, &message, &mut value);
            let full = mac.sign(&message);
            prop_assert_eq!(value[0], 5);
            prop_assert_eq!(&value[1..kept], &full[..kept - 1]);
            prop_assert_eq!(value[kept], full[kept - 1] & mask);
        }

        #[test]
        fn the_least_int_is_the_least(wide: i64, shift in 0..64u32) {
            let number = wide >> shift;
            let bytes = number.to_be_bytes();
            let least = least_int(&bytes);
            let filler: u8 = if number < 0 { 0xff } else { 0 };
            let mut back = [filler; 8];
            back[8 - least.len()..].copy_from_slice(least);
            prop_assert_eq!(i64::from_be_bytes(back), number);
            if least.len() > 1 {
                prop_assert!((least[0] != filler) || (least[1] ^ filler) & 0x80 != 0);
            }
        }
    }

    #[test]
    fn rfc_4231_case_2() {
        let mac = mac::Key::new(b"Jefe").sign(b"what do ya want for nothing?");
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
