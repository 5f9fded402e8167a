//! SOAP control (UDA 1.0 §3): the envelope is checked here, the action is answered by its service.

use super::{
    Answer, Body, Request, Response, Shared, connection_manager, content_directory, events,
    registrar, user_state,
};
use crate::wire::{
    criteria,
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
            let change = user_state::read(call, shared.treatment(request))?;
            return Ok(Answer::Keep(Box::new(change)));
        }
    }
    let body = if is_query(call) {
        query(service, call, shared)?
    } else {
        run(service, call, request, shared)?
    };
    let body = match body {
        Body::Bytes(bytes) => Body::Bytes(shared.treatment(request).document(bytes)),
        other => other,
    };
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
    if call.service_type != service.service_type && !is_query(call) {
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

/// The namespace of the one action that every service has (UDA 1.0 §3.3).
const CONTROL: &str = "urn:schemas-upnp-org:control-1-0";

/// Whether a state variable is asked for.
fn is_query(call: &Call<'_>) -> bool {
    call.service_type == CONTROL && call.action == "QueryStateVariable"
}

/// `QueryStateVariable` (UDA 1.0 §3.3): deprecated, and still sent.
fn query(service: &Service, call: &Call<'_>, shared: &Shared) -> Outcome {
    let name = call.required("varName")?;
    let known = service.scpd.variables.iter().find(|v| v.name == name);
    let known = known.ok_or(UpnpError::InvalidVar)?;
    let value = match known.name {
        "SearchCapabilities" => criteria::search_capabilities(),
        "SortCapabilities" => criteria::sort_capabilities(),
        // What only gives arguments their type has no value.
        other => events::value(other, shared).ok_or(UpnpError::InvalidVar)?,
    };
    let reply = soap::reply(CONTROL, call.action, &[("return", &value)]);
    Ok(Body::Bytes(reply))
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
