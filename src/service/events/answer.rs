//! SUBSCRIBE and UNSUBSCRIBE as requests: fields in, status and fields out (UDA 1.1 §4.1).

use super::Granted;
use crate::{
    service::{Answer, Body, Request, Response, Shared, tally::Tally},
    wire::{
        device::Service,
        gena::{self, Sid, Subscribe},
        http::{
            request::Method,
            response::{Head, Status},
        },
    },
};

/// Answers a SUBSCRIBE or UNSUBSCRIBE to `service`.
pub(in crate::service) fn answer(
    service: &'static Service,
    request: &Request<'_>,
    shared: &Shared,
) -> Answer {
    let answered = match request.head.method {
        Method::Subscribe => subscribe(service, request, shared),
        _ => unsubscribe(service, request, shared).map(Answer::Reply),
    };
    answered.unwrap_or_else(|error| Answer::Reply(Response::text(error.status(), error.reason())))
}

fn subscribe(
    service: &'static Service,
    request: &Request<'_>,
    shared: &Shared,
) -> Result<Answer, gena::Error> {
    let peer = request.peer.ip().to_canonical();
    let mut events = shared.events.borrow_mut();
    match Subscribe::parse(&request.head.fields, request.peer)? {
        Subscribe::New { callbacks, secs } => {
            let known = shared.known.borrow();
            let granted = events.subscribe(request.now, service, peer, callbacks, secs, &known);
            let Some(granted) = granted else {
                Tally::count(&shared.tally.subscriptions);
                return Ok(Answer::Reply(Response::text(
                    Status::ServiceUnavailable,
                    "There are too many subscriptions.\n",
                )));
            };
            Ok(Answer::Subscribed(taken(granted), granted.sid))
        }
        Subscribe::Renewal { sid, secs } => {
            let secs = events.renew(request.now, service.name, peer, sid, secs);
            let secs = secs.ok_or(gena::Error::Sid)?;
            Ok(Answer::Reply(taken(Granted { sid, secs })))
        }
    }
}

fn unsubscribe(
    service: &'static Service,
    request: &Request<'_>,
    shared: &Shared,
) -> Result<Response, gena::Error> {
    let sid: Sid = gena::parse_unsubscribe(&request.head.fields)?;
    let peer = request.peer.ip().to_canonical();
    let mut events = shared.events.borrow_mut();
    if !events.unsubscribe(request.now, service.name, peer, sid) {
        return Err(gena::Error::Sid);
    }
    Ok(Response {
        head: Head::new(Status::Ok),
        body: Body::Empty,
    })
}

fn taken(granted: Granted) -> Response {
    let mut head = Head::new(Status::Ok);
    head.field("SID", granted.sid)
        .field("TIMEOUT", format_args!("Second-{}", granted.secs));
    Response {
        head,
        body: Body::Empty,
    }
}
