//! rill: a DLNA / UPnP AV media server in one small static binary.
fn main() {}
