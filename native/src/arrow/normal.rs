//! Normal forms of ASCII values (the normalisers `text@1`, `name@1`, `email@1`), and none of any other value: those are
//! the business of the normalisers in Python, which define them. Each gives the very bytes that they give.

use std::ops::Range;

/// What is made of a value before it is MACed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Normaliser {
    /// `exact@1`: the typed plaintext. The caller encodes.
    Exact,
    Text,
    Name,
    Email,
}

const EMAIL_BYTES: usize = 250;
const LABEL_BYTES: usize = 63;

impl Normaliser {
    pub(super) fn named(name: &str) -> Option<Normaliser> {
        Some(match name {
            "exact@1" => Normaliser::Exact,
            "text@1" => Normaliser::Text,
            "name@1" => Normaliser::Name,
            "email@1" => Normaliser::Email,
            _ => return None,
        })
    }

    /// Whether `apply` gives the normal form of a value.
    #[inline]
    pub(super) fn knows(self, value: &[u8]) -> bool {
        match self {
            Normaliser::Exact => true,
            Normaliser::Text => value.is_ascii(),
            Normaliser::Name => value.is_ascii() && !trimmed(value).is_empty(),
            Normaliser::Email => is_plain_address(trimmed(value)),
        }
    }

    /// Makes a value that it `knows` its normal form, in place, and returns where that is.
    #[inline]
    pub(super) fn apply(self, value: &mut [u8]) -> Range<usize> {
        match self {
            Normaliser::Exact | Normaliser::Text => 0..value.len(),
            Normaliser::Name => 0..fold_name(value),
            Normaliser::Email => {
                value.make_ascii_lowercase();
                let from = value.iter().take_while(|&&byte| is_white_space(byte)).count();
                from..from + trimmed(value).len()
            }
        }
    }
}

/// What a byte may be in an address.
const ATOM: u8 = 1;
const ALPHANUMERIC: u8 = 2;
const LABEL: u8 = 4;
const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let one = byte as u8;
        if one.is_ascii_alphanumeric() {
            classes[byte] = ATOM | ALPHANUMERIC | LABEL;
        }
        byte += 1;
    }
    let specials = b"!#$%&'*+/=?^_`{|}~-";
    let mut at = 0;
    while at < specials.len() {
        classes[specials[at] as usize] |= ATOM;
        at += 1;
    }
    classes[b'-' as usize] |= LABEL;
    classes
}

#[inline]
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value {
        if !is_white_space(*first) {
            break;
        }
        value = rest;
    }
    while let [rest @ .., last] = value {
        if !is_white_space(*last) {
            break;
        }
        value = rest;
    }
    value
}

fn is_white_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// Lower case; each run of white space is one space; trimmed. Returns the length.
fn fold_name(value: &mut [u8]) -> usize {
    let mut end = 0;
    for at in 0..value.len() {
        let byte = value[at];
        if !is_white_space(byte) {
            value[end] = byte.to_ascii_lowercase();
            end += 1;
        } else if end > 0 && value[end - 1] != b' ' {
            value[end] = b' ';
            end += 1;
        }
    }
    end - usize::from(end > 0 && value[end - 1] == b' ')
}

/// Atoms with dots, `@`, labels with dots; no other form of an address.
#[inline]
fn is_plain_address(address: &[u8]) -> bool {
    if address.len() > EMAIL_BYTES {
        return false;
    }
    let Some(at) = address.iter().position(|&byte| byte == b'@') else {
        return false;
    };
    let (local, domain) = (&address[..at], &address[at + 1..]);
    local
        .split(|&byte| byte == b'.')
        .all(|atom| !atom.is_empty() && all(atom, ATOM))
        && domain.split(|&byte| byte == b'.').all(is_label)
}

#[inline]
fn is_label(label: &[u8]) -> bool {
    let (Some(first), Some(last)) = (label.first(), label.last()) else {
        return false;
    };
    label.len() <= LABEL_BYTES
        && all(&[*first, *last], ALPHANUMERIC)
        && all(label, LABEL)
        && label.get(2..4) != Some(b"--")
}

#[inline]
fn all(bytes: &[u8], class: u8) -> bool {
    bytes.iter().all(|&byte| CLASSES[byte as usize] & class != 0)
}
