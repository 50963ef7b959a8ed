//! What a library must answer before any key of ours is given to it.

use super::{aws_lc, Refused, KEY_BYTES, NONCE_BYTES, TAG_BYTES};

/// The functions of a library, under some key.
pub(super) trait Aead {
    fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8], out: &mut [u8], tag: &mut [u8]);
    fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused>;
}

/// Test case 16 of the GCM submission to NIST (McGrew and Viega, 2005).
const CASE_16: (u128, [u8; NONCE_BYTES], &str, &str, &str, u128) = (
    0xfeffe992_8665731c_6d6a8f94_67308308,
    [
        0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88,
    ],
    "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    0x76fc6ece_0f4e1768_cddf8853_bb2d551b,
);

/// Plaintexts about whole blocks, and about what is done eight, sixteen and 48 blocks at a time.
const LENGTHS: [usize; 24] = [
    0, 1, 2, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 768, 769, 1023, 1025, 4099,
];
const AAD_LENGTHS: [usize; 7] = [0, 1, 12, 20, 53, 64, 129];

/// Whether all answers are right: the published one, those of `aws-lc-rs` at other lengths, and a refusal, with zeros
/// left, wherever a tag is wrong. `with` makes the functions for a key.
pub(super) fn hold<A: Aead>(with: impl Fn(&[u8; KEY_BYTES]) -> A) -> bool {
    published(&with) && LENGTHS.iter().all(|length| agrees(&with, *length))
}

fn published<A: Aead>(with: &impl Fn(&[u8; KEY_BYTES]) -> A) -> bool {
    let (half, nonce, aad, plaintext, text, tag) = CASE_16;
    let key: [u8; KEY_BYTES] = std::array::from_fn(|at| half.to_be_bytes()[at % 16]);
    let (aad, plaintext, text) = (bytes(aad), bytes(plaintext), bytes(text));
    let aead = with(&key);
    let (mut sealed, mut sealed_tag, mut opened) = (vec![0; text.len()], [0; TAG_BYTES], vec![0; text.len()]);
    aead.seal(&nonce, &aad, &plaintext, &mut sealed, &mut sealed_tag);
    let opens = aead.open(&nonce, &aad, &text, &tag.to_be_bytes(), &mut opened);
    sealed == text && sealed_tag == tag.to_be_bytes() && opens.is_ok() && opened == plaintext
}

fn agrees<A: Aead>(with: &impl Fn(&[u8; KEY_BYTES]) -> A, length: usize) -> bool {
    let key: [u8; KEY_BYTES] = std::array::from_fn(|at| (at * 7 + length) as u8);
    let (theirs, reference) = (with(&key), aws_lc::Key::new(&key));
    let nonce: [u8; NONCE_BYTES] = std::array::from_fn(|at| (length >> at) as u8);
    let plaintext: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
    AAD_LENGTHS.iter().all(|aad_length| {
        let aad = vec![0xa5; *aad_length];
        let (mut one, mut other) = (vec![0; length], vec![0; length]);
        let (mut one_tag, mut other_tag) = ([0; TAG_BYTES], [0; TAG_BYTES]);
        theirs.seal(&nonce, &aad, &plaintext, &mut one, &mut one_tag);
        reference.seal(&nonce, &aad, &plaintext, &mut other, &mut other_tag);
        let same = one == other && one_tag == other_tag;
        let opens = theirs.open(&nonce, &aad, &other, &other_tag, &mut one) == Ok(()) && one == plaintext;
        other_tag[length % TAG_BYTES] ^= 1 << (length % 8);
        let refuses = theirs.open(&nonce, &aad, &other, &other_tag, &mut one) == Err(Refused)
            && one.iter().all(|byte| *byte == 0);
        same && opens && refuses
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| (digit as char).to_digit(16).expect("a digit") as u8;
    hex.as_bytes()
        .chunks_exact(2)
        .map(|two| digit(two[0]) << 4 | digit(two[1]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Aead for aws_lc::Key {
        fn seal(
            &self,
            nonce: &[u8; NONCE_BYTES],
            aad: &[u8],
            plaintext: &[u8],
            out: &mut [u8],
            tag: &mut [u8],
        ) {
            aws_lc::Key::seal(self, nonce, aad, plaintext, out, tag);
        }

        fn open(
            &self,
            nonce: &[u8; NONCE_BYTES],
            aad: &[u8],
            text: &[u8],
            tag: &[u8],
            out: &mut [u8],
        ) -> Result<(), Refused> {
            aws_lc::Key::open(self, nonce, aad, text, tag, out)
        }
    }

    /// A library that is right, but for one thing.
    struct Wrong(aws_lc::Key, fn(&mut [u8], &mut [u8]), bool);

    impl Aead for Wrong {
        fn seal(
            &self,
            nonce: &[u8; NONCE_BYTES],
            aad: &[u8],
            plaintext: &[u8],
            out: &mut [u8],
            tag: &mut [u8],
        ) {
            self.0.seal(nonce, aad, plaintext, out, tag);
            self.1(out, tag);
        }

        fn open(
            &self,
            nonce: &[u8; NONCE_BYTES],
            aad: &[u8],
            text: &[u8],
            tag: &[u8],
            out: &mut [u8],
        ) -> Result<(), Refused> {
            let opened = self.0.open(nonce, aad, text, tag, out);
            if self.2 {
                return Ok(());
            }
            opened
        }
    }

    #[test]
    fn the_default_holds() {
        assert!(hold(aws_lc::Key::new));
    }

    #[test]
    fn a_library_that_is_wrong_in_one_place_does_not() {
        let text: fn(&mut [u8], &mut [u8]) = |out, _| {
            if out.len() == 4099 {
                out[4098] ^= 1;
            }
        };
        let tag: fn(&mut [u8], &mut [u8]) = |out, tag| {
            if out.is_empty() {
                tag[15] ^= 1;
            }
        };
        for wrong in [text, tag] {
            assert!(!hold(|key| Wrong(aws_lc::Key::new(key), wrong, false)));
        }
        assert!(!hold(|key| Wrong(aws_lc::Key::new(key), |_, _| (), true)));
    }
}
