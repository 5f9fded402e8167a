//! Bad input in the body of an action: XML that is none, DTDs, depth, and arguments of any bytes.

use crate::harness::Browse;
use crate::hostile::{post, refused, serving};

#[test]
fn soap_that_is_none_is_refused() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let good = crate::harness::envelope(
        "ContentDirectory",
        "Browse",
        &Browse::children("0").arguments(),
    );
    for cut in (0..good.len()).step_by(7) {
        assert!(
            rill.post("Browse", &good.as_bytes()[..cut]).status >= 400,
            "{cut} of {} bytes",
            good.len()
        );
    }
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1).into_bytes()
    };
    let entities = format!(
        "?><!DOCTYPE l [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]>",
        "x".repeat(1000),
        "&a;".repeat(1000)
    );
    let deep = "<a>".repeat(12_000);
    let rows = [
        ("empty", Vec::new()),
        ("text", b"hello".to_vec()),
        ("another root", b"<a/>".to_vec()),
        (
            "no body",
            b"<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"/>".to_vec(),
        ),
        ("crossed tags", replaced("</s:Body>", "</s:Bodx>")),
        ("a NUL", replaced("<ObjectID>", "<ObjectID>\0")),
        (
            "an unknown entity",
            replaced("<ObjectID>0", "<ObjectID>&unknown;"),
        ),
        (
            "a DTD",
            replaced("?>", "?><!DOCTYPE a [<!ENTITY e \"0\">]>"),
        ),
        (
            "a DTD that is used",
            String::from_utf8(replaced("?>", &entities))
                .unwrap()
                .replace("<ObjectID>0", "<ObjectID>&b;")
                .into_bytes(),
        ),
        (
            "an external DTD",
            replaced("?>", "?><!DOCTYPE a SYSTEM \"file:///etc/passwd\">"),
        ),
        (
            "12,000 levels",
            replaced("<ObjectID>0", &format!("<ObjectID>{deep}")),
        ),
        (
            "bad UTF-8",
            [
                &good.as_bytes()[..200],
                b"\xff\xfe",
                &good.as_bytes()[200..],
            ]
            .concat(),
        ),
        (
            "UTF-16",
            good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        (
            "2,000 arguments",
            replaced("<ObjectID>", &{
                let many: Vec<_> = (0..2000).map(|n| format!("<x{n}>1</x{n}>")).collect();
                many.concat() + "<ObjectID>"
            }),
        ),
    ];
    for (name, body) in rows {
        let reply = rill.post("Browse", &body);
        assert!(reply.status >= 400, "{name}: {}", reply.status);
        assert!(
            !reply.body.windows(5).any(|bytes| bytes == b"root:"),
            "{name}"
        );
        rill.must_answer(name);
    }
    let levels = ["<a>".repeat(100_000), good].concat();
    refused(
        &rill,
        "100,000 levels",
        &post(
            &format!("Content-Length: {}\r\n", levels.len()),
            levels.as_bytes(),
        ),
        &[400, 413, 500],
    );
}

#[test]
fn arguments_of_any_bytes_are_judged_not_obeyed() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let long = "x".repeat(40_000);
    let commas = ",".repeat(20_000);
    let terms = "+dc:title,".repeat(3000);
    for text in [
        long.as_str(),
        &commas,
        &terms,
        "'; DROP TABLE objects; --",
        "%s%n%x",
        "\u{1F389}",
        "]]>",
        "../../etc/passwd",
        "&lt;",
    ] {
        let answers = [
            rill.browse(&Browse::children(text)).map(|_| ()),
            rill.browse(&Browse {
                flag: text,
                ..Browse::children("0")
            })
            .map(|_| ()),
            rill.browse(&Browse {
                sort: text,
                ..Browse::children("0")
            })
            .map(|_| ()),
        ];
        assert!(
            answers[0].is_err() && answers[1].is_err(),
            "{text:.40}: {answers:?}"
        );
        let filtered = rill
            .browse(&Browse {
                filter: text,
                ..Browse::children("0")
            })
            .unwrap();
        assert_eq!(filtered.total, 1, "filter {text:.40}");
    }
    rill.must_answer("odd arguments");
}
