use super::*;

/// The whole document as one line: `{ns}name(` … `)` and text as it is.
fn read(document: impl AsRef<[u8]>) -> Result<String, Error> {
    let mut reader = Reader::new(document.as_ref())?;
    let mut line = String::new();
    while let Some(event) = reader.next_event()? {
        match event {
            Event::Start(name) => {
                if let Some(namespace) = name.namespace {
                    line.extend(["{", &namespace, "}"]);
                }
                line += name.local;
                line.push('(');
            }
            Event::Text(text) => line += &text,
            Event::End => line.push(')'),
        }
    }
    Ok(line)
}

#[test]
fn prefixes_and_default_namespaces_are_resolved() {
    let cases = [
        ("<a/>", "a()"),
        ("<p:a xmlns:p='u'><b/></p:a>", "{u}a(b())"),
        (
            "<a xmlns='u'><b/><c xmlns=''><d/></c></a>",
            "{u}a({u}b()c(d()))",
        ),
        // The inner declaration hides the outer one and ends with its element.
        (
            "<p:a xmlns:p='u'><p:b xmlns:p='v'/><p:c/></p:a>",
            "{u}a({v}b(){u}c())",
        ),
        // Declarations hold for the element that carries them, whatever the order of its attributes.
        ("<p:a x='1' p:y='2' xmlns:p='u'/>", "{u}a()"),
        ("<a xmlns='u&#58;v'/>", "{u:v}a()"),
        (
            "<a xml:lang='en' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
            "a()",
        ),
    ];
    for (document, wanted) in cases {
        assert_eq!(read(document).as_deref(), Ok(wanted), "{document}");
    }
}

#[test]
fn text_is_decoded() {
    let cases = [
        ("<a>&lt;&gt;&amp;&quot;&apos;</a>", "a(<>&\"')"),
        ("<a>&#48;&#x1F600;&#x0a;</a>", "a(0😀\n)"),
        (
            "<a>x<![CDATA[<&amp;]]]]><![CDATA[>]]>y</a>",
            "a(x<&amp;]]>y)",
        ),
        (
            "<a>1\r\n2\r3<!-- & <no> -->4<?pi <no>?>5</a>",
            "a(1\n2\n345)",
        ),
        ("<a>\u{e9}\u{97f3}</a >", "a(\u{e9}\u{97f3})"),
    ];
    for (document, wanted) in cases {
        assert_eq!(read(document).as_deref(), Ok(wanted), "{document}");
    }
}

#[test]
fn only_comments_instructions_and_blanks_stand_outside_the_root() {
    for good in [
        "<?xml version='1.0'?><a/>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<!-- c --><a/><?p?>\r\n\r\n<!---->\t",
        "<?xml version='1.0' encoding='us-ascii'?><a/>",
        "\u{FEFF}<?xml version='1.0' encoding='utf-8'?><a></a>",
        "\u{FEFF}<a/>",
        " \n<a/>",
    ] {
        assert_eq!(read(good).as_deref(), Ok("a()"), "{good}");
    }
    for bad in [
        "",
        " ",
        "hello",
        "<!-- -->",
        "<?xml version='1.0'?>",
        "x<a/>",
        "<a/>x",
        "<a/><b/>",
        "<a/><a>",
        "<a/>&amp;",
        "&#32;<a/>",
        "<a/><![CDATA[]]>",
        " <?xml version='1.0'?><a/>",
        "<a><?xml version='1.0'?></a>",
        "<a/><?XML x?>",
        "<?xml?><a/>",
        "<?xml version='2.0'?><a/>",
        "\u{FEFF}\u{FEFF}<a/>",
    ] {
        assert_eq!(read(bad), Err(Error::Malformed), "{bad}");
    }
}

#[test]
fn malformed_tags_are_refused() {
    for bad in [
        "<a></b>",
        "<a><b></a></b>",
        "</a>",
        "<a></a></a>",
        "<a",
        "<a b",
        "<a b='",
        "<a b='1' b='2'/>",
        "<a b=1/>",
        "<a b/>",
        "<1a/>",
        "<-a/>",
        "<a<b/>",
        "<a,b/>",
        "< a/>",
        "<>",
        "</>",
        "<a:b:c/>",
        "<:a/>",
        "<a:/>",
        "<a 1b='x'/>",
        "<a b='<'/>",
        "<a b='&x;'/>",
        "<a><![CDATA[</a>",
        "<a><!-- </a>",
        "<a><!x></a>",
        "<a>&amp</a>",
        "<a>& </a>",
        "<a/",
    ] {
        let result = read(bad);
        assert!(matches!(result, Err(Error::Malformed)), "{bad} {result:?}");
    }
}

#[test]
fn undeclared_and_forbidden_prefixes_are_refused() {
    for bad in [
        "<a xmlns:xml='u'/>",
        "<p:a/>",
        "<a><b xmlns:p='u'/><p:c/></a>",
        "<a xmlns:p=''/>",
        "<a xmlns:xmlns='u'/>",
    ] {
        assert_eq!(read(bad), Err(Error::Namespace), "{bad}");
    }
}

#[test]
fn document_types_and_entities_of_their_own_are_refused() {
    for bad in [
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
        "<!DOCTYPE a SYSTEM 'http://10.0.0.1/x.dtd'><a/>",
        "<a>&e;</a>",
        "<a>&AMP;</a>",
        "<a>&nbsp;</a>",
    ] {
        assert_eq!(read(bad), Err(Error::DocumentType), "{bad}");
    }
    for bad in [
        "<!ENTITY e 'x'><a/>",
        "<a><!DOCTYPE",
        "<!DOCTYPE a [<!ENTITY e 'x'>",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn bad_characters_are_refused_plain_and_by_reference() {
    for bad in [
        "<a>\0</a>",
        "<a>\u{1}</a>",
        "<a b='\u{8}'/>",
        "<a>\u{FFFE}</a>",
        "<a/>\0",
        "<a>&#0;</a>",
        "<a>&#x8;</a>",
        "<a>&#xFFFF;</a>",
        "<a>&#xD800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#99999999999;</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#-1;</a>",
        "<a>&#+49;</a>",
        "<a b='&#1;'/>",
    ] {
        assert_eq!(read(bad), Err(Error::Character), "{bad:?}");
    }
}

#[test]
fn other_encodings_are_refused() {
    let utf16: Vec<u8> = "\u{FEFF}<a/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bad in [
        &b"<a>\xff\xfe</a>"[..],
        b"<a>\xc0\x80</a>",
        b"<a>\xed\xa0\x80</a>",
        &utf16,
        b"\xfe\xff\0<\0a",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        b"<?xml version='1.0' encoding='utf-16'?><a/>",
    ] {
        assert_eq!(read(bad), Err(Error::Encoding), "{bad:?}");
    }
    assert_eq!(read(b"<\0a\0/\0>\0"), Err(Error::Character));
}

#[test]
fn depth_and_attributes_are_bounded() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(read(nested(limits::XML_DEPTH)).is_ok());
    assert_eq!(read(nested(limits::XML_DEPTH + 1)), Err(Error::TooDeep));
    assert_eq!(read("<a>".repeat(100_000)), Err(Error::TooDeep));
    assert_eq!(read("<a xmlns:p='u'>".repeat(100_000)), Err(Error::TooDeep));

    let attributes = |count: usize| {
        let list: Vec<_> = (0..count).map(|n| format!("a{n}=''")).collect();
        format!("<a {}/>", list.join(" "))
    };
    assert!(read(attributes(limits::XML_ATTRIBUTES)).is_ok());
    assert_eq!(
        read(attributes(limits::XML_ATTRIBUTES + 1)),
        Err(Error::TooManyAttributes)
    );
    assert_eq!(read(attributes(100_000)), Err(Error::TooManyAttributes));
    let three = "<a xmlns:p='u' xmlns:q='u' xmlns:r='u'>".repeat(30);
    assert_eq!(read(three), Err(Error::TooManyAttributes));
    // Declarations that have ended make room again.
    let many = format!("<a>{}</a>", "<b xmlns='u'/>".repeat(1000));
    assert!(read(many).is_ok());
}

#[test]
fn every_prefix_of_a_good_document_is_refused() {
    let whole = "<?xml version='1.0'?><p:a xmlns:p='u' q=\"1\"><!-- c --><b>x&amp;<![CDATA[y]]>\u{e9}</b><?z?><c/></p:a>";
    assert_eq!(read(whole).as_deref(), Ok("{u}a(b(x&y\u{e9})c())"));
    for end in 0..whole.len() {
        assert!(read(&whole.as_bytes()[..end]).is_err(), "{end}");
    }
    // One byte changed at a time: any answer but a panic or a loop.
    for at in 0..whole.len() {
        for byte in *b"<>&;:'\"/!?]-= \0\xff" {
            let mut changed = whole.as_bytes().to_vec();
            changed[at] = byte;
            let _ = read(changed);
        }
    }
}

#[test]
fn attributes_of_the_element_just_begun_can_be_asked_for() {
    let document = b"<a id='1 &amp; 2' x:id='3' xmlns:x='u'><b\n size = \"4\"/>t<c/></a>";
    let mut reader = Reader::new(document).unwrap();
    assert_eq!(reader.attribute_value("id"), None);
    reader.next_event().unwrap();
    assert_eq!(reader.attribute_value("id").as_deref(), Some("1 & 2"));
    assert_eq!(reader.attribute_value("x"), None);
    assert_eq!(reader.attribute_value("size"), None);
    reader.next_event().unwrap();
    assert_eq!(reader.attribute_value("size").as_deref(), Some("4"));
    assert_eq!(reader.attribute_value("id"), None);
    while !matches!(reader.next_event(), Ok(Some(Event::Start(_)))) {}
    assert_eq!(reader.attribute_value("size"), None);
}

#[test]
fn undeclared_prefixes_are_forgiven_where_that_was_asked_for_and_nothing_else_is() {
    let mut reader = Reader::lenient(b"<a><sec:b/></a>").unwrap();
    reader.next_event().unwrap();
    let Ok(Some(Event::Start(name))) = reader.next_event() else {
        panic!("no element");
    };
    assert_eq!((name.namespace, name.local), (None, "b"));
    for (bad, error) in [
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", Error::DocumentType),
        ("<a>&b;</a>", Error::DocumentType),
        ("<a><b></a>", Error::Malformed),
        ("<a:b:c/>", Error::Malformed),
    ] {
        let mut reader = Reader::lenient(bad.as_bytes()).unwrap();
        let found = loop {
            match reader.next_event() {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        assert_eq!(found, Err(error), "{bad}");
    }
}
