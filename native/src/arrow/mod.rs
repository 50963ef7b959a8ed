//! Arrow columns in, Arrow columns out, through the PyCapsule interface; no Python object for a value.
//!
//! ```text
//!     ffi      the C data interface: foreign memory behind bounds (the `unsafe` of the Arrow path)
//!     column   a column of somebody else's, every offset checked
//!     slices   cut into slices, walked over by threads
//!     typed    values to typed plaintexts and back;  rows: row ids to the ends of AADs
//!     source   measured and checked, before any key is used
//!     survey   envelopes looked at, before any key is asked for;  target: what their values become
//!     seal, open, index                              normal: plain values normalised
//!     form     bytes, or base64url
//!     built    columns of ours;  room: their bytes
//!     bare     for benchmarks
//!     python, python_columns                         what `fieldvault.columns.arrow_native` calls
//! ```
//!
//! The way of a call: `python` takes the columns, lets go of the interpreter, and has them measured (or surveyed, or
//! scanned). Only then does Python ask for keys. Any failure here fails the call as a whole: which values failed, and
//! why, is found out by the list path, which says it in the library's own words.

mod bare;
mod built;
mod column;
mod ffi;
mod form;
mod index;
mod normal;
mod open;
#[cfg(feature = "python")]
pub mod python;
#[cfg(feature = "python")]
pub mod python_columns;
mod room;
mod rows;
mod seal;
mod slices;
mod source;
mod survey;
mod target;
#[cfg(test)]
mod tests;
mod typed;
