//! HTTP/1.1 messages (RFC 9110, RFC 9112): bytes in, values out, and back. No sockets.
//!
//! One exchange, in the order in which a connection goes through it:
//!
//! ```text
//!  request::parse ─► Head ─► body::Decoder        what the peer wants
//!                     │
//!                     ├─► precondition::evaluate   304 or 412 before anything else (RFC 9110 §13.2.2)
//!                     ├─► range::resolve           200, 206 or 416
//!                     ▼
//!  response::Head ─► write ─► range::Multipart    what it gets
//! ```
pub mod body;
pub mod precondition;
pub mod range;
pub mod reply;
pub mod request;
pub mod response;
pub mod status_line;
