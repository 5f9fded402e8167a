//! `X_MS_MediaReceiverRegistrar:1`: Xbox 360 and Windows Media Player ask it whether they may play, and play only
//! where it exists. Everybody may.

use super::{Body, control::Outcome};
use crate::wire::soap::{self, Call, UpnpError};

/// Answers one action.
pub(super) fn run(call: &Call<'_>) -> Outcome {
    let arguments: &[(&str, &str)] = match call.action {
        "IsAuthorized" | "IsValidated" => &[("Result", "1")],
        "RegisterDevice" => {
            call.required("RegistrationReqMsg")?;
            &[("RegistrationRespMsg", "")]
        }
        _ => return Err(UpnpError::InvalidAction),
    };
    Ok(Body::Bytes(soap::reply(
        &call.service_type,
        call.action,
        arguments,
    )))
}
