//! SOAP 1.1 as UPnP uses it for control (UDA 1.0 §3.2): reading a call, writing its reply or a fault.
//!
//! A call is understood by its names and namespaces, never by prefixes; arguments are looked up by name, so their
//! order does not matter. Attributes, `s:Header` and arguments in foreign namespaces are passed over.

pub mod reply;

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::xml::read::{self, Event, Name, Reader};
use super::xml::write::{self, Document, Sink};
use crate::limits;

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENCODING: &str = "http://schemas.xmlsoap.org/soap/encoding/";

/// Why a body is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not XML as we read it: answer 400.
    Xml(read::Error),
    /// XML, but no SOAP 1.1 envelope with a body that holds one action in a namespace: answer 400.
    NotACall,
    /// More arguments than [`limits::SOAP_ARGUMENTS`], or one that holds elements: answer [`UpnpError::InvalidArgs`].
    Arguments,
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(error) => error.fmt(f),
            Self::NotACall => f.write_str("no SOAP envelope with one action"),
            Self::Arguments => f.write_str("too many arguments, or an argument that is not text"),
        }
    }
}

impl std::error::Error for Error {}

impl From<read::Error> for Error {
    fn from(error: read::Error) -> Self {
        Self::Xml(error)
    }
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument<'b> {
    /// Its name.
    pub name: &'b str,
    /// Its text, decoded.
    pub value: Cow<'b, str>,
}

/// A call of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<'b> {
    /// The namespace of the action: the service type, with its version.
    pub service_type: Cow<'b, str>,
    /// The action.
    pub action: &'b str,
    /// The arguments in the order sent. Of two with one name only the first is kept.
    pub arguments: heapless::Vec<Argument<'b>, { limits::SOAP_ARGUMENTS }>,
}

impl<'b> Call<'b> {
    /// Reads a request body. The caller has bounded its length ([`limits::SOAP_BODY_BYTES`]).
    ///
    /// # Errors
    /// Every [`Error`].
    pub fn parse(body: &'b [u8]) -> Result<Self, Error> {
        let mut message = Message {
            reader: Reader::new(body)?,
        };
        if !message
            .next_child()?
            .is_some_and(|root| root.is(ENVELOPE, "Envelope"))
        {
            return Err(Error::NotACall);
        }
        let mut call = None;
        while let Some(part) = message.next_child()? {
            if part.is(ENVELOPE, "Body") && call.is_none() {
                call = Some(message.body()?);
            } else if part.is(ENVELOPE, "Header") && call.is_none() {
                message.skip()?;
            } else {
                return Err(Error::NotACall);
            }
        }
        // Reads to the end of the document: what follows the root must be well-formed too.
        if message.reader.next_event()?.is_some() {
            return Err(Error::NotACall);
        }
        call.ok_or(Error::NotACall)
    }

    /// The text of an argument, if it was sent.
    pub fn argument(&self, name: &str) -> Option<&str> {
        let found = self.arguments.iter().find(|argument| argument.name == name);
        found.map(|argument| &*argument.value)
    }

    /// The text of an argument that must be there.
    ///
    /// # Errors
    /// [`UpnpError::InvalidArgs`] if it was not sent.
    pub fn required(&self, name: &str) -> Result<&str, UpnpError> {
        self.argument(name).ok_or(UpnpError::InvalidArgs)
    }

    /// An argument of type `ui4` that must be there (UDA 1.0 §2.3, dataType), blanks around it passed over.
    ///
    /// # Errors
    /// [`UpnpError::InvalidArgs`] if it was not sent or is not digits below 2^32.
    pub fn ui4(&self, name: &str) -> Result<u32, UpnpError> {
        let text = self.required(name)?.trim();
        // `parse` would take a leading plus.
        if text.starts_with('+') {
            return Err(UpnpError::InvalidArgs);
        }
        text.parse().map_err(|_| UpnpError::InvalidArgs)
    }

    /// An argument of type `i4` that must be there, blanks around it passed over.
    ///
    /// # Errors
    /// [`UpnpError::InvalidArgs`] if it was not sent or is not a whole number of 32 bits.
    pub fn i4(&self, name: &str) -> Result<i32, UpnpError> {
        self.required(name)?
            .trim()
            .parse()
            .map_err(|_| UpnpError::InvalidArgs)
    }

    fn add(&mut self, argument: Argument<'b>) -> Result<(), Error> {
        if self.argument(argument.name).is_some() {
            return Ok(());
        }
        self.arguments.push(argument).map_err(|_| Error::Arguments)
    }
}

/// A message being read, level by level.
struct Message<'b> {
    reader: Reader<'b>,
}

impl<'b> Message<'b> {
    /// The next element inside the current one, entered; `None` when the current one has ended. Text between elements
    /// means nothing in SOAP.
    fn next_child(&mut self) -> Result<Option<Name<'b>>, Error> {
        loop {
            match self.reader.next_event()? {
                Some(Event::Start(name)) => return Ok(Some(name)),
                Some(Event::Text(_)) => {}
                Some(Event::End) | None => return Ok(None),
            }
        }
    }

    /// Reads to the end of the current element.
    fn skip(&mut self) -> Result<(), Error> {
        let mut depth: usize = 1;
        while depth > 0 {
            match self.reader.next_event()? {
                Some(Event::Start(_)) => depth += 1,
                Some(Event::End) => depth -= 1,
                Some(Event::Text(_)) => {}
                None => return Err(Error::NotACall),
            }
        }
        Ok(())
    }

    /// Reads the body's one action to the end of the body.
    fn body(&mut self) -> Result<Call<'b>, Error> {
        let action = self.next_child()?.ok_or(Error::NotACall)?;
        let mut call = Call {
            service_type: action.namespace.ok_or(Error::NotACall)?,
            action: action.local,
            arguments: heapless::Vec::new(),
        };
        while let Some(name) = self.next_child()? {
            let ours = name
                .namespace
                .is_none_or(|namespace| namespace == call.service_type);
            if ours {
                let value = self.value()?;
                call.add(Argument {
                    name: name.local,
                    value,
                })?;
            } else {
                self.skip()?;
            }
        }
        match self.next_child()? {
            None => Ok(call),
            Some(_) => Err(Error::NotACall),
        }
    }

    /// The text of the current element, to its end.
    fn value(&mut self) -> Result<Cow<'b, str>, Error> {
        let mut value = Cow::Borrowed("");
        loop {
            match self.reader.next_event()? {
                Some(Event::Text(piece)) => value += piece,
                Some(Event::End) => return Ok(value),
                Some(Event::Start(_)) => return Err(Error::Arguments),
                None => return Err(Error::NotACall),
            }
        }
    }
}

/// The `SOAPACTION` header (UDA 1.0 §3.2.1): `"service type#action"`, the quotes often left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoapAction<'h> {
    /// The service type.
    pub service_type: &'h str,
    /// The action.
    pub action: &'h str,
}

impl<'h> SoapAction<'h> {
    /// Reads the value of the header; `None` if it is not of this form.
    pub fn parse(field: &'h [u8]) -> Option<Self> {
        let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\t']);
        let text = match text.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"')?,
            None => text,
        };
        let (service_type, action) = text.rsplit_once('#')?;
        let clean = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'"')
        };
        (clean(service_type) && clean(action)).then_some(Self {
            service_type,
            action,
        })
    }

    /// Whether header and body name the same action of the same service, as SOAP 1.1 §6.1.1 wants.
    pub fn agrees(&self, call: &Call<'_>) -> bool {
        self.service_type == call.service_type && self.action == call.action
    }
}

/// An error that a control point is told of, always with HTTP 500 (UDA 1.0 §3.2.2, ContentDirectory:1 §2.7,
/// ConnectionManager:1 §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpnpError {
    /// 401: the service has no such action.
    InvalidAction,
    /// 402: an argument is missing, of the wrong type or out of range.
    InvalidArgs,
    /// 404: the service has no such state variable.
    InvalidVar,
    /// 501: the state of the service forbids it now.
    ActionFailed,
    /// 701: no object has this id.
    NoSuchObject,
    /// 702: `CurrentTagValue` is not what the object has, or cannot be read.
    CurrentTagValue,
    /// 703: `NewTagValue` cannot be read, or is nothing that the property can be.
    NewTagValue,
    /// 704: the property cannot be taken away.
    RequiredTag,
    /// 705: the property cannot be changed.
    ReadOnlyTag,
    /// 706 of `ContentDirectory`: the two lists of tags are not of one length.
    ParameterMismatch,
    /// 706: no connection has this id.
    InvalidConnection,
    /// 708: search criteria not understood.
    SearchCriteria,
    /// 709: sort criteria not understood.
    SortCriteria,
    /// 710: no container has this id.
    NoSuchContainer,
    /// 711: the object cannot be changed.
    RestrictedObject,
    /// 720: anything else.
    CannotProcess,
}

impl UpnpError {
    /// The number.
    pub const fn code(self) -> u16 {
        match self {
            Self::InvalidAction => 401,
            Self::InvalidArgs => 402,
            Self::InvalidVar => 404,
            Self::ActionFailed => 501,
            Self::NoSuchObject => 701,
            Self::CurrentTagValue => 702,
            Self::NewTagValue => 703,
            Self::RequiredTag => 704,
            Self::ReadOnlyTag => 705,
            Self::InvalidConnection | Self::ParameterMismatch => 706,
            Self::SearchCriteria => 708,
            Self::SortCriteria => 709,
            Self::NoSuchContainer => 710,
            Self::RestrictedObject => 711,
            Self::CannotProcess => 720,
        }
    }

    /// The standard's description.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidAction => "Invalid Action",
            Self::InvalidArgs => "Invalid Args",
            Self::InvalidVar => "Invalid Var",
            Self::ActionFailed => "Action Failed",
            Self::NoSuchObject => "No such object",
            Self::CurrentTagValue => "Invalid currentTagValue",
            Self::NewTagValue => "Invalid newTagValue",
            Self::RequiredTag => "Unable to delete a required tag",
            Self::ReadOnlyTag => "Unable to update a read only tag",
            Self::ParameterMismatch => "Parameter mismatch",
            Self::InvalidConnection => "Invalid connection reference",
            Self::SearchCriteria => "Unsupported or invalid search criteria",
            Self::SortCriteria => "Unsupported or invalid sort criteria",
            Self::NoSuchContainer => "No such container",
            Self::RestrictedObject => "Restricted object",
            Self::CannotProcess => "Cannot process the request",
        }
    }
}

impl Display for UpnpError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.description())
    }
}

impl std::error::Error for UpnpError {}

/// The whole answer that tells of an error (UDA 1.0 §3.2.2).
pub fn fault(error: UpnpError) -> Vec<u8> {
    envelope(|body| {
        body.element("s:Fault", &[], |fault| {
            fault.leaf("faultcode", "s:Client");
            fault.leaf("faultstring", "UPnPError");
            fault.element("detail", &[], |detail| {
                let namespace = [("xmlns", "urn:schemas-upnp-org:control-1-0")];
                detail.element("UPnPError", &namespace, |upnp| {
                    upnp.leaf("errorCode", &error.code().to_string());
                    upnp.leaf("errorDescription", error.description());
                });
            });
        });
    })
}

/// The whole answer to an action, its out-arguments as given: they must be in the order of the service description.
pub fn reply(service_type: &str, action: &str, arguments: &[(&str, &str)]) -> Vec<u8> {
    envelope(|body| {
        let namespace = [("xmlns:u", service_type)];
        body.element(&format!("u:{action}Response"), &namespace, |response| {
            for (name, value) in arguments {
                response.leaf(name, value);
            }
        });
    })
}

fn envelope(content: impl FnOnce(&mut Document)) -> Vec<u8> {
    let attributes = [("xmlns:s", ENVELOPE), ("s:encodingStyle", ENCODING)];
    Document::whole("s:Envelope", &attributes, |envelope| {
        envelope.element("s:Body", &[], content);
    })
}

/// Writes the answer to Browse, or to another action that lists objects, up to where its `Result` begins. DIDL-Lite
/// follows, escaped for this place as `wire::didl` writes it, and then [`browse_tail`].
pub fn browse_head(sink: &mut impl Sink, service_type: &str, action: &str) {
    sink.put(write::DECLARATION.as_bytes());
    for piece in [
        "<s:Envelope xmlns:s=\"",
        ENVELOPE,
        "\" s:encodingStyle=\"",
        ENCODING,
        "\"><s:Body><u:",
    ] {
        sink.put(piece.as_bytes());
    }
    write::text_once(sink, action);
    sink.put(b"Response xmlns:u=\"");
    write::text_once(sink, service_type);
    sink.put(b"\"><Result>");
}

/// Writes the rest of an answer that [`browse_head`] began for the same action.
pub fn browse_tail(
    sink: &mut impl Sink,
    action: &str,
    number_returned: u32,
    total_matches: u32,
    update_id: u32,
) {
    sink.put(b"</Result><NumberReturned>");
    write::number(sink, number_returned.into());
    sink.put(b"</NumberReturned><TotalMatches>");
    write::number(sink, total_matches.into());
    sink.put(b"</TotalMatches><UpdateID>");
    write::number(sink, update_id.into());
    sink.put(b"</UpdateID></u:");
    write::text_once(sink, action);
    sink.put(b"Response></s:Body></s:Envelope>");
}

#[cfg(test)]
#[path = "soap_tests.rs"]
mod tests;
