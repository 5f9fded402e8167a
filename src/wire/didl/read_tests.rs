use super::*;

const LISTING: &str = "<DIDL-Lite xmlns=\"urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/\" \
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:upnp=\"urn:schemas-upnp-org:metadata-1-0/upnp/\">\
    <container id=\"64\" parentID=\"0\" restricted=\"1\" childCount=\" 3 \"><dc:title>Films &amp; more</dc:title>\
    <upnp:class>object.container.storageFolder</upnp:class></container>\
    <item id=\"64$0\" parentID=\"64\"><dc:title>A &lt;b&gt;</dc:title><upnp:class>object.item.videoItem</upnp:class>\
    <dc:title>second</dc:title><sec:unbound>x</sec:unbound><desc><title>inner</title></desc>\
    <res size=\"5000000000\" duration=\"1:02:03.450\" protocolInfo=\"http-get:*:video/mp4:*\"> http://10.0.0.1/v </res>\
    <res protocolInfo=\"http-get:*:image/jpeg:*\" size=\"-1\"></res><res>http://10.0.0.1/w</res></item></DIDL-Lite>";

fn read(document: &str) -> Result<Vec<Object>, Error> {
    objects(document.as_bytes())
}

#[test]
fn containers_and_items_are_read() {
    let film = Resource {
        protocol_info: "http-get:*:video/mp4:*".into(),
        size: Some(5_000_000_000),
        duration: Some(Duration::from_millis(3_723_450)),
        url: "http://10.0.0.1/v".into(),
    };
    let other = Resource {
        url: "http://10.0.0.1/w".into(),
        ..Resource::default()
    };
    let expected = [
        Object {
            id: "64".into(),
            is_container: true,
            title: "Films & more".into(),
            class: "object.container.storageFolder".into(),
            child_count: Some(3),
            res: vec![],
        },
        Object {
            id: "64$0".into(),
            is_container: false,
            title: "A <b>".into(),
            class: "object.item.videoItem".into(),
            child_count: None,
            res: vec![film, other],
        },
    ];
    assert_eq!(read(LISTING).as_deref(), Ok(&expected[..]));
}

#[test]
fn every_prefix_is_refused() {
    for end in 0..LISTING.len() {
        assert!(read(&LISTING[..end]).is_err(), "{end}");
    }
}

#[test]
fn what_the_writers_write_is_read() {
    use crate::wire::{criteria::Filter, didl, soap};
    let mut bytes = Vec::new();
    soap::browse_head(&mut bytes, "urn:x", "Browse");
    didl::open(&mut bytes, true);
    didl::Container {
        id: "1<&",
        parent_id: "0",
        title: "T & <\u{e9}>",
        class: "object.container",
        child_count: 7,
        ..didl::Container::default()
    }
    .write(&mut bytes, Filter::ALL);
    didl::close(&mut bytes);
    soap::browse_tail(&mut bytes, "Browse", 1, 1, 1);
    let reply = soap::reply::Reply::parse(&bytes, "Browse").unwrap();
    let listed = read(reply.argument("Result").unwrap()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&*listed[0].id, &*listed[0].title), ("1<&", "T & <\u{e9}>"));
    assert_eq!(listed[0].child_count, Some(7));
}

#[test]
fn objects_without_an_id_and_elements_of_other_kinds_are_passed_over() {
    for empty in [
        "<DIDL-Lite/>",
        "<html><body><p>x</p></body></html>",
        "<d><item/><item id=''><title>x</title></item><other id='1'/></d>",
        "<item id='1'/>",
    ] {
        assert_eq!(read(empty), Ok(vec![]), "{empty}");
    }
    assert!(read("<!DOCTYPE d [<!ENTITY a 'b'>]><d/>").is_err());
}

#[test]
fn what_has_no_end_is_cut_or_dropped() {
    let long = "\u{97f3}".repeat(3000);
    let item =
        format!("<item id='1'><title>{long}</title><res>{long}</res></item><item id='{long}'/>");
    let listed = read(&format!("<d>{item}</d>")).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].title.len(), listed[0].res.len()), (1023, 0));
    let many = read(&format!("<d>{}</d>", "<item id='1'/>".repeat(10_000))).unwrap();
    assert_eq!(many.len(), OBJECTS);
    let res = "<res>u</res>".repeat(100);
    let listed = read(&format!("<d><item id='1'>{res}</item></d>")).unwrap();
    assert_eq!(listed[0].res.len(), RES);
}

#[test]
fn durations_are_read_in_the_forms_of_the_standard() {
    for (text, millis) in [
        ("0:00:00", Some(0)),
        ("01:02:03", Some(3_723_000)),
        ("0:00:01.5", Some(1500)),
        ("0:00:01.05", Some(1050)),
        ("0:00:01.0501234", Some(1050)),
        ("0:00:01.1/3", Some(1000)),
        ("100:00:00", Some(360_000_000)),
        ("", None),
        ("1:2", None),
        ("0:60:00", None),
        ("0:00:60", None),
        ("0:00:00:00", None),
        ("-1:00:00", None),
        ("99999999999:00:00", None),
        ("0:00:01.\u{97f3}", Some(1000)),
    ] {
        let expected = millis.map(Duration::from_millis);
        assert_eq!(duration(text), expected, "{text}");
    }
}
