//! One file a library. Each seals and opens one value; the loops over many are the same for all (`work.rs`).

#[cfg(feature = "aws-lc-rs")]
pub mod aws_lc;
#[cfg(feature = "graviola")]
pub mod graviola;
#[cfg(feature = "ipsec-mb")]
pub mod ipsec_mb;
#[cfg(feature = "ring")]
pub mod ring;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;

use crate::work::{Aead, Contender, Mac, MacContender};

pub const NONCE: usize = 12;
pub const TAG: usize = 16;

/// AES-256-GCM under one key, by every library that this build has.
#[allow(clippy::vec_init_then_push, unused_mut, unused_variables)]
pub fn aeads(key: &[u8; 32]) -> Vec<Box<dyn Contender>> {
    let mut all: Vec<Box<dyn Contender>> = Vec::new();
    #[cfg(feature = "aws-lc-rs")]
    all.push(Box::new(Named("aws-lc-rs", aws_lc::Gcm::new(key))));
    #[cfg(feature = "ring")]
    all.push(Box::new(Named("ring", ring::Gcm::new(key))));
    #[cfg(feature = "graviola")]
    all.push(Box::new(Named("graviola", graviola::Gcm::new(key))));
    #[cfg(feature = "rustcrypto")]
    all.push(Box::new(Named("aes-gcm", rustcrypto::Gcm::new(key))));
    #[cfg(feature = "ipsec-mb")]
    all.extend(
        ipsec_mb::LEVELS
            .map(|(name, level)| -> Box<dyn Contender> { Box::new(Named(name, ipsec_mb::Gcm::new(key, level))) }),
    );
    all
}

/// HMAC-SHA256 under one key, by every library that this build has.
#[allow(clippy::vec_init_then_push, unused_mut, unused_variables)]
pub fn macs(key: &[u8; 32]) -> Vec<Box<dyn MacContender>> {
    let mut all: Vec<Box<dyn MacContender>> = Vec::new();
    #[cfg(feature = "aws-lc-rs")]
    all.push(Box::new(Named("aws-lc-rs", aws_lc::Hmac::new(key))));
    #[cfg(feature = "ring")]
    all.push(Box::new(Named("ring", ring::Hmac::new(key))));
    #[cfg(feature = "graviola")]
    all.push(Box::new(Named("graviola", graviola::Hmac::new(key))));
    #[cfg(feature = "rustcrypto")]
    all.push(Box::new(Named("hmac + sha2", rustcrypto::Hmac::new(key))));
    #[cfg(feature = "rustcrypto")]
    all.push(Box::new(Named("sha2, two blocks", rustcrypto::TwoBlocks::new(key))));
    all
}

/// A library's cipher or MAC under the name that the table has.
pub struct Named<T>(&'static str, T);

impl<A: Aead> Contender for Named<A> {
    fn name(&self) -> &'static str {
        self.0
    }
    fn seal_all(&self, work: &mut crate::work::Work) {
        work.seal_with(&self.1);
    }
    fn open_all(&self, work: &mut crate::work::Work) {
        work.open_with(&self.1);
    }
}

impl<M: Mac> MacContender for Named<M> {
    fn name(&self) -> &'static str {
        self.0
    }
    fn sign_all(&self, work: &mut crate::work::MacWork) {
        work.sign_with(&self.1);
    }
}
