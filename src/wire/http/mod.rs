//! HTTP/1.1 messages (RFC 9110, RFC 9112).
pub mod body;
pub mod precondition;
pub mod range;
pub mod request;
pub mod response;
