use super::*;
use crate::wire::xml::write::Counter;

const CDS: &str = "urn:schemas-upnp-org:service:ContentDirectory:1";

/// As gupnp-av-cp sends it.
const GUPNP: &str = "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
    s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
    <u:Browse xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\">\
    <ObjectID>0</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag><Filter>@childCount</Filter>\
    <StartingIndex>0</StartingIndex><RequestedCount>64</RequestedCount>\
    <SortCriteria>+upnp:class,+dc:title</SortCriteria></u:Browse></s:Body></s:Envelope>";

/// As VLC 3.0 (libupnp) sends it: no declaration, line ends between arguments and at the end.
const VLC: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
    s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\n\
    <s:Body><u:Browse xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\">\
    <ObjectID>0</ObjectID>\r\n<BrowseFlag>BrowseDirectChildren</BrowseFlag>\r\n<Filter>*</Filter>\r\n\
    <StartingIndex>0</StartingIndex>\r\n<RequestedCount>5000</RequestedCount>\r\n<SortCriteria></SortCriteria>\r\n\
    </u:Browse></s:Body>\n</s:Envelope>\n";

fn call(body: &str) -> Result<Call<'_>, Error> {
    Call::parse(body.as_bytes())
}

/// An envelope around the content of `<u:Browse>`.
fn browse(arguments: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{ENVELOPE}'><s:Body><u:Browse xmlns:u='{CDS}'>{arguments}</u:Browse></s:Body></s:Envelope>"
    )
}

#[test]
fn real_clients_are_understood() {
    let gupnp = call(GUPNP).unwrap();
    assert_eq!((&*gupnp.service_type, gupnp.action), (CDS, "Browse"));
    assert_eq!(gupnp.arguments.len(), 6);
    assert_eq!(
        gupnp.argument("SortCriteria"),
        Some("+upnp:class,+dc:title")
    );
    assert_eq!(gupnp.ui4("RequestedCount"), Ok(64));
    // Nothing is copied for a call without references.
    assert!(matches!(gupnp.arguments[0].value, Cow::Borrowed("0")));
    assert!(matches!(gupnp.service_type, Cow::Borrowed(_)));

    let vlc = call(VLC).unwrap();
    assert_eq!(
        (vlc.argument("Filter"), vlc.argument("SortCriteria")),
        (Some("*"), Some(""))
    );
    assert_eq!(vlc.ui4("RequestedCount"), Ok(5000));
}

#[test]
fn every_prefix_of_a_call_is_refused() {
    for end in 0..GUPNP.len() {
        assert!(
            matches!(Call::parse(&GUPNP.as_bytes()[..end]), Err(Error::Xml(_))),
            "{end}"
        );
    }
}

#[test]
fn namespaces_count_and_prefixes_do_not() {
    let cases = [
        format!(
            "<SOAP-ENV:Envelope xmlns:SOAP-ENV='{ENVELOPE}'><SOAP-ENV:Body><z:Browse xmlns:z='{CDS}'><ObjectID>0</ObjectID></z:Browse></SOAP-ENV:Body></SOAP-ENV:Envelope>"
        ),
        format!(
            "<Envelope xmlns='{ENVELOPE}'><Body><Browse xmlns='{CDS}'><ObjectID xmlns=''>0</ObjectID></Browse></Body></Envelope>"
        ),
        format!(
            "<s:Envelope xmlns:s='{ENVELOPE}'><s:Body><Browse xmlns='{CDS}'><ObjectID>0</ObjectID></Browse></s:Body></s:Envelope>"
        ),
        format!(
            "<s:Envelope xmlns:s='{ENVELOPE}' xmlns:u='{CDS}'><s:Body><u:Browse><u:ObjectID>0</u:ObjectID></u:Browse></s:Body></s:Envelope>"
        ),
        format!(
            "<s:Envelope xmlns:s='{ENVELOPE}'><s:Header><x><y>z</y></x></s:Header><s:Body><u:Browse xmlns:u='{CDS}'><ObjectID>0</ObjectID></u:Browse></s:Body></s:Envelope>"
        ),
        browse(
            "<ObjectID xmlns:dt='urn:schemas-microsoft-com:datatypes' dt:dt='string'>0</ObjectID>",
        ),
        browse("<x:ObjectID xmlns:x='other'><a/>1</x:ObjectID><ObjectID>0</ObjectID>"),
        browse("\r\n\t <!-- c --><?pi?> <ObjectID><![CDATA[0]]></ObjectID>\r\n"),
        browse("<ObjectID>&#x30;</ObjectID><ObjectID>1</ObjectID>"),
        browse("text<ObjectID><!-- c -->0<!-- c --></ObjectID>"),
    ];
    for body in &cases {
        let call = call(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert_eq!((&*call.service_type, call.action), (CDS, "Browse"));
        assert_eq!(call.arguments.len(), 1, "{body}");
        assert_eq!(call.argument("ObjectID"), Some("0"), "{body}");
    }
}

#[test]
fn arguments_are_decoded() {
    let body = browse("<ObjectID>a&amp;b &lt;<![CDATA[<&amp;>]]>&#233;</ObjectID><Filter/>");
    let call = call(&body).unwrap();
    assert_eq!(call.argument("ObjectID"), Some("a&b <<&amp;>\u{e9}"));
    assert_eq!(call.argument("Filter"), Some(""));
    assert_eq!(call.argument("filter"), None);
    assert_eq!(call.required("SortCriteria"), Err(UpnpError::InvalidArgs));
}

#[test]
fn what_is_no_call_is_refused() {
    let in_body = |inside: &str| {
        format!("<s:Envelope xmlns:s='{ENVELOPE}'><s:Body>{inside}</s:Body></s:Envelope>")
    };
    let action = format!("<u:A xmlns:u='{CDS}'/>");
    for body in [
        "<a/>".into(),
        format!("<s:Envelope xmlns:s='{ENVELOPE}'/>"),
        format!("<s:Envelope xmlns:s='{ENVELOPE}'><s:Header/></s:Envelope>"),
        // SOAP 1.2 is another protocol.
        format!(
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>{action}</s:Body></s:Envelope>"
        ),
        format!("<s:Envelope xmlns:s='{ENVELOPE}'><Body>{action}</Body></s:Envelope>"),
        format!(
            "<s:Envelope xmlns:s='{ENVELOPE}'><s:Body>{action}</s:Body><s:Body>{action}</s:Body></s:Envelope>"
        ),
        in_body(""),
        in_body("text"),
        in_body("<A/>"),
        in_body(&format!("{action}{action}")),
    ] {
        assert_eq!(call(&body), Err(Error::NotACall), "{body}");
    }
    for body in [
        "",
        "hello",
        &(GUPNP.to_owned() + "<x/>"),
        &GUPNP.replace("</s:Body>", "</s:Bodx>"),
    ] {
        assert_eq!(
            call(body),
            Err(Error::Xml(read::Error::Malformed)),
            "{body}"
        );
    }
    let laughs = GUPNP.replace(
        "?>",
        "?><!DOCTYPE l [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>",
    );
    assert_eq!(call(&laughs), Err(Error::Xml(read::Error::DocumentType)));
}

#[test]
fn arguments_are_bounded() {
    let many = |count: usize| {
        browse(
            &(0..count)
                .map(|n| format!("<a{n}/>"))
                .collect::<Vec<_>>()
                .concat(),
        )
    };
    assert_eq!(
        call(&many(limits::SOAP_ARGUMENTS)).unwrap().arguments.len(),
        limits::SOAP_ARGUMENTS
    );
    assert_eq!(
        call(&many(limits::SOAP_ARGUMENTS + 1)),
        Err(Error::Arguments)
    );
    assert_eq!(
        call(&browse("<ObjectID><b>0</b></ObjectID>")),
        Err(Error::Arguments)
    );
    // One name many times is one argument.
    assert_eq!(
        call(&browse(&"<a/>".repeat(5000))).unwrap().arguments.len(),
        1
    );
}

#[test]
fn numbers_are_read_strictly() {
    let numbers = |text: &str| {
        let body = browse(&format!("<N>{text}</N>"));
        let call = call(&body).unwrap();
        (call.ui4("N").ok(), call.i4("N").ok())
    };
    assert_eq!(numbers("0"), (Some(0), Some(0)));
    assert_eq!(numbers(" \r\n007\t"), (Some(7), Some(7)));
    assert_eq!(numbers("4294967295"), (Some(u32::MAX), None));
    assert_eq!(numbers("-1"), (None, Some(-1)));
    for bad in [
        "",
        " ",
        "abc",
        "1x",
        "1 2",
        "4294967296",
        "99999999999999999999",
        "0x10",
        "1.0",
        "\u{661}",
    ] {
        assert_eq!(numbers(bad), (None, None), "{bad}");
    }
    assert_eq!(numbers("+1").0, None);
    assert_eq!(
        call(GUPNP).unwrap().ui4("NoSuch"),
        Err(UpnpError::InvalidArgs)
    );
}

#[test]
fn soapaction_is_read_with_and_without_quotes() {
    let wanted = SoapAction {
        service_type: CDS,
        action: "Browse",
    };
    for field in [
        "\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"",
        "urn:schemas-upnp-org:service:ContentDirectory:1#Browse",
        " \t\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\" ",
    ] {
        assert_eq!(SoapAction::parse(field.as_bytes()), Some(wanted), "{field}");
    }
    for bad in [
        "",
        "\"\"",
        "#",
        "\"#\"",
        "urn:x",
        "urn:x#",
        "#Browse",
        "\"urn:x#B",
        "urn:x#B\"",
        "urn x#B",
        "urn:x#B\u{e9}",
    ] {
        assert_eq!(SoapAction::parse(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(SoapAction::parse(b"urn:x#\xff"), None);

    let call = call(GUPNP).unwrap();
    assert!(wanted.agrees(&call));
    assert!(
        !SoapAction::parse(b"urn:schemas-upnp-org:service:ContentDirectory:1#Search")
            .unwrap()
            .agrees(&call)
    );
    assert!(
        !SoapAction::parse(b"urn:schemas-upnp-org:service:ContentDirectory:2#Browse")
            .unwrap()
            .agrees(&call)
    );
}

#[test]
fn fault_has_this_text() {
    let wanted = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
        s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><s:Fault>\
        <faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>\
        <UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\"><errorCode>709</errorCode>\
        <errorDescription>Unsupported or invalid sort criteria</errorDescription></UPnPError>\
        </detail></s:Fault></s:Body></s:Envelope>";
    assert_eq!(
        String::from_utf8(fault(UpnpError::SortCriteria)).unwrap(),
        wanted
    );
}

#[test]
fn reply_has_this_text_and_is_read_again() {
    let cm = "urn:schemas-upnp-org:service:ConnectionManager:1";
    let bytes = reply(
        cm,
        "GetProtocolInfo",
        &[("Source", "a<b>&\"c\""), ("Sink", "")],
    );
    let wanted = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
        s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
        <u:GetProtocolInfoResponse xmlns:u=\"urn:schemas-upnp-org:service:ConnectionManager:1\">\
        <Source>a&lt;b&gt;&amp;&quot;c&quot;</Source><Sink></Sink>\
        </u:GetProtocolInfoResponse></s:Body></s:Envelope>";
    assert_eq!(std::str::from_utf8(&bytes).unwrap(), wanted);
    let call = Call::parse(&bytes).unwrap();
    assert_eq!(
        (&*call.service_type, call.action),
        (cm, "GetProtocolInfoResponse")
    );
    assert_eq!(
        (call.argument("Source"), call.argument("Sink")),
        (Some("a<b>&\"c\""), Some(""))
    );
}

#[test]
fn streamed_listing_is_the_same_as_a_reply() {
    let mut bytes = Vec::new();
    let mut counter = Counter::default();
    browse_head(&mut bytes, CDS, "Browse");
    browse_head(&mut counter, CDS, "Browse");
    write::text_once(&mut bytes, "<DIDL-Lite/>");
    write::text_once(&mut counter, "<DIDL-Lite/>");
    browse_tail(&mut bytes, "Browse", 3, 5000, u32::MAX);
    browse_tail(&mut counter, "Browse", 3, 5000, u32::MAX);
    let arguments = [
        ("Result", "<DIDL-Lite/>"),
        ("NumberReturned", "3"),
        ("TotalMatches", "5000"),
        ("UpdateID", "4294967295"),
    ];
    assert_eq!(bytes, reply(CDS, "Browse", &arguments));
    assert_eq!(counter.0, bytes.len() as u64);
}
