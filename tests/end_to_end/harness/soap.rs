//! Actions of `ContentDirectory` and what they answer, as a control point sees it.

use quick_xml::escape::escape;

use super::{Element, Reply};

/// The arguments of a Browse; what is not changed asks for all direct children with everything known about them.
#[derive(Clone, Debug)]
pub(crate) struct Browse<'a> {
    /// The object to look at.
    pub(crate) id: &'a str,
    /// `BrowseDirectChildren` or `BrowseMetadata`.
    pub(crate) flag: &'a str,
    /// Comma-separated properties, or `*`.
    pub(crate) filter: &'a str,
    /// Children to leave out at the beginning.
    pub(crate) start: u32,
    /// Children wanted; 0: all.
    pub(crate) count: u32,
    /// Comma-separated properties, each after `+` or `-`.
    pub(crate) sort: &'a str,
}

impl<'a> Browse<'a> {
    /// All children of `id`.
    pub(crate) fn children(id: &'a str) -> Self {
        Self {
            id,
            flag: "BrowseDirectChildren",
            filter: "*",
            start: 0,
            count: 0,
            sort: "",
        }
    }

    /// `id` itself.
    pub(crate) fn metadata(id: &'a str) -> Self {
        Self {
            flag: "BrowseMetadata",
            ..Self::children(id)
        }
    }

    /// Arguments in the standard's order (CDS:1 §2.7.4.1).
    pub(crate) fn arguments(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ObjectID", self.id.to_owned()),
            ("BrowseFlag", self.flag.to_owned()),
            ("Filter", self.filter.to_owned()),
            ("StartingIndex", self.start.to_string()),
            ("RequestedCount", self.count.to_string()),
            ("SortCriteria", self.sort.to_owned()),
        ]
    }
}

/// What a Browse brings.
#[derive(Debug)]
pub(crate) struct Page {
    /// In the order given.
    pub(crate) objects: Vec<Object>,
    /// `TotalMatches`.
    pub(crate) total: usize,
    /// `UpdateID`.
    pub(crate) update: u32,
}

impl Page {
    /// Reads the out arguments; panics where `NumberReturned` lies.
    pub(crate) fn from_answer(answer: &Element) -> Self {
        let number = |name: &str| {
            answer
                .text_of(name)
                .unwrap_or_else(|| panic!("no {name}"))
                .trim()
                .to_owned()
        };
        let didl = Element::parse(answer.text_of("Result").expect("no Result"));
        assert_eq!(didl.name, "DIDL-Lite");
        let objects: Vec<_> = didl
            .children
            .into_iter()
            .map(Object::from_element)
            .collect();
        assert_eq!(
            number("NumberReturned"),
            objects.len().to_string(),
            "NumberReturned"
        );
        Self {
            objects,
            total: number("TotalMatches").parse().unwrap(),
            update: number("UpdateID").parse().unwrap(),
        }
    }

    /// The titles, in order.
    pub(crate) fn titles(&self) -> Vec<&str> {
        self.objects
            .iter()
            .map(|object| object.title.as_str())
            .collect()
    }

    /// The one object of this title.
    pub(crate) fn titled(&self, title: &str) -> &Object {
        let mut found = self.objects.iter().filter(|object| object.title == title);
        let object = found
            .next()
            .unwrap_or_else(|| panic!("no {title:?} among {:?}", self.titles()));
        assert!(found.next().is_none(), "{title:?} is there twice");
        object
    }
}

/// One object of DIDL-Lite.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// `@id`
    pub(crate) id: String,
    /// `@parentID`
    pub(crate) parent: String,
    /// `dc:title`
    pub(crate) title: String,
    /// `upnp:class`
    pub(crate) class: String,
    /// A container, not an item.
    pub(crate) is_container: bool,
    /// The whole element.
    pub(crate) element: Element,
}

impl Object {
    /// The first `res`.
    pub(crate) fn res(&self) -> &Element {
        self.element
            .child("res")
            .unwrap_or_else(|| panic!("no res in {self:?}"))
    }

    /// The target of the first `res` URL, without scheme and authority.
    pub(crate) fn target(&self) -> &str {
        target(&self.res().text)
    }

    fn from_element(element: Element) -> Self {
        let attribute = |name| {
            element
                .attribute(name)
                .unwrap_or_else(|| panic!("no @{name} in {element:?}"))
                .to_owned()
        };
        let text = |name| {
            element
                .text_of(name)
                .unwrap_or_else(|| panic!("no {name} in {element:?}"))
                .to_owned()
        };
        assert!(
            matches!(element.name.as_str(), "item" | "container"),
            "{element:?}"
        );
        Self {
            id: attribute("id"),
            parent: attribute("parentID"),
            title: text("title"),
            class: text("class"),
            is_container: element.name == "container",
            element,
        }
    }
}

/// A refusal: HTTP 500 with a `UPnPError` (UDA 1.0 §3.2.2).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `errorCode`
    pub(crate) code: u32,
}

/// Reads the reply to an action.
pub(crate) fn answer(reply: &Reply, action: &str) -> Result<Element, Fault> {
    let envelope = Element::parse(reply.text());
    let body = envelope.child("Body").expect("no Body");
    if let Some(fault) = body.child("Fault") {
        assert_eq!(reply.status, 500, "a fault with status {}", reply.status);
        assert_eq!(fault.text_of("faultstring"), Some("UPnPError"));
        let code = fault
            .find("errorCode")
            .expect("no errorCode")
            .text
            .trim()
            .parse()
            .unwrap();
        return Err(Fault { code });
    }
    assert_eq!(reply.status, 200, "{reply:?}");
    let answer = body.children.first().expect("an empty Body");
    assert_eq!(answer.name, format!("{action}Response"));
    Ok(answer.clone())
}

/// The body of an action.
pub(crate) fn envelope(service: &str, action: &str, arguments: &[(&str, String)]) -> String {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, value)| format!("<{name}>{}</{name}>", escape(value.as_str())))
        .collect();
    let arguments = arguments.concat();
    format!(
        "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:{action} xmlns:u=\"urn:schemas-upnp-org:service:{service}:1\">{arguments}</u:{action}></s:Body></s:Envelope>"
    )
}

/// The path of an absolute URL.
pub(crate) fn target(url: &str) -> &str {
    let rest = url
        .strip_prefix("http://")
        .unwrap_or_else(|| panic!("not an absolute URL: {url}"));
    &rest[rest.find('/').expect("a URL with a path")..]
}
