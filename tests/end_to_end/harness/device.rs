//! A kind of device: the fields that each of its requests has. What it gets is read as the strictest of them does.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::{PrefixDeclaration, ResolveResult};

use super::{
    Browse, Connection, Element, FAR, Library, NEAR, Object, Page, Reply, Rill, Side, envelope,
    jpeg, mp3_titled, mp4, png,
};

/// Somebody who asks: an address, and the fields that each request has.
pub(crate) struct Device<'r> {
    rill: &'r Rill,
    pub(crate) side: Side,
    fields: Vec<(&'static str, &'static str)>,
    /// All that is not ASCII comes as numeric references.
    pub(crate) ascii: bool,
}

impl<'r> Device<'r> {
    /// Who says this in User-Agent.
    pub(crate) fn agent(rill: &'r Rill, agent: &'static str) -> Self {
        Self::new(rill, &[("User-Agent", agent)])
    }

    pub(crate) fn new(rill: &'r Rill, fields: &[(&'static str, &'static str)]) -> Self {
        Self {
            rill,
            side: NEAR,
            fields: fields.to_vec(),
            ascii: false,
        }
    }

    /// Who says nothing, at another address.
    pub(crate) fn plain(rill: &'r Rill) -> Self {
        Self {
            side: FAR,
            ..Self::new(rill, &[])
        }
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        more: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut connection =
            Connection::open(self.rill.network(), self.side, Rill::address(self.side));
        let host = Rill::address(self.side).to_string();
        let mut fields: Vec<(&str, &str)> = vec![("Host", &host), ("Connection", "close")];
        fields.extend(&self.fields);
        fields.extend(more);
        connection.send(&Rill::request_bytes(method, target, &fields, body));
        let reply = if method == "HEAD" {
            connection.head()
        } else {
            connection.reply()
        };
        reply.unwrap_or_else(|| panic!("no reply to {method} {target}"))
    }

    pub(crate) fn get(&self, target: &str, more: &[(&str, &str)]) -> Reply {
        self.ask("GET", target, more, b"")
    }

    pub(crate) fn document(&self, target: &str) -> String {
        let reply = self.get(target, &[]);
        assert_eq!(reply.status, 200, "{target}");
        assert_eq!(reply.length(), Some(reply.body.len() as u64));
        self.strict(reply.text());
        reply.text().to_owned()
    }

    pub(crate) fn post(&self, service: &str, action: &str, body: &str) -> Reply {
        let kind = service_type(service);
        let action = format!("\"{kind}#{action}\"");
        let fields = [
            ("Content-Type", "text/xml; charset=\"utf-8\""),
            ("SOAPACTION", action.as_str()),
        ];
        self.ask(
            "POST",
            &format!("/control/{service}"),
            &fields,
            body.as_bytes(),
        )
    }

    /// An action with these arguments.
    pub(crate) fn ask_for(
        &self,
        service: &str,
        action: &str,
        arguments: &[(&str, String)],
    ) -> Reply {
        let body = envelope(service, action, arguments);
        let body = body.replace(
            &format!("urn:schemas-upnp-org:service:{service}:1"),
            &service_type(service),
        );
        self.post(service, action, &body)
    }

    /// An action of `ContentDirectory`, as [`Self::act`].
    pub(crate) fn call(&self, action: &str, arguments: &[(&str, String)]) -> Element {
        self.act("ContentDirectory", action, arguments)
    }

    /// An action; its out-arguments stand in the order of the service description.
    pub(crate) fn act(&self, service: &str, action: &str, arguments: &[(&str, String)]) -> Element {
        let reply = self.ask_for(service, action, arguments);
        assert_eq!(reply.status, 200, "{action}: {}", reply.text());
        self.strict(reply.text());
        let answer = Element::parse(reply.text());
        let answer = answer.child("Body").unwrap().children[0].clone();
        assert_eq!(answer.name, format!("{action}Response"));
        let given: Vec<_> = answer
            .children
            .iter()
            .map(|child| child.name.clone())
            .collect();
        assert_eq!(given, self.out_arguments(service, action), "{action}");
        answer
    }

    /// The out-arguments of an action in the order of the service description.
    pub(crate) fn out_arguments(&self, service: &str, action: &str) -> Vec<String> {
        let scpd = Element::parse(&self.document(&format!("/scpd/{service}.xml")));
        let described = scpd.all("action");
        let described = described.iter().find(|a| a.text_of("name") == Some(action));
        let described = described.unwrap_or_else(|| panic!("{action} is not described"));
        let all = described.all("argument");
        let out = all
            .into_iter()
            .filter(|argument| argument.text_of("direction") == Some("out"));
        out.map(|argument| argument.text_of("name").unwrap().to_owned())
            .collect()
    }

    pub(crate) fn browse(&self, browse: &Browse<'_>) -> Page {
        let answer = self.call("Browse", &browse.arguments());
        self.strict(answer.text_of("Result").unwrap());
        Page::from_answer(&answer)
    }

    pub(crate) fn children(&self, id: &str) -> Page {
        self.browse(&Browse::children(id))
    }

    /// The one item whose own file has this name, by its first res.
    pub(crate) fn item(&self, title: &str, extension: &str) -> Object {
        let mut page = self.children("0").objects;
        page.retain(|object| {
            !object.is_container
                && object.title.starts_with(title)
                && object
                    .element
                    .all("res")
                    .iter()
                    .any(|res| res.text.ends_with(extension))
        });
        assert_eq!(page.len(), 1, "{title}{extension}");
        page.remove(0)
    }

    /// Well-formed with namespaces, no prefix undeclared, entities by name alone (unless letters must be numbers).
    pub(crate) fn strict(&self, document: &str) {
        assert!(!document.starts_with('\u{FEFF}') && !document.contains("<!DOCTYPE"));
        if !self.ascii {
            assert!(!document.contains("&#"), "a numeric reference: {document}");
        }
        let mut reader = NsReader::from_str(document);
        loop {
            match reader
                .read_event()
                .unwrap_or_else(|error| panic!("{error}: {document}"))
            {
                Event::Start(element) | Event::Empty(element) => {
                    let resolver = reader.resolver();
                    let (namespace, _) = resolver.resolve_element(element.name());
                    assert!(
                        !matches!(namespace, ResolveResult::Unknown(_)),
                        "{element:?}: {document}"
                    );
                    for attribute in element.attributes() {
                        let key = attribute
                            .unwrap_or_else(|error| panic!("{error}: {document}"))
                            .key;
                        if matches!(
                            key.as_namespace_binding(),
                            Some(PrefixDeclaration::Named(_) | PrefixDeclaration::Default)
                        ) {
                            continue;
                        }
                        let (namespace, _) = resolver.resolve_attribute(key);
                        assert!(
                            !matches!(namespace, ResolveResult::Unknown(_)),
                            "{key:?}: {document}"
                        );
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
    }
}

/// `urn:…:service:…:1`, in the name space that the service has.
fn service_type(service: &str) -> String {
    let domain = if service.starts_with("X_MS_") {
        "microsoft.com"
    } else {
        "schemas-upnp-org"
    };
    format!("urn:{domain}:service:{service}:1")
}

pub(crate) const SRT: &[u8] = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n";

/// Something for each kind of device to be particular about.
pub(crate) fn library() -> Library {
    let library = Library::empty()
        .with("film.mkv", b"not looked into")
        .with("home.avi", b"not looked into")
        .with("show.ts", &packets())
        .with(
            "Caf\u{e9}'s 10: a/b.mp4".replace('/', "_"),
            &mp4(3725, 640, 360, b"film"),
        )
        .with("song.wav", b"not looked into")
        .with("tune.mp3", &mp3_titled("Tune", 40))
        .with("photo.jpg", &jpeg(1024, 768))
        .with("drawing.png", &png(200, 200));
    library.write("film.srt", SRT);
    library.write("film.de.srt", SRT);
    library
}

/// Ten packets of a transport stream, of nothing.
pub(crate) fn packets() -> Vec<u8> {
    let mut packet = vec![0x47, 0x1F, 0xFF, 0x10];
    packet.resize(188, 0xFF);
    packet.repeat(10)
}

/// That, served.
pub(crate) fn serve() -> Option<(Rill, Library)> {
    let library = library();
    let rill = Rill::serving(&library)?;
    Some((rill, library))
}

/// Media type and profile of each res.
pub(crate) fn res(object: &Object) -> Vec<(String, String)> {
    let all = object.element.all("res");
    let info = |res: &&Element| {
        let info = res.attribute("protocolInfo").unwrap();
        let kind = info.split(':').nth(2).unwrap().to_owned();
        let profile = info
            .split("DLNA.ORG_PN=")
            .nth(1)
            .map_or("", |rest| rest.split(';').next().unwrap());
        (kind, profile.to_owned())
    };
    all.iter().map(info).collect()
}

/// Televisions look at the end of the URL.
pub(crate) fn is_subtitle(element: &Element) -> bool {
    element.text.rsplit('.').next() == Some("srt")
}

/// The media type of each res.
pub(crate) fn kinds(object: &Object) -> Vec<String> {
    res(object).into_iter().map(|(kind, _)| kind).collect()
}
