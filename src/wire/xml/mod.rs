//! XML 1.0: writing by streams, reading by a bounded pull parser.
pub mod read;
pub mod write;
