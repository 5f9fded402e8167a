//! ConnectionManager:1. rill sends over HTTP only, so there is the one connection 0 that always is.

use super::{Body, control::Outcome};
use crate::{
    media::mime::Mime,
    wire::soap::{self, Call, UpnpError},
};

/// `CurrentConnectionIDs`
pub(super) const CONNECTION_IDS: &str = "0";

/// Answers one action.
pub(super) fn run(call: &Call<'_>) -> Outcome {
    match call.action {
        "GetProtocolInfo" => {
            let source = source_protocol_info();
            Ok(reply(call, &[("Source", &source), ("Sink", "")]))
        }
        "GetCurrentConnectionIDs" => Ok(reply(call, &[("ConnectionIDs", CONNECTION_IDS)])),
        "GetCurrentConnectionInfo" => connection_info(call),
        _ => Err(UpnpError::InvalidAction),
    }
}

/// `SourceProtocolInfo`: one entry per media type that rill may serve (CM:1 §2.4.1).
pub(super) fn source_protocol_info() -> String {
    let mut source = String::with_capacity(2048);
    for mime in Mime::all_served() {
        if !source.is_empty() {
            source.push(',');
        }
        source.push_str("http-get:*:");
        source.push_str(mime);
        source.push_str(":*");
    }
    source
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
