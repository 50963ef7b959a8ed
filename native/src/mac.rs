//! HMAC-SHA256 (RFC 2104) with the two pads of its key hashed once: a short message costs two compressions, by the
//! processor's SHA instructions where it has them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a MAC.
pub const MAC_BYTES: usize = 32;

/// One key. Overwritten when dropped, and so is each copy that a MAC begins with.
pub struct Key(Hmac<Sha256>);

impl Key {
    /// From a key of any length; ours have 32 bytes.
    pub fn new(key: &[u8]) -> Key {
        Key(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// The MAC of one message.
    #[inline]
    pub fn sign(&self, message: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}
