//! The other side of a call: writing it, and reading the reply or the fault (UDA 1.0 §3.2.1, §3.2.2).

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::{Argument, ENVELOPE, Error, Message, envelope};
use crate::limits;
use crate::wire::text::cut;
use crate::wire::xml::read::Reader;

/// Bytes of a fault's description that are kept. Beyond it: cut at a character.
const DESCRIPTION_BYTES: usize = 256;

/// The body of a call, its arguments as given: they must be in the order of the service description.
pub fn call(service_type: &str, action: &str, arguments: &[(&str, &str)]) -> Vec<u8> {
    envelope(|body| {
        let namespace = [("xmlns:u", service_type)];
        body.element(&format!("u:{action}"), &namespace, |call| {
            for (name, value) in arguments {
                call.leaf(name, value);
            }
        });
    })
}

/// What came instead of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a SOAP message as we read it.
    Unreadable(Error),
    /// A fault: `errorCode`, where there is one, and `errorDescription` or else `faultstring`.
    Fault(Option<u32>, String),
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Fault(Some(code), description) => write!(f, "error {code}, {description}"),
            Self::Fault(None, description) => write!(f, "an error, {description}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Unreadable(error.into())
    }
}

/// A reply to an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply<'b> {
    arguments: heapless::Vec<Argument<'b>, { limits::SOAP_ARGUMENTS }>,
}

impl<'b> Reply<'b> {
    /// Reads the reply to `action`, or a fault. The caller has bounded its length. The namespace of the reply is not
    /// looked at: servers answer with another version than they were asked.
    ///
    /// # Errors
    /// Every [`Refusal`].
    pub fn parse(body: &'b [u8], action: &str) -> Result<Self, Refusal> {
        let mut message = Message {
            reader: Reader::lenient(body)?,
        };
        let root = message.next_child()?.ok_or(Error::NotACall)?;
        if !root.is(ENVELOPE, "Envelope") {
            return Err(Error::NotACall.into());
        }
        while let Some(part) = message.next_child()? {
            if !part.is(ENVELOPE, "Body") {
                message.skip()?;
                continue;
            }
            let content = message.next_child()?.ok_or(Error::NotACall)?;
            if content.is(ENVELOPE, "Fault") {
                return Err(fault(&mut message)?);
            }
            if content.local.strip_suffix("Response") != Some(action) {
                return Err(Error::NotACall.into());
            }
            let reply = Self {
                arguments: arguments(&mut message)?,
            };
            // To the end: what was cut short is no reply.
            while message.next_child()?.is_some() {
                message.skip()?;
            }
            while message.next_child()?.is_some() {
                message.skip()?;
            }
            return match message.reader.next_event()? {
                None => Ok(reply),
                Some(_) => Err(Error::NotACall.into()),
            };
        }
        Err(Error::NotACall.into())
    }

    /// The text of an argument as bytes, if it was sent.
    pub fn argument(&self, name: &str) -> Option<&str> {
        let found = self.arguments.iter().find(|argument| argument.name == name);
        found.map(|argument| &*argument.value)
    }
}

/// The arguments of a reply, to its end; of two with one name the first comes first.
fn arguments<'b>(
    message: &mut Message<'b>,
) -> Result<heapless::Vec<Argument<'b>, { limits::SOAP_ARGUMENTS }>, Error> {
    let mut arguments = heapless::Vec::new();
    while let Some(name) = message.next_child()? {
        let value = message.value()?;
        let name = name.local;
        arguments
            .push(Argument { name, value })
            .map_err(|_| Error::Arguments)?;
    }
    Ok(arguments)
}

/// Reads a fault whose element was entered.
fn fault(message: &mut Message<'_>) -> Result<Refusal, Error> {
    let (mut code, mut description, mut string) = (None, None, None);
    while let Some(part) = message.next_child()? {
        if part.local != "detail" {
            let value = message.value()?;
            if part.local == "faultstring" {
                string = string.or(Some(value));
            }
            continue;
        }
        while let Some(error) = message.next_child()? {
            if error.local != "UPnPError" {
                message.skip()?;
                continue;
            }
            while let Some(part) = message.next_child()? {
                let value = message.value()?;
                match part.local {
                    "errorCode" => code = code.or(value.trim().parse().ok()),
                    "errorDescription" => description = description.or(Some(value)),
                    _ => {}
                }
            }
        }
    }
    let text: Cow<'_, str> = description.or(string).unwrap_or_default();
    let text = cut(text.trim(), DESCRIPTION_BYTES);
    Ok(Refusal::Fault(code, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::soap::{Call, UpnpError, fault as write_fault, reply};

    const CDS: &str = "urn:schemas-upnp-org:service:ContentDirectory:1";

    #[test]
    fn a_written_call_is_a_call() {
        let body = call(CDS, "Browse", &[("ObjectID", "0<&"), ("Filter", "")]);
        let read = Call::parse(&body).unwrap();
        assert_eq!((&*read.service_type, read.action), (CDS, "Browse"));
        assert_eq!(read.argument("ObjectID"), Some("0<&"));
        assert_eq!(read.argument("Filter"), Some(""));
    }

    #[test]
    fn replies_are_read_and_every_prefix_of_one_is_refused() {
        let body = reply(
            CDS,
            "Browse",
            &[("Result", "<a>&"), ("NumberReturned", "1")],
        );
        let read = Reply::parse(&body, "Browse").unwrap();
        assert_eq!(read.argument("Result"), Some("<a>&"));
        assert_eq!(read.argument("NumberReturned"), Some("1"));
        assert_eq!(read.argument("TotalMatches"), None);
        assert!(Reply::parse(&body, "Search").is_err());
        for end in 0..body.len() {
            let result = Reply::parse(&body[..end], "Browse");
            assert!(matches!(result, Err(Refusal::Unreadable(_))), "{end}");
        }
    }

    #[test]
    fn faults_are_told_with_their_number() {
        let body = write_fault(UpnpError::NoSuchObject);
        let expected = Refusal::Fault(Some(701), "No such object".into());
        assert_eq!(Reply::parse(&body, "Browse"), Err(expected.clone()));
        assert_eq!(expected.to_string(), "error 701, No such object");
        for (inside, expected) in [
            ("", Refusal::Fault(None, String::new())),
            (
                "<faultstring> a </faultstring><detail><x/></detail>",
                Refusal::Fault(None, "a".into()),
            ),
            (
                "<detail><UPnPError><errorCode>x</errorCode></UPnPError></detail>",
                Refusal::Fault(None, String::new()),
            ),
        ] {
            let body = format!(
                "<s:Envelope xmlns:s='{ENVELOPE}'><s:Body><s:Fault>{inside}</s:Fault></s:Body></s:Envelope>"
            );
            assert_eq!(Reply::parse(body.as_bytes(), "Browse"), Err(expected));
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for bad in [
            "<html/>".to_owned(),
            format!("<s:Envelope xmlns:s='{ENVELOPE}'/>"),
            format!("<s:Envelope xmlns:s='{ENVELOPE}'><s:Body/></s:Envelope>"),
            format!("<s:Envelope xmlns:s='{ENVELOPE}'><s:Body><Response/></s:Body></s:Envelope>"),
            format!(
                "<s:Envelope xmlns:s='{ENVELOPE}'><s:Body><BrowseResponse>{}</BrowseResponse></s:Body></s:Envelope>",
                "<a/>".repeat(17)
            ),
            format!(
                "<!DOCTYPE a><s:Envelope xmlns:s='{ENVELOPE}'><s:Body><BrowseResponse/></s:Body></s:Envelope>"
            ),
        ] {
            let result = Reply::parse(bad.as_bytes(), "Browse");
            assert!(matches!(result, Err(Refusal::Unreadable(_))), "{bad}");
        }
    }
}
