//! Columns: each string of one sealed, opened or indexed (spec envelope-v1, aad-v1, index-v1).
//!
//! Nothing here knows Python, so all of it runs while other threads of the interpreter do.

use std::ops::Range;

use crate::aead::{self, Refused};
use crate::kernel::{self, Header, IndexForm, Nonce, HEADER_BYTES, NONCE_BYTES, OVERHEAD_BYTES};
use crate::memory::NoMemory;
use crate::packed::{Items, Packed};
use crate::{mac, parallel};

/// Where the header stands in an AAD: after the number of components and its own length (spec aad-v1 §3).
const HEADER_IN_AAD: Range<usize> = 8..8 + HEADER_BYTES;

/// What all values of a column are bound to: an AAD up to the row id, in which any header can be put.
#[derive(Clone)]
pub struct Prefix(Vec<u8>);

impl Prefix {
    /// From the prefix of any header. None where it is too short to be one.
    pub fn new(prefix: &[u8]) -> Option<Self> {
        (prefix.len() >= HEADER_IN_AAD.end).then(|| Prefix(prefix.to_vec()))
    }
}

/// One thread's AAD: the header and the row are exchanged from value to value.
pub struct Aad {
    bytes: Vec<u8>,
    prefix_bytes: usize,
}

impl Aad {
    /// With no row yet, and the header that the prefix came with.
    pub fn new(prefix: &Prefix) -> Self {
        let mut bytes = Vec::with_capacity(prefix.0.len() + 64);
        bytes.extend_from_slice(&prefix.0);
        Aad {
            bytes,
            prefix_bytes: prefix.0.len(),
        }
    }

    /// The AAD of this header and this row's suffix (empty where the field is not row-bound).
    #[inline]
    pub fn of(&mut self, header: &[u8], row: &[u8]) -> &[u8] {
        self.bytes[HEADER_IN_AAD].copy_from_slice(header);
        self.bytes.truncate(self.prefix_bytes);
        self.bytes.extend_from_slice(row);
        &self.bytes
    }
}

/// A key and the header that names it.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    /// The key.
    pub key: &'a aead::Key,
    /// What names it.
    pub header: Header,
}

/// Which key each value of a column is sealed under.
pub enum SealingKeys<'a> {
    /// One for all.
    One(Named<'a>),
    /// Each value's own.
    Each(Vec<Named<'a>>),
}

impl<'a> SealingKeys<'a> {
    #[inline]
    fn of(&self, at: usize) -> &Named<'a> {
        match self {
            SealingKeys::One(key) => key,
            SealingKeys::Each(keys) => &keys[at],
        }
    }
}

/// A column to seal. `nonces` has 12 bytes for each plaintext, `rows`, where there are, a suffix for each.
pub struct Seal<'a> {
    /// Under what.
    pub keys: SealingKeys<'a>,
    /// Bound to what.
    pub prefix: Prefix,
    /// Typed plaintexts.
    pub plaintexts: Items<'a>,
    /// The rows' suffixes.
    pub rows: Option<Items<'a>>,
    /// Fresh ones.
    pub nonces: &'a [u8],
}

impl Seal<'_> {
    /// Room for the envelopes.
    pub fn room(&self) -> Result<Packed, NoMemory> {
        let lengths = (0..self.plaintexts.len()).map(|at| self.plaintexts.get(at).len() + OVERHEAD_BYTES);
        Packed::zeros(lengths, false)
    }

    /// Seal the plaintexts of a range of positions.
    pub fn fill(&self, out: &mut Packed, range: Range<usize>) {
        let refused = parallel::fill(
            out,
            range,
            || Aad::new(&self.prefix),
            |aad, at, envelope| {
                let Named { key, header } = self.keys.of(at);
                let nonce: &Nonce = self.nonces[at * NONCE_BYTES..][..NONCE_BYTES]
                    .try_into()
                    .expect("12 bytes");
                let aad = aad.of(header, self.rows.map_or(&[], |rows| rows.get(at)));
                kernel::seal_into(key, header, nonce, aad, (&[], self.plaintexts.get(at)), envelope);
                Ok(())
            },
        );
        debug_assert!(refused.is_empty());
    }
}

/// A column to open. `keys` has each envelope's key, None for one that is refused as it is.
pub struct Open<'a> {
    /// By position.
    pub keys: OpeningKeys<'a>,
    /// Bound to what.
    pub prefix: Prefix,
    /// What was sealed.
    pub envelopes: Items<'a>,
    /// The rows' suffixes.
    pub rows: Option<Items<'a>>,
}

/// The keys that a column's headers name.
pub struct OpeningKeys<'a> {
    keys: Vec<Named<'a>>,
    choice: Vec<Option<u32>>,
}

impl<'a> OpeningKeys<'a> {
    /// Find each envelope's key. Only what is long enough, short enough, and names a key that is given, has one.
    pub fn find(keys: Vec<Named<'a>>, envelopes: Items) -> Self {
        let by_header: std::collections::HashMap<Header, u32> = keys
            .iter()
            .enumerate()
            .map(|(number, named)| (named.header, number as u32))
            .collect();
        let mut last: Option<(Header, u32)> = None;
        let choice = (0..envelopes.len())
            .map(|at| {
                let envelope = envelopes.get(at);
                if !(kernel::MIN_SEALED_BYTES..=kernel::MAX_SEALED_BYTES).contains(&envelope.len()) {
                    return None;
                }
                let header: &Header = envelope[..HEADER_BYTES].try_into().expect("17 bytes");
                match last {
                    Some((known, number)) if known == *header => Some(number),
                    _ => {
                        let number = *by_header.get(header)?;
                        last = Some((*header, number));
                        Some(number)
                    }
                }
            })
            .collect();
        OpeningKeys { keys, choice }
    }

    #[inline]
    fn of(&self, at: usize) -> Option<&Named<'a>> {
        self.choice[at].map(|number| &self.keys[number as usize])
    }
}

impl Open<'_> {
    /// Room for the typed plaintexts: none for what is refused as it is.
    pub fn room(&self) -> Result<Packed, NoMemory> {
        let lengths = (0..self.envelopes.len()).map(|at| {
            self.keys
                .of(at)
                .map_or(0, |_| self.envelopes.get(at).len() - OVERHEAD_BYTES)
        });
        Packed::zeros(lengths, true)
    }

    /// Open the envelopes of a range of positions. Returns the positions that were refused; their room is zeros.
    pub fn fill(&self, out: &mut Packed, range: Range<usize>) -> Vec<usize> {
        parallel::fill(
            out,
            range,
            || Aad::new(&self.prefix),
            |aad, at, plaintext| {
                let Named { key, header } = self.keys.of(at).ok_or(Refused)?;
                let aad = aad.of(header, self.rows.map_or(&[], |rows| rows.get(at)));
                kernel::open_into(key, aad, self.envelopes.get(at), plaintext)
            },
        )
    }
}

/// A column to index.
pub struct Index<'a> {
    /// Under what.
    pub key: &'a mac::Key,
    /// In what form.
    pub form: IndexForm,
    /// Normalised values.
    pub normalised: Items<'a>,
}

impl Index<'_> {
    /// Room for the index values.
    pub fn room(&self) -> Result<Packed, NoMemory> {
        Packed::zeros((0..self.normalised.len()).map(|_| self.form.value_bytes()), false)
    }

    /// Make the index values of a range of positions.
    pub fn fill(&self, out: &mut Packed, range: Range<usize>) {
        let refused = parallel::fill(
            out,
            range,
            || (),
            |(), at, value| {
                kernel::index_into(self.key, &self.form, self.normalised.get(at), value);
                Ok(())
            },
        );
        debug_assert!(refused.is_empty());
    }
}

/// The end of each row's AAD (spec aad-v1 §3, §4), from a column of typed plaintexts for each part of the row id.
///
/// None if a part of a row is empty, or there are no parts. All columns have the same length.
pub fn row_suffixes(parts: &[Items]) -> Result<Option<Packed>, NoMemory> {
    let Some(first) = parts.first() else {
        return Ok(None);
    };
    let mut suffixes = Packed::with_room(first.len(), first.len() * 24)?;
    let mut row = Vec::new();
    for at in 0..first.len() {
        if parts.iter().any(|part| part.get(at).len() < 2) {
            return Ok(None);
        }
        if parts.len() == 1 {
            let only = first.get(at);
            suffixes.push(&[&length_of(only)?, only])?;
            continue;
        }
        row.clear();
        row.extend_from_slice(&(parts.len() as u32).to_be_bytes());
        for part in parts {
            row.extend_from_slice(&length_of(part.get(at))?);
            row.extend_from_slice(part.get(at));
        }
        suffixes.push(&[&length_of(&row)?, &row])?;
    }
    Ok(Some(suffixes))
}

/// A length as an AAD has it. One that does not fit is never cut: two rows would have the same AAD.
fn length_of(row: &[u8]) -> Result<[u8; 4], NoMemory> {
    Ok(u32::try_from(row.len()).map_err(|_| NoMemory)?.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // The parser: any bytes at all are either given a key that their header names, or refused; never a panic.
        #[test]
        fn any_bytes_are_opened_or_refused(envelopes in prop::collection::vec(
            prop_oneof![prop::collection::vec(any::<u8>(), 0..60), prop::collection::vec(Just(1u8), 0..60)], 0..20))
        {
            let key = aead::Key::new(&[7; aead::KEY_BYTES]);
            let slices = envelopes.iter().map(Vec::as_slice).collect::<Vec<_>>();
            let items = Items::Apart(&slices);
            let named = vec![Named { key: &key, header: [1; HEADER_BYTES] }];
            let prefix = Prefix::new(&[0; 60]).expect("long enough");
            let work = Open { keys: OpeningKeys::find(named, items), prefix, envelopes: items, rows: None };
            let mut out = work.room().expect("little");
            let refused = work.fill(&mut out, 0..slices.len());
            prop_assert_eq!(refused, (0..slices.len()).collect::<Vec<_>>(), "none of these was ever sealed");
            for (at, envelope) in slices.iter().enumerate() {
                let has_key = envelope.len() >= kernel::MIN_SEALED_BYTES && envelope[..HEADER_BYTES] == [1; HEADER_BYTES];
                prop_assert_eq!(out.get(at), vec![0; if has_key { envelope.len() - OVERHEAD_BYTES } else { 0 }]);
            }
        }

        #[test]
        fn a_column_comes_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 0..40), bound: bool) {
            let keys = [aead::Key::new(&[7; 32]), aead::Key::new(&[8; 32])];
            let named = |number: usize| Named { key: &keys[number], header: [number as u8; HEADER_BYTES] };
            let slices = values.iter().map(Vec::as_slice).collect::<Vec<_>>();
            let ids = (0..slices.len()).map(|at| vec![3, at as u8]).collect::<Vec<_>>();
            let id_slices = ids.iter().map(Vec::as_slice).collect::<Vec<_>>();
            let suffixes = row_suffixes(&[Items::Apart(&id_slices)]).expect("little").expect("none is empty");
            let rows = bound.then_some(Items::Packed(&suffixes));
            let prefix = Prefix::new(&[0; 60]).expect("long enough");
            let nonces = (0..12 * slices.len()).map(|at| (at / 12) as u8).collect::<Vec<_>>();
            let work = Seal {
                keys: SealingKeys::Each((0..slices.len()).map(|at| named(at % 2)).collect()),
                prefix: prefix.clone(), plaintexts: Items::Apart(&slices), rows, nonces: &nonces,
            };
            let mut sealed = work.room().expect("little");
            work.fill(&mut sealed, 0..slices.len());
            let envelopes = Items::Packed(&sealed);
            let keys = OpeningKeys::find(vec![named(0), named(1)], envelopes);
            let work = Open { keys, prefix, envelopes, rows };
            let mut opened = work.room().expect("little");
            prop_assert_eq!(work.fill(&mut opened, 0..slices.len()), Vec::<usize>::new());
            prop_assert!(opened.iter().eq(slices.iter().copied()));
        }
    }
}
