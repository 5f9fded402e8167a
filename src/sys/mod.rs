//! The cellar: the only unsafe code in rill, one system facility per file, every public function safe.
#![allow(unsafe_code, reason = "this folder exists to hold it")]

pub mod beneath;
pub mod map;
pub mod priority;
