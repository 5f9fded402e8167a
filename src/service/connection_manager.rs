//! ConnectionManager:1. rill sends over HTTP only, so there is the one connection 0 that always is.

use super::{Body, control::Outcome};
use crate::{
    media::mime::Mime,
    wire::soap::{self, Call, UpnpError},
};

/// Answers one action.
pub(super) fn run(call: &Call<'_>) -> Outcome {
    match call.action {
        "GetProtocolInfo" => Ok(protocol_info(call)),
        "GetCurrentConnectionIDs" => Ok(reply(call, &[("ConnectionIDs", "0")])),
        "GetCurrentConnectionInfo" => connection_info(call),
        _ => Err(UpnpError::InvalidAction),
    }
}

/// Source: one entry per media type that rill may serve (CM:1 §2.4.1); Sink: nothing.
fn protocol_info(call: &Call<'_>) -> Body {
    let mut source = String::with_capacity(2048);
    for mime in Mime::all_served() {
        if !source.is_empty() {
            source.push(',');
        }
        source.push_str("http-get:*:");
        source.push_str(mime);
        source.push_str(":*");
    }
    reply(call, &[("Source", &source), ("Sink", "")])
}

fn connection_info(call: &Call<'_>) -> Outcome {
    if call.i4("ConnectionID")? != 0 {
        return Err(UpnpError::InvalidConnection);
    }
    Ok(reply(
        call,
        &[
            ("RcsID", "-1"),
            ("AVTransportID", "-1"),
            ("ProtocolInfo", ""),
            ("PeerConnectionManager", ""),
            ("PeerConnectionID", "-1"),
            ("Direction", "Output"),
            ("Status", "OK"),
        ],
    ))
}

fn reply(call: &Call<'_>, arguments: &[(&str, &str)]) -> Body {
    Body::Bytes(soap::reply(&call.service_type, call.action, arguments))
}
