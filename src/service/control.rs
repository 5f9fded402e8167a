//! SOAP control (UDA 1.0 §3): the envelope is checked here, the action is answered by its service.

use super::{
    Answer, Body, Request, Response, Shared, connection_manager, content_directory, registrar,
    user_state,
};
use crate::wire::{
    device::{Service, ServiceName},
    http::response::Status,
    soap::{self, Call, Error, SoapAction, UpnpError},
};

/// What an action comes to: the reply's body, or the error its fault carries.
pub(super) type Outcome = Result<Body, UpnpError>;

/// Answers a call posted to `service`, or says which search that takes.
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
    let outcome =
        agrees(service, request, &call).and_then(|()| answer(service, &call, request, shared));
    outcome.unwrap_or_else(|error| {
        log::debug!(
            "{}: {:?} of {:?}: {error}",
            request.peer,
            call.action,
            service.name
        );
        Answer::Reply(fault(error))
    })
}

fn answer(
    service: &'static Service,
    call: &Call<'_>,
    request: &Request<'_>,
    shared: &Shared,
) -> Result<Answer, UpnpError> {
    if service.name == ServiceName::ContentDirectory {
        if call.action == "Search" {
            let search = content_directory::search::begin(call, request, shared)?;
            return Ok(Answer::Search(Box::new(search)));
        }
        if user_state::is_change(call) {
            return Ok(Answer::Keep(Box::new(user_state::read(call)?)));
        }
    }
    let body = run(service, call, request, shared)?;
    Ok(Answer::Reply(success(body)))
}

/// The answer to an action that was carried out.
pub(super) fn success(body: Body) -> Response {
    with_ext(Response::xml(Status::Ok, body))
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
