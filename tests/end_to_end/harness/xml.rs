//! A document as a small tree, strict about everything a control point would trip over.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// One element; names without their prefixes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    /// Local name.
    pub(crate) name: String,
    /// Qualified names as written, and values.
    pub(crate) attributes: Vec<(String, String)>,
    /// Elements inside, in order.
    pub(crate) children: Vec<Element>,
    /// The character data directly inside.
    pub(crate) text: String,
}

impl Element {
    /// Reads a whole document; panics where it is not well-formed or holds a character XML 1.0 forbids.
    pub(crate) fn parse(document: &str) -> Self {
        if let Some(bad) = document.chars().find(|c| !allowed(*c)) {
            panic!("{bad:?} is not allowed in XML: {document:?}");
        }
        let mut reader = Reader::from_str(document);
        let mut open = vec![Self::default()];
        loop {
            match reader
                .read_event()
                .unwrap_or_else(|error| panic!("{error}: {document}"))
            {
                Event::Start(start) => open.push(Self::from_start(&start)),
                Event::Empty(start) => open
                    .last_mut()
                    .unwrap()
                    .children
                    .push(Self::from_start(&start)),
                Event::End(_) => {
                    let done = open.pop().unwrap();
                    open.last_mut()
                        .expect("more ends than starts")
                        .children
                        .push(done);
                }
                Event::Text(text) => open
                    .last_mut()
                    .unwrap()
                    .text
                    .push_str(&text.xml10_content()),
                Event::CData(text) => open
                    .last_mut()
                    .unwrap()
                    .text
                    .push_str(&text.xml10_content()),
                Event::GeneralRef(name) => open.last_mut().unwrap().text.push_str(&resolved(&name)),
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::DocType(_) => panic!("a DTD: {document}"),
            }
        }
        assert_eq!(open.len(), 1, "an element is not closed: {document}");
        let mut root = open.pop().unwrap();
        assert_eq!(root.children.len(), 1, "not one root element: {document}");
        root.children.remove(0)
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of this name anywhere inside.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        self.all(name).into_iter().next()
    }

    /// Every element of this name anywhere inside, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            found.extend(child.all(name));
        }
        found
    }

    /// The text of the first child of this name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// The value of an attribute, by its name as written.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn from_start(start: &BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
            (attribute.key.into_inner().to_owned(), value.into_owned())
        });
        Self {
            name: start.local_name().into_inner().to_owned(),
            attributes: attributes.collect(),
            ..Self::default()
        }
    }
}

/// What a reference stands for: a character, or one of the five entities XML itself defines.
fn resolved(name: &BytesRef<'_>) -> String {
    if let Some(character) = name.resolve_char_ref().unwrap() {
        assert!(allowed(character), "{character:?} is not allowed in XML");
        return character.to_string();
    }
    let known = resolve_predefined_entity(name);
    known
        .unwrap_or_else(|| panic!("&{name:?}; is unknown"))
        .to_owned()
}

/// XML 1.0 §2.2.
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}
