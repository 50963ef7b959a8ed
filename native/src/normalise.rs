//! The usual case of three normalisers (spec index-v1 §4): text of ASCII alone. Whatever else comes is left to the
//! caller, which knows Unicode.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::lists::LookOut;
use crate::packed::Packed;
use crate::packed_object::PackedObject;

/// `email@1` takes no more bytes.
const MAX_EMAIL_BYTES: usize = 250;
/// A DNS label has no more.
const MAX_LABEL_BYTES: usize = 63;

/// `email@1` of the plain addresses among the values, and the positions of all others, whose place is empty.
#[pyfunction]
pub fn plain_emails(values: &Bound<'_, PyList>) -> PyResult<(PackedObject, Vec<usize>)> {
    each_ascii(values, |text, room| {
        if !is_plain_email(text) {
            return false;
        }
        room.extend(text.iter().map(u8::to_ascii_lowercase));
        true
    })
}

/// `name@1` of the names among the values that are of ASCII, and the positions of all others, whose place is empty.
#[pyfunction]
pub fn plain_names(values: &Bound<'_, PyList>) -> PyResult<(PackedObject, Vec<usize>)> {
    each_ascii(values, |text, room| {
        for word in text.split(is_white_space).filter(|word| !word.is_empty()) {
            if !room.is_empty() {
                room.push(b' ');
            }
            room.extend(word.iter().map(u8::to_ascii_lowercase));
        }
        !room.is_empty()
    })
}

/// `text@1` of the texts among the values that are of ASCII, and the positions of all others, whose place is empty.
#[pyfunction]
pub fn plain_texts(values: &Bound<'_, PyList>) -> PyResult<(PackedObject, Vec<usize>)> {
    each_ascii(values, |text, room| {
        room.extend_from_slice(text);
        true
    })
}

fn each_ascii(
    values: &Bound<'_, PyList>,
    mut normalise: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
) -> PyResult<(PackedObject, Vec<usize>)> {
    let mut packed = Packed::with_room(values.len(), values.len() * 32)?;
    let mut out = LookOut::default();
    let mut others = Vec::new();
    let mut room = Vec::with_capacity(MAX_EMAIL_BYTES);
    for (at, value) in values.iter().enumerate() {
        out.step(values.py(), packed.last_len())?;
        room.clear();
        let text = value
            .cast_exact::<PyString>()
            .ok()
            .and_then(|text| text.to_str().ok());
        if !text.is_some_and(|text| text.is_ascii() && normalise(text.as_bytes(), &mut room)) {
            others.push(at);
            room.clear();
        }
        packed.push(&[&room])?;
    }
    room.fill(0);
    Ok((PackedObject(packed), others))
}

/// White_Space, as far as it is ASCII.
fn is_white_space(byte: &u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ')
}

/// A dot-atom of RFC 5321, `@`, and a domain of labels that are neither too long nor reserved (`xn--` and its like).
fn is_plain_email(text: &[u8]) -> bool {
    let Some(at) = text.iter().position(|byte| *byte == b'@') else {
        return false;
    };
    let (local, domain) = (&text[..at], &text[at + 1..]);
    text.len() <= MAX_EMAIL_BYTES
        && local
            .split(|byte| *byte == b'.')
            .all(|atom| !atom.is_empty() && atom.iter().all(is_of_atom))
        && domain.split(|byte| *byte == b'.').all(is_plain_label)
}

/// What an atom is made of, and (2) what a label is made of, by byte.
const PLAIN: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'-' {
            table[byte] = 3;
        }
        byte += 1;
    }
    let others = b"!#$%&'*+/=?^_`{|}~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = 1;
        at += 1;
    }
    table
};

fn is_of_atom(byte: &u8) -> bool {
    PLAIN[*byte as usize] & 1 != 0
}

fn is_of_label(byte: &u8) -> bool {
    PLAIN[*byte as usize] & 2 != 0
}

fn is_plain_label(label: &[u8]) -> bool {
    let (Some(first), Some(last)) = (label.first(), label.last()) else {
        return false;
    };
    label.len() <= MAX_LABEL_BYTES
        && *first != b'-'
        && *last != b'-'
        && label.iter().all(is_of_label)
        && label.get(2..4) != Some(b"--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_plain_address() {
        let long = "a".repeat(63);
        for plain in [
            "a@b",
            "A.b+c@x-1.Example",
            "!#$%&'*+/=?^_`{|}~-@1.2",
            &format!("a@{long}.b"),
        ] {
            assert!(is_plain_email(plain.as_bytes()), "{plain}");
        }
        let longer = format!("a@{long}a.b");
        for other in [
            "", "@", "a@", "@b", "a@b@c", ".a@b", "a.@b", "a..b@c", "a@b.", "a@-b", "a@b-", "a@xn--b",
            &longer,
        ] {
            assert!(!is_plain_email(other.as_bytes()), "{other}");
        }
        for other in [" a@b", "a@b\n", "\"a\"@b", "a@[1]", "a@b_c", "a(b)@c"] {
            assert!(!is_plain_email(other.as_bytes()), "{other}");
        }
    }
}
