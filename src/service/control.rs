//! SOAP control (UDA 1.0 §3): the envelope is checked here, the action is answered by its service.

use super::{
    Answer, Body, Request, Response, Shared, connection_manager, content_directory, host,
    registrar, user_state,
};
use crate::wire::{
    device::{Service, ServiceName},
    http::response::Status,
    soap::{self, Call, Error, SoapAction, UpnpError},
};

/// What an action comes to: the reply's body, or the error its fault carries.
pub(super) type Outcome = Result<Body, UpnpError>;

/// Answers a call posted to `service`.
pub(super) fn call(service: &'static Service, request: &Request<'_>, shared: &Shared) -> Answer {
    let call = match Call::parse(request.body) {
        Ok(call) => call,
        Err(Error::Arguments) => return Answer::Reply(fault(UpnpError::InvalidArgs)),
        Err(error) => {
            log::debug!("{}: SOAP refused: {error}", request.peer);
            let why = "The body is not a SOAP call.\n";
            return Answer::Reply(Response::text(Status::BadRequest, why));
        }
    };
    let agreed = agrees(service, request, &call);
    let is_content = service.name == ServiceName::ContentDirectory;
    if agreed.is_ok() && is_content && user_state::is_change(&call) {
        // A page from elsewhere, shown by a browser in the house, may not speak for the people there.
        if !host::is_own_origin(request, shared) {
            let response = Response::text(Status::Forbidden, host::FOREIGN_ORIGIN);
            return Answer::Reply(response);
        }
        return match user_state::read(&call) {
            Ok(change) => Answer::Keep(Box::new(change)),
            Err(error) => Answer::Reply(fault(error)),
        };
    }
    let outcome = agreed.and_then(|()| run(service, &call, request, shared));
    Answer::Reply(match outcome {
        Ok(body) => with_ext(Response::xml(Status::Ok, body)),
        Err(error) => {
            log::debug!(
                "{}: {:?} of {:?}: {error}",
                request.peer,
                call.action,
                service.name
            );
            fault(error)
        }
    })
}

/// The answer that tells of an error.
pub(super) fn fault(error: UpnpError) -> Response {
    with_ext(Response::xml(
        Status::InternalServerError,
        Body::Bytes(soap::fault(error)),
    ))
}

/// An old requirement that strict control points still look for (UDA 1.0 §3.2.2).
pub(super) fn with_ext(mut response: Response) -> Response {
    response.head.field("EXT", "");
    response
}

/// SOAPACTION, the body and the control URL must speak of the same action (UDA 1.0 §3.2.1). A missing SOAPACTION is
/// forgiven: the body says it all.
fn agrees(service: &Service, request: &Request<'_>, call: &Call<'_>) -> Result<(), UpnpError> {
    if call.service_type != service.service_type {
        return Err(UpnpError::InvalidAction);
    }
    let Some(field) = request.head.fields.soapaction else {
        return Ok(());
    };
    match SoapAction::parse(field) {
        Some(stated) if stated.agrees(call) => Ok(()),
        _ => Err(UpnpError::InvalidAction),
    }
}

fn run(
    service: &'static Service,
    call: &Call<'_>,
    request: &Request<'_>,
    shared: &Shared,
) -> Outcome {
    match service.name {
        ServiceName::ContentDirectory => content_directory::run(call, request, shared),
        ServiceName::ConnectionManager => connection_manager::run(call),
        ServiceName::Registrar => registrar::run(call),
    }
}
