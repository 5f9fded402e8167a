//! Tags that several containers share.
