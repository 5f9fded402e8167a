//! Browsing.
