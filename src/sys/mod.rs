//! The cellar: the only unsafe code in rill, one system facility per file, every public function safe.
//!
//! Each block holds one operation and says which invariant makes it sound and where that is kept.
#![allow(unsafe_code, reason = "this folder exists to hold it")]

pub mod addresses;
pub mod beneath;
pub mod environment;
pub mod facts;
pub mod heap;
pub mod landlock;
pub mod lock;
pub mod map;
pub mod memory;
pub mod netlink;
pub mod pktinfo;
pub mod priority;
pub mod sendfile;
pub mod signal;
pub mod wait;
pub mod warm;
pub mod watch;
