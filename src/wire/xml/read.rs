//! Reading XML 1.0 with namespaces, bounded, for SOAP bodies and the documents of other devices: a pull reader over
//! `quick-xml`.
//!
//! It takes the part of XML that SOAP 1.1 §3 allows (no document type, hence no entities but the five named ones) and
//! refuses all else at the first sign of it, in one pass, without recursion. What it holds is bounded by
//! [`limits::XML_DEPTH`] and [`limits::XML_ATTRIBUTES`] beside the body itself, which the caller has bounded.
//!
//! Attributes are checked and then dropped, except namespace declarations: no SOAP message of UPnP means anything by
//! one. Those of the element just begun can be asked for, which DIDL-Lite needs. Not checked: that `]]>` is absent from text and that comments have no `--`; both are harmless.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::{Attribute, Attributes};
use quick_xml::events::{BytesDecl, BytesRef, Event as Raw};
use quick_xml::name::{PrefixDeclaration, QName};

use super::is_char;
use crate::limits;

/// What the prefix `xml` always stands for.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not UTF-8, or declared to be something else.
    Encoding,
    /// A character that XML 1.0 forbids, as itself or by reference.
    Character,
    /// Not well-formed: tags, attributes, references, cut short, more or less than one root element.
    Malformed,
    /// A document type declaration, or a reference to an entity that only one could define.
    DocumentType,
    /// A prefix that nothing declares, or a declaration that Namespaces in XML forbids.
    Namespace,
    /// Elements nested deeper than [`limits::XML_DEPTH`].
    TooDeep,
    /// More than [`limits::XML_ATTRIBUTES`] attributes on one element, or namespaces in scope.
    TooManyAttributes,
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encoding => "not in UTF-8",
            Self::Character => "a character that XML does not allow",
            Self::Malformed => "not well-formed XML",
            Self::DocumentType => "a document type declaration or an entity of its own",
            Self::Namespace => "an undeclared namespace prefix",
            Self::TooDeep => "elements nested too deeply",
            Self::TooManyAttributes => "too many attributes on one element",
        })
    }
}

impl std::error::Error for Error {}

/// The name of an element, its prefix resolved (Namespaces in XML 1.0 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name<'b> {
    /// The namespace; `None` where no namespace is in force.
    pub namespace: Option<Cow<'b, str>>,
    /// The name without prefix.
    pub local: &'b str,
}

impl Name<'_> {
    /// Whether this is the name `local` in `namespace`.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace.as_deref() == Some(namespace)
    }
}

/// One piece of a document. Comments and processing instructions are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'b> {
    /// An element begins. `<a/>` gives a start and an end.
    Start(Name<'b>),
    /// Character data, decoded, line ends as LF. Text may come in several pieces; outside the root there is none.
    Text(Cow<'b, str>),
    /// The innermost open element ends.
    End,
}

/// A namespace declaration in scope.
struct Binding<'b> {
    prefix: &'b str,
    /// Empty: the prefix is bound to nothing here.
    namespace: Cow<'b, str>,
    /// The depth of the element that declares it.
    depth: usize,
}

/// Reads one document event by event.
pub struct Reader<'b> {
    text: &'b str,
    parser: quick_xml::Reader<&'b [u8]>,
    bindings: Vec<Binding<'b>>,
    depth: usize,
    root_seen: bool,
    /// The start tag of the last [`Event::Start`], between its brackets.
    tag: &'b str,
    prefixes: Prefixes,
}

/// What becomes of a name whose prefix nothing declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prefixes {
    /// The document is refused.
    Declared,
    /// The name is in no namespace.
    Any,
}

impl<'b> Reader<'b> {
    /// Looks over a whole document's bytes and gets ready to read it. A UTF-8 byte order mark is accepted.
    ///
    /// # Errors
    /// [`Error::Encoding`], UTF-16 included, and [`Error::Character`].
    pub fn new(document: &'b [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(document).map_err(|_| Error::Encoding)?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        if !text.chars().all(is_char) {
            return Err(Error::Character);
        }
        let mut parser = quick_xml::Reader::from_str(text);
        parser.config_mut().expand_empty_elements = true;
        Ok(Self {
            text,
            parser,
            bindings: Vec::new(),
            depth: 0,
            root_seen: false,
            tag: "",
            prefixes: Prefixes::Declared,
        })
    }

    /// As [`Reader::new`], for documents of devices in the field, some of which use a prefix that they never declare:
    /// such a name is in no namespace.
    ///
    /// # Errors
    /// As [`Reader::new`].
    pub fn lenient(document: &'b [u8]) -> Result<Self, Error> {
        let prefixes = Prefixes::Any;
        Self::new(document).map(|reader| Self { prefixes, ..reader })
    }

    /// The value of an attribute without prefix of the element that the last [`Event::Start`] began, decoded.
    pub fn attribute_value(&self, name: &str) -> Option<Cow<'b, str>> {
        let end = self.tag.find(is_blank_char)?;
        Attributes::new(self.tag, end)
            .filter_map(Result::ok)
            .find(|attribute| attribute.key.0 == name)
            .and_then(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0).ok())
    }

    /// The next event; `None` at the end of a whole, well-formed document.
    ///
    /// # Errors
    /// Any [`Error`]. What follows an error means nothing.
    pub fn next_event(&mut self) -> Result<Option<Event<'b>>, Error> {
        loop {
            let from = self.position()?;
            let raw = self.parser.read_event().map_err(|_| Error::Malformed)?;
            let text = match raw {
                Raw::Start(_) => return self.start(from).map(Some),
                Raw::End(_) => return self.end().map(Some),
                Raw::Text(text) => text.xml10_content(),
                Raw::CData(text) if self.depth > 0 => text.xml10_content(),
                Raw::GeneralRef(reference) if self.depth > 0 => Cow::Owned(resolve(&reference)?),
                Raw::Decl(declaration) if from == 0 => {
                    check_declaration(&declaration)?;
                    continue;
                }
                Raw::Comment(_) => continue,
                // The target `xml` in any case is reserved (XML 1.0 §2.6).
                Raw::PI(instruction) if !instruction.target().eq_ignore_ascii_case("xml") => {
                    continue;
                }
                Raw::DocType(_) => return Err(Error::DocumentType),
                Raw::Eof if self.depth == 0 && self.root_seen => return Ok(None),
                _ => return Err(Error::Malformed),
            };
            if self.depth > 0 {
                return Ok(Some(Event::Text(text)));
            }
            if !is_blank(&text) {
                return Err(Error::Malformed);
            }
        }
    }

    fn position(&self) -> Result<usize, Error> {
        usize::try_from(self.parser.buffer_position()).map_err(|_| Error::Malformed)
    }

    /// Takes a start tag again from the text itself, because the parser's own event does not live long enough.
    fn start(&mut self, from: usize) -> Result<Event<'b>, Error> {
        if self.depth == 0 && self.root_seen {
            return Err(Error::Malformed);
        }
        if self.depth >= limits::XML_DEPTH {
            return Err(Error::TooDeep);
        }
        self.root_seen = true;
        self.depth += 1;
        let tag = self
            .text
            .get(from..self.position()?)
            .ok_or(Error::Malformed)?;
        let tag = tag
            .strip_prefix('<')
            .and_then(|tag| tag.strip_suffix('>'))
            .ok_or(Error::Malformed)?;
        let tag = tag.strip_suffix('/').unwrap_or(tag);
        let name = tag.split(is_blank_char).next().unwrap_or_default();
        for (index, attribute) in Attributes::new(tag, name.len()).enumerate() {
            if index >= limits::XML_ATTRIBUTES {
                return Err(Error::TooManyAttributes);
            }
            self.attribute(&attribute.map_err(|_| Error::Malformed)?)?;
        }
        self.tag = tag;
        self.resolve_name(name).map(Event::Start)
    }

    /// Checks one attribute, and remembers it if it declares a namespace.
    fn attribute(&mut self, attribute: &Attribute<'b>) -> Result<(), Error> {
        if !is_qualified_name(attribute.key.0) || attribute.value.contains('<') {
            return Err(Error::Malformed);
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| Error::Malformed)?;
        if !value.chars().all(is_char) {
            return Err(Error::Character);
        }
        match attribute.key.as_namespace_binding() {
            Some(PrefixDeclaration::Default) => self.bind("", value),
            // Two prefixes are reserved, and none can be taken back (Namespaces in XML 1.0 §3, §5).
            Some(PrefixDeclaration::Named("xml")) if value == XML_NAMESPACE => Ok(()),
            Some(PrefixDeclaration::Named("xml" | "xmlns")) => Err(Error::Namespace),
            Some(PrefixDeclaration::Named(_)) if value.is_empty() => Err(Error::Namespace),
            Some(PrefixDeclaration::Named(prefix)) => self.bind(prefix, value),
            None => Ok(()),
        }
    }

    fn bind(&mut self, prefix: &'b str, namespace: Cow<'b, str>) -> Result<(), Error> {
        if self.bindings.len() >= limits::XML_ATTRIBUTES {
            return Err(Error::TooManyAttributes);
        }
        self.bindings.push(Binding {
            prefix,
            namespace,
            depth: self.depth,
        });
        Ok(())
    }

    fn resolve_name(&self, name: &'b str) -> Result<Name<'b>, Error> {
        if !is_qualified_name(name) {
            return Err(Error::Malformed);
        }
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let bound = self
            .bindings
            .iter()
            .rev()
            .find(|binding| binding.prefix == prefix);
        let namespace = bound
            .map(|binding| &binding.namespace)
            .filter(|namespace| !namespace.is_empty());
        if namespace.is_none() && !prefix.is_empty() && self.prefixes == Prefixes::Declared {
            return Err(Error::Namespace);
        }
        Ok(Name {
            namespace: namespace.cloned(),
            local,
        })
    }

    /// Closes the innermost element. The parser has checked that the names agree.
    fn end(&mut self) -> Result<Event<'b>, Error> {
        while self
            .bindings
            .last()
            .is_some_and(|binding| binding.depth >= self.depth)
        {
            self.bindings.pop();
        }
        self.depth = self.depth.checked_sub(1).ok_or(Error::Malformed)?;
        Ok(Event::End)
    }
}

/// The character that a reference stands for: one of the five named ones, or by number.
fn resolve(reference: &BytesRef<'_>) -> Result<String, Error> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) if is_char(character) => Ok(character.into()),
        Ok(Some(_)) | Err(_) => Err(Error::Character),
        Ok(None) => resolve_predefined_entity(reference)
            .map(Into::into)
            .ok_or(Error::DocumentType),
    }
}

/// Refuses an XML declaration of another version or encoding. ASCII is UTF-8 too.
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Error> {
    if !declaration
        .version()
        .is_ok_and(|version| version.starts_with("1."))
    {
        return Err(Error::Malformed);
    }
    let Some(encoding) = declaration.encoding() else {
        return Ok(());
    };
    let encoding = encoding.map_err(|_| Error::Malformed)?;
    let known = ["utf-8", "utf8", "us-ascii", "ascii"];
    if known.iter().any(|name| encoding.eq_ignore_ascii_case(name)) {
        Ok(())
    } else {
        Err(Error::Encoding)
    }
}

fn is_blank_char(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A text with its references replaced; `None` if one is unknown or names no character.
pub fn unescape(text: &str) -> Option<Cow<'_, str>> {
    quick_xml::escape::unescape(text).ok()
}

/// Whether a text is nothing but XML white space (XML 1.0 §2.3, production `S`).
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_blank_char)
}

/// Whether this may be a name with or without a prefix (Namespaces in XML 1.0 §4), taking any character beyond ASCII.
fn is_qualified_name(name: &str) -> bool {
    let (prefix, local) = QName(name).prefix().map_or(("a", name), |prefix| {
        (prefix.into_inner(), QName(name).local_name().into_inner())
    });
    [prefix, local].iter().all(|part| {
        let starts =
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii());
        starts
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') || !c.is_ascii())
    })
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
